//! A conditional that is known in closed form is found by each density.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use lapicque_density::{ConditionalDensity, DensityKind, Training, Watch, train_density};
use lapicque_numerics::random::StreamKey;
use ndarray::{Array2, Axis, array};

fn key(number: u8) -> StreamKey {
    StreamKey::new([number; 16])
}

/// Two correlated values, v0 ~ N(0, 1) and v1 = v0 / 2 + N(0, 1), in units of 1000 and 0.001, seen through x = v + noise of s.d. 0.5, beside a column that
/// says nothing.
fn simulations(rows: usize) -> (Array2<f64>, Array2<f64>) {
    let mut generator = key(1).stream("rows", 0);
    let (mut values, mut contexts) = (Array2::zeros((rows, 2)), Array2::zeros((rows, 3)));
    for row in 0..rows {
        let first = generator.normal();
        let of_row = [first, 0.5 * first + generator.normal()];
        for column in 0..2 {
            values[[row, column]] = of_row[column] * [1000.0, 0.001][column];
            contexts[[row, column]] = of_row[column] + 0.5 * generator.normal();
        }
        contexts[[row, 2]] = 7.0;
    }
    (values, contexts)
}

/// How far the posterior may be from the exact one.
struct Allowed {
    /// Of means, in standard deviations.
    worst: f64,
    mean: f64,
    /// Of covariances, as parts of the first variance.
    covariance: f64,
    /// Of the loss of 4000 new simulations, whose own scatter is 0.016, from the least there can be.
    loss: f64,
}

/// What 4000 simulations know.
const OF_FEW: Allowed = Allowed { worst: 0.25, mean: 0.12, covariance: 0.2, loss: 0.05 };

fn recovers(kind: &DensityKind, simulated: usize, training: &Training, allowed: &Allowed) {
    let (values, contexts) = simulations(simulated);
    let trained = train_density(kind, training, values.view(), contexts.view(), key(2), Watch::nobody()).unwrap();
    // The posterior's precision: that of the prior, [[1.25, -0.5], [-0.5, 1]], plus 4 on the diagonal; its mean is its inverse times 4 x.
    let (a, b, d) = (5.25, -0.5, 5.0);
    let determinant = a * d - b * b;
    let covariance = [[d / determinant, -b / determinant], [-b / determinant, a / determinant]];
    let (mut mean_errors, mut worst) = (0.0, 0.0f64);
    for (number, x) in [[1.0, -0.5], [-1.5, 0.3], [0.2, 1.4]].into_iter().enumerate() {
        let mut generator = key(3).stream("draws", number as u64);
        let mut draws = trained.density.draw(&[x[0], x[1], 7.0], 20_000, &mut generator);
        draws *= &array![[0.001, 1000.0]];
        let mean = draws.mean_axis(Axis(0)).unwrap();
        let centred = &draws - &mean;
        let found = centred.t().dot(&centred) / draws.nrows() as f64;
        for row in 0..2 {
            let right = 4.0 * (covariance[row][0] * x[0] + covariance[row][1] * x[1]);
            let spread = covariance[row][row].sqrt();
            worst = worst.max(((mean[row] - right) / spread).abs());
            mean_errors += ((mean[row] - right) / spread).abs() / 6.0;
            for column in 0..2 {
                let error = (found[[row, column]] - covariance[row][column]) / covariance[0][0];
                assert!(error.abs() < allowed.covariance, "{kind:?}, {x:?}: covariance {found}");
            }
        }
    }
    eprintln!("{kind:?}: means {worst:.3} s.d. off at worst, {mean_errors:.3} on average");
    assert!(worst < allowed.worst && mean_errors < allowed.mean, "{kind:?}: {worst} {mean_errors}");
    let (new_values, new_contexts) = simulations(simulated + 4000);
    let (new_values, new_contexts) =
        (new_values.slice(ndarray::s![simulated.., ..]), new_contexts.slice(ndarray::s![simulated.., ..]));
    let found = -trained.density.log_density(new_values, new_contexts).iter().sum::<f64>() / 4000.0;
    let tau = 2.0 * std::f64::consts::PI;
    let entropy = 1.0 + tau.ln() - 0.5 * determinant.ln();
    assert!((found - entropy).abs() < allowed.loss, "{kind:?}: {found} {entropy}");
}

#[test]
fn a_mixture_density_network_recovers_it() {
    recovers(&DensityKind::Mdn(Default::default()), 4000, &as_sbi(), &OF_FEW);
}

#[test]
fn a_masked_autoregressive_flow_recovers_it() {
    recovers(&DensityKind::Maf(Default::default()), 4000, &as_sbi(), &OF_FEW);
}

#[test]
fn a_neural_spline_flow_recovers_it() {
    recovers(&DensityKind::Nsf(Default::default()), 4000, &as_sbi(), &OF_FEW);
}

/// An ensemble on 20,000 simulations; where `LAPICQUE_TRAINING_TESTS` is 1: a minute.
#[test]
fn ensembles_come_close_where_there_are_many_simulations() {
    if std::env::var("LAPICQUE_TRAINING_TESTS").as_deref() != Ok("1") {
        eprintln!("skipped: ensembles are trained where LAPICQUE_TRAINING_TESTS is 1");
        return;
    }
    let training = Training { members: 5, ..as_sbi() };
    let allowed = Allowed { worst: 0.05, mean: 0.03, covariance: 0.1, loss: 0.05 };
    recovers(&DensityKind::Maf(Default::default()), 20_000, &training, &allowed);
}

/// One network, trained as sbi 0.27 does by default.
fn as_sbi() -> Training {
    Training { batch: 200, members: 1, ..Training::default() }
}
