//! Which samples `inverse.train` holds out together: it follows from their names and the seed, from nothing else.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod given;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use given::{Given, Ran, run_stages, run_with};
use serde_json::{Value, json};

/// A table of samples `s0`, `s1`, ... in the order given, with two features and a text.
fn features(samples: &[usize]) -> RecordBatch {
    let number = |of: fn(f64) -> f64| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values(samples.iter().map(|&i| of(i as f64))))
    };
    let text = |of: &dyn Fn(usize) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(samples.iter().map(|&i| of(i))))
    };
    RecordBatch::try_from_iter([
        ("sample", text(&|i| format!("s{i}"))),
        ("x", number(|i| 2.0 * i + (i * 7919.0) % 13.0 / 100.0)),
        ("y", number(|i| (i * 0.7).sin())),
        ("subject", text(&|i| format!("subject {}", i / 3))),
    ])
    .unwrap()
}

fn parameters(samples: &[usize]) -> RecordBatch {
    let values = samples.iter().map(|&i| i as f64);
    RecordBatch::try_from_iter([
        ("sample", Arc::new(StringArray::from_iter_values(samples.iter().map(|i| format!("s{i}")))) as ArrayRef),
        ("theta", Arc::new(Float64Array::from_iter_values(values)) as ArrayRef),
    ])
    .unwrap()
}

fn given(features_of: &[usize], parameters_of: &[usize]) -> Vec<Given> {
    vec![
        Given::whole("given.features", "features", features(features_of)),
        Given::whole("given.parameters", "parameters", parameters(parameters_of)),
    ]
}

fn stages(config: Value) -> Value {
    let mut train = json!({
        "kind": "inverse.train", "inputs": {"features": "f", "parameters": "p"}, "targets": ["theta"],
        "validation": {"repeated_kfold": {"folds": 4, "repeats": 3}},
    });
    train.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    json!({"f": {"kind": "given.features"}, "p": {"kind": "given.parameters"}, "train": train})
}

fn ran(given: &[Given], config: Value) -> Ran {
    let ran = run_stages(given, &stages(config));
    assert!(ran.record.ok, "{}", ran.failures());
    ran
}

/// Fold by repeat and sample.
fn folds(ran: &Ran) -> BTreeMap<(i32, String), i32> {
    let held_out = ran.table("train", 2);
    let numbers = |name: &str| held_out.column_by_name(name).unwrap().as_primitive::<Int32Type>().values().to_vec();
    let samples = held_out.column_by_name("sample").unwrap().as_string::<i32>().clone();
    let (repeats, folds) = (numbers("repeat"), numbers("fold"));
    let mut of_sample = BTreeMap::new();
    for row in 0..held_out.num_rows() {
        let key = (repeats[row], samples.value(row).to_owned());
        assert_eq!(*of_sample.entry(key).or_insert(folds[row]), folds[row], "a sample is in one fold of a repeat");
    }
    of_sample
}

fn all() -> Vec<usize> {
    (0..24).collect()
}

#[test]
fn other_features_and_another_order_are_compared_on_the_same_splits() {
    let reference = ran(&given(&all(), &all()), json!({}));
    let due = folds(&reference);
    assert_eq!(due.len(), 3 * 24);
    assert_ne!(
        due.iter().filter(|((repeat, _), _)| *repeat == 0).map(|(_, fold)| fold).collect::<Vec<_>>(),
        due.iter().filter(|((repeat, _), _)| *repeat == 1).map(|(_, fold)| fold).collect::<Vec<_>>(),
    );
    for config in [
        json!({"features": ["y"]}),
        json!({"standardize": true, "estimator": "least_squares"}),
        json!({"estimator": {"random_forest": {"trees": 2}}}),
    ] {
        assert_eq!(folds(&ran(&given(&all(), &all()), config)), due);
    }
    let mut turned = all();
    turned.reverse();
    turned.swap(3, 17);
    for (one, other) in [(&all(), &turned), (&turned, &all()), (&turned, &turned)] {
        let other = ran(&given(one, other), json!({}));
        for output in 0..3 {
            assert_eq!(other.table("train", output), reference.table("train", output), "bit for bit");
        }
    }
    let mut sevens = stages(json!({}));
    sevens["train"]["seed"] = json!(7);
    assert_ne!(folds(&run_stages(&given(&all(), &all()), &sevens)), due, "another seed is another split");
}

#[test]
fn one_sample_more_moves_few_others() {
    let before = folds(&ran(&given(&all(), &all()), json!({})));
    let more: Vec<usize> = (0..25).collect();
    let after = folds(&ran(&given(&more, &more), json!({})));
    let moved = before.iter().filter(|(key, fold)| after[*key] != **fold).count();
    // The new one pushes at most one other over each border between folds.
    assert!(moved <= 3 * 3, "{moved} of {} moved", before.len());
}

