//! What `simulate.point_process` gives: spikes, populations, neurons that were stimulated, when, and traces.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{RecordBatch, StringArray, UInt32Array};
use arrow_schema::DataType;
use indexmap::IndexMap;
use lapicque_pipeline::Output;
use lapicque_pipeline::config::nearest;
use lapicque_pointprocess::inputs::Input;
use lapicque_pointprocess::memory::affordable;
use lapicque_pointprocess::{Model, PointProcessError, Step};
use lapicque_schemas::tables::events::{self, Event};
use lapicque_schemas::tables::populations::{self, PopulationRow};
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_schemas::tables::{FREE, TableError, spikes};
use lapicque_schemas::{Column, TableSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How long a run is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Schedule {
    pub(crate) dt_ms: f64,
    pub(crate) steps: usize,
    pub(crate) transient_steps: u64,
}

/// What is recorded beside spikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RecordConfig {
    Drive,
    Probability,
}

/// Population, neuron and step of a spike, as they are collected and in the table.
const BYTES_OF_SPIKE: f64 = 18.0;

pub(crate) fn outputs(dt_ms: f64, record: &[RecordConfig]) -> Vec<Output> {
    let mut outputs = vec![
        Output::new("spikes", spikes::schema(dt_ms)),
        Output::new("populations", populations::schema()),
        Output::new("stimulated", stimulated()),
        Output::new("events", events::schema()),
    ];
    outputs.extend(record.iter().map(|kind| Output::new(kind.name(), signals::schema())));
    outputs
}

fn stimulated() -> TableSchema {
    TableSchema::new(
        FREE,
        &["stimulus", "neuron"],
        [
            Column::new("stimulus", DataType::Utf8, "name of the stimulus"),
            Column::new("neuron", DataType::UInt32, "a neuron that it reaches, from 0 over all populations"),
            Column::new("population", DataType::Utf8, "population of the neuron"),
            Column::new("number", DataType::UInt32, "number within the population"),
        ],
    )
}

impl RecordConfig {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Drive => "drive",
            Self::Probability => "probability",
        }
    }
}

/// What to do where a network seems to have fewer neurons than it has.
pub(super) const LAST_NEURON: &str = "a last neuron without connections needs a row, of weight 0 from itself to itself (`neurons` of \
                                      connectivity.import adds it)";

/// Names and sizes of populations, in the order of the neurons.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Populations(Vec<(String, u32)>);

impl Populations {
    /// Those of a configuration, or one of all neurons.
    ///
    /// # Errors
    /// Sizes that are not those of the network.
    pub(crate) fn new(given: &IndexMap<String, u32>, neurons: usize) -> Result<Self, String> {
        let size =
            u32::try_from(neurons).map_err(|_| format!("{neurons} neurons; at most {} are allowed", u32::MAX))?;
        if given.is_empty() {
            return Ok(Self(vec![("neurons".to_owned(), size)]));
        }
        let total: u64 = given.values().map(|&size| u64::from(size)).sum();
        if total != u64::from(size) {
            return Err(format!("`populations` have {total} neurons, the network has {size}; {LAST_NEURON}"));
        }
        Ok(Self(given.iter().map(|(name, size)| (name.clone(), *size)).collect()))
    }

    pub(crate) fn neurons(&self) -> usize {
        self.0.iter().map(|(_, size)| *size as usize).sum()
    }

    /// The numbers of the neurons of a population.
    pub(crate) fn range(&self, name: &str) -> Option<Range<usize>> {
        self.ranges().find(|(known, _)| *known == name).map(|(_, range)| range)
    }

    pub(crate) fn unknown(&self, name: &str) -> String {
        let near = nearest(name, self.0.iter().map(|(name, _)| name.as_str()));
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        format!("there is no population `{name}`{near}")
    }

    fn ranges(&self) -> impl Iterator<Item = (&str, Range<usize>)> {
        self.0.iter().scan(0, |start, (name, size)| {
            let range = *start..*start + *size as usize;
            *start = range.end;
            Some((name.as_str(), range))
        })
    }
}

/// Takes what is recorded, step by step.
pub(crate) struct Recorder<'a> {
    model: &'a Model,
    schedule: Schedule,
    ends: Vec<usize>,
    /// Neuron and step, by population.
    spikes: Vec<(Vec<u32>, Vec<u32>)>,
    count: usize,
    /// Neuron after neuron, each with all steps.
    traces: Vec<(RecordConfig, Vec<f64>)>,
}

impl<'a> Recorder<'a> {
    /// # Errors
    /// Traces that do not fit.
    pub(crate) fn new(
        model: &'a Model,
        populations: &Populations,
        schedule: Schedule,
        record: &[RecordConfig],
    ) -> Result<Self, PointProcessError> {
        let neurons = populations.neurons();
        fits(neurons, schedule.steps, record.len())?;
        let values = if record.is_empty() { 0 } else { neurons * schedule.steps };
        Ok(Self {
            model,
            schedule,
            ends: populations.ranges().map(|(_, range)| range.end).collect(),
            spikes: vec![(Vec::new(), Vec::new()); populations.0.len()],
            count: 0,
            traces: record.iter().map(|&kind| (kind, vec![0.0; values])).collect(),
        })
    }

