//! Lag products g(k) = sum_i c_i c_(i+k) of a series c, each computed once, when first asked for.
//!
//! Most features that look at the autocorrelation stop within some tens of lags, where direct sums
//! of sixteen lags at a time beat a Fourier transform by far. A series that is still undecided
//! after `DIRECT_LAGS`, or hardly decorrelates within the first sixteen, gets all its lags at once
//! by the Wiener-Khinchin theorem: zero-padded to 2 nextpow2(n),
//! |FFT|^2, inverse.

#[cfg(target_arch = "x86_64")]
use super::four::{add_to, load};
use super::spectrum::Transforms;

/// Lags summed together.
const BLOCK: usize = 16;
/// About half of what the two transforms cost, so that a late switch never doubles the work.
const DIRECT_LAGS: usize = 192;
/// A series with more correlation than this at the end of the first block will need many more lags.
const SLOW: f64 = 0.8;

#[derive(Debug, Default)]
pub(super) struct LagProducts {
    /// The series followed by `BLOCK` zeros, so that a block of lags needs no care at the end.
    padded: Vec<f64>,
    len: usize,
    known: Vec<f64>,
}

impl LagProducts {
    /// Takes `series` minus `centre`.
    pub(super) fn load(&mut self, series: &[f64], centre: f64) {
        self.padded.clear();
        self.padded.extend(series.iter().map(|value| value - centre));
        self.padded.extend([0.0; BLOCK]);
        self.len = series.len();
        self.known.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// g(lag); 0 at and beyond the length of the series.
    pub(super) fn at(&mut self, lag: usize, transforms: &mut Transforms) -> f64 {
        if lag >= self.len {
            return 0.0;
        }
        while self.known.len() <= lag {
            let slow = self.known.len() == BLOCK && self.known[BLOCK - 1] > SLOW * self.known[0];
            if self.known.len() < DIRECT_LAGS && !slow {
                let block = direct_block(&self.padded, self.len, self.known.len());
                self.known.extend(block);
            } else {
                transforms.autocorrelate(&self.padded[..self.len], &mut self.known);
            }
        }
        self.known[lag]
    }

    /// Autocorrelation g(lag) / g(0), biased.
    pub(super) fn correlation(&mut self, lag: usize, transforms: &mut Transforms) -> f64 {
        self.at(lag, transforms) / self.at(0, transforms)
    }
}

fn direct_block(padded: &[f64], len: usize, first_lag: usize) -> [f64; BLOCK] {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2, which is all that the callee requires.
        #[expect(unsafe_code, reason = "measured: a third less time")]
        return unsafe { direct_block_avx2(padded, len, first_lag) };
    }
    sum_block(padded, len, first_lag)
}

/// The same operations in the same order, four lags to a vector.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn direct_block_avx2(padded: &[f64], len: usize, first_lag: usize) -> [f64; BLOCK] {
    use std::arch::x86_64::*;

    let mut sums = [0.0; BLOCK];
    let Some(delayed) = padded.get(first_lag..) else {
        return sums;
    };
    let mut even = [_mm256_setzero_pd(); BLOCK / 4];
    let mut odd = even;
    let mut first = 0;
    while let (Some([a, b]), Some(window)) =
        (padded[first..len].first_chunk(), delayed[first..].first_chunk::<{ BLOCK + 1 }>())
    {
        let (a, b) = (_mm256_set1_pd(*a), _mm256_set1_pd(*b));
        for (i, (even, odd)) in even.iter_mut().zip(&mut odd).enumerate() {
            *even = _mm256_add_pd(*even, _mm256_mul_pd(a, load(window, 4 * i)));
            *odd = _mm256_add_pd(*odd, _mm256_mul_pd(b, load(window, 4 * i + 1)));
        }
        first += 2;
    }
    for (value, window) in padded[first..len].iter().zip(delayed[first..].array_windows::<BLOCK>()) {
        for (i, even) in even.iter_mut().enumerate() {
            *even = _mm256_add_pd(*even, _mm256_mul_pd(_mm256_set1_pd(*value), load(window, 4 * i)));
        }
    }
    for ((sums, even), odd) in sums.chunks_exact_mut(4).zip(even).zip(odd) {
        add_to(sums, _mm256_add_pd(even, odd));
    }
    sums
}

/// Samples with even and with odd numbers have sums of their own: additions wait for each other less.
#[inline(always)]
fn sum_block(padded: &[f64], len: usize, first_lag: usize) -> [f64; BLOCK] {
    let mut sums = [[0.0; BLOCK]; 2];
    // A short series may end before the block does; the lags beyond its end are zero.
    let Some(delayed) = padded.get(first_lag..) else {
        return sums[0];
    };
    let mut first = 0;
    while let (Some([even, odd]), Some(window)) =
        (padded[first..len].first_chunk(), delayed[first..].first_chunk::<{ BLOCK + 1 }>())
    {
        for (lag, sum) in sums[0].iter_mut().enumerate() {
            *sum += even * window[lag];
        }
        for (lag, sum) in sums[1].iter_mut().enumerate() {
            *sum += odd * window[lag + 1];
        }
        first += 2;
    }
    let [mut even, odd] = sums;
    // What is left: an odd sample at the end, or one whose window ends with the series.
    for (value, window) in padded[first..len].iter().zip(delayed[first..].array_windows::<BLOCK>()) {
        for (sum, other) in even.iter_mut().zip(window) {
            *sum += value * other;
        }
    }
    for (sum, other) in even.iter_mut().zip(odd) {
        *sum += other;
    }
    even
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn direct_and_transformed_lags_agree() {
        let series: Vec<f64> = (0..500_u32).map(|i| f64::from((i * i) % 97) / 97.0 - 0.5).collect();
        let mut transforms = Transforms::default();
        let mut products = LagProducts::default();
        products.load(&series, 0.25);
        for lag in (0..520).rev() {
            let delayed = series.iter().skip(lag);
            let expected: f64 = series.iter().zip(delayed).map(|(a, b)| (a - 0.25) * (b - 0.25)).sum();
            let lazily = products.at(lag, &mut transforms);
            assert!((lazily - expected).abs() < 1e-11, "lag {lag}: {lazily} != {expected}");
        }
        let mut short = LagProducts::default();
        short.load(&[1.0, 2.0, -1.0], 0.0);
        assert_eq!([0, 1, 2, 3].map(|lag| short.at(lag, &mut transforms)), [6.0, 0.0, -1.0, 0.0]);
    }

    #[test]
    fn vector_width_changes_no_bit() {
        let mut padded: Vec<f64> = (0..700_u32).map(|i| (f64::from(i) * 0.7).sin()).collect();
        padded.extend([0.0; BLOCK]);
        for first_lag in [0, 16, 112] {
            let dispatched = direct_block(&padded, 700, first_lag);
            let portable = sum_block(&padded, 700, first_lag);
            assert_eq!(dispatched.map(f64::to_bits), portable.map(f64::to_bits));
        }
    }
}
