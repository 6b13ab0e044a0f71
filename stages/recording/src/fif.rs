//! FIF: raw data of MEG and EEG, as Elekta Neuromag's acquisition and MNE write them (Functional Image File Format, revision 1.3).
//!
//! A file is a chain of tags: kind, type, size and where the next one is, big-endian, then the content. Blocks are tags around others. The measurement
//! information says how many channels there are, how fast they were sampled, and of each channel its name, unit, and two factors: value = stored x range x
//! calibration, in the unit times 10^multiplier. The raw data are buffers of interleaved samples (16-bit and 32-bit integers, 32-bit and 64-bit floats), and
//! skips, which are gaps. A recording that is too long for one file goes on in the next, which its last block names.
//!
//! Samples are as stored: neither compensation nor projections are applied. Times count from the first sample; where the acquisition began before it,
//! [`Recording::notes`] says so. A file that ends early gives the buffers that are whole.

mod annotations;
mod contents;
mod format;
mod header;
mod tags;

use std::collections::HashSet;
use std::io::{Read, Seek};
use std::ops::Range;

pub(crate) use format::Fif;

use crate::stored::Stored;
use crate::{Annotation, Channel, ChannelOutline, Recording, Samples, Stretch};
use contents::{Contents, Item};
use header::Header;

/// What can be wrong with a FIF file.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, thiserror::Error)]
pub enum FifError {
    #[error("cannot read the FIF file: {0}")]
    Io(#[from] std::io::Error),
    #[error("not a FIF file: it does not begin with the tag of a file identifier (36 bytes)")]
    NotFif,
    #[error("the tag at byte {at} of the file {problem}")]
    Tag { at: u64, problem: String },
    #[error("the file has no {what} in its measurement information")]
    Missing { what: &'static str },
    #[error("the measurement information says {found} of {what}; allowed: {allowed}")]
    Field { what: &'static str, found: String, allowed: String },
    #[error("channel {channel}, `{label}`: {problem}")]
    Channel { channel: usize, label: String, problem: String },
    #[error(
        "the data buffer at byte {at} of the file has {bytes} bytes, which is not a whole number of samples of {channels} channels of {bytes_per_value} bytes"
    )]
    Buffer { at: u64, bytes: u64, channels: usize, bytes_per_value: usize },
    #[error("the file has no raw data (epochs, averages and others are not read)")]
    NoData,
    #[error("`{part}`, which goes on with the recording, has other channels, units or another sampling rate")]
    OtherPart { part: String },
    #[error("the recording has more than {most} files, or they name each other in a circle")]
    TooManyFiles { most: usize },
}

/// All files of a recording, before values are read.
struct FifRecording {
    header: Header,
    /// Each file's factors of the channels.
    scales: Vec<Vec<f64>>,
    /// In the order of time; none is empty.
    pieces: Vec<Piece>,
    /// Number of the first sample, from the start of the acquisition.
    first_sample: u64,
    annotations: Vec<Annotation>,
    annotations_note: Option<String>,
    notes: Vec<String>,
}

/// A buffer of samples.
struct Piece {
    file: usize,
    /// Where its values lie in the file.
    at: u64,
    stored: Stored,
    /// Number of its first sample.
    start: u64,
    samples: u64,
}

impl Piece {
    fn end(&self) -> u64 {
        self.start.saturating_add(self.samples)
    }
}

impl FifRecording {
    /// Of the contents of its files, with the names of all but the first.
    fn new(files: Vec<(String, Contents)>) -> Result<Self, FifError> {
        let mut headers: Vec<Header> = files.iter().map(|(_, contents)| contents.header()).collect::<Result<_, _>>()?;
        let mut notes = Vec::new();
        let mut pieces: Vec<Piece> = Vec::new();
        for (file, ((name, contents), header)) in files.iter().zip(&headers).enumerate() {
            if header.is_of_another_recording_than(&headers[0]) {
                return Err(FifError::OtherPart { part: name.clone() });
            }
            notes.extend(contents.notes.iter().cloned());
            let goes_on = pieces.last().map(Piece::end);
            let own = placed(contents, header.channels.len(), file, goes_on)?;
            if let (Some(end), Some(first)) = (goes_on, own.first())
                && contents.says_first_sample()
                && first.start > end
            {
                notes.push(format!("there is a gap before `{name}`, which goes on with the recording"));
            }
            pieces.extend(own);
        }
        let Some(first_sample) = pieces.first().map(|piece| piece.start) else {
            return Err(FifError::NoData);
        };
        let rate_hz = headers[0].sampling_rate_hz;
        if first_sample > 0 {
            notes.push(format!(
                "the first sample is number {first_sample}, {} s after the start of the acquisition; times count from it",
                first_sample as f64 / rate_hz
            ));
        }
        let mut annotations: Vec<Annotation> = Vec::new();
        let mut annotations_note = None;
        // Each file of a recording may hold those of all.
        let mut known: HashSet<(u64, u64, String)> = HashSet::new();
        for (_, contents) in &files {
            let first_s = first_sample as f64 / rate_hz;
            let (mut own, note) = annotations::of(&contents.annotations, contents.measured_s, first_s);
            let key =
                |one: &Annotation| (one.onset_s.to_bits(), one.duration_s.unwrap_or(0.0).to_bits(), one.text.clone());
            own.retain(|one| !known.contains(&key(one)));
            if files.len() > 1 {
                known.extend(own.iter().map(key));
            }
            annotations.extend(own);
            annotations_note = annotations_note.or(note);
        }
        let scales =
            headers.iter().map(|header| header.channels.iter().map(|channel| channel.scale).collect()).collect();
        let header = headers.swap_remove(0);
        notes.splice(0..0, header.notes.iter().cloned());
        Ok(Self { header, scales, pieces, first_sample, annotations, annotations_note, notes })
    }

