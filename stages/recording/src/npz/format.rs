//! NPZ as a format: one array of it.

use super::NpzError;
use super::archive::{Entry, entries};
use super::entry::EntryReader;
use crate::format::ReadSeek;
use crate::npy::NpyFile;
use crate::{ChannelOutline, Format, FormatError, Outline, Parts, ReadOptions, Recording, Window};

/// NPZ: an array in an archive.
pub(crate) struct Npz;

/// The array that is the recording, and what is to be told.
struct Opened<'a> {
    name: String,
    reader: EntryReader<Box<dyn ReadSeek + 'a>>,
    file: NpyFile,
    notes: Vec<String>,
}

const EXTENSION: &str = ".npy";

impl Npz {
    fn rate(&self, options: &ReadOptions<'_>) -> Result<f64, FormatError> {
        options.sampling_rate_hz.ok_or(FormatError::NoSamplingRate { format: self.name() })
    }

    fn open<'a>(parts: &'a dyn Parts, rate_hz: f64, variable: Option<&str>) -> Result<Opened<'a>, NpzError> {
        let mut reader = parts.open(None)?;
        let entries = entries(&mut reader)?;
        let (entry, notes) = chosen(&entries, variable)?;
        let name = entry.name.trim_end_matches(EXTENSION).to_owned();
        let mut reader = EntryReader::new(reader, entry)?;
        let file =
            NpyFile::open(&mut reader, rate_hz).map_err(|error| NpzError::Array { name: name.clone(), error })?;
        Ok(Opened { name, reader, file, notes })
    }
}

fn chosen<'a>(entries: &'a [Entry], variable: Option<&str>) -> Result<(&'a Entry, Vec<String>), NpzError> {
    const MOST_SHOWN: usize = 12;
    let arrays: Vec<&Entry> = entries.iter().filter(|entry| entry.name.ends_with(EXTENSION)).collect();
    let listed = |names: Vec<&str>| {
        let more = if names.len() > MOST_SHOWN { ", ..." } else { "" };
        let shown = |name: &&str| name.trim_end_matches(EXTENSION).chars().take(80).collect::<String>();
        names.iter().take(MOST_SHOWN).map(shown).collect::<Vec<String>>().join(", ") + more
    };
    let names = || listed(arrays.iter().map(|entry| entry.name.as_str()).collect());
    let is_called = |entry: &&&Entry, wanted: &str| entry.name.strip_suffix(EXTENSION) == Some(wanted);
    match (variable, arrays.as_slice()) {
        (_, []) if entries.is_empty() => Err(NpzError::NoArray { found: "nothing".to_owned() }),
        (_, []) => Err(NpzError::NoArray { found: listed(entries.iter().map(|entry| entry.name.as_str()).collect()) }),
        (Some(wanted), _) => match arrays.iter().find(|entry| is_called(entry, wanted)) {
            Some(entry) => Ok((entry, Vec::new())),
            None => Err(NpzError::NoSuchArray { wanted: wanted.to_owned(), names: names() }),
        },
        (None, [one]) => Ok((one, Vec::new())),
        (None, several) => Err(NpzError::SeveralArrays { count: several.len(), names: names() }),
    }
}

impl Format for Npz {
    fn name(&self) -> &'static str {
        "NPZ"
    }

    fn extension(&self) -> &'static str {
        "npz"
    }

    fn remark(&self) -> Option<&'static str> {
        Some("an array as of .npy")
    }

    fn version(&self) -> u32 {
        1
    }

    fn has_variables(&self) -> bool {
        true
    }

    fn outline(&self, parts: &mut dyn Parts, options: &ReadOptions<'_>) -> Result<Outline, FormatError> {
        let sampling_rate_hz = self.rate(options)?;
        let opened = Self::open(parts, sampling_rate_hz, options.variable)?;
        let channel = |channel: usize| ChannelOutline {
            label: channel.to_string(),
            unit: None,
            sampling_rate_hz,
            samples: opened.file.samples() as u64,
            start_s: 0.0,
        };
        Ok(Outline {
            channels: (0..opened.file.channels()).map(channel).collect(),
            missing: opened.file.holds_integers().then_some(0),
            notes: opened.notes,
            ..Outline::default()
        })
    }

    fn read(
        &self,
        parts: &mut dyn Parts,
        options: &ReadOptions<'_>,
        window: Option<&Window>,
    ) -> Result<Recording, FormatError> {
        let rate_hz = self.rate(options)?;
        let Opened { name, mut reader, file, notes } = Self::open(parts, rate_hz, options.variable)?;
        let all = file.samples() as u64;
        let span = window.map_or(0..all, |window| window.samples(rate_hz));
        let (Ok(start), Ok(end), true) = (usize::try_from(span.start), usize::try_from(span.end), span.end <= all)
        else {
            return Err(FormatError::PastEnd { start_s: window.map_or(0.0, Window::start_s) });
        };
        let read = file.read_part(&mut reader, start..end, rate_hz);
        let recording = read.map_err(|error| NpzError::Array { name, error })?;
        Ok(Recording { notes, ..recording })
    }
}
