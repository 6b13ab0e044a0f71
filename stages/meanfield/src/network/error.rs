//! What can go wrong in the linear theory.

use num_complex::Complex64;
use thiserror::Error;

use super::ParameterError;
use crate::neuron::NeuronError;

/// Why a linear response could not be computed.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, PartialEq, Error)]
pub enum LinearError {
    #[error(transparent)]
    Parameters(#[from] ParameterError),
    #[error("population `{population}`: {source}")]
    Neuron { population: String, source: NeuronError },
    #[error("a matrix holds {value}: its values must be finite")]
    NotFinite { value: Complex64 },
    #[error(
        "an eigenvalue of the effective connectivity is 1: the network is on the edge of an oscillation, its response infinite"
    )]
    Critical,
    #[error("`{population}` has no outgoing connection, so that the propagator has no inverse; leave it out")]
    NoOutgoingConnection { population: String },
    #[error("the propagator has no inverse: an eigenvalue of the effective connectivity is 0")]
    SingularPropagator,
    #[error("the eigenvalues of a matrix were not found")]
    NoEigenvalues,
    #[error("the eigenvalue {eigenvalue} is repeated, and its eigenvectors are not independent")]
    NoEigenvectors { eigenvalue: Complex64 },
    #[error("there is no frequency at position {position} of {frequencies}")]
    NoFrequency { position: usize, frequencies: usize },
    #[error("the largest real part of the eigenvalues of the effective weights is {bound}: it must be below 1")]
    Unstable { bound: f64 },
}
