//! `import.recording`: recordings as signals.
//!
//! A file of one of [`FORMATS`] is one sample, labelled by its name, or one per window; a Parquet table has the samples it
//! says. What a sample's result depends on is the content of its file and how it is read, or its rows of a table: to move
//! a file, or to put a subject more into a table, computes nothing anew.
//!
//! When a pipeline is checked, only headers are read. Where the format has none that says enough (CSV, TSV, Parquet, Arrow),
//! the file is read once, and what was found is kept with its digest. Values are read when the stage runs.

mod cut;
pub(super) mod described;
mod file;
pub(super) mod names;
mod reading;
mod signals;
mod stage;
mod summary;
mod table;
mod units;

use std::collections::HashSet;
use std::sync::{LazyLock, OnceLock};

use indexmap::IndexMap;
use lapicque_pipeline::{BindRequest, Bound, ConfigError, Kind, Output, Points, Ports, Stage};
use lapicque_recording::{FORMATS, Format, Orientation, TimeUnit, Window, Windows};
use lapicque_schemas::Digest;
use lapicque_schemas::tables::{events, signals as signals_table};
use lapicque_units::{Frequency, Time};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::import::files::COLUMNAR;
use crate::kind_config::{problem, read, schema_of};
use file::RecordingFile;
use names::{Paths, names_of};
use reading::{Reading, point};
use stage::{Recordings, Surveyed};
use units::Units;

/// 2: keyed by the content of files, with events. Signals are what they were.
const REVISION: u32 = 2;
/// Values that are read before they are stored, where recordings are shorter than that: 16 MB, and five times as much
/// while they are written.
const BATCH_VALUES: u64 = 1 << 21;
/// Values that are held by all batches that are read at a time: 128 MB.
const HELD_VALUES: u64 = 1 << 24;

static SUMMARY: LazyLock<String> = LazyLock::new(|| {
    let names: Vec<&str> = FORMATS.iter().map(|format| format.name()).collect();
    format!("Read recordings from {}, Parquet and Arrow files", names.join(", "))
});

/// The extensions of all formats, and what must be known of their files.
fn formats() -> String {
    let told = |format: &&dyn Format| match format.remark() {
        Some(remark) => format!(".{} ({remark})", format.extension()),
        None => format!(".{}", format.extension()),
    };
    let known: Vec<String> = FORMATS.iter().map(told).collect();
    format!("{}, .{} (with a column `values`)", known.join(", "), COLUMNAR.join(", ."))
}

pub(super) struct ImportRecording;

