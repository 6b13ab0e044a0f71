//! What a quantity measures: powers of the seven base units of the SI.

use std::fmt;

/// Exponents are stored as multiples of one 60th, so halves, thirds, quarters, fifths and tenths are exact.
const PARTS: i32 = 60;
/// Larger exponents are refused.
const LARGEST_EXPONENT: i32 = 1000;

/// Exponents of metre, kilogram, second, ampere, kelvin, mole and candela.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Dimension {
    /// In 60ths.
    exponents: [i32; 7],
}

/// Why a dimension cannot be raised to a power.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PowerError {
    /// The exponents that would result are no multiples of 1/60.
    #[error("exponents of units must be multiples of 1/60")]
    NoSuchFraction,
    /// The exponents that would result are too large.
    #[error("exponents of units must be at most {LARGEST_EXPONENT}")]
    TooLarge,
}

impl Dimension {
    /// Of a pure number.
    pub const NONE: Self = Self { exponents: [0; 7] };
    /// Of a time.
    pub const SECOND: Self = Self::whole([0, 0, 1, 0, 0, 0, 0]);
    /// Of a rate.
    pub const HERTZ: Self = Self::whole([0, 0, -1, 0, 0, 0, 0]);
    /// Of a voltage.
    pub const VOLT: Self = Self::whole([2, 1, -3, -1, 0, 0, 0]);
    /// Of white noise: second**-0.5.
    pub const NOISE: Self = Self { exponents: [0, 0, -PARTS / 2, 0, 0, 0, 0] };

    /// The dimension with these exponents of metre, kilogram, second, ampere, kelvin, mole and candela.
    pub const fn whole(exponents: [i32; 7]) -> Self {
        let mut parts = [0; 7];
        let mut index = 0;
        while index < 7 {
            parts[index] = exponents[index] * PARTS;
            index += 1;
        }
        Self { exponents: parts }
    }

    /// Whether it is that of a pure number.
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }

    /// Exponents of metre, kilogram, second, ampere, kelvin, mole and candela.
    pub fn exponents(self) -> [f64; 7] {
        self.exponents.map(|parts| f64::from(parts) / f64::from(PARTS))
    }

    /// Of the product of two quantities.
    ///
    /// # Errors
    /// [`PowerError::TooLarge`].
    pub fn times(self, other: Self) -> Result<Self, PowerError> {
        self.combined(other, 1)
    }

    /// Of the quotient of two quantities.
    ///
    /// # Errors
    /// [`PowerError::TooLarge`].
    pub fn over(self, other: Self) -> Result<Self, PowerError> {
        self.combined(other, -1)
    }

    fn combined(self, other: Self, sign: i32) -> Result<Self, PowerError> {
        let mut exponents = self.exponents;
        for (exponent, others) in exponents.iter_mut().zip(other.exponents) {
            *exponent += sign * others;
            if exponent.abs() > LARGEST_EXPONENT * PARTS {
                return Err(PowerError::TooLarge);
            }
        }
        Ok(Self { exponents })
    }

    /// Of a quantity raised to a power.
    ///
    /// # Errors
    /// See [`PowerError`]; a power that is not finite is [`PowerError::TooLarge`].
    pub fn power(self, power: f64) -> Result<Self, PowerError> {
        let mut exponents = self.exponents;
        for exponent in &mut exponents {
            if *exponent == 0 {
                continue;
            }
            let exact = f64::from(*exponent) * power;
            // Also false for what is not a number.
            if exact.abs() <= f64::from(LARGEST_EXPONENT * PARTS) {
                if (exact - exact.round()).abs() > 1e-9 {
                    return Err(PowerError::NoSuchFraction);
                }
                *exponent = exact.round() as i32;
            } else {
                return Err(PowerError::TooLarge);
            }
        }
        Ok(Self { exponents })
    }

    /// The one base unit that it is a power of, with the exponent in 60ths.
    fn single(self) -> Option<(usize, i32)> {
        let mut found = None;
        for (index, &exponent) in self.exponents.iter().enumerate() {
            if exponent != 0 {
                if found.is_some() {
                    return None;
                }
                found = Some((index, exponent));
            }
        }
        found
    }
}

