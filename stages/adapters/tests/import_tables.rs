//! Names and cells of users' tables: names stay as written, missing values are missing, and what is left out is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, Float32Array, Float64Array, Int32Array, Int64Array,
    LargeStringArray, RecordBatch, StringArray, StringViewArray, UInt64Array,
};
use arrow_schema::DataType;
use parquet::arrow::ArrowWriter;
use support::{bind, floats, lists, ran, refused_in, texts};

/// Names that are no numbers, whatever they look like.
const NAMES: [&str; 13] =
    ["001", "1", "1e3", "1000.0", "nan", "NA", "true", "1.0", "+1", "null", "12345678901234567890123", "S\u{e4}", "."];

fn table(rest: &str) -> String {
    format!("  x:\n    kind: import.table\n{rest}")
}

fn features(file: &str) -> String {
    table(&format!("    path: {file}\n    table: features\n"))
}

fn notes(text: &str, folder: &Path) -> Vec<String> {
    bind(text, folder).unwrap().1.stages[0].bound().notes.clone()
}

fn parquet(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, c)| (n, c, true))).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn text(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

#[test]
fn names_stay_as_written_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let rows = |separator: &str, quote: &str| {
        let row = |(i, name): (usize, &&str)| {
            [format!("{quote}{name}{quote}"), format!("{quote}{name}{quote}"), "0".into(), i.to_string()]
                .join(separator)
        };
        let header = ["sample", "channel", "epoch", "f"].join(separator);
        std::iter::once(header).chain(NAMES.iter().enumerate().map(row)).collect::<Vec<_>>().join("\n")
    };
    std::fs::write(at("bare.csv"), rows(",", "")).unwrap();
    std::fs::write(at("quoted.csv"), rows(",", "\"")).unwrap();
    std::fs::write(at("bare.tsv"), rows("\t", "")).unwrap();
    let f: ArrayRef = Arc::new(Float64Array::from_iter_values((0..NAMES.len()).map(|i| i as f64)));
    let dictionary: DictionaryArray<Int32Type> = NAMES.into_iter().collect();
    let layouts: [(&str, ArrayRef); 4] = [
        ("plain.parquet", text(&NAMES)),
        ("large.parquet", Arc::new(LargeStringArray::from(NAMES.to_vec()))),
        ("view.parquet", Arc::new(StringViewArray::from(NAMES.to_vec()))),
        ("dictionary.parquet", Arc::new(dictionary)),
    ];
    for (file, names) in &layouts {
        parquet(&at(file), vec![("sample", names.clone()), ("channel", names.clone()), ("f", f.clone())]);
    }
    let files = ["bare.csv", "quoted.csv", "bare.tsv"].into_iter().chain(layouts.iter().map(|(file, _)| *file));
    for file in files {
        let read = ran(&features(file), folder.path()).table("x");
        assert_eq!(
            (texts(&read, "sample"), texts(&read, "channel")),
            (NAMES.map(str::to_owned).to_vec(), NAMES.map(str::to_owned).to_vec()),
            "{file}"
        );
        let free = ran(&table(&format!("    path: {file}\n")), folder.path()).table("x");
        assert_eq!(texts(&free, "sample"), NAMES, "{file}");
    }
    // Blanks within quotes belong to the name.
    std::fs::write(at("blanks.csv"), "sample,f\n\" a\",1\na,2\n\"a \",3\n a ,4\n").unwrap();
    assert_eq!(texts(&ran(&features("blanks.csv"), folder.path()).table("x"), "sample"), [" a", "a", "a", "a "]);
}

#[test]
fn whole_numbers_of_parquet_become_decimal_names_and_fractions_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    let f: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 2.0]));
    let dictionary: DictionaryArray<Int32Type> =
        DictionaryArray::new(Int32Array::from(vec![1, 0]), Arc::new(Int64Array::from(vec![7, 8])));
    for (names, expected) in [
        (Arc::new(Int64Array::from(vec![-1, 20])) as ArrayRef, ["-1", "20"]),
        (Arc::new(UInt64Array::from(vec![u64::MAX, 0])), ["18446744073709551615", "0"]),
        (Arc::new(dictionary), ["8", "7"]),
    ] {
        parquet(&path, vec![("sample", names), ("f", f.clone())]);
        assert_eq!(texts(&ran(&features("x.parquet"), folder.path()).table("x"), "sample"), expected);
        let parameters = table("    path: x.parquet\n    table: parameters\n    labels: [f]\n");
        assert_eq!(texts(&ran(&parameters, folder.path()).table("x"), "sample"), expected);
    }
    for names in
        [Arc::new(Float64Array::from(vec![1.0, 2.0])) as ArrayRef, Arc::new(BooleanArray::from(vec![true, false]))]
    {
        parquet(&path, vec![("sample", names), ("f", f.clone())]);
        for kind in ["features", "parameters\n    extra_columns: allow"] {
            let message = refused_in(&table(&format!("    path: x.parquet\n    table: {kind}\n")), folder.path());
            assert!(
                message.contains("column `sample`") && message.contains("text or whole numbers are due"),
                "{message}"
            );
        }
    }
}

