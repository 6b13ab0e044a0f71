//! What `simulate.equations` gives: what the monitors of a model have recorded, as tables.

use std::sync::Arc;

use arrow_array::{Float64Array, RecordBatch, StringArray, UInt32Array};
use arrow_schema::DataType;
use lapicque_equations::network::description::{Model, Monitors};
use lapicque_equations::network::{EventRecord, RateRecord, RecordedVariable, Recording, StateRecord, group_steps};
use lapicque_pipeline::{ConfigError, Output, SampleError};
use lapicque_schemas::tables::events::{self, Event};
use lapicque_schemas::tables::populations::{self, PopulationRow};
use lapicque_schemas::tables::segments;
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_schemas::tables::{FREE, TableError, spikes};
use lapicque_schemas::{Column, TableSchema};

use super::equations_segments::Placed;
use super::equations_stimuli::milliseconds;
use super::equations_units::into_tables;

/// Steps that differ by less than this part of them are one step.
const LEEWAY: f64 = 1e-6;

/// Which tables a model asks for, and the step that its spikes are counted in.
pub(super) struct Recorded {
    outputs: Vec<Output>,
    /// In ms; of models with monitors of spikes.
    spike_dt_ms: f64,
    /// For monitors that have recorded once.
    model_dt_ms: f64,
    /// Events of monitors of events, in their order.
    events: Vec<String>,
    placed: Placed,
}

impl Recorded {
    /// # Errors
    /// Nothing that is recorded, and spikes that no common step counts.
    pub(super) fn new(model: &Model, model_dt_s: f64) -> Result<Self, ConfigError> {
        let monitors = &model.monitors;
        let spike_dt_ms = spike_dt_ms(model).map_err(|message| ConfigError::at("model.monitors.spikes", message))?;
        let is_told = |variables: &[String]| !variables.is_empty();
        let values = monitors.spikes.values().any(|monitor| is_told(&monitor.variables))
            || monitors.events.values().any(|monitor| is_told(&monitor.variables));
        let placed = Placed::of(model);
        let outputs: Vec<Output> = [
            (!monitors.spikes.is_empty(), "spikes", spikes::schema(spike_dt_ms)),
            (!monitors.spikes.is_empty(), "populations", populations::schema()),
            (!monitors.state.is_empty(), "state", signals::schema()),
            (!placed.is_empty(), "segments", segments::schema()),
            (!monitors.rate.is_empty(), "rate", signals::schema()),
            (!monitors.events.is_empty(), "events", events::schema()),
            (values, "event_values", event_values_schema()),
            (!monitors.last.is_empty(), "final", final_schema()),
        ]
        .into_iter()
        .filter_map(|(is_asked_for, name, schema)| is_asked_for.then(|| Output::new(name, schema)))
        .collect();
        if outputs.is_empty() {
            let message = "nothing is recorded; give a monitor, such as `spikes: {G: {of: G}}`";
            return Err(ConfigError::at("model.monitors", message));
        }
        let events = monitors.events.values().map(|monitor| monitor.event.clone()).collect();
        Ok(Self { outputs, spike_dt_ms, model_dt_ms: milliseconds(model_dt_s), events, placed })
    }

    pub(super) fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// The tables of [`Self::outputs`].
    ///
    /// # Errors
    /// Records whose times have no common step, and those that no table can hold.
    pub(super) fn tables(&self, recording: &mut Recording) -> Result<Vec<RecordBatch>, SampleError> {
        recording.events.iter().try_for_each(|record| has_one_step("events", record))?;
        let mut tables = Vec::with_capacity(self.outputs.len());
        for output in &self.outputs {
            tables.push(match output.name.as_str() {
                "spikes" => self.spikes(&recording.spikes)?,
                "populations" => populations::write(&self.populations(recording)).map_err(SampleError::internal)?,
                "segments" => self.placed.table(recording)?,
                "state" => self.state(&mut recording.states)?,
                "rate" => self.rates(&mut recording.rates)?,
                "events" => events::write(&self.events(&recording.events)).map_err(SampleError::internal)?,
                "event_values" => self.event_values(recording).map_err(SampleError::internal)?,
                _ => final_values(&recording.last).map_err(SampleError::internal)?,
            });
        }
        Ok(tables)
    }

