//! How far a row lies from the training rows, as a linear regression sees it.
//!
//! h(x) = 1/n + (x - m)^T (G + alpha I)^-1 (x - m), with n training rows of means m and G = sum (x - m)(x - m)^T: the leverage of x (Hoaglin, Welsch 1978,
//! Am Stat 32:17), for ridge that of the rows together with the penalty. With errors of variance s^2 (and, for ridge, coefficients of variance s^2 / alpha
//! before there were data) the error of a prediction at x has variance s^2 (1 + h(x)): it is least amid the training rows and grows with the square of the
//! distance from them.
//!
//! Kept is W = L^-1 with L L^T = G + alpha I, so that h(x) - 1/n = |W (x - m)|^2 cannot come out negative.

use ndarray::Array2;

use super::linfa_bridge::cholesky;
use super::stored::Stored;
use crate::error::{check_finite, check_length};
use crate::{InverseError, Moments};

/// What tells the leverage of any row.
#[derive(Debug, Clone, PartialEq)]
pub struct Leverage {
    /// n, the number of training rows.
    pub rows: usize,
    /// Mean of each feature over the training rows, of features as the fit saw them.
    pub centre: Vec<f64>,
    /// The lower triangle of W, row by row: 1, 2, 3, ... numbers.
    pub whitening: Vec<Vec<f64>>,
}

/// Where features explain one another up to this part of their sum of squares, the leverage has few digits left, or none.
const LEAST_UNEXPLAINED: f64 = 1e-10;

/// W has half as many numbers as the square of this: a model file of a few megabytes.
pub(crate) const MOST_FEATURES: usize = 512;

impl Leverage {
    /// Of training rows with these moments; none where features depend on one another, or are too many to keep it.
    pub(crate) fn of(moments: &Moments, alpha: f64) -> Option<Self> {
        let features = moments.gram.nrows();
        if features > MOST_FEATURES || moments.rows == 0 {
            return None;
        }
        let mut penalized = moments.gram.clone();
        penalized.diag_mut().mapv_inplace(|value| value + alpha);
        let lower = cholesky(&penalized)?;
        let lower = Array2::from_shape_fn((features, features), |(i, j)| lower[(i, j)]);
        let unexplained = (0..features).map(|j| lower[[j, j]].powi(2) / penalized[[j, j]]).fold(1.0, f64::min);
        let whitening = if unexplained > LEAST_UNEXPLAINED { inverse(&lower) } else { return None };
        let is_finite = whitening.iter().flatten().all(|value| value.is_finite());
        is_finite.then(|| Self { rows: moments.rows, centre: moments.feature_means.clone(), whitening })
    }

    pub(crate) fn check(&self, features: usize) -> Result<(), InverseError> {
        let wrong = |field: &str, problem: String| Err(InverseError::Document { field: field.to_owned(), problem });
        if self.rows == 0 {
            return wrong("leverage.rows", "is 0; a model has at least one training row".to_owned());
        }
        check_length("leverage.centre", self.centre.len(), features, "features")?;
        check_length("leverage.whitening", self.whitening.len(), features, "features")?;
        for (feature, &mean) in self.centre.iter().enumerate() {
            check_finite(|| format!("leverage.centre[{feature}]"), mean)?;
        }
        for (row, line) in self.whitening.iter().enumerate() {
            check_length(&format!("leverage.whitening[{row}]"), line.len(), row + 1, "features up to this one")?;
            for (column, &value) in line.iter().enumerate() {
                check_finite(|| format!("leverage.whitening[{row}][{column}]"), value)?;
            }
        }
        Ok(())
    }

    /// All but the number of rows.
    pub(crate) fn store(&self) -> Stored {
        let whitening = self.whitening.concat();
        Stored::default().with("centre", &[self.centre.len()], self.centre.clone()).with(
            "whitening",
            &[whitening.len()],
            whitening,
        )
    }

    pub(crate) fn restore(rows: usize, mut stored: Stored) -> Result<Self, InverseError> {
        let ([features], centre) = stored.take::<1>("centre")?;
        let ([found], values) = stored.take::<1>("whitening")?;
        stored.finish()?;
        let triangle = features.checked_mul(features + 1).map(|twice| twice / 2);
        if triangle != Some(found) {
            let problem = format!("has {found} values; a triangle of {features} rows is needed (1, 2, 3, ... values)");
            return stored.wrong("whitening", problem);
        }
        let mut rest = values.as_slice();
        let mut whitening = Vec::with_capacity(features);
        for row in 1..=features {
            let (line, after) = rest.split_at(row);
            whitening.push(line.to_vec());
            rest = after;
        }
        Ok(Self { rows, centre, whitening })
    }

