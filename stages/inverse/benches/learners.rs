//! Estimators on 20,000 rows, 22 features -> 7 targets. `tests/golden/regression/time_scikit_learn.py` times scikit-learn on the same.
#![allow(clippy::unwrap_used)]

use lapicque_inverse::estimators::{AnyEstimator, FitContext, Fitted};
use lapicque_inverse::{
    ElasticNet, ExtraTrees, GaussianProcess, GradientBoosting, KNearestNeighbours, Lasso, RandomForest, SupportVector,
};
use lapicque_numerics::random::{Generator, StreamKey};
use ndarray::{Array2, s};

const ROWS: usize = 20_000;

fn main() {
    divan::main();
}

/// Normal features; targets that saturate, with noise.
fn data() -> (Array2<f64>, Array2<f64>) {
    let key = StreamKey::new([1; 16]);
    let normal = |shape: (usize, usize), index: u64| {
        let mut random: Generator = key.at(index);
        Array2::from_shape_simple_fn(shape, || random.normal())
    };
    let (features, weights, noise) = (normal((ROWS, 22), 0), normal((22, 7), 1), normal((ROWS, 7), 2));
    let targets = (features.dot(&weights) / 4.0).mapv(f64::tanh) + 0.3 * noise;
    (features, targets)
}

fn fit(estimator: &AnyEstimator, rows: usize) -> Box<dyn Fitted> {
    let (features, targets) = data();
    let context = FitContext::unwatched(StreamKey::new([7; 16]));
    estimator.fit(features.slice(s![..rows, ..]), targets.slice(s![..rows, ..]), &context).unwrap()
}

#[divan::bench(sample_count = 1, sample_size = 1)]
fn random_forest_of_100() -> Box<dyn Fitted> {
    fit(&RandomForest::default().into(), ROWS)
}

#[divan::bench(sample_count = 1, sample_size = 1)]
fn extra_trees_of_100() -> Box<dyn Fitted> {
    fit(&ExtraTrees::default().into(), ROWS)
}

#[divan::bench(sample_count = 1, sample_size = 1)]
fn boosting_of_100() -> Box<dyn Fitted> {
    fit(&GradientBoosting::default().into(), ROWS)
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn neighbours_of_20000_rows(bencher: divan::Bencher<'_, '_>) {
    let fitted = fit(&KNearestNeighbours::default().into(), ROWS);
    let (features, _) = data();
    bencher.bench(|| fitted.predict(features.view()));
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn elastic_net() -> Box<dyn Fitted> {
    fit(&ElasticNet { alpha: 0.01, ..ElasticNet::default() }.into(), ROWS)
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn lasso() -> Box<dyn Fitted> {
    fit(&Lasso { alpha: 0.01, ..Lasso::default() }.into(), ROWS)
}

#[divan::bench(sample_count = 1, sample_size = 1)]
fn support_vectors_of_4000_rows() -> Box<dyn Fitted> {
    fit(&SupportVector::default().into(), 4000)
}

#[divan::bench(sample_count = 1, sample_size = 1)]
fn gaussian_process_of_500_rows_and_one_target() -> Box<dyn Fitted> {
    let (features, targets) = data();
    let context = FitContext::unwatched(StreamKey::new([7; 16]));
    let process = AnyEstimator::from(GaussianProcess { starts: 1, ..GaussianProcess::default() });
    process.fit(features.slice(s![..500, ..]), targets.slice(s![..500, ..1]), &context).unwrap()
}
