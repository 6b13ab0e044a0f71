//! The directory at the end of a ZIP archive (PKWARE's APPNOTE 6.3, sections 4.3 and 4.5).

use std::io::{Read, Seek, SeekFrom};

use super::NpzError;

/// A file in an archive.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) method: Method,
    pub(super) checksum: u32,
    pub(super) compressed: u64,
    pub(super) length: u64,
    /// Where its own header lies.
    header_at: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Stored,
    Deflated,
    Other(u16),
    Encrypted,
}

const END: &[u8] = b"PK\x05\x06";
const END_BYTES: usize = 22;
const LONGEST_COMMENT: u64 = 65_535;
const END_64: &[u8] = b"PK\x06\x06";
const LOCATOR_64: &[u8] = b"PK\x06\x07";
const LOCATOR_64_BYTES: u64 = 20;
const DIRECTORY_ENTRY: &[u8] = b"PK\x01\x02";
const DIRECTORY_ENTRY_BYTES: usize = 46;
const LOCAL: &[u8] = b"PK\x03\x04";
const LOCAL_BYTES: usize = 30;
/// More than a million arrays.
const LONGEST_DIRECTORY: u64 = 1 << 27;
/// What stands in fields of 32 and 16 bits that are too small; the extra field has the number then.
const TOO_LARGE: u64 = 0xffff_ffff;
const ZIP_64: u64 = 1;

/// The files of an archive, in the order of its directory.
pub(super) fn entries<R: Read + Seek + ?Sized>(reader: &mut R) -> Result<Vec<Entry>, NpzError> {
    let file_bytes = reader.seek(SeekFrom::End(0))?;
    let (at, bytes) = directory(reader, file_bytes)?;
    if bytes > LONGEST_DIRECTORY || at.checked_add(bytes).is_none_or(|end| end > file_bytes) {
        return damaged("it would lie beyond the end of the file");
    }
    let directory = read_at(reader, at, bytes as usize)?;
    let mut entries = Vec::new();
    let mut rest = directory.as_slice();
    while rest.starts_with(DIRECTORY_ENTRY) {
        let (Some(fixed), false) = (rest.get(..DIRECTORY_ENTRY_BYTES), rest.len() < DIRECTORY_ENTRY_BYTES) else {
            return damaged("it ends within an entry");
        };
        let [name, extra, comment] = [28, 30, 32].map(|at| number(fixed, at, 2) as usize);
        let end = DIRECTORY_ENTRY_BYTES + name + extra + comment;
        let (Some(text), Some(further)) = (
            rest.get(DIRECTORY_ENTRY_BYTES..DIRECTORY_ENTRY_BYTES + name),
            rest.get(DIRECTORY_ENTRY_BYTES + name..DIRECTORY_ENTRY_BYTES + name + extra),
        ) else {
            return damaged("it ends within an entry");
        };
        let mut long = zip_64(further);
        // Those that are too large stand in the extra field, in this order.
        let mut or_long = |number: u64| if number == TOO_LARGE { long.next().unwrap_or(number) } else { number };
        let length = or_long(number(fixed, 24, 4));
        let compressed = or_long(number(fixed, 20, 4));
        let header_at = or_long(number(fixed, 42, 4));
        let is_encrypted = number(fixed, 8, 2) & 1 == 1;
        let method = match number(fixed, 10, 2) as u16 {
            _ if is_encrypted => Method::Encrypted,
            0 => Method::Stored,
            8 => Method::Deflated,
            other => Method::Other(other),
        };
        entries.push(Entry {
            name: String::from_utf8_lossy(text).into_owned(),
            method,
            checksum: number(fixed, 16, 4) as u32,
            compressed,
            length,
            header_at,
        });
        rest = rest.get(end..).unwrap_or(&[]);
    }
    Ok(entries)
}

