//! The known unit that an unknown one was probably meant to be.

use strsim::levenshtein;

use crate::Dimension;
use crate::symbols::{known, look_up};

/// Names that are no symbols, but are often written.
const NAMES: &[(&str, &str)] = &[
    ("sec", "s"),
    ("second", "s"),
    ("seconds", "s"),
    ("msec", "ms"),
    ("usec", "us"),
    ("minute", "min"),
    ("minutes", "min"),
    ("mins", "min"),
    ("hour", "h"),
    ("hours", "h"),
    ("hr", "h"),
    ("volt", "V"),
    ("volts", "V"),
    ("millivolt", "mV"),
    ("ampere", "A"),
    ("amp", "A"),
    ("siemens", "S"),
    ("farad", "F"),
    ("hertz", "Hz"),
    ("ohms", "ohm"),
    ("megohm", "Mohm"),
    ("micron", "um"),
    ("microns", "um"),
    ("percent", "%"),
    ("molar", "M"),
];

/// Unknown units longer than this are not compared with anything, which bounds the work.
const LONGEST: usize = 12;

pub(crate) fn nearest_symbol(unknown: &str) -> Option<String> {
    if unknown.chars().count() > LONGEST {
        return None;
    }
    if let Some((_, symbol)) = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(unknown)) {
        return Some((*symbol).to_owned());
    }
    let allowed = if unknown.chars().count() > 3 { 2 } else { 1 };
    known()
        .filter_map(|symbol| {
            let exact = levenshtein(unknown, &symbol);
            let folded = levenshtein(&unknown.to_ascii_lowercase(), &symbol.to_ascii_lowercase());
            (folded <= allowed && symbol.len() > 1 || folded == 0).then_some((folded, exact, symbol))
        })
        .min_by_key(|(folded, exact, _)| (*folded, *exact))
        .map(|(_, _, symbol)| symbol)
}

/// The same letters in another case, where that has the dimension asked for: `mS` for a time is `ms`.
pub(crate) fn same_letters(text: &str, dimension: Dimension) -> Option<String> {
    known().find(|symbol| {
        symbol != text
            && symbol.eq_ignore_ascii_case(text)
            && look_up(symbol).is_some_and(|scale| scale.dimension == dimension)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggestions() {
        let cases = [
            ("mv", Some("mV")),
            ("hz", Some("Hz")),
            ("khz", Some("kHz")),
            ("msec", Some("ms")),
            ("Ohm", Some("ohm")),
            ("mVV", Some("mV")),
            ("percent", Some("%")),
            ("furlongs", None),
            ("averylongunitname", None),
        ];
        for (unknown, expected) in cases {
            assert_eq!(nearest_symbol(unknown).as_deref(), expected, "{unknown}");
        }
    }
}
