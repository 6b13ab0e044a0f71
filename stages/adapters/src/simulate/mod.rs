//! `simulate.*`: networks and equations into spikes, neural masses into signals.

pub(crate) mod coupled;
pub(crate) mod driven;
mod equations;
mod equations_config;
mod equations_model;
mod equations_segments;
mod equations_stimuli;
mod equations_tables;
mod equations_units;
mod mixed_config;
mod mixed_links;
mod mixed_neural_mass;
mod mixed_settings;
pub(crate) mod neural_mass;
pub(crate) mod neural_mass_config;
mod neurons;
mod point_process;
pub(crate) mod point_process_config;
pub(crate) mod point_process_network;
pub(crate) mod point_process_stimuli;
pub(crate) mod point_process_tables;
pub(crate) mod seed;
mod spiking;
pub(crate) mod stepping;
mod work;

use lapicque_pipeline::Kind;

pub(crate) use seed::read_seed;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![
        Box::new(equations::KIND),
        Box::new(mixed_neural_mass::KIND),
        Box::new(neural_mass::KIND),
        Box::new(point_process::KIND),
        Box::new(spiking::KIND),
    ]
}
