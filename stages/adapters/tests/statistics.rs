//! `statistics.effect_size` and `statistics.permutation` against ncpi and SciPy, and what is wrong with their input.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod given;

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, UInt32Type};
use arrow_array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use given::{Given, Ran, bind, problems, run_stages, run_with};
use lapicque_schemas::tables::features;
use serde_json::{Value, json};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/statistics/");

fn read(name: &str) -> String {
    std::fs::read_to_string(format!("{GOLDEN}{name}")).unwrap()
}

/// A table of columns of text and of numbers.
fn table(texts: &[(&str, &[&str])], numbers: &[(&str, &[f64])]) -> RecordBatch {
    let mut fields: Vec<Field> = texts.iter().map(|(name, _)| Field::new(*name, DataType::Utf8, true)).collect();
    fields.extend(numbers.iter().map(|(name, _)| Field::new(*name, DataType::Float64, true)));
    let text = |values: &[&str]| -> ArrayRef {
        Arc::new(values.iter().map(|v| (!v.is_empty()).then_some(*v)).collect::<StringArray>())
    };
    let mut columns: Vec<ArrayRef> = texts.iter().map(|(_, values)| text(values)).collect();
    columns.extend(numbers.iter().map(|(_, values)| Arc::new(Float64Array::from(values.to_vec())) as ArrayRef));
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

/// Features of one sample: channel, epoch and the values of `x`.
fn sample(rows: &[(&str, i32, f64)]) -> RecordBatch {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.0))),
        Arc::new(Int32Array::from_iter_values(rows.iter().map(|r| r.1))),
        Arc::new(Float64Array::from_iter_values(rows.iter().map(|r| r.2))),
    ];
    RecordBatch::try_new(features::schema("a test", [("x", "a feature")]).arrow, columns).unwrap()
}

/// Samples of two epochs of one channel each, with subject and group.
fn cohort(samples: &[(&str, &str, [f64; 2])]) -> Vec<Given> {
    let of_features = samples.iter().map(|(_, _, x)| sample(&[("Cz", 0, x[0]), ("Cz", 1, x[1])])).collect();
    let of_groups =
        samples.iter().map(|(subject, group, _)| table(&[("subject", &[subject]), ("group", &[group])], &[]));
    vec![
        Given::samples("given.features", "features", of_features),
        Given::samples("given.groups", "parameters", of_groups.collect()),
    ]
}

fn with_groups(kind: &str, config: Value) -> Value {
    let mut stage = json!({"kind": kind, "inputs": {"features": "f", "groups": "g"}});
    stage.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    json!({"f": {"kind": "given.features"}, "g": {"kind": "given.groups"}, "s": stage})
}

fn alone(kind: &str, config: Value) -> Value {
    let mut stages = with_groups(kind, config);
    stages.as_object_mut().unwrap().remove("g");
    stages["s"]["inputs"].as_object_mut().unwrap().remove("groups");
    stages
}

fn floats(table: &RecordBatch, column: &str) -> Vec<f64> {
    table.column_by_name(column).unwrap().as_primitive::<Float64Type>().values().to_vec()
}

fn counts(table: &RecordBatch, column: &str) -> Vec<u32> {
    table.column_by_name(column).unwrap().as_primitive::<UInt32Type>().values().to_vec()
}

fn texts(table: &RecordBatch, column: &str) -> Vec<String> {
    table.column_by_name(column).unwrap().as_string::<i32>().iter().map(|t| t.unwrap_or("-").to_owned()).collect()
}

/// The message of a run that fails.
fn failure(given: &[Given], stages: &Value) -> String {
    let ran = run_stages(given, stages);
    assert!(!ran.record.ok);
    ran.failures()
}

const EFFECT: &str = "statistics.effect_size";
const PERMUTATION: &str = "statistics.permutation";

