//! `simulate.*`: networks into spikes.

mod spiking;
mod work;

use lapicque_pipeline::Kind;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(spiking::KIND)]
}
