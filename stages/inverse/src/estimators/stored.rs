//! What is kept of a fit: a few settings, and arrays of numbers by name.

use serde_json::{Map, Value};

use crate::InverseError;

/// Numbers with a name and a shape; the last index runs fastest.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedArray {
    /// In a [`Stored`] the name alone (`coefficients`); in the parts of a model the path to it (`fitted.linear.coefficients`).
    pub name: String,
    /// Length along each index; their product is the number of values.
    pub shape: Vec<usize>,
    /// All of them in one list.
    pub values: Vec<f64>,
}

/// What is kept of a fit, or what was.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stored {
    /// What stands before names in messages, such as `fitted.linear.`.
    prefix: String,
    settings: Map<String, Value>,
    arrays: Vec<NamedArray>,
}

impl Stored {
    /// With one array.
    pub fn with(mut self, name: &str, shape: &[usize], values: Vec<f64>) -> Self {
        self.arrays.push(NamedArray { name: name.to_owned(), shape: shape.to_vec(), values });
        self
    }

    /// With a setting that is no array.
    pub fn with_setting(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.settings.insert(name.to_owned(), value.into());
        self
    }

    /// With all that is kept of a part, under its name.
    pub(crate) fn with_part(mut self, name: &str, part: Self) -> Self {
        let named = |array: NamedArray| NamedArray { name: format!("{name}.{}", array.name), ..array };
        self.arrays.extend(part.arrays.into_iter().map(named));
        self.settings.insert(name.to_owned(), Value::Object(part.settings));
        self
    }

    /// Takes out a part; none if nothing is kept of it.
    pub(crate) fn take_part(&mut self, name: &str) -> Option<Self> {
        let prefix = format!("{name}.");
        let of_part = |array: &mut NamedArray| array.name.starts_with(&prefix);
        let arrays: Vec<NamedArray> = self
            .arrays
            .extract_if(.., of_part)
            .map(|array| NamedArray { name: array.name[prefix.len()..].to_owned(), ..array })
            .collect();
        let settings = match self.settings.remove(name) {
            Some(Value::Object(settings)) => settings,
            // What is left is told by `finish`.
            Some(other) => {
                self.settings.insert(name.to_owned(), other);
                Map::new()
            }
            None if arrays.is_empty() => return None,
            None => Map::new(),
        };
        Some(Self { prefix: format!("{}{prefix}", self.prefix), settings, arrays })
    }

    /// What was read: `prefix` stands before names in messages.
    pub(crate) fn read(prefix: &str, settings: Map<String, Value>, arrays: Vec<NamedArray>) -> Self {
        Self { prefix: prefix.to_owned(), settings, arrays }
    }

    pub(crate) fn into_parts(self) -> (Map<String, Value>, Vec<NamedArray>) {
        (self.settings, self.arrays)
    }

    /// The array of this name, if it is kept.
    pub fn array(&self, name: &str) -> Option<&NamedArray> {
        self.arrays.iter().find(|array| array.name == name)
    }

    /// Takes out an array of so many dimensions.
    ///
    /// # Errors
    /// It is missing, has another number of dimensions, or a shape that its values do not have.
    pub fn take<const DIMENSIONS: usize>(
        &mut self,
        name: &str,
    ) -> Result<([usize; DIMENSIONS], Vec<f64>), InverseError> {
        let Some(place) = self.arrays.iter().position(|array| array.name == name) else {
            return self.wrong(name, "is missing".to_owned());
        };
        let NamedArray { shape, values, .. } = self.arrays.swap_remove(place);
        let Ok(known) = <[usize; DIMENSIONS]>::try_from(shape.as_slice()) else {
            return self.wrong(name, format!("has {} dimensions; it must have {DIMENSIONS}", shape.len()));
        };
        let expected = shape.iter().try_fold(1usize, |product, &length| product.checked_mul(length));
        if expected != Some(values.len()) {
            return self.wrong(name, format!("has {} values, which its shape {shape:?} does not hold", values.len()));
        }
        Ok((known, values))
    }

    /// Takes out a list of whole numbers.
    ///
    /// # Errors
    /// As [`Stored::take`], or a number that is not whole, negative or too large.
    pub fn take_whole(&mut self, name: &str) -> Result<Vec<u32>, InverseError> {
        let (_, values) = self.take::<1>(name)?;
        let whole = |(place, &value): (usize, &f64)| match value as u32 {
            whole if f64::from(whole) == value => Ok(whole),
            _ => self.wrong(
                &format!("{name}[{place}]"),
                format!("is {value}; it must be a whole number from 0 to {}", u32::MAX),
            ),
        };
        values.iter().enumerate().map(whole).collect()
    }

    /// Takes out a setting.
    pub fn take_setting(&mut self, name: &str) -> Option<Value> {
        self.settings.remove(name)
    }

    /// # Errors
    /// Something is left that nothing asked for.
    pub fn finish(&self) -> Result<(), InverseError> {
        let left = self.settings.keys().chain(self.arrays.iter().map(|array| &array.name)).next();
        left.map_or(Ok(()), |name| self.wrong(name, "is not known here".to_owned()))
    }

    /// The error that a part of this name is not what it should be.
    ///
    /// # Errors
    /// Always.
    pub fn wrong<T>(&self, name: &str, problem: String) -> Result<T, InverseError> {
        Err(InverseError::Document { field: format!("{}{name}", self.prefix), problem })
    }
}