#[test]
fn effects_are_those_of_ncpi() {
    let csv = read("ncpi_groups.csv");
    let rows: Vec<Vec<&str>> = csv.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let column = |i: usize| rows.iter().map(|row| row[i]).collect::<Vec<_>>();
    let y: Vec<f64> = column(2).iter().map(|y| y.parse().unwrap()).collect();
    let batch = table(&[("group", &column(0)), ("channel", &column(1))], &[("Y", &y)]);
    let given = [Given::whole("given.features", "table", batch)];
    let found =
        run_stages(&given, &alone(EFFECT, json!({"group": "group", "control": "HC", "compat": "ncpi"}))).result();
    let golden: Value = serde_json::from_str(&read("ncpi_cohens_d.json")).unwrap();
    let (names, channels, d) = (texts(&found, "comparison"), texts(&found, "channel"), floats(&found, "estimate"));
    let mut compared = 0;
    for ((name, channel), d) in names.iter().zip(&channels).zip(&d) {
        match golden[name.replace(" vs ", "vs")][channel].as_f64() {
            Some(expected) => {
                assert!((d - expected).abs() < 1e-10, "{name} {channel}: {d} against {expected}");
                compared += 1;
            }
            None => assert!(d.is_nan(), "{name} {channel}: the peer has none"),
        }
    }
    assert_eq!(compared, 8);
    assert_eq!(floats(&found, "cohens_d"), d);
}

/// Two epochs of a recording are one observation, two recordings of a subject as well.
#[test]
fn rows_of_a_subject_are_averaged_first() {
    let samples = [
        ("a", "HC", [1.0, 3.0]),
        ("a", "HC", [2.0, 2.0]),
        ("b", "HC", [3.0, 5.0]),
        ("c", "HC", [5.0, 7.0]),
        ("d", "AD", [4.0, 6.0]),
        ("e", "AD", [6.0, 10.0]),
    ];
    let given = cohort(&samples);
    let ran = run_stages(&given, &with_groups(EFFECT, json!({"group": "group", "control": "HC"})));
    let found = ran.result();
    let (_, graph) = bind(&given, &with_groups(EFFECT, json!({"group": "group"}))).unwrap();
    let notes = &graph.stages.last().unwrap().bound().notes;
    assert!(notes[0].starts_with("rows of one `subject` are averaged first"), "{notes:?}");
    assert_eq!((counts(&found, "n"), counts(&found, "n_control")), (vec![2], vec![3]));
    assert_eq!((floats(&found, "mean"), floats(&found, "mean_control")), (vec![6.5], vec![4.0]));
    // Variances 4.5 and 4.
    assert!((floats(&found, "cohens_d")[0] - 2.5 / (12.5_f64 / 3.0).sqrt()).abs() < 1e-14);
    assert_eq!(floats(&found, "p"), floats(&found, "p_corrected"));
    for (unit, n, control) in [("sample", 2, 4), ("rows", 4, 8), ("subject", 2, 3)] {
        let found = run_stages(&given, &with_groups(EFFECT, json!({"group": "group", "control": "HC", "unit": unit})));
        assert_eq!((counts(&found.result(), "n"), counts(&found.result(), "n_control")), (vec![n], vec![control]));
    }
    let hedges = json!({"group": "group", "control": "HC", "estimate": "hedges_g", "aggregate": "median"});
    let found = run_stages(&given, &with_groups(EFFECT, hedges)).result();
    assert_eq!(floats(&found, "estimate"), floats(&found, "hedges_g"));
}

#[test]
fn small_empty_and_constant_groups_have_no_effect_and_are_told() {
    let rows = |x: &[f64]| x.iter().map(|&x| sample(&[("Cz", 0, x), ("Fz", 0, 1.5)])).collect::<Vec<_>>();
    let mut features = rows(&[1.0, 2.0, 4.0, 5.0, f64::NAN, f64::INFINITY]);
    features.push(sample(&[("Fz", 0, 1.5)]));
    let groups = ["HC", "HC", "HC", "one", "AD", "AD", ""];
    let given = [
        Given::samples("given.features", "features", features),
        Given::samples("given.groups", "parameters", groups.iter().map(|g| table(&[("group", &[g])], &[])).collect()),
    ];
    let ran = run_stages(&given, &with_groups(EFFECT, json!({"group": "group", "control": "HC"})));
    let found = ran.result();
    assert_eq!(texts(&found, "comparison"), ["AD vs HC", "AD vs HC", "one vs HC", "one vs HC"]);
    assert_eq!(texts(&found, "channel"), ["Cz", "Fz", "Cz", "Fz"]);
    assert_eq!(counts(&found, "n"), [0, 2, 1, 1]);
    assert!(floats(&found, "cohens_d").iter().all(|d| d.is_nan()));
    assert!(floats(&found, "p_corrected").iter().all(|p| p.is_nan()));
    assert_eq!(floats(&found, "mean_control")[1], 1.5);
    let notes = ran.notes();
    for note in [
        "2 values that are missing, NaN or infinite are left out (`x`: 2)",
        "3 of 4 effects are NaN, as a group has fewer than 2 observations (first: AD vs HC, channel Cz, `x`)",
        "1 of 4 effects are NaN, as no value of either group differs",
        "1 rows without a group or unit are left out",
    ] {
        assert!(notes.contains(note), "{note}: {notes}");
    }
    let one = json!({"group": "group", "control": "HC", "least_observations": 1});
    let found = run_stages(&given, &with_groups(EFFECT, one)).result();
    assert!((floats(&found, "cohens_d")[2] - (5.0 - 7.0 / 3.0) / (7.0_f64 / 3.0).sqrt()).abs() < 1e-12);
}

