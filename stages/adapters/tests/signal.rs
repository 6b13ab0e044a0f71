//! Signals into signals, through a pipeline.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fmt::Write;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use support::{floats, lists, ran, refused_in, texts};
use tempfile::TempDir;

/// Two channels of 1000 values at 100 Hz.
fn folder() -> TempDir {
    let mut text = "time_s,a,b\n".to_owned();
    for i in 0..1000 {
        writeln!(text, "{},{},{}", f64::from(i) * 0.01, (f64::from(i) * 0.1).sin() + 2.0, 1.0).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("x.csv"), text).unwrap();
    folder
}

fn with(kind: &str, rest: &str) -> String {
    format!(
        "  x:\n    kind: import.recording\n    path: x.csv\n    unit: uV\n  y:\n    kind: {kind}\n    inputs: {{ signals: x }}\n{rest}"
    )
}

#[test]
fn resampling_keeps_time() {
    let folder = folder();
    let table = ran(&with("signal.resample", "    rate: 50 Hz\n"), folder.path()).table("y");
    assert_eq!((floats(&table, "dt"), floats(&table, "t0")), (vec![20.0, 20.0], vec![0.0, 0.0]));
    let values = &lists(&table, "values")[0];
    assert_eq!(values.len(), 500);
    assert!((values[250] - (50.0_f64.sin() + 2.0)).abs() < 0.02, "{}", values[250]);
    assert!(refused_in(&with("signal.resample", "    rate: 0 Hz\n"), folder.path()).contains("above 0 Hz"));
    let failed = ran(&with("signal.resample", "    rate: 33.33333 Hz\n"), folder.path());
    assert!(failed.failures()[0].contains("channel a"), "{:?}", failed.failures());
    let huge = ran(&with("signal.resample", "    rate: 1000000000 Hz\n"), folder.path());
    assert!(huge.failures()[0].contains("would come out"), "{:?}", huge.failures());
}

#[test]
fn epochs_are_numbered_per_channel() {
    let folder = folder();
    let table = ran(&with("signal.epochs", "    length: 3 s\n"), folder.path()).table("y");
    assert_eq!(texts(&table, "channel"), ["a", "a", "a", "b", "b", "b"]);
    let epochs = table.column_by_name("epoch").unwrap().as_primitive::<Int32Type>();
    assert_eq!(epochs.values().as_ref(), [0, 1, 2, 0, 1, 2]);
    assert_eq!(floats(&table, "t0")[..3], [0.0, 3000.0, 6000.0]);
    assert!(lists(&table, "values").iter().all(|v| v.len() == 300));
    let dropped =
        ran(&with("signal.epochs", "    length: 3 s\n    step: 1 s\n    drop_last: true\n"), folder.path()).table("y");
    assert_eq!(dropped.num_rows(), 2 * 7);
    // Longer than the recording: no rows are a result.
    let none = ran(&with("signal.epochs", "    length: 1 h\n"), folder.path());
    assert_eq!((none.table("y").num_rows(), none.counts("y")), (0, (1, 0, 0)));
}

#[test]
fn epochs_are_scaled_and_channels_pooled() {
    let folder = folder();
    let table = ran(&with("signal.epochs", "    length: 5 s\n    zscore: true\n"), folder.path()).table("y");
    assert_eq!(texts(&table, "unit"), ["1"; 4]);
    for values in &lists(&table, "values")[..2] {
        let mean = values.iter().sum::<f64>() / 500.0;
        let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 500.0).sqrt();
        assert!(mean.abs() < 1e-12 && (sd - 1.0).abs() < 1e-12);
    }
    assert!(lists(&table, "values")[2].iter().all(|&v| v == 0.0));
    for (aggregate, first) in [("sum", 3.0), ("mean", 1.5), ("median", 1.5)] {
        let table =
            ran(&with("signal.epochs", &format!("    length: 5 s\n    aggregate: {aggregate}\n")), folder.path())
                .table("y");
        assert_eq!(texts(&table, "channel"), [aggregate, aggregate]);
        assert_eq!(texts(&table, "unit"), ["uV", "uV"]);
        assert_eq!(lists(&table, "values")[0][0], first);
    }
}

#[test]
fn whole_signals_are_scaled() {
    let folder = folder();
    let table = ran(&with("signal.zscore", ""), folder.path()).table("y");
    let values = &lists(&table, "values")[0];
    assert!(values.iter().sum::<f64>().abs() < 1e-9);
    assert!(refused_in(&with("signal.zscore", "    length: 1 s\n"), folder.path()).contains("unknown field"));
}

#[test]
fn a_step_of_the_length_is_the_default() {
    let folder = folder();
    let first = ran(&with("signal.epochs", "    length: 5 s\n    step: 5000 ms\n"), folder.path());
    let second = support::ran_on(&with("signal.epochs", "    length: 5 s\n"), folder.path(), first.store, 1);
    assert_eq!(second.counts("y"), (0, 1, 0));
    for (config, expected) in [
        ("", "missing field `length`"),
        ("    length: 0 s\n", "above 0 ms"),
        ("    length: 5 s\n    step: -1 s\n", "above 0 ms"),
        ("    length: 5 s\n    aggregate: max\n", "median"),
    ] {
        let message = refused_in(&with("signal.epochs", config), folder.path());
        assert!(message.contains(expected), "{config}: {message}");
    }
}

#[test]
fn decimation_names_the_channel_that_is_too_short() {
    let folder = folder();
    std::fs::write(folder.path().join("x.csv"), "time_s,a\n0,1\n0.01,2\n").unwrap();
    let failed = ran(&with("signal.decimate", "    factor: 2\n"), folder.path());
    assert!(failed.failures()[0].starts_with("channel a: a series of 2 samples"), "{:?}", failed.failures());
}
