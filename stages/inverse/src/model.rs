//! A trained model, as names and numbers: nothing in it needs to be run to be read.

mod check;
mod json;
mod parts;
mod posteriors;
mod predict;
mod train;

pub use json::{nested, parts};
pub use parts::{Derived, DroppedFeature, FORMAT_VERSION, LeverageHead, Model, ModelFeature, ModelHead};
pub use posteriors::RowPosterior;
pub use predict::{Predictions, outside_training, predict, predict_checked};
pub(crate) use train::model_of_members;
pub use train::train;
