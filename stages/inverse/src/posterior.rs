//! What estimators of posteriors give in place of a single value: draws of the targets, given features.

use std::fmt::Debug;

use lapicque_numerics::random::StreamKey;
use ndarray::{Array2, ArrayView2};

use crate::InverseError;

/// A distribution of the targets for each row of features. Where it says nothing of the prior it was trained with, that prior is what [`crate::FitContext`]
/// held.
pub trait Posterior: Debug + Send + Sync {
    /// `count` draws for one row of features, as the fit saw them. All lie where the prior has mass. Random numbers come from `stream` alone, and fewer draws
    /// are the first of more.
    ///
    /// # Errors
    /// Features that are not finite, or a posterior with next to no mass where the prior has some: drawing would take for ever.
    fn draw(&self, features: &[f64], count: usize, stream: StreamKey) -> Result<Draws, InverseError>;

    /// The natural logarithm of the density of each row of `values` (rows x targets), for one row of features; minus infinity where the prior has no mass, and
    /// NaN where the estimator knows no density.
    ///
    /// # Errors
    /// As [`Posterior::draw`].
    fn log_density(&self, features: &[f64], values: ArrayView2<'_, f64>) -> Result<Vec<f64>, InverseError>;
}

/// Draws of a posterior.
#[derive(Debug, Clone, PartialEq)]
pub struct Draws {
    /// draws x targets, in the units of the targets.
    pub values: Array2<f64>,
    /// The natural logarithm of the density of each, normalized over the support of the prior; NaN where the estimator knows none.
    pub log_density: Vec<f64>,
}
