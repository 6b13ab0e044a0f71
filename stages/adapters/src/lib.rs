//! The kinds of stages: one file per kind, which reads columns, calls the science, and writes columns.
//!
//! Folders are the first word of a kind's name, files the second: `features.catch22` is `features/catch22.rs`.

mod canonical_network;
mod connectivity;
mod connectome;
pub mod equation_models;
mod features;
mod import;
mod inverse;
mod kind_config;
mod meanfield;
mod network_model;
pub mod networks;
mod neuralmass;
mod parameters;
mod pointprocess;
mod potential;
mod search;
mod signal;
mod simulate;
mod source;
mod statistics;
pub mod stimulus_config;
pub mod swept;

use lapicque_pipeline::Kind;

/// Trained models, for people.
pub mod models {
    pub use crate::inverse::{FeatureReport, ModelReport, TargetReport, explain_model};
}

/// One JSON document of the rows of a table `model`, which `inverse.predict` reads.
///
/// # Errors
/// A head that is no JSON.
pub fn model_document(rows: &lapicque_schemas::tables::model::ModelRows) -> Result<String, String> {
    inverse::document_of(rows)
}

/// All kinds of this crate.
pub fn kinds() -> Vec<Box<dyn Kind>> {
    [
        parameters::kinds(),
        search::kinds(),
        import::kinds(),
        connectivity::kinds(),
        connectome::kinds(),
        simulate::kinds(),
        meanfield::kinds(),
        neuralmass::kinds(),
        pointprocess::kinds(),
        potential::kinds(),
        signal::kinds(),
        features::kinds(),
        inverse::kinds(),
        statistics::kinds(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
