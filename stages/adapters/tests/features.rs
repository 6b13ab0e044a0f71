//! Features of signals and spikes, through a pipeline.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fmt::Write;

use lapicque_signal::catch22::{Definitions, Feature, Options, Undefined, catch24};
use support::{bind, floats, ran, ran_on, refused_in, texts};
use tempfile::TempDir;

fn series(channel: usize) -> Vec<f64> {
    (0..400).map(|i| (i as f64 * 0.3 * (channel + 1) as f64).sin() + ((i * i + channel) % 17) as f64 * 0.1).collect()
}

fn folder() -> TempDir {
    let mut text = "time_s,a,b,flat\n".to_owned();
    for (i, (a, b)) in series(0).iter().zip(series(1)).enumerate() {
        writeln!(text, "{},{a},{b},1", i as f64 * 0.01).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("x.csv"), text).unwrap();
    std::fs::write(
        folder.path().join("spikes.csv"),
        "sample,population,neuron,step\ns,E,1,30\ns,E,0,10\ns,E,0,20\ns,E,0,40\n",
    )
    .unwrap();
    let populations = "sample,population,size,t_start_ms,t_stop_ms\ns,E,2,0,50\ns,I,3,0,50\n";
    std::fs::write(folder.path().join("populations.csv"), populations).unwrap();
    folder
}

fn catch22(rest: &str) -> String {
    format!(
        "  x:\n    kind: import.recording\n    path: x.csv\n  f:\n    kind: features.catch22\n    inputs: {{ signals: x }}\n{rest}"
    )
}

#[test]
fn the_columns_are_the_features_of_each_signal() {
    let folder = folder();
    let table = ran(&catch22(""), folder.path()).table("f");
    let names: Vec<String> = table.schema().fields().iter().map(|f| f.name().clone()).collect();
    assert_eq!(names[..4], ["sample", "channel", "epoch", "mode_5"]);
    assert_eq!(names[25..], ["mean", "std"].map(str::to_owned)[..]);
    assert_eq!(texts(&table, "channel"), ["a", "b", "flat"]);
    for (row, channel) in [0, 1].into_iter().enumerate() {
        let expected = catch24(&series(channel), Options::default());
        for feature in Feature::ALL {
            assert_eq!(
                floats(&table, feature.short_name())[row].to_bits(),
                expected.get(feature).to_bits(),
                "{feature:?}"
            );
        }
    }
    assert!(floats(&table, "dfa")[2].is_nan());
    // A thread of its own for each channel, or one for all.
    let single = ran_on(&catch22(""), folder.path(), Default::default(), 1).table("f");
    assert_eq!(format!("{single:?}"), format!("{table:?}"));
}

#[test]
fn options_change_definitions_and_columns() {
    let folder = folder();
    let table =
        ran(&catch22("    definitions: v0\n    location_and_spread: false\n    undefined: mask\n"), folder.path())
            .table("f");
    assert_eq!(table.num_columns(), 3 + 22);
    let options = Options { definitions: Definitions::V0, undefined: Undefined::Mask, normalize: false };
    assert_eq!(floats(&table, "mode_5")[0], catch24(&series(0), options).get(Feature::Mode5));
    let (_, graph) = bind(&catch22("    definitions: v0\n"), folder.path()).unwrap();
    let bound = graph.stages[1].bound();
    assert_eq!(bound.outputs[0].schema.arrow.metadata()["definitions"], "catch22 v0");
    assert_eq!(bound.config, serde_json::json!({"definitions": "v0"}));
    assert!(refused_in(&catch22("    definitions: v2\n"), folder.path()).contains("v0"));
    assert!(refused_in(&catch22("    normalise: true\n"), folder.path()).contains("did you mean `normalize`?"));
}

#[test]
fn features_do_not_depend_on_units() {
    let folder = folder();
    let first = ran(&catch22(""), folder.path());
    let second =
        ran_on(&catch22("").replace("path: x.csv", "path: x.csv\n    unit: uV"), folder.path(), first.store, 1);
    assert_eq!(second.counts("f"), (0, 1, 0));
}

fn spiking(rest: &str) -> String {
    format!(
        "  s:\n    kind: import.table\n    path: spikes.parquet\n    table: spikes\n  p:\n    kind: import.table\n    path: populations.csv\n    table: populations\n  f:\n    kind: features.spiking\n    inputs: {{ spikes: s, populations: p }}\n{rest}"
    )
}

