//! Ridge regression (Hoerl, Kennard 1970, Technometrics 12:55).
//!
//! W = argmin |Y - 1 b^T - X W|^2 + alpha |W|^2, with the intercept b left unpenalized; with centred moments (G + alpha I) W = C, b = m_y - W^T m_x, where
//! G = sum (x - m_x)(x - m_x)^T and C = sum (x - m_x)(y - m_y)^T. One Cholesky decomposition of G + alpha I serves all targets. Where that matrix is
//! singular to rounding (dependent features, fewer rows than features, alpha 0), the solution of least norm is taken by eigenvectors. Where it is merely
//! close to singular, the solution is corrected with residuals computed from the rows (corrected seminormal equations, Bjorck 1987, Linear Algebra
//! Appl 88/89:31), which gives it the accuracy of a QR decomposition.
//!
//! | parameter | symbol | default | unit | meaning | range |
//! |---|---|---|---|---|---|
//! | alpha | alpha | 1 | (unit of the features)^2 | weight of the squared coefficients against the sum (not the mean) of squared errors, as in scikit-learn | >= 0 |

use ndarray::{Array2, ArrayView2, Axis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::linfa_bridge::{CholeskyFactor, cholesky, solve_cholesky, symmetric_eigen};
use super::{Estimator, FitContext, Fitted, Leverage, LinearMap, Listed, MomentEstimator, Stored};
use crate::{InverseError, Moments};

/// Linear regression with a penalty on large coefficients.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Ridge {
    /// Weight of the squared coefficients against the sum of squared errors, at least 0.
    pub alpha: f64,
}

impl Default for Ridge {
    fn default() -> Self {
        Self { alpha: 1.0 }
    }
}

impl Listed for Ridge {
    const NAME: &'static str = "ridge";
    const SUMMARY: &'static str = "Linear regression with a penalty on the squared coefficients.";

    fn restore(stored: Stored) -> Result<Box<dyn Fitted>, InverseError> {
        LinearMap::restore(stored)
    }
}

impl Estimator for Ridge {
    fn check(&self) -> Result<(), InverseError> {
        if self.alpha.is_finite() && self.alpha >= 0.0 {
            return Ok(());
        }
        Err(InverseError::Parameter {
            owner: "ridge",
            parameter: "alpha",
            value: self.alpha.to_string(),
            allowed: "a finite number >= 0".to_owned(),
        })
    }

    fn fit(
        &self,
        features: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
        context: &FitContext<'_>,
    ) -> Result<Box<dyn Fitted>, InverseError> {
        context.look()?;
        let moments = Moments::of(features, targets);
        let coefficients = match self.solve(&moments)? {
            Solution::Accurate(coefficients) => coefficients,
            Solution::Rough { mut coefficients, lower } => {
                for _ in 0..CORRECTIONS {
                    context.look()?;
                    let gradient = self.gradient(features, targets, &moments, &coefficients);
                    if let Some(step) = solve_cholesky(&lower, &gradient) {
                        coefficients += &step;
                    }
                }
                coefficients
            }
        };
        (context.progress)(1.0);
        Ok(through_means(&coefficients, &moments))
    }

    fn by_moments(&self) -> Option<&dyn MomentEstimator> {
        Some(self)
    }

    fn leverage(&self, features: ArrayView2<'_, f64>) -> Option<Leverage> {
        Leverage::of(&Moments::of(features, Array2::zeros((features.nrows(), 0)).view()), self.alpha)
    }
}

impl MomentEstimator for Ridge {
    fn fit_moments(&self, moments: &Moments) -> Result<Option<Box<dyn Fitted>>, InverseError> {
        match self.solve(moments)? {
            Solution::Accurate(coefficients) => Ok(Some(through_means(&coefficients, moments))),
            Solution::Rough { .. } => Ok(None),
        }
    }
}

/// Below this part of a feature left unexplained by the others, moments fix its coefficient to fewer than about ten digits.
const WELL_DETERMINED: f64 = 1e-4;

/// Each correction multiplies the error by about 1e-16 / (unexplained part).
const CORRECTIONS: usize = 2;

/// Coefficients are features x targets.
enum Solution {
    Accurate(Array2<f64>),
    /// Nearly dependent features; `lower` is the Cholesky factor that serves to correct the coefficients.
    Rough {
        coefficients: Array2<f64>,
        lower: CholeskyFactor,
    },
}

