//! Checksums of blocks: what is read of a segment is held against what was written, and only that.
//!
//! The sums of a segment stand in its manifest. Whole files that are small carry their sum in their name.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};
use serde::{Deserialize, Serialize};

/// Bytes under one sum.
pub(crate) const BLOCK: usize = 1 << 18;

/// BLAKE3 of some bytes, truncated to 64 bits.
pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    truncated(blake3::hash(bytes))
}

/// The checksum of all that can still be read.
pub(crate) fn checksum_of(reader: &mut impl Read) -> io::Result<u64> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(reader)?;
    Ok(truncated(hasher.finalize()))
}

fn truncated(hash: blake3::Hash) -> u64 {
    let (first, _) = hash.as_bytes().split_at(8);
    first.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte))
}

/// Passes on what is written, and sums it as a whole.
pub(crate) struct Hashing<W> {
    inner: W,
    hasher: blake3::Hasher,
}

impl<W: Write> Hashing<W> {
    pub(crate) fn new(inner: W) -> Self {
        Self { inner, hasher: blake3::Hasher::new() }
    }

    /// The checksum of all that was written, and how many bytes that were.
    pub(crate) fn finish(mut self) -> io::Result<(u64, u64)> {
        self.inner.flush()?;
        Ok((truncated(self.hasher.finalize()), self.hasher.count()))
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The checksums of the segments of some batches, by name of the file.
pub(crate) type Sums = BTreeMap<String, SegmentSums>;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SegmentSums {
    pub(crate) bytes: u64,
    /// One per block, of [`BLOCK`] bytes.
    pub(crate) blocks: Arc<[u64]>,
}

/// Passes on what is written, and sums it block by block.
pub(crate) struct Summing<W> {
    inner: W,
    block: Vec<u8>,
    sums: Vec<u64>,
    bytes: u64,
}

impl<W> Summing<W> {
    pub(crate) fn new(inner: W) -> Self {
        Self { inner, block: Vec::with_capacity(BLOCK), sums: Vec::new(), bytes: 0 }
    }

    /// The sums of all blocks, and the number of bytes.
    pub(crate) fn finish(mut self) -> (Vec<u64>, u64) {
        if !self.block.is_empty() {
            self.sums.push(checksum(&self.block));
        }
        (self.sums, self.bytes)
    }
}

impl<W: Write> Write for Summing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        let mut rest = &bytes[..written];
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(BLOCK - self.block.len()));
            self.block.extend_from_slice(now);
            if self.block.len() == BLOCK {
                self.sums.push(checksum(&self.block));
                self.block.clear();
            }
            rest = later;
        }
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// A file of which every block is verified before it is used.
#[derive(Clone)]
pub(crate) struct CheckedFile(Arc<Inner>);

struct Inner {
    file: File,
    length: u64,
    sums: Arc<[u64]>,
    verified: Mutex<Vec<bool>>,
}

impl CheckedFile {
    pub(crate) fn open(path: &Path, sums: Arc<[u64]>) -> io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        if length.div_ceil(BLOCK as u64) != sums.len() as u64 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("it has {length} bytes, which is not what was written"),
            ));
        }
        let verified = Mutex::new(vec![false; sums.len()]);
        Ok(Self(Arc::new(Inner { file, length, sums, verified })))
    }

    /// The bytes from `start` on, with all of the blocks that they lie in.
    fn blocks(&self, start: u64, length: usize) -> io::Result<(u64, Vec<u8>)> {
        let inner = &*self.0;
        let end = start.checked_add(length as u64).filter(|&end| end <= inner.length);
        let end = end.ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "it ends too early"))?;
        let first = start / BLOCK as u64;
        let last = end.div_ceil(BLOCK as u64);
        let from = first * BLOCK as u64;
        let mut bytes = vec![0; ((last * BLOCK as u64).min(inner.length) - from) as usize];
        let mut verified = inner.verified.lock().unwrap_or_else(PoisonError::into_inner);
        let mut file = &inner.file;
        file.seek(SeekFrom::Start(from))?;
        file.read_exact(&mut bytes)?;
        for (block, content) in (first as usize..).zip(bytes.chunks(BLOCK)) {
            if !verified[block] && checksum(content) != inner.sums[block] {
                let place = block * BLOCK;
                let message = format!("its bytes from {place} on are not those that were written");
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
            verified[block] = true;
        }
        Ok((from, bytes))
    }
}

impl Length for CheckedFile {
    fn len(&self) -> u64 {
        self.0.length
    }
}

impl ChunkReader for CheckedFile {
    type T = Reading;

    fn get_read(&self, start: u64) -> Result<Reading> {
        Ok(Reading { file: self.clone(), at: start, block: Vec::new(), used: 0 })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let (from, bytes) = self.blocks(start, length).map_err(|error| ParquetError::External(Box::new(error)))?;
        let skip = (start - from) as usize;
        Ok(Bytes::from(bytes).slice(skip..skip + length))
    }
}

/// Reads on from a place, block by block.
pub(crate) struct Reading {
    file: CheckedFile,
    at: u64,
    block: Vec<u8>,
    used: usize,
}

impl Read for Reading {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.used == self.block.len() {
            if self.at >= self.file.0.length {
                return Ok(0);
            }
            let (from, block) = self.file.blocks(self.at, 1)?;
            self.used = (self.at - from) as usize;
            self.at = from + block.len() as u64;
            self.block = block;
        }
        let count = buffer.len().min(self.block.len() - self.used);
        buffer[..count].copy_from_slice(&self.block[self.used..self.used + count]);
        self.used += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_read_and_a_flipped_bit_is_found_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mut content: Vec<u8> = (0..2 * BLOCK + 77).map(|i| (i * 31 % 251) as u8).collect();
        let mut summing = Summing::new(File::create(&path).unwrap());
        // Pieces that do not fit blocks.
        content.chunks(100_003).for_each(|piece| summing.write_all(piece).unwrap());
        let (sums, bytes) = summing.finish();
        let sums: Arc<[u64]> = sums.into();
        assert_eq!((sums.len(), bytes), (3, content.len() as u64));

        let file = CheckedFile::open(&path, sums.clone()).unwrap();
        assert_eq!(&file.get_bytes(BLOCK as u64 - 5, 20).unwrap()[..], &content[BLOCK - 5..BLOCK + 15]);
        let mut rest = Vec::new();
        file.get_read(7).unwrap().read_to_end(&mut rest).unwrap();
        assert_eq!(rest, content[7..]);
        assert!(file.get_bytes(content.len() as u64 - 1, 2).is_err());

        content[BLOCK + 3] ^= 1;
        std::fs::write(&path, &content).unwrap();
        let file = CheckedFile::open(&path, sums.clone()).unwrap();
        assert!(file.get_bytes(0, 100).is_ok());
        assert!(file.get_bytes(BLOCK as u64 + 1000, 1).is_err());
        content.pop();
        std::fs::write(&path, &content[..BLOCK]).unwrap();
        assert!(CheckedFile::open(&path, sums).is_err());
    }
}
