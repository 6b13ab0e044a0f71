//! Ridge as the field trains it: 5 penalties x 10 folds x 20 repeats on 20,000 rows, 22 features -> 7 targets, and prediction of 20,000 rows.
#![allow(clippy::unwrap_used)]

use lapicque_inverse::selection::{Kept, Score, compare, train_on_folds};
use lapicque_inverse::{
    AnyEstimator, FitContext, Preparation, Ridge, Split, Target, TrainingData, Validation, cross_validate, predict,
    train,
};
use lapicque_numerics::random::StreamKey;
use ndarray::Array2;

const ROWS: usize = 20_000;

fn main() {
    divan::main();
}

/// A linear congruential generator (Knuth, TAOCP 2, 3.3.4): good enough for timing.
fn numbers(mut state: u64) -> impl FnMut() -> f64 {
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5
    }
}

fn data() -> TrainingData {
    let mut draw = numbers(1);
    let features = Array2::from_shape_simple_fn((ROWS, 22), &mut draw);
    let weights = Array2::from_shape_simple_fn((22, 7), &mut draw);
    let targets = features.dot(&weights) + Array2::from_shape_simple_fn((ROWS, 7), &mut draw);
    let names = (0..22).map(|i| format!("f{i}")).collect();
    let target_columns = (0..7).map(|i| Target { name: format!("theta{i}"), unit: None, prior: None }).collect();
    TrainingData::new(features, names, targets, target_columns, (0..ROWS).collect()).unwrap()
}

fn quiet() -> FitContext<'static> {
    FitContext::unwatched(StreamKey::new([7; 16]))
}

fn splits() -> Vec<Split> {
    let mut draw = numbers(2);
    let mut draw = move || draw().to_bits();
    let scheme = Validation::RepeatedKfold { folds: 10, repeats: 20 };
    let alone: Vec<usize> = (0..ROWS).collect();
    scheme.splits(&alone, &mut |_, _| draw()).unwrap()
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn five_penalties_ten_folds_twenty_repeats(bencher: divan::Bencher<'_, '_>) {
    let (data, splits) = (data(), splits());
    bencher.bench(|| {
        [0.01, 0.1, 1.0, 10.0, 100.0].map(|alpha| {
            let validation = cross_validate(&data, &Ridge { alpha }, &Preparation::none(), &splits, &quiet()).unwrap();
            validation.pooled[0].mse
        })
    });
}

/// The same as a search.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn the_same_as_a_search(bencher: divan::Bencher<'_, '_>) {
    let (data, splits) = (data(), splits());
    let candidates: Vec<AnyEstimator> =
        [0.01, 0.1, 1.0, 10.0, 100.0].map(|alpha| AnyEstimator::from(Ridge { alpha })).to_vec();
    let preparation = Preparation::standardized();
    bencher.bench(|| compare(&data, &candidates, &preparation, &splits, Score::default(), &quiet()).unwrap());
}

/// The model of all two hundred fits.
#[divan::bench(sample_count = 20)]
fn an_ensemble_predicts_all_rows(bencher: divan::Bencher<'_, '_>) {
    let (data, splits) = (data(), splits());
    let estimator = AnyEstimator::from(Ridge { alpha: 1.0 });
    let preparation = Preparation::standardized();
    let (model, _) = train_on_folds(&data, &estimator, &preparation, &splits, Kept::All, "none", &quiet()).unwrap();
    bencher.bench(|| predict(&model, data.features(), data.feature_names()).unwrap());
}

#[divan::bench(sample_count = 20)]
fn one_fit(bencher: divan::Bencher<'_, '_>) {
    let data = data();
    let estimator = AnyEstimator::from(Ridge { alpha: 1.0 });
    bencher.bench(|| train(&data, &estimator, &Preparation::standardized(), "none", &quiet()).unwrap());
}

#[divan::bench(sample_count = 20)]
fn predict_all_rows(bencher: divan::Bencher<'_, '_>) {
    let data = data();
    let estimator = AnyEstimator::from(Ridge { alpha: 1.0 });
    let model = train(&data, &estimator, &Preparation::standardized(), "none", &quiet()).unwrap();
    bencher.bench(|| predict(&model, data.features(), data.feature_names()).unwrap());
}
