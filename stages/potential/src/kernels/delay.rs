//! Conduction delays: a truncated normal density sampled on the lag grid, normalised to sum 1, and its convolution.

use crate::kernels::{Connection, KernelError};

/// Densities below this share of the largest change no digit of a kernel.
const NEGLIGIBLE: f64 = 1e-25;

/// Probabilities of the delays `first, first + 1, ..` steps.
pub(super) struct DelayDistribution {
    first: usize,
    probabilities: Vec<f64>,
}

impl DelayDistribution {
    pub(super) fn sample(connection: &Connection, dt_ms: f64, steps: usize) -> Result<Self, KernelError> {
        let delay = &connection.delay_ms;
        let off_grid = || KernelError::DelayOffGrid {
            pre: connection.pre.clone(),
            post: connection.post.clone(),
            dt_ms,
            window_ms: steps as f64 * dt_ms,
            min_ms: delay.min,
            max_ms: delay.max,
        };
        if delay.sd == 0.0 {
            let first = (delay.mean / dt_ms).round();
            let allowed = first >= 0.0 && first <= steps as f64;
            return allowed.then(|| Self { first: first as usize, probabilities: vec![1.0] }).ok_or_else(off_grid);
        }
        let densities: Vec<f64> = (0..=steps).map(|i| delay.relative_density(i as f64 * dt_ms)).collect();
        let threshold = NEGLIGIBLE * densities.iter().copied().fold(0.0, f64::max);
        let first = densities.iter().position(|&d| d > threshold);
        let last = densities.iter().rposition(|&d| d > threshold);
        let (Some(first), Some(last)) = (first, last) else {
            return Err(off_grid());
        };
        let total: f64 = densities.iter().sum();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::KernelParameters;

    fn connection(mean: f64, sd: f64) -> Connection {
        let mut connection = KernelParameters::hagen().connections.remove(0);
        connection.delay_ms.mean = mean;
        connection.delay_ms.sd = sd;
        connection
    }

    #[test]
    fn delays_keep_the_sum_and_respect_the_minimum() {
        let delays = DelayDistribution::sample(&connection(1.5, 0.3), 0.0625, 1600).unwrap();
        assert_eq!(delays.first, 5);
        assert!((delays.probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-14);
    }

    #[test]
    fn a_constant_delay_shifts() {
        let delays = DelayDistribution::sample(&connection(0.5, 0.0), 0.25, 4).unwrap();
        assert_eq!(delays.apply(&[1.0, 2.0, 3.0, 4.0, 5.0]), [0.0, 0.0, 1.0, 2.0, 3.0]);
    }

    #[test]
    fn delays_beyond_the_window_are_refused() {
        assert!(DelayDistribution::sample(&connection(20.0, 0.0), 0.1, 100).is_err());
        assert!(DelayDistribution::sample(&connection(2000.0, 0.1), 0.1, 100).is_err());
    }
}
