//! `potential.*`: from spikes or membrane currents to dipole moments, local field potentials and EEG.

mod from_currents;
mod from_spikes;
mod head;
mod head_config;
mod kernel_config;
mod kernel_model;
mod kernel_network;
mod kernel_settings;
mod kernels;
mod lead_field;
mod names_or_places;

use lapicque_pipeline::Kind;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![
        Box::new(kernels::KIND),
        Box::new(from_spikes::KIND),
        Box::new(from_currents::KIND),
        Box::new(head::KIND),
        Box::new(lead_field::KIND),
    ]
}
