//! `features.events`: how often events occur and how far apart they are ([`lapicque_signal::event_rates`]).
//!
//! A row for each value (or kind) of events; `channel` is that value. Averages locked to events are those of `signal.epochs` around events and
//! `signal.average`.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray};
use arrow_schema::DataType;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, SampleError, SampleOutput, Stage,
    each_sample,
};
use lapicque_schemas::tables::events::Event;
use lapicque_schemas::tables::{events, features, signals};
use lapicque_schemas::{Column, TableSchema};
use lapicque_signal::event_rates::{EventRates, Occurrence, event_rates, union};
use lapicque_units::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind_config::{SimpleKind, bound, problem, read, schema_of};
use crate::signal::channels::is_like;

const REVISION: u32 = 1;
const DEFINITIONS: &str = "events 1";
const PORTS: &[PortSpec] = &[
    PortSpec::new("events", events::TABLE, PortMode::Either, true),
    PortSpec::new("signals", signals::TABLE, PortMode::Either, false),
];

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "features.events",
    summary: "Measure how often events occur, how far apart they are and how long they last",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// Whether events of one value (default) or of one kind are counted together. What has no value counts by its kind.
    by: By,
    /// Values (or kinds) that are counted, names or patterns such as `spindle*` (default: all that there are). A name has a row also where
    /// nothing happened: with count 0.
    events: Vec<String>,
    /// How long the recording is, from 0 on (default: the time that the input `signals` covers).
    #[schemars(with = "Option<String>")]
    duration: Option<Time>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum By {
    #[default]
    Value,
    Kind,
}

struct EventsStage {
    bound: Bound,
    config: Config,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let connected = request.input("signals").is_some();
    match config.duration {
        None if !connected => {
            return problem(
                "duration",
                "how long was recorded is not known: connect the input `signals`, or give `duration`, e.g. `600 s`",
            );
        }
        Some(_) if connected => {
            return problem("duration", "the input `signals` says how long was recorded; leave one of both out");
        }
        Some(time) if !(time.value() > 0.0 && time.value().is_finite()) => {
            return problem("duration", format!("{time}: it must be finite and above 0 ms"));
        }
        _ => {}
    }
    if config.events.iter().any(|pattern| pattern.trim().is_empty()) {
        return problem("events", "a pattern is empty");
    }
    let bound = bound(REVISION, &config, &Config::default(), request, vec![Output::new("features", schema())])?;
    Ok(Box::new(EventsStage { bound, config }))
}

/// Name, unit and description of a measure, and the measure.
type Measure = (&'static str, &'static str, &'static str, fn(&EventRates) -> f64);

const MEASURES: [Measure; 7] = [
    ("count", "1", "events within the recorded time", |rates| rates.count),
    ("rate_hz", "Hz", "events per second", |rates| rates.rate_hz),
    ("interval_mean_s", "s", "mean time from one onset to the next", |rates| rates.interval_mean_s),
    ("interval_sd_s", "s", "standard deviation of these times", |rates| rates.interval_sd_s),
    ("interval_cv", "1", "their standard deviation over their mean", |rates| rates.interval_cv),
    ("duration_mean_s", "s", "mean of the durations that are known", |rates| rates.duration_mean_s),
    ("time_fraction", "1", "share of the recorded time that lies in an event", |rates| rates.time_fraction),
];

fn schema() -> TableSchema {
    let keys = [
        Column::new("channel", DataType::Utf8, "value (or kind) of the events"),
        Column::new("epoch", DataType::Int32, "0"),
    ];
    let measures =
        MEASURES.map(|(name, unit, description, _)| Column::new(name, DataType::Float64, description).unit(unit));
    TableSchema::new(features::TABLE, &["channel", "epoch"], keys.into_iter().chain(measures))
        .with_metadata(features::DEFINITIONS, DEFINITIONS)
}

impl Stage for EventsStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, _: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, _| {
            let table = batch.table(sample, "events").ok_or_else(|| SampleError::internal("no input `events`"))?;
            let events = events::read(table).map_err(SampleError::input)?;
            if let Some(event) = events.iter().find(|event| !event.onset_s.is_finite()) {
                let Event { value, onset_s, .. } = event;
                return Err(SampleError::input(format!("the event `{value}` begins at {onset_s} s; a time is finite")));
            }
            let recorded = self.recorded(batch, sample)?;
            let mut notes = Vec::new();
            let is_within =
                |event: &&Event| recorded.iter().any(|(begin, end)| (*begin..*end).contains(&event.onset_s));
            let (mut groups, mut outside) = (self.named(), 0);
            for event in &events {
                let name = match self.config.by {
                    By::Value if !event.value.is_empty() => &event.value,
                    By::Value | By::Kind => &event.kind,
                };
                if !self.config.events.is_empty() && !self.config.events.iter().any(|pattern| is_like(pattern, name)) {
                    continue;
                }
                let (onset_s, duration_s) = (event.onset_s, event.duration_s);
                groups.entry(name.clone()).or_default().push(Occurrence { onset_s, duration_s });
                outside += usize::from(!is_within(&event));
            }
            if outside > 0 {
                notes.push(format!("{outside} events begin outside of the recorded time and are not counted"));
            }
            let rows: Vec<(String, EventRates)> =
                groups.into_iter().map(|(name, events)| (name, event_rates(&events, &recorded))).collect();
            let table = write(&rows).map_err(SampleError::internal)?;
            Ok(SampleOutput { tables: vec![table], notes })
        })
    }
}

impl EventsStage {
    /// Groups that are there whether anything happened or not.
    fn named(&self) -> BTreeMap<String, Vec<Occurrence>> {
        let names = self.config.events.iter().filter(|name| !name.contains(['*', '?']));
        names.map(|name| (name.clone(), Vec::new())).collect()
    }

    /// Stretches of time, seconds.
    fn recorded(&self, batch: &Batch, sample: usize) -> Result<Vec<(f64, f64)>, SampleError> {
        if let Some(duration) = self.config.duration {
            return Ok(vec![(0.0, duration.value() * 1e-3)]);
        }
        let table = batch.table(sample, "signals").ok_or_else(|| SampleError::internal("no input `signals`"))?;
        let signals = signals::read(table).map_err(SampleError::input)?;
        let stretch = |signal: &signals::Signal<'_>| {
            let end_ms = signal.t0_ms + signal.values.len() as f64 * signal.dt_ms;
            let name = crate::signal::name_of(&signal.channel, signal.epoch);
            let known = signal.t0_ms.is_finite() && end_ms.is_finite();
            known.then_some((signal.t0_ms * 1e-3, end_ms * 1e-3)).ok_or_else(|| {
                SampleError::input(format!("{name}: its times are not known; give `dt` (ms) or `sampling_rate`"))
            })
        };
        Ok(union(signals.iter().map(stretch).collect::<Result<Vec<_>, _>>()?))
    }
}

fn write(rows: &[(String, EventRates)]) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(rows.iter().map(|(name, _)| name))),
        Arc::new(Int32Array::from(vec![0; rows.len()])),
    ];
    for (_, _, _, measure) in MEASURES {
        columns.push(Arc::new(Float64Array::from_iter_values(rows.iter().map(|(_, rates)| measure(rates)))));
    }
    RecordBatch::try_new(schema().arrow, columns)
}
