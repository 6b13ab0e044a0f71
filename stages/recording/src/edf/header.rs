//! The header: fixed-width text fields, checked one by one.
//!
//! A field that says how the file is laid out must be right, or nothing after it is; one that describes a signal may lose that signal only.

use std::io::Read;

use super::EdfError;
use super::fields::Text;
use crate::rates::{HIGHEST_RATE_HZ, only_whole_between};

pub(super) struct Header {
    pub(super) start: String,
    pub(super) kind: Kind,
    pub(super) bytes_per_sample: usize,
    /// None if the recorder did not know it when it wrote the header (-1).
    announced_records: Option<u64>,
    pub(super) record_duration_s: f64,
    /// Half of the last digit of the duration, as a part of it, where it may be rounded.
    pub(super) rate_rounding: f64,
    pub(super) signals: Vec<Signal>,
    pub(super) notes: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// EDF or BDF without annotations.
    Plain,
    /// EDF+C, BDF+C.
    Continuous,
    /// EDF+D, BDF+D.
    Discontinuous,
}

pub(super) struct Signal {
    pub(super) label: String,
    pub(super) unit: Option<String>,
    pub(super) samples_per_record: usize,
    pub(super) content: Content,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Content {
    Annotations,
    Samples {
        physical_min: f64,
        digital_min: f64,
        /// Physical units per digital step.
        step: f64,
    },
    /// It takes its place in the records, but what it says is unknown.
    LeftOut,
}

/// The records of a file.
pub(super) struct Records {
    pub(super) count: u64,
    /// What is odd about their number.
    pub(super) note: Option<String>,
}

const FIXED_BYTES: usize = 256;
const BYTES_PER_SIGNAL: usize = 256;
const MOST_SIGNALS: i64 = 9999;
const MOST_IN_A_FIELD: i64 = 99_999_999;

impl Header {
    pub(super) fn read<R: Read>(reader: &mut R, file_length: u64) -> Result<Self, EdfError> {
        let fixed = Text::read(reader, FIXED_BYTES, file_length, 0)?;
        let bytes_per_sample = sample_width(fixed.bytes())?;
        let whole_signals = "a whole number from 1 to 9999";
        let signal_count = fixed.whole("number of signals", 252, 4, whole_signals, 1..=MOST_SIGNALS)? as usize;
        let header_bytes = FIXED_BYTES + BYTES_PER_SIGNAL * signal_count;
        let due = format!("{header_bytes} for {signal_count} signals");
        fixed.whole("number of bytes in header", 184, 8, &due, header_bytes as i64..=header_bytes as i64)?;
        let kind = kind(&fixed.text(192, 44));
        let due = "a whole number >= 0, or -1 if unknown";
        let announced = fixed.whole("number of data records", 236, 8, due, -1..=MOST_IN_A_FIELD)?;
        let due = "0, or a number of seconds >= 1e-9";
        let written_duration_s = fixed.decimal("duration of a data record", 244, 8, due, |n| n == 0.0 || n >= 1e-9)?;
        let per_signal = Text::read(reader, BYTES_PER_SIGNAL * signal_count, file_length, FIXED_BYTES)?;
        let mut left_out = LeftOut::default();
        let signals = (0..signal_count)
            .map(|signal| signal_of(&per_signal, signal, signal_count, kind, bytes_per_sample, &mut left_out))
            .collect::<Result<Vec<Signal>, EdfError>>()?;
        // Files of annotations alone may give their records no duration.
        if written_duration_s == 0.0 && signals.iter().any(Signal::has_samples) {
            let due = "a number of seconds above 0 where there are signals";
            return fixed.refuse("duration of a data record", 244, 8, due);
        }
        let mut notes = left_out.notes();
        let most = signals.iter().filter(|signal| signal.has_samples()).map(|signal| signal.samples_per_record).max();
        let record_duration_s = match rounded_rate(&fixed, written_duration_s, most) {
            Some((samples, rate_hz)) => {
                notes.push(format!(
                    "data records last {written_duration_s} s, which is rounded: {rate_hz} Hz is the sampling rate that was meant"
                ));
                samples / rate_hz
            }
            None => written_duration_s,
        };
        let header = Self {
            start: format!("{} {}", fixed.text(168, 8), fixed.text(176, 8)),
            kind,
            bytes_per_sample,
            announced_records: u64::try_from(announced).ok(),
            record_duration_s,
            rate_rounding: rounding(&fixed, written_duration_s),
            signals,
            notes,
        };
        match header.signals.iter().find(|signal| signal.has_samples() && header.rate_hz(signal) > HIGHEST_RATE_HZ) {
            Some(signal) => Err(EdfError::Rate { label: signal.label.clone(), rate_hz: header.rate_hz(signal) }),
            None => Ok(header),
        }
    }

