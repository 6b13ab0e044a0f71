use std::sync::atomic::{AtomicUsize, Ordering};

use lapicque_numerics::random::Generator;
use ndarray::{array, s};

use super::*;
use crate::Prior;

/// One value, normal with the context as mean and this standard deviation; counts its draws.
#[derive(Debug)]
struct Normal {
    sd: f64,
    drawn: AtomicUsize,
}

impl ConditionalDensity for Normal {
    fn value_count(&self) -> usize {
        1
    }

    fn context_count(&self) -> usize {
        1
    }

    fn log_density(&self, values: ArrayView2<'_, f64>, contexts: ArrayView2<'_, f64>) -> Vec<f64> {
        let of = |value: &f64| {
            let z = (value - contexts[[0, 0]]) / self.sd;
            -z * z / 2.0 - LOG_SQRT_TWO_PI - self.sd.ln()
        };
        values.iter().map(of).collect()
    }

    fn draw(&self, context: &[f64], count: usize, generator: &mut Generator) -> Array2<f64> {
        self.drawn.fetch_add(count, Ordering::Relaxed);
        Array2::from_shape_simple_fn((count, 1), || context[0] + self.sd * generator.normal())
    }
}

fn posterior(sd: f64, prior: Prior, space: Space) -> (DensityPosterior, Arc<Normal>) {
    let density = Arc::new(Normal { sd, drawn: AtomicUsize::new(0) });
    let prior = JointPrior::new(vec![prior]).unwrap();
    (DensityPosterior { density: density.clone(), prior, space }, density)
}

fn key() -> StreamKey {
    StreamKey::new([4; 16])
}

fn below(z: f64) -> f64 {
    Prior::Normal { mean: 0.0, sd: 1.0 }.cdf(z)
}

#[test]
fn a_density_that_leaks_is_cut_off_and_normalized_by_what_lies_within() {
    let (posterior, _) = posterior(1.0, Prior::Uniform { low: 0.0, high: 2.0 }, Space::Raw);
    let draws = posterior.draw(&[0.0], 20_000, key()).unwrap();
    assert!(draws.values.iter().all(|value| (0.0..=2.0).contains(value)));
    // The mean of a normal variable between 0 and 2, and the part of the density there.
    let part = below(2.0) - 0.5;
    let mean = (1.0 - (-2.0f64).exp()) / (2.0 * std::f64::consts::PI).sqrt() / part;
    assert!((draws.values.mean().unwrap() - mean).abs() < 0.015);
    let found = posterior.log_density(&[0.0], array![[0.5], [-0.1], [2.1], [f64::NAN]].view()).unwrap();
    let expected = -0.125 - LOG_SQRT_TWO_PI - part.ln();
    // 10,000 draws tell the part to 1 %.
    assert!((found[0] - expected).abs() < 0.04, "{found:?}");
    assert_eq!(found[1..3], [f64::NEG_INFINITY; 2]);
    assert!(found[3].is_nan());
    let fewer = posterior.draw(&[0.0], 123, key()).unwrap();
    assert_eq!(draws.values.slice(s![..123, ..]), fewer.values);
}

#[test]
fn drawing_ends_with_a_reason_where_next_to_nothing_lies_within_the_prior() {
    let (far, density) = posterior(0.1, Prior::Uniform { low: 0.0, high: 1.0 }, Space::Raw);
    let error = far.draw(&[3.0], 1000, key()).unwrap_err();
    assert!(matches!(error, InverseError::LittleMass { accepted: 0, .. }), "{error}");
    assert!(error.to_string().contains("0 of 100096 draws"), "{error}");
    assert!(density.drawn.load(Ordering::Relaxed) < 120_000);
    assert!(matches!(far.log_density(&[3.0], array![[0.5]].view()), Err(InverseError::LittleMass { .. })));
    // One in 200 is enough: it takes its time, and ends.
    let (near, _) = posterior(1.0, Prior::Uniform { low: 2.6, high: 9.0 }, Space::Raw);
    assert_eq!(near.draw(&[0.0], 700, key()).unwrap().values.nrows(), 700);
    // In the unbounded space the same density lies within the prior, at its bound.
    let (unbounded, density) = posterior(0.1, Prior::Uniform { low: 0.0, high: 1.0 }, Space::Unbounded);
    let draws = unbounded.draw(&[3.0], 1000, key()).unwrap();
    assert!(draws.values.iter().all(|value| (0.99..=1.0).contains(value)));
    assert_eq!(density.drawn.load(Ordering::Relaxed), 1024);
}

#[test]
fn a_density_of_a_few_draws_costs_no_more_than_they_need() {
    let (far, density) = posterior(1.0, Prior::Uniform { low: 0.0, high: 1.0 }, Space::Raw);
    far.draw(&[0.5], 0, key()).unwrap();
    // Nothing but what tells the part within.
    assert!(density.drawn.load(Ordering::Relaxed) <= NORMALIZING_DRAWS + LOT);
}

#[test]
fn the_unbounded_density_is_that_of_the_map_of_the_prior() {
    for prior in [
        Prior::Uniform { low: -1.0, high: 4.0 },
        Prior::Lognormal { median: 2.0, log_sd: 0.5 },
        Prior::Normal { mean: 1.0, sd: 3.0 },
        Prior::Tabulated { edges: vec![0.0, 1.0, 2.0, 5.0], weights: vec![1.0, 0.0, 2.0] },
    ] {
        let (posterior, _) = posterior(0.6, prior.clone(), Space::Unbounded);
        let draws = posterior.draw(&[0.4], 20_000, key()).unwrap();
        assert!(draws.values.iter().all(|value| prior.contains(*value)), "{prior:?}");
        // The integral of the density up to a value is the part of draws, and of z, up to it.
        let (low, high) = (prior.from_normal(-4.0), prior.from_normal(0.7));
        let steps = 40_000;
        let width = (high - low) / f64::from(steps);
        let points = Array2::from_shape_fn((steps as usize, 1), |(step, _)| low + (step as f64 + 0.5) * width);
        let sum: f64 = posterior.log_density(&[0.4], points.view()).unwrap().iter().map(|log| log.exp() * width).sum();
        let expected = below((0.7 - 0.4) / 0.6);
        assert!((sum - expected).abs() < 2e-3, "{prior:?}: {sum} {expected}");
        let part = draws.values.iter().filter(|value| **value < high).count() as f64 / 2e4;
        assert!((part - expected).abs() < 0.012, "{prior:?}: {part}");
    }
}

#[test]
fn a_posterior_that_knows_no_more_than_the_prior_is_the_prior() {
    let prior = Prior::Uniform { low: 2.0, high: 6.0 };
    let (posterior, _) = posterior(1.0, prior.clone(), Space::Unbounded);
    let logs = posterior.log_density(&[0.0], array![[2.0], [2.001], [4.0], [5.999], [6.0]].view()).unwrap();
    assert!(logs.iter().all(|log| (log - 0.25f64.ln()).abs() < 1e-12), "{logs:?}");
}
