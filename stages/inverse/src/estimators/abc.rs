//! Approximate Bayesian computation: the training samples whose features lie nearest to those observed.
//!
//! The distance is Euclidean over features divided by 1.4826 times their median absolute deviation (their standard deviation, where more than half of the values
//! agree). The nearest k = max(accepted n, least) of n rows are kept, and
//!
//! - `rejection` (Pritchard et al. 1999, Mol Biol Evol 16:1791): their targets are draws of the posterior;
//! - `regression` (Beaumont, Zhang, Balding 2002, Genetics 162:2025, eqs 3 to 5): targets are fitted linearly to features, theta = a + b (x - x_obs) + e, with
//!   Epanechnikov weights 1 - (d / d_k)^2, and theta_i - b (x_i - x_obs) are draws, with those weights. This is done in the space where the prior is standard
//!   normal, so that no draw leaves its bounds.
//!
//! Rows must have been drawn from the prior. There is no density. Widths come from as few rows as are kept: with k barely above the number of features, those of
//! `regression` are too small, so it refuses fewer than 2 (features + 1).
//!
//! | parameter | default | unit | meaning | range |
//! |---|---|---|---|---|
//! | method | regression | - | what is made of the nearest rows | rejection, regression |
//! | accepted | 0.01 | 1 | part of the training rows that is kept | above 0, at most 1 |
//! | least | 200 | 1 | rows that are kept at least, if there are so many | >= 2 |

use ndarray::{Array2, ArrayView2};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::learned_density::{setting, store_prior, take_prior};
use super::{Estimator, FitContext, Fitted, Listed, Stored};
use crate::error::{check_finite, check_length};
use crate::posterior::{NearestRows, posterior_means};
use crate::{InverseError, JointPrior, Posterior};

pub use crate::posterior::AbcMethod;

/// The posterior of the targets by the training rows whose features are nearest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Abc {
    /// What is made of the nearest rows: `rejection` takes their targets, `regression` moves them along a linear fit.
    pub method: AbcMethod,
    /// Part of the training rows that is kept, above 0, at most 1.
    pub accepted: f64,
    /// Rows that are kept at least, 2 or more.
    pub least: usize,
}

impl Default for Abc {
    fn default() -> Self {
        Self { method: AbcMethod::Regression, accepted: 0.01, least: 200 }
    }
}

impl Listed for Abc {
    const NAME: &'static str = "abc";
    const SUMMARY: &'static str =
        "Posterior by the samples whose features are nearest, with or without a linear correction.";

    fn restore(mut stored: Stored) -> Result<Box<dyn Fitted>, InverseError> {
        let prior = take_prior(&mut stored)?;
        let method = setting(&mut stored, "method")?;
        let kept: usize = setting(&mut stored, "kept")?;
        let ([rows, columns], features) = stored.take::<2>("features")?;
        let ([of_targets, targets], values) = stored.take::<2>("targets")?;
        stored.finish()?;
        if rows != of_targets || rows == 0 || !(1..=rows).contains(&kept) {
            return stored.wrong("kept", format!("is {kept}, of {rows} rows of features and {of_targets} of targets"));
        }
        let array = |shape, values| Array2::from_shape_vec(shape, values).map_err(|_| InverseError::Overflow);
        let features = array((rows, columns), features)?;
        let nearest = NearestRows::new(features, array((rows, targets), values)?, prior, method, kept);
        Ok(Box::new(FittedAbc { nearest }))
    }
}

impl Estimator for Abc {
    fn check(&self) -> Result<(), InverseError> {
        let refuse = |parameter, value: String, allowed: &str| {
            Err(InverseError::Parameter { owner: "abc", parameter, value, allowed: allowed.to_owned() })
        };
        if !(self.accepted > 0.0 && self.accepted <= 1.0) {
            return refuse("accepted", self.accepted.to_string(), "a number above 0, at most 1");
        }
        if self.least < 2 {
            return refuse("least", self.least.to_string(), "a whole number >= 2");
        }
        Ok(())
    }

    fn fit(
        &self,
        features: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
        context: &FitContext<'_>,
    ) -> Result<Box<dyn Fitted>, InverseError> {
        self.check()?;
        context.look()?;
        let rows = features.nrows();
        let prior = JointPrior::of_training(context.priors, targets)?;
        let kept = ((self.accepted * rows as f64).ceil() as usize).max(self.least).min(rows);
        let needed = if self.method == AbcMethod::Regression { 2 * (features.ncols() + 1) } else { 2 };
        if kept < needed {
            return Err(InverseError::TooFewRows { estimator: "abc", needed, found: kept });
        }
        (context.progress)(1.0);
        let nearest = NearestRows::new(features.to_owned(), targets.to_owned(), prior, self.method, kept);
        Ok(Box::new(FittedAbc { nearest }))
    }

    fn uses_priors(&self) -> bool {
        true
    }
}

/// The training rows.
#[derive(Debug)]
struct FittedAbc {
    nearest: NearestRows,
}

impl Fitted for FittedAbc {
    fn kind(&self) -> &'static str {
        "nearest_rows"
    }

    fn predict(&self, features: ArrayView2<'_, f64>) -> Array2<f64> {
        posterior_means(&self.nearest, features, self.nearest.targets.ncols())
    }

    fn check(&self, features: usize, targets: usize) -> Result<(), InverseError> {
        check_length("fitted.nearest_rows.features", self.nearest.features.ncols(), features, "features")?;
        check_length("fitted.nearest_rows.targets", self.nearest.targets.ncols(), targets, "targets")?;
        check_length("fitted.nearest_rows.priors", self.nearest.prior.targets().len(), targets, "targets")?;
        for (name, array) in [("features", &self.nearest.features), ("targets", &self.nearest.targets)] {
            for ((row, column), &value) in array.indexed_iter() {
                check_finite(|| format!("fitted.nearest_rows.{name}[{row}][{column}]"), value)?;
            }
        }
        Ok(())
    }

    fn posterior(&self) -> Option<&dyn Posterior> {
        Some(&self.nearest)
    }

    fn store(&self) -> Stored {
        let NearestRows { features, targets, prior, method, kept, .. } = &self.nearest;
        let array = |array: &Array2<f64>| (vec![array.nrows(), array.ncols()], array.iter().copied().collect());
        let ((features_shape, features), (targets_shape, targets)) = (array(features), array(targets));
        store_prior(prior, Stored::default())
            .with_setting("method", serde_json::to_value(method).unwrap_or(Value::Null))
            .with_setting("kept", *kept)
            .with("features", &features_shape, features)
            .with("targets", &targets_shape, targets)
    }
}
