//! A trained model as a document of names and numbers: nothing in it needs to be run to be read.

mod check;
mod document;
mod predict;
mod train;

pub use document::{DroppedFeature, FORMAT_VERSION, Model, ModelFeature};
pub use predict::{Predictions, predict};
pub use train::train;