    fn spikes(&self, records: &[EventRecord]) -> Result<RecordBatch, SampleError> {
        let total = records.iter().map(|record| record.steps.len()).sum();
        let (mut population, mut neuron, mut step) =
            (Vec::with_capacity(total), Vec::with_capacity(total), Vec::with_capacity(total));
        for (number, record) in records.iter().enumerate() {
            has_one_step("spikes", record)?;
            let factor = (milliseconds(record.dt) / self.spike_dt_ms).round() as u64;
            let number = u16::try_from(number)
                .map_err(|_| SampleError::input(format!("at most {} monitors of spikes fit a table", u16::MAX)))?;
            population.resize(population.len() + record.steps.len(), number);
            neuron.extend_from_slice(&record.elements);
            for own in &record.steps {
                // A neuron spikes at the end of the step in which it crosses the threshold.
                let common = own
                    .checked_add(1)
                    .and_then(|end| end.checked_mul(factor))
                    .and_then(|common| u32::try_from(common).ok());
                step.push(common.ok_or_else(|| {
                    SampleError::input(format!(
                        "`monitors.spikes.{}`: a spike at step {own} of {} ms; steps of tables are at most {}",
                        record.name,
                        milliseconds(record.dt),
                        u32::MAX
                    ))
                })?);
            }
        }
        let names: Vec<&str> = records.iter().map(|record| record.name.as_str()).collect();
        spikes::write(self.spike_dt_ms, &names, population, neuron, step).map_err(SampleError::internal)
    }

    fn populations(&self, recording: &Recording) -> Vec<PopulationRow> {
        let row = |record: &EventRecord| PopulationRow {
            population: record.name.clone(),
            size: record.size,
            t_start_ms: 0.0,
            t_stop_ms: milliseconds(recording.end),
            rate_hz: record.steps.len() as f64 / (f64::from(record.size) * recording.end),
        };
        recording.spikes.iter().map(row).collect()
    }

    fn state(&self, records: &mut [StateRecord]) -> Result<RecordBatch, SampleError> {
        let (mut rows, mut lengths, mut values) = (Vec::new(), Vec::new(), Vec::new());
        let of_records = records.iter().flat_map(|record| &record.variables).map(|variable| variable.values.len());
        fits("monitors.state", of_records.sum())?;
        for record in records {
            let (t0_ms, dt_ms) = self.times(&format!("monitors.state.{}", record.name), &record.times)?;
            for variable in &mut record.variables {
                let unit = into_tables(variable.dimension, &mut variable.values);
                let width = width(variable, &record.elements);
                for (place, element) in record.elements.iter().take(width).enumerate() {
                    let name = format!("{}.{}", record.name, variable.name);
                    let channel = if variable.shared { name } else { format!("{name}.{element}") };
                    rows.push(Signal {
                        channel: channel.into(),
                        epoch: 0,
                        t0_ms,
                        dt_ms,
                        unit: unit.clone().into(),
                        values: Vec::new().into(),
                    });
                    let before = values.len();
                    values.extend(variable.values.iter().skip(place).step_by(width));
                    lengths.push(values.len() - before);
                }
                // Values are in the table now.
                variable.values = Vec::new();
            }
        }
        signals::write_joined(&rows, &lengths, values).map_err(SampleError::internal)
    }

    fn rates(&self, records: &mut [RateRecord]) -> Result<RecordBatch, SampleError> {
        fits("monitors.rate", records.iter().map(|record| record.rates.len()).sum())?;
        let mut rows = Vec::with_capacity(records.len());
        for record in records {
            let (t0_ms, dt_ms) = self.times(&format!("monitors.rate.{}", record.name), &record.times)?;
            rows.push(Signal {
                channel: record.name.clone().into(),
                epoch: 0,
                t0_ms,
                dt_ms,
                unit: "Hz".into(),
                values: std::mem::take(&mut record.rates).into(),
            });
        }
        signals::write_owned(rows).map_err(SampleError::internal)
    }

