//! `import.bids`: the recordings of a BIDS dataset ([`lapicque_recording::bids`]).
//!
//! A recording is a sample, called by its entities (`sub-01_ses-02_task-rest_run-1`), or one per window. What its result depends on are the content of its
//! files, its row of `recordings`, its channels, and the content of its table of events: a further subject, or another age of one, computes nothing anew of
//! the others.
//!
//! When a pipeline is checked, headers, sidecars and the tables of participants and channels are read; values and events when the stage runs.
//!
//! | output | rows |
//! |---|---|
//! | signals | as those of `import.recording`, with the names of `channels.tsv` |
//! | events | of `events.tsv` where there is one: `kind` is its `trial_type`, `value` its `value`, else its `trial_type`; else those of the recording |
//! | recordings | one per sample: subject, session, task, run, group and what `participants.tsv` says of the subject |
//! | channels | type, unit and status of each channel |

mod dataset;
mod stage;
mod tables;

use std::collections::{BTreeSet, HashSet};

use arrow_array::RecordBatch;
use indexmap::IndexMap;
use lapicque_pipeline::config::nearest;
use lapicque_pipeline::{BindRequest, Bound, ConfigError, Output, Points, Samples, Stage};
use lapicque_recording::bids::{
    Assigned, ChannelRow as Said, DATATYPES, Found, RecordingName, Sidecar, Wanted, assign, same_unit,
};
use lapicque_recording::{FORMATS, Outline};
use lapicque_schemas::tables::recordings::RecordingRow;
use lapicque_schemas::tables::{channels, events, recordings, signals};
use lapicque_schemas::{Digest, DigestBuilder, content_digest};
use lapicque_units::Time;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::recording::described::{Change, Opened, Settings, channels_of};
use super::recording::{limit_batches, listed, windows_of};
use crate::kind_config::{SimpleKind, read, schema_of};
use dataset::{Dataset, FIELD};
use stage::{DatasetStage, Item};
use tables::{Subjects, channel_rows, recording_row};

const REVISION: u32 = 1;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "import.bids",
    summary: "Read the recordings of a BIDS dataset, and of whom and what they are",
    ports: &[],
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The folder of the dataset, in which are the folders `sub-...`. Hidden folders, derivatives, sources and code are left out.
    path: String,
    /// The subjects that are read, with or without `sub-`, e.g. `[01, 02]` (default: all).
    #[serde(default)]
    subjects: Option<Vec<String>>,
    /// The sessions that are read, with or without `ses-` (default: all).
    #[serde(default)]
    sessions: Option<Vec<String>>,
    /// The tasks that are read, with or without `task-` (default: all).
    #[serde(default)]
    tasks: Option<Vec<String>>,
    /// The runs that are read, with or without `run-`: 1 is `run-01` as well (default: all).
    #[serde(default)]
    runs: Option<Vec<String>>,
    /// The types of data that are read: eeg, ieeg, meg, emg, nirs (default: all).
    #[serde(default)]
    datatypes: Option<Vec<String>>,
    /// What names of files end with before their extension (default: the type of data, as in `sub-01_task-rest_eeg.edf`).
    #[serde(default)]
    suffix: Option<String>,
    /// The channels that are read, by name (default: all).
    #[serde(default)]
    channels: Option<Vec<String>>,
    /// The types of channels that are read, as `channels.tsv` has them, e.g. `[EEG]` (default: all).
    #[serde(default)]
    types: Option<Vec<String>>,
    /// Whether channels are kept that `channels.tsv` calls bad; the output `channels` says which these are.
    #[serde(default = "yes")]
    include_bad: bool,
    /// Unit of the values where neither the recording nor `channels.tsv` has one (default: not known).
    #[serde(default)]
    unit: Option<String>,
    /// Cut each recording into windows of this length, e.g. `60 s`, which are samples of their own, called `NAME@0s`, `NAME@60s`, ...; what follows the last whole window is left out (default: not cut).
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    window: Option<Time>,
    /// By how much a window reaches into the next one (default: 0 s).
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    overlap: Option<Time>,
}

