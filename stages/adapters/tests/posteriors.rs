//! Estimators of posteriors in stages: draws, quantities that follow, calibration, importance and distance from the training set.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod given;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, UInt32Type};
use arrow_array::{Array, RecordBatch};
use given::tables::{floats, labelled, texts};
use given::{Given, Ran, bind, problems, run_stages, run_with};
use lapicque_numerics::random::StreamKey;
use serde_json::{Value, json};

/// a and b are standard normal; x = a + noise / 2, y = b + noise / 2, junk is noise. The posterior of a given x is N(0.8 x, 0.2).
fn given(seed: u8, rows: usize) -> Vec<Given> {
    let mut generator = StreamKey::new([seed; 16]).at(0);
    let mut column = || (0..rows).map(|_| generator.normal()).collect::<Vec<f64>>();
    let (a, b, p, q, junk) = (column(), column(), column(), column(), column());
    let seen =
        |of: &[f64], noise: &[f64]| of.iter().zip(noise).map(|(of, noise)| of + 0.5 * noise).collect::<Vec<f64>>();
    let features = labelled(&[("x", "", seen(&a, &p)), ("y", "", seen(&b, &q)), ("junk", "", junk)]);
    let parameters = labelled(&[("a", "mV", a), ("b", "pA", b)]);
    vec![
        Given::whole("given.features", "features", features),
        Given::whole("given.parameters", "parameters", parameters),
    ]
}

/// Trained on 2000 samples, tested on 300 others and at three rows of features.
fn all_given() -> Vec<Given> {
    let mut all = given(1, 2000);
    let test = given(2, 300);
    for (of, name) in test.into_iter().zip(["test.features", "test.parameters"]) {
        all.push(of.named(name));
    }
    let rows =
        labelled(&[("x", "", vec![0.0, 1.0, 40.0]), ("y", "", vec![0.5, -1.0, 0.0]), ("junk", "", vec![0.0; 3])]);
    all.push(Given::whole("observed", "features", rows));
    all
}

fn stages(train: Value) -> Value {
    let mut model = json!({
        "kind": "inverse.train", "inputs": {"features": "f", "parameters": "p"}, "targets": ["a", "b"], "standardize": true,
        "derived": {"sum": "a + b"}, "validation": "none",
        "prior": {"a": {"normal": {"mean": "0 mV", "sd": "1000 uV"}}, "b": {"normal": {"mean": "0 pA", "sd": "1 pA"}}},
        "estimator": {"npe": {"density": {"mdn": {"components": 2, "hidden": [20]}}, "training": {"learning_rate": 0.005}}},
    });
    model.as_object_mut().unwrap().extend(train.as_object().unwrap().clone());
    json!({
        "f": {"kind": "given.features"}, "p": {"kind": "given.parameters"}, "tf": {"kind": "test.features"},
        "tp": {"kind": "test.parameters"}, "o": {"kind": "observed"}, "model": model,
        "predict": {"kind": "inverse.predict", "inputs": {"model": "model", "features": "o"}, "draws": 2000},
        "calibration": {"kind": "inverse.calibration", "inputs": {"model": "model", "features": "tf", "parameters": "tp"}, "draws": 200},
        "importance": {"kind": "inverse.importance", "inputs": {"model": "model", "features": "tf", "parameters": "tp"}, "repeats": 3},
        "support": {"kind": "inverse.support", "inputs": {"training": "f", "features": "o"}},
    })
}

fn run(train: Value) -> Ran {
    let ran = run_stages(&all_given(), &stages(train));
    assert!(ran.record.ok, "{}", ran.failures());
    ran
}

fn of_target(table: &RecordBatch, target: &str, column: &str) -> Vec<f64> {
    let names = texts(table, "target");
    floats(table, column).into_iter().zip(names).filter(|(_, name)| name == target).map(|(value, _)| value).collect()
}

