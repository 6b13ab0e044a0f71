//! high_fluctuation and trev, which look at the successive differences d_i alone.
//!
//! high_fluctuation: fraction of |d_i| > 0.04 (as 1000 |d| > 40). trev: mean of d^3. Same in v0 and
//! v1.

use super::standardise::sum_of;

pub(super) fn high_fluctuation(increments: &[f64]) -> f64 {
    let large = increments.iter().filter(|d| d.abs() * 1000.0 > 40.0).count();
    large as f64 / increments.len() as f64
}

pub(super) fn time_reversal_asymmetry(increments: &[f64]) -> f64 {
    sum_of(increments, |d| d * d * d) / increments.len() as f64
}
