//! Signals into signals, through a pipeline.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use lapicque_schemas::with_sample;
use std::fmt::Write;
use std::sync::Arc;

use arrow_array::StringArray;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use lapicque_schemas::tables::signals::{self, Signal};
use parquet::arrow::ArrowWriter;
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
    // Longer than the recording: no rows are a result, and both lengths are told.
    let none = ran(&with("signal.epochs", "    length: 1 h\n"), folder.path());
    assert_eq!((none.table("y").num_rows(), none.counts("y")), (0, (1, 0, 0)));
    assert!(none.notes("y").contains("channel a: 10 s, epochs are 3600 s"), "{}", none.notes("y"));
    let none = ran(&with("signal.epochs", "    length: 6 s\n    drop_last: true\n"), folder.path());
    assert!(none.notes("y").contains("leaves out the last one"), "{}", none.notes("y"));
    assert_eq!(ran(&with("signal.epochs", "    length: 3 s\n"), folder.path()).notes("y"), "");
    // At 100 Hz.
    let rounded = ran(&with("signal.epochs", "    length: 1.003 s\n    step: 0.998 s\n"), folder.path());
    assert_eq!(lists(&rounded.table("y"), "values")[0].len(), 100);
    assert_eq!(floats(&rounded.table("y"), "t0")[1], 1000.0);
    let notes = rounded.notes("y");
    assert!(notes.contains("a length of 1.003 s is no whole number of samples of 10 ms"), "{notes}");
    assert!(notes.contains("a step of 0.998 s") && notes.contains("rounded to 100 samples, 1 s"), "{notes}");
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
fn short_signals_are_decimated_with_a_word_and_refused_as_scipy_does() {
    let folder = folder();
    std::fs::write(folder.path().join("x.csv"), "time_s,a\n0,1\n0.01,2\n0.02,3\n").unwrap();
    let short = ran(&with("signal.decimate", "    factor: 2\n"), folder.path());
    assert_eq!(lists(&short.table("y"), "values"), [[1.0, 3.0]]);
    assert!(short.notes("y").contains("channel a: 3 values, the reach is 68 values"), "{}", short.notes("y"));
    let failed = ran(&with("signal.decimate", "    factor: 2\n    compat: scipy\n"), folder.path());
    assert!(failed.failures()[0].starts_with("channel a: a series of 3 samples"), "{:?}", failed.failures());
    assert!(refused_in(&with("signal.decimate", "    factor: 0\n"), folder.path()).contains("0 is no factor"));
}

/// 1024 values at 512 Hz, with a line and a wave of 20.
fn with_line(line: impl Fn(f64) -> f64) -> TempDir {
    let mut text = "time_s,a\n".to_owned();
    for i in 0..1024 {
        let t = f64::from(i) / 512.0;
        writeln!(text, "{t},{}", line(t) + 20.0 * (62.8 * t).sin()).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("x.csv"), text).unwrap();
    folder
}

#[test]
fn offsets_and_trends_survive_filters() {
    for (kind, config) in [("signal.resample", "    rate: 256 Hz\n"), ("signal.decimate", "    factor: 2\n")] {
        let values = |line: &dyn Fn(f64) -> f64, rest: &str| {
            let folder = with_line(line);
            let table = ran(&with(kind, &format!("{config}{rest}")), folder.path()).table("y");
            assert_eq!(floats(&table, "dt"), [1e3 / 256.0]);
            lists(&table, "values").remove(0)
        };
        let plain = values(&|_| 0.0, "");
        assert!(plain.iter().all(|y| y.abs() < 25.0));
        let lines: [&dyn Fn(f64) -> f64; 4] = [&|_| 15e3, &|_| -1e9, &|t| 1e6 * t, &|t| 7e4 - 3e5 * t];
        for line in lines {
            let with_line = values(line, "");
            assert_eq!(with_line.len(), 512);
            let largest = line(0.0).abs().max(line(2.0).abs());
            for (k, (y, plain)) in with_line.iter().zip(&plain).enumerate() {
                let expected = plain + line(k as f64 / 256.0);
                assert!((y - expected).abs() < 1e-9 * largest, "{kind}: {y} != {expected}");
            }
        }
        let scipy = values(&|_| 15e3, "    compat: scipy\n");
        assert!(scipy.iter().any(|y| (y - 15e3).abs() > 100.0), "{kind}: the numbers of scipy lose the offset");
    }
}

/// Two channels of 1000 values at 100 Hz; those of the first are something else at these places.
fn with_gaps(gaps: &[(usize, f64)]) -> TempDir {
    let mut values: Vec<f64> = (0..2000_u32).map(|i| (f64::from(i % 1000) * 0.1).sin() + 2.0).collect();
    gaps.iter().for_each(|(place, value)| values[*place] = *value);
    let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 1000), }";
    let mut file = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    file.extend(format!("{header:<117}\n").into_bytes());
    file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("x.npy"), file).unwrap();
    folder
}

