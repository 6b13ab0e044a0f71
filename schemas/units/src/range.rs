//! Which values a parameter may have.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The values that a parameter may have; never NaN or infinite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Range {
    /// Every number.
    Any,
    /// Above 0.
    Positive,
    /// 0 or above.
    NonNegative,
    /// From 0 to 1.
    Fraction,
    /// Whole numbers from `min` to `max`.
    Whole {
        /// The least.
        min: u64,
        /// The greatest.
        max: u64,
    },
}

impl Range {
    /// Sizes of populations.
    pub const SIZE: Self = Self::Whole { min: 1, max: u32::MAX as u64 };
    /// Counts that a 64-bit float holds exactly.
    pub const COUNT: Self = Self::Whole { min: 0, max: 1 << 53 };

    /// Whether `value` is one of them.
    pub fn contains(self, value: f64) -> bool {
        value.is_finite()
            && match self {
                Self::Any => true,
                Self::Positive => value > 0.0,
                Self::NonNegative => value >= 0.0,
                Self::Fraction => (0.0..=1.0).contains(&value),
                Self::Whole { min, max } => value.fract() == 0.0 && value >= min as f64 && value <= max as f64,
            }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("a finite number"),
            Self::Positive => f.write_str("greater than 0"),
            Self::NonNegative => f.write_str("0 or greater"),
            Self::Fraction => f.write_str("from 0 to 1"),
            Self::Whole { min, max } => write!(f, "a whole number from {min} to {max}"),
        }
    }
}
