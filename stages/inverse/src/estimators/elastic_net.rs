//! Elastic net (Zou, Hastie 2005, J R Stat Soc B 67:301), as scikit-learn weighs its terms.
//!
//! For each target by itself, w = argmin |y - b - Xw|^2 / (2 n) + alpha l1_ratio |w|_1 + alpha (1 - l1_ratio) |w|^2 / 2 over n rows, with the intercept b left
//! unpenalized (`coordinate_descent.rs` has the method). It sees its data through moments alone. A fit that is not there after `most_iterations` passes is an
//! error, not a result: coefficients that depend on where the passes ended would be wrong in silence.
//!
//! | parameter | symbol | default | unit | meaning | range |
//! |---|---|---|---|---|---|
//! | alpha | alpha | 1 | (unit of the target)^2 where features are standardized and l1_ratio is 0 | weight of the penalty against half the mean squared error | >= 0 |
//! | l1_ratio | l1_ratio | 0.5 | 1 | 1 is lasso, which sets coefficients to zero; 0 is ridge with a penalty of n alpha | 0 to 1 |
//! | tolerance | | 1e-8 | 1 | duality gap at which it ends, as a part of the sum of squares of the target | above 0, below 1 |
//! | most_iterations | | 100000 | 1 | most passes over the features | >= 1 |

use ndarray::ArrayView2;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::coordinate_descent::Descent;
use super::{Estimator, FitContext, Fitted, LinearMap, Listed, MomentEstimator, Stored};
use crate::{InverseError, Moments};

/// Linear regression with a penalty on the size and on the squares of coefficients.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ElasticNet {
    /// Weight of the penalty against half the mean squared error, at least 0.
    pub alpha: f64,
    /// Part of the penalty that is on the size of coefficients rather than on their squares, 0 to 1; 1 is lasso.
    pub l1_ratio: f64,
    /// Duality gap at which the fit ends, as a part of the sum of squares of the target; above 0, below 1.
    pub tolerance: f64,
    /// Most passes over the features, at least 1; a fit that needs more is an error.
    pub most_iterations: usize,
}

impl Default for ElasticNet {
    fn default() -> Self {
        Self { alpha: 1.0, l1_ratio: 0.5, tolerance: 1e-8, most_iterations: 100_000 }
    }
}

impl ElasticNet {
    fn descent(&self) -> Descent {
        let Self { alpha, l1_ratio, tolerance, most_iterations } = *self;
        Descent { owner: Self::NAME, alpha, l1_ratio, tolerance, most_iterations }
    }
}

impl Listed for ElasticNet {
    const NAME: &'static str = "elastic_net";
    const SUMMARY: &'static str = "Linear regression with a penalty on the size and the squares of coefficients.";

    fn restore(stored: Stored) -> Result<Box<dyn Fitted>, InverseError> {
        LinearMap::restore(stored)
    }
}

impl Estimator for ElasticNet {
    fn check(&self) -> Result<(), InverseError> {
        self.descent().check()
    }

    fn fit(
        &self,
        features: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
        context: &FitContext<'_>,
    ) -> Result<Box<dyn Fitted>, InverseError> {
        context.look()?;
        let fitted = self.descent().fit(&Moments::of(features, targets), &|| context.look())?;
        (context.progress)(1.0);
        Ok(fitted)
    }

    fn by_moments(&self) -> Option<&dyn MomentEstimator> {
        Some(self)
    }
}

