//! `simulate.*`: networks into spikes, neural masses into signals.

mod coupled;
mod driven;
mod mixed_config;
mod mixed_links;
mod mixed_neural_mass;
mod mixed_settings;
mod neural_mass;
mod neural_mass_config;
mod seed;
mod spiking;
mod stepping;
mod work;

use lapicque_pipeline::Kind;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(mixed_neural_mass::KIND), Box::new(neural_mass::KIND), Box::new(spiking::KIND)]
}
