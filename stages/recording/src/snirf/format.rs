//! SNIRF files as a format of recordings.

use super::SnirfError;
use crate::even_times::even_times;
use crate::format::{Format, FormatError, Outline, Parts, ReadOptions, settled_rate};
use crate::hdf5::{Array, Elements, Group, Hdf5, Node, with_file};
use crate::windows::Window;
use crate::{Annotation, Channel, ChannelOutline, Recording, Samples};

/// `.snirf`.
pub(crate) struct Snirf;

/// Data of the same times.
struct Block {
    path: String,
    labels: Vec<String>,
    units: Vec<Option<String>>,
    start_s: f64,
    rate_hz: f64,
    samples: u64,
    data: Array,
    is_whole: bool,
}

impl Format for Snirf {
    fn name(&self) -> &'static str {
        "SNIRF"
    }

    fn extension(&self) -> &'static str {
        "snirf"
    }

    fn version(&self) -> u32 {
        1
    }

    fn has_variables(&self) -> bool {
        true
    }

    fn outline(&self, parts: &mut dyn Parts, options: &ReadOptions<'_>) -> Result<Outline, FormatError> {
        with_file(&mut *parts.open(None)?, |file| {
            let recording = recording(file, options.variable)?;
            let blocks = blocks(&recording)?;
            let mut channels = Vec::new();
            for block in &blocks {
                let rate_hz = block.settled_rate(options)?;
                channels.extend(block.labels.iter().zip(&block.units).map(|(label, unit)| ChannelOutline {
                    label: label.clone(),
                    unit: unit.clone(),
                    sampling_rate_hz: rate_hz,
                    samples: block.samples,
                    start_s: block.start_s,
                }));
            }
            let has_annotations = !stimuli(&recording)?.is_empty();
            let missing = blocks.iter().all(|block| block.is_whole).then_some(0);
            Ok(Outline { channels, has_annotations, missing, ..Outline::default() })
        })
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
        let read = |file: &Hdf5| Ok::<_, SnirfError>((stimuli(&recording(file, None)?)?, None));
        Ok(with_file(&mut *parts.open(None)?, read)?)
    }
}

fn read(file: &Hdf5, options: &ReadOptions<'_>, window: Option<&Window>) -> Result<Recording, FormatError> {
    let recording = recording(file, options.variable)?;
    let blocks = blocks(&recording)?;
    if let (Some(_), [first, others @ ..]) = (window, &blocks[..])
        && let Some(other) = others.iter().find(|other| other.start_s != first.start_s)
    {
        return Err(SnirfError::WindowOfBlocks { first: first.path.clone(), other: other.path.clone() }.into());
    }
    let mut channels = Vec::new();
    for block in blocks {
        let rate_hz = block.settled_rate(options)?;
        let span = window.map_or(0..block.samples, |window| window.samples(rate_hz));
        if span.end > block.samples {
            return Err(FormatError::PastEnd { start_s: window.map_or(0.0, Window::start_s) });
        }
        let start_s = block.start_s + span.start as f64 / rate_hz;
        let values = block.data.numbers(Some(span))?;
        let samples = Samples::by_channel(&values, block.labels.len(), |_, value| value);
        channels.extend(block.labels.into_iter().zip(block.units).zip(samples).map(|((label, unit), samples)| {
            Channel { label, unit, sampling_rate_hz: rate_hz, rate_rounding: 0.0, samples, start_s }
        }));
    }
    let annotations = if window.is_none() { stimuli(&recording)? } else { Vec::new() };
    Ok(Recording { channels, annotations, ..Recording::default() })
}

impl Block {
    fn settled_rate(&self, options: &ReadOptions<'_>) -> Result<f64, FormatError> {
        let label = self.labels.first().map_or("", String::as_str);
        settled_rate(options.sampling_rate_hz, self.rate_hz, 0.0, label)
    }
}

fn recording(file: &Hdf5, wanted: Option<&str>) -> Result<Group, SnirfError> {
    let mut found = numbered(&file.root()?, "nirs")?;
    if found.is_empty() {
        return Err(SnirfError::NotSnirf);
    }
    let known: Vec<String> = found.iter().map(|group| group.path().to_owned()).collect();
    if let Some(wanted) = wanted {
        found.retain(|group| group.path() == wanted.trim_matches('/'));
    }
    match (found.pop(), found.is_empty(), wanted) {
        (Some(group), true, _) => Ok(group),
        (None, _, Some(wanted)) => Err(SnirfError::NoRecording { wanted: wanted.to_owned(), known }),
        _ => Err(SnirfError::Several { known }),
    }
}

