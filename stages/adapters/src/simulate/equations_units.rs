//! Units of equations beside those of tables: what a value is written in, and what it is read in.

use lapicque_equations::units::Dimension;
use lapicque_units::Unit;

/// The units that this project computes with, and how equations call them.
const USUAL: [(&str, &str); 32] = [
    ("1", "1"),
    ("ms", "ms"),
    ("um", "um"),
    ("g", "gram"),
    ("pA", "pA"),
    ("K", "kelvin"),
    ("mol", "mole"),
    ("mV", "mV"),
    ("Mohm", "Mohm"),
    ("nS", "nS"),
    ("pF", "pF"),
    ("pC", "pcoulomb"),
    ("Hz", "Hz"),
    ("J", "joule"),
    ("W", "watt"),
    ("N", "newton"),
    ("Pa", "pascal"),
    ("fT", "ftesla"),
    ("Wb", "weber"),
    ("H", "henry"),
    ("um^2", "um2"),
    ("um^3", "um3"),
    ("m/s", "metre/second"),
    ("mM", "mM"),
    ("S/m", "siemens/metre"),
    ("ohm cm", "ohm*cm"),
    ("S/cm^2", "siemens/cm2"),
    ("uF/cm^2", "uF/cm2"),
    ("uA/mm^2", "uA/mm2"),
    ("nA um", "nA*um"),
    ("mV/mm", "mV/mm"),
    ("mV/ms", "mV/ms"),
];

const BASE: [&str; 6] = ["m", "kg", "s", "A", "K", "mol"];

/// The unit that values of a dimension have in tables.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Both {
    /// In tables.
    pub(super) table: String,
    /// In equations, to be multiplied by a number.
    pub(super) equation: String,
}

/// The unit of a dimension; none for those that units of tables cannot say: of light, or of powers other than halves.
pub(super) fn unit_of(dimension: Dimension) -> Option<Both> {
    let halves = halves(dimension)?;
    let usual = lapicque_units::Dimension::from_halves(halves)?.canonical_unit();
    match usual.and_then(|usual| USUAL.iter().find(|(table, _)| *table == usual)) {
        Some((table, equation)) => Some(Both { table: (*table).to_owned(), equation: (*equation).to_owned() }),
        None => Some(Both { table: coherent(halves), equation: dimension.to_string() }),
    }
}

/// Turns values in SI units into those of tables, and gives their unit.
pub(super) fn into_tables(dimension: Dimension, values: &mut [f64]) -> String {
    let Some(both) = unit_of(dimension) else { return dimension.to_string() };
    let units = halves(dimension).and_then(|halves| Some((read(&coherent(halves))?, read(&both.table)?)));
    match units {
        Some((coherent, table)) if coherent.convert(&table, values) => both.table,
        _ => dimension.to_string(),
    }
}

/// A unit of tables as equations have it: what to multiply numbers of it by, and of which unit they are then.
pub(super) fn into_equations(unit: &Unit) -> Option<(f64, String)> {
    let known = lapicque_equations::units::unit(unit.text());
    let is_same = |scale: f64, dimension: Dimension| {
        let ratio = scale / 10.0_f64.powf(unit.decimal_exponent());
        halves(dimension) == Some(unit.dimension().halves()) && unit.power_of_six() == 0.0 && (ratio - 1.0).abs() < 1e-9
    };
    if known.is_some_and(|known| is_same(known.scale, known.dimension)) {
        return Some((1.0, unit.text().to_owned()));
    }
    let coherent = read(&coherent(unit.dimension().halves()))?;
    let mut factor = [1.0];
    unit.convert(&coherent, &mut factor).then(|| (factor[0], base_units(unit.dimension().halves())))
}

fn read(unit: &str) -> Option<Unit> {
    Unit::parse(unit).ok()
}

/// Twice the exponents over m, kg, s, A, K and mol, where these are all.
fn halves(dimension: Dimension) -> Option<[i16; 6]> {
    let exponents = dimension.exponents();
    let (own, light) = exponents.split_at(6);
    let mut halves = [0; 6];
    for (half, exponent) in halves.iter_mut().zip(own) {
        let twice = 2.0 * exponent;
        if twice.fract() != 0.0 || twice.abs() > 255.0 {
            return None;
        }
        *half = twice as i16;
    }
    (light == [0.0]).then_some(halves)
}

