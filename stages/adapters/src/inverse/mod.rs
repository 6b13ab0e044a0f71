//! `inverse.*`: from features to parameters.

mod columns;
mod model_table;
mod predict;
mod priors;
mod search_config;
mod train;
mod train_columns;
mod train_config;
mod train_notes;
mod train_tables;
mod training_rows;
mod validation_config;

use lapicque_pipeline::Kind;
pub(crate) use model_table::{document_of, model_of, rows_of};

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(train::KIND), Box::new(predict::KIND)]
}
