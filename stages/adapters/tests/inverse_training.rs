//! Searches, steps, derived targets and what else `inverse.train` is asked for.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod given;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, UInt32Type};
use given::tables::{floats, labelled, texts};
use given::{Given, Ran, bind, problems, run_stages, run_with};
use lapicque_inverse::Model;
use lapicque_schemas::tables::model;
use serde_json::{Value, json};

const ROWS: usize = 60;

fn wave(i: usize, step: f64) -> f64 {
    (i as f64 * step).sin()
}

/// Features x, y, z > 0; parameters a = 3 + x, b = 5 + y + a little of a wave.
fn given_of(x: &dyn Fn(usize) -> f64) -> Vec<Given> {
    let column = |of: &dyn Fn(usize) -> f64| (0..ROWS).map(of).collect::<Vec<f64>>();
    let features = labelled(&[
        ("x", "", column(x)),
        ("y", "", column(&|i| wave(i, 2.3))),
        ("z", "", column(&|i| (2.0 * wave(i, 0.9)).exp())),
    ]);
    let parameters = labelled(&[
        ("a", "mV", column(&|i| 3.0 + wave(i, 0.7))),
        ("b", "pA", column(&|i| 5.0 + wave(i, 2.3) + 0.3 * wave(i, 5.1))),
    ]);
    vec![
        Given::whole("given.features", "features", features),
        Given::whole("given.parameters", "parameters", parameters),
    ]
}

fn given() -> Vec<Given> {
    given_of(&|i| wave(i, 0.7))
}

fn stages(config: Value) -> Value {
    let mut train =
        json!({"kind": "inverse.train", "inputs": {"features": "f", "parameters": "p"}, "targets": ["a", "b"]});
    train.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    json!({
        "f": {"kind": "given.features"}, "p": {"kind": "given.parameters"}, "train": train,
        "predict": {"kind": "inverse.predict", "inputs": {"model": "train", "features": "f"}},
    })
}

fn run(config: Value) -> Ran {
    let ran = run_stages(&given(), &stages(config));
    assert!(ran.record.ok, "{}", ran.failures());
    ran
}

fn trained(ran: &Ran) -> Model {
    let table = ran.table("train", 0);
    Model::from_json(&lapicque_stages::model_document(&model::read(&table).unwrap()[0]).unwrap()).unwrap()
}

/// What is told before anything runs.
fn bound_notes(config: Value) -> String {
    let (_, graph) = bind(&given(), &stages(config)).unwrap();
    graph.stages.iter().flat_map(|stage| stage.bound().notes.clone()).collect::<Vec<_>>().join("\n")
}

fn output(ran: &Ran, name: &str) -> RecordBatch {
    let stage = ran.record.stages.iter().find(|stage| stage.stage == "train").unwrap();
    let place = stage.outputs.iter().position(|output| output.name == name).unwrap();
    ran.table("train", place)
}

#[test]
fn derived_targets_are_learned_like_others() {
    let derived = json!({"ratio": "a / (2 * b)"});
    let ran = run(json!({"targets": ["a"], "derived": derived, "validation": "none"}));
    let model = trained(&ran);
    let names: Vec<&str> = model.targets.iter().map(|target| target.name.as_str()).collect();
    assert_eq!((names, model.derived[0].expression.as_str()), (vec!["a", "ratio"], "a / (2 * b)"));
    let parameters = labelled(&[
        ("a", "mV", (0..ROWS).map(|i| 3.0 + wave(i, 0.7)).collect()),
        (
            "ratio",
            "",
            (0..ROWS).map(|i| (3.0 + wave(i, 0.7)) / (2.0 * (5.0 + wave(i, 2.3) + 0.3 * wave(i, 5.1)))).collect(),
        ),
    ]);
    let mut by_hand = given();
    by_hand[1] = Given::whole("given.parameters", "parameters", parameters);
    let by_hand = run_stages(&by_hand, &stages(json!({"targets": ["a", "ratio"], "validation": "none"})));
    assert_eq!(floats(&ran.table("predict", 0), "mean"), floats(&by_hand.table("predict", 0), "mean"));
    for (derived, due) in [
        (json!({"r": "a / c"}), "no column of numbers `c`"),
        (json!({"r": "a / "}), "is no expression: at character 5"),
        (json!({"a": "2 * b"}), "the parameters have a column `a` already"),
    ] {
        let told = problems(&given(), &stages(json!({"derived": derived})));
        assert!(told.contains("derived.") && told.contains(due), "{told}");
    }
}

