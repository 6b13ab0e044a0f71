//! What a user relies on: models survive JSON and refuse damage, columns are found by name, samples stay together, threads change nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_inverse::{
    AnyEstimator, Estimator, FitContext, HeldOut, InverseError, LeastSquares, Model, Preparation, RandomForest, Ridge,
    Target, TrainingData, Validation, cross_validate, explicit_folds, predict, train,
};
use lapicque_numerics::random::StreamKey;
use ndarray::{Array2, s};

fn quiet() -> FitContext<'static> {
    FitContext::unwatched(StreamKey::new([7; 16]))
}

/// Twenty samples of three rows each (channels); the second feature never varies.
fn data() -> TrainingData {
    let features = Array2::from_shape_fn((60, 4), |(row, column)| match column {
        1 => 2.5,
        _ => ((row * (3 * column + 2)) as f64 * 0.77).sin() * 10f64.powi(column as i32) + 5.0,
    });
    let targets =
        Array2::from_shape_fn((60, 2), |(row, target)| features[[row, 2 * target]] * 0.5 + ((row / 3) as f64).cos());
    let names = ["acf_timescale", "mean", "dfa", "mode_5"].map(str::to_owned).to_vec();
    let target_columns = vec![
        Target { name: "J_ext".to_owned(), unit: Some("pA".to_owned()), prior: None },
        Target { name: "ratio".to_owned(), unit: None, prior: None },
    ];
    let samples = (0..60).map(|row| row / 3).collect();
    TrainingData::new(features, names, targets, target_columns, samples).unwrap()
}

fn estimators() -> [AnyEstimator; 3] {
    let forest = RandomForest { trees: 5, ..RandomForest::default() };
    [Ridge { alpha: 0.3 }.into(), LeastSquares.into(), forest.into()]
}

fn folds() -> Vec<lapicque_inverse::Split> {
    let alone: Vec<usize> = (0..20).collect();
    let mut rank = |repeat: usize, sample: usize| ((sample * 7 + repeat) % 20) as u64;
    Validation::RepeatedKfold { folds: 4, repeats: 3 }.splits(&alone, &mut rank).unwrap()
}

fn prepared(standardized: bool) -> Preparation {
    if standardized { Preparation::standardized() } else { Preparation::none() }
}

#[test]
fn a_model_survives_json_bit_for_bit() {
    let data = data();
    for estimator in estimators() {
        for standardized in [false, true] {
            let validation = cross_validate(&data, &*estimator, &prepared(standardized), &folds(), &quiet()).unwrap();
            let model = train(&data, &estimator, &prepared(standardized), "catch22 v1", &quiet())
                .unwrap()
                .with_held_out_error(&data, &validation, &quiet())
                .unwrap();
            let read = Model::from_json(&model.to_json().unwrap()).unwrap();
            assert_eq!(read, model);
            let predictions = predict(&read, data.features(), data.feature_names()).unwrap();
            assert_eq!(predictions, predict(&model, data.features(), data.feature_names()).unwrap());
            if estimator.name() == "random_forest" {
                assert!(predictions.sd.column(1).iter().all(|sd| *sd == validation.pooled[1].mse.sqrt()));
            }
        }
    }
}

#[test]
fn a_model_file_reads_as_what_it_is() {
    let model = train(&data(), &estimators()[0], &Preparation::standardized(), "catch22 v1", &quiet()).unwrap();
    let json: serde_json::Value = serde_json::from_str(&model.to_json().unwrap()).unwrap();
    assert_eq!(json["format_version"], 3);
    assert_eq!(json["estimator"]["ridge"]["alpha"], 0.3);
    assert_eq!(json["feature_definitions"], "catch22 v1");
    assert_eq!(json["features"][1]["name"], "dfa");
    assert_eq!(json["dropped_features"][0]["name"], "mean");
    assert_eq!(json["dropped_features"][0]["value"], 2.5);
    assert_eq!(json["targets"][0]["unit"], "pA");
    assert_eq!(json["training_rows"], 60);
    assert_eq!(json["training_samples"], 20);
    assert_eq!(json["fitted"]["linear"]["coefficients"][1].as_array().unwrap().len(), 3);
}

