//! Data records: samples to physical units, and stretches without gaps.

use std::io::Read;

use super::header::{Header, Kind, Signal};
use super::{EdfError, annotations};
use crate::{Annotation, Channel, Recording};

pub(super) fn read<R: Read>(reader: &mut R, header: &Header, record_count: u64) -> Result<Recording, EdfError> {
    let mut stretches: Vec<Stretch> = Vec::new();
    let mut annotations = Vec::new();
    let mut bytes = vec![0; header.record_bytes() as usize];
    for record in 0..record_count {
        reader.read_exact(&mut bytes)?;
        let onset = parse_annotations(header, &bytes, record, &mut annotations)?;
        if let Some(start_s) = starts_stretch(header, stretches.last(), record, onset)? {
            stretches.push(Stretch::starting_at(start_s, header));
        }
        let Some(stretch) = stretches.last_mut() else {
            continue;
        };
        if stretch.records == 0 && header.kind != Kind::Discontinuous {
            // The file is long enough for all records, so this is bounded by its length.
            stretch.reserve(header, record_count);
        }
        stretch.push(header, &bytes);
    }
    let mut channels = Vec::new();
    for (position, signal) in header.signals.iter().enumerate() {
        if signal.is_annotations {
            continue;
        }
        for stretch in &mut stretches {
            channels.push(Channel {
                label: signal.label.clone(),
                unit: signal.unit.clone(),
                sampling_rate_hz: signal.samples_per_record as f64 / header.record_duration_s,
                samples: std::mem::take(&mut stretch.samples[position]),
                start_s: stretch.start_s,
            });
        }
    }
    Ok(Recording { channels, annotations, start: Some(header.start.clone()) })
}

/// Records that follow each other without a gap; samples per signal of the header.
struct Stretch {
    start_s: f64,
    records: u64,
    samples: Vec<Vec<f64>>,
}

impl Stretch {
    fn starting_at(start_s: f64, header: &Header) -> Self {
        Self { start_s, records: 0, samples: vec![Vec::new(); header.signals.len()] }
    }

    fn reserve(&mut self, header: &Header, record_count: u64) {
        for (samples, signal) in self.samples.iter_mut().zip(&header.signals) {
            if !signal.is_annotations {
                samples.reserve_exact(signal.samples_per_record * record_count as usize);
            }
        }
    }

    fn push(&mut self, header: &Header, mut bytes: &[u8]) {
        self.records += 1;
        for (samples, signal) in self.samples.iter_mut().zip(&header.signals) {
            let (own, rest) = bytes.split_at(signal.samples_per_record * header.bytes_per_sample);
            bytes = rest;
            if !signal.is_annotations {
                samples.extend(own.chunks_exact(header.bytes_per_sample).map(|raw| physical(signal, raw)));
            }
        }
    }
}

fn physical(signal: &Signal, raw: &[u8]) -> f64 {
    let digital = match *raw {
        [low, high] => i32::from(i16::from_le_bytes([low, high])),
        // Shifted down again from the top of the word so that the sign comes along.
        [low, middle, high] => i32::from_le_bytes([0, low, middle, high]) >> 8,
        _ => 0,
    };
    signal.physical_min + (f64::from(digital) - signal.digital_min) * signal.step
}

/// The onset of the record, if an annotation signal says so.
fn parse_annotations(
    header: &Header,
    record_bytes: &[u8],
    record: u64,
    annotations: &mut Vec<Annotation>,
) -> Result<Option<f64>, EdfError> {
    let mut onset = None;
    let mut start = 0;
    let mut is_first = true;
    for signal in &header.signals {
        let end = start + signal.samples_per_record * header.bytes_per_sample;
        if signal.is_annotations {
            let offset = header.bytes() + record * header.record_bytes() + start as u64;
            let first = annotations::parse(&record_bytes[start..end], record, offset, annotations)?;
            if is_first {
                onset = first;
            }
            is_first = false;
        }
        start = end;
    }
    Ok(onset)
}

/// The start of a new stretch, if one starts with this record.
fn starts_stretch(
    header: &Header,
    stretch: Option<&Stretch>,
    record: u64,
    onset: Option<f64>,
) -> Result<Option<f64>, EdfError> {
    if header.kind == Kind::Discontinuous && onset.is_none() {
        return Err(EdfError::Annotation {
            record,
            offset: header.bytes() + record * header.record_bytes(),
            problem: "EDF+D must say in each record when it starts".to_owned(),
        });
    }
    let onset_s = onset.unwrap_or(0.0);
    let Some(stretch) = stretch else {
        return Ok(Some(onset_s));
    };
    if header.kind != Kind::Discontinuous {
        return Ok(None);
    }
    let expected_s = stretch.start_s + stretch.records as f64 * header.record_duration_s;
    let samples = header.signals.iter().filter(|signal| !signal.is_annotations);
    let most = samples.map(|signal| signal.samples_per_record).max().unwrap_or(1);
    // Onsets are rounded to the digits written; half a sample of the fastest channel is no gap yet.
    let tolerance_s = 0.5 * header.record_duration_s / most as f64;
    if onset_s < expected_s - tolerance_s {
        return Err(EdfError::RecordOrder { record, onset_s, expected_s });
    }
    Ok((onset_s > expected_s + tolerance_s).then_some(onset_s))
}
