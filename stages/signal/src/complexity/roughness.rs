//! Line length and zero crossings.

use super::variance::{all_finite, finite};

/// Sum of absolute increments, in the unit of the series. NaN for fewer than 2 samples.
pub fn line_length(series: &[f64]) -> f64 {
    if series.len() < 2 || !all_finite(series) {
        return f64::NAN;
    }
    finite(series.windows(2).map(|pair| (pair[1] - pair[0]).abs()).sum())
}

/// How often the series goes from below 0 to 0 or above, or back. NaN for fewer than 2 samples.
pub fn zero_crossings(series: &[f64]) -> f64 {
    if series.len() < 2 || !all_finite(series) {
        return f64::NAN;
    }
    sign_changes(series.iter().copied()) as f64
}

/// Steps between values below 0 and others.
pub(super) fn sign_changes(values: impl Iterator<Item = f64>) -> usize {
    let mut before = None;
    let changed = values.map(|value| before.replace(value < 0.0).is_some_and(|before| before != (value < 0.0)));
    changed.map(usize::from).sum()
}