const BASE: [&str; 7] = ["metre", "kilogram", "second", "amp", "kelvin", "mole", "candle"];

/// Names that dimensions are told in, the more usual first.
const NAMED: [(&str, Dimension); 14] = [
    ("volt", Dimension::VOLT),
    ("siemens", Dimension::whole([-2, -1, 3, 2, 0, 0, 0])),
    ("farad", Dimension::whole([-2, -1, 4, 2, 0, 0, 0])),
    ("ohm", Dimension::whole([2, 1, -3, -2, 0, 0, 0])),
    ("coulomb", Dimension::whole([0, 0, 1, 1, 0, 0, 0])),
    ("watt", Dimension::whole([2, 1, -3, 0, 0, 0, 0])),
    ("joule", Dimension::whole([2, 1, -2, 0, 0, 0, 0])),
    ("newton", Dimension::whole([1, 1, -2, 0, 0, 0, 0])),
    ("pascal", Dimension::whole([-1, 1, -2, 0, 0, 0, 0])),
    ("henry", Dimension::whole([2, 1, -2, -2, 0, 0, 0])),
    ("tesla", Dimension::whole([0, 1, -2, -1, 0, 0, 0])),
    ("weber", Dimension::whole([2, 1, -2, -1, 0, 0, 0])),
    ("katal", Dimension::whole([0, 0, -1, 0, 0, 1, 0])),
    ("gray", Dimension::whole([2, 0, -2, 0, 0, 0, 0])),
];

impl fmt::Display for Dimension {
    /// As one would write it: `1`, `volt`, `volt/second`, `siemens/metre**2`. A unit of an equation that is written so
    /// has this dimension.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_none() {
            return formatter.write_str("1");
        }
        if self.single().is_some() {
            return formatter.write_str(&product(&base_factors(*self)));
        }
        // Exactly a name, then a power of it, then either of them with one base unit beside it.
        let powers = [PARTS, 2 * PARTS, -PARTS, PARTS / 2, -PARTS / 2];
        for beside_base_unit in [false, true] {
            for power in powers {
                for (name, dimension) in NAMED {
                    let Ok(raised) = dimension.power(f64::from(power) / f64::from(PARTS)) else { continue };
                    let Ok(rest) = self.over(raised) else { continue };
                    let factor = (name, power);
                    if rest.is_none() && !beside_base_unit {
                        return formatter.write_str(&product(&[factor]));
                    }
                    if let Some((index, exponent)) = rest.single()
                        && beside_base_unit
                    {
                        return formatter.write_str(&product(&[factor, (BASE[index], exponent)]));
                    }
                }
            }
        }
        formatter.write_str(&product(&base_factors(*self)))
    }
}

impl fmt::Debug for Dimension {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Dimension({self})")
    }
}

fn base_factors(dimension: Dimension) -> Vec<(&'static str, i32)> {
    BASE.into_iter().zip(dimension.exponents).filter(|&(_, exponent)| exponent != 0).collect()
}

/// Factors with positive exponents first, then the others behind slashes.
fn product(factors: &[(&str, i32)]) -> String {
    let mut text = String::new();
    for &(name, exponent) in factors.iter().filter(|&&(_, exponent)| exponent > 0) {
        if !text.is_empty() {
            text.push('*');
        }
        text.push_str(&raised(name, exponent));
    }
    if text.is_empty() {
        text.push('1');
    }
    for &(name, exponent) in factors.iter().filter(|&&(_, exponent)| exponent < 0) {
        text.push('/');
        text.push_str(&raised(name, -exponent));
    }
    text
}

fn raised(name: &str, exponent: i32) -> String {
    if exponent == PARTS { name.to_owned() } else { format!("{name}**{}", f64::from(exponent) / f64::from(PARTS)) }
}
