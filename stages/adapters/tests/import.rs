//! Recordings and tables of users, through a pipeline.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::builder::{Float32Builder, ListBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::DataType;
use parquet::arrow::ArrowWriter;
use serde_json::Value;
use support::{bind, floats, lists, ran, ran_on, refused_in, texts};

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/recordings")
}

fn recording(rest: &str) -> String {
    format!("  x:\n    kind: import.recording\n{rest}")
}

fn table(rest: &str) -> String {
    format!("  x:\n    kind: import.table\n{rest}")
}

fn write(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn text(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

/// Lists of float32, as many users have them; `None` is a missing value.
fn values(rows: &[&[Option<f32>]]) -> ArrayRef {
    let mut list = ListBuilder::new(Float32Builder::new());
    for row in rows {
        list.append_value(row.iter().copied());
    }
    Arc::new(list.finish())
}

#[test]
fn formats_agree_on_one_recording() {
    let edf = ran(&recording("    path: human_m1_lfp_1s.edf\n"), &golden()).table("x");
    let csv = ran(&recording("    path: human_m1_lfp_1s.csv\n"), &golden()).table("x");
    let rate_hz = 1e3 / floats(&csv, "dt")[0];
    let npy = recording(&format!("    path: human_m1_lfp_1s.npy\n    sampling_rate: {rate_hz} Hz\n    unit: uV\n"));
    let npy = ran(&npy, &golden()).table("x");
    assert_eq!(texts(&edf, "sample")[0], "human_m1_lfp_1s");
    assert_eq!(texts(&npy, "unit")[0], "uV");
    let (edf, csv, npy) = (lists(&edf, "values"), lists(&csv, "values"), lists(&npy, "values"));
    assert_eq!((csv[0].len(), npy[0].len()), (edf[0].len(), edf[0].len()));
    // Three decimals in the text.
    for (a, b) in csv[0].iter().zip(&npy[0]) {
        assert!((a - b).abs() <= 0.000_51, "{a} {b}");
    }
}

#[test]
fn a_table_of_signals_needs_values_alone() {
    let folder = tempfile::tempdir().unwrap();
    let rows = values(&[&[Some(1.0), None, Some(3.0)], &[Some(4.0)]]);
    write(&folder.path().join("x.parquet"), vec![("values", rows.clone()), ("note", text(&["a", "b"]))]);
    let pipeline = recording("    path: x.parquet\n    sampling_rate: 250 Hz\n");
    let read = ran(&pipeline, folder.path()).table("x");
    assert_eq!(
        (texts(&read, "sample"), texts(&read, "channel")),
        (vec!["0".to_owned(), "1".to_owned()], vec!["0".to_owned(); 2])
    );
    assert_eq!((floats(&read, "dt")[0], floats(&read, "t0")[0]), (4.0, 0.0));
    let first = &lists(&read, "values")[0];
    assert!(first[0] == 1.0 && first[1].is_nan() && first[2] == 3.0);
    let (_, graph) = bind(&pipeline, folder.path()).unwrap();
    assert_eq!(
        graph.stages[0].bound().notes,
        [
            "`x.parquet`: columns that are not read: note",
            "`x.parquet`: 2 samples, 2 channels at 250 Hz, 0.012 s, unit not known, 1 value missing"
        ]
    );
    // Without a rate the interval is unknown, and whoever needs it says so.
    let timeless = recording("    path: x.parquet\n");
    assert!(floats(&ran(&timeless, folder.path()).table("x"), "dt")[0].is_nan());
    let (_, graph) = bind(&timeless, folder.path()).unwrap();
    assert!(graph.stages[0].bound().notes.iter().any(|note| note.contains("the interval between values is unknown")));
}

#[test]
fn samples_of_a_table_come_in_order_of_first_appearance() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    let rows = values(&[&[Some(1.0)], &[Some(2.0)], &[Some(3.0)]]);
    let dt: ArrayRef = Arc::new(Float64Array::from(vec![2.0; 3]));
    let columns = |samples: &[&str], channels: &[&str]| {
        vec![("sample", text(samples)), ("channel", text(channels)), ("dt", dt.clone()), ("values", rows.clone())]
    };
    write(&path, columns(&["b", "a", "b"], &["x", "x", "x"]));
    let pipeline = recording("    path: x.parquet\n");
    let first = ran(&pipeline, folder.path());
    let read = first.table("x");
    assert_eq!(texts(&read, "sample"), ["b", "b", "a"]);
    // Without an epoch column, rows of a channel are epochs.
    assert_eq!(texts(&read, "epoch"), ["0", "1", "0"]);
    // Another label of known rows, and one that is new.
    write(&path, columns(&["b", "c", "b"], &["x", "x", "x"]));
    assert_eq!(ran_on(&pipeline, folder.path(), first.store, 1).counts("x"), (0, 2, 0));
    let epoch: ArrayRef = Arc::new(Int64Array::from(vec![0, 0, 0]));
    let mut doubled = columns(&["b", "c", "b"], &["x", "x", "x"]);
    doubled.push(("epoch", epoch));
    write(&path, doubled);
    assert!(refused_in(&pipeline, folder.path()).contains("row 3: sample `b`, channel `x`, epoch 0 is there twice"));
}

#[test]
fn channels_are_selected_by_name() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("s1.csv"), "time_s,Fz,Cz\n0,1,2\n0.5,3,4\n").unwrap();
    std::fs::write(folder.path().join("s2.csv"), "time_s,Fz,Cz\n0,5,6\n0.5,7,8\n").unwrap();
    let read = ran(&recording("    paths: [s1.csv, s2.csv]\n    channels: [Cz]\n"), folder.path()).table("x");
    assert_eq!(texts(&read, "sample"), ["s1", "s2"]);
    assert_eq!(lists(&read, "values"), [[2.0, 4.0], [6.0, 8.0]]);
    for (config, expected) in [
        ("    path: s1.csv\n    channels: [CZ]\n", "did you mean `Cz`?"),
        ("    path: s1.csv\n    channels: []\n", "no channel is listed"),
        (
            "    path: s1.csv\n    sampling_rate: 3 Hz\n",
            "line 3: `time_s` is 0.5 s after the first time, but at `sampling_rate` 3 Hz",
        ),
        ("    path: s1.csv\n    paths: [s2.csv]\n", "either `path` or `paths`"),
        ("    paths: [s1.csv, ./s1.csv]\n", "two recordings are called `s1.csv`"),
        ("    path: s3.csv\n", "there is no file"),
        ("    path: s1.txt\n", "there is no file"),
        ("", "either `path` or `paths`"),
        ("    path: x.npy\n", "there is no file"),
    ] {
        let message = refused_in(&recording(config), folder.path());
        assert!(message.contains(expected), "{config}: {message}");
    }
    std::fs::write(folder.path().join("x.npy"), "no").unwrap();
    assert!(refused_in(&recording("    path: x.npy\n"), folder.path()).contains("has no sampling rate"));
    assert!(refused_in(&recording("    path: x.npy\n    sampling_rate: 1 kHz\n"), folder.path()).contains("`x.npy`"));
    std::fs::write(folder.path().join("x.edf"), "no".repeat(500)).unwrap();
    assert!(refused_in(&recording("    path: x.edf\n"), folder.path()).contains("not an EDF or BDF file"));
    std::fs::write(folder.path().join("x.xyz"), "no").unwrap();
    assert!(refused_in(&recording("    path: x.xyz\n"), folder.path()).contains("`.xyz` is not read"));
}