#[test]
fn damage_to_a_model_is_named_by_field() {
    let models =
        estimators().map(|estimator| train(&data(), &estimator, &Preparation::standardized(), "v1", &quiet()).unwrap());
    let [ridge, _, forest] = models;
    let damaged = |model: &Model, pointer: &str, value: serde_json::Value| {
        let mut json: serde_json::Value = serde_json::from_str(&model.to_json().unwrap()).unwrap();
        *json.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value;
        Model::from_json(&json.to_string()).unwrap_err().to_string()
    };
    for (pointer, value, expected) in [
        ("/format_version", 4.into(), "`format_version` is 4; this version reads 1 to 3"),
        ("/format_version", 0.into(), "`format_version` is 0"),
        ("/leverage/rows", 0.into(), "`leverage.rows` is 0"),
        ("/leverage/centre", serde_json::json!([1.0]), "`leverage.whitening` has 6 values; a triangle of 1 rows"),
        ("/leverage/whitening", serde_json::json!([1.0]), "`leverage.whitening` has 1 values; a triangle of 3 rows"),
        ("/leverage/centre/1", serde_json::json!([1.0]), "`leverage.centre[1]` is a list; those before it are numbers"),
        ("/fitted/linear", serde_json::json!({"intercept": [1, 2]}), "`fitted.linear.coefficients` is missing"),
        ("/fitted", serde_json::json!({}), "`fitted` must have one entry"),
        ("/estimator", serde_json::json!({"random_forest": {}}), "`fitted.linear.seed` is not a whole number"),
        ("/fitted/linear/intercept/1", "x".into(), "`fitted.linear.intercept[1]` is \"x\"; it must be a number"),
        ("/held_out_leverage", (-1.0).into(), "`held_out_leverage` is -1"),
        ("/estimator/ridge/alpha", (-1.0).into(), "`alpha` of ridge is -1"),
        ("/features", serde_json::json!([]), "`features` is empty"),
        ("/targets", serde_json::json!([]), "`targets` is empty"),
        ("/features/1/name", "mode_5".into(), "`mode_5` is named twice"),
        ("/features/1/name", "mean".into(), "`mean` is named twice"),
        ("/features/0/scale", 0.into(), "`features.acf_timescale.scale` is 0"),
        ("/features/0/scale", serde_json::Value::Null, "`features.acf_timescale.scale` must be given"),
        ("/features/0/training_min", 1e9.into(), "`features.acf_timescale.training_min` is 1000000000, above"),
        ("/fitted/linear/intercept", serde_json::json!([1.0]), "`fitted.linear.intercept` has 1 entries"),
        (
            "/fitted/linear/coefficients/1",
            serde_json::json!([1.0]),
            "`fitted.linear.coefficients[1]` has 1 entries; those before it have 3",
        ),
        ("/held_out_rms_error", serde_json::json!([1.0]), "`held_out_rms_error` has 1 entries"),
        ("/held_out_rms_error", serde_json::json!([1.0, -1.0]), "`held_out_rms_error[1]` is -1"),
    ] {
        let message = damaged(&ridge, pointer, value);
        assert!(message.contains(expected), "{pointer}: {message}");
    }
    // Of five trees for each of two targets: the third of the second.
    let trees = forest.fitted.store().array("nodes_of_tree").unwrap().values.clone();
    let first = trees[..7].iter().sum::<f64>() as usize;
    let fitted = "/fitted/random_forest";
    for (place, value, expected) in [
        (format!("at_most/{first}"), 0.into(), "`fitted.random_forest[1].trees[2].at_most[0]` is 0"),
        (format!("above/{}", first + 1), 1.into(), "trees[2].above[1]` is 1; a child lies behind its parent"),
        (format!("above/{}", first + 1), u32::MAX.into(), "trees[2].above[1]` is 4294967295"),
        (format!("feature/{first}"), 3.into(), "trees[2].feature[0]` is 3; the model has 3 features"),
        (format!("feature/{first}"), 0.5.into(), "is 0.5; it must be a whole number from 0 to 4294967295"),
        ("threshold".to_owned(), serde_json::json!([]), "`fitted.random_forest.threshold` has 0 entries"),
        ("value".to_owned(), serde_json::json!([]), "`fitted.random_forest.value` has 0 entries"),
        ("nodes_of_tree/0".to_owned(), 0.into(), "entries; the trees have"),
        ("trees_of_target/0".to_owned(), 4.into(), "the targets have 9 trees"),
        ("seed".to_owned(), serde_json::Value::Null, "`fitted.random_forest.seed` is not a whole number"),
        ("more".to_owned(), 1.into(), "`fitted.random_forest.more` is not known here"),
    ] {
        let mut json: serde_json::Value = serde_json::from_str(&forest.to_json().unwrap()).unwrap();
        match json.pointer_mut(&format!("{fitted}/{place}")) {
            Some(found) => *found = value,
            None => json.pointer_mut(fitted).unwrap()[&place] = value,
        }
        let message = Model::from_json(&json.to_string()).unwrap_err().to_string();
        assert!(message.contains(expected), "{place}: {message}");
    }
    let mut not_finite = ridge;
    not_finite.features[2].mean = Some(f64::NAN);
    assert!(not_finite.check().unwrap_err().to_string().contains("`features.mode_5.mean` is NaN"));
}