/// The spikes of the CSV file, with their time step.
fn write_spikes(folder: &TempDir, dt: bool, step: u32) {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, RecordBatch, StringArray, UInt32Array};
    use arrow_schema::{DataType, Field, Schema};
    let mut field = Field::new("step", DataType::UInt32, false);
    if dt {
        field = field.with_metadata([("dt_ms".to_owned(), "1".to_owned())].into());
    }
    let text = |name| Field::new(name, DataType::Utf8, false);
    let schema = Arc::new(Schema::new(vec![
        text("sample"),
        text("population"),
        Field::new("neuron", DataType::UInt32, false),
        field,
    ]));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(vec!["s"; 5])),
        Arc::new(StringArray::from(vec!["E"; 5])),
        Arc::new(UInt32Array::from(vec![1, 0, 0, 0, 0])),
        Arc::new(UInt32Array::from(vec![30, 40, 10, 20, step])),
    ];
    let file = std::fs::File::create(folder.path().join("spikes.parquet")).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, schema.clone(), None).unwrap();
    writer.write(&RecordBatch::try_new(schema, columns).unwrap()).unwrap();
    writer.close().unwrap();
}

#[test]
fn spikes_of_users_need_no_order() {
    let folder = folder();
    write_spikes(&folder, true, 45);
    let table = ran(&spiking("    fewest_intervals: 3\n"), folder.path()).table("f");
    assert_eq!(texts(&table, "population"), ["E", "I"]);
    assert_eq!(floats(&table, "rate_hz"), [5.0 / (2.0 * 0.05), 0.0]);
    // Intervals 10, 20, 5 of neuron 0.
    let (mean, sum) = (35.0 / 3.0, [10.0, 20.0, 5.0_f64].iter().map(|v| (v - 35.0 / 3.0).powi(2)).sum::<f64>());
    assert!((floats(&table, "isi_cv")[0] - (sum / 2.0).sqrt() / mean).abs() < 1e-12);
    assert!(floats(&table, "isi_cv")[1].is_nan());
    // 5 of 50 bins have one spike: variance 0.09, mean 0.1.
    assert!((floats(&table, "fano_1ms")[0] - 0.9).abs() < 1e-12);
    let named = ran(&spiking("    bin: 0.0025 s\n"), folder.path()).table("f");
    assert!(named.column_by_name("fano_2.5ms").is_some() && named.column_by_name("correlation_5ms").is_some());
}

#[test]
fn bins_between_steps_are_told() {
    let folder = folder();
    write_spikes(&folder, true, 45);
    let notes = |rest: &str| {
        let (_, graph) = bind(&spiking(rest), folder.path()).unwrap();
        graph.stages[2].bound().notes.clone()
    };
    assert_eq!(notes(""), Vec::<String>::new());
    assert_eq!(
        notes("    bin: 2.5 ms\n"),
        [
            "the bin of 2.5 ms is no whole number of steps of 1 ms: bins hold 2 or 3 of them, and `fano_2.5ms` tells of that too"
        ]
    );
}

#[test]
fn impossible_spikes_are_named() {
    let folder = folder();
    write_spikes(&folder, false, 45);
    assert!(refused_in(&spiking(""), folder.path()).contains("no metadata `dt_ms`"));
    write_spikes(&folder, true, 60);
    let failures = ran(&spiking(""), folder.path()).failures();
    assert!(failures[0].contains("a spike at 60 ms lies outside of 0 to 50 ms"), "{failures:?}");
    write_spikes(&folder, true, 45);
    for (populations, expected) in [
        ("s,E,1,0,50\n", "neuron 1 fires"),
        ("s,I,1,0,50\n", "has no `E`"),
        ("s,E,2,50,50\n", "the end must come after the start"),
        ("s,E,-2,0,50\n", "size -2"),
        ("s,E,2,0,50\ns,E,2,0,50\n", "`E` twice"),
    ] {
        let text = format!("sample,population,size,t_start_ms,t_stop_ms\n{populations}");
        std::fs::write(folder.path().join("populations.csv"), text).unwrap();
        let failures = ran(&spiking(""), folder.path()).failures();
        assert!(failures[0].contains(expected), "{populations}: {failures:?}");
    }
    assert!(
        refused_in(&spiking("    fewest_intervals: 1\n    bin: 0 ms\n"), folder.path()).contains("a bin is finite")
    );
}