#[test]
fn wrong_columns_of_signals_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    let rows = values(&[&[Some(1.0)], &[Some(2.0)]]);
    let floats = |values: &[f64]| -> ArrayRef { Arc::new(Float64Array::from(values.to_vec())) };
    let null: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None]));
    for (columns, expected) in [
        (vec![("value", rows.clone())], "no column `values`"),
        (vec![("values", floats(&[1.0, 2.0])), ("dt", floats(&[1.0; 2]))], "a list of float32 or float64 is due"),
        (vec![("values", rows.clone()), ("dt", floats(&[1.0, 0.0]))], "row 2: `dt` = 0 ms"),
        (vec![("values", rows.clone()), ("dt", text(&["a", "b"]))], "`dt` is Utf8"),
        (vec![("values", rows.clone()), ("dt", floats(&[1.0; 2])), ("sample", null)], "1 values that are null"),
        (
            vec![("values", rows.clone()), ("dt", floats(&[1.0; 2])), ("t0", floats(&[0.0, f64::NAN]))],
            "row 2: `t0` = NaN",
        ),
        (
            vec![("values", rows.clone()), ("dt", floats(&[1.0; 2])), ("epoch", floats(&[0.0, 0.5]))],
            "`epoch` is Float64, and not whole in row 2",
        ),
        (vec![("values", values(&[])), ("dt", floats(&[]))], "it has no rows"),
    ] {
        write(&path, columns);
        let message = refused_in(&recording("    path: x.parquet\n"), folder.path());
        assert!(message.contains(expected), "{expected}: {message}");
    }
}

