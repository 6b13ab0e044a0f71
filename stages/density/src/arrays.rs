//! What is kept of a network: arrays of numbers by name.

use crate::error::DensityError;

/// Numbers with a name and a shape; the last index runs fastest.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Such as `parameters`.
    pub name: &'static str,
    /// Length along each index.
    pub shape: Vec<usize>,
    /// All of them in one list.
    pub values: Vec<f64>,
}

/// Takes out an array of this shape, of finite numbers.
pub(crate) fn take(arrays: &mut Vec<Array>, name: &str, shape: &[usize]) -> Result<Vec<f64>, DensityError> {
    let Some(place) = arrays.iter().position(|array| array.name == name) else {
        return wrong(name, "is missing".to_owned());
    };
    let array = arrays.swap_remove(place);
    if array.shape != shape {
        return wrong(name, format!("has the shape {:?}; it must be {shape:?}", array.shape));
    }
    let expected = shape.iter().try_fold(1usize, |product, &length| product.checked_mul(length));
    if Some(array.values.len()) != expected {
        return wrong(name, format!("has {} values, which its shape {shape:?} does not hold", array.values.len()));
    }
    match array.values.iter().find(|value| !value.is_finite()) {
        Some(value) => wrong(name, format!("holds {value}; it must hold finite numbers")),
        None => Ok(array.values),
    }
}

pub(crate) fn wrong<T>(array: &str, problem: String) -> Result<T, DensityError> {
    Err(DensityError::Stored { array: array.to_owned(), problem })
}