    /// The runs of pieces that follow each other.
    fn runs(&self) -> impl Iterator<Item = &[Piece]> {
        self.pieces.chunk_by(|a, b| a.end() == b.start)
    }

    fn start_s(&self, sample: u64) -> f64 {
        (sample - self.first_sample) as f64 / self.header.sampling_rate_hz
    }

    fn stretches(&self) -> Vec<Stretch> {
        let stretch = |run: &[Piece]| Stretch {
            start_s: run.first().map_or(0.0, |first| self.start_s(first.start)),
            samples: vec![run.iter().map(|piece| piece.samples).sum(); self.header.channels.len()],
        };
        self.runs().map(stretch).collect()
    }

    fn has_gaps(&self) -> bool {
        self.runs().nth(1).is_some()
    }

    fn channels(&self, sampling_rate_hz: f64) -> Vec<ChannelOutline> {
        let samples = self.pieces.iter().map(|piece| piece.samples).sum();
        let outline = |channel: &header::FifChannel| ChannelOutline {
            label: channel.label.clone(),
            unit: channel.unit.clone(),
            sampling_rate_hz,
            samples,
            start_s: 0.0,
        };
        self.header.channels.iter().map(outline).collect()
    }

    fn holds_integers(&self) -> bool {
        self.pieces.iter().all(|piece| piece.stored.holds_integers())
    }

    /// The samples of these numbers: each span is a stretch.
    fn read<'a, R: Read + Seek + ?Sized + 'a>(
        &self,
        spans: &[Range<u64>],
        sampling_rate_hz: f64,
        open: impl Fn(usize) -> std::io::Result<Box<R>>,
    ) -> Result<Recording, FifError> {
        let channels = &self.header.channels;
        let lengths: Vec<usize> =
            spans.iter().map(|span| usize::try_from(span.end - span.start).unwrap_or(usize::MAX)).collect();
        let apart: usize = lengths.iter().sum();
        let mut values = vec![0.0; channels.len() * apart];
        let mut file: Option<(usize, Box<R>)> = None;
        let mut done = 0;
        for (span, length) in spans.iter().zip(&lengths) {
            let first = self.pieces.partition_point(|piece| piece.end() <= span.start);
            for piece in self.pieces[first..].iter().take_while(|piece| piece.start < span.end) {
                let reader = match &mut file {
                    Some((open, reader)) if *open == piece.file => reader,
                    other => &mut other.insert((piece.file, open(piece.file)?)).1,
                };
                let (from, to) = (span.start.max(piece.start), span.end.min(piece.end()));
                let at = done + (from - span.start) as usize;
                let frames = from - piece.start..to - piece.start;
                let scales = &self.scales[piece.file];
                piece.stored.read_interleaved(reader.as_mut(), piece.at, frames, scales, &mut values, (at, apart))?;
            }
            done += length;
        }
        let parts = channels.iter().flat_map(|channel| spans.iter().map(move |span| (channel, span)));
        let all_lengths = parts.clone().map(|(_, span)| (span.end - span.start) as usize);
        let channel = |((channel, span), samples): ((&header::FifChannel, &Range<u64>), Samples)| Channel {
            label: channel.label.clone(),
            unit: channel.unit.clone(),
            sampling_rate_hz,
            rate_rounding: 0.0,
            samples,
            start_s: (span.start - self.first_sample) as f64 / sampling_rate_hz,
        };
        let samples = Samples::parts(values, all_lengths);
        let channels = parts.clone().zip(samples).map(channel).collect();
        Ok(Recording { channels, notes: self.notes.clone(), ..Recording::default() })
    }

    /// The numbers of the samples of each stretch.
    fn all(&self) -> Vec<Range<u64>> {
        let span = |run: &[Piece]| Some(run.first()?.start..run.last()?.end());
        self.runs().filter_map(span).collect()
    }
}

/// The buffers of a file with the numbers of their samples. What follows another file goes on where that ended, unless it says otherwise.
fn placed(contents: &Contents, channels: usize, file: usize, goes_on: Option<u64>) -> Result<Vec<Piece>, FifError> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut next = goes_on.unwrap_or(0);
    let mut skipped_buffers = 0_u64;
    for item in &contents.items {
        match *item {
            // A file that says to begin before the last one ends follows it.
            Item::FirstSample(number) => next = number.max(goes_on.unwrap_or(0)),
            Item::SkippedSamples(number) => next = next.saturating_add(number),
            Item::SkippedBuffers(number) => skipped_buffers = skipped_buffers.saturating_add(number),
            Item::Buffer { at, bytes, stored } => {
                let bytes_per_value = stored.bytes();
                let frame_bytes = (channels * bytes_per_value) as u64;
                if bytes % frame_bytes != 0 {
                    return Err(FifError::Buffer { at, bytes, channels, bytes_per_value });
                }
                let samples = bytes / frame_bytes;
                // A skip is as many buffers as long as the one behind it.
                next = next.saturating_add(std::mem::take(&mut skipped_buffers).saturating_mul(samples));
                if samples > 0 {
                    pieces.push(Piece { file, at, stored, start: next, samples });
                    next = next.saturating_add(samples);
                }
            }
        }
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests;
