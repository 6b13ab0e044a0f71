//! Estimators that are no ridge against scikit-learn 1.9.1 (tests/golden/regression/regressors_expected.json).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod golden;

use golden::{all_numbers, assert_close, json, numbers, table};
use lapicque_inverse::estimators::NeighbourWeights;
use lapicque_inverse::{
    AnyEstimator, ElasticNet, ExtraTrees, FitContext, GaussianProcess, GradientBoosting, KNearestNeighbours, Lasso,
    Preparation, RandomForest, SupportVector, Target, TrainingData, predict, train,
};
use lapicque_numerics::random::StreamKey;
use ndarray::{Array2, Axis};
use serde_json::Value;

struct Sets {
    training: TrainingData,
    test: Array2<f64>,
    truth: Array2<f64>,
}

fn sets(features: &Array2<f64>, targets: &Array2<f64>, is_test: impl Fn(usize) -> bool) -> Sets {
    let (test, training): (Vec<usize>, Vec<usize>) = (0..features.nrows()).partition(|&row| is_test(row));
    let names = (0..features.ncols()).map(|i| format!("f{i:02}")).collect();
    let target = |i| Target { name: format!("theta{i}"), unit: None, prior: None };
    let (x, y) = (features.select(Axis(0), &training), targets.select(Axis(0), &training));
    let columns = (0..targets.ncols()).map(target).collect();
    Sets {
        training: TrainingData::new(x, names, y, columns, (0..training.len()).collect()).unwrap(),
        test: features.select(Axis(0), &test),
        truth: targets.select(Axis(0), &test),
    }
}

