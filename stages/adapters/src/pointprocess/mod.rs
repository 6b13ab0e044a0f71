//! `pointprocess.*`: models of spike trains ([`lapicque_pointprocess`]).

mod connectivity;
mod connectivity_config;
mod connectivity_input;
mod connectivity_measures;
mod connectivity_tables;

use lapicque_pipeline::Kind;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(connectivity::KIND)]
}
