//! BrainVision: a header (`.vhdr`), a data file (`.eeg`, `.dat`) and a file of markers (`.vmrk`), as Brain Products' "BrainVision Core Data Format 1.0"
//! describes them (versions 1 and 2 of the files).
//!
//! Header and markers are text in sections of `key=value`, in UTF-8 or Latin-1. The header names the other two, which lie beside it; `$b` in a name stands
//! for the name of the header without its extension. It says how many channels there are, how far apart samples are (in microseconds), and of each channel
//! name, reference, resolution and unit (by default 1 and microvolts): physical = stored x resolution. Data are binary: `INT_16`, `UINT_16`, `INT_32` or
//! `IEEE_FLOAT_32`, sample after sample (`MULTIPLEXED`) or channel after channel (`VECTORIZED`). A marker has a type, a description, a position in samples
//! from 1, a size in samples and a channel (0: all of them).
//!
//! Markers become annotations of the sort that their type says, all of them, also those behind the end of the data. `New Segment` says that recording went
//! on after a pause of unknown length; samples before and after it are joined, and [`Recording::notes`] says so.

mod format;
mod header;
mod markers;
mod text;

use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

pub(crate) use format::BrainVision;

use crate::stored::Stored;
use crate::{Channel, ChannelOutline, Recording, Samples};
use header::{Header, Orientation};

/// What can be wrong with a BrainVision recording.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, thiserror::Error)]
pub enum BrainVisionError {
    #[error("cannot read the file: {0}")]
    Io(#[from] std::io::Error),
    #[error(
        "not a BrainVision {what}: its first line is `{found}`; due is `Brain Vision Data Exchange {due} File Version 1.0` or 2.0"
    )]
    NotBrainVision { what: &'static str, due: &'static str, found: String },
    #[error("the {what} has {found} bytes; at most {most} are read")]
    TooLong { what: &'static str, found: u64, most: u64 },
    #[error("the header has no `{key}` in [{section}]; allowed: {allowed}")]
    Missing { key: String, section: &'static str, allowed: &'static str },
    #[error("line {line} of the header: `{key}={found}`; allowed: {allowed}")]
    Field { line: u64, key: String, found: String, allowed: String },
    #[error(
        "the data file has {found} bytes, which is not a whole number of samples of {channels} channels of {bytes_per_value} bytes; data that are VECTORIZED cannot be read then"
    )]
    Length { found: u64, channels: usize, bytes_per_value: usize },
    #[error(
        "the header announces {announced} data points, but the data file has {found}; where they are VECTORIZED, it cannot be told which channel is which then"
    )]
    Points { announced: u64, found: u64 },
    #[error(
        "the data file has {found} bytes, which is not one sample of {channels} channels of {bytes_per_value} bytes"
    )]
    NoSamples { found: u64, channels: usize, bytes_per_value: usize },
}

/// Header and length of the data, before values are read.
struct BrainVisionFile {
    header: Header,
    /// Samples of each channel.
    points: u64,
    notes: Vec<String>,
}

impl BrainVisionFile {
    fn new(header: Header, data_bytes: u64) -> Result<Self, BrainVisionError> {
        let bytes_per_value = header.stored.bytes();
        let channels = header.channels.len();
        // Channels have a line each in the header, so nothing overflows.
        let frame_bytes = (channels * bytes_per_value) as u64;
        let (found, rest) = (data_bytes / frame_bytes, data_bytes % frame_bytes);
        let mut notes = header.notes.clone();
        let is_vectorized = header.orientation == Orientation::Vectorized;
        if rest > 0 && is_vectorized {
            return Err(BrainVisionError::Length { found: data_bytes, channels, bytes_per_value });
        }
        if found == 0 {
            return Err(BrainVisionError::NoSamples { found: data_bytes, channels, bytes_per_value });
        }
        if rest > 0 {
            notes.push(format!("the data file ends within a sample: {rest} bytes at its end are not read"));
        }
        let points = match header.points {
            Some(announced) if announced != found && is_vectorized => {
                return Err(BrainVisionError::Points { announced, found });
            }
            Some(announced) if announced > found => {
                notes.push(format!(
                    "the header announces {announced} data points, but the data file ends after {found}: these are read"
                ));
                found
            }
            Some(announced) if announced < found => {
                notes.push(format!(
                    "the header announces {announced} data points; {} more in the data file are not read",
                    found - announced
                ));
                announced
            }
            _ => found,
        };
        if points == 0 {
            return Err(BrainVisionError::NoSamples { found: data_bytes, channels, bytes_per_value });
        }
        Ok(Self { header, points, notes })
    }

    fn channels(&self, sampling_rate_hz: f64) -> Vec<ChannelOutline> {
        let outline = |channel: &header::HeaderChannel| ChannelOutline {
            label: channel.label.clone(),
            unit: Some(channel.unit.clone()),
            sampling_rate_hz,
            samples: self.points,
            start_s: 0.0,
        };
        self.header.channels.iter().map(outline).collect()
    }

    /// These samples of each channel; they must lie within the file.
    fn read<R: Read + Seek + ?Sized>(
        &self,
        data: &mut R,
        span: Range<u64>,
        sampling_rate_hz: f64,
    ) -> Result<Recording, BrainVisionError> {
        let Header { channels, stored, orientation, .. } = &self.header;
        let length = usize::try_from(span.end - span.start).unwrap_or(usize::MAX);
        let mut values = vec![0.0; channels.len() * length];
        let scales: Vec<f64> = channels.iter().map(|channel| channel.resolution).collect();
        match orientation {
            Orientation::Multiplexed => {
                stored.read_interleaved(data, 0, span.clone(), &scales, &mut values, (0, length))?;
            }
            Orientation::Vectorized => {
                for (channel, values) in values.chunks_exact_mut(length.max(1)).enumerate() {
                    let first = channel as u64 * self.points * Stored::bytes(*stored) as u64;
                    stored.read_run(data, first, span.clone(), scales[channel], values)?;
                }
            }
        }
        let channel = |(channel, samples): (&header::HeaderChannel, Samples)| Channel {
            label: channel.label.clone(),
            unit: Some(channel.unit.clone()),
            sampling_rate_hz,
            rate_rounding: self.header.rate_rounding,
            samples,
            start_s: span.start as f64 / sampling_rate_hz,
        };
        let lengths = std::iter::repeat_n(length, channels.len());
        let channels = channels.iter().zip(Samples::parts(values, lengths)).map(channel).collect();
        Ok(Recording { channels, notes: self.notes.clone(), ..Recording::default() })
    }
}

fn length<R: Seek + ?Sized>(reader: &mut R) -> std::io::Result<u64> {
    let length = reader.seek(SeekFrom::End(0))?;
    reader.seek(SeekFrom::Start(0))?;
    Ok(length)
}

#[cfg(test)]
mod tests;