fn quadratic() -> Sets {
    let table = table("quadratic_features.csv");
    let names: Vec<String> = (0..24).map(|i| format!("f{i:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let flag = table.columns(&["is_test"]);
    sets(&table.columns(&names), &table.columns(&["theta0", "theta1", "theta2"]), |row| flag[[row, 0]] == 1.0)
}

fn predicted(sets: &Sets, estimator: &AnyEstimator, standardized: bool, seed: u8) -> Array2<f64> {
    let context = FitContext::unwatched(StreamKey::new([seed; 16]));
    let model = train(&sets.training, estimator, &prepared(standardized), "golden", &context).unwrap();
    predict(&model, sets.test.view(), sets.training.feature_names()).unwrap().mean
}

fn mse(predicted: &Array2<f64>, truth: &Array2<f64>) -> f64 {
    (predicted - truth).mapv(|error| error * error).mean().unwrap()
}

fn cases(name: &str) -> Vec<Value> {
    json("regressors_expected.json")[name].as_array().unwrap().clone()
}

fn prepared(standardized: bool) -> Preparation {
    if standardized { Preparation::standardized() } else { Preparation::none() }
}

#[test]
fn elastic_net_and_lasso_have_its_coefficients() {
    let sets = quadratic();
    let cases = cases("elastic_net");
    assert_eq!(cases.len(), 9);
    for case in cases {
        let of = |name: &str| case[name].as_f64().unwrap();
        let (alpha, l1_ratio, tolerance) = (of("alpha"), of("l1_ratio"), of("tol"));
        let net = ElasticNet { alpha, l1_ratio, tolerance, ..ElasticNet::default() };
        let mut estimators = vec![AnyEstimator::from(net)];
        if l1_ratio == 1.0 {
            estimators.push(Lasso { alpha, tolerance, ..Lasso::default() }.into());
        }
        for estimator in estimators {
            let context = FitContext::unwatched(StreamKey::new([7; 16]));
            let model = train(&sets.training, &estimator, &Preparation::standardized(), "golden", &context).unwrap();
            let stored = model.fitted.store();
            let what = format!("{estimator:?}");
            let coefficients = &stored.array("coefficients").unwrap().values[..24];
            assert_close(&what, coefficients, &numbers(&case["coef"]), 1e-7);
            assert_close(&what, &stored.array("intercept").unwrap().values[..1], &[of("intercept")], 1e-12);
            let found = predict(&model, sets.test.view(), sets.training.feature_names()).unwrap().mean;
            let error = (&found.column(0) - &sets.truth.column(0)).mapv(|error| error * error).mean().unwrap();
            assert_close(&what, &[error], &[of("test_mse")], 1e-7);
        }
    }
}

#[test]
fn nearest_neighbours_have_its_predictions() {
    let sets = quadratic();
    let cases = cases("k_nearest_neighbours");
    assert_eq!(cases.len(), 6);
    for case in cases {
        let weights = match case["weights"].as_str() {
            Some("uniform") => NeighbourWeights::Uniform,
            _ => NeighbourWeights::Distance,
        };
        let neighbours = case["n_neighbors"].as_u64().unwrap() as usize;
        let estimator = KNearestNeighbours { neighbours, weights, ..KNearestNeighbours::default() };
        let found = predicted(&sets, &estimator.into(), true, 7);
        let first = found.slice(ndarray::s![..5, ..]);
        assert_close(
            &format!("{estimator:?}"),
            &first.iter().copied().collect::<Vec<_>>(),
            &all_numbers(&case["pred5"]),
            1e-12,
        );
        assert_close(
            &format!("{estimator:?}"),
            &[mse(&found, &sets.truth)],
            &[case["test_mse"].as_f64().unwrap()],
            1e-12,
        );
    }
}

fn friedman() -> Sets {
    let table = table("friedman.csv");
    let names: Vec<&str> = table.names[..10].iter().map(String::as_str).collect();
    sets(&table.columns(&names), &table.columns(&["y"]), |row| row >= 400)
}

/// Over five seeds at most its mean and three s.d.; of what draws nothing one fit is enough.
fn check_ensemble(estimator: &AnyEstimator, model: &str, parameters: &Value) {
    let cases = cases("statistical");
    let case = cases.iter().find(|case| case["model"] == model && case["kw"] == *parameters).unwrap();
    let seeds = if estimator.is_random() { 5 } else { 1 };
    for (name, sets) in [("quadratic", quadratic()), ("friedman", friedman())] {
        let found: Vec<Array2<f64>> = (0..seeds).map(|seed| predicted(&sets, estimator, false, seed)).collect();
        let (means, sds) = (numbers(&case[name]["test_mse_mean"]), numbers(&case[name]["test_mse_sd"]));
        for (target, (mean, sd)) in means.into_iter().zip(sds).enumerate() {
            let error = |predicted: &Array2<f64>| {
                let errors = &predicted.column(target) - &sets.truth.column(target);
                errors.mapv(|error| error * error).mean().unwrap()
            };
            let ours = found.iter().map(error).sum::<f64>() / f64::from(seeds);
            assert!(ours <= mean + 3.0 * sd, "{estimator:?}, {name} {target}: {ours} > {mean} + 3 * {sd}");
        }
    }
}

#[test]
fn ensembles_of_trees_are_as_good() {
    check_ensemble(&RandomForest::default().into(), "RandomForestRegressor", &serde_json::json!({}));
    check_ensemble(&ExtraTrees::default().into(), "ExtraTreesRegressor", &serde_json::json!({}));
    let coarse = ExtraTrees { features_per_split: Some(8), min_samples_leaf: 3, ..ExtraTrees::default() };
    let parameters = serde_json::json!({"max_features": 8, "min_samples_leaf": 3});
    check_ensemble(&coarse.into(), "ExtraTreesRegressor", &parameters);
}

#[test]
fn boosting_is_as_good() {
    check_ensemble(&GradientBoosting::default().into(), "GradientBoostingRegressor", &serde_json::json!({}));
    let drawn = GradientBoosting {
        trees: 200,
        subsample: 0.5,
        max_depth: Some(4),
        min_samples_leaf: 5,
        ..GradientBoosting::default()
    };
    let parameters = serde_json::json!({"n_estimators": 200, "subsample": 0.5, "max_depth": 4, "min_samples_leaf": 5});
    check_ensemble(&drawn.into(), "GradientBoostingRegressor", &parameters);
}

#[test]
fn support_vectors_have_its_predictions() {
    let sets = quadratic();
    let cases = cases("support_vector");
    assert_eq!(cases.len(), 2);
    for case in cases {
        let (c, epsilon) = (case["C"].as_f64().unwrap(), case["epsilon"].as_f64().unwrap());
        let estimator =
            SupportVector { c, epsilon, gamma: case["gamma"].as_f64(), tolerance: 1e-8, ..SupportVector::default() };
        let found = predicted(&sets, &estimator.into(), true, 7);
        let what = format!("{estimator:?}");
        let first: Vec<f64> = found.slice(ndarray::s![..5, 0]).to_vec();
        assert_close(&what, &first, &numbers(&case["pred5"]), 1e-7);
        let error = (&found.column(0) - &sets.truth.column(0)).mapv(|error| error * error).mean().unwrap();
        assert_close(&what, &[error], &[case["test_mse"].as_f64().unwrap()], 1e-5);
    }
}

#[test]
fn a_gaussian_process_is_as_likely_and_predicts_the_same() {
    let expected = &json("regressors_expected.json")["gaussian_process"];
    let table = table("friedman.csv");
    let names: Vec<&str> = table.names[..10].iter().map(String::as_str).collect();
    let (features, target) = (table.columns(&names), table.columns(&["y"]));
    let training = features.slice(ndarray::s![..200, ..]);
    let context = FitContext::unwatched(StreamKey::new([7; 16]));
    let process = GaussianProcess::default();
    let fitted = lapicque_inverse::Estimator::fit(&process, training, target.slice(ndarray::s![..200, ..]), &context);
    let fitted = fitted.unwrap();
    let found = fitted.store().array("log_likelihood").unwrap().values[0];
    let of_peer = expected["log_marginal_likelihood"].as_f64().unwrap();
    assert!((found / of_peer - 1.0).abs() < 1e-3, "{found} {of_peer}");
    let test = features.slice(ndarray::s![400.., ..]);
    assert_close("mean", &fitted.predict(test).column(0).to_vec(), &numbers(&expected["mean"]), 1e-3);
    assert_close("sd", &fitted.sd(test).unwrap().column(0).to_vec(), &numbers(&expected["sd"]), 1e-3);
}