#[test]
fn damaged_parquet_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    let rows: Vec<Vec<Option<f32>>> = (0..20).map(|i| (0..50).map(|j| Some((i * j) as f32)).collect()).collect();
    let rows: Vec<&[Option<f32>]> = rows.iter().map(Vec::as_slice).collect();
    write(&path, vec![("values", values(&rows)), ("channel", text(&["a"; 20]))]);
    let good = std::fs::read(&path).unwrap();
    // Panics of the reader are caught; their messages would drown those of this test.
    std::panic::set_hook(Box::new(|_| {}));
    let pipeline = recording("    path: x.parquet\n    sampling_rate: 1 kHz\n");
    let mut refused = 0;
    for (i, at) in (0..good.len()).step_by(7).enumerate() {
        let mut damaged = good.clone();
        damaged[at] ^= [0xff, 0x01, 0x80][i % 3];
        std::fs::write(&path, damaged).unwrap();
        match bind(&pipeline, folder.path()) {
            Ok(_) => {}
            Err(message) => {
                refused += 1;
                assert!(message.contains("x.parquet"), "byte {at}: {message}");
            }
        }
    }
    for length in (0..good.len()).step_by(41) {
        std::fs::write(&path, &good[..length]).unwrap();
        assert!(bind(&pipeline, folder.path()).is_err(), "{length}");
    }
    let _ = std::panic::take_hook();
    assert!(refused > 10, "{refused}");
}

#[test]
fn tables_have_samples_or_exist_once() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("x.csv"), "sample,channel,alpha,name\n2,0,1,a\n1,0,2,b\n2,1,3.5,c\n").unwrap();
    let read = ran(&table("    path: x.csv\n    table: features\n"), folder.path());
    let rows = read.table("x");
    assert_eq!(
        (texts(&rows, "sample"), texts(&rows, "channel")),
        (vec!["2".to_owned(), "2".into(), "1".into()], vec!["0".to_owned(), "1".into(), "0".into()])
    );
    assert_eq!(
        (floats(&rows, "alpha"), texts(&rows, "name")),
        (vec![1.0, 3.5, 2.0], vec!["a".to_owned(), "c".into(), "b".into()])
    );
    assert_eq!(read.counts("x"), (2, 0, 0));

    std::fs::write(folder.path().join("once.csv"), "pre,post,weight\nE,I,2\n").unwrap();
    let once = ran(&table("    path: once.csv\n"), folder.path());
    assert_eq!((once.counts("x"), once.table("x").num_rows()), ((1, 0, 0), 1));
    assert_eq!(once.table("x").schema().field(2).data_type(), &DataType::Int64);
    // The same content in another file.
    std::fs::write(folder.path().join("same.csv"), "pre, post, weight\r\nE, I, 2\r\n").unwrap();
    assert_eq!(ran_on(&table("    path: same.csv\n"), folder.path(), once.store, 1).counts("x"), (0, 1, 0));

    std::fs::write(folder.path().join("rows.csv"), "alpha,mode_5\n1.5,1\n2.5,2\n").unwrap();
    let rows = ran(&table("    path: rows.csv\n    table: features\n"), folder.path()).table("x");
    assert_eq!((texts(&rows, "sample"), floats(&rows, "mode_5")), (vec!["0".to_owned(), "1".into()], vec![1.0, 2.0]));
}

