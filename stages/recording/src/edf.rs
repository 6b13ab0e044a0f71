//! EDF (Kemp et al 1992, Electroenceph Clin Neurophysiol 82:391), EDF+ (Kemp, Olivan 2003, Clin Neurophysiol 114:1755) and BDF (BioSemi: as EDF, with 24-bit samples).
//!
//! A header of 256 bytes, 256 more per signal, then data records that all last equally long. A record holds, signal after signal, the samples of its time,
//! little-endian two's complement. physical = physical_min + (digital - digital_min) (physical_max - physical_min) / (digital_max - digital_min).
//! In EDF+ a signal labelled `EDF Annotations` holds text instead (see `annotations.rs`); a discontinuous file (EDF+D) gives one channel per stretch
//! without gaps. Bytes after the last announced record are ignored.

mod annotations;
mod error;
mod header;
mod records;

use std::io::{Read, Seek, SeekFrom};

pub use error::EdfError;

use crate::Recording;
use header::Header;

/// Reads an EDF, EDF+ or BDF file.
///
/// # Errors
/// A header field that is not what the format allows, a file shorter than its header announces, annotations that are not in the form of EDF+, and failures of
/// the reader.
pub fn read_edf<R: Read + Seek>(reader: &mut R) -> Result<Recording, EdfError> {
    let length = reader.seek(SeekFrom::End(0))?;
    reader.seek(SeekFrom::Start(0))?;
    let header = Header::read(reader, length)?;
    let record_count = header.record_count(length)?;
    records::read(reader, &header, record_count)
}

#[cfg(test)]
mod tests;
