//! `potential.*`: from spikes to dipole moments, local field potentials and EEG.

mod from_spikes;
mod kernel_config;
mod kernels;

use lapicque_pipeline::Kind;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(kernels::Kernels), Box::new(from_spikes::FromSpikes)]
}
