//! `features.*`: numbers that summarise signals and spikes.

mod catch22;
mod connectivity;
mod connectivity_config;
mod spiking;

use lapicque_pipeline::Kind;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(catch22::KIND), Box::new(connectivity::KIND), Box::new(spiking::KIND)]
}