/// The groups `NAME`, `NAME1`, `NAME2`, ... in the order of their numbers.
fn numbered(group: &Group, name: &str) -> Result<Vec<Group>, SnirfError> {
    let mut found: Vec<(u64, Group)> = Vec::new();
    for (member, node) in group.members()? {
        let number =
            member.strip_prefix(name).and_then(|rest| if rest.is_empty() { Some(0) } else { rest.parse().ok() });
        if let (Some(number), Node::Group(group)) = (number, node) {
            found.push((number, group));
        }
    }
    found.sort_by_key(|(number, _)| *number);
    Ok(found.into_iter().map(|(_, group)| group).collect())
}

fn number(group: &Group, name: &str) -> Result<Option<f64>, SnirfError> {
    match group.array(name)? {
        Some(array) if matches!(array.elements(), Elements::Numbers { .. }) => Ok(array.number()?),
        _ => Ok(None),
    }
}

fn text(group: &Group, name: &str) -> Result<Option<String>, SnirfError> {
    match group.array(name)? {
        Some(array) if array.elements() == Elements::Texts => {
            Ok(array.texts()?.into_iter().next().filter(|text| !text.is_empty()))
        }
        _ => Ok(None),
    }
}

fn blocks(recording: &Group) -> Result<Vec<Block>, SnirfError> {
    let seconds = match recording.group("metaDataTags")? {
        Some(tags) => match text(&tags, "TimeUnit")?.as_deref() {
            None | Some("s" | "sec" | "second" | "seconds") => 1.0,
            Some("ms") => 1e-3,
            Some("us" | "\u{b5}s" | "\u{3bc}s") => 1e-6,
            Some(other) => {
                let problem = format!("`{other}` is not read; s, ms, us are");
                return Err(SnirfError::Field { path: format!("{}/TimeUnit", tags.path()), problem });
            }
        },
        None => 1.0,
    };
    let wavelengths = match recording.group("probe")? {
        Some(probe) => match probe.array("wavelengths")? {
            Some(wavelengths) => wavelengths.numbers(None)?,
            None => Vec::new(),
        },
        None => Vec::new(),
    };
    let mut blocks = Vec::new();
    for group in numbered(recording, "data")? {
        let (labels, units) = measurements(&group, &wavelengths)?;
        blocks.push(block(&group, seconds, labels, units)?);
    }
    for group in numbered(recording, "aux")? {
        let name = text(&group, "name")?;
        let name = name.unwrap_or_else(|| group.path().rsplit('/').next().unwrap_or_default().to_owned());
        let unit = text(&group, "dataUnit")?;
        blocks.push(block(&group, seconds, vec![name], vec![unit])?);
    }
    if blocks.is_empty() { Err(SnirfError::Nothing) } else { Ok(blocks) }
}

fn block(
    group: &Group,
    seconds: f64,
    mut labels: Vec<String>,
    mut units: Vec<Option<String>>,
) -> Result<Block, SnirfError> {
    let path = group.path().to_owned();
    let wrong = |name: &str, problem: String| SnirfError::Field { path: format!("{path}/{name}"), problem };
    let (Some(data), Some(time)) = (group.array("dataTimeSeries")?, group.array("time")?) else {
        return Err(wrong("dataTimeSeries", "it, or `time` beside it, is missing".to_owned()));
    };
    let (samples, channels) = match *data.shape() {
        [samples] => (samples, 1),
        [samples, channels] => (samples, channels),
        _ => return Err(wrong("dataTimeSeries", "samples x channels are due".to_owned())),
    };
    data.count()?;
    if labels.len() as u64 != channels {
        // An auxiliary signal may have several columns of one name.
        if labels.len() != 1 || channels == 0 || channels > 4096 {
            return Err(wrong("dataTimeSeries", format!("it has {channels} columns for {} channels", labels.len())));
        }
        labels = (0..channels).map(|channel| format!("{}_{channel}", labels[0])).collect();
        units = vec![units[0].clone(); labels.len()];
    }
    let times = time.numbers(None)?;
    let uneven = || wrong("time", "its times are not in equal steps, and not one for each sample".to_owned());
    let (start_s, rate_hz) = match times[..] {
        [start, step] if samples != 2 && step > 0.0 && start.is_finite() && step.is_finite() => {
            (start * seconds, 1.0 / (step * seconds))
        }
        _ if times.len() as u64 == samples => {
            let times: Vec<f64> = times.iter().map(|time| time * seconds).collect();
            let even = even_times(&times).ok_or_else(uneven)?;
            (even.start_s, even.rate_hz.ok_or_else(uneven)?)
        }
        _ => return Err(uneven()),
    };
    let Elements::Numbers { is_whole } = data.elements() else {
        return Err(wrong("dataTimeSeries", "numbers are due".to_owned()));
    };
    Ok(Block { path, labels, units, start_s, rate_hz, samples, data, is_whole })
}

