//! Where in a file the values of a recording lie, and how they come out.

use std::io::{Read, SeekFrom};

use super::{MatValue, Want, Wanted, find, read_wanted};
use crate::format::{FormatError, Outline, Parts, ReadOptions, settled_rate};
use crate::read_seek::ReadSeek;
use crate::windows::Window;
use crate::{Annotation, Channel, ChannelOutline, Recording, Samples};

/// Larger arrays than this are only read where they are signals.
pub(super) const SMALL: usize = 1 << 16;

/// What a recording in a MAT file, or in EEGLAB's two files, is made of.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    pub(super) labels: Vec<String>,
    pub(super) unit: Option<&'static str>,
    pub(super) rate_hz: f64,
    /// In the order of time.
    pub(super) blocks: Vec<Block>,
    /// Whether the times of epochs are those around an event, each of its own.
    pub(super) is_epoched: bool,
    /// Whether no value can be missing.
    pub(super) is_whole: bool,
    pub(super) annotations: Vec<Annotation>,
    pub(super) notes: Vec<String>,
}

/// An array of values.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Block {
    pub(super) place: Place,
    /// Whether its first dimension is channels; samples otherwise. The third is epochs.
    pub(super) has_channels_first: bool,
    /// Of each channel and epoch.
    pub(super) samples: usize,
    pub(super) epochs: usize,
    pub(super) start_s: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Place {
    Variable(String),
    /// Floats of 32 bits, little-endian, of all channels of one sample after the other.
    Part(String),
}

/// Why what is in a MAT file is no recording.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum LayoutError {
    #[error("it has no `{path}`; it has {}", listed(known))]
    NoVariable { path: String, known: Vec<String> },
    #[error("`{path}` is {found}; allowed: {allowed}")]
    Kind { path: String, found: String, allowed: &'static str },
    #[error(
        "it has several arrays: {}; say which is read, e.g. `variable: {}`",
        listed(candidates),
        first_word(candidates)
    )]
    Several { candidates: Vec<String> },
    #[error("it has no array of numbers and no recording of EEGLAB or FieldTrip; it has {}", listed(known))]
    Nothing { known: Vec<String> },
    #[error(
        "`{path}` is {dims}, and nothing tells which side is time; say `orientation: channels_first` or `orientation: samples_first`"
    )]
    Orientation { path: String, dims: String },
    #[error("`{option}` is for plain arrays; `{path}` is a recording of {layout}, which says so itself")]
    NotForLayout { option: &'static str, path: String, layout: &'static str },
    #[error("`{path}` has {found} names, but `{array}` is {dims}")]
    Names { path: String, found: usize, array: String, dims: String },
    #[error("`{path}` is {dims}; {needed} are due: {why}")]
    Dimensions { path: String, dims: String, needed: String, why: &'static str },
    #[error("`{path}`: its times do not go on in equal steps")]
    Uneven { path: String },
    #[error("`{path}`: its times say {found_hz} Hz, but `fsample` says {rate_hz} Hz")]
    OtherTimes { path: String, rate_hz: f64, found_hz: f64 },
    #[error(
        "`{name}` has {found} bytes; {needed} are due: 4 for each value of {channels} channels, {samples} samples and {epochs} epochs"
    )]
    PartLength { name: String, found: u64, needed: u128, channels: usize, samples: usize, epochs: usize },
}

fn listed(items: &[String]) -> String {
    const FEW: usize = 12;
    match items.len() {
        0 => "nothing".to_owned(),
        many if many > FEW => format!("{} and {} more", items[..FEW].join(", "), many - FEW),
        _ => items.join(", "),
    }
}

/// Of the first of several descriptions, the path.
fn first_word(items: &[String]) -> &str {
    items.first().and_then(|item| item.split(' ').next()).unwrap_or_default()
}

/// What the variables of a file are called, and what they are.
pub(super) fn told(variables: &[(String, MatValue)]) -> Vec<String> {
    variables.iter().map(|(name, value)| format!("{name} ({})", value.told())).collect()
}

