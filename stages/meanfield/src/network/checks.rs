//! Ranges of values.

use nalgebra::{DMatrix, Scalar};

use super::ParameterError;

pub(crate) fn out_of_range(parameter: String, value: f64, allowed: &'static str) -> ParameterError {
    ParameterError::OutOfRange { parameter, value, allowed }
}

pub(crate) fn finite(value: f64, name: impl FnOnce() -> String) -> Result<(), ParameterError> {
    if value.is_finite() { Ok(()) } else { Err(out_of_range(name(), value, "a finite number")) }
}

pub(crate) fn not_negative(value: f64, name: impl FnOnce() -> String) -> Result<(), ParameterError> {
    if value >= 0.0 && value.is_finite() { Ok(()) } else { Err(out_of_range(name(), value, "0 or above, and finite")) }
}

pub(crate) fn positive(value: f64, name: impl FnOnce() -> String) -> Result<(), ParameterError> {
    if value > 0.0 && value.is_finite() { Ok(()) } else { Err(out_of_range(name(), value, "above 0, and finite")) }
}

/// Whether there is a value for every population.
pub(crate) fn one_for_each(parameter: &'static str, length: usize, expected: usize) -> Result<(), ParameterError> {
    if length == expected { Ok(()) } else { Err(ParameterError::Length { parameter, length, expected }) }
}

/// Whether a matrix has a row and a column for every population.
pub(crate) fn shape<T: Scalar>(
    parameter: &'static str,
    matrix: &DMatrix<T>,
    populations: usize,
) -> Result<(), ParameterError> {
    let (rows, columns) = matrix.shape();
    match (rows, columns) == (populations, populations) {
        true => Ok(()),
        false => Err(ParameterError::Shape { parameter, rows, columns, populations }),
    }
}
