//! `inverse.*`: from features to parameters.

mod c2st;
mod calibration;
mod columns;
mod failure;
mod importance;
mod model_report;
mod model_table;
mod predict;
mod priors;
mod samples_of_model;
mod search_config;
mod sequential;
mod support;
mod train;
mod train_columns;
mod train_config;
mod train_notes;
mod train_tables;
mod training_rows;
mod validation_config;

use lapicque_pipeline::Kind;
pub use model_report::{FeatureReport, ModelReport, TargetReport, explain_model};
pub(crate) use model_table::{document_of, model_of, rows_of};

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![
        Box::new(train::KIND),
        Box::new(predict::KIND),
        Box::new(calibration::KIND),
        Box::new(importance::KIND),
        Box::new(support::KIND),
        Box::new(sequential::KIND),
        Box::new(c2st::KIND),
    ]
}
