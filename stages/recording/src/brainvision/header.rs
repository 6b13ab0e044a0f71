//! The header: what it says of the data.

use std::collections::HashMap;
use std::io::{Read, Seek};

use super::BrainVisionError;
use super::text::{Entry, Sections, field};
use crate::rates::{HIGHEST_RATE_HZ, only_whole_between};
use crate::stored::{Number, Stored};

pub(super) struct Header {
    /// Beside the header, by the name that the header has for it.
    pub(super) data_file: String,
    pub(super) marker_file: Option<String>,
    pub(super) stored: Stored,
    pub(super) orientation: Orientation,
    pub(super) sampling_rate_hz: f64,
    /// Half of the last digit of the sampling interval, as a part of it, where it may be rounded.
    pub(super) rate_rounding: f64,
    pub(super) points: Option<u64>,
    pub(super) channels: Vec<HeaderChannel>,
    pub(super) notes: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Orientation {
    Multiplexed,
    Vectorized,
}

pub(super) struct HeaderChannel {
    pub(super) label: String,
    pub(super) unit: String,
    pub(super) resolution: f64,
}

const COMMON: &str = "Common Infos";
const BINARY: &str = "Binary Infos";
const CHANNELS: &str = "Channel Infos";
/// More than any amplifier has.
const MOST_CHANNELS: u64 = 65_536;
/// The unit of channels of which the header gives none.
const MICROVOLT: &str = "uV";

impl Header {
    /// `name` is the header's own, for `$b`.
    pub(super) fn read<R: Read + Seek + ?Sized>(reader: &mut R, name: Option<&str>) -> Result<Self, BrainVisionError> {
        let sections = Sections::read(reader, "header", "Header")?;
        let mut notes = Vec::new();
        let is = |section: &str, key: &str, allowed: &str| match sections.get(section, key) {
            Some(entry) if !entry.value.eq_ignore_ascii_case(allowed) => Err(refused(entry, &format!("`{allowed}`"))),
            _ => Ok(()),
        };
        is(COMMON, "DataFormat", "BINARY")?;
        is(COMMON, "DataType", "TIMEDOMAIN")?;
        for key in ["DataOffset", "ChannelOffset", "SegmentHeaderSize", "TrailerSize"] {
            is(BINARY, key, "0")?;
        }
        let data_file = file_name(due(&sections, COMMON, "DataFile", "the name of the data file")?, name, &mut notes)?;
        let marker = sections.get(COMMON, "MarkerFile");
        let marker_file = marker.map(|entry| file_name(entry, name, &mut notes)).transpose()?;
        let orientation = match sections.get(COMMON, "DataOrientation") {
            None => Orientation::Multiplexed,
            Some(entry) => match entry.value.to_ascii_uppercase().as_str() {
                "MULTIPLEXED" => Orientation::Multiplexed,
                "VECTORIZED" => Orientation::Vectorized,
                _ => return Err(refused(entry, "`MULTIPLEXED` or `VECTORIZED`")),
            },
        };
        let format = due(&sections, BINARY, "BinaryFormat", "INT_16, UINT_16, INT_32 or IEEE_FLOAT_32")?;
        let number = match format.value.to_ascii_uppercase().as_str() {
            "INT_16" => Number::I16,
            "UINT_16" => Number::U16,
            "INT_32" => Number::I32,
            "IEEE_FLOAT_32" => Number::F32,
            _ => return Err(refused(format, "INT_16, UINT_16, INT_32 or IEEE_FLOAT_32")),
        };
        let big_endian = match sections.get(BINARY, "UseBigEndianOrder") {
            None => false,
            Some(entry) => match entry.value.to_ascii_uppercase().as_str() {
                "NO" => false,
                "YES" => true,
                _ => return Err(refused(entry, "`YES` or `NO`")),
            },
        };
        let interval = due(&sections, COMMON, "SamplingInterval", "a number of microseconds above 0")?;
        let (sampling_rate_hz, rate_rounding) = rate(interval)?;
        let points = match sections.get(COMMON, "DataPoints") {
            None => None,
            Some(entry) => Some(entry.value.parse().map_err(|_| refused(entry, "a whole number >= 0"))?),
        };
        if let Some(entry) = sections.get(COMMON, "SegmentDataPoints")
            && entry.value != "0"
        {
            notes.push(format!(
                "the recording was cut into segments of {} data points, which follow each other without gaps here",
                entry.value
            ));
        }
        let channels = channels(&sections)?;
        let stored = Stored { number, big_endian };
        Ok(Self {
            data_file,
            marker_file,
            stored,
            orientation,
            sampling_rate_hz,
            rate_rounding,
            points,
            channels,
            notes,
        })
    }
}

fn due<'a>(
    sections: &'a Sections,
    section: &'static str,
    key: &str,
    allowed: &'static str,
) -> Result<&'a Entry, BrainVisionError> {
    let missing = || BrainVisionError::Missing { key: key.to_owned(), section, allowed };
    sections.get(section, key).ok_or_else(missing)
}

fn refused(entry: &Entry, allowed: &str) -> BrainVisionError {
    const MOST_SHOWN: usize = 80;
    BrainVisionError::Field {
        line: entry.line,
        key: entry.key.chars().take(MOST_SHOWN).collect(),
        found: entry.value.chars().take(MOST_SHOWN).collect(),
        allowed: allowed.to_owned(),
    }
}

