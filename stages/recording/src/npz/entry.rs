//! One file of an archive, to be read as if it lay by itself.

use std::io::{self, ErrorKind, Read, Seek, SeekFrom};

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::NpzError;
use super::archive::{Entry, Method};

/// Bytes of content for each byte of the archive that are read: no signal of interest compresses better.
const MOST_PER_BYTE: u64 = 64;
/// Bytes of content that are read anyway.
const ALWAYS_READ: u64 = 1 << 20;
const INPUT_BYTES: usize = 1 << 15;

/// Reads the content of a file. Going back begins anew where it is compressed.
pub(super) struct EntryReader<R> {
    reader: R,
    name: String,
    at: u64,
    compressed: u64,
    length: u64,
    checksum: u32,
    /// Of what was read so far without a jump.
    sum: Crc,
    /// Where the next byte is read.
    position: u64,
    inflating: Option<Inflating>,
}

struct Inflating {
    state: Decompress,
    input: Vec<u8>,
    /// What of the input is behind.
    used: usize,
    /// Bytes of the archive that were taken.
    taken: u64,
    /// Bytes of content that came out.
    position: u64,
}

impl<R: Read + Seek> EntryReader<R> {
    pub(super) fn new(mut reader: R, entry: &Entry) -> Result<Self, NpzError> {
        let fail = |problem: String| Err(NpzError::Entry { name: entry.name.clone(), problem });
        let inflating = match entry.method {
            Method::Stored if entry.compressed == entry.length => None,
            Method::Stored => return fail("announced with two lengths".to_owned()),
            Method::Deflated => Some(Inflating::new()),
            Method::Other(method) => {
                return fail(format!("compressed by method {method}; allowed: none (0) and deflate (8)"));
            }
            Method::Encrypted => return fail("encrypted, and cannot be read".to_owned()),
        };
        if entry.length > ALWAYS_READ.saturating_add(entry.compressed.saturating_mul(MOST_PER_BYTE)) {
            return fail(format!(
                "announced with {} bytes of which {} are left by compression; at most {MOST_PER_BYTE} times as many are read",
                entry.length, entry.compressed
            ));
        }
        let at = entry.content_at(&mut reader)?;
        let (compressed, length, checksum) = (entry.compressed, entry.length, entry.checksum);
        let (name, sum) = (entry.name.clone(), Crc::new());
        Ok(Self { reader, name, at, compressed, length, checksum, sum, position: 0, inflating })
    }

    /// Reads on from `position`, at which the content is, and holds all of it against its checksum at its end.
    fn read_on(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.inflating {
            None => {
                self.reader.seek(SeekFrom::Start(self.at + self.position))?;
                self.reader.read(buffer)?
            }
            Some(inflating) => inflating.read(&mut self.reader, self.at, self.compressed, buffer)?,
        };
        if read == 0 {
            let message = format!("`{}` ends early", self.name);
            return Err(io::Error::new(ErrorKind::UnexpectedEof, message));
        }
        if self.position == u64::from(self.sum.amount()) || self.inflating.is_some() {
            self.sum.update(&buffer[..read]);
        }
        self.position += read as u64;
        let is_whole = u64::from(self.sum.amount()) == self.length & 0xffff_ffff;
        if self.position == self.length && is_whole && self.sum.sum() != self.checksum {
            let message = format!("`{}` is damaged: its content is not what its checksum says", self.name);
            return Err(io::Error::new(ErrorKind::InvalidData, message));
        }
        Ok(read)
    }
}

impl<R: Read + Seek> Read for EntryReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.length.saturating_sub(self.position);
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        if wanted == 0 {
            return Ok(0);
        }
        let target = self.position;
        if let Some(inflating) = &mut self.inflating {
            if inflating.position > target {
                *inflating = Inflating::new();
                self.sum.reset();
            }
            self.position = inflating.position;
            let mut passed = vec![0; if self.position < target { INPUT_BYTES } else { 0 }];
            while self.position < target {
                let most = usize::try_from(target - self.position).unwrap_or(usize::MAX).min(INPUT_BYTES);
                self.read_on(&mut passed[..most])?;
            }
        }
        self.read_on(&mut buffer[..wanted])
    }
}

impl<R: Read + Seek> Seek for EntryReader<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let (from, by) = match to {
            SeekFrom::Start(position) => (position, 0),
            SeekFrom::End(by) => (self.length, by),
            SeekFrom::Current(by) => (self.position, by),
        };
        let before = || io::Error::new(ErrorKind::InvalidInput, "a place before the beginning");
        self.position = from.checked_add_signed(by).ok_or_else(before)?;
        Ok(self.position)
    }
}

impl Inflating {
    fn new() -> Self {
        Self { state: Decompress::new(false), input: Vec::new(), used: 0, taken: 0, position: 0 }
    }

    fn read<R: Read + Seek>(
        &mut self,
        reader: &mut R,
        at: u64,
        compressed: u64,
        buffer: &mut [u8],
    ) -> io::Result<usize> {
        loop {
            if self.used == self.input.len() && self.taken < compressed {
                let bytes = usize::try_from(compressed - self.taken).unwrap_or(usize::MAX).min(INPUT_BYTES);
                self.input.resize(bytes, 0);
                self.used = 0;
                reader.seek(SeekFrom::Start(at + self.taken))?;
                reader.read_exact(&mut self.input)?;
                self.taken += bytes as u64;
            }
            let (input_before, output_before) = (self.state.total_in(), self.state.total_out());
            let status = self.state.decompress(&self.input[self.used..], buffer, FlushDecompress::None);
            let status = status.map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
            self.used += (self.state.total_in() - input_before) as usize;
            let output = (self.state.total_out() - output_before) as usize;
            self.position += output as u64;
            let is_stuck = self.state.total_in() == input_before && self.taken == compressed;
            if output > 0 || status == Status::StreamEnd || is_stuck {
                return Ok(output);
            }
        }
    }
}
