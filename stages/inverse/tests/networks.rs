//! The estimator `mlp`: beside scikit-learn 1.9.1 (tests/golden/density), its losses, and what it refuses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod golden;

use golden::{numbers, table};
use lapicque_inverse::estimators::Mlp;
use lapicque_inverse::{
    AnyEstimator, FitContext, InverseError, Model, Preparation, Target, TrainingData, predict, train,
};
use lapicque_numerics::random::StreamKey;
use ndarray::{Array2, Axis};
use serde_json::Value;

fn context(seed: u8) -> FitContext<'static> {
    FitContext::unwatched(StreamKey::new([seed; 16]))
}

fn data(features: Array2<f64>, targets: Array2<f64>) -> TrainingData {
    let rows = features.nrows();
    let target = |i| Target { name: format!("theta{i}"), unit: None, prior: None };
    let target_columns = (0..targets.ncols()).map(target).collect();
    TrainingData::new(features.clone(), names(&features), targets, target_columns, (0..rows).collect()).unwrap()
}

fn names(features: &Array2<f64>) -> Vec<String> {
    (0..features.ncols()).map(|i| format!("f{i:02}")).collect()
}

/// Features and targets of the training or of the test rows.
fn quadratic(test: bool) -> (Array2<f64>, Array2<f64>) {
    let table = table("quadratic_features.csv");
    let flag = table.columns(&["is_test"]);
    let rows: Vec<usize> = (0..flag.nrows()).filter(|&row| (flag[[row, 0]] == 1.0) == test).collect();
    let names: Vec<String> = (0..24).map(|i| format!("f{i:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let features = table.columns(&names).select(Axis(0), &rows);
    (features, table.columns(&["theta0", "theta1", "theta2"]).select(Axis(0), &rows))
}

#[test]
fn networks_are_as_good_as_those_of_scikit_learn() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/density/");
    let text = std::fs::read_to_string(format!("{folder}mlp_expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&text).unwrap();
    let (features, targets) = quadratic(false);
    let (unseen, truth) = quadratic(true);
    let data = data(features, targets);
    let ours = [
        Mlp { hidden: vec![100], ..Default::default() },
        Mlp { max_epochs: 300, alpha: 1e-3, learning_rate: 3e-3, ..Default::default() },
    ];
    let theirs = expected["mlp"].as_array().unwrap();
    assert_eq!(theirs.len(), ours.len());
    for (settings, theirs) in ours.into_iter().zip(theirs) {
        let mut mean = [0.0; 3];
        for seed in 0..5 {
            let model =
                train(&data, &settings.clone().into(), &Preparation::standardized(), "golden", &context(seed)).unwrap();
            let predicted = predict(&model, unseen.view(), &names(&unseen)).unwrap().mean;
            for (target, mean) in mean.iter_mut().enumerate() {
                let error = &predicted.column(target) - &truth.column(target);
                *mean += error.mapv(|error| error * error).mean().unwrap() / 5.0;
            }
        }
        let (their_mean, their_sd) = (numbers(&theirs["test_mse_mean"]), numbers(&theirs["test_mse_sd"]));
        for target in 0..3 {
            let most = their_mean[target] + 3.0 * their_sd[target];
            assert!(mean[target] <= most, "{settings:?}, target {target}: {} > {most}", mean[target]);
        }
    }
}

fn small(rows: usize) -> TrainingData {
    let features = Array2::from_shape_fn((rows, 3), |(r, c)| ((r * (2 * c + 3)) as f64 * 0.41).sin());
    let targets = Array2::from_shape_fn((rows, 2), |(r, t)| features[[r, t]] + 10.0 * t as f64);
    data(features, targets)
}

#[test]
fn losses_are_kept_with_the_model() {
    for early_stopping in [false, true] {
        let settings = Mlp { early_stopping, max_epochs: 30, ..Default::default() };
        let model = train(&small(60), &settings.into(), &Preparation::standardized(), "v1", &context(1)).unwrap();
        let losses = model.fitted.losses();
        assert!(!losses.is_empty() && losses.len() <= 30);
        assert!(losses.iter().enumerate().all(|(place, loss)| loss.epoch == place + 1 && loss.member == 0));
        assert!(losses.iter().all(|loss| loss.validation.is_nan() != early_stopping));
        let read = Model::from_json(&model.to_json().unwrap()).unwrap();
        assert_eq!(format!("{:?}", read.fitted.losses()), format!("{losses:?}"));
    }
}

#[test]
fn parameters_out_of_range_are_told_by_name() {
    let estimator: AnyEstimator = serde_json::from_str(r#"{"mlp": {"hidden": [20], "alpha": -1}}"#).unwrap();
    let message = estimator.check().unwrap_err().to_string();
    assert_eq!(message, "`alpha` of mlp is -1; allowed: a finite number >= 0");
    let unknown = serde_json::from_str::<AnyEstimator>(r#"{"mlp": {"layers": 2}}"#).unwrap_err().to_string();
    assert!(unknown.contains("`layers`"), "{unknown}");
}

#[test]
fn features_that_make_it_diverge_are_an_error() {
    let features = Array2::from_shape_fn((20, 1), |(row, _)| 1e30 * row as f64);
    let targets = Array2::from_shape_fn((20, 1), |(row, _)| row as f64);
    let found =
        train(&data(features, targets), &Mlp::default().into(), &Preparation::none(), "v1", &context(1)).unwrap_err();
    assert!(matches!(found, InverseError::Training { estimator: "mlp", .. }), "{found}");
    assert!(found.to_string().contains("diverged"), "{found}");
}

#[test]
fn a_document_whose_parts_do_not_fit_is_refused_by_name() {
    let model = train(
        &small(60),
        &Mlp { max_epochs: 3, ..Default::default() }.into(),
        &Preparation::standardized(),
        "v1",
        &context(1),
    )
    .unwrap();
    let document: Value = serde_json::from_str(&model.to_json().unwrap()).unwrap();
    let message = |path: &str, value: Value| {
        let mut document = document.clone();
        *document.pointer_mut(path).unwrap() = value;
        Model::from_json(&document.to_string()).unwrap_err().to_string()
    };
    assert!(message("/fitted/mlp/settings/hidden", serde_json::json!([50])).contains("`fitted.mlp.parameters`"));
    assert!(message("/fitted/mlp/settings/hidden", serde_json::json!("wide")).contains("`fitted.mlp.settings`"));
    assert!(message("/fitted/mlp/features", serde_json::json!(4)).contains("fitted.mlp.parameters"));
    assert!(message("/fitted/mlp/features", serde_json::json!(u64::MAX)).contains("fitted.mlp.parameters"));
    assert!(message("/fitted/mlp/features", serde_json::json!(-1)).contains("`fitted.mlp.features`"));
    assert!(message("/fitted/mlp/target_scales/0", serde_json::json!(0.0)).contains("scales must be above 0"));
    assert!(message("/fitted/mlp/losses", serde_json::json!([[1, 2, 3]])).contains("it must have 1 or 2"));
}

#[test]
fn few_rows_and_constant_targets_do() {
    let one = Array2::from_shape_fn((2, 1), |(row, _)| row as f64);
    let model =
        train(&data(one.clone(), one.clone()), &Mlp::default().into(), &Preparation::standardized(), "v1", &context(1))
            .unwrap();
    assert!(predict(&model, one.view(), &names(&one)).unwrap().mean.iter().all(|value| value.is_finite()));
    let constant = Array2::from_elem((30, 1), 4.0);
    let features = Array2::from_shape_fn((30, 2), |(row, column)| ((row * (column + 3)) as f64).sin());
    let model = train(
        &data(features.clone(), constant),
        &Mlp::default().into(),
        &Preparation::standardized(),
        "v1",
        &context(1),
    )
    .unwrap();
    let predicted = predict(&model, features.view(), &names(&features)).unwrap().mean;
    assert!(predicted.iter().all(|value| (value - 4.0).abs() < 0.5), "{predicted}");
}