#[test]
fn parameters_are_checked_as_in_a_sweep() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("p.csv"), "sample,J_ext,seed\na,26 pA,1\nb,0.027 nA,2\n").unwrap();
    let rows = ran(&table("    path: p.csv\n    table: parameters\n"), folder.path()).table("x");
    assert_eq!(floats(&rows, "J_ext"), [26.0, 27.0]);
    assert_eq!(rows.schema().field(2).data_type(), &DataType::UInt64);
    let simulated = |table: &str| {
        format!(
            "  x:\n    kind: import.table\n    path: p.csv\n    table: parameters\n{table}  s:\n    kind: simulate.spiking\n    network: hagen\n    duration: 1 ms\n    inputs: {{ parameters: x }}\n"
        )
    };
    std::fs::write(folder.path().join("p.csv"), "sample,J_etx\na,26\n").unwrap();
    assert!(refused_in(&simulated(""), folder.path()).contains("did you mean `J_ext`?"));
    assert!(bind(&simulated("    labels: [J_etx]\n"), folder.path()).is_ok());
    assert!(bind(&simulated("    extra_columns: allow\n"), folder.path()).is_ok());
    std::fs::write(folder.path().join("p.csv"), "sample,J_ext\na,26\na,27\n").unwrap();
    assert!(
        refused_in(&simulated(""), folder.path())
            .contains("row 3, column `sample`: `a` is the sample of row 2, column `sample` as well")
    );
}

#[test]
fn models_are_documents() {
    let folder = tempfile::tempdir().unwrap();
    let document = r#"{"format_version": 1, "estimator": {"ridge": {"alpha": 1.0}}, "feature_definitions": "",
        "features": [{"name": "a", "training_min": 0.0, "training_max": 1.0, "mean": null, "scale": null}],
        "dropped_features": [], "targets": [{"name": "g", "unit": null}],
        "fitted": {"linear": {"intercept": [0.0], "coefficients": [[1.0]]}},
        "training_rows": 2, "training_samples": 2, "held_out_rms_error": null}"#;
    std::fs::write(folder.path().join("m.json"), document).unwrap();
    let read = ran(&table("    path: m.json\n"), folder.path()).table("x");
    let heads = read.column_by_name("document").unwrap().as_string::<i32>();
    let [head] = heads.iter().flatten().collect::<Vec<_>>()[..] else { panic!("{heads:?}") };
    assert_eq!(serde_json::from_str::<Value>(head).unwrap()["training_rows"], 2);
    let coefficients = texts(&read, "part").iter().position(|part| part == "fitted.linear.coefficients").unwrap();
    let values = read.column_by_name("values").unwrap().as_list::<i32>().value(coefficients);
    assert_eq!(values.as_primitive::<Float64Type>().values()[..], [1.0]);
    for (broken, expected) in [
        ("{".to_owned(), "`m.json`"),
        (document.replace("\"training_max\": 1.0", "\"training_max\": -1.0"), "training_max"),
        (document.replace("[[1.0]]", "[[1.0, 2.0]]"), "coefficients"),
    ] {
        std::fs::write(folder.path().join("m.json"), broken).unwrap();
        let message = refused_in(&table("    path: m.json\n"), folder.path());
        assert!(message.contains(expected), "{message}");
    }
    for (config, expected) in [
        ("    path: m.json\n    table: features\n", "is a model"),
        ("    path: m.json\n    table: feature\n", "there is no table `feature`"),
        ("    path: m.json\n    table: signals\n", "import.recording"),
    ] {
        let message = refused_in(&table(config), folder.path());
        assert!(message.contains(expected), "{config}: {message}");
    }
}

