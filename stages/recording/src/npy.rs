//! NumPy's NPY format, versions 1, 2 and 3 (NEP 1; numpy.lib.format).
//!
//! `\x93NUMPY`, two version bytes, the length of the header, a Python dictionary literal with `descr` (element type), `fortran_order` and `shape`, then the
//! elements. Read here: numbers of type f4, f8, i1, i2, i4, i8, u1, u2, u4, u8, little- or big-endian, in C or Fortran order; one channel (1-D) or
//! channels x samples (2-D). Integers beyond 2^53 are rounded to the nearest f64.
//!
//! An own reader instead of a crate: the shape must be compared with the length of the file before memory is reserved for it.

mod header;

use std::io::{BufReader, Read, Seek, SeekFrom};
use std::ops::Range;

use crate::{Channel, Recording, Samples};
use header::{ElementType, Header};

/// The error of [`read_npy`].
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, thiserror::Error)]
pub enum NpyError {
    #[error("cannot read the NPY file: {0}")]
    Io(#[from] std::io::Error),
    #[error("not an NPY file: it does not start with byte 147 and `NUMPY`")]
    NotNpy,
    #[error("NPY version {major}.{minor}; allowed: 1.0, 2.0, 3.0")]
    Version { major: u8, minor: u8 },
    #[error("the file ends after {found} bytes, within its header of {needed} bytes")]
    HeaderTruncated { found: u64, needed: u64 },
    #[error("NPY header, character {position}: {problem} in `{header}`")]
    Header { position: usize, problem: String, header: String },
    #[error("element type `{found}`; allowed: f4, f8, i1, i2, i4, i8, u1, u2, u4, u8 with <, > or | in front")]
    ElementType { found: String },
    #[error(
        "shape {shape}; allowed: (samples,) or (channels, samples), at least one of each and at most {MOST_CHANNELS} channels (is the array transposed?)"
    )]
    Shape { shape: String },
    #[error("shape {shape} of {element_bytes}-byte elements needs {needed} bytes, but {found} follow the header")]
    Length { shape: String, element_bytes: usize, needed: u128, found: u64 },
    #[error("`sampling_rate` is {value} Hz; allowed: a finite number above 0")]
    SamplingRate { value: f64 },
}

/// A bound on what a channel costs beyond its samples; no probe comes near it.
const MOST_CHANNELS: u64 = 65_536;

/// Reads an NPY file as channels labelled `0`, `1`, ... without a unit, sampled at `sampling_rate_hz`, which the format does not hold.
///
/// # Errors
/// A header that is not of the format, an element type or shape other than those above, a length that does not fit the shape, a sampling rate that is not
/// above 0, and failures of the reader.
pub fn read_npy<R: Read + Seek>(reader: &mut R, sampling_rate_hz: f64) -> Result<Recording, NpyError> {
    let file = NpyFile::open(reader, sampling_rate_hz)?;
    let all = 0..file.samples;
    file.read_part(reader, all, sampling_rate_hz)
}

/// A file of which the header has been read.
pub(crate) struct NpyFile {
    header: Header,
    channels: usize,
    samples: usize,
}

impl NpyFile {
    pub(crate) fn open<R: Read + Seek>(reader: &mut R, sampling_rate_hz: f64) -> Result<Self, NpyError> {
        if !(sampling_rate_hz.is_finite() && sampling_rate_hz > 0.0) {
            return Err(NpyError::SamplingRate { value: sampling_rate_hz });
        }
        let length = reader.seek(SeekFrom::End(0))?;
        reader.seek(SeekFrom::Start(0))?;
        let header = Header::read(reader, length)?;
        let (channels, samples) = dimensions(&header, length)?;
        Ok(Self { header, channels, samples })
    }

    pub(crate) fn channels(&self) -> usize {
        self.channels
    }

    /// Of each channel.
    pub(crate) fn samples(&self) -> usize {
        self.samples
    }

    /// Integers cannot be missing.
    pub(crate) fn holds_integers(&self) -> bool {
        !matches!(self.header.element.number, header::Number::F4 | header::Number::F8)
    }

