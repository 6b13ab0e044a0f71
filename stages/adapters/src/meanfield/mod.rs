//! `meanfield.*`: what the mean-field theory of a network says, without simulating it ([`lapicque_meanfield`]).

mod eigenmodes;
mod frequencies;
mod power_spectra;
mod sensitivity;
mod stability;
mod theory;
mod transfer_function;
mod working_point;

use lapicque_pipeline::Kind;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![
        Box::new(eigenmodes::Eigenmodes),
        Box::new(power_spectra::PowerSpectra),
        Box::new(sensitivity::SensitivityKind),
        Box::new(stability::Stability),
        Box::new(transfer_function::TransferFunction),
        Box::new(working_point::WorkingPoints),
    ]
}