/// The value at a path.
pub(super) fn at<'a>(variables: &'a [(String, MatValue)], path: &str) -> Result<&'a MatValue, LayoutError> {
    find(variables, path).ok_or_else(|| LayoutError::NoVariable { path: path.to_owned(), known: told(variables) })
}

/// A rate in Hz at a path.
pub(super) fn rate_at(variables: &[(String, MatValue)], path: &str) -> Result<f64, LayoutError> {
    let value = at(variables, path)?;
    let rate = value.number().filter(|rate| rate.is_finite() && *rate > 0.0);
    rate.ok_or_else(|| LayoutError::Kind {
        path: path.to_owned(),
        found: value.number().map_or_else(|| value.told(), |rate| rate.to_string()),
        allowed: "one finite number above 0, in Hz",
    })
}

impl Plan {
    pub(super) fn outline(&self, parts: &mut dyn Parts, options: &ReadOptions<'_>) -> Result<Outline, FormatError> {
        let rate_hz = self.settled_rate(options)?;
        for block in &self.blocks {
            if let Place::Part(name) = &block.place {
                self.check_length(&mut *parts.open(Some(name))?, name, block)?;
            }
        }
        let mut channels = Vec::new();
        for block in &self.blocks {
            for _ in 0..block.epochs {
                channels.extend(self.labels.iter().map(|label| ChannelOutline {
                    label: label.clone(),
                    unit: self.unit.map(str::to_owned),
                    sampling_rate_hz: rate_hz,
                    samples: block.samples as u64,
                    start_s: block.start_s,
                }));
            }
        }
        Ok(Outline {
            channels,
            has_annotations: !self.annotations.is_empty(),
            is_epoched: self.is_epoched,
            missing: self.is_whole.then_some(0),
            notes: self.notes.clone(),
            ..Outline::default()
        })
    }

    fn settled_rate(&self, options: &ReadOptions<'_>) -> Result<f64, FormatError> {
        let label = self.labels.first().map_or("", String::as_str);
        settled_rate(options.sampling_rate_hz, self.rate_hz, 0.0, label)
    }

    pub(super) fn read(
        self,
        parts: &mut dyn Parts,
        options: &ReadOptions<'_>,
        window: Option<&Window>,
    ) -> Result<Recording, FormatError> {
        let rate_hz = self.settled_rate(options)?;
        let span = match window {
            None => None,
            Some(_) if self.is_epoched => return Err(FormatError::WindowOfEpochs),
            Some(window) => {
                let span = window.samples(rate_hz);
                let span =
                    usize::try_from(span.start).unwrap_or(usize::MAX)..usize::try_from(span.end).unwrap_or(usize::MAX);
                if self.blocks.iter().any(|block| span.end > block.samples) {
                    return Err(FormatError::PastEnd { start_s: window.start_s() });
                }
                Some(span)
            }
        };
        let of_blocks = self.values(parts, span.as_ref())?;
        let mut channels = Vec::new();
        for (block, values) in self.blocks.iter().zip(of_blocks) {
            let (first, samples) = span.as_ref().map_or((0, block.samples), |span| (span.start, span.len()));
            // What was read is either the span alone, or all of it.
            let (offset, held) = if values.is_span { (0, samples) } else { (first, block.samples) };
            let count = self.labels.len();
            let mut buffer = Vec::with_capacity(count * samples * block.epochs);
            for epoch in 0..block.epochs {
                let of_epoch = &values.values[epoch * count * held..][..count * held];
                for channel in 0..count {
                    let (start, step) = match block.has_channels_first {
                        true => (offset * count + channel, count),
                        false => (channel * held + offset, 1),
                    };
                    buffer.extend(of_epoch.iter().skip(start).step_by(step).take(samples));
                }
            }
            drop(values);
            let lengths = std::iter::repeat_n(samples, count * block.epochs);
            let start_s = block.start_s + first as f64 / rate_hz;
            let labels = self.labels.iter().cycle();
            channels.extend(labels.zip(Samples::parts(buffer, lengths)).map(|(label, samples)| Channel {
                label: label.clone(),
                unit: self.unit.map(str::to_owned),
                sampling_rate_hz: rate_hz,
                rate_rounding: 0.0,
                samples,
                start_s,
            }));
        }
        let annotations = if window.is_some() { Vec::new() } else { self.annotations };
        Ok(Recording { channels, annotations, is_epoched: self.is_epoched, notes: self.notes, ..Recording::default() })
    }

