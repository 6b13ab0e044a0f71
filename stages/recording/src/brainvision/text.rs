//! Sections of `key=value` in UTF-8 or Latin-1.

use std::io::{Read, Seek};

use super::{BrainVisionError, length};

/// What is read of a header or of markers: a million lines.
const MOST_BYTES: u64 = 1 << 26;
/// What may stand before the version in the first line.
const BEGINNINGS: [&str; 4] =
    ["Brain Vision Data Exchange", "BrainVision Data Exchange", "Brain Vision Core Data", "Brain Vision V-Amp Data"];

/// A text of sections.
pub(super) struct Sections {
    entries: Vec<Entry>,
}

/// A line `key=value` and its section.
pub(super) struct Entry {
    pub(super) line: u64,
    section: String,
    pub(super) key: String,
    pub(super) value: String,
}

impl Sections {
    /// `what` is the file in messages, `due` the word for it in the first line.
    pub(super) fn read<R: Read + Seek + ?Sized>(
        reader: &mut R,
        what: &'static str,
        due: &'static str,
    ) -> Result<Self, BrainVisionError> {
        let found = length(reader)?;
        let mut bytes = Vec::new();
        reader.take(FIRST_LINE).read_to_end(&mut bytes)?;
        let first = decoded(bytes.split(|&byte| byte == b'\n' || byte == b'\r').next().unwrap_or(&[]));
        if !is_first_line(&first, due) {
            let found = first.chars().take(80).collect();
            return Err(BrainVisionError::NotBrainVision { what, due, found });
        }
        if found > MOST_BYTES {
            return Err(BrainVisionError::TooLong { what, found, most: MOST_BYTES });
        }
        reader.take(MOST_BYTES).read_to_end(&mut bytes)?;
        Ok(Self { entries: entries(&decoded(&bytes)) })
    }

    /// The value of a key, if it has one; an empty one is none.
    pub(super) fn get(&self, section: &str, key: &str) -> Option<&Entry> {
        let is = |entry: &&Entry| entry.section.eq_ignore_ascii_case(section) && entry.key.eq_ignore_ascii_case(key);
        self.entries.iter().find(is).filter(|entry| !entry.value.is_empty())
    }

    pub(super) fn of_section<'a>(&'a self, section: &'a str) -> impl Iterator<Item = &'a Entry> {
        self.entries.iter().filter(move |entry| entry.section.eq_ignore_ascii_case(section))
    }
}

/// The first line is within so many bytes.
const FIRST_LINE: u64 = 200;

fn is_first_line(line: &str, due: &str) -> bool {
    let line = line.trim_start_matches('\u{feff}').trim();
    let Some(rest) = BEGINNINGS.iter().find_map(|beginning| line.strip_prefix(beginning)) else {
        return false;
    };
    let rest = rest.trim_start().trim_start_matches("Exchange").trim_start();
    let version = rest.strip_prefix(due).and_then(|rest| rest.trim_start().strip_prefix("File"));
    let version = version.map(|rest| rest.trim_start_matches(',').trim_start().trim_start_matches("Version").trim());
    version.is_some_and(|version| matches!(version.split('.').next(), Some("1" | "2")))
}

/// Text in UTF-8 is taken for it, whatever the file says of its code page: no other text looks like it.
fn decoded(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

fn entries(text: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut section = String::new();
    for (line, number) in text.lines().zip(1_u64..) {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            // Free text follows, to the end.
            if name.trim().eq_ignore_ascii_case("Comment") {
                break;
            }
            section = name.trim().to_owned();
            continue;
        }
        if line.starts_with(';') {
            continue;
        }
        if let Some((key, value)) = line.split_once('=') {
            let (key, value) = (key.trim().to_owned(), value.trim().to_owned());
            entries.push(Entry { line: number, section: section.clone(), key, value });
        }
    }
    entries
}

/// A field of a list: blanks around it do not belong to it, and `\1` is a comma.
pub(super) fn field(text: &str) -> String {
    text.trim().replace("\\1", ",")
}
