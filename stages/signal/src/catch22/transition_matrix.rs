//! transition_variance: the spread of the transition probabilities of a coarse-grained, decimated
//! series.
//!
//! tau is the decorrelation time of y. v1: first lag with ACF < 0 (n - 1 if none), at most floor(n
//! / 50); if tau > 1 the series is low-pass filtered and decimated by tau with a Kaiser-windowed
//! sinc (beta 5, taps m = -10 tau..=10 tau, h = sinc(m / tau) I0(5 sqrt(1 - (m / K)^2)), K = 10
//! tau, normalised to sum 1, zeros outside). v0: first lag with ACF <= 0, every tau-th sample
//! without a filter. The result is coarse-grained to three letters; with T the joint probabilities
//! of successive letters, the feature is the sum over the three columns of their variance (divisor
//! 2).

use super::Definitions;
use super::autocorrelation::{first_negative, first_zero};
use super::lag_products::LagProducts;
use super::spectrum::Transforms;
use super::symbols::{PairCounts, letters, successive_pairs};
use crate::resample::kaiser_sinc;

/// Letters of the undecimated series serve when there is nothing to decimate.
#[derive(Debug, Default)]
pub(super) struct Decimated {
    values: Vec<f64>,
    letters: Vec<u8>,
    padded: Vec<f64>,
    taps: Vec<f64>,
    taps_for: usize,
}

impl Decimated {
    /// `pairs` are those of the series itself.
    pub(super) fn transition_variance(
        &mut self,
        values: &[f64],
        pairs: &PairCounts,
        products: &mut LagProducts,
        definitions: Definitions,
        transforms: &mut Transforms,
        scratch: &mut Vec<f64>,
    ) -> f64 {
        let n = values.len();
        let step = match definitions {
            Definitions::V1 => first_negative(products, (n - 1).min(n / 50), transforms),
            Definitions::V0 => first_zero(products, n, transforms),
        };
        if step <= 1 {
            return column_variance(pairs);
        }
        match definitions {
            Definitions::V1 => self.low_pass(values, step),
            Definitions::V0 => {
                self.values.clear();
                self.values.extend(values.iter().step_by(step));
            }
        }
        letters(&self.values, &mut self.letters, scratch);
        column_variance(&successive_pairs(&self.letters))
    }

    fn low_pass(&mut self, values: &[f64], step: usize) {
        if self.taps_for != step {
            self.taps = kaiser_sinc(step, 10);
            self.taps_for = step;
        }
        let half = 10 * step;
        self.padded.clear();
        self.padded.resize(half, 0.0);
        self.padded.extend_from_slice(values);
        self.padded.resize(values.len() + 2 * half, 0.0);
        self.values.clear();
        let windows = self.padded.windows(2 * half + 1).step_by(step);
        self.values.extend(windows.map(|window| crate::resample::dot(window, &self.taps)));
    }
}

fn column_variance(pairs: &PairCounts) -> f64 {
    let total = f64::from(pairs.as_flattened().iter().sum::<u32>());
    let variance_of_column = |column: usize| {
        let entries: [f64; 3] = std::array::from_fn(|row| f64::from(pairs[row][column]) / total);
        let mean = entries.iter().sum::<f64>() / 3.0;
        entries.iter().map(|entry| (entry - mean) * (entry - mean)).sum::<f64>() / 2.0
    };
    (0..3).map(variance_of_column).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variance_of_known_counts() {
        let uniform = [[1; 3]; 3];
        assert_eq!(column_variance(&uniform), 0.0);
        // One column holds (1, 0, 0): mean 1/3, variance ((2/3)^2 + 2 (1/3)^2) / 2 = 1/3.
        let single = [[4, 0, 0], [0; 3], [0; 3]];
        assert!((column_variance(&single) - 1.0 / 3.0).abs() < 1e-15);
        assert!(column_variance(&[[0; 3]; 3]).is_nan());
    }
}
