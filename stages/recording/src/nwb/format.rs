//! NWB files as a format of recordings.

use super::error::NwbError;
use super::series::{Series, all_series};
use super::tables;
use crate::even_times::EvenTimes;
use crate::format::{Format, FormatError, Outline, Parts, ReadOptions, settled_rate};
use crate::hdf5::{Hdf5, with_file};
use crate::windows::Window;
use crate::{Annotation, Channel, ChannelOutline, Recording};

/// `.nwb`.
pub(crate) struct Nwb;

impl Format for Nwb {
    fn name(&self) -> &'static str {
        "NWB"
    }

    fn extension(&self) -> &'static str {
        "nwb"
    }

    fn remark(&self) -> Option<&'static str> {
        Some("all series, or the one that `variable` names")
    }

    fn version(&self) -> u32 {
        1
    }

    fn has_variables(&self) -> bool {
        true
    }

    fn outline(&self, parts: &mut dyn Parts, options: &ReadOptions<'_>) -> Result<Outline, FormatError> {
        with_file(&mut *parts.open(None)?, |file| outline(file, options))
    }

    fn read(
        &self,
        parts: &mut dyn Parts,
        options: &ReadOptions<'_>,
        window: Option<&Window>,
    ) -> Result<Recording, FormatError> {
        with_file(&mut *parts.open(None)?, |file| read(file, options, window))
    }

    fn annotations(&self, parts: &mut dyn Parts) -> Result<(Vec<Annotation>, Option<String>), FormatError> {
        Ok(with_file(&mut *parts.open(None)?, tables::intervals)?)
    }
}

/// The series that are read, with the names of their channels, and what was left out.
fn chosen(file: &Hdf5, options: &ReadOptions<'_>) -> Result<(Vec<Series>, Vec<String>), NwbError> {
    let (mut series, mut notes) = all_series(file)?;
    if let Some(wanted) = options.variable {
        let wanted = wanted.trim_matches('/');
        let known: Vec<String> = series.iter().map(|series| series.path.clone()).collect();
        series.retain(|series| series.path == wanted);
        if series.is_empty() {
            let why = notes.into_iter().find(|note| note.contains(&format!("`{wanted}`")));
            return Err(NwbError::NoSeries { wanted: wanted.to_owned(), known, why });
        }
        notes.clear();
    }
    if series.is_empty() {
        return Err(NwbError::Nothing { left_out: notes });
    }
    tell_apart(&mut series);
    if series.len() > 1 {
        let names: Vec<String> = series.iter().map(|series| format!("`{}`", series.path)).collect();
        notes.push(format!("it has {} series: {}; `variable` names one", names.len(), names.join(", ")));
    }
    Ok((series, notes))
}

/// Puts the series in front of its channels where another one has a channel of the same name.
fn tell_apart(series: &mut [Series]) {
    let mut of_name: std::collections::HashMap<&str, usize> = std::collections::HashMap::new();
    for label in series.iter().flat_map(|series| series.labels.iter().collect::<std::collections::HashSet<_>>()) {
        *of_name.entry(label).or_default() += 1;
    }
    let is_shared: Vec<bool> =
        series.iter().map(|series| series.labels.iter().any(|label| of_name[label.as_str()] > 1)).collect();
    let of_last = |path: &str| series.iter().filter(|other| other.name() == path).count();
    // Series of one name in several folders are called by their whole paths.
    let prefixes: Vec<String> = series
        .iter()
        .map(|one| if of_last(one.name()) > 1 { one.path.clone() } else { one.name().to_owned() })
        .collect();
    for ((series, is_shared), prefix) in series.iter_mut().zip(is_shared).zip(prefixes) {
        if is_shared {
            series.labels.iter_mut().for_each(|label| *label = format!("{prefix}/{label}"));
        }
    }
}

fn outline(file: &Hdf5, options: &ReadOptions<'_>) -> Result<Outline, FormatError> {
    let (series, notes) = chosen(file, options)?;
    let mut channels = Vec::new();
    for series in &series {
        let rate_hz = series.settled_rate(options)?;
        channels.extend(series.labels.iter().map(|label| ChannelOutline {
            label: label.clone(),
            unit: series.unit.clone(),
            sampling_rate_hz: rate_hz,
            samples: series.samples,
            start_s: series.times.start_s,
        }));
    }
    let (annotations, left_out) = tables::intervals(file)?;
    Ok(Outline {
        channels,
        has_annotations: !annotations.is_empty(),
        missing: series.iter().all(|series| series.is_whole).then_some(0),
        notes: notes.into_iter().chain(left_out).collect(),
        ..Outline::default()
    })
}

fn read(file: &Hdf5, options: &ReadOptions<'_>, window: Option<&Window>) -> Result<Recording, FormatError> {
    let (series, mut notes) = chosen(file, options)?;
    if let (Some(_), [first, others @ ..]) = (window, &series[..])
        && let Some(other) = others.iter().find(|other| other.times.start_s != first.times.start_s)
    {
        return Err(NwbError::WindowOfSeries {
            first: first.path.clone(),
            first_s: first.times.start_s,
            other: other.path.clone(),
            other_s: other.times.start_s,
        }
        .into());
    }
    let mut channels = Vec::new();
    for series in series {
        let rate_hz = series.settled_rate(options)?;
        let span = window.map_or(0..series.samples, |window| window.samples(rate_hz));
        if span.end > series.samples {
            return Err(FormatError::PastEnd { start_s: window.map_or(0.0, Window::start_s) });
        }
        let start_s = series.times.start_s + span.start as f64 / rate_hz;
        let samples = series.values(span)?;
        channels.extend(series.labels.into_iter().zip(samples).map(|(label, samples)| Channel {
            label,
            unit: series.unit.clone(),
            sampling_rate_hz: rate_hz,
            rate_rounding: 0.0,
            samples,
            start_s,
        }));
    }
    let mut annotations = Vec::new();
    if window.is_none() {
        let (found, left_out) = tables::intervals(file)?;
        annotations = found;
        notes.extend(left_out);
    }
    Ok(Recording { channels, annotations, notes, ..Recording::default() })
}

impl Series {
    fn settled_rate(&self, options: &ReadOptions<'_>) -> Result<f64, FormatError> {
        let label = self.labels.first().map_or(self.path.as_str(), String::as_str);
        match (self.times, options.sampling_rate_hz) {
            (EvenTimes { rate_hz: Some(found_hz), .. }, stated_hz) => settled_rate(stated_hz, found_hz, 0.0, label),
            (_, Some(stated_hz)) => Ok(stated_hz),
            (_, None) => Err(FormatError::NoSamplingRate { format: "NWB" }),
        }
    }
}
