//! Files that carry the checksum of their bytes in their name: they are read once to be verified, then as they are needed.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use lapicque_pipeline::StoreError;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use crate::checksums::{checksum, checksum_of};
use crate::files::{damaged, io_error};

/// The bytes of a file that are those that were written: held where they are few, as there are many such files.
#[derive(Clone)]
pub(crate) enum Verified {
    Held(Bytes),
    File(Arc<File>),
}

impl Length for Verified {
    fn len(&self) -> u64 {
        match self {
            Self::Held(bytes) => bytes.len() as u64,
            Self::File(file) => file.len(),
        }
    }
}

impl ChunkReader for Verified {
    type T = Box<dyn Read>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        match self {
            Self::Held(bytes) => Ok(Box::new(bytes.get_read(start)?)),
            Self::File(file) => Ok(Box::new(file.get_read(start)?)),
        }
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        match self {
            Self::Held(bytes) => bytes.get_bytes(start, length),
            Self::File(file) => file.get_bytes(start, length),
        }
    }
}

impl Verified {
    /// Opens a file whose bytes have this checksum, in hexadecimal; those of a file that is smaller than `held` are held.
    pub(crate) fn open(path: &Path, sum: &str, held: u64) -> Result<Self, StoreError> {
        let mut file = File::open(path).map_err(io_error(path))?;
        let bytes = file.metadata().map_err(io_error(path))?.len();
        let (content, found) = if bytes < held {
            let mut bytes = Vec::with_capacity(bytes as usize + 1);
            file.read_to_end(&mut bytes).map_err(io_error(path))?;
            let found = checksum(&bytes);
            (Self::Held(bytes.into()), found)
        } else {
            let found = checksum_of(&mut file).map_err(io_error(path))?;
            (Self::File(Arc::new(file)), found)
        };
        match sum == format!("{found:016x}") {
            true => Ok(content),
            false => Err(damaged(path, "its bytes are not those that were written")),
        }
    }
}