fn yes() -> bool {
    true
}

/// What is known of the recordings so far.
#[derive(Default)]
struct Survey {
    items: Vec<Item>,
    rows: Vec<RecordingRow>,
    /// What is told of many recordings is told once.
    told: IndexMap<String, Vec<String>>,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let mut problems = Vec::new();
    let windows = windows_of(config.window, config.overlap, &mut problems);
    problems.extend(empty_lists(&config));
    if !problems.is_empty() {
        return Err(problems);
    }
    let settings = Settings::new(config.unit.clone().unwrap_or_default(), config.channels.clone(), windows);
    let mut dataset = Dataset::open(request, &config.path).map_err(|error| vec![error])?;
    let (found, mut notes) = recordings_of(&dataset, &config)?;
    let (subjects, remarks) = subjects(&dataset, &found, &config)?;
    notes.extend(remarks);
    let mut survey = Survey::default();
    for recording in &found.recordings {
        if let Err(errors) = survey.add(&mut dataset, request, recording, &config, &settings, &subjects) {
            problems.extend(errors);
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    notes.extend(survey.told.iter().map(|(note, labels)| format!("{}: {note}", listed(labels))));
    let of_subject: Vec<Option<usize>> = survey.rows.iter().map(|row| subjects.row(&row.subject)).collect();
    let further = subjects.columns(&of_subject);
    let table = recordings::write(&survey.rows, &further).map_err(|error| vec![ConfigError::at(FIELD, error)])?;
    let outputs = vec![
        Output::new("signals", signals::schema()),
        Output::new("events", events::schema()),
        Output::new("recordings", recordings::schema(&further)),
        Output::new("channels", channels::schema()),
    ];
    let mut bound = Bound::new(REVISION, Value::Object(serde_json::Map::new()), &[], outputs);
    limit_batches(&mut bound, survey.items.iter().map(|item| item.described.most_values()).max().unwrap_or(0));
    let (labels, digests, points) = samples(&survey.items, &table, &settings)?;
    bound.samples = Samples::Known(Points { labels: Some(labels), digests, unread: Vec::new() });
    bound.notes = notes;
    Ok(Box::new(DatasetStage { bound, settings, recordings: table, items: survey.items, points }))
}

/// Lists of the configuration without anything in them.
fn empty_lists(config: &Config) -> Vec<ConfigError> {
    let lists = [
        ("subjects", &config.subjects),
        ("sessions", &config.sessions),
        ("tasks", &config.tasks),
        ("runs", &config.runs),
        ("datatypes", &config.datatypes),
        ("channels", &config.channels),
        ("types", &config.types),
    ];
    let empty = lists.into_iter().filter(|(_, list)| list.as_ref().is_some_and(Vec::is_empty));
    empty.map(|(name, _)| ConfigError::at(name, format!("nothing is listed; leave `{name}` out to read all"))).collect()
}

/// The recordings that are wanted, and what is to be told of others.
fn recordings_of(dataset: &Dataset<'_>, config: &Config) -> Result<(Found, Vec<String>), Vec<ConfigError>> {
    // Of several formats of a recording, one whose files say when values were taken comes before a table of numbers.
    let mut formats: Vec<_> = FORMATS.iter().collect();
    formats.sort_by_key(|format| format.has_time_column());
    let extensions: Vec<&str> = formats.iter().map(|format| format.extension()).collect();
    let wanted = Wanted {
        subjects: config.subjects.as_deref(),
        sessions: config.sessions.as_deref(),
        tasks: config.tasks.as_deref(),
        runs: config.runs.as_deref(),
        datatypes: config.datatypes.as_deref(),
        suffix: config.suffix.as_deref(),
    };
    let found = dataset.layout.recordings(&extensions, &wanted);
    let mut problems: Vec<ConfigError> =
        found.absent.iter().map(|(key, value, known)| absent(key, value, known)).collect();
    problems.extend(found.misplaced.iter().map(|file| {
        let file = dataset.path(file);
        ConfigError::at(FIELD, format!("`{file}`: its name is of another subject or session than its folder"))
    }));
    if problems.is_empty() && found.recordings.is_empty() {
        let known = extensions.join(", .");
        let unread: Vec<String> =
            found.unread.iter().map(|(label, extension)| format!("{label} (.{extension})")).collect();
        let why = match unread.is_empty() {
            true => format!("there is none of the types {}", DATATYPES.join(", ")),
            false => format!("{} are of other formats than .{known}", listed(&unread)),
        };
        problems.push(ConfigError::at(FIELD, format!("`{}` has no recording that is asked for: {why}", config.path)));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut notes = found.notes.clone();
    let mut by_extension: IndexMap<&str, Vec<String>> = IndexMap::new();
    for (label, extension) in &found.unread {
        by_extension.entry(extension).or_default().push(label.clone());
    }
    notes.extend(
        by_extension.iter().map(|(extension, labels)| {
            format!("{}: left out, as .{extension} is no format that is read", listed(labels))
        }),
    );
    let subjects: BTreeSet<&str> = found.recordings.iter().filter_map(|found| found.name.entity("sub")).collect();
    notes.push(format!("`{}`: {} recordings of {} subjects", config.path, found.recordings.len(), subjects.len()));
    Ok((found, notes))
}

fn absent(key: &str, value: &str, known: &[String]) -> ConfigError {
    let (field, noun) = match key {
        "sub" => ("subjects", "subject"),
        "ses" => ("sessions", "session"),
        "task" => ("tasks", "task"),
        "run" => ("runs", "run"),
        _ => ("datatypes", "type of data"),
    };
    let near = nearest(value, known.iter().map(String::as_str)).map(|near| format!("; did you mean `{near}`?"));
    let there = if known.is_empty() { "there is none".to_owned() } else { format!("there are: {}", known.join(", ")) };
    let message = format!("no recording is of the {noun} `{value}`{} ({there})", near.unwrap_or_default());
    ConfigError::at(field, message)
}

/// What the dataset says of its subjects, and what is to be told of it.
fn subjects(
    dataset: &Dataset<'_>,
    found: &Found,
    config: &Config,
) -> Result<(Subjects, Vec<String>), Vec<ConfigError>> {
    let Some(participants) = dataset.participants().map_err(|error| vec![error])? else {
        let note = "there is no participants.tsv: nothing is known of the subjects".to_owned();
        return Ok((Subjects::default(), vec![note]));
    };
    let (subjects, notes) = Subjects::new(participants);
    let mut notes: Vec<String> = notes.into_iter().map(|note| format!("participants.tsv: {note}")).collect();
    let recorded: BTreeSet<&str> = found.recordings.iter().filter_map(|found| found.name.entity("sub")).collect();
    let unknown: Vec<String> =
        recorded.iter().filter(|subject| subjects.row(subject).is_none()).map(|name| format!("sub-{name}")).collect();
    if !unknown.is_empty() {
        notes.push(format!("participants.tsv has no row for {}: their columns are null", listed(&unknown)));
    }
    // Of subjects that nobody asked for there is nothing to tell.
    let is_all = [&config.subjects, &config.sessions, &config.tasks, &config.runs, &config.datatypes]
        .iter()
        .all(|filter| filter.is_none());
    let unrecorded: Vec<String> = subjects
        .names()
        .iter()
        .filter(|name| !recorded.contains(name.as_str()))
        .map(|name| format!("sub-{name}"))
        .collect();
    if is_all && !unrecorded.is_empty() {
        notes.push(format!("participants.tsv has {}, of whom there is no recording", listed(&unrecorded)));
    }
    Ok((subjects, notes))
}

impl Survey {
    /// Adds a recording, and tells what does not fit.
    fn add(
        &mut self,
        dataset: &mut Dataset<'_>,
        request: &BindRequest<'_>,
        recording: &RecordingName,
        config: &Config,
        settings: &Settings,
        subjects: &Subjects,
    ) -> Result<(), Vec<ConfigError>> {
        let one = |error: ConfigError| vec![error];
        let opened = Opened::open(request, FIELD, &dataset.path(&recording.path)).map_err(one)?;
        let sidecar = dataset.sidecar(recording).map_err(one)?;
        let said = dataset.channels(recording).map_err(one)?;
        let events = dataset.events(recording).map_err(one)?;
        let outline = opened.outline(FIELD, settings).map_err(one)?;
        let mut notes = other_rate(&sidecar, &outline);
        let (changes, of_channels) = match &said {
            None => (unchanged(&outline), vec![None; outline.channels.len()]),
            Some((rows, remarks)) => {
                notes.extend(remarks.iter().map(|remark| format!("channels.tsv: {remark}")));
                changes(&outline, rows, config, &mut notes)
            }
        };
        let changes = of_types(changes, &of_channels, config, &recording.label)?;
        let channels = channels_of(&outline, &changes, settings);
        let channel_table = channels::write(&channel_rows(&channels, &of_channels));
        let channel_table = channel_table.map_err(|error| vec![ConfigError::at(FIELD, error)])?;
        let content = opened.content().to_string();
        let mapping = mapping(&changes);
        let described = opened.described(FIELD, &recording.label, changes, settings)?;
        let window = described.window(0, settings);
        let row = recording_row(recording, &channels, window.as_ref(), (subjects, &sidecar), content);
        for note in notes.iter().chain(described.told()) {
            self.told.entry(note.clone()).or_default().push(recording.label.clone());
        }
        self.rows.push(row);
        self.items.push(Item { label: recording.label.clone(), described, channels: channel_table, mapping, events });
        Ok(())
    }
}

/// A rate of the sidecar that is not that of the recording.
fn other_rate(sidecar: &Sidecar, outline: &Outline) -> Vec<String> {
    const SAME: f64 = 1e-6;
    let Some(said_hz) = sidecar.number("SamplingFrequency") else {
        return Vec::new();
    };
    let rates = || outline.channels.iter().map(|channel| channel.sampling_rate_hz);
    let is_same = rates().any(|rate_hz| (said_hz / rate_hz - 1.0).abs() <= SAME);
    let first = rates().next().filter(|_| !is_same);
    let note = |hz: f64| format!("its sidecar says {said_hz} Hz, the recording {hz} Hz: that of the recording holds");
    first.map(note).into_iter().collect()
}

fn unchanged(outline: &Outline) -> Vec<Change> {
    let change = |channel: &lapicque_recording::ChannelOutline| Change {
        label: channel.label.clone(),
        name: channel.label.clone(),
        unit: channel.unit.clone(),
        is_wanted: true,
    };
    outline.channels.iter().map(change).collect()
}

/// What `channels.tsv` changes, and what it says of each channel.
fn changes<'a>(
    outline: &Outline,
    rows: &'a [Said],
    config: &Config,
    notes: &mut Vec<String>,
) -> (Vec<Change>, Vec<Option<&'a Said>>) {
    let labels: Vec<&str> = outline.channels.iter().map(|channel| channel.label.as_str()).collect();
    let Assigned { rows: assigned, renames, notes: remarks } = assign(&labels, rows);
    notes.extend(remarks);
    let said: Vec<Option<&Said>> = assigned.iter().map(|row| row.and_then(|row| rows.get(row))).collect();
    let mut changes = unchanged(outline);
    let mut other_units: IndexMap<String, Vec<String>> = IndexMap::new();
    let mut bad = Vec::new();
    for (change, said) in changes.iter_mut().zip(&said) {
        let Some(said) = said else {
            continue;
        };
        if renames {
            change.name.clone_from(&said.name);
        }
        match (change.unit.as_deref().filter(|unit| !unit.trim().is_empty()), &said.unit) {
            (None, said) => change.unit.clone_from(said),
            (Some(own), Some(said)) if !same_unit(own, said) => {
                other_units.entry(format!("{said}, the recording {own}")).or_default().push(change.name.clone());
            }
            (Some(_), _) => {}
        }
        if said.is_bad() {
            bad.push(change.name.clone());
            change.is_wanted = config.include_bad;
        }
    }
    notes.extend(other_units.iter().map(|(units, names)| {
        format!("channels.tsv has the unit {units} ({}): that of the recording holds", listed(names))
    }));
    if !bad.is_empty() {
        let becomes = if config.include_bad { "kept (`include_bad: false` leaves them out)" } else { "left out" };
        notes.push(format!("channels that are called bad: {}, {becomes}", listed(&bad)));
    }
    (changes, said)
}

/// Leaves out channels of other types than are asked for.
fn of_types(
    mut changes: Vec<Change>,
    said: &[Option<&Said>],
    config: &Config,
    label: &str,
) -> Result<Vec<Change>, Vec<ConfigError>> {
    let Some(types) = &config.types else {
        return Ok(changes);
    };
    let kind = |said: &Option<&Said>| said.and_then(|said| said.kind.clone());
    for (change, said) in changes.iter_mut().zip(said) {
        let is_asked = kind(said).is_some_and(|kind| types.iter().any(|asked| asked.eq_ignore_ascii_case(&kind)));
        change.is_wanted &= is_asked;
    }
    if changes.iter().any(|change| change.is_wanted) {
        return Ok(changes);
    }
    let known: BTreeSet<String> = said.iter().filter_map(kind).collect();
    let known: Vec<String> = known.into_iter().collect();
    let there = if known.is_empty() {
        "no type is known of any".to_owned()
    } else {
        format!("there are: {}", known.join(", "))
    };
    let message = format!("`{label}` has no channel of the types {} ({there})", types.join(", "));
    Err(vec![ConfigError::at("types", message)])
}

/// Digest of what becomes of each channel.
fn mapping(changes: &[Change]) -> Digest {
    let mut builder = DigestBuilder::new("lapicque channels 1");
    for Change { label, name, unit, is_wanted } in changes {
        builder.text(label).text(name).text(unit.as_deref().unwrap_or_default()).number(u64::from(*is_wanted));
    }
    builder.finish()
}

/// Labels and digests of all samples, and which recording and part of it each is.
type Listed = (Vec<String>, Vec<Digest>, Vec<(usize, usize)>);

fn samples(items: &[Item], table: &RecordBatch, settings: &Settings) -> Result<Listed, Vec<ConfigError>> {
    let fail = |error: lapicque_schemas::content::UnsupportedType| vec![ConfigError::at(FIELD, error)];
    let (mut labels, mut digests, mut points) = (Vec::new(), Vec::new(), Vec::new());
    let mut known: HashSet<String> = HashSet::new();
    let mut problems = Vec::new();
    for (number, item) in items.iter().enumerate() {
        let row = content_digest(&table.schema(), &[table.slice(number, 1)]).map_err(fail)?;
        let channels = content_digest(&item.channels.schema(), std::slice::from_ref(&item.channels)).map_err(fail)?;
        for sample in 0..item.described.samples() {
            let label = item.described.label(&item.label, sample, settings);
            if !known.insert(label.clone()) {
                problems.push(ConfigError::at(FIELD, format!("two recordings are called `{label}`; leave one out")));
            }
            let mut builder = DigestBuilder::new("lapicque recording of a dataset 1");
            builder.digest(item.described.digest(sample, settings)).digest(row).digest(channels).digest(item.mapping);
            if let Some(events) = &item.events {
                builder.digest(events.digest);
            }
            labels.push(label);
            digests.push(builder.finish());
            points.push((number, sample));
        }
    }
    if problems.is_empty() { Ok((labels, digests, points)) } else { Err(problems) }
}
