//! Units: a dimension, a scale, and the text they were written as.

use std::fmt;
use std::str::FromStr;

use crate::grammar::parse_unit;
use crate::symbols::Scale;
use crate::{Dimension, UnitError};

/// A unit such as `pA` or `S/cm^2`: its dimension times 10^n times 6^k, with n and k whole numbers or halves.
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
        Self { scale: Scale::ONE, text: "1".to_owned() }
    }

    /// Reads a bare unit: `nA um`, `nA*um`, `S/cm^2`, `s^-1`, `cm2`, `J/(mol K)`, `1`, `mV s^-1/2`, `mV s^(-1/2)`.
    ///
    /// # Errors
    /// A text that is no unit: what is wrong with it, and where.
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        let trimmed = text.trim();
        let scale = parse_unit(trimmed, 0)?;
        Ok(Self { scale, text: trimmed.to_owned() })
    }

    /// The unit this project computes with (`ms`, `mV`, `pA`, `pF`, `nS`, `Hz`, `um`, ...), for dimensions with a name.
    pub fn canonical_for(dimension: &Dimension) -> Option<Self> {
        Self::parse(dimension.canonical_unit()?).ok()
    }

    /// What it measures.
    pub fn dimension(&self) -> Dimension {
        self.scale.dimension
    }

    /// Powers of ten relative to the coherent SI unit: -12 for `pA`, 1.5 for `ms^-1/2`.
    pub fn decimal_exponent(&self) -> f64 {
        0.5 * f64::from(self.scale.half_tens)
    }

    /// Powers of six relative to the coherent SI unit: 1 for `min` (6·10 s), 2 for `h` (6²·10² s), else 0.
    pub fn power_of_six(&self) -> f64 {
        0.5 * f64::from(self.scale.half_sixes)
    }

    /// Whether values in the two units differ by a whole power of ten (or not at all).
    pub fn is_decimal_multiple_of(&self, other: &Self) -> bool {
        self.scale.dimension == other.scale.dimension
            && self.scale.half_sixes == other.scale.half_sixes
            && (self.scale.half_tens - other.scale.half_tens) % 2 == 0
    }

    /// Converts numbers of this unit to another that differs by a whole power of ten, each rounded once up to 10^22. Of
    /// another unit they stay as they are, and this gives false.
    pub fn convert(&self, to: &Self, values: &mut [f64]) -> bool {
        if !self.is_decimal_multiple_of(to) {
            return false;
        }
        // Powers of ten with a negative exponent are rounded; dividing by the positive one is not.
        match (self.scale.half_tens - to.scale.half_tens) / 2 {
            0 => {}
            tens @ 1.. => values.iter_mut().for_each(|value| *value *= 10_f64.powi(tens)),
            tens => values.iter_mut().for_each(|value| *value /= 10_f64.powi(-tens)),
        }
        true
    }

    /// As written, without surrounding space.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn scale(&self) -> Scale {
        self.scale
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_values_convert_as_one_quantity_does() {
        let unit = |text: &str| Unit::parse(text).unwrap();
        for (from, to) in [("V", "uV"), ("uV", "V"), ("nV", "mV"), ("\u{b5}V", "uV"), ("T/m", "fT/cm"), ("T", "fT")] {
            let before = [-23.5, 0.1, 0.0, 1e-13, 254.0, f64::MAX / 1e20, f64::NAN];
            let mut values = before;
            assert!(unit(from).convert(&unit(to), &mut values));
            for (before, after) in before.into_iter().zip(values) {
                let expected = crate::Quantity::new(before, unit(from)).to(&unit(to)).unwrap();
                // A quantity shifts the exponent of decimal text; here the stored number is scaled.
                assert!(before.is_nan() && after.is_nan() || (after - expected).abs() <= f64::EPSILON * expected.abs());
            }
        }
        let mut values = [1.0];
        for (from, to) in [("V", "T"), ("min", "s"), ("ms^-1/2", "s^-1/2")] {
            assert!(!unit(from).convert(&unit(to), &mut values));
        }
        assert_eq!(values, [1.0]);
    }
}
