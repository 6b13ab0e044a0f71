//! MAT files of MATLAB, versions 4, 5 (as written by `-v5`, `-v6`, `-v7`) and 7.3, as one tree of values; recordings that EEGLAB and FieldTrip keep in
//! them, and those in any array.
//!
//! ```
//! use std::io::Cursor;
//!
//! use lapicque_recording::mat::{find, read_mat};
//!
//! // A matrix of version 4: numbers in double precision, 1 row, 2 columns, real, a name of 2 bytes.
//! let mut bytes: Vec<u8> = [0_u32, 1, 2, 0, 2].iter().flat_map(|word| word.to_le_bytes()).collect();
//! bytes.extend(b"x\0");
//! bytes.extend([1.5_f64, -2.0].iter().flat_map(|value| value.to_le_bytes()));
//! let variables = read_mat(&mut Cursor::new(bytes))?;
//! let x = find(&variables, "x").ok_or("no x")?;
//! assert_eq!(x.told(), "1 x 2 numbers");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! An own reader instead of a crate: those that exist know no structs, or panic on them. What a file holds is bounded by what it is long
//! (`budget.rs`): announced lengths are compared with the bytes that are there, compressed ones with at most 300 times as many (16 MiB in any case).

mod budget;
mod eeglab;
mod error;
mod fieldtrip;
mod format;
mod matrix;
mod numbers;
mod plan;
mod text;
mod v4;
mod v5;
mod v73;
mod value;

use std::io::SeekFrom;

use crate::hdf5::with_file;
use crate::read_seek::ReadSeek;
use budget::{Budget, Want, Wanted};
pub use error::MatError;
pub(crate) use format::{Eeglab, Mat};
pub use plan::LayoutError;
pub use value::{MatValue, Numbers, Sparse, find};

/// Reads all variables of a MAT file, with their names, in the order of the file.
///
/// # Errors
/// What is no MAT file, contradicts itself or its length, or announces more than it may hold; failures of the reader.
pub fn read_mat<R: std::io::Read + std::io::Seek>(reader: &mut R) -> Result<Vec<(String, MatValue)>, MatError> {
    read_wanted(reader, Wanted { of_array: &|_, _| Want::All, is_read: &|_, _| true })
}

/// As [`read_mat`], of the values of arrays what is wanted.
fn read_wanted(reader: &mut dyn ReadSeek, wanted: Wanted<'_>) -> Result<Vec<(String, MatValue)>, MatError> {
    const HEADER_BYTES: usize = 128;
    const HDF5_SIGNATURE: [u8; 8] = *b"\x89HDF\r\n\x1a\n";
    let file_bytes = reader.seek(SeekFrom::End(0))?;
    let mut budget = Budget::new(wanted, file_bytes);
    // HDF5 begins after a block of 0, 512, 1024, ... bytes that is left to others.
    let mut signature = [0; HDF5_SIGNATURE.len()];
    let mut position = 0;
    while position + signature.len() as u64 <= file_bytes {
        reader.seek(SeekFrom::Start(position))?;
        reader.read_exact(&mut signature)?;
        if signature == HDF5_SIGNATURE {
            return with_file(reader, |file| v73::read(file, &mut budget));
        }
        position = if position == 0 { 512 } else { 2 * position };
    }
    let mut header = Vec::new();
    reader.seek(SeekFrom::Start(0))?;
    std::io::Read::read_to_end(&mut std::io::Read::take(&mut *reader, HEADER_BYTES as u64), &mut header)?;
    match header.get(124..HEADER_BYTES) {
        Some([0, 1, b'I', b'M']) => v5::read(reader, file_bytes, false, &mut budget),
        Some([1, 0, b'M', b'I']) => v5::read(reader, file_bytes, true, &mut budget),
        _ if v4::is_header(&header) => v4::read(reader, file_bytes, &mut budget),
        _ => Err(MatError::NotMat),
    }
}
