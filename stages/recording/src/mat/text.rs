//! Text as MATLAB has it: arrays of characters, a row each.

use super::budget::{Budget, product};
use super::error::MatError;
use super::value::MatValue;

/// The rows of a character array, whose elements stand down the columns.
pub(super) fn rows<T: Copy>(
    elements: &[T],
    dims: &[usize],
    text: impl Fn(&[T]) -> String,
    budget: &Budget<'_>,
) -> Result<MatValue, MatError> {
    let count = product(dims).unwrap_or(usize::MAX);
    let rows = dims.first().copied().unwrap_or(0);
    if count == 0 {
        return Ok(MatValue::Text(Vec::new()));
    }
    if rows == 1 {
        // UTF-8 has fewer characters than the array elements where some lie outside of the basic plane.
        return Ok(MatValue::Text(vec![trim(text(elements))]));
    }
    if elements.len() != count {
        return Err(MatError::Length {
            variable: budget.variable(),
            dims: dims.to_vec(),
            found: elements.len() as u64,
        });
    }
    let row = |row: usize| {
        let of_row: Vec<T> = elements.iter().skip(row).step_by(rows).copied().collect();
        trim(text(&of_row))
    };
    Ok(MatValue::Text((0..rows).map(row).collect()))
}

fn trim(mut text: String) -> String {
    text.truncate(text.trim_end_matches([' ', '\0']).len());
    text
}