    pub(crate) fn take(&mut self, step: &Step<'_>) -> Result<(), PointProcessError> {
        // A run has fewer than 2^32 steps; that of the table counts from 1.
        let row = step.step as u32 + 1;
        let (mut population, mut start) = (0, 0);
        for &(neuron, count) in step.spikes {
            while neuron as usize >= self.ends[population] {
                start = self.ends[population];
                population += 1;
            }
            let (neurons, steps) = &mut self.spikes[population];
            for _ in 0..count {
                neurons.push(neuron - start as u32);
                steps.push(row);
            }
            self.count += count as usize;
        }
        let (place, steps) = (step.step as usize, self.schedule.steps);
        for (kind, values) in &mut self.traces {
            for (neuron, &drive) in step.drive.iter().enumerate() {
                values[neuron * steps + place] = match kind {
                    RecordConfig::Drive => drive,
                    RecordConfig::Probability => self.model.expected_count(drive),
                };
            }
        }
        affordable(|| format!("{} spikes until step {row}", self.count), self.count as f64 * BYTES_OF_SPIKE)
    }

    /// The tables of [`outputs`].
    pub(crate) fn tables(
        self,
        populations: &Populations,
        stimuli: &[(String, Input)],
    ) -> Result<Vec<RecordBatch>, TableError> {
        let t_stop_ms = self.schedule.steps as f64 * self.schedule.dt_ms;
        let rates = self.spikes.iter().zip(&populations.0).map(|((_, steps), (_, size))| {
            let seconds = f64::from(*size) * t_stop_ms / 1000.0;
            steps.len() as f64 / seconds
        });
        let rows = populations.0.iter().zip(rates).map(|((name, size), rate_hz)| PopulationRow {
            population: name.clone(),
            size: *size,
            t_start_ms: 0.0,
            t_stop_ms,
            rate_hz,
        });
        let rows: Vec<PopulationRow> = rows.collect();
        let (mut population, mut neuron, mut step) = (Vec::with_capacity(self.count), Vec::new(), Vec::new());
        for (number, (neurons, steps)) in self.spikes.into_iter().enumerate() {
            population.resize(population.len() + neurons.len(), number as u16);
            neuron.extend(neurons);
            step.extend(steps);
        }
        let names: Vec<&str> = populations.0.iter().map(|(name, _)| name.as_str()).collect();
        let mut tables = vec![
            spikes::write(self.schedule.dt_ms, &names, population, neuron, step)?,
            populations::write(&rows)?,
            stimulated_rows(populations, stimuli)?,
            events::write(&onsets(stimuli, self.schedule.dt_ms))?,
        ];
        for (_, values) in self.traces {
            tables.push(trace(populations, self.schedule, values)?);
        }
        Ok(tables)
    }
}

/// Whether traces of so many neurons fit.
///
/// # Errors
/// What they would need, and what is allowed.
pub(crate) fn fits(neurons: usize, steps: usize, traces: usize) -> Result<(), PointProcessError> {
    let values = neurons as f64 * steps as f64;
    let what = || format!("{traces} traces of {neurons} neurons and {steps} steps");
    // A table of lists has at most 2^31 - 1 values.
    let bytes = if traces > 0 && values > f64::from(i32::MAX) { f64::INFINITY } else { values * 8.0 * traces as f64 };
    if bytes.is_infinite() {
        return Err(PointProcessError::Memory {
            what: format!("{} ({values:.3e} values each, at most 2147483647)", what()),
            gigabytes: values * 8.0 * traces as f64 / 1e9,
            limit_gigabytes: lapicque_pointprocess::memory::MEMORY_LIMIT_BYTES / 1e9,
        });
    }
    affordable(what, bytes)
}

fn stimulated_rows(populations: &Populations, stimuli: &[(String, Input)]) -> Result<RecordBatch, TableError> {
    let ranges: Vec<(&str, Range<usize>)> = populations.ranges().collect();
    let of = |neuron: usize| {
        let found = ranges.iter().find(|(_, range)| range.contains(&neuron));
        found.map_or(("", 0), |(name, range)| (*name, (neuron - range.start) as u32))
    };
    let mut rows: Vec<(&String, usize)> = Vec::new();
    for (name, input) in stimuli {
        rows.extend(input.neurons().iter().map(|&neuron| (name, neuron)));
    }
    Ok(RecordBatch::try_new(
        stimulated().arrow,
        vec![
            Arc::new(StringArray::from_iter_values(rows.iter().map(|(name, _)| name))),
            Arc::new(UInt32Array::from_iter_values(rows.iter().map(|(_, neuron)| *neuron as u32))),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|(_, neuron)| of(*neuron).0))),
            Arc::new(UInt32Array::from_iter_values(rows.iter().map(|(_, neuron)| of(*neuron).1))),
        ],
    )?)
}

/// Pulses of all stimuli, by time.
fn onsets(stimuli: &[(String, Input)], dt_ms: f64) -> Vec<Event> {
    let mut all: Vec<(usize, usize, &String)> = Vec::new();
    for (name, input) in stimuli {
        all.extend(input.pulses().iter().map(|pulse| (pulse.start, pulse.steps, name)));
    }
    all.sort_by_key(|pulse| pulse.0);
    let event = |(start, steps, name): (usize, usize, &String)| Event {
        onset_s: start as f64 * dt_ms / 1000.0,
        duration_s: Some(steps as f64 * dt_ms / 1000.0),
        kind: "stimulus".to_owned(),
        value: name.clone(),
        channel: String::new(),
    };
    all.into_iter().map(event).collect()
}

fn trace(populations: &Populations, schedule: Schedule, values: Vec<f64>) -> Result<RecordBatch, TableError> {
    let Schedule { dt_ms, steps, .. } = schedule;
    let signal = |channel: String| Signal {
        channel: channel.into(),
        epoch: 0,
        // That of the first step, as spikes have it.
        t0_ms: dt_ms,
        dt_ms,
        unit: "1".into(),
        values: Vec::new().into(),
    };
    let channels = populations.0.iter().flat_map(|(name, size)| (0..*size).map(move |n| format!("{name}.{n}")));
    let rows: Vec<Signal<'_>> = channels.map(signal).collect();
    signals::write_joined(&rows, &vec![steps; rows.len()], values)
}
