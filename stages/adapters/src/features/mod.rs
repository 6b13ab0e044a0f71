//! `features.*`: numbers that summarise signals and spikes.

mod catch22;
mod spectral_parameters;
mod spectral_parameters_config;
mod spiking;

use lapicque_pipeline::Kind;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(catch22::KIND), Box::new(spectral_parameters::KIND), Box::new(spiking::KIND)]
}
