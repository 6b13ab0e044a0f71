//! `features.*`: numbers that summarise signals and spikes.

mod bands;
mod bands_config;
mod bursts;
mod by_signal;
mod catch22;
mod complexity;
mod complexity_config;
mod events;
mod spiking;

use lapicque_pipeline::Kind;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![
        Box::new(bands::KIND),
        Box::new(bursts::KIND),
        Box::new(catch22::KIND),
        Box::new(complexity::KIND),
        Box::new(events::KIND),
        Box::new(spiking::KIND),
    ]
}
