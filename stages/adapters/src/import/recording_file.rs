//! One file of a recording: by its extension into signals, and what is to be told of it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use indexmap::{IndexMap, IndexSet};
use lapicque_pipeline::config::nearest;
use lapicque_pipeline::{ConfigError, FileRef};
use lapicque_recording::{CsvError, CsvOptions, Recording, TimeUnit, read_csv, read_edf, read_npy};
use lapicque_schemas::tables::signals::Signal;

use super::files::text::separator;
use super::files::{file_error, read_parquet};
use super::signals_table::{self, Given, Samples};

/// Relative; the header of an EDF file gives rates to eight digits.
const SAME_RATE: f64 = 1e-6;

/// How files are to be read.
pub(super) struct Reading<'a> {
    pub(super) rate_hz: Option<f64>,
    pub(super) time_column: Option<&'a str>,
    pub(super) time_unit: Option<TimeUnit>,
    /// Unit of values where a file has none.
    pub(super) unit: &'a str,
    pub(super) channels: Option<&'a [String]>,
}

/// What the sample of a file is called.
pub(super) enum Name {
    OfFile(String),
    Given(String),
}

/// Reads a file.
pub(super) fn read_file(
    file: &FileRef,
    field: &str,
    name: &Name,
    reading: &Reading<'_>,
) -> Result<Samples, ConfigError> {
    let fail = |error: &dyn std::fmt::Display| file_error(field, file, error);
    let reader = || file.reader().map_err(|error| fail(&error));
    let mut recording = match (file.extension().as_str(), separator(&file.extension())) {
        (_, Some(separator)) => {
            let options = CsvOptions {
                separator,
                time_column: reading.time_column,
                time_unit: reading.time_unit,
                sampling_rate_hz: reading.rate_hz,
                channels: reading.channels,
            };
            read_csv(&mut reader()?, &options).map_err(|error| match error {
                CsvError::NoChannel { wanted, names } => {
                    no_channel(&wanted, &file.name, names.iter().map(String::as_str), &[])
                }
                error => fail(&error),
            })?
        }
        ("edf" | "bdf", _) => read_edf(&mut reader()?).map_err(|error| fail(&error))?,
        ("npy", _) => {
            let message = "an NPY file has no sampling rate; give one, e.g. `sampling_rate: 250 Hz`";
            let rate_hz = reading.rate_hz.ok_or_else(|| ConfigError::at("sampling_rate", message))?;
            read_npy(&mut reader()?, rate_hz).map_err(|error| fail(&error))?
        }
        ("parquet", _) => {
            let given = Given { dt_ms: reading.rate_hz.map(interval_ms), unit: reading.unit };
            let (samples, notes) =
                signals_table::read(&read_parquet(file, field)?, &given).map_err(|error| fail(&error))?;
            return Ok((renamed(samples, name).map_err(|message| fail(&message))?, notes));
        }
        (other, _) => {
            return Err(fail(&format!("`.{other}` is not read; .edf, .bdf, .csv, .tsv, .npy and .parquet are")));
        }
    };
    if let Some(rate_hz) = reading.rate_hz {
        for channel in &mut recording.channels {
            if (channel.sampling_rate_hz / rate_hz - 1.0).abs() > SAME_RATE.max(channel.rate_rounding) {
                let message = format!(
                    "{rate_hz} Hz, but `{}` says {} Hz of channel `{}`; leave `sampling_rate` out",
                    file.name, channel.sampling_rate_hz, channel.label
                );
                return Err(ConfigError::at("sampling_rate", message));
            }
            channel.sampling_rate_hz = rate_hz;
        }
    }
    let (signals, notes) = signals_of(recording, reading.unit);
    if signals.is_empty() && reading.channels.is_none() {
        let why: String = notes.iter().map(|note| format!("; {note}")).collect();
        return Err(fail(&format!("it has no channel{why}")));
    }
    let (Name::OfFile(name) | Name::Given(name)) = name;
    Ok((IndexMap::from([(name.clone(), signals)]), notes))
}

