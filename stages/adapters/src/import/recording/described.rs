//! A recording that more is known of than its file says: names and units of channels, and which of them are wanted.

use std::sync::OnceLock;

use lapicque_pipeline::{BindRequest, ConfigError, SampleError, SampleOutput};
use lapicque_recording::{
    Annotation, ChannelOutline, Format, FormatError, Outline, Parts, ReadOptions, Recording, Stretch, Window, Windows,
};
use lapicque_schemas::Digest;

use super::file::{RecordingFile, Survey, extensions};
use super::reading::{Reading, point};
use super::signals::{named, unit_of};
use super::stage::Annotations;
use super::{start, too_many};
use crate::import::files::file_error;

/// How recordings of a dataset are read.
pub(in crate::import) struct Settings(Reading);

impl Settings {
    /// Rates are those of the files.
    pub(in crate::import) fn new(unit: String, channels: Option<Vec<String>>, windows: Option<Windows>) -> Self {
        Self(Reading { unit, channels, windows, ..Reading::default() })
    }
}

/// A recording whose header is not read yet.
pub(in crate::import) struct Opened {
    file: RecordingFile,
    format: &'static dyn Format,
}

/// A recording of which it is known how its channels come out.
pub(in crate::import) struct Described {
    opened: Opened,
    channels: Vec<Change>,
    survey: Survey,
    annotations: OnceLock<Result<Annotations, SampleError>>,
}

/// What becomes of a channel of the file.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::import) struct Change {
    /// As the file has it.
    pub(in crate::import) label: String,
    pub(in crate::import) name: String,
    pub(in crate::import) unit: Option<String>,
    pub(in crate::import) is_wanted: bool,
}

impl Opened {
    /// Opens a recording of a format with a header of its own, and the files that it names.
    pub(in crate::import) fn open(request: &BindRequest<'_>, field: &str, path: &str) -> Result<Self, ConfigError> {
        let file = RecordingFile::open(request, field, path)?;
        match file.format {
            Some(format) => Ok(Self { file, format }),
            None => Err(file_error(field, &file.main, format!("it is a table; {} are read", extensions()))),
        }
    }

    /// Digest of the content of its files.
    pub(in crate::import) fn content(&self) -> Digest {
        self.file.content()
    }

    /// What the file itself says.
    pub(in crate::import) fn outline(&self, field: &str, settings: &Settings) -> Result<Outline, ConfigError> {
        let options = ReadOptions { channels: None, ..settings.0.options() };
        let outline = self.format.outline(&mut &self.file, &options);
        self.file.unchanged().map_err(|error| file_error(field, &self.file.main, error))?;
        outline.map_err(|error| self.file.complaint(error, field))
    }

    /// The recording with these changes, one for each channel of its outline.
    pub(in crate::import) fn described(
        self,
        field: &str,
        name: &str,
        channels: Vec<Change>,
        settings: &Settings,
    ) -> Result<Described, Vec<ConfigError>> {
        let changed = Changed { format: self.format, channels: &channels };
        let survey = self.file.surveyed_as(&changed, field, name, &settings.0)?;
        if let Some(message) = too_many(name, survey.most_values) {
            return Err(vec![ConfigError::at(field, message)]);
        }
        Ok(Described { opened: self, channels, survey, annotations: OnceLock::new() })
    }
}

/// The channels that come out: how they are called in tables of signals, which change is theirs, and their outlines.
pub(in crate::import) fn channels_of(
    outline: &Outline,
    changes: &[Change],
    settings: &Settings,
) -> Vec<(String, usize, ChannelOutline)> {
    let channels = changed_outline(outline.clone(), changes).channels;
    let places = changes.iter().enumerate().filter(|(_, change)| change.is_wanted).map(|(place, _)| place);
    let (names, _) = named(&channels, outline.is_epoched);
    let channels = names.into_iter().zip(places).zip(channels);
    let mut channels: Vec<_> = channels.map(|((name, place), channel)| (name.channel, place, channel)).collect();
    channels.iter_mut().for_each(|(_, _, channel)| channel.unit = Some(unit_of(channel.unit.take(), &settings.0.unit)));
    channels.retain(|(name, _, _)| settings.0.wants(name));
    channels
}

impl Described {
    /// Notes on the recording, and a summary behind them.
    pub(in crate::import) fn told(&self) -> impl Iterator<Item = &String> {
        self.survey.notes.iter().chain([&self.survey.summary])
    }