    pub(super) fn rate_hz(&self, signal: &Signal) -> f64 {
        let rate_hz = signal.samples_per_record as f64 / self.record_duration_s;
        // A duration that was found from a rate gives that rate back but for the last digit.
        let whole = rate_hz.round();
        if (rate_hz - whole).abs() <= 2.0 * f64::EPSILON * whole { whole } else { rate_hz }
    }

    pub(super) fn bytes(&self) -> u64 {
        (FIXED_BYTES + BYTES_PER_SIGNAL * self.signals.len()) as u64
    }

    /// At most 9999 signals x 99,999,999 samples x 3 bytes, so nothing overflows: fields of the header are checked against these numbers.
    pub(super) fn record_bytes(&self) -> u64 {
        let samples: u64 = self.signals.iter().map(|signal| signal.samples_per_record as u64).sum();
        samples * self.bytes_per_sample as u64
    }

    /// The number of records to read: what is announced, or what is there if that is less or nothing is announced.
    pub(super) fn records(&self, file_length: u64) -> Result<Records, EdfError> {
        let record_bytes = self.record_bytes();
        if record_bytes == 0 {
            return Err(EdfError::NoSamples);
        }
        let data_bytes = file_length.saturating_sub(self.bytes());
        let (found, rest) = (data_bytes / record_bytes, data_bytes % record_bytes);
        let part = if rest > 0 { " and a part of one" } else { "" };
        let (count, note) = match self.announced_records {
            Some(announced) if announced > found => {
                if found == 0 {
                    return Err(EdfError::Truncated { announced, found, record_bytes });
                }
                let note = format!(
                    "the header announces {announced} data records, but the file ends after {found}{part}: the whole ones are read"
                );
                (found, Some(note))
            }
            Some(announced) => {
                let more = data_bytes - announced * record_bytes;
                let note = format!(
                    "the header announces {announced} data records; {more} bytes after them ({} data records) are not read",
                    more / record_bytes
                );
                (announced, (more > 0).then_some(note))
            }
            None => {
                let note = "the file ends within a data record: the whole ones are read".to_owned();
                (found, (rest > 0).then_some(note))
            }
        };
        if count == 0 {
            return Err(EdfError::NoRecords);
        }
        Ok(Records { count, note })
    }
}

impl Signal {
    pub(super) fn has_samples(&self) -> bool {
        matches!(self.content, Content::Samples { .. })
    }