#[test]
fn every_sample_has_a_name() {
    let folder = tempfile::tempdir().unwrap();
    for sample in ["", "\"\"", "   "] {
        std::fs::write(folder.path().join("x.csv"), format!("sample,f\na,1\n{sample},2\n")).unwrap();
        assert!(refused_in(&features("x.csv"), folder.path()).contains("`x.csv`: row 3 has no `sample`"));
    }
    let names: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None]));
    parquet(&folder.path().join("x.parquet"), vec![("sample", names), ("f", text(&["1", "2"]))]);
    assert!(refused_in(&features("x.parquet"), folder.path()).contains("`x.parquet`: row 2 has no `sample`"));
    std::fs::write(folder.path().join("p.csv"), "sample,J\na,1\na,2\n").unwrap();
    let message = refused_in(&table("    path: p.csv\n    table: parameters\n"), folder.path());
    assert!(message.contains("row 3, column `sample`: `a` is the sample of row 2"), "{message}");
    std::fs::write(folder.path().join("f.csv"), "sample,channel,epoch,f\na,Cz,0,1\na,Cz,1,2\na,Cz,0,3\n").unwrap();
    let told = notes(&features("f.csv"), folder.path());
    assert_eq!(told, ["`f.csv`: rows 2 and 4 have the same sample, channel and epoch: `a`, `Cz`, 0"]);
}

#[test]
fn missing_features_are_nan_and_text_is_told() {
    let folder = tempfile::tempdir().unwrap();
    for missing in ["", "NA", "NaN", "nan", "null", "NULL", "n/a", "N/A", ".", "None"] {
        std::fs::write(folder.path().join("x.csv"), format!("sample,f1,f2\na,1,2\nb,2,{missing}\n")).unwrap();
        let read = ran(&features("x.csv"), folder.path()).table("x");
        let f2 = floats(&read, "f2");
        assert!(f2[0] == 2.0 && f2[1].is_nan(), "{missing}");
        assert!(notes(&features("x.csv"), folder.path()).is_empty());
    }
    std::fs::write(folder.path().join("x.csv"), "sample,f1,f2\na,1,2\nb,2,low\nc,3,high\n").unwrap();
    let told = notes(&features("x.csv"), folder.path());
    assert_eq!(told, ["`x.csv`: the column `f2` holds text, first `low` in row 3, and is no feature"]);
    std::fs::write(folder.path().join("x.csv"), "sample,subject,f1\na,001,1\nb,002,2\n").unwrap();
    let told = notes(&features("x.csv"), folder.path());
    assert_eq!(told, ["`x.csv`: the column `subject` holds text, first `001` in row 2, and is no feature"]);
    // Nulls of Parquet are missing as well; whole numbers are numbers.
    let nulls: ArrayRef = Arc::new(Float32Array::from(vec![Some(1.5), None]));
    let whole: ArrayRef = Arc::new(Int64Array::from(vec![Some(3), None]));
    let word: ArrayRef = Arc::new(StringArray::from(vec![None, Some("x")]));
    parquet(&folder.path().join("x.parquet"), vec![("f1", nulls), ("f2", whole), ("f3", word)]);
    let read = ran(&features("x.parquet"), folder.path()).table("x");
    assert_eq!(read.column_by_name("f1").unwrap().null_count(), 0);
    let f2 = floats(&read, "f2");
    assert!(f2[0] == 3.0 && f2[1].is_nan());
    let told = notes(&features("x.parquet"), folder.path());
    assert_eq!(told, ["`x.parquet`: the column `f3` holds text, first `x` in row 2, and is no feature"]);
}

