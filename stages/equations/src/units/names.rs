//! Names of units, made by rule: a base name, with prefixes before it and powers behind it (`mvolt`, `umetre2`), and some
//! short names (`mV`, `cm2`).

use std::collections::HashMap;
use std::sync::OnceLock;

use super::dimension::Dimension;

/// What the name of a unit stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    /// How many SI units one of it is.
    pub scale: f64,
    /// What it measures.
    pub dimension: Dimension,
}

/// Whether prefixes of other than powers of a thousand exist, and whether there are names for powers.
#[derive(Clone, Copy, PartialEq)]
enum Family {
    /// Prefixes of powers of a thousand; square and cube have names.
    Usual,
    /// No prefix; square and cube have names.
    Unprefixed,
    /// All prefixes; no names for powers.
    Volume,
}

/// Name, power of ten of its scale, exponents, family.
type Base = (&'static str, i32, [i32; 7], Family);

const BASES: [Base; 37] = [
    ("metre", 0, [1, 0, 0, 0, 0, 0, 0], Family::Usual),
    ("meter", 0, [1, 0, 0, 0, 0, 0, 0], Family::Usual),
    ("gram", -3, [0, 1, 0, 0, 0, 0, 0], Family::Usual),
    ("gramme", -3, [0, 1, 0, 0, 0, 0, 0], Family::Usual),
    ("kilogram", 0, [0, 1, 0, 0, 0, 0, 0], Family::Unprefixed),
    ("kilogramme", 0, [0, 1, 0, 0, 0, 0, 0], Family::Unprefixed),
    ("second", 0, [0, 0, 1, 0, 0, 0, 0], Family::Usual),
    ("amp", 0, [0, 0, 0, 1, 0, 0, 0], Family::Usual),
    ("ampere", 0, [0, 0, 0, 1, 0, 0, 0], Family::Usual),
    ("kelvin", 0, [0, 0, 0, 0, 1, 0, 0], Family::Unprefixed),
    ("mole", 0, [0, 0, 0, 0, 0, 1, 0], Family::Usual),
    ("mol", 0, [0, 0, 0, 0, 0, 1, 0], Family::Usual),
    ("candle", 0, [0, 0, 0, 0, 0, 0, 1], Family::Usual),
    ("radian", 0, [0, 0, 0, 0, 0, 0, 0], Family::Usual),
    ("steradian", 0, [0, 0, 0, 0, 0, 0, 0], Family::Usual),
    ("hertz", 0, [0, 0, -1, 0, 0, 0, 0], Family::Usual),
    ("newton", 0, [1, 1, -2, 0, 0, 0, 0], Family::Usual),
    ("pascal", 0, [-1, 1, -2, 0, 0, 0, 0], Family::Usual),
    ("joule", 0, [2, 1, -2, 0, 0, 0, 0], Family::Usual),
    ("watt", 0, [2, 1, -3, 0, 0, 0, 0], Family::Usual),
    ("coulomb", 0, [0, 0, 1, 1, 0, 0, 0], Family::Usual),
    ("volt", 0, [2, 1, -3, -1, 0, 0, 0], Family::Usual),
    ("farad", 0, [-2, -1, 4, 2, 0, 0, 0], Family::Usual),
    ("ohm", 0, [2, 1, -3, -2, 0, 0, 0], Family::Usual),
    ("siemens", 0, [-2, -1, 3, 2, 0, 0, 0], Family::Usual),
    ("weber", 0, [2, 1, -2, -1, 0, 0, 0], Family::Usual),
    ("tesla", 0, [0, 1, -2, -1, 0, 0, 0], Family::Usual),
    ("henry", 0, [2, 1, -2, -2, 0, 0, 0], Family::Usual),
    ("lumen", 0, [0, 0, 0, 0, 0, 0, 1], Family::Usual),
    ("lux", 0, [-2, 0, 0, 0, 0, 0, 1], Family::Usual),
    ("becquerel", 0, [0, 0, -1, 0, 0, 0, 0], Family::Usual),
    ("gray", 0, [2, 0, -2, 0, 0, 0, 0], Family::Usual),
    ("sievert", 0, [2, 0, -2, 0, 0, 0, 0], Family::Usual),
    ("katal", 0, [0, 0, -1, 0, 0, 1, 0], Family::Usual),
    ("molar", 3, [-3, 0, 0, 0, 0, 1, 0], Family::Usual),
    ("liter", -3, [3, 0, 0, 0, 0, 0, 0], Family::Volume),
    ("litre", -3, [3, 0, 0, 0, 0, 0, 0], Family::Volume),
];

const THOUSANDS: [(&str, i32); 16] = [
    ("y", -24),
    ("z", -21),
    ("a", -18),
    ("f", -15),
    ("p", -12),
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
    ("Z", 21),
    ("Y", 24),
];
const OTHER_PREFIXES: [(&str, i32); 4] = [("c", -2), ("d", -1), ("da", 1), ("h", 2)];

/// Short name and power of ten, with the name of what it is short for.
const SHORT: [(&str, i32, &str); 27] = [
    ("mV", -3, "volt"),
    ("mA", -3, "amp"),
    ("uA", -6, "amp"),
    ("nA", -9, "amp"),
    ("pA", -12, "amp"),
    ("uF", -6, "farad"),
    ("nF", -9, "farad"),
    ("pF", -12, "farad"),
    ("uS", -6, "siemens"),
    ("nS", -9, "siemens"),
    ("ms", -3, "second"),
    ("us", -6, "second"),
    ("Hz", 0, "hertz"),
    ("kHz", 3, "hertz"),
    ("MHz", 6, "hertz"),
    ("mM", -3, "molar"),
    ("uM", -6, "molar"),
    ("nM", -9, "molar"),
    ("cm", -2, "metre"),
    ("cm2", -4, "metre2"),
    ("cm3", -6, "metre3"),
    ("mm", -3, "metre"),
    ("mm2", -6, "metre2"),
    ("mm3", -9, "metre3"),
    ("um", -6, "metre"),
    ("um2", -12, "metre2"),
    ("um3", -18, "metre3"),
];

/// The unit of this name.
pub fn unit(name: &str) -> Option<Unit> {
    table().get(name).map(|entry| entry.unit)
}

/// The unit of this name, where it is one of those in which variables are declared: without prefix, and 1 in SI units.
pub fn base_unit(name: &str) -> Option<Dimension> {
    table().get(name).filter(|entry| entry.declares).map(|entry| entry.unit.dimension)
}

/// All names, in no order.
pub fn all_units() -> impl Iterator<Item = (&'static str, Unit)> {
    table().iter().map(|(name, entry)| (name.as_str(), entry.unit))
}

struct Entry {
    unit: Unit,
    declares: bool,
}

fn table() -> &'static HashMap<String, Entry> {
    static TABLE: OnceLock<HashMap<String, Entry>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table = HashMap::new();
        for (name, ten, exponents, family) in BASES {
            let mut prefixes = vec![("", 0)];
            if family != Family::Unprefixed {
                prefixes.extend(THOUSANDS);
            }
            if family == Family::Volume {
                prefixes.extend(OTHER_PREFIXES);
            }
            let powers = if family == Family::Volume { 1 } else { 3 };
            for (prefix, prefix_ten) in prefixes {
                for power in 1..=powers {
                    let suffix = if power == 1 { String::new() } else { power.to_string() };
                    let dimension = Dimension::whole(exponents.map(|exponent| exponent * power));
                    let unit = Unit { scale: power_of_ten((ten + prefix_ten) * power), dimension };
                    let declares = prefix.is_empty() && ten == 0;
                    table.insert(format!("{prefix}{name}{suffix}"), Entry { unit, declares });
                }
            }
        }
        for (short, short_ten, long) in SHORT {
            let long_ten = if long == "molar" { 3 } else { 0 };
            let dimension = table.get(long).map_or(Dimension::NONE, |entry| entry.unit.dimension);
            let unit = Unit { scale: power_of_ten(short_ten + long_ten), dimension };
            table.insert(short.to_owned(), Entry { unit, declares: short == "Hz" });
        }
        table
    })
}

/// The number that `1eN` is read as, which is the nearest one; a product of tens would not be.
fn power_of_ten(exponent: i32) -> f64 {
    format!("1e{exponent}").parse().unwrap_or(f64::NAN)
}
