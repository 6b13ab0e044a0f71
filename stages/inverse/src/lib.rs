//! Inverse models: from features of a recording back to the parameters of the circuit.
//!
//! [`TrainingData`] holds rows of features and targets, each row with the index of its sample (a parameter point or a recording). [`train`] fits one
//! [`Model`], a document of plain numbers that [`predict`] applies to any table with the same feature names. [`cross_validate`] fits on some samples and
//! predicts the others, and never puts rows of one sample on both sides.
//!
//! Where to start: `estimators.rs` (the traits that a new estimator implements, and the list that it joins), `validation/cross_validate.rs`, `model/parts.rs`.
//!
//! Features and targets are in whatever units the caller names; nothing here converts them. Matrices are rows x columns. No result depends on the number of
//! threads.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod columns;
mod error;
pub mod estimators;
pub mod model;
mod moments;
mod training_data;
pub mod validation;

pub use error::InverseError;
pub use estimators::{AnyEstimator, Estimator, FitContext, Fitted, LeastSquares, RandomForest, Ridge, estimators};
pub use model::{Model, Predictions, predict, predict_checked, train};
pub use moments::Moments;
pub use training_data::{Target, TrainingData};
pub use validation::{CrossValidation, HeldOut, Metric, Split, Validation, cross_validate, explicit_folds};