fn of_gaps(kind: &str, rest: &str) -> String {
    with(kind, rest).replace("x.csv\n", "x.npy\n    sampling_rate: 100 Hz\n")
}

const FILTERS: [(&str, &str); 4] = [
    ("signal.decimate", "    factor: 2\n"),
    ("signal.resample", "    rate: 50 Hz\n"),
    ("signal.zscore", ""),
    ("signal.epochs", "    length: 5 s\n    zscore: true\n"),
];

#[test]
fn missing_values_are_refused_by_channel_number_and_place() {
    let folder = with_gaps(&[(500, f64::NAN), (501, f64::NAN), (700, f64::NAN)]);
    for (kind, config) in FILTERS {
        let refused = ran(&of_gaps(kind, config), folder.path());
        let message = refused.failures().remove(0);
        assert!(
            message.starts_with("channel 0: 3 of 1000 values are missing, the first at 5000 ms (index 500)"),
            "{kind}: {message}"
        );
        assert!(message.contains("`missing: interpolate`") && message.contains("`missing: propagate`"), "{message}");
    }
    // Cutting alone spreads nothing.
    let cut = ran(&of_gaps("signal.epochs", "    length: 5 s\n"), folder.path());
    assert_eq!(lists(&cut.table("y"), "values")[1].iter().filter(|v| v.is_nan()).count(), 3);
    let message = refused_in(&of_gaps("signal.epochs", "    length: 5 s\n    missing: interpolate\n"), folder.path());
    assert!(message.contains("`zscore: true`"), "{message}");
    let message = refused_in(&of_gaps("signal.zscore", "    missing: keep\n"), folder.path());
    assert!(message.contains("propagate"), "{message}");
}

#[test]
fn infinite_values_are_refused_as_well() {
    let folder = with_gaps(&[(10, f64::INFINITY)]);
    for (kind, config) in FILTERS {
        let message = ran(&of_gaps(kind, config), folder.path()).failures().remove(0);
        assert!(message.starts_with("channel 0: 1 of 1000 values is infinite, at 100 ms (index 10)"), "{message}");
    }
}

#[test]
fn missing_values_are_interpolated_with_a_note() {
    let folder = with_gaps(&[(0, f64::NAN), (500, f64::NAN), (501, f64::INFINITY), (700, f64::NAN)]);
    for (kind, config) in FILTERS {
        let filled = ran(&of_gaps(kind, &format!("{config}    missing: interpolate\n")), folder.path());
        let notes = filled.notes("y");
        assert!(notes.contains("interpolated linearly"), "{kind}: {notes}");
        assert!(notes.contains("channel 0: 4 of 1000 values are missing, 1 of them infinite"), "{kind}: {notes}");
        assert!(!notes.contains("channel 1"), "{notes}");
        let values = lists(&filled.table("y"), "values");
        // The second half of the rows is the channel without gaps: the wave is slow, so the first is nearly the same.
        let (a, b) = values.split_at(values.len() / 2);
        for (a, b) in a.concat().iter().zip(b.concat()) {
            assert!((a - b).abs() < 0.15, "{kind}: {a} {b}");
        }
    }
}

#[test]
fn missing_values_stay_local_where_they_propagate() {
    let folder = with_gaps(&[(500, f64::NAN), (501, f64::NAN)]);
    for (kind, config) in FILTERS {
        let ran = ran(&of_gaps(kind, &format!("{config}    missing: propagate\n")), folder.path());
        let notes = ran.notes("y");
        assert!(notes.contains("channel 0: 2 of 1000 values are missing"), "{kind}: {notes}");
        let values = lists(&ran.table("y"), "values");
        let (a, b) = values.split_at(values.len() / 2);
        let (a, b) = (a.concat(), b.concat());
        assert!(b.iter().all(|v| v.is_finite()));
        let lost = |at: usize| a[at].is_nan();
        // Where the gap is, and how far it reaches.
        let (first, last) = match kind {
            "signal.decimate" => (250 - 34, 250 + 34),
            "signal.resample" => (250 - 10, 250 + 10),
            _ => (500, 501),
        };
        for (i, (a, b)) in a.iter().zip(&b).enumerate() {
            assert_eq!(lost(i), (first..=last).contains(&i), "{kind} {i}");
            assert!(lost(i) || (a - b).abs() < 0.02, "{kind} {i}: {a} {b}");
        }
    }
}

#[test]
fn a_channel_without_any_value_stays_missing_or_is_refused() {
    let all: Vec<(usize, f64)> = (0..1000).map(|i| (i, f64::NAN)).collect();
    let folder = with_gaps(&all);
    for (kind, config) in FILTERS {
        let of = |missing: &str| ran(&of_gaps(kind, &format!("{config}    missing: {missing}\n")), folder.path());
        let message = of("interpolate").failures().remove(0);
        assert!(message.contains("channel 0: all") && message.contains("nothing to interpolate from"), "{message}");
        let propagated = of("propagate");
        assert!(propagated.notes("y").contains("1000 of 1000 values are missing"), "{}", propagated.notes("y"));
        let values = lists(&propagated.table("y"), "values");
        let (a, b) = values.split_at(values.len() / 2);
        assert!(a.concat().iter().all(|v| v.is_nan()) && b.concat().iter().all(|v| v.is_finite()));
    }
}

