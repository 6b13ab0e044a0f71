//! `import.recording`: recordings as signals.
//!
//! EDF, BDF, CSV and NPY files are one sample each, labelled by the name of the file; a Parquet table has the samples it
//! says. What a sample's result depends on is its signals alone: to move a file, or to put a subject more into a table,
//! computes nothing anew.

use std::borrow::Cow;

use indexmap::IndexMap;
use lapicque_pipeline::config::nearest;
use lapicque_pipeline::{BindRequest, ConfigError, FileRef, Kind, Output, Points, Ports, Stage};
use lapicque_recording::{CsvOptions, Recording, read_csv, read_edf, read_npy};
use lapicque_schemas::content_digest;
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_units::Frequency;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::files::{file_error, read_parquet};
use super::signals_table::{self, Given, Samples};
use crate::kind_config::{problem, read, schema_of};
use crate::source::{Rows, Source};

const REVISION: u32 = 1;
/// Relative; the header of an EDF file gives rates to eight digits.
const SAME_RATE: f64 = 1e-6;

pub(super) struct ImportRecording;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The file: .edf, .bdf, .csv (with a column `time_s`), .npy (1-D, or channels x samples) or .parquet (with a column `values`).
    #[serde(default)]
    path: Option<String>,
    /// Several files instead.
    #[serde(default)]
    paths: Vec<String>,
    /// Sampling rate, e.g. `250 Hz`, where the file has none: .npy, and .parquet without `dt`.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    sampling_rate: Option<Frequency>,
    /// Unit of the values where the file has none (default: not known).
    #[serde(default)]
    unit: Option<String>,
    /// The channels that are read, by name (default: all).
    #[serde(default)]
    channels: Option<Vec<String>>,
}

impl Kind for ImportRecording {
    fn name(&self) -> &str {
        "import.recording"
    }

    fn summary(&self) -> &str {
        "Recordings from EDF, BDF, CSV, NPY and Parquet files"
    }

    fn ports(&self) -> Ports {
        Ports::Named(&[])
    }

    fn config_schema(&self) -> Value {
        schema_of::<Config>()
    }

    fn bind(&self, request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        let config: Config = read(request)?;
        let named: Vec<(String, &String)> = match (&config.path, config.paths.as_slice()) {
            (Some(path), []) => vec![("path".to_owned(), path)],
            (None, [_, ..]) => config.paths.iter().enumerate().map(|(i, path)| (format!("paths.{i}"), path)).collect(),
            _ => {
                return problem("path", "either `path` or `paths` is due, e.g. `path: subject_1.edf`");
            }
        };
        let mut problems = check(&config);
        let mut samples: IndexMap<String, Vec<Signal<'static>>> = IndexMap::new();
        let mut notes = Vec::new();
        for (field, path) in named {
            // `paths.0` is part of what is set as `paths`.
            let whole = field.split('.').next().unwrap_or(&field);
            let read = request
                .open(whole, path)
                .map_err(|error| ConfigError::at(&field, error.message))
                .and_then(|file| read_file(&file, &field, &config));
            match read {
                Ok((read, remarks)) => {
                    notes.extend(remarks);
                    for (label, signals) in read {
                        if samples.insert(label.clone(), signals).is_some() {
                            problems.push(ConfigError::at(
                                &field,
                                format!("two recordings are called `{label}`; rename one of the files"),
                            ));
                        }
                    }
                }
                Err(error) => problems.push(error),
            }
        }
        if let Some(channels) = config.channels.as_deref().filter(|_| problems.is_empty()) {
            problems.extend(select(&mut samples, channels));
        }
        if problems.is_empty() { source(samples, notes) } else { Err(problems) }
    }
}

fn check(config: &Config) -> Vec<ConfigError> {
    let mut problems = Vec::new();
    if let Some(rate) = config.sampling_rate.filter(|rate| !(rate.value() > 0.0 && rate.value().is_finite())) {
        problems.push(ConfigError::at("sampling_rate", format!("{rate}: it must be finite and above 0 Hz")));
    }
    if config.channels.as_ref().is_some_and(Vec::is_empty) {
        problems.push(ConfigError::at("channels", "no channel is listed; leave `channels` out to read all"));
    }
    problems
}

