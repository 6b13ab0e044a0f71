//! `import.recording`: recordings as signals.
//!
//! EDF, BDF, CSV, TSV and NPY files are one sample each, labelled by the name of the file; a Parquet table has the samples
//! it says. What a sample's result depends on is its signals alone: to move a file, or to put a subject more into a table,
//! computes nothing anew.

use indexmap::IndexMap;
use lapicque_pipeline::{BindRequest, ConfigError, Kind, Output, Points, Ports, Stage};
use lapicque_recording::TimeUnit;
use lapicque_schemas::content_digest;
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_units::Frequency;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::recording_file::{Name, Reading, no_channel, read_file, summary};
use super::recording_names::{Paths, names_of};
use crate::kind_config::{problem, read, schema_of};
use crate::source::{Rows, Source};

const REVISION: u32 = 1;

pub(super) struct ImportRecording;

#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The file: .edf, .bdf, .csv or .tsv (with a column of times), .npy (1-D, or channels x samples) or .parquet (with a column `values`); or several, as `sub-*/eeg.edf`.
    #[serde(default)]
    path: Option<String>,
    /// Several files instead: a list, or a map of names and files. Files of one name are named by their folders as well.
    #[serde(default)]
    #[schemars(with = "Value")]
    paths: Paths,
    /// Sampling rate, e.g. `250 Hz`: needed for .npy, and .parquet without `dt`; times of .csv and .tsv must fit it.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    sampling_rate: Option<Frequency>,
    /// The column of times of .csv and .tsv files (default: `time_s`, `time_ms`, `time_us` or `time_ns`). Times of day and dates are read as well.
    #[serde(default)]
    time_column: Option<String>,
    /// The unit of times, where the name of their column does not end with it: `s`, `ms`, `us` or `ns`.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    time_unit: Option<TimeUnitName>,
    /// Unit of the values where the file has none (default: not known).
    #[serde(default)]
    unit: Option<String>,
    /// The channels that are read, by name (default: all).
    #[serde(default)]
    channels: Option<Vec<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum TimeUnitName {
    S,
    Ms,
    Us,
    Ns,
}

impl From<TimeUnitName> for TimeUnit {
    fn from(name: TimeUnitName) -> Self {
        match name {
            TimeUnitName::S => Self::Seconds,
            TimeUnitName::Ms => Self::Milliseconds,
            TimeUnitName::Us => Self::Microseconds,
            TimeUnitName::Ns => Self::Nanoseconds,
        }
    }
}

impl Kind for ImportRecording {
    fn name(&self) -> &str {
        "import.recording"
    }

    fn summary(&self) -> &str {
        "Read recordings from EDF, BDF, CSV, TSV, NPY and Parquet files"
    }

    fn ports(&self) -> Ports {
        Ports::Named(&[])
    }

    fn config_schema(&self) -> Value {
        schema_of::<Config>()
    }

    fn bind(&self, request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        let config: Config = read(request)?;
        let mut problems = check(&config);
        let (files, mut notes) = named_files(&config, request, &mut problems)?;
        let reading = Reading {
            rate_hz: config.sampling_rate.map(Frequency::value),
            time_column: config.time_column.as_deref(),
            time_unit: config.time_unit.map(TimeUnit::from),
            unit: config.unit.as_deref().unwrap_or_default(),
            channels: config.channels.as_deref(),
        };
        let mut samples: IndexMap<String, Vec<Signal<'static>>> = IndexMap::new();
        for NamedFile { field, path, name } in files {
            // `paths.0` is part of what is set as `paths`.
            let whole = field.split('.').next().unwrap_or(&field);
            let read = request
                .open(whole, &path)
                .map_err(|error| ConfigError::at(&field, error.message))
                .and_then(|file| read_file(&file, &field, &name, &reading));
            let (mut read, remarks) = match read {
                Ok(read) => read,
                Err(error) => {
                    problems.push(error);
                    continue;
                }
            };
            if let Some(channels) = config.channels.as_deref() {
                problems.extend(select(&mut read, channels, &remarks));
            }
            notes.extend(remarks.into_iter().map(|remark| format!("`{path}`: {remark}")));
            notes.push(format!("`{path}`: {}", summary(&read)));
            for (label, signals) in read {
                if samples.contains_key(&label) {
                    let message = format!(
                        "two recordings are called `{label}`; name them by a map, `paths: {{NAME: {path}, ...}}`, or leave one out"
                    );
                    problems.push(ConfigError::at(&field, message));
                }
                samples.insert(label, signals);
            }
        }
        if problems.is_empty() { source(samples, notes) } else { Err(problems) }
    }
}

