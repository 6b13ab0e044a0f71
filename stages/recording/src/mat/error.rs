//! What can be wrong with a MAT file.

use super::value::dims_text;
use crate::hdf5::Hdf5Error;

/// Why a MAT file cannot be read.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum MatError {
    #[error("cannot read the MAT file: {0}")]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Hdf5(#[from] Hdf5Error),
    #[error(
        "not a MAT file: it begins neither as one of version 4 nor with the header of version 5, and it is no HDF5 (version 7.3)"
    )]
    NotMat,
    #[error("the MAT file ends within `{variable}`: byte {position} of an element that ends at {end}")]
    Truncated { variable: String, position: u64, end: u64 },
    #[error("`{variable}`: {part} at byte {position} is of type {found}; allowed: {allowed}")]
    Element { variable: String, part: &'static str, position: u64, found: u32, allowed: &'static str },
    #[error("`{variable}`: dimensions {dims} are not possible: each is at least 0, and there are 2 to 32")]
    Dimensions { variable: String, dims: String },
    #[error("`{variable}`: dimensions {} do not fit its {found} elements", dims_text(dims))]
    Length { variable: String, dims: Vec<usize>, found: u64 },
    #[error("`{variable}` announces {announced} bytes out of {compressed} compressed ones; at most {most} are read")]
    Expands { variable: String, announced: u64, compressed: u64, most: u64 },
    #[error("`{variable}`: compressed data cannot be read: {reason}")]
    Compressed { variable: String, reason: String },
    #[error("`{variable}`: its values are more than a file of {file_bytes} bytes may have ({most})")]
    TooLarge { variable: String, file_bytes: u64, most: u64 },
    #[error("it has more than {most} values within cells and structs; no recording has")]
    TooMany { most: usize },
    #[error("`{variable}` lies {most} levels deep; no recording does")]
    TooDeep { variable: String, most: usize },
    #[error("`{variable}`: {problem}")]
    Damaged { variable: String, problem: &'static str },
}
