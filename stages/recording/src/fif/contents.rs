//! What is needed of one file: its measurement information, where its data lie, its annotations and the file that goes on.

use std::io::{Read, Seek, SeekFrom};

use super::FifError;
use super::header::{Header, Information};
use super::tags::{BLOCK_END, BLOCK_START, Step, Tag, Tags, text};
use crate::stored::{Number, Stored};

/// One file.
#[derive(Default)]
pub(super) struct Contents {
    information: Information,
    /// Of the raw data, in their order.
    pub(super) items: Vec<Item>,
    pub(super) annotations: RawAnnotations,
    /// When the measurement began, in seconds since 1970.
    pub(super) measured_s: Option<f64>,
    /// The name of the file that goes on with the recording, or its number where it has no name here.
    pub(super) next: Option<Next>,
    pub(super) notes: Vec<String>,
}

pub(super) enum Item {
    FirstSample(u64),
    SkippedBuffers(u64),
    SkippedSamples(u64),
    Buffer { at: u64, bytes: u64, stored: Stored },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    Named(String),
    Numbered(i32),
}

/// Annotations as MNE stores them: lists of equal length.
#[derive(Default)]
pub(super) struct RawAnnotations {
    pub(super) onsets_s: Vec<f64>,
    pub(super) ends_s: Vec<f64>,
    pub(super) texts: String,
    /// From when onsets count, in seconds since 1970.
    pub(super) origin_s: Option<f64>,
}

const MEASUREMENT_INFORMATION: i32 = 101;
const RAW_DATA: [i32; 3] = [102, 112, SHIELDED_DATA];
const SHIELDED_DATA: i32 = 119;
const CHANNEL_INFORMATION: i32 = 113;
const REFERENCE: i32 = 118;
const BAD_CHANNELS: i32 = 359;
const ANNOTATIONS: i32 = 3810;

mod kind {
    pub(super) const CHANNEL_COUNT: i32 = 200;
    pub(super) const SAMPLING_RATE: i32 = 201;
    pub(super) const CHANNEL: i32 = 203;
    pub(super) const MEASURED: i32 = 204;
    pub(super) const COMMENT: i32 = 206;
    pub(super) const FIRST_SAMPLE: i32 = 208;
    pub(super) const CHANNEL_NAME: i32 = 258;
    pub(super) const BUFFER: i32 = 300;
    pub(super) const SKIPPED_BUFFERS: i32 = 301;
    pub(super) const SKIPPED_SAMPLES: i32 = 303;
    pub(super) const REFERENCE_ROLE: i32 = 115;
    pub(super) const REFERENCE_NUMBER: i32 = 117;
    pub(super) const REFERENCE_NAME: i32 = 118;
    pub(super) const NAMES: i32 = 3507;
    pub(super) const ONSETS: i32 = 3568;
    pub(super) const ENDS: i32 = 3569;
}

const ROLE_PREVIOUS: i32 = 1;
const ROLE_NEXT: i32 = 2;

impl Contents {
    pub(super) fn read<R: Read + Seek + ?Sized>(reader: &mut R) -> Result<Self, FifError> {
        let file_bytes = reader.seek(SeekFrom::End(0))?;
        let mut contents = Self::default();
        let mut tags = Tags::new(file_bytes);
        let mut blocks: Vec<i32> = Vec::new();
        let mut reference = Reference::default();
        loop {
            let tag = match tags.step(reader)? {
                Step::Tag(tag) => tag,
                Step::End => break,
                Step::CutOff(tag) => {
                    let within = if tag.kind == kind::BUFFER { "a data buffer" } else { "a tag" };
                    contents.notes.push(format!("the file ends within {within}: what is whole before it is read"));
                    break;
                }
            };
            match tag.kind {
                BLOCK_START => {
                    let block = tag.whole(&tag.read(reader)?)?;
                    blocks.push(block);
                    match block {
                        CHANNEL_INFORMATION => contents.information.extended += 1,
                        REFERENCE => reference = Reference::default(),
                        SHIELDED_DATA => contents.notes.push(SHIELDED.to_owned()),
                        _ => {}
                    }
                }
                BLOCK_END => {
                    if blocks.pop() == Some(REFERENCE) {
                        contents.refer(std::mem::take(&mut reference));
                    }
                }
                _ => match blocks.last().copied() {
                    Some(REFERENCE) => reference.take(&tag, reader)?,
                    Some(block) => contents.take(block, &tag, reader)?,
                    None => {}
                },
            }
        }
        Ok(contents)
    }

    pub(super) fn header(&self) -> Result<Header, FifError> {
        self.information.header()
    }

    pub(super) fn says_first_sample(&self) -> bool {
        self.items.iter().any(|item| matches!(item, Item::FirstSample(_)))
    }

