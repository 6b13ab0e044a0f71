//! `pointprocess.*`: models of spike trains ([`lapicque_pointprocess`]).

mod fit;
mod fit_config;
mod fit_filter;
mod fit_input;
mod fit_simulate;
mod fit_tables;
mod stimuli;
mod connectivity;
mod connectivity_config;
mod connectivity_input;
mod connectivity_measures;
mod connectivity_tables;

use lapicque_pipeline::Kind;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(fit::KIND), Box::new(fit_simulate::KIND)]
    vec![Box::new(connectivity::KIND)]
}
