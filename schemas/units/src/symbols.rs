//! Symbols of units and SI prefixes.

use crate::Dimension;

/// What one symbol stands for: a dimension times powers of ten and of six.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scale {
    pub(crate) dimension: Dimension,
    /// Twice the power of ten.
    pub(crate) half_tens: i32,
    /// Twice the power of six.
    pub(crate) half_sixes: i32,
}

impl Scale {
    pub(crate) const ONE: Self = Self { dimension: Dimension::NONE, half_tens: 0, half_sixes: 0 };
}

struct Symbol {
    text: &'static str,
    scale: Scale,
    prefixed: bool,
}

const fn symbol(text: &'static str, exponent: i32, dimension: [i8; 6]) -> Symbol {
    Symbol {
        text,
        scale: Scale { dimension: Dimension::new(dimension), half_tens: 2 * exponent, half_sixes: 0 },
        prefixed: true,
    }
}

const fn unprefixed(text: &'static str, exponent: i32, sixes: i32, dimension: [i8; 6]) -> Symbol {
    Symbol {
        text,
        scale: Scale { dimension: Dimension::new(dimension), half_tens: 2 * exponent, half_sixes: 2 * sixes },
        prefixed: false,
    }
}

/// Exponents are relative to kg, so `g` has -3.
const SYMBOLS: &[Symbol] = &[
    symbol("m", 0, [1, 0, 0, 0, 0, 0]),
    symbol("g", -3, [0, 1, 0, 0, 0, 0]),
    symbol("s", 0, [0, 0, 1, 0, 0, 0]),
    symbol("A", 0, [0, 0, 0, 1, 0, 0]),
    symbol("K", 0, [0, 0, 0, 0, 1, 0]),
    symbol("mol", 0, [0, 0, 0, 0, 0, 1]),
    symbol("V", 0, [2, 1, -3, -1, 0, 0]),
    symbol("ohm", 0, [2, 1, -3, -2, 0, 0]),
    symbol("\u{3a9}", 0, [2, 1, -3, -2, 0, 0]),
    symbol("\u{2126}", 0, [2, 1, -3, -2, 0, 0]),
    symbol("S", 0, [-2, -1, 3, 2, 0, 0]),
    symbol("F", 0, [-2, -1, 4, 2, 0, 0]),
    symbol("C", 0, [0, 0, 1, 1, 0, 0]),
    symbol("Hz", 0, [0, 0, -1, 0, 0, 0]),
    symbol("J", 0, [2, 1, -2, 0, 0, 0]),
    symbol("W", 0, [2, 1, -3, 0, 0, 0]),
    symbol("N", 0, [1, 1, -2, 0, 0, 0]),
    symbol("Pa", 0, [-1, 1, -2, 0, 0, 0]),
    symbol("T", 0, [0, 1, -2, -1, 0, 0]),
    symbol("Wb", 0, [2, 1, -2, -1, 0, 0]),
    symbol("H", 0, [2, 1, -2, -2, 0, 0]),
    symbol("M", 3, [-3, 0, 0, 0, 0, 1]),
    symbol("l", -3, [3, 0, 0, 0, 0, 0]),
    symbol("L", -3, [3, 0, 0, 0, 0, 0]),
    unprefixed("min", 1, 1, [0, 0, 1, 0, 0, 0]),
    unprefixed("h", 2, 2, [0, 0, 1, 0, 0, 0]),
    unprefixed("%", -2, 0, [0; 6]),
    unprefixed("spike", 0, 0, [0; 6]),
    unprefixed("spikes", 0, 0, [0; 6]),
];

/// `da` stands before `d` so that the longer prefix is tried first.
const PREFIXES: &[(&str, i32)] = &[
    ("q", -30),
    ("r", -27),
    ("y", -24),
    ("z", -21),
    ("a", -18),
    ("f", -15),
    ("p", -12),
    ("n", -9),
    ("u", -6),
    ("\u{b5}", -6),
    ("\u{3bc}", -6),
    ("m", -3),
    ("c", -2),
    ("da", 1),
    ("d", -1),
    ("h", 2),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
    ("Z", 21),
    ("Y", 24),
    ("R", 27),
    ("Q", 30),
];

/// A whole symbol wins over a prefix and a symbol: `min` are minutes, `Pa` pascals, `h` hours.
pub(crate) fn look_up(text: &str) -> Option<Scale> {
    if let Some(symbol) = SYMBOLS.iter().find(|symbol| symbol.text == text) {
        return Some(symbol.scale);
    }
    PREFIXES.iter().find_map(|(prefix, exponent)| {
        let rest = text.strip_prefix(prefix)?;
        let symbol = SYMBOLS.iter().find(|symbol| symbol.prefixed && symbol.text == rest)?;
        let mut scale = symbol.scale;
        scale.half_tens += 2 * exponent;
        Some(scale)
    })
}

/// Every text that [`look_up`] knows and that can be typed in ASCII, common ones first.
pub(crate) fn known() -> impl Iterator<Item = String> {
    const COMMON: &[&str] = &["", "m", "u", "n", "p", "k", "M", "c", "f", "G"];
    let rare =
        PREFIXES.iter().map(|(prefix, _)| *prefix).filter(|prefix| prefix.is_ascii() && !COMMON.contains(prefix));
    COMMON.iter().copied().chain(rare).flat_map(|prefix| {
        SYMBOLS
            .iter()
            .filter(move |symbol| symbol.text.is_ascii() && (prefix.is_empty() || symbol.prefixed))
            .map(move |symbol| format!("{prefix}{}", symbol.text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_has_two_readings_with_a_prefix() {
        for text in known() {
            let readings: Vec<_> = PREFIXES
                .iter()
                .filter(|(prefix, _)| {
                    text.strip_prefix(prefix).is_some_and(|rest| SYMBOLS.iter().any(|s| s.prefixed && s.text == rest))
                })
                .collect();
            assert!(readings.len() <= 1, "{text}: {readings:?}");
        }
    }

    #[test]
    fn whole_symbols_win() {
        assert_eq!(look_up("min").unwrap().half_sixes, 2);
        assert_eq!(look_up("h").unwrap().half_sixes, 4);
        assert_eq!(look_up("Pa").unwrap().half_tens, 0);
        assert_eq!(look_up("PA").unwrap().half_tens, 30);
        assert_eq!(look_up("kg").unwrap().half_tens, 0);
        assert_eq!(look_up("dam").unwrap().half_tens, 2);
        assert_eq!(look_up("mM").unwrap().half_tens, 0);
        assert_eq!(look_up("mmin"), None);
        assert_eq!(look_up("m%"), None);
        assert_eq!(look_up(""), None);
    }

    #[test]
    fn micro_in_three_spellings() {
        for text in ["um", "\u{b5}m", "\u{3bc}m"] {
            assert_eq!(look_up(text).unwrap().half_tens, -12);
        }
    }
}
