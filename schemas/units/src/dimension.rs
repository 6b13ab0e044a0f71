//! What kind of thing a unit measures: exponents over the SI base units, in halves: the noise of a stochastic
//! differential equation has s^-1/2.

use std::fmt;

/// Exponents over m, kg, s, A, K, mol: whole numbers and halves, from -128 to 127.5.
///
/// Displayed by name where the field has one (`current`, `conductance density`), else as a product (`s^-1·A`,
/// `s^-1/2`) that [`Unit::parse`](crate::Unit::parse) reads.
///
/// ```
/// use lapicque_units::{Dimension, Unit};
///
/// let voltage = Unit::parse("mV")?.dimension();
/// let time = Unit::parse("ms")?.dimension();
/// // The noise of a membrane potential: sigma sqrt(2/tau) xi(t).
/// let noise = time.root(2).and_then(|root| voltage.over(&root));
/// assert_eq!(noise, Some(Unit::parse("mV s^-1/2")?.dimension()));
/// assert_eq!(voltage.over(&voltage), Some(Dimension::NONE));
/// # Ok::<(), lapicque_units::UnitError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Dimension {
    /// In halves, -256..=255 each.
    halves: [i16; 6],
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
    pub const NONE: Self = Self { halves: [0; 6] };

    /// From whole exponents over m, kg, s, A, K, mol.
    pub const fn new(exponents: [i8; 6]) -> Self {
        let mut halves = [0; 6];
        let mut base = 0;
        while base < 6 {
            halves[base] = 2 * exponents[base] as i16;
            base += 1;
        }
        Self { halves }
    }

    /// From twice the exponents over m, kg, s, A, K, mol; `None` outside of -256..=255.
    pub fn from_halves(halves: [i16; 6]) -> Option<Self> {
        halves.iter().all(|count| (-256..=255).contains(count)).then_some(Self { halves })
    }

    /// Twice the exponents over m, kg, s, A, K, mol.
    pub const fn halves(&self) -> [i16; 6] {
        self.halves
    }

    /// Whether it is that of plain numbers.
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

    /// Of the product; `None` where an exponent leaves -128..=127.5.
    pub fn times(&self, other: &Self) -> Option<Self> {
        self.map(|base, own| Some(own + i32::from(other.halves[base])))
    }

    /// Of the quotient; `None` where an exponent leaves -128..=127.5.
    pub fn over(&self, other: &Self) -> Option<Self> {
        self.map(|base, own| Some(own - i32::from(other.halves[base])))
    }

    /// Of a whole power; `None` where an exponent leaves -128..=127.5.
    pub fn power(&self, power: i32) -> Option<Self> {
        self.map(|_, own| own.checked_mul(power))
    }

    /// Of the `degree`th root; `None` where an exponent is then neither whole nor a half, and for degree 0.
    pub fn root(&self, degree: i32) -> Option<Self> {
        self.map(|_, own| if own.checked_rem(degree)? == 0 { own.checked_div(degree) } else { None })
    }

    fn map(&self, of: impl Fn(usize, i32) -> Option<i32>) -> Option<Self> {
        let mut halves = [0; 6];
        for (base, out) in halves.iter_mut().enumerate() {
            *out = i16::try_from(of(base, i32::from(self.halves[base]))?).ok()?;
        }
        Self::from_halves(halves)
    }
}

fn named(dimension: &Dimension) -> Option<(&'static str, &'static str)> {
    let found = NAMED.iter().find(|(_, exponents, _)| Dimension::new(*exponents) == *dimension);
    found.map(|(name, _, unit)| (*name, *unit))
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = self.name() {
            return f.write_str(name);
        }
        let mut separator = "";
        for (symbol, halves) in BASE.iter().zip(self.halves) {
            match halves {
                0 => continue,
                2 => write!(f, "{separator}{symbol}")?,
                _ if halves % 2 == 0 => write!(f, "{separator}{symbol}^{}", halves / 2)?,
                _ => write!(f, "{separator}{symbol}^{halves}/2")?,
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
            assert_eq!(Unit::parse(unit).unwrap().dimension(), Dimension::new(*exponents), "{name}");
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
        assert_eq!(Unit::parse("s^-1/2").unwrap().dimension().to_string(), "s^-1/2");
        assert_eq!(Unit::parse("A m^3/2").unwrap().dimension().with_article(), "a quantity in m^3/2·A");
    }

    #[test]
    fn exponents_have_ends() {
        let (low, high) = (Dimension::new([-128; 6]), Dimension::from_halves([255; 6]).unwrap());
        let half = Dimension::from_halves([1, 0, 0, 0, 0, 0]).unwrap();
        assert_eq!((low.over(&half), high.times(&half)), (None, None));
        assert_eq!((low.times(&half).is_some(), high.over(&half).is_some()), (true, true));
        assert_eq!((low.power(-1), low.power(i32::MIN), half.power(256)), (None, None, None));
        assert_eq!((half.root(2), low.root(0), low.root(i32::MIN)), (None, None, None));
        assert_eq!(low.root(-1), None);
        assert_eq!(Dimension::NONE.power(i32::MAX).and_then(|none| none.root(i32::MIN)), Some(Dimension::NONE));
        assert_eq!((Dimension::from_halves([256; 6]), Dimension::from_halves([-257; 6])), (None, None));
    }
}
