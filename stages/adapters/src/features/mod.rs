//! `features.*`: numbers that summarise signals and spikes.

mod catch22;
mod dfa;
mod fei;
mod oscillation;
mod spiking;

use lapicque_pipeline::Kind;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(catch22::KIND), Box::new(spiking::KIND), Box::new(dfa::KIND), Box::new(fei::KIND)]
}
