//! One recording of the user: what is found out of its files when a pipeline is checked, and its values when it runs.

use std::io;

use lapicque_pipeline::config::nearest;
use lapicque_pipeline::{BindRequest, ConfigError, FileRef, SampleError, SampleOutput};
use lapicque_recording::{
    Annotation, ChannelOutline, CsvError, FORMATS, Format, FormatError, Outline, Parts, ReadSeek, Recording, Samples,
    Stretch, annotations_within,
};
use lapicque_schemas::tables::signals::Signal;
use lapicque_schemas::tables::{events, signals};
use lapicque_schemas::{Digest, DigestBuilder, content_digest};
use serde::{Deserialize, Serialize};

use super::cut::windows_of;
use super::reading::Reading;
use super::signals::{events_of, interval_ms, named, signals_of, unit_of};
use super::summary::{Shape, missing_values, summary};
use super::table::{self, Given};
use crate::import::files::{COLUMNAR, file_error, has_columns, read_columns};

/// Raised when other things are found out of a file.
const SURVEY: &str = "lapicque recording survey 2";
/// Further files of a recording; they may name each other in a circle.
const MOST_PARTS: usize = 1000;

/// The files of a recording, and how they are read.
pub(super) struct RecordingFile {
    pub(super) main: FileRef,
    /// Further files, by the names that the main one has for them.
    parts: Vec<(String, FileRef)>,
    /// `None`: a table.
    pub(super) format: Option<&'static dyn Format>,
}

/// What is known of a recording before its values are read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Survey {
    pub(super) notes: Vec<String>,
    /// Channels, rates, duration, units.
    pub(super) summary: String,
    /// Whether the summary says how many values are missing.
    pub(super) counts_missing: bool,
    pub(super) samples: Vec<Found>,
    /// Values of the largest sample.
    pub(super) most_values: u64,
    /// Units of the channels that are read, as the file has them.
    pub(super) units: Vec<String>,
}

/// A sample of a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Found {
    /// In a table; others are called as their file is.
    pub(super) label: Option<String>,
    /// Of a recording that is cut.
    pub(super) window: Option<u64>,
    /// Numbers of the rows of a table.
    pub(super) rows: Vec<u64>,
    /// Content digest of these rows.
    pub(super) content: Option<Digest>,
}

impl RecordingFile {
    /// Opens the file that the configuration names at `field`, and those that it names itself.
    pub(super) fn open(request: &BindRequest<'_>, field: &str, path: &str) -> Result<Self, ConfigError> {
        // `paths.0` is part of what is set as `paths`.
        let whole = field.split('.').next().unwrap_or(field);
        let main = request.open(whole, path).map_err(|error| ConfigError::at(field, error.message))?;
        let extension = main.extension();
        let format = FORMATS.iter().copied().find(|format| format.extension() == extension);
        if format.is_none() && !has_columns(&extension) {
            return Err(file_error(field, &main, format!("`.{extension}` is not read; {} are", extensions())));
        }
        Self { main, parts: Vec::new(), format }.with_parts(request, field, path)
    }

    /// Opens the files that the main one names, and those that they name, which lie beside it.
    fn with_parts(mut self, request: &BindRequest<'_>, field: &str, path: &str) -> Result<Self, ConfigError> {
        let Some(format) = self.format else {
            return Ok(self);
        };
        let whole = field.split('.').next().unwrap_or(field);
        loop {
            let mut names = format.parts(&mut &self).map_err(|error| file_error(field, &self.main, error))?;
            names.retain(|name| self.parts.iter().all(|(known, _)| known != name));
            if names.is_empty() {
                return Ok(self);
            }
            for name in names {
                if self.parts.len() >= MOST_PARTS {
                    let message = format!("it has more than {MOST_PARTS} further files");
                    return Err(file_error(field, &self.main, message));
                }
                // A file says what lies beside it, not what else is on this computer.
                if name.contains(['/', '\\']) {
                    let message = format!("it names `{name}`; allowed: the name of a file beside it, without folders");
                    return Err(file_error(field, &self.main, message));
                }
                let beside =
                    path.rsplit_once('/').map_or_else(|| name.clone(), |(folder, _)| format!("{folder}/{name}"));
                let part = request.open(whole, &beside).map_err(|error| {
                    let names = format!("`{}` names `{name}`: {}", self.main.name, error.message);
                    let why = "files of a recording keep the names that stand in it";
                    ConfigError::at(field, format!("{names} ({why})"))
                })?;
                self.parts.push((name, part));
            }
        }
    }