#[test]
fn groups_that_cannot_be_compared_are_refused() {
    let given = cohort(&[("a", "HC", [1.0, 2.0]), ("b", "HC", [2.0, 3.0]), ("a", "AD", [3.0, 5.0])]);
    for kind in [EFFECT, PERMUTATION] {
        let message = failure(&given, &with_groups(kind, json!({"group": "group", "unit": "sample", "control": "HV"})));
        assert!(
            message.contains("`control`: `group` has no level `HV`; did you mean `HC`? (there are: AD, HC)"),
            "{message}"
        );
        let message = failure(&given, &with_groups(kind, json!({"group": "group"})));
        assert!(
            message.contains("`subject` `a` has rows of the groups `HC` and `AD`, so that they are not independent"),
            "{message}"
        );
        let one = cohort(&[("a", "HC", [1.0, 2.0]), ("b", "HC", [2.0, 3.0])]);
        let message = failure(&one, &with_groups(kind, json!({"group": "group"})));
        assert!(message.contains("`group` has one level, `HC`; two groups or more are compared"), "{message}");
    }
}

#[test]
fn wrong_configurations_are_told_at_once() {
    let given = cohort(&[("a", "HC", [1.0, 2.0]), ("b", "AD", [2.0, 3.0])]);
    let refused = |kind: &str, config: Value| problems(&given, &with_groups(kind, config));
    let message = refused(
        EFFECT,
        json!({"group": "grup", "values": ["y", "channel", "x", "x"], "confidence": 1.0, "least_observations": 0, "split": "x"}),
    );
    for part in [
        "neither groups nor features have a column `grup`; did you mean `group`?",
        "the features have no column `y`; did you mean `x`?",
        "the column `channel` holds no numbers",
        "`x` is named twice",
        "1 is not between 0 and 1",
        "0; 1 or more are allowed",
        "`x` is no column of text of the features",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    let message = refused(
        PERMUTATION,
        json!({"group": "group", "paired": "subject", "unit": "rows", "welch": true, "permutations": 0}),
    );
    for part in ["leave `unit` out", "a paired test has one variance", "0 permutations; 1 to 10000000 are allowed"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    let whole = [Given::whole("given.features", "table", table(&[("group", &["a", "b"])], &[("x", &[1.0, 2.0])]))];
    let message = problems(&whole, &alone(EFFECT, json!({"group": "group"})));
    assert!(message.contains("no column `sample`; say by `unit` what counts as one observation"), "{message}");
    assert!(bind(&whole, &alone(EFFECT, json!({"group": "group", "unit": "rows"}))).is_ok());
    let whole = vec![whole[0].clone(), given[1].clone()];
    let message = problems(&whole, &with_groups(EFFECT, json!({"group": "group"})));
    assert!(message.contains("no column `sample` that says to which sample a row belongs"), "{message}");
}

/// `target` says what a prediction is of.
#[test]
fn predictions_are_compared_target_by_target() {
    let n = 8;
    let of = |f: fn(usize) -> f64| (0..n).map(f).collect::<Vec<_>>();
    let targets: Vec<&str> = (0..n).map(|i| if i % 2 == 0 { "g" } else { "tau" }).collect();
    let labels: Vec<String> = (0..n).map(|i| format!("s{}", i / 2)).collect();
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    let batch = table(
        &[("sample", &labels), ("target", &targets)],
        &[("mean", &of(|i| i as f64)), ("sd", &of(|_| 1.0)), ("outside_training", &of(|_| 0.0))],
    );
    let groups = table(&[("sample", &["s0", "s1", "s2", "s3", "s4"])], &[("dose", &[0.0, 0.0, 30.0, 30.0, 30.0])]);
    let given = [Given::whole("given.features", "predictions", batch), Given::whole("given.groups", "table", groups)];
    let ran = run_stages(&given, &with_groups(EFFECT, json!({"group": "dose", "control": "0.0"})));
    let found = ran.result();
    assert_eq!(texts(&found, "value"), ["g", "tau"]);
    assert_eq!(texts(&found, "comparison"), ["30 vs 0", "30 vs 0"]);
    assert_eq!((floats(&found, "mean"), floats(&found, "mean_control")), (vec![5.0, 6.0], vec![1.0, 2.0]));
    assert!(ran.notes().contains("1 samples of the groups have no features"), "{}", ran.notes());
    let both = run_stages(&given, &with_groups(EFFECT, json!({"group": "dose", "values": ["mean", "sd"]}))).result();
    assert_eq!(texts(&both, "value"), ["g.mean", "tau.mean", "g.sd", "tau.sd"]);
}

/// The enumeration of all labellings by SciPy, through samples of which each has four channels.
fn scipy() -> (Vec<Given>, Value) {
    let golden: Value = serde_json::from_str(&read("tests.json")).unwrap();
    let of = |key: &str, channel: usize, unit: usize| golden[key][channel][unit].as_f64().unwrap();
    let rows = |key: &str, unit: usize| {
        let row = |channel: usize| (["a", "b", "c", "d"][channel], 0, of(key, channel, unit));
        sample(&(0..4).map(row).collect::<Vec<_>>())
    };
    let features = (0..7).map(|unit| rows("first", unit)).chain((0..6).map(|unit| rows("second", unit))).collect();
    let groups = (0..13).map(|i| {
        let pair = (i % 7).to_string();
        table(&[("group", &[if i < 7 { "AD" } else { "HC" }]), ("pair", &[&pair])], &[])
    });
    let given = vec![
        Given::samples("given.features", "features", features),
        Given::samples("given.groups", "parameters", groups.collect()),
    ];
    (given, golden)
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

#[test]
fn exact_permutation_tests_are_those_of_an_enumeration() {
    let (given, golden) = scipy();
    let cases = [
        ("exact_pooled", json!({"group": "group", "control": "HC"}), ""),
        ("exact_welch", json!({"group": "group", "control": "HC", "welch": true}), ""),
        ("exact_paired", json!({"group": "group", "control": "HC", "paired": "pair"}), "1 of 7 have no partner"),
    ];
    for (key, config, note) in cases {
        let ran = run_stages(&given, &with_groups(PERMUTATION, config));
        let found = ran.result();
        for (column, expected) in [("p", "p"), ("p_corrected", "p_max")] {
            let expected = numbers(&golden[key][expected]);
            let near = floats(&found, column).iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-12);
            assert!(near, "{key} {column}: {:?} against {expected:?}", floats(&found, column));
        }
        assert!(ran.notes().contains(note), "{}", ran.notes());
    }
}

#[test]
fn drawn_permutations_depend_on_nothing_but_values_and_seed() {
    let (given, _) = scipy();
    let stages = with_groups(PERMUTATION, json!({"group": "group", "control": "HC", "permutations": 300}));
    let reference: Ran = run_with(&given, &stages, 1);
    let mut reversed = given.clone();
    reversed.iter_mut().for_each(Given::reverse);
    assert_eq!(run_with(&reversed, &stages, 3).result(), reference.result());
    assert!(floats(&reference.result(), "p").iter().all(|p| *p >= 1.0 / 301.0));
    let mut seeded = stages.clone();
    seeded["s"]["seed"] = json!(5);
    assert_ne!(run_with(&given, &seeded, 1).result(), reference.result());
}
