//! The formats that are read. A further one is a file that implements [`Format`] and a line in [`FORMATS`].

use std::io::{Seek, SeekFrom};

use crate::brainvision::BrainVision;
use crate::csv_table::{CsvOptions, read_csv};
use crate::delimited::Separator;
use crate::edf::EdfFile;
use crate::fif::Fif;
use crate::format::{Format, FormatError, Outline, Parts, ReadOptions, settled_rate};
use crate::npy::NpyFile;
use crate::npz::Npz;
use crate::windows::Window;
use crate::{Annotation, ChannelOutline, Recording, Stretch};
use crate::{mat, nwb, snirf};

/// All formats, in the order in which they are told.
pub static FORMATS: &[&dyn Format] = &[
    &Edf { name: "EDF", extension: "edf" },
    &Edf { name: "BDF", extension: "bdf" },
    &BrainVision,
    &Fif,
    &mat::Eeglab,
    &mat::Mat,
    &nwb::Nwb,
    &snirf::Snirf,
    &Delimited { name: "CSV", extension: "csv", separator: Separator::Comma },
    &Delimited { name: "TSV", extension: "tsv", separator: Separator::Tab },
    &Npy,
    &Npz,
];

/// EDF, EDF+, BDF: one file with a header.
struct Edf {
    name: &'static str,
    extension: &'static str,
}

impl Format for Edf {
    fn name(&self) -> &'static str {
        self.name
    }

    fn extension(&self) -> &'static str {
        self.extension
    }

    fn version(&self) -> u32 {
        1
    }

    fn outline(&self, parts: &mut dyn Parts, options: &ReadOptions<'_>) -> Result<Outline, FormatError> {
        let file = EdfFile::open(&mut parts.open(None)?)?;
        let channel = |channel: ChannelOutline| {
            let found_hz = channel.sampling_rate_hz;
            let rate = settled_rate(options.sampling_rate_hz, found_hz, file.rate_rounding(), &channel.label)?;
            Ok(ChannelOutline { sampling_rate_hz: rate, ..channel })
        };
        Ok(Outline {
            channels: file.channels().map(channel).collect::<Result<_, FormatError>>()?,
            has_annotations: file.has_annotations(),
            may_have_gaps: file.may_have_gaps(),
            is_epoched: false,
            // There is no mark for it: all digital values are numbers.
            missing: Some(0),
            notes: file.notes(),
        })
    }

    fn read(
        &self,
        parts: &mut dyn Parts,
        options: &ReadOptions<'_>,
        window: Option<&Window>,
    ) -> Result<Recording, FormatError> {
        let mut reader = parts.open(None)?;
        let file = EdfFile::open(&mut reader)?;
        let rate = |channel: &ChannelOutline| {
            let found_hz = channel.sampling_rate_hz;
            settled_rate(options.sampling_rate_hz, found_hz, file.rate_rounding(), &channel.label)
        };
        let channels: Vec<ChannelOutline> = file.channels().collect();
        let rates = channels.iter().map(rate).collect::<Result<Vec<f64>, FormatError>>()?;
        let mut recording = match window {
            None => file.read(&mut reader)?,
            Some(window) if file.may_have_gaps() => {
                let part = file.read_between_gaps(&mut reader, window, &rates)?;
                part.ok_or(FormatError::InGap { start_s: window.start_s() })?
            }
            Some(window) => {
                let spans: Vec<_> = rates.iter().map(|&rate_hz| window.samples(rate_hz)).collect();
                if channels.iter().zip(&spans).any(|(channel, span)| span.end > channel.samples) {
                    return Err(FormatError::PastEnd { start_s: window.start_s() });
                }
                file.read_part(&mut reader, &spans, &rates)?
            }
        };
        if let Some(stated_hz) = options.sampling_rate_hz {
            recording.channels.iter_mut().for_each(|channel| channel.sampling_rate_hz = stated_hz);
        }
        Ok(recording)
    }

    fn stretches(
        &self,
        parts: &mut dyn Parts,
        _options: &ReadOptions<'_>,
    ) -> Result<Option<Vec<Stretch>>, FormatError> {
        let mut reader = parts.open(None)?;
        let file = EdfFile::open(&mut reader)?;
        Ok(Some(file.stretches(&mut reader)?))
    }

    fn annotations(&self, parts: &mut dyn Parts) -> Result<(Vec<Annotation>, Option<String>), FormatError> {
        let mut reader = parts.open(None)?;
        Ok(EdfFile::open(&mut reader)?.annotations(&mut reader)?)
    }
}