#[test]
fn a_posterior_is_drawn_summarised_and_tested() {
    let ran = run(json!({}));
    let predictions = ran.table("predict", 0);
    assert_eq!(texts(&predictions, "target")[..3], ["a", "b", "sum"]);
    assert_eq!(texts(&predictions, "unit")[..3], ["mV", "pA", ""]);
    let mean = of_target(&predictions, "a", "mean");
    let sd = of_target(&predictions, "a", "sd");
    let analytic = 0.2f64.sqrt();
    assert!(mean[0].abs() < 0.15 && (mean[1] - 0.8).abs() < 0.15, "{mean:?}");
    assert!((sd[0] / analytic - 1.0).abs() < 0.15, "{sd:?}");
    let q05 = of_target(&predictions, "a", "q05")[0];
    assert!((q05 - (mean[0] - 1.645 * analytic)).abs() < 0.15, "{q05}");
    assert!((of_target(&predictions, "sum", "sd")[0] / 0.4f64.sqrt() - 1.0).abs() < 0.15);
    assert!(of_target(&predictions, "a", "map")[0].abs() < 0.5);
    assert!(ran.notes().contains("predictions there extrapolate"), "{}", ran.notes());

    // Summaries are those of the draws; one draw belongs together.
    let posterior = ran.table("predict", 1);
    let draws = posterior.column_by_name("draw").unwrap().as_primitive::<Int32Type>().values().to_vec();
    assert_eq!((posterior.num_rows(), draws.iter().max()), (3 * 2000 * 3, Some(&1999)));
    let first = |target: &str| of_target(&posterior, target, "value")[..2000].to_vec();
    let (a, b, sum) = (first("a"), first("b"), first("sum"));
    assert!((a.iter().sum::<f64>() / 2000.0 - mean[0]).abs() < 1e-12);
    assert!(a.iter().zip(&b).zip(&sum).all(|((a, b), sum)| a + b == *sum));
    assert_eq!(posterior.column_by_name("log_density").unwrap().null_count(), 0);

    // Losses are told, and the best was kept.
    let losses = ran.table("model", 3);
    let validation = floats(&losses, "validation");
    assert!(validation.len() > 20 && validation.iter().all(|loss| loss.is_finite()));

    let coverage = ran.table("calibration", 0);
    let (levels, covered) = (floats(&coverage, "level"), floats(&coverage, "coverage"));
    for (level, covered) in levels.iter().zip(&covered) {
        assert!((level - covered).abs() < 0.12, "{level} {covered}");
    }
    let ranks = ran.table("calibration", 1);
    assert_eq!(ranks.num_rows(), 600);
    assert!(
        ranks.column_by_name("rank").unwrap().as_primitive::<UInt32Type>().values().iter().all(|rank| *rank <= 200)
    );
    let checks = ran.table("calibration", 2);
    assert_eq!(texts(&checks, "target"), ["a", "b", "(all)", "(all)"]);
    assert_eq!(texts(&checks, "measure"), ["central", "central", "highest_density", "tarp"]);
    let contraction = floats(&checks, "contraction");
    assert!((contraction[0] - 0.8).abs() < 0.05, "{contraction:?}");

    let importance = ran.table("importance", 0);
    let of = |feature: &str, target: &str| {
        let rows = texts(&importance, "features").into_iter().zip(texts(&importance, "target"));
        let place = rows.into_iter().position(|row| row == (feature.to_owned(), target.to_owned())).unwrap();
        floats(&importance, "importance")[place]
    };
    assert!(of("x", "a") > 1.0 && of("junk", "a").abs() < 0.1 && of("y", "a").abs() < 0.1);
    let sensitivity = ran.table("importance", 1);
    assert!((floats(&sensitivity, "coefficient")[0] - 0.8f64.sqrt()).abs() < 0.05, "x follows a");

    let distances = ran.table("support", 0);
    let far = floats(&distances, "mahalanobis_quantile");
    assert!(far[0] < 0.9 && far[2] == 1.0, "{far:?}");
    assert!(ran.notes().contains("1 of 3 rows lie farther from the training set"), "{}", ran.notes());
}

#[test]
fn too_narrow_is_called_so() {
    // Trained where noise is half of what it is where it is tested.
    let mut all = all_given();
    let mut generator = StreamKey::new([9; 16]).at(0);
    let mut column = || (0..2000).map(|_| generator.normal()).collect::<Vec<f64>>();
    let (a, b, p, q, junk) = (column(), column(), column(), column(), column());
    let seen =
        |of: &[f64], noise: &[f64]| of.iter().zip(noise).map(|(of, noise)| of + 0.2 * noise).collect::<Vec<f64>>();
    let features = labelled(&[("x", "", seen(&a, &p)), ("y", "", seen(&b, &q)), ("junk", "", junk)]);
    all[0] = Given::whole("given.features", "features", features);
    all[1] = Given::whole("given.parameters", "parameters", labelled(&[("a", "mV", a), ("b", "pA", b)]));
    let ran = run_stages(&all, &stages(json!({})));
    assert!(ran.notes().contains("the posterior of `a` is too narrow"), "{}", ran.notes());
    assert_eq!(texts(&ran.table("calibration", 2), "verdict")[0], "overconfident");
}

