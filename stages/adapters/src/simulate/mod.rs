//! `simulate.*`: networks into spikes.

mod spiking;

use lapicque_pipeline::Kind;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(spiking::SimulateSpiking)]
}