    /// Digest of the content of all its files.
    pub(super) fn content(&self) -> Digest {
        if self.parts.is_empty() {
            return self.main.digest;
        }
        let mut builder = DigestBuilder::new("lapicque recording files 1");
        builder.digest(self.main.digest);
        for (name, part) in &self.parts {
            builder.text(name).digest(part.digest);
        }
        builder.finish()
    }

    /// Whether what was read is what was hashed.
    fn still_is(&self) -> Result<(), SampleError> {
        self.unchanged().map_err(|error| SampleError::changed(format!("`{}`: {error}", self.main.name)))
    }

    pub(super) fn unchanged(&self) -> io::Result<()> {
        self.main.unchanged()?;
        self.parts.iter().try_for_each(|(_, part)| part.unchanged())
    }

    /// What is to be known of the recording. Where only the whole file tells, it is kept for the next time.
    pub(super) fn survey(
        &self,
        request: &BindRequest<'_>,
        field: &str,
        name: &str,
        reading: &Reading,
    ) -> Result<Survey, Vec<ConfigError>> {
        if self.format.is_some_and(|format| !format.outline_reads_all()) {
            return self.surveyed(field, name, reading);
        }
        let mut key = DigestBuilder::new(SURVEY);
        key.digest(self.content()).digest(reading.digest(self.format));
        let key = key.finish();
        if let Some(known) = request.files.noted(&self.main, key).and_then(|text| serde_json::from_str(&text).ok()) {
            return Ok(known);
        }
        let found = self.surveyed(field, name, reading)?;
        if let Ok(text) = serde_json::to_string(&found) {
            request.files.note(&self.main, key, text);
        }
        Ok(found)
    }

    fn surveyed(&self, field: &str, name: &str, reading: &Reading) -> Result<Survey, Vec<ConfigError>> {
        match self.format {
            Some(format) => self.surveyed_as(format, field, name, reading),
            None => self.surveyed_table(field, reading),
        }
    }

    /// As [`RecordingFile::survey`] without what is known from before, of a file that this format reads.
    pub(super) fn surveyed_as(
        &self,
        format: &dyn Format,
        field: &str,
        name: &str,
        reading: &Reading,
    ) -> Result<Survey, Vec<ConfigError>> {
        let fail = |message: String| vec![file_error(field, &self.main, message)];
        let outline = format.outline(&mut &*self, &reading.options());
        self.unchanged().map_err(|error| fail(error.to_string()))?;
        let outline = outline.map_err(|error| vec![self.complaint(error, field)])?;
        let mut stretches = None;
        if reading.windows.is_some() && outline.may_have_gaps {
            let found = format.stretches(&mut &*self, &reading.options());
            self.unchanged().map_err(|error| fail(error.to_string()))?;
            let at_window = |error| vec![ConfigError::at("window", format!("`{}`: {error}", self.main.name))];
            stretches = found.map_err(|error| vec![self.complaint(error, field)])?;
            if stretches.is_none() {
                return Err(at_window(FormatError::WindowOfGaps));
            }
        }
        if reading.windows.is_some() && outline.is_epoched {
            let error = FormatError::WindowOfEpochs;
            return Err(vec![ConfigError::at("window", format!("`{}`: {error}", self.main.name))]);
        }
        self.survey_of(outline, stretches.as_deref(), field, name, reading)
    }

