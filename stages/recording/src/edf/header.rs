//! The header: fixed-width text fields, checked one by one.

use std::io::Read;

use super::EdfError;

pub(super) struct Header {
    pub(super) start: String,
    pub(super) kind: Kind,
    pub(super) bytes_per_sample: usize,
    /// None if the recorder did not know it when it wrote the header (-1).
    announced_records: Option<u64>,
    pub(super) record_duration_s: f64,
    pub(super) signals: Vec<Signal>,
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
    pub(super) is_annotations: bool,
    pub(super) samples_per_record: usize,
    pub(super) physical_min: f64,
    pub(super) digital_min: f64,
    /// Physical units per digital step.
    pub(super) step: f64,
}

const FIXED_BYTES: usize = 256;
const BYTES_PER_SIGNAL: usize = 256;

impl Header {
    pub(super) fn read<R: Read>(reader: &mut R, file_length: u64) -> Result<Self, EdfError> {
        let fixed = Text::read(reader, FIXED_BYTES, file_length, 0)?;
        let bytes_per_sample = sample_width(&fixed.bytes)?;
        let signal_count = fixed
            .number("number of signals", 252, 4, "a whole number from 1 to 9999", |n| n >= 1.0 && n.fract() == 0.0)?
            as usize;
        let header_bytes = FIXED_BYTES + BYTES_PER_SIGNAL * signal_count;
        fixed.number(
            "number of bytes in header",
            184,
            8,
            &format!("{header_bytes} for {signal_count} signals"),
            |n| n == header_bytes as f64,
        )?;
        let kind = kind(&fixed.text(192, 44));
        let announced =
            fixed.number("number of data records", 236, 8, "a whole number >= 0, or -1 if unknown", |n| {
                n >= -1.0 && n.fract() == 0.0
            })?;
        let record_duration_s =
            fixed.number("duration of a data record", 244, 8, "0, or a number of seconds >= 1e-9", |n| {
                n == 0.0 || n >= 1e-9
            })?;
        let per_signal = Text::read(reader, BYTES_PER_SIGNAL * signal_count, file_length, FIXED_BYTES)?;
        let signals = (0..signal_count)
            .map(|signal| Signal::parse(&per_signal, signal, signal_count, kind, bytes_per_sample))
            .collect::<Result<Vec<Signal>, EdfError>>()?;
        // Files of annotations alone may give their records no duration.
        if record_duration_s == 0.0 && signals.iter().any(|signal| !signal.is_annotations) {
            return fixed.refuse(
                "duration of a data record",
                244,
                8,
                "a number of seconds above 0 where there are signals",
            );
        }
        Ok(Self {
            start: format!("{} {}", fixed.text(168, 8), fixed.text(176, 8)),
            kind,
            bytes_per_sample,
            announced_records: (announced >= 0.0).then_some(announced as u64),
            record_duration_s,
            signals,
        })
    }

    pub(super) fn bytes(&self) -> u64 {
        (FIXED_BYTES + BYTES_PER_SIGNAL * self.signals.len()) as u64
    }

    /// At most 9999 signals x 99,999,999 samples x 3 bytes, so nothing overflows.
    pub(super) fn record_bytes(&self) -> u64 {
        let samples: u64 = self.signals.iter().map(|signal| signal.samples_per_record as u64).sum();
        samples * self.bytes_per_sample as u64
    }

    /// The number of records to read: what is announced, or what is there if nothing is.
    pub(super) fn record_count(&self, file_length: u64) -> Result<u64, EdfError> {
        let record_bytes = self.record_bytes();
        let found = file_length.saturating_sub(self.bytes()) / record_bytes;
        let count = self.announced_records.unwrap_or(found);
        if count > found {
            return Err(EdfError::Truncated { announced: count, found, record_bytes });
        }
        if count == 0 {
            return Err(EdfError::NoRecords);
        }
        Ok(count)
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
        other => Err(EdfError::NotEdf { found: printable(other.unwrap_or(header)) }),
    }
}

