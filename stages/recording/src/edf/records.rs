//! Data records: samples to physical units, and stretches without gaps.

use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

use super::EdfError;
use super::annotations::{Annotations, Malformed};
use super::header::{Content, Header, Kind, Signal};
use crate::{Annotation, Channel, Recording, Samples};

pub(super) fn read<R: Read>(reader: &mut R, header: &Header, record_count: u64) -> Result<Recording, EdfError> {
    let mut stretches: Vec<Stretch> = Vec::new();
    let mut annotations = Annotations::default();
    let mut notes = Vec::new();
    let mut bytes = vec![0; header.record_bytes() as usize];
    let mut values = Values::of(header, record_count);
    for record in 0..record_count {
        reader.read_exact(&mut bytes)?;
        let onset = onset(header, &bytes, record, &mut annotations)?;
        if let Some(start_s) = starts_stretch(header, stretches.last(), record, onset, &mut notes)? {
            stretches.push(Stretch { start_s, first: record, records: 0 });
        }
        if let Some(stretch) = stretches.last_mut() {
            stretch.records += 1;
        }
        values.put(header, &bytes, record);
    }
    notes.extend(annotations.note());
    let signals = || header.signals.iter().filter(|signal| signal.has_samples());
    let parts = signals().flat_map(|signal| stretches.iter().map(move |stretch| (signal, stretch)));
    let lengths = parts.clone().map(|(signal, stretch)| signal.samples_per_record * stretch.records as usize);
    let channel = |((signal, stretch), samples): ((&Signal, &Stretch), Samples)| Channel {
        label: signal.label.clone(),
        unit: signal.unit.clone(),
        sampling_rate_hz: header.rate_hz(signal),
        rate_rounding: header.rate_rounding,
        samples,
        start_s: stretch.start_s,
    };
    let channels = parts.clone().zip(Samples::parts(values.values, lengths)).map(channel).collect();
    Ok(Recording {
        channels,
        annotations: annotations.found,
        start: Some(header.start.clone()),
        notes,
        ..Recording::default()
    })
}

/// The parts without gaps, as the annotation signal says them; samples are not read.
pub(super) fn stretches<R: Read + Seek>(
    reader: &mut R,
    header: &Header,
    record_count: u64,
) -> Result<Vec<Stretch>, EdfError> {
    let mut stretches: Vec<Stretch> = Vec::new();
    let is_first = |(_, signal): &(usize, &Signal)| signal.is_annotations();
    let (position, length) = match header.signals.iter().enumerate().find(is_first) {
        Some((position, signal)) => (position, signal.samples_per_record * header.bytes_per_sample),
        None => (0, 0),
    };
    let before: usize = header.signals[..position].iter().map(|signal| signal.samples_per_record).sum();
    let mut bytes = vec![0; length];
    let mut notes = Vec::new();
    for record in 0..record_count {
        let offset = header.bytes() + record * header.record_bytes() + (before * header.bytes_per_sample) as u64;
        reader.seek(SeekFrom::Start(offset))?;
        reader.read_exact(&mut bytes)?;
        let onset = first_onset(header, Annotations::default().take(&bytes, record, offset), record)?;
        if let Some(start_s) = starts_stretch(header, stretches.last(), record, onset, &mut notes)? {
            stretches.push(Stretch { start_s, first: record, records: 0 });
        }
        if let Some(stretch) = stretches.last_mut() {
            stretch.records += 1;
        }
    }
    Ok(stretches)
}

