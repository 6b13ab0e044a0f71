//! Line length and zero crossings.

use super::variance::{all_finite, finite, sum};

/// Sum of absolute increments, in the unit of the series. NaN for fewer than 2 samples.
pub fn line_length(series: &[f64]) -> f64 {
    if series.len() < 2 || !all_finite(series) {
        return f64::NAN;
    }
    let next = &series[1..];
    finite(sum(next.len(), |i| (next[i] - series[i]).abs()))
}

/// How often the series goes from below 0 to 0 or above, or back. NaN for fewer than 2 samples.
pub fn zero_crossings(series: &[f64]) -> f64 {
    if series.len() < 2 || !all_finite(series) {
        return f64::NAN;
    }
    let changes = |pair: &&[f64]| (pair[0] < 0.0) != (pair[1] < 0.0);
    series.windows(2).filter(changes).count() as f64
}
