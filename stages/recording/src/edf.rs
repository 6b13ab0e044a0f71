//! EDF (Kemp et al 1992, Electroenceph Clin Neurophysiol 82:391), EDF+ (Kemp, Olivan 2003, Clin Neurophysiol 114:1755) and BDF (BioSemi: as EDF, with 24-bit samples).
//!
//! A header of 256 bytes, 256 more per signal, then data records that all last equally long. A record holds, signal after signal, the samples of its time,
//! little-endian two's complement. physical = physical_min + (digital - digital_min) (physical_max - physical_min) / (digital_max - digital_min).
//! In EDF+ a signal labelled `EDF Annotations` holds text instead (see `annotations.rs`); a discontinuous file (EDF+D) gives one channel per stretch
//! without gaps.
//!
//! What is wrong with one part does not lose the rest: a signal without a range or samples, the last record of a file that ends early, bytes after the last
//! announced record and malformed annotations are left out, and [`Recording::notes`] says so.

mod annotations;
mod error;
mod fields;
mod header;
mod records;

use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

pub use error::EdfError;

use crate::{Annotation, ChannelOutline, Recording, Stretch, Window};
use header::{Header, Kind, Records};

/// Reads an EDF, EDF+ or BDF file.
///
/// # Errors
/// A header field that says how the file is laid out and is not what the format allows, a file without a whole record, records of EDF+D that do not say when
/// they start or overlap, sampling rates beyond reason, and failures of the reader.
pub fn read_edf<R: Read + Seek>(reader: &mut R) -> Result<Recording, EdfError> {
    EdfFile::open(reader)?.read(reader)
}

/// A file of which the header has been read.
pub(crate) struct EdfFile {
    header: Header,
    records: Records,
}

impl EdfFile {
    pub(crate) fn open<R: Read + Seek>(reader: &mut R) -> Result<Self, EdfError> {
        let length = reader.seek(SeekFrom::End(0))?;
        reader.seek(SeekFrom::Start(0))?;
        let header = Header::read(reader, length)?;
        let records = header.records(length)?;
        Ok(Self { header, records })
    }

    /// The channels with samples, at the rates of the header.
    pub(crate) fn channels(&self) -> impl Iterator<Item = ChannelOutline> {
        self.header.signals.iter().filter(|signal| signal.has_samples()).map(|signal| ChannelOutline {
            label: signal.label.clone(),
            unit: signal.unit.clone(),
            sampling_rate_hz: self.header.rate_hz(signal),
            samples: signal.samples_per_record as u64 * self.records.count,
            start_s: 0.0,
        })
    }

    /// By how much of themselves the rates are uncertain.
    pub(crate) fn rate_rounding(&self) -> f64 {
        self.header.rate_rounding
    }

    pub(crate) fn may_have_gaps(&self) -> bool {
        self.header.kind == Kind::Discontinuous
    }

    pub(crate) fn has_annotations(&self) -> bool {
        self.header.signals.iter().any(|signal| signal.is_annotations())
    }

    /// What the header leaves out or puts right.
    pub(crate) fn notes(&self) -> Vec<String> {
        self.header.notes.iter().chain(&self.records.note).cloned().collect()
    }

    pub(crate) fn read<R: Read + Seek>(&self, reader: &mut R) -> Result<Recording, EdfError> {
        reader.seek(SeekFrom::Start(self.header.bytes()))?;
        let mut recording = records::read(reader, &self.header, self.records.count)?;
        recording.notes.splice(0..0, self.notes());
        Ok(recording)
    }

    /// The parts without gaps.
    pub(crate) fn stretches<R: Read + Seek>(&self, reader: &mut R) -> Result<Vec<Stretch>, EdfError> {
        Ok(self.told(&records::stretches(reader, &self.header, self.records.count)?))
    }

    fn told(&self, stretches: &[records::Stretch]) -> Vec<Stretch> {
        let signals = || self.header.signals.iter().filter(|signal| signal.has_samples());
        let stretch = |stretch: &records::Stretch| Stretch {
            start_s: stretch.start_s,
            samples: signals().map(|signal| signal.samples_per_record as u64 * stretch.records).collect(),
        };
        stretches.iter().map(stretch).collect()
    }

    /// The window of a file with gaps, at these rates; `None` where it is not whole in one of its stretches.
    pub(crate) fn read_between_gaps<R: Read + Seek>(
        &self,
        reader: &mut R,
        window: &Window,
        rates_hz: &[f64],
    ) -> Result<Option<Recording>, EdfError> {
        let records = records::stretches(reader, &self.header, self.records.count)?;
        let Some((number, mut spans)) = window.of_stretches(&self.told(&records), rates_hz) else {
            return Ok(None);
        };
        let signals = self.header.signals.iter().filter(|signal| signal.has_samples());
        for (span, signal) in spans.iter_mut().zip(signals) {
            let before = records[number].first * signal.samples_per_record as u64;
            *span = span.start + before..span.end + before;
        }
        let mut recording = records::read_part(reader, &self.header, &spans, rates_hz, Some(&records[number]))?;
        recording.notes = self.notes();
        Ok(Some(recording))
    }

    /// These samples of each channel, at these rates, of a file without gaps; annotations are not read.
    pub(crate) fn read_part<R: Read + Seek>(
        &self,
        reader: &mut R,
        spans: &[Range<u64>],
        rates_hz: &[f64],
    ) -> Result<Recording, EdfError> {
        let mut recording = records::read_part(reader, &self.header, spans, rates_hz, None)?;
        recording.notes = self.notes();
        Ok(recording)
    }

    /// All annotations, without the samples, and what was left out of them.
    pub(crate) fn annotations<R: Read + Seek>(
        &self,
        reader: &mut R,
    ) -> Result<(Vec<Annotation>, Option<String>), EdfError> {
        records::annotations(reader, &self.header, self.records.count)
    }
}

#[cfg(test)]
mod tests;