#[test]
fn a_feature_that_is_text_is_not_left_out_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("f.csv"), "sample,f1,f2\na,1,2\nb,2,low\nc,4,1\n").unwrap();
    std::fs::write(folder.path().join("p.csv"), "sample,g\na,1\nb,2\nc,3\n").unwrap();
    let train = |rest: &str| {
        format!(
            "  f: {{kind: import.table, path: f.csv, table: features}}\n  p: {{kind: import.table, path: p.csv, table: parameters}}\n  m:\n    kind: inverse.train\n    inputs: {{features: f, parameters: p}}\n    targets: [g]\n    validation: none\n{rest}"
        )
    };
    let message = refused_in(&train("    features: [f1, f2]\n"), folder.path());
    assert!(
        message.contains("features.1: the column `f2` is no feature: it holds text, first `low` in row 3"),
        "{message}"
    );
    assert!(
        refused_in(&train("    features: [f3]\n"), folder.path())
            .contains("there is no feature `f3`; did you mean `f1`?")
    );
    let (_, graph) = bind(&train(""), folder.path()).unwrap();
    let told = &graph.stages.iter().find(|stage| stage.name == "m").unwrap().bound().notes;
    assert!(
        told.contains(&"the column `f2` is no feature: it holds text, first `low` in row 3".to_owned()),
        "{told:?}"
    );
    // A missing value is no reason to leave the column out.
    std::fs::write(folder.path().join("f.csv"), "sample,f1,f2\na,1,2\nb,2,NA\nc,4,1\n").unwrap();
    let failures = ran(&train(""), folder.path()).failures();
    assert!(failures[0].contains("feature `f2` is NaN in 1 of 3 rows"), "{failures:?}");
}

#[test]
fn names_of_rows_are_left_out_with_a_note() {
    let folder = tempfile::tempdir().unwrap();
    for header in [",sample,f", "\"\",\"sample\",\"f\"", "Unnamed: 0,sample,f"] {
        std::fs::write(folder.path().join("x.csv"), format!("{header}\n1,a,2\n2,b,3\n")).unwrap();
        let read = ran(&features("x.csv"), folder.path()).table("x");
        assert_eq!(read.num_columns(), 2, "{header}");
        let told = notes(&features("x.csv"), folder.path());
        assert!(told.len() == 1 && told[0].contains("names of the rows"), "{told:?}");
    }
    let f: ArrayRef = Arc::new(Float64Array::from(vec![1.0]));
    parquet(
        &folder.path().join("x.parquet"),
        vec![("Unnamed: 0", f.clone()), ("f", f.clone()), ("__index_level_0__", f)],
    );
    assert_eq!(ran(&features("x.parquet"), folder.path()).table("x").num_columns(), 2);
    assert_eq!(notes(&features("x.parquet"), folder.path()).len(), 2);
    // Also of a table that exists once.
    std::fs::write(folder.path().join("once.csv"), ",pre,weight\n0,E,2\n").unwrap();
    assert!(notes(&table("    path: once.csv\n"), folder.path())[0].contains("names of the rows"));
}

#[test]
fn tables_of_fixed_columns_are_held_to_their_types() {
    let folder = tempfile::tempdir().unwrap();
    let read = |text: &str, kind: &str| {
        std::fs::write(folder.path().join("x.csv"), text).unwrap();
        table(&format!("    path: x.csv\n    table: {kind}\n"))
    };
    let populations = "population,size,t_start_ms,t_stop_ms,rate_hz\n1,1e2,0,1000,\n";
    let once = ran(&read(populations, "populations"), folder.path()).table("x");
    assert_eq!(
        (texts(&once, "population"), once.column_by_name("size").unwrap().data_type()),
        (vec!["1".to_owned()], &DataType::Int64)
    );
    assert!(floats(&once, "rate_hz")[0].is_nan());
    for (text, expected) in [
        (populations.replace("1e2", "100.5"), "column `size`, row 2: `100.5`; a whole number is due"),
        (populations.replace("1e2", "NA"), "column `size`, row 2: `NA`; a whole number is due"),
        (populations.replace("1000", "soon"), "column `t_stop_ms`, row 2: `soon`; a number is due, or nothing"),
    ] {
        let message = refused_in(&read(&text, "populations"), folder.path());
        assert!(message.contains(expected), "{message}");
    }
    let epochs = read("sample,epoch,f\na,0.0,1\na,1.0,2\n", "features");
    assert_eq!(ran(&epochs, folder.path()).table("x").column_by_name("epoch").unwrap().data_type(), &DataType::Int64);
    assert!(
        refused_in(&read("sample,epoch,f\na,0,1\na,,2\n", "features"), folder.path())
            .contains("column `epoch`, row 3: ``; a whole number")
    );
    let epoch: ArrayRef = Arc::new(Float64Array::from(vec![0.0, 1.0]));
    parquet(&folder.path().join("x.parquet"), vec![("epoch", epoch.clone()), ("f", epoch)]);
    assert_eq!(
        ran(&features("x.parquet"), folder.path()).table("x").column_by_name("epoch").unwrap().data_type(),
        &DataType::Int64
    );
    let epoch: ArrayRef = Arc::new(Float64Array::from(vec![0.0, 0.5]));
    parquet(&folder.path().join("x.parquet"), vec![("epoch", epoch.clone()), ("f", epoch)]);
    assert!(
        refused_in(&features("x.parquet"), folder.path())
            .contains("column `epoch`: row 2: `0.5`; a whole number is due")
    );
}

