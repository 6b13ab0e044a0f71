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
#[cfg(target_arch = "x86_64")]
use super::four::{add_to, load};
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
        self.values.extend(windows.map(|window| weighted_sum(window, &self.taps)));
    }
}

const LANES: usize = 16;

/// Sum of products, in sixteen parts that are folded onto each other.
fn weighted_sum(values: &[f64], weights: &[f64]) -> f64 {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2, which is all that the callee requires.
        #[expect(unsafe_code, reason = "measured: half the time")]
        return unsafe { weighted_sum_avx2(values, weights) };
    }
    weighted_sum_portably(values, weights)
}

fn weighted_sum_portably(values: &[f64], weights: &[f64]) -> f64 {
    let ((parts, rest), (weight_parts, weights_rest)) = (values.as_chunks::<LANES>(), weights.as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (values, weights) in parts.iter().zip(weight_parts) {
        for lane in 0..LANES {
            sums[lane] += values[lane] * weights[lane];
        }
    }
    for half in [8, 4, 2, 1] {
        for lane in 0..half {
            sums[lane] += sums[lane + half];
        }
    }
    sums[0] + rest.iter().zip(weights_rest).map(|(value, weight)| value * weight).sum::<f64>()
}

/// The same operations in the same order, four lanes to a vector.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn weighted_sum_avx2(values: &[f64], weights: &[f64]) -> f64 {
    use std::arch::x86_64::*;

    let ((parts, rest), (weight_parts, weights_rest)) = (values.as_chunks::<LANES>(), weights.as_chunks::<LANES>());
    let mut sums = [_mm256_setzero_pd(); LANES / 4];
    for (values, weights) in parts.iter().zip(weight_parts) {
        for (i, sum) in sums.iter_mut().enumerate() {
            *sum = _mm256_add_pd(*sum, _mm256_mul_pd(load(values, 4 * i), load(weights, 4 * i)));
        }
    }
    let [a, b, c, d] = sums;
    let mut four = [0.0; 4];
    add_to(&mut four, _mm256_add_pd(_mm256_add_pd(a, c), _mm256_add_pd(b, d)));
    let mut sum = (four[0] + four[2]) + (four[1] + four[3]);
    let mut last = 0.0;
    for (value, weight) in rest.iter().zip(weights_rest) {
        last += value * weight;
    }
    sum += last;
    sum
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
    fn vector_width_changes_no_bit() {
        let wave = |i: u32, step: f64| (f64::from(i) * step).sin();
        for len in [0, 1, 15, 16, 17, 64, 601] {
            let values: Vec<f64> = (0..len).map(|i| wave(i, 0.7)).collect();
            let weights: Vec<f64> = (0..len).map(|i| wave(i, 1.3)).collect();
            let (dispatched, portable) = (weighted_sum(&values, &weights), weighted_sum_portably(&values, &weights));
            assert_eq!(dispatched.to_bits(), portable.to_bits(), "{len} values");
        }
    }

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
