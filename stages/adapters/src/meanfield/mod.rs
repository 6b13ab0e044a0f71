//! `meanfield.*`: what the mean-field theory of a network says, without simulating it ([`lapicque_meanfield`]).

pub(crate) mod axis;
mod binary;
mod covariances;
mod eigenmodes;
mod external_rates;
mod imposed_input;
mod low_pass_fit;
mod power_spectra;
mod response;
mod sensitivity;
mod spatial;
mod stability;
mod stage;
mod theory;
mod transfer_function;
mod working_point;

use lapicque_pipeline::Kind;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![
        Box::new(binary::KIND),
        Box::new(covariances::KIND),
        Box::new(eigenmodes::KIND),
        Box::new(external_rates::KIND),
        Box::new(low_pass_fit::KIND),
        Box::new(power_spectra::KIND),
        Box::new(sensitivity::KIND),
        Box::new(spatial::KIND),
        Box::new(stability::KIND),
        Box::new(transfer_function::KIND),
        Box::new(working_point::KIND),
    ]
}