impl Signal {
    /// The header lists one property of all signals after another.
    fn parse(
        text: &Text,
        signal: usize,
        signal_count: usize,
        kind: Kind,
        bytes_per_sample: usize,
    ) -> Result<Self, EdfError> {
        let place = |before: usize, width: usize| before * signal_count + width * signal;
        let name = |field: &str| format!("{field} of signal {}", signal + 1);
        let label = text.text(place(0, 16), 16);
        let unit = text.text(place(96, 8), 8);
        let is_annotations = kind != Kind::Plain && matches!(label.as_str(), "EDF Annotations" | "BDF Annotations");
        let samples =
            text.number(&name("number of samples per data record"), place(216, 8), 8, "a whole number >= 1", |n| {
                n >= 1.0 && n.fract() == 0.0
            })?;
        let (mut physical_min, mut digital_min, mut step) = (0.0, 0.0, 1.0);
        if !is_annotations {
            let any = "a number";
            physical_min = text.number(&name("physical minimum"), place(104, 8), 8, any, |_| true)?;
            let physical_max = text.number(
                &name("physical maximum"),
                place(112, 8),
                8,
                &format!("a number other than the physical minimum, {physical_min}"),
                |n| n != physical_min && (n - physical_min).is_finite(),
            )?;
            let limit = f64::from(1 << (8 * bytes_per_sample - 1));
            digital_min = text.number(
                &name("digital minimum"),
                place(120, 8),
                8,
                &format!("a whole number from {} to {}", -limit, limit - 1.0),
                |n| n.fract() == 0.0 && (-limit..limit).contains(&n),
            )?;
            let digital_max = text.number(
                &name("digital maximum"),
                place(128, 8),
                8,
                &format!("a whole number above the digital minimum, {digital_min}, and up to {}", limit - 1.0),
                |n| n.fract() == 0.0 && n > digital_min && n < limit,
            )?;
            step = (physical_max - physical_min) / (digital_max - digital_min);
        }
        Ok(Self {
            label,
            unit: (!unit.is_empty()).then_some(unit),
            is_annotations,
            samples_per_record: samples as usize,
            physical_min,
            digital_min,
            step,
        })
    }
}

/// A stretch of the header and where in the file it starts.
struct Text {
    bytes: Vec<u8>,
    offset: usize,
}

impl Text {
    fn read<R: Read>(reader: &mut R, length: usize, file_length: u64, offset: usize) -> Result<Self, EdfError> {
        let needed = (offset + length) as u64;
        if needed > file_length {
            return Err(EdfError::HeaderTruncated { found: file_length, needed });
        }
        let mut bytes = vec![0; length];
        reader.read_exact(&mut bytes)?;
        Ok(Self { bytes, offset })
    }

    fn field(&self, start: usize, width: usize) -> &[u8] {
        self.bytes.get(start..start + width).unwrap_or(&[])
    }

    /// Without padding. The format asks for ASCII; older recorders write the letters of their language, mostly Latin-1.
    fn text(&self, start: usize, width: usize) -> String {
        let field = self.field(start, width);
        let text = match std::str::from_utf8(field) {
            Ok(text) => text.to_owned(),
            Err(_) => field.iter().map(|&byte| char::from(byte)).collect(),
        };
        text.trim_matches([' ', '\0']).to_owned()
    }

    fn number(
        &self,
        field: &str,
        start: usize,
        width: usize,
        allowed: &str,
        is_allowed: impl Fn(f64) -> bool,
    ) -> Result<f64, EdfError> {
        match self.text(start, width).parse::<f64>() {
            Ok(number) if number.is_finite() && is_allowed(number) => Ok(number),
            _ => self.refuse(field, start, width, allowed),
        }
    }

    fn refuse<T>(&self, field: &str, start: usize, width: usize, allowed: &str) -> Result<T, EdfError> {
        Err(EdfError::Field {
            field: field.to_owned(),
            offset: self.offset + start,
            found: printable(self.field(start, width)),
            allowed: allowed.to_owned(),
        })
    }
}

fn printable(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}