    /// The first time and the step of a record, in ms.
    fn times(&self, path: &str, times: &[f64]) -> Result<(f64, f64), SampleError> {
        let (Some(first), Some(last)) = (times.first(), times.last()) else {
            return Ok((0.0, self.model_dt_ms));
        };
        if times.len() == 1 {
            return Ok((milliseconds(*first), self.model_dt_ms));
        }
        let step = (last - first) / (times.len() - 1) as f64;
        let is_regular = |(number, time): (usize, &f64)| (time - first - number as f64 * step).abs() <= LEEWAY * step;
        if !times.iter().enumerate().all(is_regular) {
            return Err(SampleError::input(format!(
                "`{path}`: its times have no common step, as the step changed from one run to the next; a signal has one step"
            )));
        }
        Ok((milliseconds(*first), rounded_ms(step)))
    }

    fn events(&self, records: &[EventRecord]) -> Vec<Event> {
        let of_monitor = |(record, event): (&EventRecord, &String)| {
            let (name, kind) = (record.name.clone(), event.clone());
            let dt_ms = milliseconds(record.dt);
            let rows = record.steps.iter().zip(&record.elements).map(move |(step, element)| Event {
                onset_s: (*step + 1) as f64 * dt_ms / 1000.0,
                duration_s: Some(0.0),
                kind: kind.clone(),
                value: name.clone(),
                channel: format!("{name}.{element}"),
            });
            rows.collect::<Vec<_>>()
        };
        records.iter().zip(&self.events).flat_map(of_monitor).collect()
    }

    /// A row for each variable of each event.
    fn event_values(&self, recording: &Recording) -> Result<RecordBatch, TableError> {
        let spikes = recording.spikes.iter().map(|record| (record, "spike"));
        let others = recording.events.iter().zip(&self.events).map(|(record, event)| (record, event.as_str()));
        let mut rows = Rows::default();
        let (mut kinds, mut times) = (Vec::new(), Vec::new());
        for (record, event) in spikes.chain(others) {
            for variable in &record.variables {
                rows.extend(&record.name, variable, &record.elements);
                kinds.resize(rows.elements.len(), event);
                let dt_ms = milliseconds(record.dt);
                times.extend(record.steps.iter().map(|step| (*step + 1) as f64 * dt_ms));
            }
        }
        let schema = event_values_schema();
        Ok(RecordBatch::try_new(
            schema.arrow,
            vec![
                Arc::new(StringArray::from(rows.monitors)),
                Arc::new(StringArray::from(kinds)),
                Arc::new(UInt32Array::from(rows.elements)),
                Arc::new(Float64Array::from(times)),
                Arc::new(StringArray::from(rows.variables)),
                Arc::new(StringArray::from(rows.units)),
                Arc::new(Float64Array::from(rows.values)),
            ],
        )?)
    }
}

/// Whether all steps of a monitor are of one length, as they are counted.
fn has_one_step(section: &str, record: &EventRecord) -> Result<(), SampleError> {
    if record.one_dt {
        return Ok(());
    }
    Err(SampleError::input(format!(
        "`monitors.{section}.{}`: its step changed from one run to the next, and events are counted in steps of one length",
        record.name
    )))
}

/// Columns that values of variables have in common.
#[derive(Default)]
struct Rows {
    monitors: Vec<String>,
    variables: Vec<String>,
    elements: Vec<u32>,
    units: Vec<String>,
    values: Vec<f64>,
}

impl Rows {
    fn extend(&mut self, monitor: &str, variable: &RecordedVariable, elements: &[u32]) {
        let mut values = variable.values.clone();
        let unit = into_tables(variable.dimension, &mut values);
        let rows = self.values.len() + values.len();
        self.values.extend(values);
        self.elements.extend(elements.iter().copied().take(rows - self.elements.len()));
        // A variable that all elements share has one value.
        self.elements.resize(rows, 0);
        self.monitors.resize(rows, monitor.to_owned());
        self.variables.resize(rows, variable.name.clone());
        self.units.resize(rows, unit);
    }
}

