//! A number with a unit.

use std::fmt;
use std::str::FromStr;

use crate::grammar::{LONGEST, parse_unit};
use crate::{Dimension, QuantityError, Unit, decimal, suggestion};

/// A number with a unit, such as `29.89 pA`.
///
/// Equality is physical: `0.02989 nA == 29.89 pA`. It compares decimal texts and is exact, except between minutes or
/// hours and seconds, where one value is first multiplied by a power of six. Between units whose ratio is the root of
/// ten or of six times a whole power (`ms^-1/2` and `s^-1/2`) only zeros are equal: no other two decimal numbers are.
#[derive(Debug, Clone)]
pub struct Quantity {
    /// The number, in `unit`.
    pub value: f64,
    /// The unit as it was written.
    pub unit: Unit,
}

impl Quantity {
    /// From a number and its unit.
    pub fn new(value: f64, unit: Unit) -> Self {
        Self { value, unit }
    }

    /// What is measured.
    pub fn dimension(&self) -> Dimension {
        self.unit.dimension()
    }

    /// Reads `text` as a value in `unit`; a bare number is refused, unless `unit` is `1`.
    pub fn parse_in(text: &str, unit: &str) -> Result<f64, QuantityError> {
        parse(text, Some(unit))?.in_unit(unit)
    }

    /// The value in another unit of the same dimension, rounded once; where the units differ by the root of ten or of
    /// six, once more for each root.
    ///
    /// # Errors
    /// A unit of another dimension; a value that does not fit a 64-bit float in that unit.
    pub fn to(&self, unit: &Unit) -> Result<f64, QuantityError> {
        if self.dimension() != unit.dimension() {
            return Err(QuantityError::Dimension {
                text: self.to_string(),
                found: self.dimension(),
                expected: unit.dimension(),
                example: if unit.text() == "1" { "1".to_owned() } else { format!("1 {unit}") },
                suggestion: suggestion::same_letters(self.unit.text(), unit.dimension())
                    .map(|unit| format!("{} {unit}", write_number(self.value))),
            });
        }
        let value = self.scaled_to(unit);
        let lost = value == 0.0 && self.value != 0.0;
        if lost || value.is_infinite() && self.value.is_finite() {
            return Err(QuantityError::OutOfRange { text: self.to_string(), unit: Some(unit.to_string()) });
        }
        Ok(value)
    }

    /// [`Quantity::to`] with the unit as text.
    pub fn in_unit(&self, unit: &str) -> Result<f64, QuantityError> {
        self.to(&Unit::parse(unit)?)
    }

    fn scaled_to(&self, unit: &Unit) -> f64 {
        let (own, other) = (self.unit.scale(), unit.scale());
        let (sixes, root_of_six) = whole_and_root(own.half_sixes - other.half_sixes, 6.0);
        let (tens, root_of_ten) = whole_and_root(own.half_tens - other.half_tens, 10.0);
        let value = match sixes {
            0 => self.value,
            1.. => self.value * 6f64.powi(sixes),
            _ => self.value / 6f64.powi(-sixes),
        };
        decimal::shift(root_of_ten.apply(root_of_six.apply(value)), tens)
    }
}

/// A factor that is the root of a power of ten or six; dividing by it rounds once, multiplying by its inverse twice.
enum Root {
    None,
    Times(f64),
    Over(f64),
}

impl Root {
    fn apply(self, value: f64) -> f64 {
        match self {
            Self::None => value,
            Self::Times(root) => value * root,
            Self::Over(root) => value / root,
        }
    }
}

/// `base^(halves/2)` as a whole power and, if that is not all, a root. Up to 10^21 and 6^19 are exact, so that their
/// roots are rounded once.
fn whole_and_root(halves: i32, base: f64) -> (i32, Root) {
    if halves % 2 == 0 {
        return (halves / 2, Root::None);
    }
    let near = halves.clamp(-19, 19);
    let root = base.powi(near.abs()).sqrt();
    ((halves - near) / 2, if near > 0 { Root::Times(root) } else { Root::Over(root) })
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        if self.dimension() != other.dimension() {
            return false;
        }
        let (own, others) = (self.unit.scale(), other.unit.scale());
        if (own.half_sixes - others.half_sixes) % 2 != 0 || (own.half_tens - others.half_tens) % 2 != 0 {
            return self.value == other.value && (self.value == 0.0 || self.value.is_infinite());
        }
        let common = own.half_sixes.min(others.half_sixes);
        let whole = |quantity: &Self| quantity.value * 6f64.powi((quantity.unit.scale().half_sixes - common) / 2);
        decimal::same(whole(self), (own.half_tens - others.half_tens) / 2, whole(other), 0)
    }
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        parse(text, None)
    }
}

