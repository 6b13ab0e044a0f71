//! Raw data of FieldTrip (ft_datatype_raw): a struct with `label` (names of channels), `trial{k}` (channels x samples), `time{k}` (seconds) and mostly
//! `fsample` (Hz). It says no unit. Several trials are epochs, whose times are those of `time`, around an event each.

use super::plan::{Block, LayoutError, Place, Plan, SMALL, at, rate_at};
use super::value::{Numbers, dims_text};
use super::{MatValue, find};
use crate::even_times::even_times;

/// Relative: times are rounded where they were computed.
const SAME_RATE: f64 = 1e-3;

/// The variables that are such structs.
pub(super) fn recordings(variables: &[(String, MatValue)]) -> Vec<&str> {
    variables.iter().filter(|(_, value)| is_recording(value)).map(|(name, _)| name.as_str()).collect()
}

pub(super) fn is_recording(value: &MatValue) -> bool {
    let is_cell = |field: &str| matches!(value.field(field), Some(MatValue::Cell { .. }));
    is_cell("trial") && is_cell("time") && value.field("label").is_some_and(|label| label.texts().is_some())
}

/// Whether so much of the array at a path is read as tells times: the first of a long trial do.
pub(super) fn is_time(path: &str) -> bool {
    path.contains(".time{")
}

pub(super) fn plan(variables: &[(String, MatValue)], path: &str) -> Result<Plan, LayoutError> {
    let value = at(variables, path)?;
    let mut labels = value.field("label").and_then(MatValue::texts).unwrap_or_default();
    let mut notes = Vec::new();
    let of = |field: &str| match value.field(field) {
        Some(MatValue::Cell { items, .. }) => items.as_slice(),
        _ => &[],
    };
    let (trials, times) = (of("trial"), of("time"));
    if trials.is_empty() || trials.len() != times.len() {
        return Err(LayoutError::Kind {
            path: format!("{path}.trial"),
            found: format!("{} trials beside {} times", trials.len(), times.len()),
            allowed: "one trial at least, and as many times",
        });
    }
    let mut rate_hz = match find(variables, &format!("{path}.fsample")) {
        Some(_) => Some(rate_at(variables, &format!("{path}.fsample"))?),
        None => None,
    };
    let mut blocks = Vec::new();
    let mut is_whole = true;
    for (number, (trial, time)) in (1..).zip(trials.iter().zip(times)) {
        let (trial_path, time_path) = (format!("{path}.trial{{{number}}}"), format!("{path}.time{{{number}}}"));
        let MatValue::Numbers(Numbers { dims, is_complex: false, is_whole: of_trial, .. }) = trial else {
            let allowed = "real numbers, channels x samples";
            return Err(LayoutError::Kind { path: trial_path, found: trial.told(), allowed });
        };
        let &[channels, samples] = &dims[..] else {
            let allowed = "real numbers, channels x samples";
            return Err(LayoutError::Kind { path: trial_path, found: trial.told(), allowed });
        };
        if channels != labels.len() {
            let (path, found) = (format!("{path}.label"), labels.len());
            return Err(LayoutError::Names { path, found, array: trial_path, dims: dims_text(dims) });
        }
        let (start_s, found_hz) = timing(time, samples, &time_path)?;
        let rate = match (rate_hz, found_hz) {
            (None, None) => {
                let allowed = "two times at least, or a field `fsample`";
                return Err(LayoutError::Kind { path: time_path, found: time.told(), allowed });
            }
            (Some(rate_hz), Some(found_hz)) if (found_hz / rate_hz - 1.0).abs() > SAME_RATE => {
                return Err(LayoutError::OtherTimes { path: time_path, rate_hz, found_hz });
            }
            (Some(rate_hz), _) | (None, Some(rate_hz)) => rate_hz,
        };
        rate_hz = Some(rate);
        is_whole &= of_trial;
        blocks.push(Block {
            place: Place::Variable(trial_path),
            has_channels_first: true,
            samples,
            epochs: 1,
            start_s,
        });
    }
    let is_epoched = blocks.len() > 1;
    if is_epoched {
        tell_apart(&mut labels, &mut notes);
    }
    let rate_hz = rate_hz.unwrap_or(f64::NAN);
    Ok(Plan { labels, unit: None, rate_hz, blocks, is_epoched, is_whole, annotations: Vec::new(), notes })
}

/// When a trial begins, and the rate that its times say; refused where they do not go on in equal steps.
fn timing(time: &MatValue, samples: usize, path: &str) -> Result<(f64, Option<f64>), LayoutError> {
    let wrong = || LayoutError::Kind {
        path: path.to_owned(),
        found: time.told(),
        allowed: "one time in seconds for each sample of the trial",
    };
    let MatValue::Numbers(numbers @ Numbers { real: Some(times), is_complex: false, .. }) = time else {
        return Err(wrong());
    };
    if numbers.len() != samples {
        return Err(wrong());
    }
    let uneven = || LayoutError::Uneven { path: path.to_owned() };
    let even = even_times(times).ok_or_else(uneven)?;
    Ok((even.start_s, even.rate_hz))
}

/// Epochs of a channel are told by its name, so no two may have one.
pub(super) fn tell_apart(labels: &mut [String], notes: &mut Vec<String>) {
    let mut known = std::collections::HashSet::new();
    for label in labels {
        let named = label.clone();
        let mut copy = 1;
        while !known.insert(label.clone()) {
            copy += 1;
            *label = format!("{named} ({copy})");
        }
        if copy > 1 {
            notes.push(format!("there are several channels `{named}`; one is called `{label}`"));
        }
    }
}

/// What of an array is read to find recordings: small ones, and the beginning of times.
pub(super) fn wanted(path: &str, dims: &[usize]) -> super::Want {
    use super::Want;
    match dims.iter().product::<usize>() {
        count if count <= SMALL => Want::All,
        _ if is_time(path) => Want::Last(0..SMALL),
        _ => Want::Shape,
    }
}