/// A file to read.
struct NamedFile {
    /// Where the configuration names it.
    field: String,
    path: String,
    name: Name,
}

/// The files that the configuration names, in its order, and what is to be told of their names.
fn named_files(
    config: &Config,
    request: &BindRequest<'_>,
    problems: &mut Vec<ConfigError>,
) -> Result<(Vec<NamedFile>, Vec<String>), Vec<ConfigError>> {
    let named: Vec<(String, &String, Option<&String>)> = match (&config.path, &config.paths) {
        (Some(path), Paths::None) => vec![("path".to_owned(), path, None)],
        (None, Paths::Listed(list)) if !list.is_empty() => {
            list.iter().enumerate().map(|(i, path)| (format!("paths.{i}"), path, None)).collect()
        }
        (None, Paths::Named(map)) if !map.is_empty() => {
            map.iter().map(|(name, path)| (format!("paths.{name}"), path, Some(name))).collect()
        }
        _ => return problem("path", "either `path` or `paths` is due, e.g. `path: subject_1.edf`"),
    };
    let mut notes = Vec::new();
    let mut found: Vec<(String, String, Option<&String>)> = Vec::new();
    for (field, path, name) in named {
        match request.matching(field.split('.').next().unwrap_or(&field), path) {
            Err(error) => problems.push(ConfigError::at(&field, error.message)),
            Ok(files) if files.len() > 1 && name.is_some() => {
                problems
                    .push(ConfigError::at(&field, format!("a name is for one file; `{path}` matches {}", files.len())));
            }
            Ok(files) => {
                if files.first() != Some(path) {
                    notes.push(format!("`{path}` matches {} files", files.len()));
                }
                found.extend(files.into_iter().map(|file| (field.clone(), file, name)));
            }
        }
    }
    let unnamed: Vec<&str> =
        found.iter().filter(|(.., name)| name.is_none()).map(|(_, path, _)| path.as_str()).collect();
    let own_names = names_of(&unnamed);
    let with_folders: Vec<&str> = own_names.iter().map(String::as_str).filter(|name| name.contains('/')).collect();
    if let [first, .., last] = with_folders.as_slice() {
        notes.push(format!("{} files are named by their folders as well: `{first}` to `{last}`", with_folders.len()));
    }
    let mut own_names = own_names.into_iter();
    let files = found.into_iter().map(|(field, path, name)| {
        let name = match name {
            Some(name) => Name::Given(name.clone()),
            None => Name::OfFile(own_names.next().unwrap_or_default()),
        };
        NamedFile { field, path, name }
    });
    Ok((files.collect(), notes))
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

/// Keeps the channels that are asked for.
fn select(
    samples: &mut IndexMap<String, Vec<Signal<'static>>>,
    channels: &[String],
    notes: &[String],
) -> Vec<ConfigError> {
    let mut problems = Vec::new();
    for (sample, signals) in samples {
        let is_lacking = |wanted: &&String| !signals.iter().any(|s| s.channel == wanted.as_str());
        for wanted in channels.iter().filter(is_lacking) {
            problems.push(no_channel(wanted, sample, signals.iter().map(|s| s.channel.as_ref()), notes));
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
