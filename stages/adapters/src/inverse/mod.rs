//! `inverse.*`: from features to parameters.

mod columns;
mod estimator_config;
mod predict;
mod train;
mod training_rows;

use lapicque_pipeline::Kind;
pub(crate) use predict::read_model;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(train::Train), Box::new(predict::Predict)]
}
