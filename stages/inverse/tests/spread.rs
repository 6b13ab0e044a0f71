//! The standard deviation of a prediction: the held-out error amid the training rows, more outside, or nothing where nothing is known.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_inverse::{
    AnyEstimator, FitContext, LeastSquares, Model, Preparation, RandomForest, Ridge, Target, TrainingData, Validation,
    cross_validate, predict, train,
};
use lapicque_numerics::random::StreamKey;
use ndarray::{Array2, array};

fn quiet() -> FitContext<'static> {
    FitContext::unwatched(StreamKey::new([7; 16]))
}

/// Numbers in (-0.5, 0.5), by a linear congruential generator (Knuth, TAOCP 2, 3.3.4).
fn numbers(mut state: u64) -> impl FnMut() -> f64 {
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5
    }
}

const NOISE_SD: f64 = 0.2;
const WEIGHTS: [f64; 3] = [1.5, -2.0, 0.25];

fn law(row: &[f64]) -> f64 {
    4.0 + row.iter().zip(WEIGHTS).map(|(x, w)| x * w).sum::<f64>()
}

fn names() -> Vec<String> {
    ["a", "b", "c"].map(str::to_owned).to_vec()
}

/// Rows of three features about (1, 1, 1) and a linear law with noise; two rows a sample.
fn data(rows: usize, seed: u64) -> TrainingData {
    let mut draw = numbers(seed);
    let features = Array2::from_shape_simple_fn((rows, 3), || 1.0 + draw());
    // The sum of twelve uniform numbers has variance 1.
    let mut noise = || (0..12).map(|_| draw()).sum::<f64>() * NOISE_SD;
    let targets = Array2::from_shape_fn((rows, 1), |(row, _)| law(&features.row(row).to_vec()) + noise());
    let target = Target { name: "theta".to_owned(), unit: None, prior: None };
    TrainingData::new(features, names(), targets, vec![target], (0..rows).map(|row| row / 2).collect()).unwrap()
}

fn validated(data: &TrainingData, estimator: &AnyEstimator, standardized: bool) -> (Model, f64) {
    let scheme = Validation::RepeatedKfold { folds: 5, repeats: 2 };
    let alone: Vec<usize> = (0..data.sample_count()).collect();
    let mut draw = numbers(9);
    let splits = scheme.splits(&alone, &mut |_, _| draw().to_bits()).unwrap();
    let validation = cross_validate(data, &**estimator, &prepared(standardized), &splits, &quiet()).unwrap();
    let model = train(data, estimator, &prepared(standardized), "v1", &quiet())
        .unwrap()
        .with_held_out_error(data, &validation, &quiet())
        .unwrap();
    (model, validation.pooled[0].mse.sqrt())
}

/// The error of predictions at a point, over many training sets of the same law.
fn error_at(point: [f64; 3], estimator: &AnyEstimator) -> (f64, f64) {
    let mut draw = numbers(77);
    let mut sum = 0.0;
    let mut claimed = 0.0;
    let repeats = 400;
    for seed in 0..repeats {
        let (model, _) = validated(&data(40, seed + 1), estimator, true);
        let predicted = predict(&model, array![point].view(), &names()).unwrap();
        let truth = law(&point) + (0..12).map(|_| draw()).sum::<f64>() * NOISE_SD;
        sum += (predicted.mean[[0, 0]] - truth).powi(2);
        claimed += predicted.sd[[0, 0]].powi(2);
    }
    ((sum / repeats as f64).sqrt(), (claimed / repeats as f64).sqrt())
}

fn prepared(standardized: bool) -> Preparation {
    if standardized { Preparation::standardized() } else { Preparation::none() }
}

#[test]
fn the_error_that_is_claimed_is_the_error_that_is_made() {
    // A root mean square of 400 errors scatters by 3.5 %; ridge is biased a little far away, least squares is not.
    for (point, tolerance) in [([1.0, 1.0, 1.0], 0.12), ([2.0, 0.5, 1.0], 0.12), ([4.0, -3.0, 5.0], 0.12)] {
        for estimator in [AnyEstimator::from(LeastSquares), Ridge { alpha: 1e-3 }.into()] {
            let (made, claimed) = error_at(point, &estimator);
            assert!((claimed / made - 1.0).abs() < tolerance, "{estimator:?} at {point:?}: {made}, claimed {claimed}");
        }
    }
}