#[test]
fn columns_are_found_by_name_and_the_training_range_is_known() {
    let data = data();
    for estimator in estimators() {
        let model = train(&data, &estimator, &Preparation::standardized(), "v1", &quiet()).unwrap();
        let straight = predict(&model, data.features(), data.feature_names()).unwrap();
        assert!(straight.outside_training.iter().all(|&part| part == 0.0));
        assert!(straight.sd.iter().all(|sd| sd.is_nan()));

        let reversed: Vec<String> = data.feature_names().iter().rev().cloned().collect();
        let turned = predict(&model, data.features().slice(s![.., ..;-1]), &reversed).unwrap();
        assert_eq!(turned.mean, straight.mean);

        let mut odd = data.features().to_owned();
        odd[[0, 0]] = 1e4;
        odd[[1, 2]] = f64::NAN;
        odd[[1, 3]] = -1e9;
        odd[[2, 1]] = 99.0;
        let odd = predict(&model, odd.view(), data.feature_names()).unwrap();
        assert_eq!(odd.outside_training[..4], [1.0 / 3.0, 2.0 / 3.0, 0.0, 0.0]);
        assert!(odd.mean.row(1).iter().all(|mean| mean.is_nan()));
        assert_eq!(odd.mean.row(2), straight.mean.row(2));

        let fewer = data.feature_names()[..3].to_vec();
        let missing = predict(&model, data.features().slice(s![.., ..3]), &fewer);
        assert!(matches!(missing, Err(InverseError::MissingFeature { name, .. }) if name == "mode_5"));
        let mut twice = data.feature_names().to_vec();
        twice[1] = "dfa".to_owned();
        let twice = predict(&model, data.features(), &twice);
        assert!(matches!(twice, Err(InverseError::DuplicateName { .. })));
        assert!(predict(&model, data.features(), &fewer).is_err());
        let nothing = predict(&model, data.features().slice(s![..0, ..]), data.feature_names());
        assert_eq!(nothing.unwrap().mean.dim(), (0, 2));
    }
}

#[test]
fn rows_of_a_sample_are_never_on_both_sides() {
    let data = data();
    let splits = folds();
    let validation = cross_validate(&data, &Ridge::default(), &Preparation::standardized(), &splits, &quiet()).unwrap();
    assert_eq!(validation.folds.len(), 12);
    assert_eq!((validation.metrics.len(), validation.pooled.len()), (24, 2));
    for (fold, split) in validation.folds.iter().zip(&splits) {
        assert_eq!(fold.dropped_features, ["mean"]);
        let expected: Vec<usize> =
            split.test_samples.iter().flat_map(|&sample| data.rows_of_sample(sample)).copied().collect();
        assert_eq!(fold.test_rows, expected);
    }
    let held_out: Vec<HeldOut> = validation.held_out(&data).collect();
    assert_eq!(held_out.len(), 60 * 2 * 3);
    let first = held_out[0];
    assert_eq!((first.repeat, first.fold, first.target), (0, 0, 0));
    assert_eq!(first.truth, data.targets()[[first.row, 0]]);
    let of_target = held_out.iter().filter(|prediction| prediction.target == 1);
    let squared: f64 = of_target.map(|p| (p.truth - p.predicted).powi(2)).sum();
    assert!((squared / 180.0 / validation.pooled[1].mse - 1.0).abs() < 1e-12);
}