impl MomentEstimator for ElasticNet {
    fn fit_moments(&self, moments: &Moments) -> Result<Option<Box<dyn Fitted>>, InverseError> {
        self.descent().fit(moments, &|| Ok(())).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use lapicque_numerics::random::StreamKey;
    use ndarray::{Array2, array};

    use super::*;
    use crate::{AnyEstimator, Lasso, Ridge};

    fn coefficients(estimator: &AnyEstimator, x: &Array2<f64>, y: &Array2<f64>) -> Vec<f64> {
        let context = FitContext::unwatched(StreamKey::new([0; 16]));
        let fitted = estimator.fit(x.view(), y.view(), &context).unwrap();
        fitted.store().array("coefficients").unwrap().values.clone()
    }

    fn data() -> (Array2<f64>, Array2<f64>) {
        let x = Array2::from_shape_fn((40, 5), |(r, c)| ((r * (2 * c + 3)) as f64 * 0.37).sin() + c as f64);
        let y = Array2::from_shape_fn((40, 2), |(r, t)| 3.0 * x[[r, t]] - x[[r, 2]] + ((r * r) as f64).cos());
        (x, y)
    }

    #[test]
    fn one_feature_has_the_closed_form() {
        // Deviations -2, -1, 3 and -2, -3, 5: G = 14, q = 22, n = 3.
        let (x, y) = (array![[1.0], [2.0], [6.0]], array![[1.0], [0.0], [8.0]]);
        for (alpha, l1_ratio) in [(0.5, 0.0), (0.5, 0.3), (2.0, 1.0), (0.0, 0.5)] {
            let net = ElasticNet { alpha, l1_ratio, tolerance: 1e-14, ..ElasticNet::default() };
            let expected = (22.0 - 3.0 * alpha * l1_ratio) / (14.0 + 3.0 * alpha * (1.0 - l1_ratio));
            assert!((coefficients(&net.into(), &x, &y)[0] - expected).abs() < 1e-14);
        }
        // Above q / n nothing is left.
        let none = ElasticNet { alpha: 22.0 / 3.0 + 1e-9, l1_ratio: 1.0, ..ElasticNet::default() };
        assert_eq!(coefficients(&none.into(), &x, &y), [0.0]);
    }

    #[test]
    fn without_its_first_part_it_is_ridge_and_without_its_second_lasso() {
        let (x, y) = data();
        let base = ElasticNet { alpha: 0.2, tolerance: 1e-13, ..ElasticNet::default() };
        let as_ridge = coefficients(&ElasticNet { l1_ratio: 0.0, ..base }.into(), &x, &y);
        let ridge = coefficients(&Ridge { alpha: 40.0 * 0.2 }.into(), &x, &y);
        assert!(as_ridge.iter().zip(&ridge).all(|(a, b)| (a - b).abs() < 1e-11), "{as_ridge:?} {ridge:?}");
        let as_lasso = coefficients(&ElasticNet { l1_ratio: 1.0, ..base }.into(), &x, &y);
        let lasso = Lasso { alpha: 0.2, tolerance: 1e-13, ..Lasso::default() };
        assert_eq!(as_lasso, coefficients(&lasso.into(), &x, &y));
        assert!(as_lasso.contains(&0.0));
    }

    /// Zero is a subgradient: q - G w - l2 w is l1 sign(w) where w is not zero, and within -l1..l1 where it is.
    #[test]
    fn the_solution_meets_the_conditions_of_the_optimum() {
        let (x, y) = data();
        let moments = Moments::of(x.view(), y.view());
        let net = ElasticNet { alpha: 0.3, tolerance: 1e-14, ..ElasticNet::default() };
        let w = Array2::from_shape_vec((2, 5), coefficients(&net.into(), &x, &y)).unwrap();
        let (l1, l2) = (40.0 * 0.3 * 0.5, 40.0 * 0.3 * 0.5);
        for target in 0..2 {
            let slope = &moments.cross.column(target) - &moments.gram.dot(&w.row(target)) - &(&w.row(target) * l2);
            for (slope, w) in slope.iter().zip(w.row(target)) {
                let fine = if *w == 0.0 { slope.abs() <= l1 } else { (slope - l1 * w.signum()).abs() < 1e-5 };
                assert!(fine, "{slope} {w} {l1}");
            }
        }
    }

    #[test]
    fn a_fit_that_does_not_arrive_is_an_error_and_parameters_are_named() {
        let (x, y) = data();
        let context = FitContext::unwatched(StreamKey::new([0; 16]));
        let short = ElasticNet { alpha: 1e-3, tolerance: 1e-12, most_iterations: 2, ..ElasticNet::default() };
        let message = short.fit(x.view(), y.view(), &context).unwrap_err().to_string();
        assert!(message.contains("elastic_net") && message.contains("2 passes") && message.contains("most_iterations"));
        let base = ElasticNet::default();
        for (net, parameter) in [
            (ElasticNet { alpha: -1.0, ..base }, "alpha"),
            (ElasticNet { l1_ratio: 1.5, ..base }, "l1_ratio"),
            (ElasticNet { tolerance: 0.0, ..base }, "tolerance"),
            (ElasticNet { most_iterations: 0, ..base }, "most_iterations"),
        ] {
            let message = net.fit(x.view(), y.view(), &context).unwrap_err().to_string();
            assert!(message.starts_with(&format!("`{parameter}` of elastic_net is ")), "{message}");
        }
        let huge = base.fit(array![[1e200], [-1e200]].view(), array![[1.0], [2.0]].view(), &context);
        assert_eq!(huge.unwrap_err(), InverseError::Overflow);
    }
}