#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The file, or several, as `sub-*/eeg.edf`. What is read: FORMATS.
    #[serde(default)]
    path: Option<String>,
    /// Several files instead: a list, or a map of names and files. Files of one name are named by their folders as well.
    #[serde(default)]
    #[schemars(with = "Value")]
    paths: Paths,
    /// Sampling rate, e.g. `250 Hz`: needed for .npy and .npz, and for tables without `dt`; times of .csv and .tsv must fit it.
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
    /// What values are converted to, e.g. `uV`, or `[uV, fT]`: channels whose unit has the dimension of one of these; others stay as they are, and are told (default: as in the file).
    #[serde(default)]
    #[schemars(with = "Value")]
    units: Units,
    /// The channels that are read, by name (default: all).
    #[serde(default)]
    channels: Option<Vec<String>>,
    /// What is read of a .mat, .nwb or .snirf file that holds several arrays or recordings, e.g. `data.signal`, `acquisition/eeg` (default: the only one, of .nwb all series).
    #[serde(default)]
    variable: Option<String>,
    /// Where a .mat file has the sampling rate of an array in Hz, e.g. `data.cfg.fs` (default: found by its name, else `sampling_rate`).
    #[serde(default)]
    rate_variable: Option<String>,
    /// Where a .mat file has the names of the channels of an array, e.g. `data.cfg.channels` (default: found by its name, else their numbers).
    #[serde(default)]
    channels_variable: Option<String>,
    /// Which side of an array in a .mat file is time: `channels_first` or `samples_first` (default: as names of channels tell, else the side that is at least 4 times as long).
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    orientation: Option<OrientationName>,
    /// Cut each recording into windows of this length, e.g. `60 s`, which are samples of their own, called `NAME@0s`, `NAME@60s`, ...; what follows the last whole window is left out (default: not cut).
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    window: Option<Time>,
    /// By how much a window reaches into the next one (default: 0 s).
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    overlap: Option<Time>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum TimeUnitName {
    S,
    Ms,
    Us,
    Ns,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OrientationName {
    ChannelsFirst,
    SamplesFirst,
}

impl From<OrientationName> for Orientation {
    fn from(name: OrientationName) -> Self {
        match name {
            OrientationName::ChannelsFirst => Self::ChannelsFirst,
            OrientationName::SamplesFirst => Self::SamplesFirst,
        }
    }
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
        &SUMMARY
    }

    fn ports(&self) -> Ports<'_> {
        Ports::Named(&[])
    }

    fn config_schema(&self) -> Value {
        let mut schema = schema_of::<Config>();
        if let Some(Value::String(text)) = schema.pointer_mut("/properties/path/description") {
            *text = text.replace("FORMATS", &formats());
        }
        schema
    }

    fn bind(&self, request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        let config: Config = read(request)?;
        let mut problems = Vec::new();
        let windows = check(&config, &mut problems);
        let (named, mut notes) = named_files(&config, request, &mut problems)?;
        let reading = Reading {
            rate_hz: config.sampling_rate.map(Frequency::value),
            time_column: config.time_column,
            time_unit: config.time_unit.map(TimeUnit::from),
            unit: config.unit.unwrap_or_default(),
            channels: config.channels,
            variable: config.variable,
            rate_variable: config.rate_variable,
            channels_variable: config.channels_variable,
            orientation: config.orientation.map(Orientation::from),
            units: config.units,
            windows,
        };
        let mut files: Vec<Surveyed> = Vec::new();
        let mut samples = Samples::default();
        // What is said of many files is told once.
        let mut told: IndexMap<String, Vec<String>> = IndexMap::new();
        for named in named {
            let NamedFile { field, path, name } = &named;
            let surveyed = RecordingFile::open(request, field, path)
                .map_err(|error| vec![error])
                .and_then(|file| reading.fits(file.format, field, path).map(|()| file))
                .and_then(|file| Ok((file.survey(request, field, name.text(), &reading)?, file)));
            let (survey, file) = match surveyed {
                Ok(surveyed) => surveyed,
                Err(errors) => {
                    problems.extend(errors);
                    continue;
                }
            };
            for note in survey.notes.iter().chain([&survey.summary]) {
                told.entry(note.clone()).or_default().push(path.clone());
            }
            let surveyed = Surveyed { file, survey, annotations: OnceLock::new() };
            problems.extend(samples.add(&named, &surveyed, files.len(), &reading));
            files.push(surveyed);
        }
        if problems.is_empty() {
            let found = files.iter().flat_map(|surveyed| &surveyed.survey.units).map(String::as_str);
            problems.extend(reading.units.useless(&found.collect::<Vec<&str>>()));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        notes.extend(told.iter().map(|(note, paths)| format!("{}: {note}", listed(paths))));
        let outputs = vec![Output::new("signals", signals_table::schema()), Output::new("events", events::schema())];
        let empty = Value::Object(serde_json::Map::new());
        let mut bound = Bound::new(REVISION, empty, &[], outputs);
        limit_batches(&mut bound, files.iter().map(|surveyed| surveyed.survey.most_values).max().unwrap_or(0));
        bound.samples = lapicque_pipeline::Samples::Known(Points {
            labels: Some(samples.labels),
            digests: samples.digests,
            unread: Vec::new(),
        });
        bound.notes = notes;
        Ok(Box::new(Recordings { bound, reading, files, points: samples.points }))
    }
}

/// As many samples at a time as their values allow, of which the largest has so many.
pub(super) fn limit_batches(bound: &mut Bound, most_values: u64) {
    bound.most_per_batch = usize::try_from(BATCH_VALUES / most_values.max(1)).ok().map(|most| most.max(1));
    let per_batch = most_values.max(1).saturating_mul(bound.most_per_batch.unwrap_or(1) as u64);
    bound.most_batches = usize::try_from(HELD_VALUES / per_batch).ok().map(|most| most.max(1));
}

/// What is wrong with a recording of so many values.
fn too_many(name: &str, values: u64) -> Option<String> {
    i32::try_from(values).is_err().then(|| {
        format!(
            "`{name}` has {values} values; at most {} are allowed in one sample (`window` cuts recordings into several)",
            i32::MAX
        )
    })
}

/// The samples of all files.
#[derive(Default)]
struct Samples {
    labels: Vec<String>,
    digests: Vec<Digest>,
    /// File and sample of it.
    points: Vec<(usize, usize)>,
    known: HashSet<String>,
}

