//! `simulate.*`: networks into spikes, neural masses into signals.

mod coupled;
mod driven;
mod neural_mass;
mod neural_mass_config;
mod seed;
mod spiking;
mod stepping;
mod work;

use lapicque_pipeline::Kind;

pub(crate) use seed::read_seed;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(neural_mass::KIND), Box::new(spiking::KIND)]
}
