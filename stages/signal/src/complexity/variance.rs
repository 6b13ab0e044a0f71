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
    let mean = sum(n, |i| at(i) - first) / n as f64;
    let variance = sum(n, |i| (at(i) - first - mean).powi(2)) / n as f64;
    if variance.sqrt() <= rounding { 0.0 } else { variance }
}

/// Of `n` terms: eight sums side by side, which the processor adds at once.
pub(super) fn sum(n: usize, at: impl Fn(usize) -> f64) -> f64 {
    let mut sums = [0.0; 8];
    let blocks = n / 8;
    for block in 0..blocks {
        for (lane, sum) in sums.iter_mut().enumerate() {
            *sum += at(8 * block + lane);
        }
    }
    sums.iter().sum::<f64>() + (8 * blocks..n).map(at).sum::<f64>()
}

/// A number that is one: NaN instead of infinite ones.
pub(super) fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { f64::NAN }
}

/// Whether all values are numbers.
pub(super) fn all_finite(series: &[f64]) -> bool {
    series.iter().all(|x| x.is_finite())
}