#[test]
fn candidates_are_compared_and_the_best_is_the_model() {
    let search = json!({"grid": {"alpha": [100.0, 1e-6, 10.0]}});
    let folds = json!({"repeated_kfold": {"folds": 4, "repeats": 2}});
    let ran = run(json!({"search": search, "validation": folds}));
    let model = trained(&ran);
    assert_eq!(serde_json::to_value(&model.estimator).unwrap(), json!({"ridge": {"alpha": 1e-6}}));
    let candidates = output(&ran, "candidates");
    assert_eq!(candidates.num_rows(), 3 * 2 * 8);
    let best = candidates.column_by_name("best").unwrap().as_boolean().clone();
    let number = candidates.column_by_name("candidate").unwrap().as_primitive::<Int32Type>().values().to_vec();
    assert!((0..best.len()).all(|row| best.value(row) == (number[row] == 2)));
    assert!(bound_notes(json!({"search": search})).contains("looks better on the splits that chose it"));
    // What was compared is what the model is validated by.
    let single = run(json!({"estimator": {"ridge": {"alpha": 1e-6}}, "validation": folds}));
    assert_eq!(single.table("train", 1), ran.table("train", 1));
    let of_best: Vec<f64> =
        floats(&candidates, "mse").into_iter().zip(&number).filter(|(_, n)| **n == 2).map(|(mse, _)| mse).collect();
    for (found, expected) in of_best.iter().zip(&floats(&single.table("train", 1), "mse")[..16]) {
        // Of a law that is exact, rounding is all that is left.
        assert!((found - expected).abs() < 1e-9 * expected + 1e-12, "{found} {expected}");
    }

    let list = json!({"list": ["least_squares", {"ridge": {"alpha": 1000.0}}], "score": "mean_squared_error"});
    assert_eq!(trained(&run(json!({"search": list}))).estimator.name(), "least_squares");
    let random = |seed: u64| json!({"random": {"draws": 4, "draw_seed": seed, "parameters": {"alpha": {"log_uniform": [1e-3, 1e3]}}}});
    let tried = |seed: u64| texts(&output(&run(json!({"search": random(seed)})), "candidates"), "estimator");
    assert_eq!(tried(1), tried(1));
    assert_ne!(tried(1), tried(2));
}

#[test]
fn with_inner_splits_metrics_tell_of_the_choice() {
    let config = |inner: Value| {
        let search = json!({"grid": {"alpha": [1e-6, 1e3]}, "inner": inner});
        json!({"search": search, "validation": {"repeated_kfold": {"folds": 3, "repeats": 2}}})
    };
    let ran = run(config(json!({"repeated_kfold": {"folds": 4, "repeats": 1}})));
    assert!(!bound_notes(config(json!({"repeated_kfold": {"folds": 4, "repeats": 1}}))).contains("looks better"));
    assert_eq!(floats(&ran.table("train", 1), "mse").len(), 2 * 6 + 2);
    let told = problems(&given(), &stages(config(json!("none"))));
    assert!(told.contains("search.inner") && told.contains("`none` compares nothing"), "{told}");
}

#[test]
fn what_a_search_cannot_try_is_refused_with_its_place() {
    for (config, due) in [
        (json!({"search": {}}), "one of `grid`, `list` and `random` is due"),
        (json!({"search": {"grid": {"alpha": []}}}), "search.grid.alpha: no value is given"),
        (json!({"search": {"grid": {"alfa": [1]}}}), "`ridge` has no parameter `alfa` (it has: alpha)"),
        (json!({"search": {"grid": {"alpha": ["x"]}}}), "search.grid.alpha"),
        (json!({"search": {"grid": {"alpha": [-1.0]}}}), "`alpha` of ridge is -1"),
        (json!({"search": {"list": ["rigde"]}}), "did you mean `ridge`?"),
        (json!({"search": {"random": {"draws": 0, "parameters": {"alpha": {"uniform": [0, 1]}}}}}), "0 candidates"),
        (json!({"search": {"random": {"draws": 1, "parameters": {"alpha": {"log_uniform": [0, 1]}}}}}), "above 0"),
        (json!({"search": {"grid": {"alpha": [1]}}, "validation": "none"}), "which is `none`"),
        (json!({"model_from": "best_fold", "validation": "none"}), "model_from"),
        (json!({"learning_curve": [0.5], "validation": "none"}), "learning_curve"),
        (json!({"learning_curve": [0.0]}), "0 is no part of the samples"),
        (json!({"transform": ["standardize"], "standardize": true}), "`transform` ends with it already"),
        (json!({"transform": [{"log": {"features": ["w"]}}]}), "features that are used: x, y, z"),
        (json!({"transform": [{"quantile": {"quantiles": 1}}]}), "`quantiles` of quantile is 1; allowed: 2 to 100000"),
        (json!({"compat": "ncpi"}), "ncpi splits by `repeated_kfold`"),
        (json!({"fold_seed": 3}), "it is the seed of the folds of `compat: ncpi`"),
        (json!({"prior": {"a": {"uniform": ["1 mV", "2 mV"]}}}), "only estimators of posteriors"),
    ] {
        let told = problems(&given(), &stages(config.clone()));
        assert!(told.contains(due), "{config}: {told}");
    }
}

