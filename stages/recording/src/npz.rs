//! NPZ: arrays of NumPy (see [`crate::read_npy`]) in a ZIP archive, as `numpy.savez` and `numpy.savez_compressed` write them.
//!
//! One array is the recording: the only one, or the one that is asked for by name. Archives of more than 4 GB (ZIP64) are read as well; of compressions,
//! none and deflate, which is what NumPy writes. What an array says of its length is held against the archive before anything is allocated, and one that
//! is read whole against its checksum.

mod archive;
mod entry;
mod format;

use std::io::{Read, Seek};

pub(crate) use format::Npz;

/// Names of the files in an archive.
pub(crate) fn names(reader: &mut (impl Read + Seek)) -> Result<Vec<String>, NpzError> {
    Ok(archive::entries(reader)?.into_iter().map(|entry| entry.name).collect())
}

/// All that a file of an archive holds; none where there is no such file.
pub(crate) fn content(reader: &mut (impl Read + Seek), name: &str) -> Result<Option<Vec<u8>>, NpzError> {
    let entries = archive::entries(reader)?;
    let Some(entry) = entries.iter().find(|entry| entry.name == name) else {
        return Ok(None);
    };
    let mut bytes = Vec::new();
    entry::EntryReader::new(reader, entry)?.read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// What can be wrong with an NPZ file.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, thiserror::Error)]
pub enum NpzError {
    #[error("cannot read the NPZ file: {0}")]
    Io(#[from] std::io::Error),
    #[error("not an NPZ file: it has no directory of a ZIP archive at its end")]
    NotZip,
    #[error("the directory of the archive is damaged: {problem}")]
    Directory { problem: String },
    #[error("the archive has no array (`.npy`); in it: {found}")]
    NoArray { found: String },
    #[error("the archive has {count} arrays: {names}; `variable` says which of them has the signals")]
    SeveralArrays { count: usize, names: String },
    #[error("the archive has no array `{wanted}`; in it: {names}")]
    NoSuchArray { wanted: String, names: String },
    #[error("`{name}` is {problem}")]
    Entry { name: String, problem: String },
    #[error("`{name}`: {error}")]
    Array { name: String, error: crate::NpyError },
}

#[cfg(test)]
mod tests;
