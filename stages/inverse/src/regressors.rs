//! What an estimator must do, and the estimators there are.
//!
//! To add one: a file beside `ridge.rs` with a struct of its parameters that implements [`Regressor`], a variant of [`Estimator`], and, if its result is no
//! linear map and no forest, a variant of [`Fitted`]. What a regressor returns is plain numbers, so that a model file can be read without running anything.

mod least_squares;
mod leverage;
mod linear_map;
mod linfa_bridge;
mod random_forest;
mod ridge;

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

pub use least_squares::LeastSquares;
pub use leverage::Leverage;
pub use linear_map::LinearMap;
pub use random_forest::{Forest, RandomForest, Tree};
pub use ridge::Ridge;

use crate::{InverseError, Moments};

/// Learns a map from features to targets.
pub trait Regressor: Send + Sync {
    /// Fits rows x features to rows x targets (the same rows, all values finite, at least one row).
    ///
    /// # Errors
    /// Parameters out of range, too few rows, or data without a unique answer. Columns are named by position.
    fn fit(&self, features: ArrayView2<'_, f64>, targets: ArrayView2<'_, f64>) -> Result<Fitted, InverseError>;

    /// Itself, if first and second moments of the data are all it needs: cross-validation then takes a fold's moments from those of all rows.
    fn moment_regressor(&self) -> Option<&dyn MomentRegressor> {
        None
    }

    /// The weight of the squared coefficients, of a linear regression: then [`Leverage`] says how the error of a prediction grows with its distance from the
    /// training rows. None where nothing of the kind is known.
    fn penalty(&self) -> Option<f64> {
        None
    }
}

/// A regressor that sees its data only through [`Moments`].
pub trait MomentRegressor {
    /// Fits data with these moments; none where they do not determine the answer accurately, and the rows are needed after all.
    ///
    /// # Errors
    /// As [`Regressor::fit`].
    fn fit_moments(&self, moments: &Moments) -> Result<Option<Fitted>, InverseError>;
}

/// An estimator with its parameters, as a configuration and a model file name it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Estimator {
    Ridge(Ridge),
    LeastSquares,
    RandomForest(RandomForest),
}

impl Estimator {
    pub fn regressor(&self) -> &dyn Regressor {
        match self {
            Self::Ridge(ridge) => ridge,
            Self::LeastSquares => &LeastSquares,
            Self::RandomForest(forest) => forest,
        }
    }

    /// Whether the parameters are in range, before there is any data.
    ///
    /// # Errors
    /// The first parameter out of range, with its value and what is allowed.
    pub fn check(&self) -> Result<(), InverseError> {
        match self {
            Self::Ridge(ridge) => ridge.check(),
            Self::LeastSquares => Ok(()),
            Self::RandomForest(forest) => forest.check(),
        }
    }
}

/// What a regressor learned: plain numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fitted {
    Linear(LinearMap),
    /// One forest per target.
    RandomForest(Vec<Forest>),
}

impl Fitted {
    /// Rows x targets of rows x features. A row with a value that is not finite gives NaN.
    pub fn predict(&self, features: ArrayView2<'_, f64>) -> Array2<f64> {
        match self {
            Self::Linear(map) => map.predict(features),
            Self::RandomForest(forests) => random_forest::predict(forests, features),
        }
    }
}