    pub(super) fn is_annotations(&self) -> bool {
        self.content == Content::Annotations
    }
}

fn kind(reserved: &str) -> Kind {
    match reserved.get(..5) {
        Some("EDF+C" | "BDF+C") => Kind::Continuous,
        Some("EDF+D" | "BDF+D") => Kind::Discontinuous,
        _ => Kind::Plain,
    }
}

fn sample_width(header: &[u8]) -> Result<usize, EdfError> {
    match header.get(..8) {
        Some(b"0       ") => Ok(2),
        Some(b"\xffBIOSEMI") => Ok(3),
        other => Err(EdfError::NotEdf { found: other.unwrap_or(header).escape_ascii().to_string() }),
    }
}

/// Half of the last digit of the duration of records, as a part of it; 0 where it has few decimals, and is meant.
fn rounding(fixed: &Text, duration_s: f64) -> f64 {
    const ENOUGH_DECIMALS: usize = 3;
    let (_, decimals) = fixed.digits(244, 8);
    match i32::try_from(decimals) {
        Ok(places) if decimals >= ENOUGH_DECIMALS && duration_s > 0.0 => 0.5 * 10_f64.powi(-places) / duration_s,
        _ => 0.0,
    }
}

/// Samples per record of the fastest signal and its rate, where the duration of records was rounded to what its field holds.
///
/// A duration with few digits is taken as it is: 1.024 s is not rounded from 1000 samples at 977 Hz.
fn rounded_rate(fixed: &Text, duration_s: f64, samples: Option<usize>) -> Option<(f64, f64)> {
    const ENOUGH_DIGITS: usize = 5;
    let samples = samples? as f64;
    let (digits, decimals) = fixed.digits(244, 8);
    let half = 0.5 * 10_f64.powi(-i32::try_from(decimals).ok()?);
    if digits < ENOUGH_DIGITS || decimals == 0 || half >= duration_s {
        return None;
    }
    let written_hz = samples / duration_s;
    let rate_hz = only_whole_between(samples / (duration_s + half), samples / (duration_s - half))?;
    ((rate_hz - written_hz).abs() > 4.0 * f64::EPSILON * written_hz).then_some((samples, rate_hz))
}

/// The header lists one property of all signals after another.
fn signal_of(
    text: &Text,
    signal: usize,
    signal_count: usize,
    kind: Kind,
    bytes_per_sample: usize,
    left_out: &mut LeftOut,
) -> Result<Signal, EdfError> {
    let place = |before: usize, width: usize| before * signal_count + width * signal;
    let name = format!("number of samples per data record of signal {}", signal + 1);
    let samples = text.whole(&name, place(216, 8), 8, "a whole number >= 0", 0..=MOST_IN_A_FIELD)?;
    let label = text.text(place(0, 16), 16);
    let unit = text.text(place(96, 8), 8);
    let is_annotations = kind != Kind::Plain && matches!(label.as_str(), "EDF Annotations" | "BDF Annotations");
    let limits =
        [(104, "physical minimum"), (112, "physical maximum"), (120, "digital minimum"), (128, "digital maximum")]
            .map(|(before, name)| Limit { name, start: place(before, 8) });
    let content = if samples == 0 {
        Err("it has no samples".to_owned())
    } else if is_annotations {
        Ok(Content::Annotations)
    } else {
        scale(text, &limits, bytes_per_sample)
    };
    let content = content.unwrap_or_else(|why| {
        left_out.push(signal, &label, why);
        Content::LeftOut
    });
    let unit = (!unit.is_empty()).then_some(unit);
    Ok(Signal { label, unit, samples_per_record: samples as usize, content })
}

struct Limit {
    name: &'static str,
    start: usize,
}

/// What digital values mean, or why that is not known.
fn scale(text: &Text, limits: &[Limit; 4], bytes_per_sample: usize) -> Result<Content, String> {
    let [low, high, digital_low, digital_high] = limits;
    let no = |limit: &Limit, allowed: &str| {
        format!("its {} is `{}`; allowed: {allowed}", limit.name, text.printable(limit.start, 8))
    };
    let physical = |limit: &Limit| text.decimal_of(limit.start, 8).ok_or_else(|| no(limit, "a number"));
    let (physical_min, physical_max) = (physical(low)?, physical(high)?);
    if physical_min == physical_max {
        return Err(format!("its physical minimum and maximum are both {physical_min}"));
    }
    let bound = 1_i64 << (8 * bytes_per_sample - 1);
    let whole = format!("a whole number from {} to {}", -bound, bound - 1);
    let digital = |limit: &Limit| {
        let number = text.whole_of(limit.start, 8).filter(|number| (-bound..bound).contains(number));
        number.ok_or_else(|| no(limit, &whole))
    };
    let (digital_min, digital_max) = (digital(digital_low)?, digital(digital_high)?);
    if digital_min >= digital_max {
        return Err(format!("its digital minimum, {digital_min}, is not below its digital maximum, {digital_max}"));
    }
    let step = (physical_max - physical_min) / (digital_max - digital_min) as f64;
    if !step.is_finite() {
        return Err(format!("its physical minimum and maximum, {physical_min} and {physical_max}, lie too far apart"));
    }
    Ok(Content::Samples { physical_min, digital_min: digital_min as f64, step })
}

/// Signals that are not read, and why.
#[derive(Default)]
struct LeftOut {
    notes: Vec<String>,
    count: usize,
}

impl LeftOut {
    const MOST_TOLD: usize = 8;

    fn push(&mut self, signal: usize, label: &str, why: String) {
        self.count += 1;
        if self.notes.len() < Self::MOST_TOLD {
            self.notes.push(format!("signal {}, `{label}`, is left out: {why}", signal + 1));
        }
    }

    fn notes(mut self) -> Vec<String> {
        if self.count > self.notes.len() {
            self.notes.push(format!("{} more signals are left out", self.count - self.notes.len()));
        }
        self.notes
    }
}
