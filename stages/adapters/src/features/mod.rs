//! `features.*`: numbers that summarise signals and spikes.

mod bands;
mod bands_config;
mod bistability;
mod bursts;
mod by_signal;
mod catch22;
mod complexity;
mod complexity_config;
mod connectivity;
mod connectivity_config;
mod dfa;
mod empirical;
mod events;
mod fei;
mod functional_connectivity;
mod oscillation;
mod spectral_parameters;
mod spectral_parameters_config;
mod spike_trains;
mod spike_trains_config;
mod spike_trains_pairs;
mod spike_trains_recording;
mod spike_trains_tables;
mod spiking;

use lapicque_pipeline::Kind;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![
        Box::new(bands::KIND),
        Box::new(bistability::KIND),
        Box::new(bursts::KIND),
        Box::new(catch22::KIND),
        Box::new(complexity::KIND),
        Box::new(connectivity::KIND),
        Box::new(dfa::KIND),
        Box::new(events::KIND),
        Box::new(fei::KIND),
        Box::new(functional_connectivity::KIND),
        Box::new(spectral_parameters::KIND),
        Box::new(spike_trains::KIND),
        Box::new(spiking::KIND),
    ]
}
