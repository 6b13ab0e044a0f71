use std::sync::Arc;

use lapicque_density::ConditionalDensity;
use lapicque_numerics::random::Generator;
use ndarray::{Array2, ArrayView2, array};

use super::*;
use crate::{DensityPosterior, Prior, Space};

/// Normal, with a standard deviation for all values and the context as mean.
#[derive(Debug)]
struct Narrow(f64);

impl ConditionalDensity for Narrow {
    fn value_count(&self) -> usize {
        2
    }

    fn context_count(&self) -> usize {
        2
    }

    fn log_density(&self, values: ArrayView2<'_, f64>, contexts: ArrayView2<'_, f64>) -> Vec<f64> {
        let constant = 2.0 * (self.0.ln() + 0.5 * (2.0 * std::f64::consts::PI).ln());
        let of = |row: usize| {
            let part = |c: usize| ((values[[row, c]] - contexts[[row.min(contexts.nrows() - 1), c]]) / self.0).powi(2);
            -0.5 * (part(0) + part(1)) - constant
        };
        (0..values.nrows()).map(of).collect()
    }

    fn draw(&self, context: &[f64], count: usize, generator: &mut Generator) -> Array2<f64> {
        Array2::from_shape_fn((count, 2), |(_, c)| context[c] + self.0 * generator.normal())
    }
}

fn prior() -> JointPrior {
    JointPrior::new(vec![Prior::Uniform { low: -1.0, high: 1.0 }, Prior::Uniform { low: -2.0, high: 2.0 }]).unwrap()
}

fn posterior(sd: f64) -> DensityPosterior {
    DensityPosterior { density: Arc::new(Narrow(sd)), prior: prior(), space: Space::Raw }
}

fn key(number: u8) -> StreamKey {
    StreamKey::new([number; 16])
}

#[test]
fn the_threshold_is_the_quantile_that_a_normal_density_has() {
    let found = truncation_threshold(&posterior(0.1), &[0.0, 0.0], 0.01, 40_000, key(1)).unwrap();
    // ln q at the radius that one in a hundred exceeds: r^2 / 2 = ln 100.
    let expected = -(2.0 * std::f64::consts::PI * 0.01f64).ln() - 100f64.ln();
    assert!((found - expected).abs() < 0.1, "{found} {expected}");
}

#[test]
fn draws_are_those_of_the_prior_within_the_region() {
    let posterior = posterior(0.2);
    // A disc of radius 0.6, of which the prior covers all.
    let threshold = posterior.log_density(&[0.0, 0.0], array![[0.6, 0.0]].view()).unwrap()[0];
    let draws = draw_truncated(&prior(), &posterior, &[0.0, 0.0], threshold, 4000, key(2)).unwrap();
    let area = std::f64::consts::PI * 0.36 / 8.0;
    assert!(!draws.resampled && (draws.part_of_prior - area).abs() < 0.01, "{}", draws.part_of_prior);
    let radii: Vec<f64> = draws.values.rows().into_iter().map(|row| row[0].hypot(row[1])).collect();
    assert!(radii.iter().all(|radius| *radius <= 0.6 + 1e-12));
    let half = radii.iter().filter(|radius| **radius < 0.6 / 2f64.sqrt()).count();
    assert!((1850..2150).contains(&half), "uniform over the disc: {half} of 4000 in its inner half");
}

#[test]
fn a_small_region_is_reached_by_resampling_and_stays_as_flat_as_the_prior() {
    let posterior = posterior(0.01);
    let threshold = truncation_threshold(&posterior, &[0.5, 0.5], 1e-4, 20_000, key(1)).unwrap();
    let draws = draw_truncated(&prior(), &posterior, &[0.5, 0.5], threshold, 1000, key(3)).unwrap();
    assert!(draws.resampled && draws.part_of_prior < 0.001);
    let radius = |row: ndarray::ArrayView1<'_, f64>| (row[0] - 0.5).hypot(row[1] - 0.5);
    let radii: Vec<f64> = draws.values.rows().into_iter().map(radius).collect();
    let most = 0.01 * (2.0 * 1e4f64.ln()).sqrt() * 1.1;
    assert!(radii.iter().all(|radius| *radius < most));
    // Wider than the posterior, whose mean radius is 0.0125: its tails count as much as its middle.
    assert!(radii.iter().sum::<f64>() / 1e3 > 0.02, "{}", radii.iter().sum::<f64>() / 1e3);
}

#[test]
fn sets_of_draws_disagree_by_their_shift_in_standard_deviations() {
    let mut generator = key(4).stream("normal", 0);
    let values = Array2::from_shape_simple_fn((4000, 2), || generator.normal());
    let draws = |values: Array2<f64>| Draws { log_density: vec![0.0; values.nrows()], values };
    let other = Array2::from_shape_simple_fn((3000, 2), || generator.normal());
    let first = draws(values.clone());
    assert_eq!(disagreement(&first, &first), 0.0);
    assert!(disagreement(&draws(other), &first) < 0.05);
    assert!((disagreement(&draws(&values + 0.5), &first) - 0.5).abs() < 0.02);
    assert!((disagreement(&draws(&values * 3.0), &draws(&values * 3.0 + 3.0)) - 1.0).abs() < 0.05);
    assert!(disagreement(&draws(Array2::zeros((0, 2))), &first).is_nan());
    // By hand: quantile functions 0, 1 and 0, 3, 6 differ by 0, 2 (from 1/3 to 1/2: 3 - 0), ...
    assert!((wasserstein(&[0.0, 1.0], &[0.0, 3.0, 6.0]) - (0.0 + 3.0 / 6.0 + 2.0 / 6.0 + 5.0 / 3.0)).abs() < 1e-12);
}
