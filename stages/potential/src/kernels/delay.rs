//! Conduction delays on the lag grid, and their convolution.
//!
//! A density is sampled at the lags and normalised to sum 1, as in LFPykernels. One that is narrower than a step (its
//! standard deviation is below it) would be met by chance only: there, each lag gets the share of the delays that are
//! nearest to it, as a simulation rounds them. A constant delay goes to the nearest lag, halves up
//! ([`TimeGrid::nearest_step`]).

use lapicque_network::{Distribution, Shape};
use lapicque_numerics::grid::TimeGrid;
use lapicque_numerics::special::quadrature::gauss_legendre;

use crate::kernels::{Connection, KernelError};

/// Densities below this share of the largest change no digit of a kernel.
const NEGLIGIBLE: f64 = 1e-25;
/// Of the delays; if more are longer than the window, a kernel would tell of the others alone.
const MOST_BEYOND_WINDOW: f64 = 1e-3;
/// A density is looked for up to so many standard deviations from its mean; that of a lognormal variable falls slowly.
const REACH: f64 = 12.0;
const REACH_LOGNORMAL: f64 = 60.0;

/// Probabilities of the delays `first, first + 1, ..` steps.
pub(super) struct DelayDistribution {
    first: usize,
    probabilities: Vec<f64>,
}

impl DelayDistribution {
    pub(super) fn sample(connection: &Connection, grid: TimeGrid, steps: usize) -> Result<Self, KernelError> {
        let delay = &connection.delay_ms;
        let dt_ms = grid.step_ms();
        let off_grid = || KernelError::DelayOffGrid {
            pre: connection.pre.clone(),
            post: connection.post.clone(),
            dt_ms,
            window_ms: steps as f64 * dt_ms,
            min_ms: delay.limits().0,
            max_ms: delay.limits().1,
        };
        if delay.sd() == 0.0 {
            let first = grid.nearest_step(delay.mean()).ok().map(|step| step as usize);
            let first = first.filter(|first| *first <= steps).ok_or_else(off_grid)?;
            return Ok(Self { first, probabilities: vec![1.0] });
        }
        let end_ms = (delay.mean() + reach(delay)).min(delay.limits().1);
        let last = ((end_ms / dt_ms).ceil().clamp(0.0, LONGEST) as usize).max(steps);
        let weight = |i: usize| {
            if delay.sd() < dt_ms { share(delay, i as f64 * dt_ms, dt_ms) } else { density(delay, i as f64 * dt_ms) }
        };
        let densities: Vec<f64> = (0..=steps).map(weight).collect();
        let beyond: f64 = (steps + 1..=last).map(weight).sum();
        let threshold = NEGLIGIBLE * densities.iter().copied().fold(0.0, f64::max);
        let first = densities.iter().position(|&d| d > threshold);
        let last = densities.iter().rposition(|&d| d > threshold);
        let (Some(first), Some(last)) = (first, last) else {
            return Err(off_grid());
        };
        let total: f64 = densities.iter().sum();
        if beyond > MOST_BEYOND_WINDOW * (total + beyond) {
            let (pre, post) = (connection.pre.clone(), connection.post.clone());
            let (percent, window_ms) = (100.0 * beyond / (total + beyond), steps as f64 * dt_ms);
            return Err(KernelError::DelayBeyondWindow { pre, post, percent, window_ms });
        }
        Ok(Self { first, probabilities: densities[first..=last].iter().map(|d| d / total).collect() })
    }

    /// Causal convolution with a response that begins at lag 0; same length.
    pub(super) fn apply(&self, response: &[f64]) -> Vec<f64> {
        let mut delayed = vec![0.0; response.len()];
        for (j, probability) in self.probabilities.iter().enumerate() {
            let shift = self.first + j;
            for (delayed, response) in delayed.iter_mut().skip(shift).zip(response) {
                *delayed += probability * response;
            }
        }
        delayed
    }
}

/// Lags beyond are not looked at.
const LONGEST: f64 = 1e7;

fn reach(delay: &Distribution) -> f64 {
    delay.sd() * if matches!(delay.shape, Shape::Lognormal { .. }) { REACH_LOGNORMAL } else { REACH }
}

/// The density at a delay, up to a factor; 0 outside the bounds.
fn density(delay: &Distribution, x: f64) -> f64 {
    let (min, max) = delay.limits();
    if x < min || x > max {
        return 0.0;
    }
    let (mean, sd) = (delay.mean(), delay.sd());
    match delay.shape {
        Shape::Constant { .. } | Shape::Normal { .. } => (-0.5 * ((x - mean) / sd).powi(2)).exp(),
        Shape::Uniform { low, high } => f64::from(u8::from(low <= x && x <= high)),
        Shape::Lognormal { .. } if x <= 0.0 => 0.0,
        Shape::Lognormal { .. } => {
            let variance = (sd / mean).powi(2).ln_1p();
            let z = x.ln() - mean.ln() + 0.5 * variance;
            (-0.5 * z * z / variance).exp() / x
        }
    }
}

