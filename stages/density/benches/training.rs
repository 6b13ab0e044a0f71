//! Trainings as the field runs them: epochs of flows on 10,000 two-moons simulations in batches of 200, 10 % set aside; 100 epochs of a regression of 20,000 rows
//! with 22 features and 7 targets. One network, so one thread.
#![allow(clippy::unwrap_used)]

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use lapicque_density::{
    ConditionalDensity, Density, DensityKind, RegressionSettings, Training, Watch, train_density, train_regression,
};
use lapicque_numerics::random::StreamKey;
use ndarray::Array2;

fn main() {
    divan::main();
}

fn key() -> StreamKey {
    StreamKey::new([7; 16])
}

/// Parameters and data of the benchmark's task (Greenberg et al. 2019).
fn two_moons(rows: usize) -> (Array2<f64>, Array2<f64>) {
    let mut generator = key().stream("two moons", 0);
    let (mut theta, mut x) = (Array2::zeros((rows, 2)), Array2::zeros((rows, 2)));
    for row in 0..rows {
        let [a, b] = [(); 2].map(|()| 2.0 * generator.uniform() - 1.0);
        let (angle, radius) = (PI * (generator.uniform() - 0.5), 0.1 + 0.01 * generator.normal());
        theta[[row, 0]] = a;
        theta[[row, 1]] = b;
        x[[row, 0]] = radius * angle.cos() + 0.25 - (a + b).abs() * FRAC_1_SQRT_2;
        x[[row, 1]] = radius * angle.sin() + (b - a) * FRAC_1_SQRT_2;
    }
    (theta, x)
}

fn density(kind: &DensityKind, epochs: usize) -> Density {
    let (theta, x) = two_moons(10_000);
    let training = Training { max_epochs: epochs, ..as_sbi() };
    train_density(kind, &training, theta.view(), x.view(), key(), Watch::nobody()).unwrap().density
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn ten_epochs_of_a_masked_autoregressive_flow(bencher: divan::Bencher<'_, '_>) {
    bencher.bench(|| density(&DensityKind::Maf(Default::default()), 10));
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn ten_epochs_of_a_neural_spline_flow(bencher: divan::Bencher<'_, '_>) {
    bencher.bench(|| density(&DensityKind::Nsf(Default::default()), 10));
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn ten_epochs_of_a_mixture_density_network(bencher: divan::Bencher<'_, '_>) {
    bencher.bench(|| density(&DensityKind::Mdn(Default::default()), 10));
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn ten_thousand_draws_of_a_neural_spline_flow(bencher: divan::Bencher<'_, '_>) {
    let trained = density(&DensityKind::Nsf(Default::default()), 1);
    bencher.bench(|| trained.draw(&[0.0, 0.0], 10_000, &mut key().stream("draws", 0)));
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn a_hundred_epochs_of_a_regression(bencher: divan::Bencher<'_, '_>) {
    let mut generator = key().stream("rows", 0);
    let features = Array2::from_shape_simple_fn((20_000, 22), || generator.normal());
    let weights = Array2::from_shape_simple_fn((22, 7), || generator.normal());
    let mut targets = features.dot(&weights).mapv(|value| (0.3 * value).tanh());
    targets.mapv_inplace(|value| value + 0.1 * generator.normal());
    let settings = RegressionSettings { max_epochs: 100, tolerance: 0.0, patience: 1000, ..Default::default() };
    bencher.bench(|| {
        train_regression(&settings, features.view(), targets.view(), key(), Watch::nobody()).unwrap().1.len()
    });
}

/// One network, trained as sbi 0.27 does by default.
fn as_sbi() -> Training {
    Training { batch: 200, members: 1, ..Training::default() }
}
