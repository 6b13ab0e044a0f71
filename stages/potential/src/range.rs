//! Checks of single numbers, so that every error of the crate names parameter, value and what is allowed.

/// A parameter with a value that the model does not allow.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("`{parameter}` is {value}; it must be {allowed}")]
pub struct OutOfRange {
    /// Its name.
    pub parameter: String,
    /// What it was.
    pub value: f64,
    /// What it must be, in words.
    pub allowed: &'static str,
}

/// `value > 0` and finite.
pub(crate) fn positive(parameter: impl Into<String>, value: f64) -> Result<(), OutOfRange> {
    require(parameter, value, value > 0.0, "finite and above 0")
}

/// `value >= 0` and finite.
pub(crate) fn not_negative(parameter: impl Into<String>, value: f64) -> Result<(), OutOfRange> {
    require(parameter, value, value >= 0.0, "finite and at least 0")
}

pub(crate) fn finite(parameter: impl Into<String>, value: f64) -> Result<(), OutOfRange> {
    require(parameter, value, true, "finite")
}

/// Fails unless `value` is finite and `holds`.
pub(crate) fn require(
    parameter: impl Into<String>,
    value: f64,
    holds: bool,
    allowed: &'static str,
) -> Result<(), OutOfRange> {
    if value.is_finite() && holds {
        return Ok(());
    }
    Err(OutOfRange { parameter: parameter.into(), value, allowed })
}