fn final_values(records: &[StateRecord]) -> Result<RecordBatch, TableError> {
    let mut rows = Rows::default();
    for record in records {
        for variable in &record.variables {
            let elements = if variable.shared { &[0] } else { record.elements.as_slice() };
            rows.extend(&record.name, variable, elements);
        }
    }
    Ok(RecordBatch::try_new(
        final_schema().arrow,
        vec![
            Arc::new(StringArray::from(rows.monitors)),
            Arc::new(StringArray::from(rows.variables)),
            Arc::new(UInt32Array::from(rows.elements)),
            Arc::new(StringArray::from(rows.units)),
            Arc::new(Float64Array::from(rows.values)),
        ],
    )?)
}

fn event_values_schema() -> TableSchema {
    TableSchema::new(
        FREE,
        &[],
        [
            Column::new("monitor", DataType::Utf8, "name of the monitor"),
            Column::new("event", DataType::Utf8, "spike, or the name of another event"),
            Column::new("element", DataType::UInt32, "who had it, from the first element that is watched"),
            Column::new("time_ms", DataType::Float64, "end of the step in which it happened").unit("ms"),
            Column::new("variable", DataType::Utf8, "what was recorded of it"),
            Column::new("unit", DataType::Utf8, "unit of the value"),
            Column::new("value", DataType::Float64, "at that moment"),
        ],
    )
}

fn final_schema() -> TableSchema {
    TableSchema::new(
        FREE,
        &["monitor", "variable", "element"],
        [
            Column::new("monitor", DataType::Utf8, "name of the monitor"),
            Column::new("variable", DataType::Utf8, "what was recorded"),
            Column::new("element", DataType::UInt32, "whose value it is, from the first element that is watched"),
            Column::new("unit", DataType::Utf8, "unit of the value"),
            Column::new("value", DataType::Float64, "after the last step"),
        ],
    )
}

/// The step that all spikes are counted in: the shortest of the groups that are watched, of which all others are
/// multiples.
fn spike_dt_ms(model: &Model) -> Result<f64, String> {
    let Monitors { spikes, .. } = &model.monitors;
    if spikes.is_empty() {
        return Ok(1.0);
    }
    let steps = group_steps(model).map_err(|error| error.to_string())?;
    let of = |of: &str| steps.get(of.split('[').next().unwrap_or_default().trim()).copied().map(milliseconds);
    let watched: Vec<(&String, f64)> =
        spikes.iter().filter_map(|(name, monitor)| Some((name, of(&monitor.of)?))).collect();
    let Some((_, shortest)) = watched.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1)) else { return Ok(1.0) };
    for (name, dt_ms) in watched {
        let ratio = dt_ms / shortest;
        if (ratio - ratio.round()).abs() > LEEWAY {
            return Err(format!(
                "`{name}` has steps of {dt_ms} ms, another of {shortest} ms; spikes of one table need steps that are multiples of the shortest"
            ));
        }
    }
    Ok(shortest)
}

/// How many values a variable has for each time.
fn width(variable: &RecordedVariable, elements: &[u32]) -> usize {
    if variable.shared { 1 } else { elements.len() }
}

/// A table of lists has at most 2^31 - 1 values.
fn fits(path: &str, values: usize) -> Result<(), SampleError> {
    if i32::try_from(values).is_ok() {
        return Ok(());
    }
    Err(SampleError::input(format!(
        "`{path}`: {values} values; a table of signals has at most {}; record fewer elements, or every so often",
        i32::MAX
    )))
}

/// A step that was found as a difference of times, without what rounding adds.
fn rounded_ms(seconds: f64) -> f64 {
    let product = seconds * 1e3;
    format!("{product:.9e}").parse().unwrap_or(product)
}