/// The name of a file beside the header.
fn file_name(entry: &Entry, header: Option<&str>, notes: &mut Vec<String>) -> Result<String, BrainVisionError> {
    let mut name = entry.value.clone();
    if name.contains("$b") {
        let Some(header) = header else {
            return Err(refused(entry, "a name without `$b`, where the name of the header is not known"));
        };
        name = name.replace("$b", header.rsplit_once('.').map_or(header, |(stem, _)| stem));
    }
    let own = name.rsplit(['/', '\\']).next().unwrap_or(&name).to_owned();
    if own.is_empty() || own == "." || own == ".." {
        return Err(refused(entry, "the name of a file beside the header"));
    }
    if own != name {
        notes.push(format!("`{}={}` is taken for the file `{own}` beside the header", entry.key, entry.value));
    }
    Ok(own)
}

/// Rate in Hz of an interval in microseconds, and by how much of itself it is uncertain. An interval of five digits or more that is rounded to its last one
/// means the whole rate that it allows.
fn rate(entry: &Entry) -> Result<(f64, f64), BrainVisionError> {
    const PER_SECOND: f64 = 1e6;
    const ENOUGH_DIGITS: usize = 5;
    const LOWEST_RATE_HZ: f64 = 1e-9;
    // Some systems write a comma for the point.
    let text = entry.value.replacen(',', ".", 1);
    let number = text.parse::<f64>().ok().filter(|interval| interval.is_finite() && *interval > 0.0);
    let wrong = || refused(entry, &format!("a number of microseconds, for a rate of up to {HIGHEST_RATE_HZ} Hz"));
    let interval = number.ok_or_else(wrong)?;
    let rate_hz = PER_SECOND / interval;
    if !(LOWEST_RATE_HZ..=HIGHEST_RATE_HZ).contains(&rate_hz) {
        return Err(wrong());
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let are_digits = whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    let digits = whole.trim_start_matches('0').len() + fraction.len();
    let half = 0.5 * 10_f64.powi(-i32::try_from(fraction.len()).unwrap_or(i32::MAX));
    if fraction.is_empty() || !are_digits || digits < ENOUGH_DIGITS || half >= interval {
        return Ok((rate_hz, 0.0));
    }
    let whole = only_whole_between(PER_SECOND / (interval + half), PER_SECOND / (interval - half));
    Ok((whole.unwrap_or(rate_hz), half / interval))
}

fn channels(sections: &Sections) -> Result<Vec<HeaderChannel>, BrainVisionError> {
    let count = due(sections, COMMON, "NumberOfChannels", "a whole number from 1 to 65536")?;
    let wrong = || refused(count, "a whole number from 1 to 65536, with a line in [Channel Infos] for each");
    let number: u64 = count.value.parse().map_err(|_| wrong())?;
    if !(1..=MOST_CHANNELS).contains(&number) {
        return Err(wrong());
    }
    // By number: lines of channels may stand in any order, and be fewer than announced.
    let mut channels: HashMap<u64, HeaderChannel> = HashMap::new();
    for entry in sections.of_section(CHANNELS) {
        let prefix = entry.key.get(..2).filter(|prefix| prefix.eq_ignore_ascii_case("Ch"));
        let Some(position) = prefix.and_then(|_| entry.key[2..].parse::<u64>().ok()) else {
            continue;
        };
        if !(1..=number).contains(&position) {
            return Err(refused(entry, &format!("channels 1 to {number}, as `NumberOfChannels` says")));
        }
        if channels.insert(position, channel(entry, position)?).is_some() {
            return Err(refused(entry, "one line for each channel"));
        }
    }
    let missing = |position: u64| BrainVisionError::Missing {
        key: format!("Ch{position}"),
        section: CHANNELS,
        allowed: "`Ch1=name,reference,resolution,unit` and so on, one for each of `NumberOfChannels`",
    };
    (1..=number).map(|position| channels.remove(&position).ok_or_else(|| missing(position))).collect()
}

fn channel(entry: &Entry, position: u64) -> Result<HeaderChannel, BrainVisionError> {
    const LARGEST: f64 = 1e30;
    let mut fields = entry.value.split(',').map(field);
    let label = fields.next().filter(|label| !label.is_empty()).unwrap_or_else(|| position.to_string());
    let _reference = fields.next();
    let resolution = match fields.next().filter(|text| !text.is_empty()) {
        None => 1.0,
        Some(text) => {
            let number = text.parse::<f64>().ok();
            let is_right = |number: &f64| number.is_finite() && *number != 0.0 && number.abs() <= LARGEST;
            number.filter(is_right).ok_or_else(|| refused(entry, "a resolution that is a number other than 0"))?
        }
    };
    let unit = fields.next().filter(|unit| !unit.is_empty());
    // Other formats cannot write the sign of micro, and tables are joined by units.
    let unit = unit.map_or_else(|| MICROVOLT.to_owned(), |unit| unit.replace(['\u{b5}', '\u{3bc}'], "u"));
    Ok(HeaderChannel { label, unit, resolution })
}