    fn survey_of(
        &self,
        outline: Outline,
        stretches: Option<&[Stretch]>,
        field: &str,
        name: &str,
        reading: &Reading,
    ) -> Result<Survey, Vec<ConfigError>> {
        let Outline { channels, has_annotations, may_have_gaps: _, is_epoched, missing, mut notes } = outline;
        let (names, remarks) = named(&channels, is_epoched);
        notes.extend(remarks);
        let is_empty = channels.is_empty() && reading.channels.is_none();
        if is_empty && !has_annotations {
            let why: String = notes.iter().map(|note| format!("; {note}")).collect();
            return Err(vec![file_error(field, &self.main, format!("it has no channel{why}"))]);
        }
        let known = || names.iter().map(|name| name.channel.as_str());
        check_channels(name, known, reading, &notes)?;
        if is_empty {
            notes.push("it has annotations, and no channel: its `signals` are empty".to_owned());
        }
        let wanted: Vec<_> = channels.iter().zip(&names).filter(|(_, name)| reading.wants(&name.channel)).collect();
        let shape = |(channel, name): &(&ChannelOutline, &super::signals::Named)| Shape {
            channel: name.channel.clone(),
            epoch: name.epoch,
            dt_ms: interval_ms(channel.sampling_rate_hz),
            unit: unit_of(channel.unit.clone(), &reading.unit),
            values: channel.samples,
        };
        let mut shapes: Vec<Shape> = wanted.iter().map(shape).collect();
        notes.extend(reading.units.note(shapes.iter().map(|shape| (shape.channel.as_str(), shape.unit.as_str()))));
        let units = converted(&mut shapes, reading);
        let mut most_values = shapes.iter().map(|shape| shape.values).sum();
        let found = |window: Option<u64>| Found { label: None, window, rows: Vec::new(), content: None };
        let samples = match reading.windows {
            None => vec![found(None)],
            Some(windows) => {
                let all: Vec<&ChannelOutline> = channels.iter().collect();
                let (numbers, note) = windows_of(&self.main.name, &windows, &all, stretches)?;
                notes.push(note);
                most_values = wanted.iter().map(|(channel, _)| windows.samples(channel.sampling_rate_hz)).sum();
                numbers.into_iter().map(|number| found(Some(number))).collect()
            }
        };
        let summary = summary(&[shapes], missing);
        Ok(Survey { notes, summary, counts_missing: missing.is_some(), samples, most_values, units })
    }

