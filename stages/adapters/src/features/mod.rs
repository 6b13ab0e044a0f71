//! `features.*`: numbers that summarise signals and spikes.

mod catch22;
mod events;
mod spiking;

use lapicque_pipeline::Kind;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(catch22::KIND), Box::new(events::KIND), Box::new(spiking::KIND)]
}
