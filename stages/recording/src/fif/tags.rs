//! Tags, one after the other.

use std::io::{Read, Seek, SeekFrom};

use super::FifError;

/// A tag without its content.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tag {
    pub(super) kind: i32,
    pub(super) data_type: i32,
    /// Where the content lies.
    pub(super) at: u64,
    /// Of the content.
    pub(super) bytes: u64,
}

pub(super) const HEADER_BYTES: u64 = 16;
const FILE_ID: i32 = 100;
const FILE_ID_BYTES: u64 = 20;
pub(super) const BLOCK_START: i32 = 104;
pub(super) const BLOCK_END: i32 = 105;

pub(super) const INT: i32 = 3;
pub(super) const FLOAT: i32 = 4;
pub(super) const DOUBLE: i32 = 5;

/// The chain of tags of a file.
pub(super) struct Tags {
    file_bytes: u64,
    /// Where the next one begins; none after the last.
    next: Option<u64>,
    is_first: bool,
}

/// What stands at a place of the chain.
pub(super) enum Step {
    Tag(Tag),
    /// The file ends within this tag, of which the header was read.
    CutOff(Tag),
    End,
}

impl Tags {
    pub(super) fn new(file_bytes: u64) -> Self {
        Self { file_bytes, next: Some(0), is_first: true }
    }

    pub(super) fn step<R: Read + Seek + ?Sized>(&mut self, reader: &mut R) -> Result<Step, FifError> {
        let Some(begin) = self.next.filter(|next| next.saturating_add(HEADER_BYTES) <= self.file_bytes) else {
            return if self.is_first { Err(FifError::NotFif) } else { Ok(Step::End) };
        };
        let mut header = [0; HEADER_BYTES as usize];
        reader.seek(SeekFrom::Start(begin))?;
        reader.read_exact(&mut header)?;
        let [kind, data_type, bytes, next] = numbers(&header);
        let at = begin + HEADER_BYTES;
        let is_file_id = kind == FILE_ID && bytes as u64 == FILE_ID_BYTES;
        if std::mem::take(&mut self.is_first) && !is_file_id {
            return Err(FifError::NotFif);
        }
        let fail = |problem: String| Err(FifError::Tag { at: begin, problem });
        let Ok(bytes) = u64::try_from(bytes) else {
            return fail(format!("has a size of {bytes} bytes; allowed: a whole number >= 0"));
        };
        let tag = Tag { kind, data_type, at, bytes };
        self.next = match next {
            0 => Some(at + bytes),
            // Forward only: every byte is read once.
            1.. if u64::from(next.unsigned_abs()) >= at => Some(u64::from(next.unsigned_abs())),
            -1 => None,
            _ => return fail(format!("says that the next one is at byte {next}, before its own end")),
        };
        Ok(if at + bytes > self.file_bytes { Step::CutOff(tag) } else { Step::Tag(tag) })
    }
}

impl Tag {
    /// Its content; the file is long enough for it.
    pub(super) fn read<R: Read + Seek + ?Sized>(&self, reader: &mut R) -> Result<Vec<u8>, FifError> {
        let mut content = vec![0; usize::try_from(self.bytes).unwrap_or(0)];
        reader.seek(SeekFrom::Start(self.at))?;
        reader.read_exact(&mut content)?;
        Ok(content)
    }

    /// Its numbers, whole or not; none of another type.
    pub(super) fn numbers(&self, content: &[u8]) -> Vec<f64> {
        match self.data_type {
            INT => content.as_chunks().0.iter().map(|raw| f64::from(i32::from_be_bytes(*raw))).collect(),
            FLOAT => content.as_chunks().0.iter().map(|raw| f64::from(f32::from_be_bytes(*raw))).collect(),
            DOUBLE => content.as_chunks().0.iter().map(|raw| f64::from_be_bytes(*raw)).collect(),
            _ => Vec::new(),
        }
    }

    /// Its first whole number.
    pub(super) fn whole(&self, content: &[u8]) -> Result<i32, FifError> {
        let first = content.first_chunk().filter(|_| self.data_type == INT).map(|raw| i32::from_be_bytes(*raw));
        let problem = format!("has type {} and {} bytes; a 32-bit whole number is due", self.data_type, self.bytes);
        first.ok_or(FifError::Tag { at: self.at - HEADER_BYTES, problem })
    }
}

/// The 32-bit whole numbers of a header or structure.
pub(super) fn numbers<const COUNT: usize>(bytes: &[u8]) -> [i32; COUNT] {
    let mut numbers = [0; COUNT];
    for (number, raw) in numbers.iter_mut().zip(bytes.as_chunks().0) {
        *number = i32::from_be_bytes(*raw);
    }
    numbers
}

/// Text is Latin-1; MNE writes other characters as `&#NUMBER;`.
pub(super) fn text(content: &[u8]) -> String {
    let latin: String = content.iter().map(|&byte| char::from(byte)).collect();
    let mut parts = latin.split("&#");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let escaped = part.split_once(';').and_then(|(number, rest)| {
            let code: u32 = number.parse().ok()?;
            Some((char::from_u32(code).filter(|_| code > 255)?, rest))
        });
        match escaped {
            Some((character, rest)) => {
                text.push(character);
                text.push_str(rest);
            }
            None => {
                text.push_str("&#");
                text.push_str(part);
            }
        }
    }
    text
}
