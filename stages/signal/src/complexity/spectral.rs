//! Spectral entropy: how evenly power is spread over frequencies.

use super::variance::all_finite;
use crate::welch::{Welch, Window, welch};

/// Entropy of a power spectrum as a distribution over its bins, in bits; divided by its largest value, log2 of the
/// number of bins, if `normalized`.
///
/// NaN without power, with a negative or missing one, and for a single bin if `normalized`.
pub fn spectral_entropy(power: &[f64], normalized: bool) -> f64 {
    let sum: f64 = power.iter().sum();
    if !(sum > 0.0 && sum.is_finite()) || power.iter().any(|p| *p < 0.0) {
        return f64::NAN;
    }
    let parts = power.iter().map(|p| p / sum).filter(|part| *part > 0.0);
    let bits = -parts.map(|part| part * part.log2()).sum::<f64>() + 0.0;
    if normalized { if power.len() < 2 { f64::NAN } else { bits / (power.len() as f64).log2() } } else { bits }
}

/// Spectral entropy of the periodogram of a whole series without its mean, untapered; NaN for a constant.
pub fn periodogram_entropy(series: &[f64], normalized: bool) -> f64 {
    // What is left of a constant without its mean may be rounding.
    if series.iter().all(|x| *x == series[0]) || !all_finite(series) {
        return f64::NAN;
    }
    let method = Welch { window: Window::Boxcar, ..Welch::new(series.len()) };
    welch(series, 1.0, &method).map_or(f64::NAN, |spectrum| spectral_entropy(&spectrum.power, normalized))
}
