//! A recording in a plain array, anywhere in a MAT file: `data.signal`, with `data.cfg.fs` and `data.cfg.channels`, as ncpi's data sets have it.
//!
//! What the options leave open is found where there is one choice: the only array of several real numbers, the only number that is called like a sampling
//! rate, the only list of as many names as there are channels. Which side is time tell the names; else the shape, if one side is at least 4 times the
//! other; else `orientation` must.

use super::MatValue;
use super::fieldtrip::tell_apart;
use super::plan::{Block, LayoutError, Place, Plan, at, rate_at, told};
use super::value::{Numbers, dims_text};
use crate::format::{FormatError, Orientation, ReadOptions};

/// Shapes that are this much longer than wide have time along the longer side.
const MUCH_LONGER: usize = 4;
const RATES: [&str; 10] = [
    "fs",
    "fsample",
    "srate",
    "sfreq",
    "sr",
    "samplerate",
    "sample_rate",
    "sampling_rate",
    "samplingrate",
    "sampling_frequency",
];
const NAMES: [&str; 9] =
    ["channels", "channel", "labels", "label", "chan", "chans", "channel_names", "ch_names", "channelnames"];

pub(super) fn plan(variables: &[(String, MatValue)], options: &ReadOptions<'_>) -> Result<Plan, FormatError> {
    let mut notes = Vec::new();
    let path = match options.variable {
        Some(path) => path.to_owned(),
        None => only_array(variables, &mut notes)?,
    };
    let value = at(variables, &path)?;
    let wrong = || LayoutError::Kind {
        path: path.clone(),
        found: value.told(),
        allowed: "real numbers, channels x samples or samples x channels (x epochs)",
    };
    let MatValue::Numbers(Numbers { dims, is_complex: false, is_whole, .. }) = value else {
        return Err(wrong().into());
    };
    let (rows, columns, epochs) = match dims[..] {
        [rows, columns] => (rows, columns, 1),
        [rows, columns, epochs] => (rows, columns, epochs),
        _ => return Err(wrong().into()),
    };
    if rows == 0 || columns == 0 || epochs == 0 {
        return Err(wrong().into());
    }
    let rate_hz = rate(variables, options, &mut notes)?;
    let names = names(variables, options, [rows, columns], &mut notes)?;
    let has_channels_first = is_channels_first(options, rows, columns, names.as_ref(), &path, dims, &mut notes)?;
    let (channels, samples) = if has_channels_first { (rows, columns) } else { (columns, rows) };
    let mut labels = match names {
        Some((from, names)) if names.len() != channels => {
            let (found, dims) = (names.len(), dims_text(dims));
            return Err(LayoutError::Names { path: from, found, array: path, dims }.into());
        }
        Some((_, names)) => names,
        None => (0..channels).map(|channel| channel.to_string()).collect(),
    };
    if epochs > 1 {
        tell_apart(&mut labels, &mut notes);
        notes.push(format!("the third side of `{path}` is epochs"));
    }
    let block = Block { place: Place::Variable(path), has_channels_first, samples, epochs, start_s: 0.0 };
    let (is_epoched, is_whole) = (epochs > 1, *is_whole);
    Ok(Plan { labels, unit: None, rate_hz, blocks: vec![block], is_epoched, is_whole, annotations: Vec::new(), notes })
}

/// Calls `found` with each value that a path of names leads to.
fn walk<'a>(variables: &'a [(String, MatValue)], found: &mut dyn FnMut(String, &'a MatValue)) {
    let mut left: Vec<(String, &MatValue)> =
        variables.iter().rev().map(|(name, value)| (name.clone(), value)).collect();
    while let Some((path, value)) = left.pop() {
        if let MatValue::Struct { fields, .. } = value {
            for (name, values) in fields.iter().rev() {
                if let [value] = &values[..] {
                    left.push((format!("{path}.{name}"), value));
                }
            }
        }
        found(path, value);
    }
}