    fn take<R: Read + Seek + ?Sized>(&mut self, block: i32, tag: &Tag, reader: &mut R) -> Result<(), FifError> {
        match (block, tag.kind) {
            (MEASUREMENT_INFORMATION, kind::CHANNEL_COUNT) => {
                self.information.channel_count = Some(tag.whole(&tag.read(reader)?)?);
            }
            (MEASUREMENT_INFORMATION, kind::SAMPLING_RATE) => {
                self.information.sampling_rate_hz = tag.numbers(&tag.read(reader)?).first().copied();
            }
            (MEASUREMENT_INFORMATION, kind::CHANNEL) => self.information.channels.push(tag.read(reader)?),
            (MEASUREMENT_INFORMATION, kind::MEASURED) => {
                self.measured_s = seconds(&tag.numbers(&tag.read(reader)?));
            }
            (CHANNEL_INFORMATION, kind::CHANNEL_NAME) => {
                let channel = self.information.extended;
                self.information.long_names.push((channel, text(&tag.read(reader)?)));
            }
            (BAD_CHANNELS, kind::NAMES) => self.information.bad = Some(text(&tag.read(reader)?)),
            (ANNOTATIONS, kind::ONSETS) => self.annotations.onsets_s = tag.numbers(&tag.read(reader)?),
            (ANNOTATIONS, kind::ENDS) => self.annotations.ends_s = tag.numbers(&tag.read(reader)?),
            (ANNOTATIONS, kind::COMMENT) => self.annotations.texts = text(&tag.read(reader)?),
            (ANNOTATIONS, kind::MEASURED) => {
                self.annotations.origin_s = seconds(&tag.numbers(&tag.read(reader)?));
            }
            (block, _) if RAW_DATA.contains(&block) => self.take_data(tag, reader)?,
            _ => {}
        }
        Ok(())
    }

    fn take_data<R: Read + Seek + ?Sized>(&mut self, tag: &Tag, reader: &mut R) -> Result<(), FifError> {
        let mut count = |what: &str| {
            let number = tag.whole(&tag.read(reader)?)?;
            let problem = || format!("says {number} {what}; allowed: a whole number >= 0");
            u64::try_from(number).map_err(|_| FifError::Tag { at: tag.at, problem: problem() })
        };
        let item = match tag.kind {
            kind::FIRST_SAMPLE => Item::FirstSample(count("as the number of the first sample")?),
            kind::SKIPPED_BUFFERS => Item::SkippedBuffers(count("skipped buffers")?),
            kind::SKIPPED_SAMPLES => Item::SkippedSamples(count("skipped samples")?),
            kind::BUFFER => {
                let number = match tag.data_type {
                    2 | 16 => Number::I16,
                    3 => Number::I32,
                    4 => Number::F32,
                    5 => Number::F64,
                    other => {
                        let problem = format!(
                            "is a data buffer of type {other}; allowed: 2 and 16 (16-bit), 3 (32-bit integer), 4 and 5 (32-bit and 64-bit float)"
                        );
                        return Err(FifError::Tag { at: tag.at, problem });
                    }
                };
                Item::Buffer { at: tag.at, bytes: tag.bytes, stored: Stored { number, big_endian: true } }
            }
            _ => return Ok(()),
        };
        self.items.push(item);
        Ok(())
    }

    fn refer(&mut self, reference: Reference) {
        match reference.role {
            Some(ROLE_NEXT) => {
                self.next = reference.name.map(Next::Named).or(reference.number.map(Next::Numbered));
            }
            Some(ROLE_PREVIOUS) => {
                let name = reference.name.map_or_else(|| "another file".to_owned(), |name| format!("`{name}`"));
                self.notes.push(format!("the file goes on with a recording that begins in {name}"));
            }
            _ => {}
        }
    }
}

const SHIELDED: &str = "the data were recorded with active shielding and not corrected for it (MaxShield)";

/// A block that names another file.
#[derive(Default)]
struct Reference {
    role: Option<i32>,
    name: Option<String>,
    number: Option<i32>,
}

impl Reference {
    fn take<R: Read + Seek + ?Sized>(&mut self, tag: &Tag, reader: &mut R) -> Result<(), FifError> {
        match tag.kind {
            kind::REFERENCE_ROLE => self.role = Some(tag.whole(&tag.read(reader)?)?),
            kind::REFERENCE_NUMBER => self.number = Some(tag.whole(&tag.read(reader)?)?),
            kind::REFERENCE_NAME => {
                let name = text(&tag.read(reader)?);
                // A path of the computer that wrote it; files of a recording lie together.
                let own = name.rsplit(['/', '\\']).next().unwrap_or_default();
                self.name = Some(own.to_owned()).filter(|own| !matches!(own.as_str(), "" | "." | ".."));
            }
            _ => {}
        }
        Ok(())
    }
}

/// Seconds, or seconds and microseconds.
fn seconds(numbers: &[f64]) -> Option<f64> {
    match *numbers {
        [seconds] => Some(seconds),
        [seconds, microseconds, ..] => Some(seconds + microseconds * 1e-6),
        [] => None,
    }
    .filter(|seconds| seconds.is_finite())
}