    /// Values of its largest sample.
    pub(in crate::import) fn most_values(&self) -> u64 {
        self.survey.most_values
    }

    /// How many samples it is cut into.
    pub(in crate::import) fn samples(&self) -> usize {
        self.survey.samples.len()
    }

    /// What a sample is called.
    pub(in crate::import) fn label(&self, name: &str, sample: usize, settings: &Settings) -> String {
        let window = self.survey.samples.get(sample).and_then(|found| found.window).zip(settings.0.windows);
        window.map_or_else(|| name.to_owned(), |(number, windows)| format!("{name}@{}", start(&windows.number(number))))
    }

    /// What a sample depends on that the file says, and how it is read.
    pub(in crate::import) fn digest(&self, sample: usize, settings: &Settings) -> Digest {
        let window = self.survey.samples.get(sample).and_then(|found| found.window);
        point(self.opened.content(), settings.0.digest(Some(self.opened.format)), window)
    }

    /// The window that a sample is.
    pub(in crate::import) fn window(&self, sample: usize, settings: &Settings) -> Option<Window> {
        let number = self.survey.samples.get(sample)?.window?;
        settings.0.windows.map(|windows| windows.number(number))
    }

    /// The signals and events of a sample.
    pub(in crate::import) fn sample(&self, sample: usize, settings: &Settings) -> Result<SampleOutput, SampleError> {
        let found = self.survey.samples.get(sample);
        let found = found.ok_or_else(|| SampleError::internal(format!("there is no sample {sample}")))?;
        let Opened { file, format } = &self.opened;
        let annotations = || self.annotations.get_or_init(|| file.annotations(*format)).clone();
        file.sample(
            &Changed { format: *format, channels: &self.channels },
            &settings.0,
            &self.survey,
            found,
            &annotations,
        )
    }
}

fn changed_outline(outline: Outline, changes: &[Change]) -> Outline {
    let channels = outline.channels.into_iter().zip(changes).filter(|(_, change)| change.is_wanted);
    let channels = channels.map(|(channel, change)| ChannelOutline {
        label: change.name.clone(),
        unit: change.unit.clone(),
        ..channel
    });
    Outline { channels: channels.collect(), ..outline }
}

/// A format whose channels are called otherwise.
struct Changed<'a> {
    format: &'static dyn Format,
    channels: &'a [Change],
}

impl Format for Changed<'_> {
    fn name(&self) -> &'static str {
        self.format.name()
    }

    fn extension(&self) -> &'static str {
        self.format.extension()
    }

    fn version(&self) -> u32 {
        self.format.version()
    }

    fn outline(&self, parts: &mut dyn Parts, options: &ReadOptions<'_>) -> Result<Outline, FormatError> {
        let options = ReadOptions { channels: None, ..*options };
        Ok(changed_outline(self.format.outline(parts, &options)?, self.channels))
    }

    fn read(
        &self,
        parts: &mut dyn Parts,
        options: &ReadOptions<'_>,
        window: Option<&Window>,
    ) -> Result<Recording, FormatError> {
        // Channels that are asked for have the names that they get here.
        let options = ReadOptions { channels: None, ..*options };
        let mut recording = self.format.read(parts, &options, window)?;
        let is_in_order = recording.channels.len() == self.channels.len()
            && recording.channels.iter().zip(self.channels).all(|(channel, change)| channel.label == change.label);
        let mut kept = Vec::with_capacity(recording.channels.len());
        for (place, mut channel) in recording.channels.into_iter().enumerate() {
            // Stretches between gaps are several channels of one label.
            let change = match is_in_order {
                true => self.channels.get(place),
                false => self.channels.iter().find(|change| change.label == channel.label),
            };
            let Some(change) = change else {
                kept.push(channel);
                continue;
            };
            if change.is_wanted {
                channel.label.clone_from(&change.name);
                channel.unit.clone_from(&change.unit);
                kept.push(channel);
            }
        }
        recording.channels = kept;
        Ok(recording)
    }

    fn stretches(&self, parts: &mut dyn Parts, options: &ReadOptions<'_>) -> Result<Option<Vec<Stretch>>, FormatError> {
        self.format.stretches(parts, options)
    }

    fn annotations(&self, parts: &mut dyn Parts) -> Result<(Vec<Annotation>, Option<String>), FormatError> {
        self.format.annotations(parts)
    }
}