/// CSV and TSV: what is in a column, only all of its rows say.
struct Delimited {
    name: &'static str,
    extension: &'static str,
    separator: Separator,
}

impl Format for Delimited {
    fn name(&self) -> &'static str {
        self.name
    }

    fn extension(&self) -> &'static str {
        self.extension
    }

    fn remark(&self) -> Option<&'static str> {
        Some("with a column of times")
    }

    fn version(&self) -> u32 {
        2
    }

    fn has_time_column(&self) -> bool {
        true
    }

    fn outline_reads_all(&self) -> bool {
        true
    }

    fn outline(&self, parts: &mut dyn Parts, options: &ReadOptions<'_>) -> Result<Outline, FormatError> {
        Ok(Outline::of(self.read(parts, options, None)?))
    }

    fn read(
        &self,
        parts: &mut dyn Parts,
        options: &ReadOptions<'_>,
        window: Option<&Window>,
    ) -> Result<Recording, FormatError> {
        let options = CsvOptions {
            separator: self.separator,
            time_column: options.time_column,
            time_unit: options.time_unit,
            sampling_rate_hz: options.sampling_rate_hz,
            channels: options.channels,
        };
        let recording = read_csv(&mut parts.open(None)?, &options)?;
        let Some(window) = window else {
            return Ok(recording);
        };
        let (start_s, has_gaps) = (window.start_s(), Stretch::of(&recording.channels).len() > 1);
        let missing = if has_gaps { FormatError::InGap { start_s } } else { FormatError::PastEnd { start_s } };
        window.of(recording).ok_or(missing)
    }

    fn stretches(&self, parts: &mut dyn Parts, options: &ReadOptions<'_>) -> Result<Option<Vec<Stretch>>, FormatError> {
        Ok(Some(Stretch::of(&self.read(parts, options, None)?.channels)))
    }
}

struct Npy;

impl Npy {
    fn rate(&self, options: &ReadOptions<'_>) -> Result<f64, FormatError> {
        options.sampling_rate_hz.ok_or(FormatError::NoSamplingRate { format: self.name() })
    }
}

impl Format for Npy {
    fn name(&self) -> &'static str {
        "NPY"
    }

    fn extension(&self) -> &'static str {
        "npy"
    }

    fn remark(&self) -> Option<&'static str> {
        Some("1-D, or channels x samples")
    }

    fn version(&self) -> u32 {
        1
    }

    fn outline(&self, parts: &mut dyn Parts, options: &ReadOptions<'_>) -> Result<Outline, FormatError> {
        let sampling_rate_hz = self.rate(options)?;
        let file = NpyFile::open(&mut parts.open(None)?, sampling_rate_hz)?;
        let channel = |channel: usize| ChannelOutline {
            label: channel.to_string(),
            unit: None,
            sampling_rate_hz,
            samples: file.samples() as u64,
            start_s: 0.0,
        };
        Ok(Outline {
            channels: (0..file.channels()).map(channel).collect(),
            missing: file.holds_integers().then_some(0),
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
        let mut reader = parts.open(None)?;
        reader.seek(SeekFrom::Start(0))?;
        let file = NpyFile::open(&mut reader, rate_hz)?;
        let all = file.samples() as u64;
        let span = window.map_or(0..all, |window| window.samples(rate_hz));
        match (usize::try_from(span.start), usize::try_from(span.end)) {
            (Ok(start), Ok(end)) if span.end <= all => Ok(file.read_part(&mut reader, start..end, rate_hz)?),
            _ => Err(FormatError::PastEnd { start_s: window.map_or(0.0, Window::start_s) }),
        }
    }
}

#[cfg(test)]
mod tests;
