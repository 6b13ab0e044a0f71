//! `signal.average`: averages over epochs, of all or by their events ([`lapicque_signal::average`]).
//!
//! Averages are signals: `epoch` is the number of the group, in alphabetical order, and `t0` is the time after the event, where the table
//! `epochs` of `signal.epochs` says when it was; without it, times count from the beginning of the epochs.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{Int32Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::DataType;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, SampleError, SampleOutput, Stage,
    each_sample,
};
use lapicque_schemas::tables::epochs::{self, EpochEvent};
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_schemas::{Column, TableSchema};
use lapicque_signal::average::average;
use lapicque_signal::epochs::Pooling;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::missing::Treatment;
use super::stretches::treated;
use super::{known_interval_ms, of_signal, signals_of};
use crate::kind_config::{SimpleKind, bound, problem, read, schema_of};

const REVISION: u32 = 1;
const AVERAGES: &str = "averages";
const PORTS: &[PortSpec] = &[
    PortSpec::new("signals", signals::TABLE, PortMode::Either, true),
    PortSpec::new("epochs", epochs::TABLE, PortMode::Either, false),
];
/// The group of all epochs.
const ALL: &str = "all";

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "signal.average",
    summary: "Compute averages over epochs, of all or of each sort of event that they lie around",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// mean (default) or median over epochs.
    how: How,
    /// Which epochs are averaged together: all (default), or those whose events have the same value or kind; these need the input `epochs`,
    /// an output of `signal.epochs`.
    by: By,
    /// What becomes of missing (and infinite) values: refuse (default), interpolate (linearly in time, at the ends the nearest value)
    /// or propagate: an average is missing where any of its epochs is.
    missing: Treatment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum How {
    #[default]
    Mean,
    Median,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum By {
    #[default]
    All,
    Value,
    Kind,
}

struct AverageStage {
    bound: Bound,
    config: Config,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    if config.by != By::All && request.input("epochs").is_none() {
        return problem(
            "by",
            "connect the input `epochs`, an output of `signal.epochs` with `around`, which says the event of each epoch",
        );
    }
    let outputs = vec![
        Output::new("signals", signals::schema()),
        Output::new("standard_error", signals::schema()),
        Output::new(AVERAGES, schema()),
    ];
    let bound = bound(REVISION, &config, &Config::default(), request, outputs)?;
    Ok(Box::new(AverageStage { bound, config }))
}

fn schema() -> TableSchema {
    TableSchema::new(
        AVERAGES,
        &["channel", "epoch"],
        [
            Column::new("channel", DataType::Utf8, "channel of the average"),
            Column::new("epoch", DataType::Int32, "number of the average, as in the signals"),
            Column::new("value", DataType::Utf8, "value or kind of its events; all where there is one average"),
            Column::new("count", DataType::Int64, "epochs that it is the average of"),
        ],
    )
}

/// A row of the table `averages`.
struct Row {
    channel: String,
    epoch: i32,
    value: String,
    count: usize,
}

impl Stage for AverageStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, _| {
            let mut all = signals_of(batch, sample)?;
            let notes = treated(&mut all, self.config.missing)?;
            let events = batch.table(sample, "epochs").map(epochs::read).transpose().map_err(SampleError::input)?;
            let events: Option<BTreeMap<i32, EpochEvent>> =
                events.map(|events| events.into_iter().map(|event| (event.epoch, event)).collect());
            let groups = self.groups(&all, events.as_ref())?;
            let names: Vec<&String> = groups.keys().collect();
            let (mut means, mut errors, mut rows) = (Vec::new(), Vec::new(), Vec::new());
            let mut channels: Vec<&str> = Vec::new();
            all.iter().for_each(|signal| {
                if !channels.contains(&signal.channel.as_ref()) {
                    channels.push(&signal.channel);
                }
            });
            for channel in channels {
                for (number, name) in names.iter().enumerate() {
                    if context.is_cancelled() {
                        return Err(SampleError::cancelled());
                    }
                    let own: Vec<&Signal<'_>> =
                        groups[*name].iter().map(|row| &all[*row]).filter(|signal| signal.channel == channel).collect();
                    let Some(first) = own.first() else {
                        continue;
                    };
                    check_epochs(&own)?;
                    let values: Vec<&[f64]> = own.iter().map(|signal| signal.values.as_ref()).collect();
                    let how = match self.config.how {
                        How::Mean => Pooling::Mean,
                        How::Median => Pooling::Median,
                    };
                    let found = average(&values, how).map_err(|error| of_signal(first, error))?;
                    let t0_ms = match &events {
                        Some(events) => after_event_ms(&own, events)?,
                        None => 0.0,
                    };
                    let epoch = i32::try_from(number).map_err(SampleError::internal)?;
                    let of = |values: Vec<f64>| Signal {
                        channel: Cow::Owned(channel.to_owned()),
                        epoch,
                        t0_ms,
                        dt_ms: first.dt_ms,
                        unit: first.unit.clone(),
                        values: Cow::Owned(values),
                    };
                    means.push(of(found.values));
                    errors.push(of(found.standard_error));
                    rows.push(Row { channel: channel.to_owned(), epoch, value: (*name).clone(), count: own.len() });
                }
            }
            let tables = vec![
                signals::write(&means).map_err(SampleError::internal)?,
                signals::write(&errors).map_err(SampleError::internal)?,
                write(&rows).map_err(SampleError::internal)?,
            ];
            Ok(SampleOutput { tables, notes })
        })
    }
}