/// Where the directory lies, and its length.
fn directory<R: Read + Seek + ?Sized>(reader: &mut R, file_bytes: u64) -> Result<(u64, u64), NpzError> {
    let tail_bytes = file_bytes.min(END_BYTES as u64 + LONGEST_COMMENT);
    let tail_at = file_bytes - tail_bytes;
    let tail = read_at(reader, tail_at, tail_bytes as usize)?;
    let place = (0..=tail.len().saturating_sub(END_BYTES)).rev().find(|&place| tail[place..].starts_with(END));
    let (place, end) = match place.and_then(|place| Some((place, tail.get(place..place + END_BYTES)?))) {
        Some(found) => found,
        None => return Err(NpzError::NotZip),
    };
    let (bytes, at) = (number(end, 12, 4), number(end, 16, 4));
    if bytes != TOO_LARGE && at != TOO_LARGE && number(end, 10, 2) != 0xffff {
        return Ok((at, bytes));
    }
    let Some(locator_at) = (tail_at + place as u64).checked_sub(LOCATOR_64_BYTES) else {
        return Ok((at, bytes));
    };
    let locator = read_at(reader, locator_at, LOCATOR_64_BYTES as usize)?;
    if !locator.starts_with(LOCATOR_64) {
        return Ok((at, bytes));
    }
    let end_at = number(&locator, 8, 8);
    const END_64_BYTES: u64 = 56;
    if end_at.checked_add(END_64_BYTES).is_none_or(|end| end > file_bytes) {
        return damaged("its 64-bit end would lie beyond the end of the file");
    }
    let end = read_at(reader, end_at, END_64_BYTES as usize)?;
    if !end.starts_with(END_64) {
        return damaged("its 64-bit end is not where it should be");
    }
    Ok((number(&end, 48, 8), number(&end, 40, 8)))
}

impl Entry {
    /// Where its content begins, once it is known to lie within the file.
    pub(super) fn content_at<R: Read + Seek + ?Sized>(&self, reader: &mut R) -> Result<u64, NpzError> {
        let file_bytes = reader.seek(SeekFrom::End(0))?;
        let fail = |problem: &str| Err(NpzError::Entry { name: self.name.clone(), problem: problem.to_owned() });
        let beyond = "announced to lie beyond the end of the file";
        if self.header_at.checked_add(LOCAL_BYTES as u64).is_none_or(|end| end > file_bytes) {
            return fail(beyond);
        }
        let header = read_at(reader, self.header_at, LOCAL_BYTES)?;
        if !header.starts_with(LOCAL) {
            return fail("not where the directory of the archive says");
        }
        let at = self.header_at + LOCAL_BYTES as u64 + number(&header, 26, 2) + number(&header, 28, 2);
        match at.checked_add(self.compressed) {
            Some(end) if end <= file_bytes => Ok(at),
            _ => fail(beyond),
        }
    }
}

/// The numbers of 64 bits in an extra field.
fn zip_64(mut extra: &[u8]) -> impl Iterator<Item = u64> {
    let mut own: &[u8] = &[];
    while extra.len() >= 4 {
        let (kind, bytes) = (number(extra, 0, 2), number(extra, 2, 2) as usize);
        let content = extra.get(4..4 + bytes).unwrap_or(&[]);
        if kind == ZIP_64 {
            own = content;
        }
        extra = extra.get(4 + bytes..).unwrap_or(&[]);
    }
    own.as_chunks().0.iter().map(|raw| u64::from_le_bytes(*raw))
}

/// A whole number of so many bytes, little-endian; 0 beyond the end.
fn number(bytes: &[u8], at: usize, width: usize) -> u64 {
    let own = bytes.get(at..at + width).unwrap_or(&[]);
    own.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

fn read_at<R: Read + Seek + ?Sized>(reader: &mut R, at: u64, bytes: usize) -> Result<Vec<u8>, NpzError> {
    let mut content = vec![0; bytes];
    reader.seek(SeekFrom::Start(at))?;
    reader.read_exact(&mut content)?;
    Ok(content)
}

fn damaged<T>(problem: &str) -> Result<T, NpzError> {
    Err(NpzError::Directory { problem: problem.to_owned() })
}