/// A channel that is asked for and not there; `notes` may say that it was left out.
pub(super) fn no_channel<'a>(
    wanted: &str,
    of: &str,
    known: impl Iterator<Item = &'a str>,
    notes: &[String],
) -> ConfigError {
    let why =
        notes.iter().find(|note| note.contains(&format!("`{wanted}`, is left out"))).map(|note| format!(": {note}"));
    let near = || nearest(wanted, known).map(|near| format!("; did you mean `{near}`?"));
    let end = why.or_else(near).unwrap_or_default();
    ConfigError::at("channels", format!("`{of}` has no channel `{wanted}`{end}"))
}

/// A table has names of its own, unless the user names its only sample.
fn renamed(
    samples: IndexMap<String, Vec<Signal<'static>>>,
    name: &Name,
) -> Result<IndexMap<String, Vec<Signal<'static>>>, String> {
    match name {
        Name::OfFile(_) => Ok(samples),
        Name::Given(name) if samples.len() == 1 => {
            Ok(samples.into_values().map(|signals| (name.clone(), signals)).collect())
        }
        Name::Given(name) => Err(format!("it has {} samples, which cannot all be called `{name}`", samples.len())),
    }
}

/// 1000 / rate in ms; the number of few digits next to it where the rate does not tell them apart.
fn interval_ms(rate_hz: f64) -> f64 {
    let interval_ms = 1e3 / rate_hz;
    let short = format!("{interval_ms:.12e}").parse().unwrap_or(interval_ms);
    if 1e3 / short == rate_hz { short } else { interval_ms }
}

/// What was read, in a line: channels, rates, duration, units, missing values.
pub(super) fn summary(samples: &IndexMap<String, Vec<Signal<'static>>>) -> String {
    let signals = || samples.values().flatten();
    let count =
        |number: usize, one: &str, several: &str| format!("{number} {}", if number == 1 { one } else { several });
    let channels = samples
        .iter()
        .map(|(sample, signals)| signals.iter().map(|s| (sample, s.channel.as_ref())).collect::<BTreeSet<_>>().len())
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
    let duration_ms = |signals: &Vec<Signal<'static>>| {
        let mut of_channels: IndexMap<&str, f64> = IndexMap::new();
        for signal in signals.iter().filter(|signal| signal.dt_ms.is_finite()) {
            *of_channels.entry(signal.channel.as_ref()).or_default() += signal.dt_ms * signal.values.len() as f64;
        }
        of_channels.into_values().fold(0.0, f64::max)
    };
    let duration_s = six_digits(samples.values().map(duration_ms).fold(0.0, f64::max) / 1e3);
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
    let missing = signals().map(|signal| signal.values.iter().filter(|value| value.is_nan()).count()).sum();
    parts.push(match missing {
        0 => "no value missing".to_owned(),
        missing => count(missing, "value missing", "values missing"),
    });
    parts.join(", ")
}