#[test]
fn files_of_one_name_are_named_by_folders_or_by_the_user() {
    let folder = tempfile::tempdir().unwrap();
    for (i, name) in ["sub-01/eeg.csv", "sub-02/eeg.csv", "sub-02/ses-1/eeg.csv", "last.csv"].into_iter().enumerate() {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, format!("time_s,Cz\n0,{i}\n0.5,2\n")).unwrap();
    }
    let samples = |config: &str| {
        let table = ran(&recording(config), folder.path()).table("x");
        let first: Vec<f64> = lists(&table, "values").iter().map(|values| values[0]).collect();
        (texts(&table, "sample"), first)
    };
    assert_eq!(
        samples("    paths: [sub-02/eeg.csv, last.csv, sub-01/eeg.csv]\n"),
        (vec!["sub-02/eeg".to_owned(), "last".into(), "sub-01/eeg".into()], vec![1.0, 3.0, 0.0])
    );
    assert_eq!(
        samples("    paths: {002: sub-02/eeg.csv, 1e3: sub-01/eeg.csv}\n"),
        (vec!["002".to_owned(), "1e3".into()], vec![1.0, 0.0])
    );
    assert_eq!(samples("    path: sub-*/eeg.csv\n").0, ["sub-01/eeg", "sub-02/eeg"]);
    assert_eq!(samples("    paths: [\"**/*.csv\"]\n").0, ["last", "sub-01/eeg", "sub-02/eeg", "ses-1/eeg"]);
    let (_, graph) = bind(&recording("    paths: [sub-*/eeg.csv, last.csv]\n"), folder.path()).unwrap();
    let notes = &graph.stages[0].bound().notes;
    assert_eq!(
        notes[..2],
        ["`sub-*/eeg.csv` matches 2 files", "2 files are named by their folders as well: `sub-01/eeg` to `sub-02/eeg`"]
    );
    let told =
        "`sub-01/eeg.csv`, `sub-02/eeg.csv`, `last.csv`: 1 channel at 2 Hz, 1 s, unit not known, no value missing";
    assert_eq!(notes[2..], [told]);
    // A file is itself, whatever its name.
    std::fs::write(folder.path().join("a[1].csv"), "time_s,Cz\n0,9\n0.5,2\n").unwrap();
    assert_eq!(samples("    path: a[1].csv\n"), (vec!["a[1]".to_owned()], vec![9.0]));
    for (config, expected) in [
        ("    path: none-*/eeg.csv\n", "no file matches"),
        ("    paths: {one: sub-*/eeg.csv}\n", "paths.one: a name is for one file; `sub-*/eeg.csv` matches 2"),
        ("    paths: [last.csv, last.csv]\n", "two recordings are called `last.csv`"),
        ("    paths: {}\n", "either `path` or `paths`"),
        ("    paths: []\n", "either `path` or `paths`"),
        ("    paths: 5\n", "a list of files, or a map such as"),
    ] {
        let message = refused_in(&recording(config), folder.path());
        assert!(message.contains(expected), "{config}: {message}");
    }
}

#[test]
fn tables_of_samples_are_renamed_only_if_they_have_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    let rows = values(&[&[Some(1.0)], &[Some(2.0)]]);
    let named = recording("    paths: {mine: x.parquet}\n    sampling_rate: 1 Hz\n");
    write(&path, vec![("sample", text(&["a", "a"])), ("values", rows.clone())]);
    assert_eq!(texts(&ran(&named, folder.path()).table("x"), "sample"), ["mine", "mine"]);
    write(&path, vec![("sample", text(&["a", "b"])), ("values", rows.clone())]);
    assert!(refused_in(&named, folder.path()).contains("it has 2 samples, which cannot all be called `mine`"));
    let dt: ArrayRef = Arc::new(Float64Array::from(vec![1000.0, 500.0]));
    write(&path, vec![("dt", dt), ("values", rows)]);
    assert!(
        refused_in(&recording("    path: x.parquet\n    sampling_rate: 1 Hz\n"), folder.path())
            .contains("row 2: `dt` = 500 ms, but `sampling_rate` says 1000 ms")
    );
}