/// `29.89 pA`: the shortest number that reads back as the same value, and the unit as it was written.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} {}", write_number(self.value), self.unit))
    }
}

/// The shortest text that reads back as `value`; with an exponent from 1e16 on and below 1e-5.
pub fn write_number(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || !size.is_finite() || (1e-5..1e16).contains(&size) {
        format!("{value}")
    } else {
        format!("{value:e}")
    }
}

/// Reads a quantity; `expected` serves the examples in errors, and where it is `1`, a bare number is a quantity.
pub(crate) fn parse(text: &str, expected: Option<&str>) -> Result<Quantity, QuantityError> {
    let text = text.trim();
    let example = |number: &str| match expected {
        Some("1") => number.to_owned(),
        Some(unit) => format!("{number} {unit}"),
        None => format!("{number} pA"),
    };
    if text.is_empty() {
        return Err(QuantityError::Empty { example: example("1") });
    }
    let length = text.chars().count();
    if length > LONGEST {
        return Err(QuantityError::TooLong { start: text.chars().take(20).collect(), length, allowed: LONGEST });
    }
    let characters: Vec<char> = text.chars().collect();
    let end = number_end(&characters).map_err(|at| QuantityError::NotANumber {
        text: text.to_owned(),
        column: at + 1,
        found: characters.get(at).copied(),
        expected: if at == 0 { "a number" } else { "a digit" },
    })?;
    let number: String = characters[..end].iter().map(|c| if *c == '\u{2212}' { '-' } else { *c }).collect();
    let out_of_range = || QuantityError::OutOfRange { text: text.to_owned(), unit: None };
    let value: f64 = number.parse().map_err(|_| out_of_range())?;
    let mantissa = number.split(['e', 'E']).next().unwrap_or(&number);
    if !value.is_finite() || value == 0.0 && mantissa.contains(|c: char| ('1'..='9').contains(&c)) {
        return Err(out_of_range());
    }
    let rest: String = characters[end..].iter().collect();
    if rest.trim().is_empty() {
        if expected == Some("1") {
            return Ok(Quantity::new(value, Unit::one()));
        }
        return Err(QuantityError::NoUnit { example: example(&number), text: text.to_owned() });
    }
    let scale = parse_unit(text, end)?;
    Ok(Quantity::new(value, Unit::from_parts(scale, rest.trim())))
}

