//! Time-stamped annotation lists (EDF+ specification, section 2.2.2).
//!
//! `+onset[\x15duration]\x14text\x14text\x14\x00`, padded with zeros to the end of the record. The first list of a record's first annotation signal starts
//! with an empty text: it says when the record starts. Times are in seconds from the start given in the header; text is UTF-8.

use crate::Annotation;

const DURATION_FOLLOWS: u8 = 0x15;
const TEXT_ENDS: u8 = 0x14;
const LIST_ENDS: u8 = 0x00;

/// What the annotation signals of a file hold.
#[derive(Default)]
pub(super) struct Annotations {
    pub(super) found: Vec<Annotation>,
    malformed: u64,
    /// Where the first malformed one is and what is wrong with it.
    first: String,
}

/// A list that is not in the form above.
pub(super) struct Malformed {
    pub(super) offset: u64,
    pub(super) problem: String,
}

impl Annotations {
    /// Adds those in one record of an annotation signal, and returns the onset of its first list, which keeps the time of the record.
    ///
    /// `offset` is where `bytes` lie in the file, for messages.
    pub(super) fn take(&mut self, bytes: &[u8], record: u64, offset: u64) -> Option<Result<f64, Malformed>> {
        let mut first_onset = None;
        let mut position = 0;
        for list in bytes.split(|&byte| byte == LIST_ENDS) {
            let offset = offset + position as u64;
            position += list.len() + 1;
            if list.is_empty() {
                continue;
            }
            let onset = self.list(list).map_err(|problem| Malformed { offset, problem });
            if let Err(Malformed { offset, problem }) = &onset {
                self.malformed += 1;
                if self.malformed == 1 {
                    self.first = format!("data record {record}, byte {offset} of the file: {problem}");
                }
            }
            first_onset.get_or_insert(onset);
        }
        first_onset
    }

    /// What was left out.
    pub(super) fn note(&self) -> Option<String> {
        let several = match self.malformed {
            0 => return None,
            1 => "a malformed annotation is left out".to_owned(),
            count => format!("{count} malformed annotations are left out, first"),
        };
        Some(format!("{several}: {}", self.first))
    }

    fn list(&mut self, list: &[u8]) -> Result<f64, String> {
        let Some((&TEXT_ENDS, list)) = list.split_last() else {
            return Err("an annotation list does not end with bytes 20, 0".to_owned());
        };
        let mut parts = list.split(|&byte| byte == TEXT_ENDS);
        let (onset_s, duration_s) = times(parts.next().unwrap_or(&[]))?;
        for text in parts.filter(|text| !text.is_empty()) {
            let text = String::from_utf8_lossy(text).into_owned();
            self.found.push(Annotation { onset_s, duration_s, text, ..Annotation::default() });
        }
        Ok(onset_s)
    }
}

fn times(stamp: &[u8]) -> Result<(f64, Option<f64>), String> {
    let mut parts = stamp.splitn(2, |&byte| byte == DURATION_FOLLOWS);
    let onset = parts.next().unwrap_or(&[]);
    if !matches!(onset.first(), Some(b'+' | b'-')) {
        return Err(format!("onset `{}` must start with + or -", onset.escape_ascii()));
    }
    let duration = match parts.next() {
        None | Some([]) => None,
        Some(text) => Some(
            seconds(text)
                .filter(|duration| *duration >= 0.0)
                .ok_or_else(|| format!("duration `{}` must be a number of seconds >= 0", text.escape_ascii()))?,
        ),
    };
    let onset =
        seconds(onset).ok_or_else(|| format!("onset `{}` must be a number of seconds", onset.escape_ascii()))?;
    Ok((onset, duration))
}

fn seconds(text: &[u8]) -> Option<f64> {
    let is_decimal = text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'+' | b'-'));
    let number: f64 = std::str::from_utf8(text).ok().filter(|_| is_decimal)?.parse().ok()?;
    number.is_finite().then_some(number)
}