fn six_digits(number: f64) -> f64 {
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

/// Stretches between gaps become epochs of their channel; two channels of one name at the same time are told apart.
fn signals_of(recording: Recording, unit: &str) -> (Vec<Signal<'static>>, Vec<String>) {
    let mut signals: Vec<Signal<'static>> = Vec::with_capacity(recording.channels.len());
    let mut notes = recording.notes;
    // Name, next epoch and end of what was read.
    let mut known: IndexMap<String, (i32, f64)> = IndexMap::new();
    for channel in recording.channels {
        let dt_ms = interval_ms(channel.sampling_rate_hz);
        let t0_ms = channel.start_s * 1e3;
        // Half an interval of leeway for rounded times.
        let follows = |end: f64| t0_ms >= end - dt_ms / 2.0;
        let mut label = channel.label.clone();
        let mut copy = 1;
        while known.get(&label).is_some_and(|&(_, end)| !follows(end)) {
            copy += 1;
            label = format!("{} ({copy})", channel.label);
        }
        if copy > 1 {
            notes.push(format!("there are several channels `{}`; one is called `{label}`", channel.label));
        }
        let entry = known.entry(label.clone()).or_insert((0, 0.0));
        let epoch = entry.0;
        *entry = (epoch + 1, t0_ms + channel.samples.len() as f64 * dt_ms);
        let unit = channel.unit.filter(|unit| !unit.trim().is_empty()).unwrap_or_else(|| unit.to_owned());
        signals.push(Signal {
            channel: label.into(),
            epoch,
            t0_ms,
            dt_ms,
            unit: unit.into(),
            values: Cow::Owned(channel.samples),
        });
    }
    (signals, notes)
}

#[cfg(test)]
mod tests {
    use lapicque_recording::Channel;

    use super::*;

    fn channel(label: &str, start_s: f64, samples: usize) -> Channel {
        Channel {
            label: label.to_owned(),
            unit: Some(" ".to_owned()),
            sampling_rate_hz: 100.0,
            rate_rounding: 0.0,
            samples: vec![0.0; samples],
            start_s,
        }
    }

    #[test]
    fn intervals_have_few_digits_where_rates_allow_it() {
        assert_eq!(interval_ms(256.0), 3.90625);
        assert_eq!(interval_ms(1000.0 / 3.0), 3.0);
        assert_eq!(interval_ms(1e6 / 3906.0), 3.906);
        assert_eq!(interval_ms(12.8), 78.125);
        assert_eq!(interval_ms(360.0), 1e3 / 360.0);
    }

    #[test]
    fn a_summary_says_what_a_file_holds() {
        let signal = |channel: &str, dt_ms: f64, unit: &str, values: Vec<f64>| Signal {
            channel: channel.to_owned().into(),
            epoch: 0,
            t0_ms: 0.0,
            dt_ms,
            unit: unit.to_owned().into(),
            values: Cow::Owned(values),
        };
        let one = |signals: Vec<Signal<'static>>| summary(&IndexMap::from([("s".to_owned(), signals)]));
        assert_eq!(
            one(vec![signal("a", 4.0, "uV", vec![1.0, f64::NAN, 3.0]), signal("b", 4.0, "uV", vec![0.0; 250])]),
            "2 channels at 250 Hz, 1 s, in uV, 1 value missing"
        );
        assert_eq!(
            one(vec![signal("a", 78.125, "", vec![0.0; 128])]),
            "1 channel at 12.8 Hz, 10 s, unit not known, no value missing"
        );
        let parts = vec![
            signal("a", 4.0, "uV", vec![0.0; 3]),
            Signal { epoch: 1, ..signal("a", f64::NAN, "V", vec![f64::NAN; 2]) },
        ];
        assert_eq!(
            one(parts),
            "1 channel at 250 Hz and an unknown rate, 2 stretches, 0.012 s in all, in uV and V, 2 values missing"
        );
    }

    #[test]
    fn stretches_between_gaps_are_epochs_and_equal_names_are_told_apart() {
        let recording = Recording {
            channels: vec![
                channel("EEG", 0.0, 100),
                channel("EEG", 0.0, 50),
                channel("EEG", 2.0, 100),
                channel("EEG", 2.001, 10),
            ],
            ..Recording::default()
        };
        let (signals, notes) = signals_of(recording, "uV");
        let keys: Vec<_> = signals.iter().map(|s| (s.channel.as_ref(), s.epoch, s.t0_ms, s.unit.as_ref())).collect();
        assert_eq!(
            keys,
            [("EEG", 0, 0.0, "uV"), ("EEG (2)", 0, 0.0, "uV"), ("EEG", 1, 2000.0, "uV"), ("EEG (2)", 1, 2001.0, "uV")]
        );
        assert_eq!(notes.len(), 2);
    }
}
