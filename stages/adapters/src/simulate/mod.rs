//! `simulate.*`: networks into spikes, neural masses into signals.

pub(crate) mod coupled;
pub(crate) mod driven;
pub(crate) mod neural_mass;
pub(crate) mod neural_mass_config;
pub(crate) mod seed;
mod spiking;
pub(crate) mod stepping;
mod work;

use lapicque_pipeline::Kind;

pub(crate) use seed::read_seed;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(neural_mass::KIND), Box::new(spiking::KIND)]
}