impl Ridge {
    fn solve(&self, moments: &Moments) -> Result<Solution, InverseError> {
        self.check()?;
        if moments.rows == 0 {
            return Err(InverseError::TooFewRows { estimator: "ridge", needed: 1, found: 0 });
        }
        if moments.gram.iter().chain(&moments.cross).any(|value| !value.is_finite()) {
            return Err(InverseError::Overflow);
        }
        let mut penalized = moments.gram.clone();
        penalized.diag_mut().mapv_inplace(|value| value + self.alpha);
        let features = penalized.nrows();
        let negligible = f64::EPSILON * features as f64;
        if let Some(lower) = cholesky(&penalized) {
            // L_jj^2 / A_jj is the part of column j that the columns before do not explain; no scaling of features changes it.
            let unexplained =
                (0..features).map(|j| lower[(j, j)].powi(2) / penalized[[j, j]]).fold(f64::INFINITY, f64::min);
            let solution = solve_cholesky(&lower, &moments.cross).filter(|_| unexplained > negligible);
            match solution {
                Some(coefficients) if unexplained >= WELL_DETERMINED => {
                    return Ok(Solution::Accurate(coefficients));
                }
                Some(coefficients) => {
                    return Ok(Solution::Rough { coefficients, lower });
                }
                None => {}
            }
        }
        self.least_norm(moments, negligible).map(Solution::Accurate)
    }

    fn least_norm(&self, moments: &Moments, negligible: f64) -> Result<Array2<f64>, InverseError> {
        let (eigenvalues, eigenvectors) = symmetric_eigen(&moments.gram)?;
        let largest = eigenvalues.iter().fold(0.0f64, |largest, value| largest.max(*value));
        let mut projected = product(eigenvectors.t(), moments.cross.view());
        for (mut line, eigenvalue) in projected.axis_iter_mut(Axis(0)).zip(&eigenvalues) {
            let penalized = eigenvalue.max(0.0) + self.alpha;
            let keep = penalized > negligible * (largest + self.alpha);
            line.mapv_inplace(|value| if keep { value / penalized } else { 0.0 });
        }
        Ok(product(eigenvectors.view(), projected.view()))
    }

    /// sum (x - m_x) r^T - alpha W with the residuals r of each row: zero at the solution, and free of the rounding of the moments.
    fn gradient(
        &self,
        features: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
        moments: &Moments,
        coefficients: &Array2<f64>,
    ) -> Array2<f64> {
        let mut gradient = coefficients.mapv(|value| -self.alpha * value);
        let mut deviation = vec![0.0; features.ncols()];
        let mut residual = vec![0.0; targets.ncols()];
        for (x, y) in features.rows().into_iter().zip(targets.rows()) {
            for ((slot, value), mean) in deviation.iter_mut().zip(x).zip(&moments.feature_means) {
                *slot = value - mean;
            }
            for ((slot, value), mean) in residual.iter_mut().zip(y).zip(&moments.target_means) {
                *slot = value - mean;
            }
            for (value, line) in deviation.iter().zip(coefficients.rows()) {
                for (slot, coefficient) in residual.iter_mut().zip(line) {
                    *slot -= coefficient * value;
                }
            }
            for (value, mut line) in deviation.iter().zip(gradient.rows_mut()) {
                for (slot, residual) in line.iter_mut().zip(&residual) {
                    *slot += value * residual;
                }
            }
        }
        gradient
    }
}

/// By plain dot products: the same bits on every machine, which a dispatched matrix product does not give.
fn product(left: ArrayView2<'_, f64>, right: ArrayView2<'_, f64>) -> Array2<f64> {
    Array2::from_shape_fn((left.nrows(), right.ncols()), |(i, j)| {
        left.row(i).iter().zip(right.column(j)).map(|(a, b)| a * b).sum()
    })
}

fn through_means(coefficients: &Array2<f64>, moments: &Moments) -> Box<dyn Fitted> {
    let (feature_means, target_means) = (&moments.feature_means, &moments.target_means);
    Box::new(LinearMap::through_means(coefficients, feature_means, target_means))
}

#[cfg(test)]
mod tests {
    use lapicque_numerics::random::StreamKey;
    use ndarray::array;

    use super::*;

    fn fit(ridge: Ridge, x: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>) -> Result<Box<dyn Fitted>, InverseError> {
        ridge.fit(x, y, &FitContext::unwatched(StreamKey::new([0; 16])))
    }