/// The SI unit as tables write it: `m^2 kg s^-3 A^-1`.
fn coherent(halves: [i16; 6]) -> String {
    let factors: Vec<String> = BASE.iter().zip(halves).filter_map(|(base, half)| raised(base, half, "^")).collect();
    if factors.is_empty() { "1".to_owned() } else { factors.join(" ") }
}

/// The same as equations write it: `metre**2*kilogram*second**-3*amp**-1`.
fn base_units(halves: [i16; 6]) -> String {
    let names = ["metre", "kilogram", "second", "amp", "kelvin", "mole"];
    let power = |(name, half): (&&str, i16)| match half {
        0 => None,
        2 => Some((*name).to_owned()),
        half => Some(format!("{name}**({})", f64::from(half) / 2.0)),
    };
    let factors: Vec<String> = names.iter().zip(halves).filter_map(power).collect();
    if factors.is_empty() { "1".to_owned() } else { factors.join("*") }
}

fn raised(base: &str, half: i16, sign: &str) -> Option<String> {
    match half {
        0 => None,
        2 => Some(base.to_owned()),
        half if half % 2 == 0 => Some(format!("{base}{sign}{}", half / 2)),
        half => Some(format!("{base}{sign}{half}/2")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use lapicque_equations::language::check::fixed_value;
    use lapicque_equations::language::parse_expression;
    use lapicque_equations::language::scope::{Quantity, Scope};

    use super::*;

    fn quantity(unit: &str) -> Quantity {
        fixed_value(&parse_expression(unit).unwrap(), &Scope::new()).unwrap()
    }

    fn scale(unit: &str) -> f64 {
        quantity(unit).value
    }

    fn measured(unit: &str) -> Dimension {
        quantity(unit).dimension
    }

    #[test]
    fn both_texts_of_a_unit_are_one_unit() {
        for (table, equation) in USUAL {
            let dimension = measured(equation);
            let both = unit_of(dimension).unwrap();
            assert_eq!((both.table.as_str(), both.equation.as_str()), (table, equation));
            let mut values = [scale(equation)];
            assert_eq!(into_tables(dimension, &mut values), table);
            assert!((values[0] - 1.0).abs() < 1e-12, "{table}: {}", values[0]);
        }
        let named = |halves| lapicque_units::Dimension::from_halves(halves).and_then(|known| known.canonical_unit());
        assert_eq!(
            USUAL.iter().filter(|(table, _)| named(read(table).unwrap().dimension().halves()) == Some(table)).count(),
            32
        );
    }

    #[test]
    fn other_units_are_coherent_ones() {
        let noise = measured("volt*second**-0.5");
        let both = unit_of(noise).unwrap();
        assert_eq!(both.table, "m^2 kg s^-7/2 A^-1");
        assert_eq!(measured(&both.equation), noise);
        assert_eq!(scale(&both.equation), 1.0);
        let mut values = [2.5];
        assert_eq!(into_tables(noise, &mut values), both.table);
        assert_eq!(values, [2.5]);
        for unit in ["candle", "second**0.2"] {
            assert_eq!(unit_of(measured(unit)), None, "{unit}");
            assert!(!into_tables(measured(unit), &mut values).is_empty());
        }
    }

    #[test]
    fn units_of_tables_are_those_of_equations() {
        for (unit, factor, equation) in [("nA", 1.0, "nA"), ("1", 1.0, "1"), ("%", 0.01, "1"), ("mV", 1.0, "mV")] {
            assert_eq!(into_equations(&Unit::parse(unit).unwrap()), Some((factor, equation.to_owned())), "{unit}");
        }
        let (factor, equation) = into_equations(&Unit::parse("uA/cm^2").unwrap()).unwrap();
        assert!((factor * scale(&equation) - 0.01).abs() < 1e-15, "{equation}");
        assert_eq!(into_equations(&Unit::parse("min").unwrap()), None);
    }
}
