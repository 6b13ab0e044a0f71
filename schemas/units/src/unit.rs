//! Units: a dimension, a scale, and the text they were written as.

use std::fmt;
use std::str::FromStr;

use crate::grammar::parse_unit;
use crate::symbols::Scale;
use crate::{Dimension, UnitError};

/// A unit such as `pA` or `S/cm^2`: its dimension times 10^n times 6^k.
///
/// Two units are equal if they measure the same on the same scale, whatever their text: `Hz` = `1/s` = `spikes/s`.
#[derive(Debug, Clone)]
pub struct Unit {
    scale: Scale,
    text: String,
}

impl Unit {
    /// The unit of plain numbers.
    pub fn one() -> Self {
        Self { scale: Scale { dimension: Dimension::NONE, exponent: 0, sixes: 0 }, text: "1".to_owned() }
    }

    /// Reads a bare unit: `nA um`, `nA*um`, `S/cm^2`, `s^-1`, `cm2`, `J/(mol K)`, `1`.
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        let trimmed = text.trim();
        let scale = parse_unit(trimmed, 0)?;
        Ok(Self { scale, text: trimmed.to_owned() })
    }

    /// The unit this project computes with (`ms`, `mV`, `pA`, `pF`, `nS`, `Hz`, `um`, ...), for dimensions with a name.
    pub fn canonical_for(dimension: &Dimension) -> Option<Self> {
        Self::parse(dimension.canonical_unit()?).ok()
    }

    pub fn dimension(&self) -> Dimension {
        self.scale.dimension
    }

    /// Powers of ten relative to the coherent SI unit: -12 for `pA`.
    pub fn decimal_exponent(&self) -> i32 {
        self.scale.exponent
    }

    /// Powers of six relative to the coherent SI unit: 1 for `min` (6·10 s), 2 for `h` (6²·10² s), else 0.
    pub fn power_of_six(&self) -> i32 {
        self.scale.sixes
    }

    /// Whether values in the two units differ by a power of ten (or not at all).
    pub fn is_decimal_multiple_of(&self, other: &Self) -> bool {
        self.scale.dimension == other.scale.dimension && self.scale.sixes == other.scale.sixes
    }

    /// As written, without surrounding space.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn from_parts(scale: Scale, text: &str) -> Self {
        Self { scale, text: text.to_owned() }
    }
}

impl PartialEq for Unit {
    fn eq(&self, other: &Self) -> bool {
        self.scale == other.scale
    }
}

impl Eq for Unit {}

impl FromStr for Unit {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        Self::parse(text)
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}