    /// h of a row of features; NaN where one of them is not finite.
    pub fn at(&self, row: &[f64]) -> f64 {
        let deviation: Vec<f64> = row.iter().zip(&self.centre).map(|(value, mean)| value - mean).collect();
        let along = |line: &Vec<f64>| line.iter().zip(&deviation).map(|(w, d)| w * d).sum::<f64>().powi(2);
        let distance: f64 = self.whitening.iter().map(along).sum();
        if row.iter().all(|value| value.is_finite()) { 1.0 / self.rows as f64 + distance } else { f64::NAN }
    }
}

/// The inverse of a lower triangular matrix, row by row without the zeros.
fn inverse(lower: &Array2<f64>) -> Vec<Vec<f64>> {
    let mut rows: Vec<Vec<f64>> = Vec::with_capacity(lower.nrows());
    for i in 0..lower.nrows() {
        let mut row = vec![0.0; i + 1];
        row[i] = 1.0;
        for (j, above) in rows.iter().enumerate() {
            let factor = lower[[i, j]];
            for (slot, value) in row.iter_mut().zip(above) {
                *slot -= factor * value;
            }
        }
        let pivot = lower[[i, i]];
        row.iter_mut().for_each(|value| *value /= pivot);
        rows.push(row);
    }
    rows
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use proptest::prelude::*;

    use super::*;

    fn of(x: &Array2<f64>, alpha: f64) -> Option<Leverage> {
        Leverage::of(&Moments::of(x.view(), Array2::zeros((x.nrows(), 0)).view()), alpha)
    }

    /// (X^T X + diag(0, alpha, ...))^-1 with a column of ones, by Gauss-Jordan: the textbook hat matrix.
    fn textbook(x: &Array2<f64>, alpha: f64, row: &[f64]) -> f64 {
        let p = x.ncols() + 1;
        let at = |r: usize, c: usize| if c == 0 { 1.0 } else { x[[r, c - 1]] };
        let mut a = Array2::from_shape_fn((p, 2 * p), |(i, j)| match j.checked_sub(p) {
            Some(j) => f64::from(u8::from(i == j)),
            None => {
                (0..x.nrows()).map(|r| at(r, i) * at(r, j)).sum::<f64>() + if i == j && i > 0 { alpha } else { 0.0 }
            }
        });
        for i in 0..p {
            let best = (i..p).max_by(|&r, &s| a[[r, i]].abs().total_cmp(&a[[s, i]].abs())).unwrap();
            for j in 0..2 * p {
                a.swap([i, j], [best, j]);
            }
            let pivot = a[[i, i]];
            a.row_mut(i).mapv_inplace(|value| value / pivot);
            for r in (0..p).filter(|&r| r != i) {
                let factor = a[[r, i]];
                for j in 0..2 * p {
                    a[[r, j]] -= factor * a[[i, j]];
                }
            }
        }
        let full: Vec<f64> = std::iter::once(1.0).chain(row.iter().copied()).collect();
        (0..p).flat_map(|i| (0..p).map(move |j| (i, j))).map(|(i, j)| full[i] * a[[i, p + j]] * full[j]).sum()
    }

    proptest! {
        #[test]
        fn it_is_the_textbook_hat_matrix(
            values in prop::collection::vec(-3.0..3.0f64, 36),
            row in prop::collection::vec(-9.0..9.0f64, 3),
            alpha in prop::sample::select(vec![0.0, 0.1, 10.0]),
        ) {
            let x = Array2::from_shape_vec((12, 3), values).unwrap();
            let leverage = of(&x, alpha);
            prop_assume!(leverage.is_some());
            let (found, expected) = (leverage.unwrap().at(&row), textbook(&x, alpha, &row));
            prop_assert!((found - expected).abs() < 1e-6 * expected.abs(), "{found} {expected}");
        }
    }

    #[test]
    fn leverages_of_the_training_rows_sum_to_the_parameters() {
        let x = array![[0.0, 1.0], [1.0, 0.0], [2.0, 5.0], [3.0, -1.0], [7.0, 2.0]];
        let leverage = of(&x, 0.0).unwrap();
        let sum: f64 = x.rows().into_iter().map(|row| leverage.at(&row.to_vec())).sum();
        assert!((sum - 3.0).abs() < 1e-12, "{sum}");
        assert!(leverage.at(&[100.0, 0.0]) > 100.0);
        assert!(leverage.at(&[f64::NAN, 0.0]).is_nan() && leverage.at(&[f64::INFINITY, 0.0]).is_nan());
    }

    #[test]
    fn dependent_features_and_no_rows_have_none() {
        let x = array![[1.0, 2.0], [2.0, 4.0], [5.0, 10.0]];
        assert_eq!(of(&x, 0.0), None);
        assert!(of(&x, 0.1).is_some());
        assert_eq!(of(&Array2::zeros((0, 1)), 1.0), None);
        assert_eq!(of(&Array2::zeros((2, MOST_FEATURES + 1)), 1.0), None);
    }
}