#[test]
fn times_of_text_have_other_columns_and_units() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("x.tsv"), "# device\nstamp\tFz\tmarker\n0\t1\t\n4\t2\tgo\n8\tNA\t\n").unwrap();
    let config =
        "    path: x.tsv\n    time_column: stamp\n    time_unit: ms\n    sampling_rate: 250 Hz\n    unit: uV\n";
    let read = ran(&recording(config), folder.path()).table("x");
    assert_eq!((texts(&read, "channel"), floats(&read, "dt")[0]), (vec!["Fz".to_owned()], 4.0));
    let (_, graph) = bind(&recording(config), folder.path()).unwrap();
    assert_eq!(
        graph.stages[0].bound().notes,
        [
            "`x.tsv`: 1 comment line is passed over before the header",
            "`x.tsv`: the column `marker` holds text, first `go` in line 4, and is not read",
            "`x.tsv`: 1 channel at 250 Hz, 0.012 s, in uV, 1 value missing"
        ]
    );
    std::fs::write(folder.path().join("x.csv"), "001,002\n1,2\n3,4\n").unwrap();
    let named = recording("    path: x.csv\n    sampling_rate: 250 Hz\n    channels: [002]\n");
    assert_eq!(texts(&ran(&named, folder.path()).table("x"), "channel"), ["002"]);
    for (config, expected) in [
        ("    path: x.tsv\n    time_column: stamp\n", "`x.tsv`: the times of column `stamp` have no unit"),
        ("    path: x.tsv\n    time_column: stamp\n    time_unit: min\n", "time_unit: unknown name `min`"),
        ("    path: x.tsv\n    time_column: stmp\n", "no column is named `stmp`; columns: stamp, Fz, marker"),
        (
            "    path: x.tsv\n    time_column: stamp\n    time_unit: ms\n    channels: [marker]\n",
            "column `marker`: `go`",
        ),
        (
            "    path: x.csv\n",
            "no column is named `time_s` (time in seconds), and neither `time_column` nor `sampling_rate` is given",
        ),
    ] {
        let message = refused_in(&recording(config), folder.path());
        assert!(message.contains(expected), "{config}: {message}");
    }
}

/// An EDF file of one record with two signals of `samples` samples; the second has no range.
fn edf(duration: &str, samples: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut put = |text: &str, width: usize| bytes.extend(format!("{text:width$}").bytes());
    for (text, width) in ["0", "X", "X", "02.03.02", "21.30.05", "768", "", "1", duration, "2"]
        .into_iter()
        .zip([8, 80, 80, 8, 8, 8, 44, 8, 8, 4])
    {
        put(text, width);
    }
    let samples_text = samples.to_string();
    let columns = [
        ["Cz", "AUX"],
        ["", ""],
        ["uV", "uV"],
        ["-100", "0"],
        ["100", "0"],
        ["-32768", "-32768"],
        ["32767", "32767"],
        ["", ""],
        [&samples_text, &samples_text],
        ["", ""],
    ];
    for (texts, width) in columns.into_iter().zip([16, 80, 8, 8, 8, 8, 8, 80, 8, 32]) {
        put(texts[0], width);
        put(texts[1], width);
    }
    bytes.extend(vec![1; 4 * samples]);
    bytes
}

#[test]
fn a_stated_rate_settles_what_a_rounded_duration_leaves_open() {
    let folder = tempfile::tempdir().unwrap();
    let rate = |duration: &str, samples: usize, stated: &str| {
        std::fs::write(folder.path().join("x.edf"), edf(duration, samples)).unwrap();
        let config = recording(&format!("    path: x.edf\n{stated}"));
        bind(&config, folder.path()).map(|_| 1e3 / floats(&ran(&config, folder.path()).table("x"), "dt")[0])
    };
    assert_eq!(rate("0.996094", 255, ""), Ok(256.0));
    assert!((rate("0.996", 255, "").unwrap() - 255.0 / 0.996).abs() < 1e-9);
    assert_eq!(rate("0.996", 255, "    sampling_rate: 256 Hz\n"), Ok(256.0));
    assert!(rate("0.996", 255, "    sampling_rate: 250 Hz\n").unwrap_err().contains("250 Hz, but `x.edf` says 256.02"));
    assert!(rate("1", 128, "    sampling_rate: 100 Hz\n").unwrap_err().contains("says 128 Hz"));
    let message = rate("1", 128, "    channels: [Cz, AUX]\n").unwrap_err();
    assert!(
        message.contains(
            "`x` has no channel `AUX`: signal 2, `AUX`, is left out: its physical minimum and maximum are both 0"
        ),
        "{message}"
    );
    assert_eq!(rate("1", 128, "    channels: [Cz]\n"), Ok(128.0));
}