/// These samples of each channel with samples, of a file without gaps or of this stretch of one with gaps.
pub(super) fn read_part<R: Read + Seek>(
    reader: &mut R,
    header: &Header,
    spans: &[Range<u64>],
    rates_hz: &[f64],
    stretch: Option<&Stretch>,
) -> Result<Recording, EdfError> {
    let mut bytes = vec![0; header.record_bytes() as usize];
    let (start_s, first_record) = match stretch {
        Some(stretch) => (stretch.start_s, stretch.first),
        None => {
            reader.seek(SeekFrom::Start(header.bytes()))?;
            reader.read_exact(&mut bytes)?;
            (onset(header, &bytes, 0, &mut Annotations::default())?.unwrap_or(0.0), 0)
        }
    };
    let with_samples = || header.signals.iter().enumerate().filter(|(_, signal)| signal.has_samples());
    let per_record = || with_samples().map(|(_, signal)| signal.samples_per_record as u64);
    let first = per_record().zip(spans).map(|(samples, span)| span.start / samples).min().unwrap_or(0);
    let end = per_record().zip(spans).map(|(samples, span)| span.end.div_ceil(samples)).max().unwrap_or(0);
    let mut values = Values::of(header, end.saturating_sub(first));
    reader.seek(SeekFrom::Start(header.bytes() + first * header.record_bytes()))?;
    for record in first..end {
        reader.read_exact(&mut bytes)?;
        values.put(header, &bytes, record - first);
    }
    let channel = |((position, signal), (span, &rate_hz)): ((usize, &Signal), (&Range<u64>, &f64))| {
        let skipped = first * signal.samples_per_record as u64;
        let begin = values.begins[position];
        let own = begin + (span.start - skipped) as usize..begin + (span.end - skipped) as usize;
        Channel {
            label: signal.label.clone(),
            unit: signal.unit.clone(),
            sampling_rate_hz: rate_hz,
            rate_rounding: header.rate_rounding,
            samples: values.values[own].to_vec().into(),
            start_s: start_s + (span.start - first_record * signal.samples_per_record as u64) as f64 / rate_hz,
        }
    };
    let channels = with_samples().zip(spans.iter().zip(rates_hz)).map(channel).collect();
    Ok(Recording { channels, start: Some(header.start.clone()), ..Recording::default() })
}

/// The annotations of all records.
pub(super) fn annotations<R: Read + Seek>(
    reader: &mut R,
    header: &Header,
    record_count: u64,
) -> Result<(Vec<Annotation>, Option<String>), EdfError> {
    let mut annotations = Annotations::default();
    let mut bytes = Vec::new();
    for record in 0..record_count {
        let mut offset = header.bytes() + record * header.record_bytes();
        for signal in &header.signals {
            let length = signal.samples_per_record * header.bytes_per_sample;
            if signal.is_annotations() {
                reader.seek(SeekFrom::Start(offset))?;
                bytes.resize(length, 0);
                reader.read_exact(&mut bytes)?;
                annotations.take(&bytes, record, offset);
            }
            offset += length as u64;
        }
    }
    let note = annotations.note();
    Ok((annotations.found, note))
}

/// Records that follow each other without a gap.
pub(super) struct Stretch {
    pub(super) start_s: f64,
    /// The number of the first one.
    pub(super) first: u64,
    pub(super) records: u64,
}

/// The values of some records, signal after signal.
struct Values {
    values: Vec<f64>,
    /// Where those of each signal of the header begin; signals without samples have none.
    begins: Vec<usize>,
}

impl Values {
    /// Room for so many records: the file has been found to be long enough for them.
    fn of(header: &Header, records: u64) -> Self {
        let mut end = 0;
        let begin = |signal: &Signal| {
            let begin = end;
            end += if signal.has_samples() { signal.samples_per_record * records as usize } else { 0 };
            begin
        };
        let begins = header.signals.iter().map(begin).collect();
        Self { values: vec![0.0; end], begins }
    }