    fn surveyed_table(&self, field: &str, reading: &Reading) -> Result<Survey, Vec<ConfigError>> {
        if reading.windows.is_some() {
            let message = format!("`{}` is a table of signals; `signal.epochs` cuts these", self.main.name);
            return Err(vec![ConfigError::at("window", message)]);
        }
        let fail = |message: String| vec![file_error(field, &self.main, message)];
        let chunks = read_columns(&self.main, field).map_err(|error| vec![error])?;
        let table::Samples { samples, notes } = table::read(&chunks, &given(reading), None).map_err(fail)?;
        let (mut found, mut shapes, mut problems) = (Vec::new(), Vec::new(), Vec::new());
        let (mut missing, mut most_values) = (0, 0);
        let (mut notes, mut units) = (notes, Vec::new());
        for (label, table::OfSample { rows, mut signals }) in samples {
            let known = || signals.iter().map(|signal| signal.channel.as_ref());
            if let Err(lacking) = check_channels(&label, known, reading, &notes) {
                problems.extend(lacking);
                continue;
            }
            signals.retain(|signal| reading.wants(&signal.channel));
            notes.extend(reading.units.note(signals.iter().map(|signal| (&*signal.channel, &*signal.unit))));
            units.extend(signals.iter().map(|signal| signal.unit.to_string()));
            select(&mut signals, reading);
            missing += signals.iter().map(|signal| count_missing(&signal.values)).sum::<u64>();
            let of_sample: Vec<Shape> = signals.iter().map(shape).collect();
            most_values = most_values.max(of_sample.iter().map(|shape| shape.values).sum());
            shapes.push(of_sample);
            let digest = signals::write_owned(signals)
                .map_err(|error| error.to_string())
                .and_then(|table| content_digest(&table.schema(), &[table]).map_err(|error| error.to_string()));
            let content = Some(digest.map_err(fail)?);
            found.push(Found { label: Some(label), window: None, rows, content });
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let summary = summary(&shapes, Some(missing));
        let mut seen = std::collections::HashSet::new();
        notes.retain(|note| seen.insert(note.clone()));
        units.sort();
        units.dedup();
        Ok(Survey { notes, summary, counts_missing: true, samples: found, most_values, units })
    }

    /// What is wrong with the file, at the field that can set it right.
    pub(super) fn complaint(&self, error: FormatError, field: &str) -> ConfigError {
        match error {
            FormatError::Csv(CsvError::NoChannel { wanted, names }) => {
                no_channel(&wanted, &self.main.name, names.iter().map(String::as_str), &[])
            }
            error @ FormatError::NoSamplingRate { .. } => ConfigError::at("sampling_rate", error),
            FormatError::OtherRate { stated_hz, found_hz, label } => {
                let message = format!(
                    "{stated_hz} Hz, but `{}` says {found_hz} Hz of channel `{label}`; leave `sampling_rate` out",
                    self.main.name
                );
                ConfigError::at("sampling_rate", message)
            }
            error => file_error(field, &self.main, error),
        }
    }

    /// The signals and events of a sample; what was told when the file was looked at is not told again.
    pub(super) fn sample(
        &self,
        format: &dyn Format,
        reading: &Reading,
        survey: &Survey,
        found: &Found,
        annotations: &dyn Fn() -> Result<(Vec<Annotation>, Option<String>), SampleError>,
    ) -> Result<SampleOutput, SampleError> {
        let window = found.window.and_then(|number| reading.windows.map(|windows| windows.number(number)));
        let read = format.read(&mut &*self, &reading.options(), window.as_ref());
        self.still_is()?;
        let Recording { channels, annotations: mut marks, mut notes, is_epoched, .. } =
            read.map_err(|error| self.failure(error))?;
        if window.is_some() {
            let (all, left_out) = annotations()?;
            marks = annotations_within(&channels, &all);
            notes.extend(left_out);
        }
        let (mut signals, remarks) = signals_of(channels, is_epoched, &reading.unit);
        notes.extend(remarks);
        let events = events_of(marks, &signals);
        signals.retain(|(signal, _)| reading.wants(&signal.channel));
        notes.retain(|note| !survey.notes.contains(note));
        if !survey.counts_missing {
            let missing = signals.iter().map(|(_, values)| count_missing(values)).sum();
            notes.extend((missing > 0).then(|| missing_values(missing)));
        }
        let stretches = signals.iter().map(|(signal, _)| signal.epoch).max().map_or(1, |epoch| epoch + 1);
        if stretches > 1 && !is_epoched {
            notes.push(format!("gaps part it into {stretches} stretches, which are its epochs"));
        }
        let notes = notes.into_iter().map(|note| format!("`{}`: {note}", self.main.name)).collect();
        let (mut signals, values): (Vec<_>, Vec<_>) = signals.into_iter().unzip();
        let lengths: Vec<usize> = values.iter().map(|values| values.len()).collect();
        let mut joined = Samples::joined(values);
        let mut rest = joined.as_mut_slice();
        for (signal, &length) in signals.iter_mut().zip(&lengths) {
            let (own, others) = rest.split_at_mut(length);
            rest = others;
            reading.units.convert(&signal.unit, own);
            let unit = reading.units.of(&signal.unit).to_owned();
            signal.unit = unit.into();
        }
        let signals = signals::write_joined(&signals, &lengths, joined).map_err(SampleError::internal)?;
        let events = events::write(&events).map_err(SampleError::internal)?;
        Ok(SampleOutput { tables: vec![signals, events], notes })
    }

    /// All annotations of the file.
    pub(super) fn annotations(&self, format: &dyn Format) -> Result<(Vec<Annotation>, Option<String>), SampleError> {
        let read = format.annotations(&mut &*self);
        self.still_is()?;
        read.map_err(|error| self.failure(error))
    }

    fn failure(&self, error: impl std::fmt::Display) -> SampleError {
        SampleError::input(format!("`{}`: {error}", self.main.name))
    }
}

impl Parts for &RecordingFile {
    fn open(&self, part: Option<&str>) -> io::Result<Box<dyn ReadSeek + '_>> {
        let file = match part {
            None => &self.main,
            Some(name) => {
                let known = self.parts.iter().find(|(known, _)| known == name).map(|(_, file)| file);
                known.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("`{name}` was not opened")))?
            }
        };
        Ok(Box::new(file.reader()?))
    }

    fn name(&self) -> Option<&str> {
        self.main.name.rsplit(['/', '\\']).next()
    }
}