impl Samples {
    /// Adds those of the file of this number; returns what is wrong with them.
    fn add(&mut self, named: &NamedFile, surveyed: &Surveyed, number: usize, reading: &Reading) -> Vec<ConfigError> {
        let NamedFile { field, path, name } = named;
        let Surveyed { file, survey, .. } = surveyed;
        let mut problems = Vec::new();
        let fail = |message: String| ConfigError::at(field.as_str(), message);
        let given = matches!(name, Name::Given(_));
        if given && file.format.is_none() && survey.samples.len() > 1 {
            let message =
                format!("it has {} samples, which cannot all be called `{}`", survey.samples.len(), name.text());
            return vec![fail(format!("`{}`: {message}", file.main.name))];
        }
        if let Some(message) = too_many(name.text(), survey.most_values) {
            return vec![fail(message)];
        }
        let content = point(file.content(), reading.digest(file.format), None);
        for (of_file, found) in survey.samples.iter().enumerate() {
            let label = match (&found.label, found.window.zip(reading.windows)) {
                (Some(label), _) if !given => label.clone(),
                (_, Some((window, windows))) => format!("{}@{}", name.text(), start(&windows.number(window))),
                _ => name.text().to_owned(),
            };
            if !self.known.insert(label.clone()) {
                problems.push(fail(format!(
                    "two recordings are called `{label}`; name them by a map, `paths: {{NAME: {path}, ...}}`, or leave one out"
                )));
            }
            self.labels.push(label);
            self.points.push((number, of_file));
            // Rows of a table stand for themselves: a further sample in it changes nothing for the others.
            self.digests.push(match (found.content, found.window) {
                (Some(content), _) => content,
                (None, window) => {
                    window.map_or(content, |_| point(file.content(), reading.digest(file.format), window))
                }
            });
        }
        problems
    }
}

/// The files that a note is about.
pub(super) fn listed(paths: &[String]) -> String {
    const FEW: usize = 3;
    let named: Vec<String> = paths.iter().take(FEW).map(|path| format!("`{path}`")).collect();
    match paths.len().saturating_sub(FEW) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// When a window begins: `0s`, `55s`, `1.25s`.
fn start(window: &Window) -> String {
    let seconds = format!("{:.6}", window.start_s());
    format!("{}s", seconds.trim_end_matches('0').trim_end_matches('.'))
}

/// A file to read.
struct NamedFile {
    /// Where the configuration names it.
    field: String,
    path: String,
    name: Name,
}

/// What the sample of a file is called.
enum Name {
    OfFile(String),
    Given(String),
}

impl Name {
    fn text(&self) -> &str {
        let (Self::OfFile(name) | Self::Given(name)) = self;
        name
    }
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

/// What is wrong with the configuration by itself, and the windows that it asks for.
fn check(config: &Config, problems: &mut Vec<ConfigError>) -> Option<Windows> {
    if let Some(rate) = config.sampling_rate.filter(|rate| !(rate.value() > 0.0 && rate.value().is_finite())) {
        problems.push(ConfigError::at("sampling_rate", format!("{rate}: it must be finite and above 0 Hz")));
    }
    if config.channels.as_ref().is_some_and(Vec::is_empty) {
        problems.push(ConfigError::at("channels", "no channel is listed; leave `channels` out to read all"));
    }
    problems.extend(config.units.check());
    windows_of(config.window, config.overlap, problems)
}

/// The windows that are asked for.
pub(super) fn windows_of(
    window: Option<Time>,
    overlap: Option<Time>,
    problems: &mut Vec<ConfigError>,
) -> Option<Windows> {
    let Some(window) = window else {
        if let Some(overlap) = overlap {
            problems.push(ConfigError::at("overlap", format!("{overlap}: without `window` nothing overlaps")));
        }
        return None;
    };
    if !(window.value() > 0.0 && window.value().is_finite()) {
        problems.push(ConfigError::at("window", format!("{window}: it must be finite and above 0 ms")));
        return None;
    }
    let overlap = overlap.unwrap_or(Time::new(0.0));
    if !(overlap.value() >= 0.0 && overlap.value() < window.value()) {
        let message = format!("{overlap}: it must be at least 0 ms and less than `window`, {window}");
        problems.push(ConfigError::at("overlap", message));
        return None;
    }
    Some(Windows { length_s: window.value() / 1e3, step_s: (window.value() - overlap.value()) / 1e3 })
}