    /// The values of all blocks, in the order of the file: of a span of samples, where these lie behind each other, or all.
    fn values(&self, parts: &mut dyn Parts, span: Option<&std::ops::Range<usize>>) -> Result<Vec<Values>, FormatError> {
        let narrow = |block: &Block| span.filter(|_| block.has_channels_first && block.epochs == 1);
        let place = |path: &str| {
            self.blocks.iter().find(|block| matches!(&block.place, Place::Variable(variable) if variable == path))
        };
        let wanted = |path: &str, _: &[usize]| match place(path) {
            None => Want::Shape,
            Some(block) => narrow(block).map_or(Want::All, |span| Want::Last(span.clone())),
        };
        // What is on the way to the values, or within what leads to them.
        let is_read = |path: &str, _: Option<usize>| {
            self.blocks
                .iter()
                .any(|block| matches!(&block.place, Place::Variable(variable) if variable.starts_with(path)))
        };
        let variables = match self.blocks.iter().any(|block| matches!(block.place, Place::Variable(_))) {
            true => read_wanted(&mut *parts.open(None)?, Wanted { of_array: &wanted, is_read: &is_read })?,
            false => Vec::new(),
        };
        let mut all = Vec::new();
        for block in &self.blocks {
            let is_span = narrow(block).is_some();
            let values = match &block.place {
                Place::Part(name) => self.of_part(parts, name, block, narrow(block))?,
                Place::Variable(path) => match at(&variables, path)? {
                    MatValue::Numbers(numbers) => numbers.real.clone().unwrap_or_default(),
                    _ => Vec::new(),
                },
            };
            let samples = narrow(block).map_or(block.samples, |span| span.len());
            if values.len() != samples * block.epochs * self.labels.len() {
                return Err(FormatError::Io(std::io::Error::other("the file has changed while it was read")));
            }
            all.push(Values { values, is_span });
        }
        Ok(all)
    }

    fn check_length(&self, reader: &mut dyn ReadSeek, name: &str, block: &Block) -> Result<(), FormatError> {
        let (channels, samples, epochs) = (self.labels.len(), block.samples, block.epochs);
        let found = reader.seek(SeekFrom::End(0))?;
        let needed =
            [samples, epochs, 4].iter().fold(channels as u128, |all, &count| all.saturating_mul(count as u128));
        if needed == u128::from(found) {
            return Ok(());
        }
        Err(LayoutError::PartLength { name: name.to_owned(), found, needed, channels, samples, epochs }.into())
    }

    fn of_part(
        &self,
        parts: &mut dyn Parts,
        name: &str,
        block: &Block,
        span: Option<&std::ops::Range<usize>>,
    ) -> Result<Vec<f64>, FormatError> {
        const AT_ONCE: usize = 1 << 16;
        let (channels, samples, epochs) = (self.labels.len(), block.samples, block.epochs);
        let mut reader = parts.open(Some(name))?;
        self.check_length(&mut *reader, name, block)?;
        let all = 0..samples * epochs;
        let span = span.unwrap_or(&all);
        let of_sample = channels * 4;
        reader.seek(SeekFrom::Start((span.start * of_sample) as u64))?;
        let mut left = span.len() * of_sample;
        let mut values = Vec::with_capacity(span.len() * channels);
        let mut buffer = vec![0; AT_ONCE.min(left)];
        while left > 0 {
            let bytes = AT_ONCE.min(left);
            reader.read_exact(&mut buffer[..bytes])?;
            let (floats, _) = buffer[..bytes].as_chunks::<4>();
            values.extend(floats.iter().map(|&bytes| f64::from(f32::from_le_bytes(bytes))));
            left -= bytes;
        }
        Ok(values)
    }
}

struct Values {
    values: Vec<f64>,
    is_span: bool,
}
