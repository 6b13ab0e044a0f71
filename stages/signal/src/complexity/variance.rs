//! Population variance of what an index gives, 0 where it is no more than rounding.

/// Rounding of values of this size, as standard deviation: differences of a straight line vary by so much.
pub(super) fn of_rounding(series: &[f64]) -> f64 {
    let largest = series.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
    4.0 * f64::EPSILON * largest
}

/// Of `n` values; NaN of none. 0 where the standard deviation is not above `rounding`.
pub(super) fn variance(n: usize, rounding: f64, at: impl Fn(usize) -> f64) -> f64 {
    if n == 0 {
        return f64::NAN;
    }
    // Relative to the first value, so that a constant has no variance whatever its mean rounds to.
    let first = at(0);
    let mean = (0..n).map(|i| at(i) - first).sum::<f64>() / n as f64;
    let variance = (0..n).map(|i| (at(i) - first - mean).powi(2)).sum::<f64>() / n as f64;
    if variance.sqrt() <= rounding { 0.0 } else { variance }
}

/// A number that is one: NaN instead of infinite ones.
pub(super) fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { f64::NAN }
}

/// Whether all values are numbers.
pub(super) fn all_finite(series: &[f64]) -> bool {
    series.iter().all(|x| x.is_finite())
}
