//! Mean squared error, mean absolute error, and R^2 = 1 - sum (y - yhat)^2 / sum (y - mean y)^2.
//!
//! MSE has the squared unit of the target, MAE its unit. R^2 compares with predicting the mean of the very rows it is computed on; where those do not vary
//! (also: a single row) it is undefined and NaN.

use crate::moments::HeldOutErrors;

/// Errors of one target over one fold, or over all held-out predictions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    /// None for figures pooled over all folds and repeats.
    pub split: Option<RepeatAndFold>,
    /// Index into the targets.
    pub target: usize,
    /// Held-out predictions that it is over; pooled, a row counts once for each split that held it out.
    pub rows: usize,
    /// Mean squared error, in the squared unit of the target; NaN without rows.
    pub mse: f64,
    /// Mean absolute error, in the unit of the target; NaN without rows.
    pub mae: f64,
    /// 1 for predictions that are right, 0 for no better than the mean; NaN if the true values do not vary.
    pub r2: f64,
}

/// Which split a metric is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RepeatAndFold {
    /// From 0.
    pub repeat: usize,
    /// From 0 in each repeat.
    pub fold: usize,
}

impl HeldOutErrors {
    /// As a metric.
    pub(crate) fn metric(&self, split: RepeatAndFold, target: usize) -> Metric {
        let n = self.rows as f64;
        let r2 = if self.total > 0.0 { 1.0 - self.squared / self.total } else { f64::NAN };
        Metric { split: Some(split), target, rows: self.rows, mse: self.squared / n, mae: self.absolute / n, r2 }
    }
}

/// Over pairs of (true, predicted).
pub(super) fn metric(
    split: Option<RepeatAndFold>,
    target: usize,
    pairs: impl Iterator<Item = (f64, f64)> + Clone,
) -> Metric {
    let (mut rows, mut squared, mut absolute, mut sum) = (0usize, 0.0, 0.0, 0.0);
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for (truth, predicted) in pairs.clone() {
        let error: f64 = truth - predicted;
        rows += 1;
        squared += error * error;
        absolute += error.abs();
        sum += truth;
        low = low.min(truth);
        high = high.max(truth);
    }
    let n = rows as f64;
    let mean = sum / n;
    let total: f64 = pairs.map(|(truth, _)| (truth - mean) * (truth - mean)).sum();
    // Compared by range, since the mean of equal numbers may differ from them by rounding.
    let r2 = if low < high { 1.0 - squared / total } else { f64::NAN };
    Metric { split, target, rows, mse: squared / n, mae: absolute / n, r2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(f64, f64)]) -> Metric {
        metric(None, 0, pairs.iter().copied())
    }

    #[test]
    fn errors_by_hand() {
        let metric = of(&[(1.0, 2.0), (3.0, 3.0), (5.0, 2.0)]);
        assert_eq!((metric.rows, metric.mse, metric.mae), (3, 10.0 / 3.0, 4.0 / 3.0));
        assert_eq!(metric.r2, 1.0 - 10.0 / 8.0);
    }

    #[test]
    fn r2_is_undefined_without_variation() {
        assert!(of(&[(0.1, 0.2), (0.1, 0.1), (0.1, 0.0)]).r2.is_nan());
        let one = of(&[(1.0, 1.5)]);
        assert!(one.r2.is_nan() && one.mse == 0.25);
        let none = of(&[]);
        assert!(none.mse.is_nan() && none.r2.is_nan() && none.rows == 0);
    }
}
