//! Hjorth's parameters: variances of a series and of its first and second differences.

use super::variance::{all_finite, finite, of_rounding, variance};

/// Activity, mobility and complexity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hjorth {
    /// Population variance, unit^2.
    pub activity: f64,
    /// Mean frequency in radians per sample; NaN for a constant.
    pub mobility: f64,
    /// Bandwidth: 1 for a sine; NaN for a straight line.
    pub complexity: f64,
}

/// Hjorth's parameters of a series.
pub fn hjorth(series: &[f64]) -> Hjorth {
    let n = series.len();
    if !all_finite(series) {
        return Hjorth { activity: f64::NAN, mobility: f64::NAN, complexity: f64::NAN };
    }
    let rounding = of_rounding(series);
    let activity = variance(n, rounding, |i| series[i]);
    let first = variance(n.saturating_sub(1), rounding, |i| series[i + 1] - series[i]);
    let second = variance(n.saturating_sub(2), rounding, |i| series[i + 2] - 2.0 * series[i + 1] + series[i]);
    let mobility = (first / activity).sqrt();
    Hjorth {
        activity: finite(activity),
        mobility: finite(mobility),
        complexity: finite((second / first).sqrt() / mobility),
    }
}
