//! Lasso (Tibshirani 1996, J R Stat Soc B 58:267), as scikit-learn weighs its terms.
//!
//! For each target by itself, w = argmin |y - b - Xw|^2 / (2 n) + alpha |w|_1 over n rows, with the intercept b left unpenalized: `elastic_net.rs` with
//! l1_ratio 1. Coefficients of features that add little are exactly zero. A fit that is not there after `most_iterations` passes is an error.
//!
//! | parameter | symbol | default | unit | meaning | range |
//! |---|---|---|---|---|---|
//! | alpha | alpha | 1 | unit of the target times that of the features | weight of the size of coefficients against half the mean squared error | >= 0 |
//! | tolerance | | 1e-8 | 1 | duality gap at which it ends, as a part of the sum of squares of the target | above 0, below 1 |
//! | most_iterations | | 100000 | 1 | most passes over the features | >= 1 |

use ndarray::ArrayView2;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::coordinate_descent::Descent;
use super::{Estimator, FitContext, Fitted, LinearMap, Listed, MomentEstimator, Stored};
use crate::{InverseError, Moments};

/// Linear regression with a penalty on the size of coefficients.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Lasso {
    /// Weight of the size of coefficients against half the mean squared error, at least 0.
    pub alpha: f64,
    /// Duality gap at which the fit ends, as a part of the sum of squares of the target; above 0, below 1.
    pub tolerance: f64,
    /// Most passes over the features, at least 1; a fit that needs more is an error.
    pub most_iterations: usize,
}

impl Default for Lasso {
    fn default() -> Self {
        Self { alpha: 1.0, tolerance: 1e-8, most_iterations: 100_000 }
    }
}

impl Lasso {
    fn descent(&self) -> Descent {
        let Self { alpha, tolerance, most_iterations } = *self;
        Descent { owner: Self::NAME, alpha, l1_ratio: 1.0, tolerance, most_iterations }
    }
}

impl Listed for Lasso {
    const NAME: &'static str = "lasso";
    const SUMMARY: &'static str = "Linear regression that sets small coefficients to zero.";

    fn restore(stored: Stored) -> Result<Box<dyn Fitted>, InverseError> {
        LinearMap::restore(stored)
    }
}

impl Estimator for Lasso {
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

impl MomentEstimator for Lasso {
    fn fit_moments(&self, moments: &Moments) -> Result<Option<Box<dyn Fitted>>, InverseError> {
        self.descent().fit(moments, &|| Ok(())).map(Some)
    }
}
