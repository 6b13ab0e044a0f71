//! The units that values are converted to, where the user names some.

use std::fmt;

use lapicque_pipeline::ConfigError;
use lapicque_units::{Dimension, Unit};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Units of different dimensions; a channel is converted to the one of its own.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Units(Vec<Unit>);

impl Units {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As the configuration has them.
    pub(super) fn texts(&self) -> Vec<&str> {
        self.0.iter().map(Unit::text).collect()
    }

    /// The unit that a channel of this unit has afterwards.
    pub(super) fn of<'a>(&'a self, unit: &'a str) -> &'a str {
        self.conversion(unit).map_or(unit, |(_, to)| to.text())
    }

    /// Converts values of this unit, if one of its dimension is named.
    pub(super) fn convert(&self, unit: &str, values: &mut [f64]) {
        if let Some((from, to)) = self.conversion(unit) {
            from.convert(to, values);
        }
    }

    fn conversion(&self, unit: &str) -> Option<(Unit, &Unit)> {
        if self.0.is_empty() {
            return None;
        }
        let from = parsed(unit)?;
        let to = self.0.iter().find(|to| from.is_decimal_multiple_of(to))?;
        Some((from, to))
    }

    /// What is to be told of channels, by name and unit, that stay in theirs.
    pub(super) fn note<'a>(&self, channels: impl Iterator<Item = (&'a str, &'a str)>) -> Option<String> {
        const MOST_SHOWN: usize = 6;
        if self.0.is_empty() {
            return None;
        }
        let stay: Vec<String> = channels
            .filter(|(_, unit)| self.conversion(unit).is_none())
            .map(|(name, unit)| format!("`{name}` ({})", if unit.is_empty() { "no unit" } else { unit }))
            .collect();
        let more = match stay.len().saturating_sub(MOST_SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let shown = stay[..stay.len().min(MOST_SHOWN)].join(", ");
        (!stay.is_empty()).then(|| format!("not converted to {}: {shown}{more}", self.texts().join(" or ")))
    }

    /// What is wrong with the units by themselves.
    pub(super) fn check(&self) -> Option<ConfigError> {
        let same = |position: usize| {
            let own = self.0[position].dimension();
            self.0[..position].iter().find(|other| other.dimension() == own)
        };
        let position = (0..self.0.len()).find(|&position| same(position).is_some())?;
        let message = format!(
            "`{}` and `{}` are units of one dimension; a channel is converted to one unit",
            same(position)?.text(),
            self.0[position].text()
        );
        Some(ConfigError::at("units", message))
    }

    /// The units that no channel of any file can be converted to, where files have these units.
    pub(super) fn useless(&self, of_files: &[&str]) -> Option<ConfigError> {
        let found: Vec<Dimension> = of_files.iter().filter_map(|unit| Some(parsed(unit)?.dimension())).collect();
        let lacks = self.0.iter().find(|unit| !found.contains(&unit.dimension()))?;
        let mut shown: Vec<&str> = of_files.iter().map(|unit| if unit.is_empty() { "none" } else { unit }).collect();
        shown.sort_unstable();
        shown.dedup();
        let message = format!("no channel can be converted to `{lacks}`; units of channels: {}", shown.join(", "));
        Some(ConfigError::at("units", message))
    }
}

/// The unit that a file means, where it is one; also written as a word, as NWB does.
fn parsed(text: &str) -> Option<Unit> {
    const WORDS: [(&str, &str); 8] = [
        ("volts", "V"),
        ("volt", "V"),
        ("amperes", "A"),
        ("ampere", "A"),
        ("teslas", "T"),
        ("tesla", "T"),
        ("siemens", "S"),
        ("hertz", "Hz"),
    ];
    const PREFIXES: [(&str, &str); 8] = [
        ("", ""),
        ("milli", "m"),
        ("micro", "u"),
        ("nano", "n"),
        ("pico", "p"),
        ("femto", "f"),
        ("kilo", "k"),
        ("mega", "M"),
    ];
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let small = text.to_lowercase();
    let word = PREFIXES.iter().find_map(|(prefix, short)| {
        let rest = small.strip_prefix(prefix)?;
        let (_, symbol) = WORDS.iter().find(|(word, _)| *word == rest)?;
        Some(format!("{short}{symbol}"))
    });
    Unit::parse(word.as_deref().unwrap_or(text)).ok()
}

impl<'de> Deserialize<'de> for Units {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UnitsVisitor)
    }
}

struct UnitsVisitor;

impl<'de> Visitor<'de> for UnitsVisitor {
    type Value = Units;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a unit such as `uV`, or a list of them, `[uV, fT]`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Units, E> {
        Ok(Units(vec![unit(text)?]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Units, A::Error> {
        let texts: Vec<String> = Vec::deserialize(SeqAccessDeserializer::new(list))?;
        texts.iter().map(|text| unit(text)).collect::<Result<Vec<Unit>, A::Error>>().map(Units)
    }
}

fn unit<E: Error>(text: &str) -> Result<Unit, E> {
    Unit::parse(text).map_err(E::custom)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn units(texts: &[&str]) -> Units {
        Units(texts.iter().map(|text| Unit::parse(text).unwrap()).collect())
    }

    #[test]
    fn channels_of_the_dimension_are_converted_and_others_stay() {
        let units = units(&["uV", "fT"]);
        for (unit, to, factor) in [
            ("V", "uV", 1e6),
            ("mV", "uV", 1e3),
            ("\u{b5}V", "uV", 1.0),
            ("uV", "uV", 1.0),
            ("volts", "uV", 1e6),
            ("Microvolts", "uV", 1.0),
            ("T", "fT", 1e15),
            ("T/m", "T/m", 1.0),
            ("C", "C", 1.0),
            ("ARU", "ARU", 1.0),
            ("Boolean", "Boolean", 1.0),
            ("", "", 1.0),
        ] {
            let mut values = [-2.0, 0.0];
            units.convert(unit, &mut values);
            assert_eq!((units.of(unit), values), (to, [-2.0 * factor, 0.0]), "{unit}");
        }
        let note = units.note([("a", "V"), ("b", "ARU"), ("c", "")].into_iter()).unwrap();
        assert_eq!(note, "not converted to uV or fT: `b` (ARU), `c` (no unit)");
        assert_eq!(units.note([("a", "V")].into_iter()), None);
        assert_eq!(Units::default().note([("b", "ARU")].into_iter()), None);
    }

    #[test]
    fn units_that_cannot_go_together_or_that_no_channel_has_are_told() {
        let message = units(&["uV", "fT", "mV"]).check().unwrap().message;
        assert!(message.starts_with("`uV` and `mV` are units of one dimension"), "{message}");
        assert_eq!(units(&["uV", "fT"]).check(), None);
        let message = units(&["fT"]).useless(&["uV", "ARU", "uV", ""]).unwrap().message;
        assert_eq!(message, "no channel can be converted to `fT`; units of channels: ARU, none, uV");
        assert_eq!(units(&["fT"]).useless(&["uV", "T"]), None);
    }
}