fn read_file(file: &FileRef, field: &str, config: &Config) -> Result<Samples, ConfigError> {
    let unit = config.unit.as_deref().unwrap_or_default();
    let rate_hz = config.sampling_rate.map(Frequency::value);
    let fail = |error: &dyn std::fmt::Display| file_error(field, file, error);
    let reader = || file.reader().map_err(|error| fail(&error));
    let recording = match file.extension().as_str() {
        "edf" | "bdf" => read_edf(&mut reader()?).map_err(|error| fail(&error))?,
        "csv" => {
            let options = CsvOptions { sampling_rate_hz: rate_hz, ..CsvOptions::default() };
            read_csv(&mut reader()?, &options).map_err(|error| fail(&error))?
        }
        "npy" => {
            let message = "an NPY file has no sampling rate; give one, e.g. `sampling_rate: 250 Hz`";
            let rate_hz = rate_hz.ok_or_else(|| ConfigError::at("sampling_rate", message))?;
            read_npy(&mut reader()?, rate_hz).map_err(|error| fail(&error))?
        }
        "parquet" => {
            let given = Given { dt_ms: rate_hz.map(|rate| 1e3 / rate), unit };
            return signals_table::read(&read_parquet(file, field)?, &given).map_err(|error| fail(&error));
        }
        other => {
            return Err(fail(&format!("`.{other}` is not read; .edf, .bdf, .csv, .npy and .parquet are")));
        }
    };
    if let Some(rate_hz) = rate_hz
        && let Some(channel) =
            recording.channels.iter().find(|c| (c.sampling_rate_hz / rate_hz - 1.0).abs() > SAME_RATE)
    {
        let message = format!(
            "{rate_hz} Hz, but `{}` says {} Hz of channel `{}`; leave `sampling_rate` out",
            file.name, channel.sampling_rate_hz, channel.label
        );
        return Err(ConfigError::at("sampling_rate", message));
    }
    let (signals, notes) = signals_of(recording, unit);
    if signals.is_empty() {
        return Err(fail(&"it has no channel"));
    }
    Ok((IndexMap::from([(file.stem(), signals)]), notes))
}

/// Stretches between gaps become epochs of their channel; two channels of one name at the same time are told apart.
fn signals_of(recording: Recording, unit: &str) -> (Vec<Signal<'static>>, Vec<String>) {
    let mut signals: Vec<Signal<'static>> = Vec::with_capacity(recording.channels.len());
    let mut notes = recording.notes;
    // Name, next epoch and end of what was read.
    let mut known: IndexMap<String, (i32, f64)> = IndexMap::new();
    for channel in recording.channels {
        let dt_ms = 1e3 / channel.sampling_rate_hz;
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

fn select(samples: &mut IndexMap<String, Vec<Signal<'static>>>, channels: &[String]) -> Vec<ConfigError> {
    let mut problems = Vec::new();
    for (sample, signals) in samples {
        for (i, wanted) in
            channels.iter().enumerate().filter(|(_, wanted)| !signals.iter().any(|s| s.channel == wanted.as_str()))
        {
            let near =
                nearest(wanted, signals.iter().map(|s| s.channel.as_ref())).map(|n| format!("; did you mean `{n}`?"));
            let message = format!("`{sample}` has no channel `{wanted}`{}", near.unwrap_or_default());
            problems.push(ConfigError::at(format!("channels.{i}"), message));
        }
        signals.retain(|signal| channels.iter().any(|wanted| signal.channel == wanted.as_str()));
    }
    problems
}

fn source(
    samples: IndexMap<String, Vec<Signal<'static>>>,
    notes: Vec<String>,
) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let schema = signals::schema();
    let mut labels = Vec::with_capacity(samples.len());
    let mut digests = Vec::with_capacity(samples.len());
    let mut tables = Vec::with_capacity(samples.len());
    for (label, signals) in samples {
        let values: usize = signals.iter().map(|s| s.values.len()).sum();
        if i32::try_from(values).is_err() {
            return problem("path", format!("`{label}` has {values} values; at most {} are allowed", i32::MAX));
        }
        let table = signals::write(&signals).map_err(|error| vec![ConfigError::at("path", error)])?;
        let digest = content_digest(&schema.arrow, std::slice::from_ref(&table))
            .map_err(|error| vec![ConfigError::at("path", error)])?;
        labels.push(label);
        digests.push(digest);
        tables.push(table);
    }
    let points = Points { labels: Some(labels), digests, unread: Vec::new() };
    Ok(Box::new(Source::new(REVISION, Output::new("signals", schema), points, Rows::Many(tables), notes)))
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
            samples: vec![0.0; samples],
            start_s,
        }
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