    fn put(&mut self, header: &Header, mut bytes: &[u8], record: u64) {
        for (begin, signal) in self.begins.iter().zip(&header.signals) {
            let (own, rest) = bytes.split_at(signal.samples_per_record * header.bytes_per_sample);
            bytes = rest;
            if let Content::Samples { physical_min, digital_min, step } = signal.content {
                let physical = |digital: i32| physical_min + (f64::from(digital) - digital_min) * step;
                let values = &mut self.values[begin + signal.samples_per_record * record as usize..];
                match header.bytes_per_sample {
                    2 => put_scaled(own, values, |raw| physical(i16::from_le_bytes(raw).into())),
                    // Shifted down again from the top of the word so that the sign comes along.
                    _ => put_scaled(own, values, |[low, middle, high]| {
                        physical(i32::from_le_bytes([0, low, middle, high]) >> 8)
                    }),
                }
            }
        }
    }
}

/// One loop for each width of samples: the compiler does several of them at a time.
fn put_scaled<const WIDTH: usize>(raw: &[u8], values: &mut [f64], physical: impl Fn([u8; WIDTH]) -> f64) {
    for (value, raw) in values.iter_mut().zip(raw.as_chunks::<WIDTH>().0) {
        *value = physical(*raw);
    }
}

/// When the record starts, if an annotation signal says so. A discontinuous file must say it.
fn onset(
    header: &Header,
    record_bytes: &[u8],
    record: u64,
    annotations: &mut Annotations,
) -> Result<Option<f64>, EdfError> {
    let mut onset = None;
    let mut start = 0;
    let mut is_first = true;
    for signal in &header.signals {
        let end = start + signal.samples_per_record * header.bytes_per_sample;
        if signal.is_annotations() {
            let offset = header.bytes() + record * header.record_bytes() + start as u64;
            let first = annotations.take(&record_bytes[start..end], record, offset);
            if is_first {
                onset = first_onset(header, first, record)?;
            }
            is_first = false;
        }
        start = end;
    }
    Ok(onset)
}

/// What the first annotation signal says of the start of a record; malformed, it is nothing where records follow each other.
fn first_onset(header: &Header, first: Option<Result<f64, Malformed>>, record: u64) -> Result<Option<f64>, EdfError> {
    match first {
        Some(Err(Malformed { offset, problem })) if header.kind == Kind::Discontinuous => {
            Err(EdfError::Annotation { record, offset, problem })
        }
        other => Ok(other.and_then(Result::ok)),
    }
}

/// The start of a new stretch, if one starts with this record.
fn starts_stretch(
    header: &Header,
    stretch: Option<&Stretch>,
    record: u64,
    onset: Option<f64>,
    notes: &mut Vec<String>,
) -> Result<Option<f64>, EdfError> {
    let is_discontinuous = header.kind == Kind::Discontinuous;
    if is_discontinuous && onset.is_none() {
        return Err(EdfError::Annotation {
            record,
            offset: header.bytes() + record * header.record_bytes(),
            problem: "EDF+D must say in each record when it starts".to_owned(),
        });
    }
    let (Some(stretch), Some(onset_s)) = (stretch, onset) else {
        return Ok(stretch.is_none().then_some(onset.unwrap_or(0.0)));
    };
    let expected_s = stretch.start_s + stretch.records as f64 * header.record_duration_s;
    let samples = header.signals.iter().filter(|signal| signal.has_samples());
    let most = samples.map(|signal| signal.samples_per_record).max().unwrap_or(1);
    // Onsets are rounded to the digits written; half a sample of the fastest channel is no gap yet.
    let tolerance_s = 0.5 * header.record_duration_s / most as f64;
    let is_late = onset_s > expected_s + tolerance_s;
    let is_early = onset_s < expected_s - tolerance_s;
    if !is_discontinuous {
        if (is_late || is_early) && notes.is_empty() && header.record_duration_s > 0.0 {
            notes.push(format!(
                "data record {record} says that it starts at {onset_s} s, but the file says that it has no gaps, so that it starts at {expected_s} s: \
                 records are joined without a gap"
            ));
        }
        return Ok(None);
    }
    if is_early {
        return Err(EdfError::RecordOrder { record, onset_s, expected_s });
    }
    Ok(is_late.then_some(onset_s))
}