/// Names and units of the channels of a block of data.
fn measurements(group: &Group, wavelengths: &[f64]) -> Result<(Vec<String>, Vec<Option<String>>), SnirfError> {
    const PROCESSED: f64 = 99_999.0;
    let label = |source: f64, detector: f64, wavelength: Option<f64>, kind: Option<f64>, processed: Option<String>| {
        let nanometres = wavelength.and_then(|index| wavelengths.get((index as usize).checked_sub(1)?));
        let what = match (kind, processed, nanometres) {
            (Some(PROCESSED), Some(processed), _) => format!(" {processed}"),
            (_, _, Some(nanometres)) => format!(" {nanometres}"),
            _ => String::new(),
        };
        format!("S{source}_D{detector}{what}")
    };
    let (mut labels, mut units) = (Vec::new(), Vec::new());
    // Version 1.1 may have all of them in lists.
    if let Some(lists) = group.group("measurementLists")? {
        let numbers = |name: &str| match lists.array(name)? {
            Some(array) => Ok(array.numbers(None)?),
            None => Ok::<Vec<f64>, SnirfError>(Vec::new()),
        };
        let texts = |name: &str| match lists.array(name)? {
            Some(array) if array.elements() == Elements::Texts => Ok(array.texts()?),
            _ => Ok::<Vec<String>, SnirfError>(Vec::new()),
        };
        let (sources, detectors) = (numbers("sourceIndex")?, numbers("detectorIndex")?);
        let (wavelength, kinds) = (numbers("wavelengthIndex")?, numbers("dataType")?);
        let (processed, data_units) = (texts("dataTypeLabel")?, texts("dataUnit")?);
        for (number, (source, detector)) in sources.iter().zip(&detectors).enumerate() {
            let (wavelength, kind) = (wavelength.get(number).copied(), kinds.get(number).copied());
            labels.push(label(*source, *detector, wavelength, kind, processed.get(number).cloned()));
            units.push(data_units.get(number).filter(|unit| !unit.is_empty()).cloned());
        }
        return Ok((labels, units));
    }
    for list in numbered(group, "measurementList")? {
        let due = |name: &str| {
            let problem =
                || SnirfError::Field { path: format!("{}/{name}", list.path()), problem: "it is missing".to_owned() };
            number(&list, name)?.ok_or_else(problem)
        };
        let (source, detector) = (due("sourceIndex")?, due("detectorIndex")?);
        let (wavelength, kind) = (number(&list, "wavelengthIndex")?, number(&list, "dataType")?);
        labels.push(label(source, detector, wavelength, kind, text(&list, "dataTypeLabel")?));
        units.push(text(&list, "dataUnit")?);
    }
    Ok((labels, units))
}

fn stimuli(recording: &Group) -> Result<Vec<Annotation>, SnirfError> {
    let mut annotations = Vec::new();
    for group in numbered(recording, "stim")? {
        let name = text(&group, "name")?.unwrap_or_default();
        let Some(data) = group.array("data")? else { continue };
        let &[_, columns] = data.shape() else { continue };
        let Some(columns) = usize::try_from(columns).ok().filter(|columns| *columns >= 2) else { continue };
        let values = data.numbers(None)?;
        annotations.extend(values.chunks_exact(columns).filter(|row| row[0].is_finite()).map(|row| Annotation {
            onset_s: row[0],
            duration_s: Some(row[1]).filter(|duration_s| *duration_s >= 0.0),
            text: name.clone(),
            ..Annotation::default()
        }));
    }
    // Stimuli of one kind stand together in the file.
    annotations.sort_by(|a, b| a.onset_s.total_cmp(&b.onset_s));
    Ok(annotations)
}