#[test]
fn a_fold_is_fitted_on_the_other_samples_alone() {
    let data = data();
    let splits = explicit_folds(20, &[vec![vec![0, 7, 19]]]).unwrap();
    let keep: Vec<usize> = (0..60).filter(|row| ![0, 7, 19].contains(&(row / 3))).collect();
    let rest = TrainingData::new(
        data.features().select(ndarray::Axis(0), &keep),
        data.feature_names().to_vec(),
        data.targets().select(ndarray::Axis(0), &keep),
        data.target_columns().to_vec(),
        (0..keep.len()).collect(),
    )
    .unwrap();
    for estimator in estimators() {
        let validation = cross_validate(&data, &*estimator, &Preparation::standardized(), &splits, &quiet()).unwrap();
        let model = train(&rest, &estimator, &Preparation::standardized(), "v1", &quiet()).unwrap();
        let test = data.features().select(ndarray::Axis(0), &validation.folds[0].test_rows);
        let expected = predict(&model, test.view(), data.feature_names()).unwrap().mean;
        for (found, expected) in validation.folds[0].predicted.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-11 * expected.abs().max(1.0), "{estimator:?}");
        }
    }
}

#[test]
fn threads_change_no_bit() {
    let data = data();
    for estimator in estimators() {
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                cross_validate(&data, &*estimator, &Preparation::standardized(), &folds(), &quiet()).unwrap()
            })
        };
        assert_eq!(on(1), on(3));
    }
}

#[test]
fn what_cannot_be_validated_is_said() {
    let data = data();
    let fit = |splits: &[lapicque_inverse::Split]| {
        cross_validate(&data, &Ridge::default(), &Preparation::standardized(), splits, &quiet())
    };
    assert!(matches!(fit(&[]), Err(InverseError::Shape { .. })));
    let mut split = folds()[0].clone();
    split.test_samples.push(20);
    assert!(matches!(fit(&[split]), Err(InverseError::Fold { .. })));
    let nearly_all = explicit_folds(20, &[vec![(1..20).collect()]]).unwrap();
    let error =
        cross_validate(&data, &LeastSquares as &dyn Estimator, &Preparation::standardized(), &nearly_all, &quiet())
            .unwrap_err();
    assert_eq!(error, InverseError::TooFewRows { estimator: "least_squares", needed: 4, found: 3 });
}

#[test]
fn a_dependent_feature_is_named() {
    let base = data();
    let mut features = base.features().to_owned();
    for mut row in features.rows_mut() {
        row[3] = row[0] - 2.0 * row[2];
    }
    let data = TrainingData::new(
        features,
        base.feature_names().to_vec(),
        base.targets().to_owned(),
        base.target_columns().to_vec(),
        base.sample_of_row().to_vec(),
    )
    .unwrap();
    let error = train(&data, &LeastSquares.into(), &Preparation::none(), "v1", &quiet()).unwrap_err();
    assert_eq!(error, InverseError::DependentFeature { name: "mode_5".to_owned() });
    let ridge = train(&data, &Ridge { alpha: 0.0 }.into(), &Preparation::standardized(), "v1", &quiet()).unwrap();
    assert!(predict(&ridge, data.features(), data.feature_names()).unwrap().mean.iter().all(|m| m.is_finite()));
}

#[test]
fn configurations_read_as_documented() {
    let read = |text: &str| serde_json::from_str::<AnyEstimator>(text);
    assert_eq!(read(r#"{"ridge": {"alpha": 2.0}}"#).unwrap(), Ridge { alpha: 2.0 }.into());
    let forest = RandomForest { trees: 7, ..RandomForest::default() };
    assert_eq!(read(r#"{"random_forest": {"trees": 7}}"#).unwrap(), forest.into());
    assert_eq!(read(r#""least_squares""#).unwrap(), LeastSquares.into());
    assert!(read(r#"{"ridge": {"lambda": 2.0}}"#).is_err());
    let unknown = read(r#"{"rigde": {}}"#).unwrap_err().to_string();
    assert!(unknown.contains("`ridge`, `least_squares`, `lasso`, `elastic_net`, `random_forest`"), "{unknown}");
    let scheme: Validation =
        serde_json::from_str(r#"{"shuffle_split": {"repeats": 200, "test_fraction": 0.1}}"#).unwrap();
    assert_eq!(scheme, Validation::ShuffleSplit { repeats: 200, test_fraction: 0.1 });
}
