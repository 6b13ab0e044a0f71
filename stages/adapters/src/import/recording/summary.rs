//! What a file holds, in a line.

use std::collections::BTreeSet;

use indexmap::{IndexMap, IndexSet};

/// A signal without its values.
pub(super) struct Shape {
    pub(super) channel: String,
    pub(super) epoch: i32,
    pub(super) dt_ms: f64,
    pub(super) unit: String,
    /// How many.
    pub(super) values: u64,
}

/// What was read, in a line: channels, rates, duration, units, missing values.
/// Missing values are left out where only the values tell.
pub(super) fn summary(samples: &[Vec<Shape>], missing: Option<u64>) -> String {
    let signals = || samples.iter().flatten();
    let count = |number: u64, one: &str, several: &str| format!("{number} {}", if number == 1 { one } else { several });
    let channels = samples
        .iter()
        .map(|signals| signals.iter().map(|s| s.channel.as_str()).collect::<BTreeSet<_>>().len() as u64)
        .sum();
    let mut parts = Vec::new();
    let of_samples = if samples.len() > 1 { format!("{} samples, ", samples.len()) } else { String::new() };
    let mut rates: Vec<f64> = Vec::new();
    for signal in signals() {
        let rate_hz = 1e3 / signal.dt_ms;
        if !rates.iter().any(|known| known.to_bits() == rate_hz.to_bits()) {
            rates.push(rate_hz);
        }
    }
    let rate = |rate_hz: &f64| match rate_hz.is_finite() {
        true => format!("{} Hz", six_digits(*rate_hz)),
        false => "an unknown rate".to_owned(),
    };
    parts.push(format!("{of_samples}{} at {}", count(channels, "channel", "channels"), listed(rates.iter().map(rate))));
    let stretches = signals().map(|signal| signal.epoch).max().map_or(0, |epoch| epoch as usize + 1);
    let duration_ms = |signals: &Vec<Shape>| {
        let mut of_channels: IndexMap<&str, f64> = IndexMap::new();
        for signal in signals.iter().filter(|signal| signal.dt_ms.is_finite()) {
            *of_channels.entry(signal.channel.as_str()).or_default() += signal.dt_ms * signal.values as f64;
        }
        of_channels.into_values().fold(0.0, f64::max)
    };
    let duration_s = six_digits(samples.iter().map(duration_ms).fold(0.0, f64::max) / 1e3);
    match stretches {
        0 | 1 => parts.push(format!("{duration_s} s")),
        several => parts.extend([format!("{several} stretches"), format!("{duration_s} s in all")]),
    }
    let units: Vec<String> = signals().map(|s| s.unit.to_string()).collect::<IndexSet<String>>().into_iter().collect();
    parts.push(match units.iter().all(String::is_empty) {
        true => "unit not known".to_owned(),
        false => {
            format!("in {}", listed(units.into_iter().map(|unit| if unit.is_empty() { "?".to_owned() } else { unit })))
        }
    });
    parts.extend(missing.map(missing_values));
    parts.join(", ")
}

/// How many values are missing, in words.
pub(super) fn missing_values(missing: u64) -> String {
    match missing {
        0 => "no value missing".to_owned(),
        1 => "1 value missing".to_owned(),
        missing => format!("{missing} values missing"),
    }
}

pub(super) fn six_digits(number: f64) -> f64 {
    format!("{number:.5e}").parse().unwrap_or(number)
}

/// `a`, `a and b`, `a, b and c`; the first of many.
fn listed(items: impl Iterator<Item = String>) -> String {
    const MOST_SHOWN: usize = 6;
    let mut items: Vec<String> = items.collect();
    if items.len() > MOST_SHOWN {
        let more = items.len() - MOST_SHOWN;
        items.truncate(MOST_SHOWN);
        items.push(format!("{more} more"));
    }
    match items.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => "none".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_says_what_a_file_holds() {
        let signal = |channel: &str, dt_ms: f64, unit: &str, values: u64| Shape {
            channel: channel.to_owned(),
            epoch: 0,
            dt_ms,
            unit: unit.to_owned(),
            values,
        };
        let one = |signals: Vec<Shape>, missing: u64| summary(&[signals], Some(missing));
        assert_eq!(
            one(vec![signal("a", 4.0, "uV", 3), signal("b", 4.0, "uV", 250)], 1),
            "2 channels at 250 Hz, 1 s, in uV, 1 value missing"
        );
        assert_eq!(
            one(vec![signal("a", 78.125, "", 128)], 0),
            "1 channel at 12.8 Hz, 10 s, unit not known, no value missing"
        );
        let parts = vec![signal("a", 4.0, "uV", 3), Shape { epoch: 1, ..signal("a", f64::NAN, "V", 2) }];
        assert_eq!(
            one(parts, 2),
            "1 channel at 250 Hz and an unknown rate, 2 stretches, 0.012 s in all, in uV and V, 2 values missing"
        );
    }
}
