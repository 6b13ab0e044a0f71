//! Models whose values can be set one by one, by path and in a unit: networks, neural masses, filters, equations.
//!
//! A model that says so can be swept: columns of a parameters table and fixed values of a configuration set it, with
//! their units checked, their names suggested and their part in cache keys.
//!
//! ```
//! use lapicque_units::{Entry, ModelKey, Range, SetError, Settable};
//! use serde::Serialize;
//!
//! #[derive(Clone, Serialize)]
//! struct Leak {
//!     tau_ms: f64,
//! }
//!
//! impl Settable for Leak {
//!     type Error = SetError;
//!     const NAME: &'static str = "the leak";
//!
//!     fn entries(&self) -> Vec<Entry> {
//!         vec![Entry::new("tau", "ms", self.tau_ms, Range::Positive)]
//!     }
//!
//!     fn set(&mut self, path: &str, value: f64) -> Result<(), SetError> {
//!         match path {
//!             "tau" => self.tau_ms = value,
//!             _ => return Err(SetError::unknown(path)),
//!         }
//!         Ok(())
//!     }
//!
//!     fn canonical(&self, swept: &[&str]) -> impl Serialize {
//!         ModelKey { model: self, swept }
//!     }
//! }
//!
//! let mut leak = Leak { tau_ms: 10.0 };
//! leak.set("tau", 20.0)?;
//! assert_eq!(leak.entry("tau").map(|entry| entry.value), Some(20.0));
//! # Ok::<(), SetError>(())
//! ```

use std::borrow::Cow;
use std::fmt::Display;

use serde::Serialize;
use thiserror::Error;

use crate::{Range, write_number};

/// A model with values that can be set by path.
pub trait Settable: Clone {
    /// Why a value, or the model as a whole, is refused.
    type Error: Display;
    /// What messages call it, with its article: `the network`.
    const NAME: &'static str;

    /// Every value that can be set, in an order that people expect.
    fn entries(&self) -> Vec<Entry>;

    /// The value of a path. To be overridden where a path has more spellings than the one that is listed.
    fn entry(&self, path: &str) -> Option<Entry> {
        self.entries().into_iter().find(|entry| entry.path == path)
    }

    /// Sets one value, in the unit of its entry and within its range.
    ///
    /// # Errors
    /// What the value alone shows.
    fn set(&mut self, path: &str, value: f64) -> Result<(), Self::Error>;

    /// Called when all values are set: refuses those that do not go together, and finds what follows from several.
    ///
    /// # Errors
    /// What is wrong with the model as a whole.
    fn check(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }

    /// What of the model enters cache keys, as a map: *all* that results depend on beside the values of the paths that
    /// are `swept`, so that two models with the same text give the same results. [`ModelKey`] does for a struct that
    /// serialises whole.
    fn canonical(&self, swept: &[&str]) -> impl Serialize;
}

/// A value of a model that can be set.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// As columns are named, e.g. `populations.E.C_m`.
    pub path: String,
    /// In which the value is set; `1` for counts, probabilities and ratios.
    pub unit: Cow<'static, str>,
    /// At present; NaN if there is none.
    pub value: f64,
    /// Which values it may have, in its unit.
    pub range: Range,
}

impl Entry {
    /// A value that can be set, with its unit, its present value and its range.
    pub fn new(path: impl Into<String>, unit: impl Into<Cow<'static, str>>, value: f64, range: Range) -> Self {
        Self { path: path.into(), unit: unit.into(), value, range }
    }

    /// Whether a value is in range.
    ///
    /// # Errors
    /// [`SetError::OutOfRange`].
    pub fn admits(&self, value: f64) -> Result<(), SetError> {
        if self.range.contains(value) {
            return Ok(());
        }
        let (path, unit) = (self.path.clone(), self.unit.clone());
        Err(SetError::OutOfRange { path, value, unit, allowed: self.range })
    }
}

/// Why a value could not be set.
#[derive(Debug, Clone, PartialEq, Error)]
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum SetError {
    #[error("there is no value `{path}`")]
    Unknown { path: String },
    #[error("`{path}` = {} is not allowed; it must be {allowed}", with_unit(*.value, .unit))]
    OutOfRange { path: String, value: f64, unit: Cow<'static, str>, allowed: Range },
}

impl SetError {
    /// There is no value of this path.
    pub fn unknown(path: &str) -> Self {
        Self::Unknown { path: path.to_owned() }
    }
}

fn with_unit(value: f64, unit: &str) -> String {
    match unit {
        "1" => write_number(value),
        _ => format!("{} {unit}", write_number(value)),
    }
}

/// The canonical form of a model that serialises with all that it consists of.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ModelKey<M, N> {
    /// All fields of the model.
    pub model: M,
    /// Paths.
    pub swept: N,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_admits_its_range_and_says_what_else_is_wrong() {
        let tau = Entry::new("tau", "ms", 10.0, Range::Positive);
        assert_eq!(tau.admits(1.0), Ok(()));
        let told = |entry: &Entry, value: f64| entry.admits(value).unwrap_err().to_string();
        assert_eq!(told(&tau, -1.0), "`tau` = -1 ms is not allowed; it must be greater than 0");
        assert_eq!(told(&tau, f64::NAN), "`tau` = NaN ms is not allowed; it must be greater than 0");
        let share = Entry::new("share", "1", 0.5, Range::Fraction);
        assert_eq!(told(&share, 2.0), "`share` = 2 is not allowed; it must be from 0 to 1");
        assert_eq!(
            told(&Entry::new("gain", "nA", 1.0, Range::Any), f64::INFINITY),
            "`gain` = inf nA is not allowed; it must be a finite number"
        );
    }
}