/// Up to a factor, the share of the delays that are within half a step of `lag_ms`.
fn share(delay: &Distribution, lag_ms: f64, dt_ms: f64) -> f64 {
    let (min, max) = delay.limits();
    let (mean, reach) = (delay.mean(), reach(delay));
    // Uniform densities have edges, which the ends of the integral meet.
    let (low, high) = match delay.shape {
        Shape::Uniform { low, high } => (low.max(min), high.min(max)),
        _ => ((mean - reach).max(min), (mean + reach).min(max)),
    };
    let (start, end) = ((lag_ms - 0.5 * dt_ms).max(low).max(0.0), (lag_ms + 0.5 * dt_ms).min(high));
    if end <= start {
        return 0.0;
    }
    // A lognormal density is steep near 0 where its standard deviation is above its mean.
    let panels = (8.0 * (end - start) / delay.sd().min(mean)).ceil().min(1000.0);
    let width = (end - start) / panels;
    (0..panels as u32).map(|i| gauss_legendre(start + f64::from(i) * width, width, |x| density(delay, x))).sum()
}

#[cfg(test)]
mod tests {
    use lapicque_network::{Bounds, Spread};

    use super::*;
    use crate::kernels::KernelParameters;

    fn grid(step_ms: f64) -> TimeGrid {
        TimeGrid::new(step_ms).unwrap()
    }

    fn of(delay_ms: Distribution) -> Connection {
        Connection { delay_ms, ..KernelParameters::hagen().connections.remove(0) }
    }

    fn connection(mean: f64, sd: f64) -> Connection {
        let bounds = Bounds::Between { min: 0.3, max: f64::INFINITY };
        of(Distribution { shape: Shape::Normal { mean, sd: Spread::Absolute(sd) }, bounds })
    }

    #[test]
    fn delays_keep_the_sum_and_respect_the_minimum() {
        let delays = DelayDistribution::sample(&connection(1.5, 0.3), grid(0.0625), 1600).unwrap();
        assert_eq!(delays.first, 5);
        assert!((delays.probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-14);
    }

    #[test]
    fn a_constant_delay_shifts_to_the_nearest_lag() {
        let delays = DelayDistribution::sample(&connection(0.5, 0.0), grid(0.25), 4).unwrap();
        assert_eq!(delays.apply(&[1.0, 2.0, 3.0, 4.0, 5.0]), [0.0, 0.0, 1.0, 2.0, 3.0]);
        for (delay, step, first) in [(0.35, 0.1, 4), (0.34, 0.1, 3), (0.15, 0.1, 2), (2.1, 0.7, 3)] {
            assert_eq!(DelayDistribution::sample(&connection(delay, 0.0), grid(step), 40).unwrap().first, first);
        }
    }

    #[test]
    fn delays_beyond_the_window_are_refused() {
        let refused = |mean, sd| DelayDistribution::sample(&connection(mean, sd), grid(0.1), 100).err();
        assert!(matches!(refused(20.0, 0.0), Some(KernelError::DelayOffGrid { .. })));
        assert!(matches!(refused(2000.0, 0.2), Some(KernelError::DelayOffGrid { .. })));
        // Half of the delays, and one in forty.
        assert!(matches!(refused(10.0, 1.0), Some(KernelError::DelayBeyondWindow { .. })));
        let told = refused(6.0, 2.0).unwrap().to_string();
        assert!(
            told.starts_with("connection E -> E: 2.") && told.contains("longer than the window of 10 ms"),
            "{told}"
        );
        assert!(refused(4.0, 1.0).is_none());
    }

    /// Moments of the lags, and the plain reference: many delays of evenly spaced quantiles, rounded as a simulation does.
    #[test]
    fn narrow_delays_have_the_lags_of_a_simulation() {
        let dt = 0.1;
        for (mean, sd) in [(1.53, 0.02), (1.55, 0.03), (1.5, 0.001), (0.31, 0.05)] {
            let delays = DelayDistribution::sample(&connection(mean, sd), grid(dt), 100).unwrap();
            let mut counts = vec![0.0; 101];
            let mut total = 0.0;
            for i in 0..400_000 {
                let z = -8.0 + 16.0 * (f64::from(i) + 0.5) / 400_000.0;
                let (x, weight) = (mean + sd * z, (-0.5 * z * z).exp());
                if x >= 0.3 {
                    counts[(x / dt + 0.5).floor() as usize] += weight;
                    total += weight;
                }
            }
            for (lag, count) in counts.iter().enumerate() {
                let found = lag.checked_sub(delays.first).and_then(|i| delays.probabilities.get(i)).unwrap_or(&0.0);
                assert!((found - count / total).abs() < 1e-4, "{mean} {sd}: lag {lag}: {found} {}", count / total);
            }
        }
    }

    #[test]
    fn other_shapes_have_their_mean() {
        let mean_of = |shape| {
            let connection = of(Distribution { shape, bounds: Bounds::None });
            let delays = DelayDistribution::sample(&connection, grid(0.0625), 1600).unwrap();
            let lags = delays.probabilities.iter().enumerate();
            lags.map(|(i, p)| (delays.first + i) as f64 * 0.0625 * p).sum::<f64>()
        };
        assert!((mean_of(Shape::Uniform { low: 1.0, high: 2.0 }) - 1.5).abs() < 1e-12);
        assert!((mean_of(Shape::Uniform { low: 1.0, high: 1.03125 }) - 1.0).abs() < 1e-12);
        for spread in [0.03, 0.1, 0.5] {
            let lognormal = Shape::Lognormal { mean: 2.0, sd: Spread::Relative(spread) };
            assert!((mean_of(lognormal) - 2.0).abs() < 1e-3, "{spread}: {}", mean_of(lognormal));
        }
    }
}
