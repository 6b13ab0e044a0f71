//! How well a model predicts samples it has not seen: folds, cross-validation, metrics.

mod cross_validate;
mod folds;
mod metrics;

pub use cross_validate::{CrossValidation, FoldPredictions, HeldOut, cross_validate};
pub use folds::{Split, Validation, explicit_folds};
pub use metrics::{Metric, RepeatAndFold};
