//! Series of an NWB file: where they are, when, and in which unit.

use std::collections::HashSet;
use std::ops::Range;

use super::error::NwbError;
use super::tables;
use crate::Samples;
use crate::even_times::{EvenTimes, even_times};
use crate::hdf5::{Array, Elements, Group, Hdf5, Node, shape_text};

const MOST_DEPTH: usize = 16;

/// Numbers at even times.
pub(super) struct Series {
    /// `acquisition/eeg`.
    pub(super) path: String,
    /// Of its channels.
    pub(super) labels: Vec<String>,
    pub(super) unit: Option<String>,
    pub(super) times: EvenTimes,
    pub(super) samples: u64,
    /// Whether no value can be missing.
    pub(super) is_whole: bool,
    data: Array,
    /// Of each channel.
    factors: Vec<f64>,
    offset: f64,
}

impl Series {
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Of each channel, in its unit.
    pub(super) fn values(&self, span: Range<u64>) -> Result<Vec<Samples>, NwbError> {
        let stored = self.data.numbers(Some(span))?;
        Ok(Samples::by_channel(&stored, self.labels.len(), |channel, value| {
            value * self.factors[channel] + self.offset
        }))
    }
}

/// All series, in the order of the file, and what of its series was left out.
pub(super) fn all_series(file: &Hdf5) -> Result<(Vec<Series>, Vec<String>), NwbError> {
    const FOLDERS: [&str; 5] = ["acquisition", "stimulus", "processing", "analysis", "scratch"];
    let root = file.root()?;
    // Version 1 has it as an array.
    if root.attribute("nwb_version")?.is_none() && root.array("nwb_version")?.is_none() {
        return Err(NwbError::NotNwb);
    }
    let mut found = Found { series: Vec::new(), notes: Vec::new(), seen: HashSet::new(), electrodes: None };
    for folder in FOLDERS {
        if let Some(group) = root.group(folder)? {
            found.within(&root, &group, 0)?;
        }
    }
    Ok((found.series, found.notes))
}

struct Found {
    series: Vec<Series>,
    notes: Vec<String>,
    seen: HashSet<u64>,
    /// Names of all electrodes, once they were looked up.
    electrodes: Option<Vec<String>>,
}

impl Found {
    fn within(&mut self, root: &Group, group: &Group, depth: usize) -> Result<(), NwbError> {
        // Links may lead to a group a second time, or round and round.
        if depth > MOST_DEPTH || !self.seen.insert(group.address()) {
            return Ok(());
        }
        let mut groups = Vec::new();
        let (mut data, mut timestamps, mut starting_time) = (None, None, None);
        for (name, node) in group.members()? {
            match (name.as_str(), node) {
                ("data", Node::Array(array)) => data = Some(*array),
                ("timestamps", Node::Array(array)) => timestamps = Some(*array),
                ("starting_time", Node::Array(array)) => starting_time = Some(*array),
                (_, Node::Group(group)) => groups.push(group),
                _ => {}
            }
        }
        if let Some(data) = data
            && (timestamps.is_some() || starting_time.is_some())
        {
            match self.series(root, group, data, timestamps, starting_time)? {
                Ok(series) => self.series.push(series),
                Err(why) => self.notes.push(format!("`{}` is left out: {why}", group.path())),
            }
            return Ok(());
        }
        for group in groups {
            self.within(root, &group, depth + 1)?;
        }
        Ok(())
    }

