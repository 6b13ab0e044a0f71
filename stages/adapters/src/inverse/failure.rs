//! Errors of the science as failures of a sample.

use lapicque_inverse::InverseError;
use lapicque_pipeline::SampleError;

pub(super) fn failed(error: InverseError) -> SampleError {
    match error {
        InverseError::Cancelled => SampleError::cancelled(),
        error => SampleError::input(error),
    }
}