/// Where the number at the start ends, or where it breaks off.
fn number_end(characters: &[char]) -> Result<usize, usize> {
    let is_sign = |c: &char| matches!(c, '+' | '-' | '\u{2212}');
    let digits = |from: usize| characters[from..].iter().take_while(|c| c.is_ascii_digit()).count();
    let sign = usize::from(characters.first().is_some_and(is_sign));
    let whole = digits(sign);
    let mut end = sign + whole;
    let mut fraction = 0;
    if characters.get(end) == Some(&'.') {
        fraction = digits(end + 1);
        end += 1 + fraction;
    }
    if whole + fraction == 0 {
        return Err(sign);
    }
    // `e` starts an exponent only if digits follow: `1 em` has none.
    if matches!(characters.get(end), Some('e' | 'E')) {
        let signed = usize::from(characters.get(end + 1).is_some_and(is_sign));
        let from = (end + 1 + signed).min(characters.len());
        let exponent = digits(from);
        if exponent > 0 {
            return Ok(from + exponent);
        }
    }
    Ok(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantity(text: &str) -> Quantity {
        text.parse().unwrap()
    }

    fn message(text: &str) -> String {
        text.parse::<Quantity>().unwrap_err().to_string()
    }

    #[test]
    fn the_field_s_quantities() {
        let cases = [
            ("29.89 pA", "A", 29.89e-12),
            ("0.0625 ms", "us", 62.5),
            ("18.6 kHz", "spikes/s", 18_600.0),
            ("1e-4 S/cm^2", "S/m^2", 1.0),
            ("-65 mV", "V", -0.065),
            ("100 ohm cm", "ohm m", 1.0),
            ("1 uF/cm^2", "F/m^2", 0.01),
            ("0.3 S/m", "mS/cm", 3.0),
            ("10 %", "1", 0.1),
            ("29.89pA", "nA", 0.02989),
            ("\u{2212}65 mV", "mV", -65.0),
            (".5 ms", "s", 0.0005),
            ("5. ms", "ms", 5.0),
            ("1E3 ms", "s", 1.0),
            ("1.5 h", "min", 90.0),
            ("90 min", "h", 1.5),
            ("0.5 min", "ms", 30_000.0),
            ("3 mM", "mol/m^3", 3.0),
            ("1 Em", "km", 1e15),
            // Noise: the root of a rate.
            ("4 mV s^-1/2", "V s^(-1/2)", 0.004),
            ("5 mV/ms^1/2", "mV ms^-1/2", 5.0),
            ("1 ms^-1/2", "s^-1/2", 31.622776601683793),
            ("2 s^-1/2", "ms^-1/2", 2.0 / 31.622776601683793),
            ("3 us^1/2", "s^1/2", 0.003),
            ("1 h^1/2", "s^1/2", 60.0),
            ("30 nV/Hz^1/2", "uV Hz^-1/2", 0.03),
        ];
        for (text, unit, value) in cases {
            assert_eq!(quantity(text).in_unit(unit).unwrap(), value, "{text} in {unit}");
        }
        // Two roots, each rounded.
        let root_of_sixty = quantity("1 min^1/2").in_unit("s^1/2").unwrap();
        assert!((root_of_sixty - 60f64.sqrt()).abs() < 2e-15);
    }

    #[test]
    fn equality_is_physical() {
        assert_eq!(quantity("0.02989 nA"), quantity("29.89 pA"));
        assert_eq!(quantity("2 min"), quantity("120 s"));
        assert_eq!(quantity("60 min"), quantity("1 h"));
        assert_eq!(quantity("20 %"), quantity("0.2 1"));
        assert_ne!(quantity("1 s"), quantity("1 Hz"));
        assert_ne!(quantity("1 s"), quantity("1 ms"));
        assert_eq!(quantity("0 s"), quantity("-0 ms"));
        assert_eq!(quantity("1 h^1/2"), quantity("60 s^1/2"));
        assert_eq!(quantity("2 ms^1/2"), quantity("2000 ns^1/2"));
        assert_eq!(quantity("0 ms^1/2"), quantity("0 s^1/2"));
        assert_ne!(quantity("1 ms^-1/2"), quantity("31.622776601683793 s^-1/2"));
    }

    #[test]
    fn display() {
        assert_eq!(quantity(" 29.890  pA ").to_string(), "29.89 pA");
        assert_eq!(quantity("1e-4S/cm^2").to_string(), "0.0001 S/cm^2");
        assert_eq!(quantity("1e-40 C").to_string(), "1e-40 C");
        assert_eq!(quantity("1e30 C").to_string(), "1e30 C");
        assert_eq!(format!("{:>9}", quantity("3 mV")), "     3 mV");
    }

    #[test]
    fn errors_say_what_and_where() {
        assert_eq!(message("26"), "`26` has no unit; write e.g. `26 pA`");
        assert_eq!(message("12 mss"), "`12 mss`: unknown unit `mss` at column 4; did you mean `ms`?");
        assert_eq!(message("pA"), "`pA`: a number is expected at column 1, found `p`");
        assert_eq!(message("-"), "`-`: a digit is expected at column 2, found the end");
        assert_eq!(message(""), "a number with a unit such as `1 pA` is expected, the text is empty");
        assert_eq!(message("1e999 mV"), "`1e999 mV` does not fit a 64-bit float");
        assert_eq!(message("1e-999 mV"), "`1e-999 mV` does not fit a 64-bit float");
        assert!(message("1,5 mV").contains("a unit such as `mV` is expected at column 2, found `,`"));
        assert!(message("nan mV").contains("a number is expected at column 1"));
        assert!(message(&"1".repeat(10_000)).contains("10000 characters"));
        assert_eq!(
            quantity("12 mS").in_unit("ms").unwrap_err().to_string(),
            "`12 mS` is a conductance; a time such as `1 ms` is expected; did you mean `12 ms`?"
        );
        assert_eq!(
            quantity("1e300 Qm").in_unit("qm").unwrap_err().to_string(),
            "`1e300 Qm` does not fit a 64-bit float in qm"
        );
    }
}