fn only_array(variables: &[(String, MatValue)], notes: &mut Vec<String>) -> Result<String, LayoutError> {
    let mut candidates = Vec::new();
    walk(variables, &mut |path, value| match value {
        MatValue::Numbers(numbers) if !numbers.is_complex && numbers.len() > 1 => candidates.push((path, value)),
        _ => {}
    });
    match &candidates[..] {
        [] => Err(LayoutError::Nothing { known: told(variables) }),
        [(path, value)] => {
            notes.push(format!("`{path}` is read, {}", value.told()));
            Ok(path.clone())
        }
        several => Err(LayoutError::Several {
            candidates: several.iter().map(|(path, value)| format!("{path} ({})", value.told())).collect(),
        }),
    }
}

/// Whether the last name of a path is one of these.
fn is_called(path: &str, names: &[&str]) -> bool {
    let last = path.rsplit('.').next().unwrap_or(path).to_lowercase();
    names.contains(&last.as_str())
}

fn rate(
    variables: &[(String, MatValue)],
    options: &ReadOptions<'_>,
    notes: &mut Vec<String>,
) -> Result<f64, FormatError> {
    if let Some(path) = options.rate_variable {
        return Ok(rate_at(variables, path)?);
    }
    if let Some(stated_hz) = options.sampling_rate_hz {
        return Ok(stated_hz);
    }
    let mut found = Vec::new();
    walk(variables, &mut |path, value| {
        if is_called(&path, &RATES) && value.number().is_some_and(|rate| rate.is_finite() && rate > 0.0) {
            found.push(path);
        }
    });
    match &found[..] {
        [path] => {
            let rate_hz = rate_at(variables, path)?;
            notes.push(format!("sampled at {rate_hz} Hz, says `{path}`"));
            Ok(rate_hz)
        }
        _ => Err(FormatError::NoSamplingRate { format: "MAT" }),
    }
}

/// Names of channels, and where they are from.
type Names = Option<(String, Vec<String>)>;

fn names(
    variables: &[(String, MatValue)],
    options: &ReadOptions<'_>,
    sides: [usize; 2],
    notes: &mut Vec<String>,
) -> Result<Names, LayoutError> {
    if let Some(path) = options.channels_variable {
        let value = at(variables, path)?;
        let names = value.texts().or_else(|| labels_of(value)).ok_or_else(|| LayoutError::Kind {
            path: path.to_owned(),
            found: value.told(),
            allowed: "a cell array of texts, rows of text, or an array of structs with a field `labels`",
        })?;
        return Ok(Some((path.to_owned(), names)));
    }
    let mut found = Vec::new();
    walk(variables, &mut |path, value| {
        if is_called(&path, &NAMES)
            && let Some(names) = value.texts().filter(|names| names.len() > 1 || sides.contains(&1))
            && sides.contains(&names.len())
        {
            found.push((path, names));
        }
    });
    if found.len() != 1 {
        return Ok(None);
    }
    let only = found.pop();
    notes.extend(only.iter().map(|(path, _)| format!("`{path}` names the channels")));
    Ok(only)
}

fn labels_of(value: &MatValue) -> Option<Vec<String>> {
    let MatValue::Struct { fields, .. } = value else {
        return None;
    };
    let (_, labels) = fields.iter().find(|(name, _)| name == "labels")?;
    labels.iter().map(|label| label.text().map(str::to_owned)).collect()
}

fn is_channels_first(
    options: &ReadOptions<'_>,
    rows: usize,
    columns: usize,
    names: Option<&(String, Vec<String>)>,
    path: &str,
    dims: &[usize],
    notes: &mut Vec<String>,
) -> Result<bool, LayoutError> {
    if let Some(orientation) = options.orientation {
        return Ok(orientation == Orientation::ChannelsFirst);
    }
    let named = names.map(|(_, names)| names.len());
    if rows != columns && named == Some(rows) {
        return Ok(true);
    }
    if rows != columns && named == Some(columns) {
        return Ok(false);
    }
    let (shorter, longer) = (rows.min(columns), rows.max(columns));
    if longer < shorter.saturating_mul(MUCH_LONGER) && shorter > 1 || longer == shorter {
        return Err(LayoutError::Orientation { path: path.to_owned(), dims: dims_text(dims) });
    }
    let is_first = rows < columns;
    if shorter > 1 {
        let side = if is_first { "rows" } else { "columns" };
        notes.push(format!(
            "the {shorter} {side} of `{path}` are taken for channels, as the other side is much longer; `orientation` says otherwise"
        ));
    }
    Ok(is_first)
}