    fn linear(fitted: Box<dyn Fitted>) -> LinearMap {
        let stored = fitted.store();
        let coefficients = stored.array("coefficients").unwrap();
        let lines = coefficients.values.chunks(coefficients.shape[1]).map(<[f64]>::to_vec);
        LinearMap { intercept: stored.array("intercept").unwrap().values.clone(), coefficients: lines.collect() }
    }

    #[test]
    fn without_penalty_a_linear_law_is_found_for_each_target() {
        let x = array![[0.0, 1.0], [1.0, 0.0], [2.0, 5.0], [3.0, -1.0], [7.0, 2.0]];
        let y = Array2::from_shape_fn((5, 2), |(r, t)| 1.0 + t as f64 + 2.0 * x[[r, 0]] - (3.0 + t as f64) * x[[r, 1]]);
        let map = linear(fit(Ridge { alpha: 0.0 }, x.view(), y.view()).unwrap());
        for (found, expected) in map.coefficients.concat().iter().zip(&[2.0, -3.0, 2.0, -4.0]) {
            assert!((found - expected).abs() < 1e-13);
        }
        assert!((map.intercept[0] - 1.0).abs() < 1e-13 && (map.intercept[1] - 2.0).abs() < 1e-13);
    }

    #[test]
    fn one_feature_shrinks_by_the_closed_form() {
        let (x, y) = (array![[1.0], [2.0], [6.0]], array![[1.0], [0.0], [8.0]]);
        let map = linear(fit(Ridge { alpha: 2.5 }, x.view(), y.view()).unwrap());
        let coefficient = (-2.0 * -2.0 + -1.0 * -3.0 + 3.0 * 5.0) / (14.0 + 2.5);
        assert!((map.coefficients[0][0] - coefficient).abs() < 1e-15);
        assert!((map.intercept[0] - (3.0 - 3.0 * coefficient)).abs() < 1e-15);
    }

    #[test]
    fn dependent_features_share_the_weight_without_penalty() {
        let x = array![[1.0, 1.0, 2.0], [2.0, 2.0, 4.0], [3.0, 3.0, 6.0], [5.0, 5.0, 10.0]];
        let y = array![[6.0], [12.0], [18.0], [30.0]];
        let map = linear(fit(Ridge { alpha: 0.0 }, x.view(), y.view()).unwrap());
        for (found, expected) in map.coefficients[0].iter().zip(&[1.0, 1.0, 2.0]) {
            assert!((found - expected).abs() < 1e-12, "{:?}", map.coefficients);
        }
    }

    #[test]
    fn fewer_rows_than_features_and_a_single_row_have_an_answer() {
        let x = array![[1.0, 2.0, 3.0, 4.0], [2.0, 1.0, 0.0, 4.5]];
        let y = array![[1.0], [3.0]];
        let fitted = fit(Ridge { alpha: 0.0 }, x.view(), y.view()).unwrap();
        let predicted = fitted.predict(x.view());
        assert!((predicted[[0, 0]] - 1.0).abs() < 1e-12 && (predicted[[1, 0]] - 3.0).abs() < 1e-12);
        let one = linear(fit(Ridge { alpha: 0.0 }, array![[5.0, 6.0]].view(), array![[2.0]].view()).unwrap());
        assert_eq!((one.coefficients, one.intercept), (vec![vec![0.0, 0.0]], vec![2.0]));
    }

    #[test]
    fn parameters_and_overflow_are_refused() {
        let (x, y) = (array![[1.0], [2.0]], array![[1.0], [2.0]]);
        for alpha in [-1.0, f64::NAN, f64::INFINITY] {
            let message = fit(Ridge { alpha }, x.view(), y.view()).unwrap_err().to_string();
            assert!(message.contains("`alpha` of ridge") && message.contains(">= 0"), "{message}");
        }
        let huge = fit(Ridge { alpha: 1.0 }, array![[1e200], [-1e200]].view(), y.view());
        assert_eq!(huge.unwrap_err(), InverseError::Overflow);
        let empty = fit(Ridge { alpha: 1.0 }, Array2::zeros((0, 1)).view(), Array2::zeros((0, 1)).view());
        assert!(matches!(empty, Err(InverseError::TooFewRows { found: 0, .. })));
    }
}
