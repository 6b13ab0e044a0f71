//! Vectors of four numbers: what the standard library leaves to be said of them.

use std::arch::x86_64::*;

/// Four numbers of an array.
#[target_feature(enable = "avx2")]
pub(super) fn load<const N: usize>(values: &[f64; N], first: usize) -> __m256d {
    let four = &values[first..][..4];
    // SAFETY: there are four numbers to be read, which need no alignment.
    #[expect(unsafe_code, reason = "measured: loads that overlap become shuffles when they are written as numbers")]
    unsafe {
        _mm256_loadu_pd(four.as_ptr())
    }
}

/// Adds to four numbers.
#[target_feature(enable = "avx2")]
pub(super) fn add_to(values: &mut [f64], four: __m256d) {
    let (low, high) = (_mm256_castpd256_pd128(four), _mm256_extractf128_pd::<1>(four));
    let four = [low, _mm_unpackhi_pd(low, low), high, _mm_unpackhi_pd(high, high)];
    for (value, more) in values.iter_mut().zip(four) {
        *value += _mm_cvtsd_f64(more);
    }
}
