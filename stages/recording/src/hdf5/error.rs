//! What can be wrong with an HDF5 file.

use hdf5_reader::error::Error;

/// Why an HDF5 file cannot be read.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum Hdf5Error {
    #[error("cannot read the HDF5 file: {0}")]
    Io(#[from] std::io::Error),
    #[error("not an HDF5 file: it has no HDF5 signature")]
    NotHdf5,
    #[error("`{path}` cannot be read: {reason}")]
    Damaged { path: String, reason: String },
    #[error(
        "`{path}` announces {shape} values; a file of {file_bytes} bytes may have {most} in one array (64 a byte, at least 4194304, at most 2147483648)"
    )]
    TooLarge { path: String, shape: String, file_bytes: u64, most: u64 },
    #[error("`{path}` announces more text than {most} bytes, four times the file")]
    TooMuchText { path: String, most: u64 },
    #[error("it has more than {most} objects; no recording has")]
    TooMany { most: usize },
    #[error("`{path}` is not of {allowed}")]
    OtherKind { path: String, allowed: &'static str },
    #[error("its structure cannot be followed; it is damaged")]
    GivenUp,
}

/// What the crate says of an object.
pub(super) fn damaged(path: &str, error: &Error) -> Hdf5Error {
    const MOST_CHARACTERS: usize = 300;
    let path = if path.is_empty() { "/" } else { path };
    Hdf5Error::Damaged { path: path.to_owned(), reason: error.to_string().chars().take(MOST_CHARACTERS).collect() }
}

/// Whether there is just no such object.
pub(super) fn is_missing(error: &Error) -> bool {
    match error {
        Error::GroupNotFound(_) | Error::DatasetNotFound(_) => true,
        Error::Context { source, .. } => is_missing(source),
        _ => false,
    }
}