    /// A series, or why it is none.
    fn series(
        &mut self,
        root: &Group,
        group: &Group,
        data: Array,
        timestamps: Option<Array>,
        starting_time: Option<Array>,
    ) -> Result<Result<Series, String>, NwbError> {
        let Elements::Numbers { is_whole } = data.elements() else {
            return Ok(Err("its data are no numbers".to_owned()));
        };
        let (samples, columns) = match *data.shape() {
            [samples] => (samples, 1),
            [samples, columns] => (samples, columns),
            _ => {
                return Ok(Err(format!(
                    "its data are {}; samples, or samples x channels, are due",
                    shape_text(data.shape())
                )));
            }
        };
        if samples == 0 || columns == 0 {
            return Ok(Err("it has no values".to_owned()));
        }
        data.count()?;
        let times = match (starting_time, timestamps) {
            (Some(start), _) => {
                let rate_hz = start.attribute("rate")?.and_then(|rate| rate.number());
                let start_s = start.number()?.unwrap_or(f64::NAN);
                match rate_hz {
                    Some(rate_hz) if rate_hz > 0.0 && rate_hz.is_finite() && start_s.is_finite() => {
                        EvenTimes { start_s, rate_hz: Some(rate_hz) }
                    }
                    rate_hz => {
                        let rate = rate_hz.map_or_else(|| "missing".to_owned(), |rate_hz| rate_hz.to_string());
                        return Ok(Err(format!("its `starting_time` is {start_s} and `rate` is {rate}")));
                    }
                }
            }
            (None, Some(timestamps)) => {
                if timestamps.shape() != [samples] || !matches!(timestamps.elements(), Elements::Numbers { .. }) {
                    let shape = shape_text(timestamps.shape());
                    return Ok(Err(format!("it has {samples} samples and {shape} timestamps")));
                }
                match even_times(&timestamps.numbers(None)?) {
                    Some(times) => times,
                    None => return Ok(Err("its timestamps are not in equal steps".to_owned())),
                }
            }
            (None, None) => return Ok(Err("it says no times".to_owned())),
        };
        let number = |name: &str| Ok::<_, NwbError>(data.attribute(name)?.and_then(|value| value.number()));
        let conversion = number("conversion")?.unwrap_or(1.0);
        let offset = number("offset")?.unwrap_or(0.0);
        let columns = usize::try_from(columns).unwrap_or(usize::MAX);
        let factors = match group.array("channel_conversion")? {
            None => vec![conversion; columns],
            Some(of_channels) if of_channels.shape() == [columns as u64] => {
                of_channels.numbers(None)?.iter().map(|of_channel| conversion * of_channel).collect()
            }
            Some(of_channels) => {
                let shape = shape_text(of_channels.shape());
                return Ok(Err(format!("it has {columns} channels and {shape} values of `channel_conversion`")));
            }
        };
        let unit = data.attribute("unit")?.and_then(|unit| unit.text().map(symbol)).filter(|unit| !unit.is_empty());
        let path = group.path().to_owned();
        let labels = self.labels(root, group, columns)?;
        Ok(Ok(Series { path, labels, unit, times, samples, is_whole, data, factors, offset }))
    }

    fn labels(&mut self, root: &Group, group: &Group, columns: usize) -> Result<Vec<String>, NwbError> {
        let path = group.path();
        let name = path.rsplit('/').next().unwrap_or(path);
        let numbered = || match columns {
            1 => vec![name.to_owned()],
            _ => (0..columns).map(|column| format!("{name}_{column}")).collect(),
        };
        let Some(rows) = group.array("electrodes")? else {
            return Ok(numbered());
        };
        let known = match self.electrodes.take() {
            Some(known) => known,
            None => tables::electrodes(root)?,
        };
        let rows = if matches!(rows.elements(), Elements::Numbers { .. }) { rows.numbers(None)? } else { Vec::new() };
        let label = |row: &f64| {
            let row = (row.fract() == 0.0 && *row >= 0.0).then_some(*row as usize)?;
            known.get(row).cloned()
        };
        let labels: Option<Vec<String>> = rows.iter().map(label).collect();
        self.electrodes = Some(known);
        Ok(labels.filter(|labels| labels.len() == columns).unwrap_or_else(|| {
            self.notes.push(format!("the electrodes of `{path}` are not in the table of electrodes"));
            numbered()
        }))
    }
}

/// NWB spells volts out; a unit that nobody knew is none.
fn symbol(unit: &str) -> String {
    match unit.trim() {
        "volts" | "volt" | "Volts" | "Volt" => "V".to_owned(),
        "millivolts" | "millivolt" => "mV".to_owned(),
        "microvolts" | "microvolt" => "uV".to_owned(),
        "unknown" => String::new(),
        unit => unit.to_owned(),
    }
}
