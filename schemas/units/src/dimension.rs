//! What kind of thing a unit measures: exponents over the SI base units.

use std::fmt;

/// Exponents over m, kg, s, A, K, mol.
///
/// Displayed by name where the field has one (`current`, `conductance density`), else as a product (`A·s^-1`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Dimension {
    exponents: [i8; 6],
}

const BASE: [&str; 6] = ["m", "kg", "s", "A", "K", "mol"];

/// Name, exponents, and the unit this project computes with.
const NAMED: &[(&str, [i8; 6], &str)] = &[
    ("dimensionless number", [0, 0, 0, 0, 0, 0], "1"),
    ("time", [0, 0, 1, 0, 0, 0], "ms"),
    ("length", [1, 0, 0, 0, 0, 0], "um"),
    ("mass", [0, 1, 0, 0, 0, 0], "g"),
    ("current", [0, 0, 0, 1, 0, 0], "pA"),
    ("temperature", [0, 0, 0, 0, 1, 0], "K"),
    ("amount of substance", [0, 0, 0, 0, 0, 1], "mol"),
    ("voltage", [2, 1, -3, -1, 0, 0], "mV"),
    ("resistance", [2, 1, -3, -2, 0, 0], "Mohm"),
    ("conductance", [-2, -1, 3, 2, 0, 0], "nS"),
    ("capacitance", [-2, -1, 4, 2, 0, 0], "pF"),
    ("charge", [0, 0, 1, 1, 0, 0], "pC"),
    ("frequency", [0, 0, -1, 0, 0, 0], "Hz"),
    ("energy", [2, 1, -2, 0, 0, 0], "J"),
    ("power", [2, 1, -3, 0, 0, 0], "W"),
    ("force", [1, 1, -2, 0, 0, 0], "N"),
    ("pressure", [-1, 1, -2, 0, 0, 0], "Pa"),
    ("magnetic flux density", [0, 1, -2, -1, 0, 0], "fT"),
    ("magnetic flux", [2, 1, -2, -1, 0, 0], "Wb"),
    ("inductance", [2, 1, -2, -2, 0, 0], "H"),
    ("area", [2, 0, 0, 0, 0, 0], "um^2"),
    ("volume", [3, 0, 0, 0, 0, 0], "um^3"),
    ("velocity", [1, 0, -1, 0, 0, 0], "m/s"),
    ("concentration", [-3, 0, 0, 0, 0, 1], "mM"),
    ("conductivity", [-3, -1, 3, 2, 0, 0], "S/m"),
    ("resistivity", [3, 1, -3, -2, 0, 0], "ohm cm"),
    ("conductance density", [-4, -1, 3, 2, 0, 0], "S/cm^2"),
    ("specific capacitance", [-4, -1, 4, 2, 0, 0], "uF/cm^2"),
    ("current density", [-2, 0, 0, 1, 0, 0], "uA/mm^2"),
    ("dipole moment", [1, 0, 0, 1, 0, 0], "nA um"),
    ("electric field", [1, 1, -3, -1, 0, 0], "mV/mm"),
    ("rate of voltage", [2, 1, -4, -1, 0, 0], "mV/ms"),
];

impl Dimension {
    /// That of plain numbers, fractions and counts.
    pub const NONE: Self = Self { exponents: [0; 6] };

    /// From exponents over m, kg, s, A, K, mol.
    pub const fn new(exponents: [i8; 6]) -> Self {
        Self { exponents }
    }

    /// Exponents over m, kg, s, A, K, mol.
    pub const fn exponents(&self) -> [i8; 6] {
        self.exponents
    }

    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }

    /// The field's name of it, if it has one.
    pub fn name(&self) -> Option<&'static str> {
        named(self).map(|(name, _)| name)
    }

    /// The text of the unit this project computes with, if the dimension has a name.
    pub fn canonical_unit(&self) -> Option<&'static str> {
        named(self).map(|(_, unit)| unit)
    }

    /// With an indefinite article, for messages: `a voltage`, `an energy`.
    pub fn with_article(&self) -> String {
        match self.name() {
            Some("amount of substance") => "an amount of substance".to_owned(),
            Some(name) if name.starts_with(['a', 'e', 'i', 'o', 'u']) => format!("an {name}"),
            Some(name) => format!("a {name}"),
            None => format!("a quantity in {self}"),
        }
    }

    /// `self * other^power`, or `None` where an exponent leaves -128..=127.
    pub(crate) fn times(&self, other: &Self, power: i32) -> Option<Self> {
        let mut exponents = [0; 6];
        for (out, (own, others)) in exponents.iter_mut().zip(self.exponents.iter().zip(other.exponents)) {
            let exponent = i32::from(others).checked_mul(power)?.checked_add(i32::from(*own))?;
            *out = i8::try_from(exponent).ok()?;
        }
        Some(Self { exponents })
    }
}

fn named(dimension: &Dimension) -> Option<(&'static str, &'static str)> {
    NAMED.iter().find(|(_, exponents, _)| *exponents == dimension.exponents).map(|(name, _, unit)| (*name, *unit))
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = self.name() {
            return f.write_str(name);
        }
        let mut separator = "";
        for (symbol, exponent) in BASE.iter().zip(self.exponents) {
            match exponent {
                0 => continue,
                1 => write!(f, "{separator}{symbol}")?,
                _ => write!(f, "{separator}{symbol}^{exponent}")?,
            }
            separator = "·";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Unit;

    #[test]
    fn canonical_units_have_their_dimension_and_names_are_unique() {
        for (name, exponents, unit) in NAMED {
            assert_eq!(Unit::parse(unit).unwrap().dimension().exponents(), *exponents, "{name}");
            assert_eq!(NAMED.iter().filter(|other| other.1 == *exponents).count(), 1, "{name}");
        }
    }

    #[test]
    fn display_by_name_or_as_a_product() {
        assert_eq!(Unit::parse("pA").unwrap().dimension().to_string(), "current");
        assert_eq!(Unit::parse("A/s").unwrap().dimension().to_string(), "s^-1·A");
        assert_eq!(Unit::parse("A/s").unwrap().dimension().with_article(), "a quantity in s^-1·A");
        assert_eq!(Unit::parse("J").unwrap().dimension().with_article(), "an energy");
        assert_eq!(Dimension::NONE.with_article(), "a dimensionless number");
    }
}