#[test]
fn models_are_read_as_they_are_exported() {
    let folder = tempfile::tempdir().unwrap();
    let document = r#"{"format_version": 1, "estimator": {"ridge": {"alpha": 1.0}}, "feature_definitions": "",
        "features": [{"name": "a", "training_min": 0.0, "training_max": 1.0, "mean": null, "scale": null}],
        "dropped_features": [], "targets": [{"name": "g", "unit": null}],
        "fitted": {"linear": {"intercept": [0.0], "coefficients": [[1.0]]}},
        "training_rows": 2, "training_samples": 2, "held_out_rms_error": null}"#;
    let read = |text: &str| {
        std::fs::write(folder.path().join("m.json"), text).unwrap();
        table("    path: m.json\n")
    };
    let cell = serde_json::to_string(document).unwrap();
    for text in [
        document.to_owned(),
        format!("[{{\"document\": {cell}}}]\n"),
        format!(" [{{\"sample\": 1, \"document\": {cell}}}]"),
    ] {
        let ran = ran(&read(&text), folder.path());
        let found = ran.table("x");
        assert_eq!(texts(&found, "part"), ["head", "fitted.linear.intercept", "fitted.linear.coefficients"]);
        assert_eq!(lists(&found, "values"), [vec![], vec![0.0], vec![1.0]]);
        // And so on: a table that is written anew is the same table.
        let [rows] = lapicque_schemas::tables::model::read(&found).unwrap().try_into().unwrap();
        let again = lapicque_stages::model_document(&rows).unwrap();
        assert_eq!(self::ran(&read(&again), folder.path()).table("x"), found);
    }
    for (text, expected) in [
        ("[]".to_owned(), "the table has 0 models; one is due"),
        (format!("[{{\"document\": {cell}}}, {{\"document\": {cell}}}]"), "the table has 2 models"),
        ("[{\"f\": 1}]".to_owned(), "has no column `document` with a model"),
        ("[{\"document\": \"{}\"}]".to_owned(), "`m.json`"),
        ("[1]".to_owned(), "`m.json`"),
    ] {
        let message = refused_in(&read(&text), folder.path());
        assert!(message.contains(expected), "{text}: {message}");
    }
}

/// Numbers that look random, the same in every run.
fn draw(state: &mut u64, below: usize) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state % below as u64) as usize
}

#[test]
fn any_cells_are_read_as_they_are_or_refused() {
    const CELLS: [&str; 20] = [
        "1",
        "-2.5",
        "1e3",
        "001",
        "",
        "NA",
        "nan",
        "n/a",
        ".",
        "x",
        "1,5",
        "\"q\"",
        " blank ",
        "inf",
        "1e999",
        "26 pA",
        "0.5 nA",
        "true",
        "12345678901234567890123",
        "\u{b5}",
    ];
    let folder = tempfile::tempdir().unwrap();
    let mut state = 42;
    let mut read = 0;
    for _ in 0..400 {
        let rows = 1 + draw(&mut state, 4);
        let cells: Vec<[&str; 3]> = (0..rows).map(|_| [(); 3].map(|()| CELLS[draw(&mut state, CELLS.len())])).collect();
        let quoted = |cell: &&str| format!("\"{}\"", cell.replace('"', "\"\""));
        let lines: Vec<String> = cells.iter().map(|row| row.iter().map(quoted).collect::<Vec<_>>().join(",")).collect();
        std::fs::write(folder.path().join("x.csv"), format!("sample,channel,f\n{}\n", lines.join("\n"))).unwrap();
        for kind in ["features", "table", "parameters\n    extra_columns: allow", "parameters\n    labels: [channel]"] {
            let text = table(&format!("    path: x.csv\n    table: {kind}\n"));
            let table = match bind(&text, folder.path()) {
                Ok(_) => ran(&text, folder.path()).table("x"),
                Err(message) => {
                    assert!(message.contains("x.csv") || message.contains("no stage reads"), "{cells:?}: {message}");
                    continue;
                }
            };
            read += 1;
            let mut expected: Vec<&str> = cells.iter().map(|row| row[0]).collect();
            let mut found = texts(&table, "sample");
            expected.sort_unstable();
            found.sort_unstable();
            assert_eq!(found, expected, "{kind}");
            if kind == "features" && table.column_by_name("f").unwrap().data_type() == &DataType::Float64 {
                let mut found: Vec<String> = floats(&table, "f").iter().map(ToString::to_string).collect();
                let plain = |row: &[&str; 3]| row[2].trim().parse::<f64>().unwrap_or(f64::NAN).to_string();
                let mut expected: Vec<String> = cells.iter().map(plain).collect();
                found.sort_unstable();
                expected.sort_unstable();
                assert_eq!(found, expected);
            }
        }
    }
    assert!(read > 300, "{read}");
}