#[test]
fn a_posterior_that_leans_on_its_prior_is_told() {
    // a = x: the twenty rows that are nearest to the largest x lie within the last hundredth of the prior.
    let mut all = all_given();
    let even = || (0..2000).map(|i| f64::from(i) / 1999.0).collect::<Vec<f64>>();
    all[0] = Given::whole("given.features", "features", labelled(&[("x", "", even())]));
    all[1] = Given::whole("given.parameters", "parameters", labelled(&[("a", "mV", even())]));
    let mut stages = stages(json!({
        "targets": ["a"], "derived": {}, "prior": {"a": {"uniform": ["0 mV", "1 mV"]}},
        "estimator": {"abc": {"method": "rejection", "accepted": 0.01, "least": 20}},
    }));
    for other in ["calibration", "importance", "support", "tf", "tp"] {
        stages.as_object_mut().unwrap().remove(other);
    }
    all[4] = Given::whole("observed", "features", labelled(&[("x", "", vec![0.5, 1.0, 0.6])]));
    let ran = run_stages(&all, &stages);
    assert!(ran.record.ok, "{}", ran.failures());
    let told = "in 1 of 3 rows draws of `a` pile up at the upper end of its prior";
    assert!(ran.notes().contains(told) && !ran.notes().contains("lower end"), "{}", ran.notes());
}

#[test]
fn draws_follow_from_the_features_alone() {
    let stages = stages(json!({"estimator": {"abc": {}}}));
    let (one, two) = (run_with(&all_given(), &stages, 1), run_with(&all_given(), &stages, 2));
    assert_eq!(one.table("predict", 1), two.table("predict", 1));
    let posterior = one.table("predict", 1);
    assert_eq!(posterior.column_by_name("log_density").unwrap().null_count(), posterior.num_rows());
    assert_eq!(texts(&one.table("calibration", 2), "measure"), ["central", "central", "tarp"]);
}

#[test]
fn what_is_known_beforehand_is_checked() {
    for (config, due) in [
        (json!({"prior": {"a": {"uniform": ["0 mV", "1 mV"]}, "c": {"uniform": [0, 1]}}}), "`c` is no target"),
        (json!({"prior": {"a": {"uniform": [0, 1]}}}), "its values have no unit; the target is in mV"),
        (json!({"prior": {"a": {"uniform": ["0 pA", "1 pA"]}}}), "pA is no unit of the target, which is in mV"),
        (json!({"prior": {"a": {"uniform": ["1 mV", "0 mV"]}}}), "prior.a"),
        (json!({"prior": {"a": {"normal": {"mean": "0 mV", "sd": "0 mV"}}}}), "prior.a"),
        (json!({"derived": {"r": "a / c"}}), "no column of numbers `c`"),
        (json!({"targets": ["a"], "prior": {}}), "`b` is no target, so no draw says what it is"),
    ] {
        let told = problems(&all_given(), &stages(config.clone()));
        assert!(told.contains(due), "{config}: {told}");
    }
    let outside = json!({"prior": {"a": {"uniform": ["-1 mV", "1 mV"]}}});
    let ran = run_stages(&all_given(), &stages(outside));
    assert!(
        ran.failures().contains("the target `a` in mV is") && ran.failures().contains("has no mass"),
        "{}",
        ran.failures()
    );
    // Without a prior it is the range of the samples, which is told.
    let (_, graph) = bind(&all_given(), &stages(json!({"prior": {}}))).unwrap();
    let notes: Vec<String> = graph.stages.iter().flat_map(|stage| stage.bound().notes.clone()).collect();
    assert!(notes.join(" ").contains("the prior of `a`, `b` is taken to be constant"), "{notes:?}");
    let point = run_stages(&all_given(), &stages(json!({"estimator": "ridge", "prior": {}})));
    assert!(point.failures().contains("`ridge` knows a value alone"), "{}", point.failures());
    assert_eq!(point.table("predict", 1).num_rows(), 0);
}