#[test]
fn a_linear_model_knows_less_the_farther_away_it_is_asked() {
    let data = data(60, 3);
    for (estimator, standardized) in
        [(AnyEstimator::from(Ridge { alpha: 1.0 }), true), (LeastSquares.into(), false), (LeastSquares.into(), true)]
    {
        let (model, error) = validated(&data, &estimator, standardized);
        let amid = predict(&model, data.features(), &names()).unwrap();
        let mean = (amid.sd.iter().map(|sd| sd * sd).sum::<f64>() / 60.0).sqrt();
        // In-sample leverages are a little smaller than those of rows left out.
        assert!(mean < error && mean > 0.9 * error, "{mean} {error}");
        let away = Array2::from_shape_fn((6, 3), |(row, _)| 1.0 + 10f64.powi(row as i32 - 1));
        let away = predict(&model, away.view(), &names()).unwrap();
        for pair in away.sd.column(0).to_vec().windows(2) {
            assert!(pair[1] > pair[0], "{:?}", away.sd);
        }
        assert!(away.sd[[5, 0]] > 1e3 * error, "{:?}", away.sd);
        let undefined = predict(&model, array![[f64::NAN, 1.0, 1.0]].view(), &names()).unwrap();
        assert!(undefined.sd[[0, 0]].is_nan());
    }
    // With and without standardizing, least squares is one model.
    let sd = |standardized| {
        let (model, _) = validated(&data, &LeastSquares.into(), standardized);
        predict(&model, array![[7.0, 1.0, -2.0]].view(), &names()).unwrap().sd[[0, 0]]
    };
    assert!((sd(true) / sd(false) - 1.0).abs() < 1e-9);
}

#[test]
fn a_forest_claims_nothing_outside_the_training_range() {
    let data = data(60, 5);
    let forest = AnyEstimator::from(RandomForest { trees: 5, ..RandomForest::default() });
    let (model, error) = validated(&data, &forest, false);
    let predicted = predict(&model, array![[1.0, 1.0, 1.0], [1.0, 1.0, 1.6]].view(), &names()).unwrap();
    assert_eq!(predicted.sd[[0, 0]], error);
    assert!(predicted.sd[[1, 0]].is_nan() && predicted.mean[[1, 0]].is_finite());
    assert_eq!(predicted.outside_training, [0.0, 1.0 / 3.0]);
}

#[test]
fn where_leverage_is_unknown_so_is_the_error_outside() {
    let data = data(60, 6);
    let (model, error) = validated(&data, &Ridge::default().into(), true);
    let mut json: serde_json::Value = serde_json::from_str(&model.to_json().unwrap()).unwrap();
    let document = json.as_object_mut().unwrap();
    // As version 1 wrote it.
    document.insert("format_version".to_owned(), 1.into());
    document.remove("leverage").unwrap();
    document.remove("held_out_leverage").unwrap();
    let old = Model::from_json(&json.to_string()).unwrap();
    let rows = array![[1.0, 1.0, 1.0], [1.0, 1.0, 1.6]];
    let (old, new) = (predict(&old, rows.view(), &names()).unwrap(), predict(&model, rows.view(), &names()).unwrap());
    assert_eq!(old.mean, new.mean);
    assert!(old.sd[[0, 0]] == error && old.sd[[1, 0]].is_nan() && new.sd[[1, 0]] > error);

    // Two features that say the same.
    let features = Array2::from_shape_fn((60, 2), |(row, _)| data.features()[[row, 0]]);
    let twins = TrainingData::new(
        features,
        names()[..2].to_vec(),
        data.targets().to_owned(),
        data.target_columns().to_vec(),
        data.sample_of_row().to_vec(),
    )
    .unwrap();
    let (model, _) = validated(&twins, &Ridge { alpha: 0.0 }.into(), true);
    assert_eq!(model.leverage, None);
    let apart = predict(&model, array![[1.0, 1.0], [0.0, 2.0]].view(), &names()[..2]).unwrap();
    assert!(apart.sd[[0, 0]].is_finite() && apart.sd[[1, 0]].is_nan());
}