#[test]
fn values_that_no_epoch_uses_may_be_missing() {
    let folder = with_gaps(&[(950, f64::NAN)]);
    let table = ran(&of_gaps("signal.epochs", "    length: 3 s\n    zscore: true\n"), folder.path()).table("y");
    assert_eq!(table.num_rows(), 6);
}

#[test]
fn an_epoch_without_any_value_is_not_made_up() {
    let gap: Vec<(usize, f64)> = (300..420).map(|i| (i, f64::NAN)).collect();
    let folder = with_gaps(&gap);
    let config = "    length: 1 s\n    zscore: true\n    missing: interpolate\n";
    let message = ran(&of_gaps("signal.epochs", config), folder.path()).failures().remove(0);
    assert!(message.contains("channel 0: all values of the epoch from 3000 to 4000 ms are missing"), "{message}");
    let config = config.replace("interpolate", "propagate");
    let table = ran(&of_gaps("signal.epochs", &config), folder.path()).table("y");
    let epochs = lists(&table, "values");
    assert!(epochs[3].iter().all(|v| v.is_nan()));
    assert_eq!(epochs[4].iter().filter(|v| v.is_nan()).count(), 20);
}

#[test]
fn pooled_channels_say_what_is_missing() {
    let folder = with_gaps(&[(500, f64::NAN)]);
    let pooled = ran(&of_gaps("signal.epochs", "    length: 5 s\n    aggregate: mean\n"), folder.path());
    assert_eq!(lists(&pooled.table("y"), "values")[1].iter().filter(|v| v.is_nan()).count(), 1);
    let notes = pooled.notes("y");
    assert!(notes.contains("pooled signal is missing (channel 0: 1 of 1000 values"), "{notes}");
    // Channels are filled before they are pooled.
    let config = "    length: 5 s\n    aggregate: mean\n    zscore: true\n    missing: interpolate\n";
    let filled = ran(&of_gaps("signal.epochs", config), folder.path());
    assert!(lists(&filled.table("y"), "values").concat().iter().all(|v| v.is_finite()));
    assert!(filled.notes("y").contains("channel 0: 1 of 1000"), "{}", filled.notes("y"));
}

#[test]
fn pooled_channels_are_equally_long() {
    let folder = tempfile::tempdir().unwrap();
    let signal = |channel: &'static str, len: usize| Signal {
        channel: channel.into(),
        epoch: 0,
        t0_ms: 0.0,
        dt_ms: 10.0,
        unit: "uV".into(),
        values: vec![1.0; len].into(),
    };
    let table = signals::write(&[signal("a", 1000), signal("b", 900)]).unwrap();
    let table = with_sample(&table, Arc::new(StringArray::from(vec!["s", "s"]))).unwrap();
    let file = std::fs::File::create(folder.path().join("x.parquet")).unwrap();
    let mut writer = ArrowWriter::try_new(file, table.schema(), None).unwrap();
    writer.write(&table).unwrap();
    writer.close().unwrap();
    let pipeline = |rest: &str| with("signal.epochs", rest).replace("x.csv\n    unit: uV\n", "x.parquet\n");
    let pooled = ran(&pipeline("    length: 1 s\n    aggregate: mean\n"), folder.path());
    let message = pooled.failures().remove(0);
    assert!(message.starts_with("channel b: the length is 900 values, that of channel a is 1000 values"), "{message}");
    let cut = ran(&pipeline("    length: 9.5 s\n"), folder.path());
    assert_eq!(texts(&cut.table("y"), "channel"), ["a"]);
    assert!(cut.notes("y").contains("channel b: 9 s, epochs are 9.5 s"), "{}", cut.notes("y"));
}

#[test]
fn features_of_signals_with_gaps_are_undefined_with_a_note() {
    let folder = with_gaps(&[(500, f64::NAN), (501, f64::INFINITY)]);
    let features = ran(&of_gaps("features.catch22", ""), folder.path());
    let (table, notes) = (features.table("y"), features.notes("y"));
    let mode = floats(&table, "mode_5");
    assert!(mode[0].is_nan() && mode[1].is_finite());
    let due = "channel 0: 2 of 1000 values are missing, 1 of them infinite, the first at index 500";
    assert!(notes.contains("undefined") && notes.contains(due) && !notes.contains("channel 1"), "{notes}");
    assert_eq!(ran(&of_gaps("features.catch22", ""), with_gaps(&[]).path()).notes("y"), "");
}