#[test]
fn folds_may_be_the_model_and_errors_are_told_by_size() {
    let folds = json!({"repeated_kfold": {"folds": 4, "repeats": 2}});
    let ran = run(json!({"model_from": "fold_ensemble", "standardize": true, "validation": folds}));
    let stored = serde_json::to_value(trained(&ran).parts().0).unwrap();
    assert_eq!(stored["fitted"]["members"].as_object().unwrap().len(), 8);
    let best = run(json!({"model_from": "best_fold", "validation": folds}));
    assert_ne!(floats(&ran.table("predict", 0), "mean"), floats(&best.table("predict", 0), "mean"));

    let ran = run(json!({"learning_curve": [0.2, 1.0], "validation": folds, "estimator": {"ridge": {"alpha": 1e-3}}}));
    let curve = output(&ran, "learning_curve");
    assert_eq!(curve.num_rows(), 2 * 8 * 2);
    let samples = curve.column_by_name("samples").unwrap().as_primitive::<UInt32Type>().values().to_vec();
    assert_eq!((samples[0], samples[16]), (9, 45));
    assert!(ran.notes().contains("from 9 to 45 training samples: more simulations would help"), "{}", ran.notes());
}

#[test]
fn missing_features_are_refused_dropped_or_filled() {
    let given = given_of(&|i| if i % 20 == 7 { f64::NAN } else { wave(i, 0.7) });
    let of = |missing: &str| run_stages(&given, &stages(json!({"missing": missing})));
    let refused = of("refuse");
    assert!(!refused.record.ok && refused.failures().contains("`missing: drop`"), "{}", refused.failures());
    let dropped = of("drop");
    assert!(dropped.notes().contains("3 rows with a missing feature are left out"), "{}", dropped.notes());
    assert_eq!(trained(&dropped).training_rows, ROWS - 3);
    let nan = |ran: &Ran| floats(&ran.table("predict", 0), "mean").iter().filter(|mean| mean.is_nan()).count();
    let filled = of("median");
    assert_eq!((nan(&dropped), nan(&filled), trained(&filled).training_rows), (6, 0, ROWS));
}

#[test]
fn steps_are_part_of_the_model() {
    let steps = json!([{"log": {"features": ["z"]}}, {"quantile": {"distribution": "uniform"}}, "robust_scale"]);
    let ran = run(json!({"transform": steps, "standardize": true}));
    let stored = serde_json::to_value(trained(&ran).parts().0).unwrap();
    assert_eq!(stored["fitted"]["members"]["0"]["steps"].as_object().unwrap().len(), 4);
    let r2 = floats(&ran.table("train", 1), "r2");
    assert!(r2[r2.len() - 2] > 0.8, "{r2:?}");
    assert_eq!(
        floats(&run_with(&given(), &stages(json!({"transform": steps})), 1).table("predict", 0), "mean"),
        floats(&run_with(&given(), &stages(json!({"transform": steps})), 2).table("predict", 0), "mean"),
    );
}

/// Origin of the figures: tests/golden/regression/README.md.
#[test]
fn what_ncpi_trains_is_reproduced() {
    const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/regression/");
    let read = |name: &str| std::fs::read_to_string(format!("{GOLDEN}{name}")).unwrap();
    let expected: Value = serde_json::from_str(&read("gao_lfp_ridge_expected.json")).unwrap();
    let text = read("gao_lfp_catch22.csv");
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let rows: Vec<Vec<f64>> = lines.map(|line| line.split(',').map(|x| x.parse().unwrap()).collect()).collect();
    let numbers = |value: &Value| value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect::<Vec<_>>();
    let of = |indices: &Value| numbers(indices).into_iter().map(|i| rows[i as usize].clone()).collect::<Vec<_>>();
    let (training, test) = (of(&expected["train_idx"]), of(&expected["test_idx"]));
    let columns = |rows: &[Vec<f64>], of: std::ops::Range<usize>| {
        let column = |c: usize| (names[c], "", rows.iter().map(|row| row[c]).collect());
        labelled(&of.map(column).collect::<Vec<_>>())
    };
    let given = [
        Given::whole("given.features", "features", columns(&training, 0..22)),
        Given::whole("given.parameters", "parameters", columns(&training, 22..23)),
        Given::whole("given.unseen", "features", columns(&test, 0..22)),
    ];
    let mut stages = stages(json!({
        "targets": ["ei_ratio"], "standardize": true, "compat": "ncpi", "model_from": "fold_ensemble",
        "search": {"grid": {"alpha": [0.01, 0.1, 1, 10, 100]}, "score": "mean_squared_error"},
        "validation": {"repeated_kfold": {"folds": 10, "repeats": 3}},
    }));
    stages["unseen"] = json!({"kind": "given.unseen"});
    stages["predict"]["inputs"]["features"] = json!("unseen");
    let ran = run_stages(&given, &stages);
    assert!(ran.record.ok, "{}", ran.failures());
    assert_eq!(serde_json::to_value(&trained(&ran).estimator).unwrap()["ridge"]["alpha"], expected["best_alpha"]);
    let predicted = floats(&ran.table("predict", 0), "mean");
    let of_peer = numbers(&expected["ensemble_prediction"]);
    let largest = of_peer.iter().fold(0.0, |m: f64, r| m.max(r.abs()));
    for (found, expected) in predicted.iter().zip(&of_peer) {
        assert!((found - expected).abs() < 1e-9 * largest, "{found} {expected}");
    }
    assert!(of_peer.len() >= 10 && predicted.len() >= of_peer.len());
}
