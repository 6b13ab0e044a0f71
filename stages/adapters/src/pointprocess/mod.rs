//! `pointprocess.*`: models of spike trains, and what spikes say of connections ([`lapicque_pointprocess`]).

mod connectivity;
mod connectivity_config;
mod connectivity_input;
mod connectivity_measures;
mod connectivity_tables;
mod fit;
mod fit_config;
mod fit_filter;
mod fit_input;
mod fit_simulate;
mod fit_tables;
mod recording;
mod stimuli;
mod tune;

use lapicque_pipeline::Kind;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(connectivity::KIND), Box::new(fit::KIND), Box::new(fit_simulate::KIND), Box::new(tune::KIND)]
}
