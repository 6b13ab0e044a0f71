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

pub use error::EdfError;

use crate::Recording;
use header::Header;

/// Reads an EDF, EDF+ or BDF file.
///
/// # Errors
/// A header field that says how the file is laid out and is not what the format allows, a file without a whole record, records of EDF+D that do not say when
/// they start or overlap, sampling rates beyond reason, and failures of the reader.
pub fn read_edf<R: Read + Seek>(reader: &mut R) -> Result<Recording, EdfError> {
    let length = reader.seek(SeekFrom::End(0))?;
    reader.seek(SeekFrom::Start(0))?;
    let header = Header::read(reader, length)?;
    let records = header.records(length)?;
    let mut recording = records::read(reader, &header, records.count)?;
    recording.notes.splice(0..0, header.notes.into_iter().chain(records.note));
    Ok(recording)
}

#[cfg(test)]
mod tests;
