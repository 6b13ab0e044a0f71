//! Recordings of EEGLAB (EEG structure, sccn.ucsd.edu/wiki/A05:_Data_Structures): a struct `EEG`, or its fields as variables (since 2021).
//!
//! | field | meaning |
//! |---|---|
//! | `data` | channels x samples (x epochs) in microvolts, or the name of a file `.fdt` of 32-bit floats beside it |
//! | `nbchan`, `pnts`, `trials` | channels, samples of an epoch, epochs |
//! | `srate` | sampling rate in Hz |
//! | `xmin` | time of the first sample of each epoch in seconds |
//! | `chanlocs(k).labels` | names of channels; without them, channels are called `1`, `2`, ... as EEGLAB shows them |
//! | `event(k).type`, `latency`, `duration` | what happened at which sample, counted from 1 and along all epochs one after the other, for how many |

use super::plan::{Block, LayoutError, Place, Plan, at, rate_at};
use super::value::dims_text;
use super::{MatValue, find};
use crate::Annotation;

/// What EEGLAB keeps signals in.
const UNIT: &str = "uV";

/// Where the fields of a recording are: in front of their names.
pub(super) fn prefix(variables: &[(String, MatValue)]) -> Option<String> {
    const FIELDS: [&str; 3] = ["data", "srate", "nbchan"];
    if FIELDS.iter().all(|field| find(variables, field).is_some()) {
        return Some(String::new());
    }
    let is_recording = |value: &MatValue| FIELDS.iter().all(|field| value.field(field).is_some());
    let mut structs = variables.iter().filter(|(_, value)| is_recording(value)).map(|(name, _)| name);
    match (structs.next(), structs.next()) {
        (Some(name), None) => Some(format!("{name}.")),
        _ => None,
    }
}

pub(super) fn plan(variables: &[(String, MatValue)], prefix: &str) -> Result<Plan, LayoutError> {
    let path = |field: &str| format!("{prefix}{field}");
    let rate_hz = rate_at(variables, &path("srate"))?;
    let count = |field: &str, or: Option<usize>| match (find(variables, &path(field)).and_then(MatValue::number), or) {
        (Some(count), _) if count >= 1.0 && count <= f64::from(i32::MAX) && count.fract() == 0.0 => Ok(count as usize),
        (None, Some(or)) => Ok(or),
        (found, _) => Err(LayoutError::Kind {
            path: path(field),
            found: found.map_or_else(|| "missing".to_owned(), |count| count.to_string()),
            allowed: "a whole number above 0",
        }),
    };
    let channels = count("nbchan", None)?;
    let epochs = count("trials", Some(1))?;
    let mut notes = Vec::new();
    let (place, samples, is_whole) = match at(variables, &path("data"))? {
        MatValue::Numbers(numbers) if !numbers.is_complex => {
            let of_shape = numbers.dims.iter().skip(1).product::<usize>() / epochs;
            let samples = count("pnts", Some(of_shape))?;
            let is_held = numbers.dims.first() == Some(&channels)
                && numbers.len() as u128 == channels as u128 * samples as u128 * epochs as u128;
            if !is_held {
                return Err(LayoutError::Dimensions {
                    path: path("data"),
                    dims: dims_text(&numbers.dims),
                    needed: dims_text(&[channels, samples, epochs]),
                    why: "`nbchan`, `pnts` and `trials` say so",
                });
            }
            (Place::Variable(path("data")), samples, numbers.is_whole)
        }
        value => match value.text().and_then(part_name) {
            Some(name) => (Place::Part(name), count("pnts", None)?, false),
            None => {
                return Err(LayoutError::Kind {
                    path: path("data"),
                    found: value.text().map_or_else(|| value.told(), |text| format!("`{text}`")),
                    allowed: "numbers, or the name of a file .fdt",
                });
            }
        },
    };
    let is_epoched = epochs > 1;
    let start_s = match find(variables, &path("xmin")).and_then(MatValue::number) {
        Some(start_s) if is_epoched && start_s.is_finite() => start_s,
        _ => 0.0,
    };
    let annotations = events(variables, &path("event"), rate_hz, &mut notes);
    if is_epoched && !annotations.is_empty() {
        notes.push("onsets of events count along the epochs, one after the other".to_owned());
    }
    let cuts = annotations.iter().filter(|event| event.text == "boundary").count();
    if cuts > 0 && !is_epoched {
        notes.push(format!(
            "{cuts} events `boundary`: stretches may have been cut out there, and the signals go on behind them"
        ));
    }
    let labels = labels(variables, &path("chanlocs"), channels, &mut notes);
    let block = Block { place, has_channels_first: true, samples, epochs, start_s };
    Ok(Plan { labels, unit: Some(UNIT), rate_hz, blocks: vec![block], is_epoched, is_whole, annotations, notes })
}

/// The file of values that lies beside the header, whatever folder it was written in.
pub(super) fn part_name(text: &str) -> Option<String> {
    let name = text.rsplit(['/', '\\']).next().unwrap_or(text).trim();
    name.to_lowercase().ends_with(".fdt").then(|| name.to_owned())
}

fn labels(variables: &[(String, MatValue)], path: &str, channels: usize, notes: &mut Vec<String>) -> Vec<String> {
    let numbered = |channel: usize| (channel + 1).to_string();
    let named = match find(variables, path) {
        Some(MatValue::Struct { fields, .. }) => {
            fields.iter().find(|(name, _)| name == "labels").map(|(_, labels)| labels)
        }
        _ => None,
    };
    let Some(named) = named.filter(|named| !named.is_empty()) else {
        notes.push("it names no channel; they are called by their numbers".to_owned());
        return (0..channels).map(numbered).collect();
    };
    if named.len() != channels {
        notes.push(format!(
            "`{path}` has {} names for {channels} channels; they are called by their numbers",
            named.len()
        ));
        return (0..channels).map(numbered).collect();
    }
    let label = |(channel, value): (usize, &MatValue)| match (value.text().map(str::trim), value.number()) {
        (Some(text), _) if !text.is_empty() => text.to_owned(),
        (_, Some(number)) => number.to_string(),
        _ => numbered(channel),
    };
    named.iter().enumerate().map(label).collect()
}

fn events(variables: &[(String, MatValue)], path: &str, rate_hz: f64, notes: &mut Vec<String>) -> Vec<Annotation> {
    let Some(MatValue::Struct { fields, .. }) = find(variables, path) else {
        return Vec::new();
    };
    let field = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, values)| values.as_slice());
    let (Some(latencies), kinds, durations) = (field("latency"), field("type"), field("duration")) else {
        return Vec::new();
    };
    let mut left_out = 0;
    let mut annotations = Vec::new();
    for (number, latency) in latencies.iter().enumerate() {
        let Some(latency) = latency.number().filter(|latency| latency.is_finite()) else {
            left_out += 1;
            continue;
        };
        let text = match kinds.and_then(|kinds| kinds.get(number)) {
            None => String::new(),
            Some(kind) => match (kind.text(), kind.number()) {
                (Some(text), _) => text.to_owned(),
                (None, Some(number)) => number.to_string(),
                (None, None) => kind.told(),
            },
        };
        let duration = durations.and_then(|durations| durations.get(number)).and_then(MatValue::number);
        annotations.push(Annotation {
            onset_s: (latency - 1.0) / rate_hz,
            duration_s: duration
                .filter(|samples| samples.is_finite() && *samples >= 0.0)
                .map(|samples| samples / rate_hz),
            text,
            ..Annotation::default()
        });
    }
    if left_out > 0 {
        notes.push(format!("{left_out} events of `{path}` have no latency and are left out"));
    }
    annotations
}
