//! How well a model predicts samples it has not seen: folds, cross-validation, metrics.

mod cross_validate;
mod folds;
mod learning_curve;
mod metrics;
mod numpy_folds;

pub use cross_validate::{CrossValidation, FoldPredictions, HeldOut, cross_validate};
pub(crate) use cross_validate::{SplitRows, check_splits, cross_validate_keeping, fold_metrics};
pub use folds::{Split, Validation, explicit_folds};
pub use learning_curve::{LearningPoint, learning_curve};
pub use metrics::{Metric, RepeatAndFold};
pub use numpy_folds::repeated_kfold_of_numpy;