    /// These samples of each channel; `span` must lie within the file.
    pub(crate) fn read_part<R: Read + Seek>(
        &self,
        reader: &mut R,
        span: Range<usize>,
        sampling_rate_hz: f64,
    ) -> Result<Recording, NpyError> {
        let length = span.len();
        let mut values = vec![0.0; self.channels * length];
        let element_bytes = self.header.element.bytes() as u64;
        let mut elements = Elements { reader: BufReader::new(reader), kind: self.header.element };
        let first = span.start * if self.header.fortran_order { self.channels } else { 1 };
        elements.reader.seek(SeekFrom::Start(self.header.end + first as u64 * element_bytes))?;
        if self.header.fortran_order {
            for time in 0..length {
                for channel in 0..self.channels {
                    values[channel * length + time] = elements.next()?;
                }
            }
        } else {
            // From the end of the part in one channel to its start in the next; the length of a file, so it fits.
            let between = ((self.samples - length) as u64 * element_bytes) as i64;
            for channel in 0..self.channels {
                if channel > 0 && between > 0 {
                    elements.reader.seek_relative(between)?;
                }
                for value in &mut values[channel * length..][..length] {
                    *value = elements.next()?;
                }
            }
        }
        let channel = |(number, samples): (usize, Samples)| Channel {
            label: number.to_string(),
            unit: None,
            sampling_rate_hz,
            rate_rounding: 0.0,
            samples,
            start_s: span.start as f64 / sampling_rate_hz,
        };
        let lengths = std::iter::repeat_n(length, self.channels);
        let channels = Samples::parts(values, lengths).into_iter().enumerate().map(channel).collect();
        Ok(Recording { channels, ..Recording::default() })
    }
}

/// Channels and samples, once they are known to fit the file.
fn dimensions(header: &Header, file_length: u64) -> Result<(usize, usize), NpyError> {
    let refused = || NpyError::Shape { shape: header.shape_text() };
    let (channels, samples) = match *header.shape {
        [samples] => (1, samples),
        [channels, samples] => (channels, samples),
        _ => return Err(refused()),
    };
    if samples == 0 || channels == 0 || channels > MOST_CHANNELS {
        return Err(refused());
    }
    let element_bytes = header.element.bytes();
    let found = file_length.saturating_sub(header.end);
    // 2^64 x 2^16 x 8 at most.
    let needed = u128::from(channels) * u128::from(samples) * element_bytes as u128;
    if needed != u128::from(found) {
        return Err(NpyError::Length { shape: header.shape_text(), element_bytes, needed, found });
    }
    match (usize::try_from(channels), usize::try_from(samples)) {
        (Ok(channels), Ok(samples)) => Ok((channels, samples)),
        _ => Err(refused()),
    }
}

struct Elements<R: Read> {
    reader: BufReader<R>,
    kind: ElementType,
}

impl<R: Read> Elements<R> {
    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], NpyError> {
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes)?;
        if self.kind.big_endian {
            bytes.reverse();
        }
        Ok(bytes)
    }

    fn next(&mut self) -> Result<f64, NpyError> {
        use header::Number::{F4, F8, I1, I2, I4, I8, U1, U2, U4, U8};
        Ok(match self.kind.number {
            F4 => f64::from(f32::from_le_bytes(self.bytes()?)),
            F8 => f64::from_le_bytes(self.bytes()?),
            I1 => f64::from(i8::from_le_bytes(self.bytes()?)),
            I2 => f64::from(i16::from_le_bytes(self.bytes()?)),
            I4 => f64::from(i32::from_le_bytes(self.bytes()?)),
            I8 => i64::from_le_bytes(self.bytes()?) as f64,
            U1 => f64::from(u8::from_le_bytes(self.bytes()?)),
            U2 => f64::from(u16::from_le_bytes(self.bytes()?)),
            U4 => f64::from(u32::from_le_bytes(self.bytes()?)),
            U8 => u64::from_le_bytes(self.bytes()?) as f64,
        })
    }
}

#[cfg(test)]
mod tests;