#[test]
fn groups_are_held_out_as_a_whole() {
    let ran = ran(&given(&all(), &all()), json!({"groups": "subject"}));
    let mut of_group: BTreeMap<(i32, usize), BTreeSet<i32>> = BTreeMap::new();
    for ((repeat, sample), fold) in folds(&ran) {
        of_group.entry((repeat, sample[1..].parse::<usize>().unwrap() / 3)).or_default().insert(fold);
    }
    assert_eq!(of_group.len(), 3 * 8);
    assert!(of_group.values().all(|folds| folds.len() == 1), "{of_group:?}");
    let of_fold =
        |fold: i32| of_group.iter().filter(|((repeat, _), folds)| *repeat == 0 && folds.contains(&fold)).count();
    assert_eq!([0, 1, 2, 3].map(of_fold), [2; 4]);

    let by_value = folds(&run_stages(&given(&all(), &all()), &stages(json!({"groups": "theta"}))));
    assert_eq!(by_value.len(), 72, "a target may group as well: replicates of a point then stay together");

    let few = run_stages(
        &given(&all(), &all()),
        &stages(json!({"groups": "subject", "validation": {"repeated_kfold": {"folds": 9, "repeats": 1}}})),
    );
    assert!(few.failures().contains("2 to 8, the number of groups"), "{}", few.failures());
}

#[test]
fn a_sample_has_one_group_and_has_one() {
    let mut twice = all();
    twice.push(5);
    let with_subjects = |subjects: Vec<Option<&str>>| {
        let table = features(&twice);
        let mut columns: Vec<(String, ArrayRef)> =
            table.schema().fields().iter().map(|f| f.name().clone()).zip(table.columns().iter().cloned()).collect();
        columns[3].1 = Arc::new(StringArray::from(subjects));
        let table = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, c)| (name, c, true)));
        let mut given = given(&all(), &all());
        given[0] = Given::whole("given.features", "features", table.unwrap());
        run_stages(&given, &stages(json!({"groups": "subject"}))).failures()
    };
    let mut subjects = vec![Some("a"); 25];
    subjects[24] = Some("b");
    let told = with_subjects(subjects.clone());
    assert!(told.contains("sample `s5` has rows with `subject` = `a` and with `b`"), "{told}");
    for missing in [None, Some("")] {
        subjects[7] = missing;
        let told = with_subjects(subjects.clone());
        assert!(told.contains("sample `s7` has no value in the column `subject` of the features"), "{told}");
    }
}

#[test]
fn rows_of_one_sample_come_in_any_order() {
    let several = |order: &[usize]| {
        let rows: Vec<usize> = (0..24).flat_map(|i| [i, i, i]).collect();
        let x = |i: usize, row: usize| 2.0 * i as f64 + (row % 3) as f64 / 7.0;
        let ordered: Vec<usize> = order.to_vec();
        let table = RecordBatch::try_from_iter([
            (
                "sample",
                Arc::new(StringArray::from_iter_values(ordered.iter().map(|&r| format!("s{}", rows[r])))) as ArrayRef,
            ),
            (
                "channel",
                Arc::new(StringArray::from_iter_values(ordered.iter().map(|&r| ["C", "A", "A"][r % 3]))) as ArrayRef,
            ),
            ("x", Arc::new(Float64Array::from_iter_values(ordered.iter().map(|&r| x(rows[r], r)))) as ArrayRef),
        ]);
        let mut given = given(&all(), &all());
        given[0] = Given::whole("given.features", "features", table.unwrap());
        ran(&given, json!({}))
    };
    let straight: Vec<usize> = (0..72).collect();
    let mixed: Vec<usize> = (0..72).map(|i| i * 31 % 72).collect();
    let (one, other) = (several(&straight), several(&mixed));
    for output in 0..3 {
        assert_eq!(one.table("train", output), other.table("train", output));
    }
}

#[test]
fn samples_that_share_all_values_are_still_told_apart() {
    // Replicates: equal parameters; two samples even have equal features.
    let names: Vec<usize> = (0..12).collect();
    let table = |column: &str, values: Vec<f64>| {
        RecordBatch::try_from_iter([
            ("sample", Arc::new(StringArray::from_iter_values(names.iter().map(|i| format!("s{i}")))) as ArrayRef),
            (column, Arc::new(Float64Array::from(values)) as ArrayRef),
        ])
        .unwrap()
    };
    let given = [
        Given::whole("given.features", "features", table("x", names.iter().map(|i| (*i / 2) as f64).collect())),
        Given::whole("given.parameters", "parameters", table("theta", names.iter().map(|i| (*i / 4) as f64).collect())),
    ];
    let one = run_with(&given, &stages(json!({})), 1);
    assert_eq!(folds(&one).len(), 36);
    assert_eq!(one.table("train", 2), run_with(&given, &stages(json!({})), 3).table("train", 2));
}