impl AverageStage {
    /// The rows of each group of epochs.
    fn groups(
        &self,
        signals: &[Signal<'_>],
        events: Option<&BTreeMap<i32, EpochEvent>>,
    ) -> Result<BTreeMap<String, Vec<usize>>, SampleError> {
        let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (row, signal) in signals.iter().enumerate() {
            let name = match (self.config.by, events) {
                (By::All, _) | (_, None) => ALL.to_owned(),
                (by, Some(events)) => {
                    let event = event_of(signal, events)?;
                    if by == By::Kind { event.kind.clone() } else { event.value.clone() }
                }
            };
            groups.entry(name).or_default().push(row);
        }
        Ok(groups)
    }
}

fn event_of<'a>(signal: &Signal<'_>, events: &'a BTreeMap<i32, EpochEvent>) -> Result<&'a EpochEvent, SampleError> {
    events.get(&signal.epoch).ok_or_else(|| {
        let message = format!("the table at the input `epochs` has no epoch {}: it is of other signals", signal.epoch);
        of_signal(signal, message)
    })
}

/// Epochs that are averaged: alike but for their times.
fn check_epochs(own: &[&Signal<'_>]) -> Result<(), SampleError> {
    let Some(first) = own.first() else {
        return Ok(());
    };
    for other in own {
        let same = |what: &str, own: String, firsts: String| {
            let message =
                format!("{what} is {own}, that of epoch {} is {firsts}; averaged epochs must agree", first.epoch);
            if own == firsts { Ok(()) } else { Err(of_signal(other, message)) }
        };
        same("the length", format!("{} values", other.values.len()), format!("{} values", first.values.len()))?;
        same("the sampling interval", format!("{} ms", other.dt_ms), format!("{} ms", first.dt_ms))?;
        same("the unit", format!("`{}`", other.unit), format!("`{}`", first.unit))?;
    }
    Ok(())
}

/// How long after their events epochs begin: a whole number of samples, the same for all but for the rounding of events.
fn after_event_ms(own: &[&Signal<'_>], events: &BTreeMap<i32, EpochEvent>) -> Result<f64, SampleError> {
    let mut samples = Vec::with_capacity(own.len());
    for signal in own {
        let after_ms = signal.t0_ms - event_of(signal, events)?.onset_s * 1e3;
        samples.push(after_ms / known_interval_ms(signal)?);
    }
    let mut sorted = samples.clone();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.get(sorted.len() / 2).map_or(0.0, |samples| samples.round());
    for (signal, samples) in own.iter().zip(&samples) {
        // An event lies within half a sample of the sample that is taken for it; so does the middle one.
        if (samples - middle).abs() > 1.001 {
            let message = format!(
                "it begins {} ms after its event, others {} ms: epochs that lie differently have no average",
                samples * signal.dt_ms,
                middle * signal.dt_ms
            );
            return Err(of_signal(signal, message));
        }
    }
    Ok(own.first().map_or(0.0, |signal| middle * signal.dt_ms))
}

fn write(rows: &[Row]) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let counts: Vec<i64> = rows.iter().map(|row| i64::try_from(row.count).unwrap_or(i64::MAX)).collect();
    RecordBatch::try_new(
        schema().arrow,
        vec![
            Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.channel))),
            Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| row.epoch))),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.value))),
            Arc::new(Int64Array::from(counts)),
        ],
    )
}