/// What a table of signals may leave open.
pub(super) fn given(reading: &Reading) -> Given<'_> {
    Given { dt_ms: reading.rate_hz.map(interval_ms), unit: &reading.unit }
}

/// Keeps the channels that are asked for, in the units that are asked for.
pub(super) fn select(signals: &mut Vec<Signal<'static>>, reading: &Reading) {
    signals.retain(|signal| reading.wants(&signal.channel));
    if reading.units.is_empty() {
        return;
    }
    for signal in signals {
        reading.units.convert(&signal.unit, signal.values.to_mut());
        let unit = reading.units.of(&signal.unit).to_owned();
        signal.unit = unit.into();
    }
}

/// Puts the units that are asked for, and gives those that were there.
fn converted(shapes: &mut [Shape], reading: &Reading) -> Vec<String> {
    let mut units: Vec<String> = shapes.iter().map(|shape| shape.unit.clone()).collect();
    units.sort();
    units.dedup();
    for shape in shapes {
        let unit = reading.units.of(&shape.unit).to_owned();
        shape.unit = unit;
    }
    units
}

/// The extensions that are read, as a list in words.
pub(super) fn extensions() -> String {
    let known: Vec<String> = FORMATS.iter().map(|format| format!(".{}", format.extension())).collect();
    format!("{}, .{}, .{} and .{}", known.join(", "), COLUMNAR[0], COLUMNAR[1], COLUMNAR[2])
}

fn count_missing(values: &[f64]) -> u64 {
    values.iter().filter(|value| value.is_nan()).count() as u64
}

fn shape(signal: &Signal<'_>) -> Shape {
    Shape {
        channel: signal.channel.to_string(),
        epoch: signal.epoch,
        dt_ms: signal.dt_ms,
        unit: signal.unit.to_string(),
        values: signal.values.len() as u64,
    }
}

/// Refuses channels that are asked for and not there.
fn check_channels<'a, N: Iterator<Item = &'a str>>(
    of: &str,
    known: impl Fn() -> N,
    reading: &Reading,
    notes: &[String],
) -> Result<(), Vec<ConfigError>> {
    let lacking = reading.channels.iter().flatten().filter(|wanted| !known().any(|name| name == wanted.as_str()));
    let problems: Vec<ConfigError> = lacking.map(|wanted| no_channel(wanted, of, known(), notes)).collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// A channel that is asked for and not there; `notes` may say that it was left out.
fn no_channel<'a>(wanted: &str, of: &str, known: impl Iterator<Item = &'a str>, notes: &[String]) -> ConfigError {
    let why =
        notes.iter().find(|note| note.contains(&format!("`{wanted}`, is left out"))).map(|note| format!(": {note}"));
    let near = || nearest(wanted, known).map(|near| format!("; did you mean `{near}`?"));
    let end = why.or_else(near).unwrap_or_default();
    ConfigError::at("channels", format!("`{of}` has no channel `{wanted}`{end}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
