//! Posteriors beside the analytic answer of a linear Gaussian problem, and where they may lie.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "posterior/problems.rs"]
mod problems;

use lapicque_density::{DensityKind, MaskedAutoregressiveFlow, MixtureDensityNetwork, NeuralSplineFlow, Training};
use lapicque_inverse::estimators::{Abc, AbcMethod, Nle, Npe};
use lapicque_inverse::{Estimator, FitContext, Fitted, InverseError, Prior, Space};
use ndarray::{Array2, array};

use problems::{LinearGaussian, key, moments};

fn long() -> bool {
    std::env::var("LAPICQUE_LONG_TESTS").is_ok_and(|value| value == "1")
}

fn mdn() -> DensityKind {
    DensityKind::Mdn(MixtureDensityNetwork { components: 2, hidden: vec![20] })
}

fn fit(estimator: &dyn Estimator, problem: &LinearGaussian, rows: usize, seed: u8) -> Box<dyn Fitted> {
    let (features, targets) = problem.samples(rows, seed);
    let context = FitContext { priors: &problem.priors(), ..FitContext::unwatched(key(seed)) };
    estimator.fit(features.view(), targets.view(), &context).unwrap()
}

/// Draws for some observations: the mean within so many standard deviations of the analytic one, the covariance within a part of it.
fn check_moments(name: &str, fitted: &dyn Fitted, problem: &LinearGaussian, (of_mean, of_spread): (f64, f64)) {
    let posterior = fitted.posterior().unwrap();
    let (features, _) = problem.samples(6, 77);
    for row in features.rows() {
        let row = row.to_vec();
        let draws = posterior.draw(&row, 20_000, key(5)).unwrap();
        let (mean, spread) = moments(&draws.values);
        let (true_mean, true_spread) = problem.posterior(&row);
        for i in 0..2 {
            let error = (mean[i] - true_mean[i]) / true_spread[[i, i]].sqrt();
            assert!(error.abs() < of_mean, "{name}: mean {i} is {error} s.d. off");
            for j in 0..2 {
                let unit = (true_spread[[i, i]] * true_spread[[j, j]]).sqrt();
                let error = (spread[[i, j]] - true_spread[[i, j]]) / unit;
                assert!(error.abs() < of_spread, "{name}: covariance {i}, {j} is {error} off");
            }
        }
    }
}

#[test]
fn the_analytic_posterior_is_recovered_by_densities_of_targets() {
    let problem = LinearGaussian::of_normal_prior();
    let training = Training { learning_rate: 2e-3, batch: 500, patience: 20, max_epochs: 150, ..Training::default() };
    let npe = Npe { density: mdn(), training: training.clone(), ..Npe::default() };
    check_moments("mdn", &*fit(&npe, &problem, 20_000, 1), &problem, (0.08, 0.15));
    if long() {
        let training = Training::default();
        let kinds = [
            mdn(),
            DensityKind::Maf(MaskedAutoregressiveFlow::default()),
            DensityKind::Nsf(NeuralSplineFlow::default()),
        ];
        for density in kinds {
            let name = density.name();
            let npe = Npe { density, training: training.clone(), ..Npe::default() };
            check_moments(name, &*fit(&npe, &problem, 50_000, 1), &problem, (0.05, 0.1));
        }
    }
}
