//! `pointprocess.simulate_fit`: what fitted models do by themselves ([`lapicque_pointprocess::fit::simulate`]).

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use lapicque_numerics::random::StreamKey;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, Read, SampleError, SampleInput,
    SampleOutput, Stage, each_sample,
};
use lapicque_pointprocess::fit::{FittedNetwork, FittedNeuron, simulate};
use lapicque_pointprocess::{Event, Stream};
use lapicque_schemas::tables::populations::{self, PopulationRow};
use lapicque_schemas::tables::{FREE, events, float_column, signals, spikes, text_column};
use lapicque_units::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fit::sample_error;
use super::fit_filter::whole_bins;
use super::fit_tables::FittedModel;
use super::stimuli::{Bins, Stimuli};
use crate::kind_config::{SimpleKind, bound, problem, read, schema_of};

const REVISION: u32 = 1;
const PURPOSE: &str = "pointprocess.simulate_fit";
const COLUMNS: [&str; 3] = ["target", "term", "finite"];
const PORTS: &[PortSpec] = &[
    PortSpec::new("coefficients", FREE, PortMode::Either, true),
    PortSpec::new("filters", signals::TABLE, PortMode::Either, true),
    PortSpec::new("signals", signals::TABLE, PortMode::Either, false),
    PortSpec::new("events", events::TABLE, PortMode::Either, false),
];

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "pointprocess.simulate_fit",
    summary: "Simulate the models that were fitted to spike trains, and tell where they run away",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Simulated time, a whole number of bins of the fit, e.g. `60 s`.
    #[schemars(with = "String")]
    duration: Time,
    /// Values or kinds of events that are stimuli, as in the fit (default: events of kind `stimulus`).
    #[serde(default)]
    events: Vec<String>,
    /// Spikes per neuron and bin, over about 100 bins, above which the network runs away and fails (default 0.5).
    #[serde(default = "half")]
    largest_mean: f64,
}

fn half() -> f64 {
    0.5
}

struct SimulateStage {
    bound: Bound,
    config: Config,
    model: FittedModel,
    bins: u32,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let Some(model) = request.input("coefficients").and_then(|input| FittedModel::of(&input.schema)) else {
        return problem("inputs.coefficients", "expected the coefficients of a `pointprocess.fit`");
    };
    let mut problems = Vec::new();
    let bins =
        whole_bins(config.duration, model.bin_ms).and_then(|bins| u32::try_from(bins).map_err(|e| e.to_string()));
    let bins = bins.unwrap_or_else(|message| {
        problems.push(ConfigError::at("duration", message));
        0
    });
    if !(config.largest_mean > 0.0 && config.largest_mean.is_finite()) {
        let message = format!("{} is not allowed; expected a number above 0, e.g. `0.5`", config.largest_mean);
        problems.push(ConfigError::at("largest_mean", message));
    }
    if !config.events.is_empty() && request.input("events").is_none() {
        problems.push(ConfigError::at("events", "connect the input `events`, which says when stimuli began"));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    // `duration` has no default: 0 never equals a valid one.
    let unset = Config { duration: Time::new(0.0), events: Vec::new(), largest_mean: half() };
    let outputs =
        vec![Output::new("spikes", spikes::schema(model.bin_ms)), Output::new("populations", populations::schema())];
    let mut bound = bound(REVISION, &config, &unset, request, outputs)?;
    for read in &mut bound.reads {
        let columns: Vec<String> = match read.port.as_str() {
            "coefficients" => COLUMNS.map(str::to_owned).into(),
            "filters" | "signals" => signals::schema().column_names().map(str::to_owned).collect(),
            "events" => events::schema().column_names().map(str::to_owned).collect(),
            _ => continue,
        };
        *read = Read::columns(&read.port, columns);
    }
    bound.random = true;
    Ok(Box::new(SimulateStage { bound, config, model, bins }))
}

impl Stage for SimulateStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |number, sample| {
            let table = |port: &str| batch.table(number, port);
            self.simulate(context, sample, &table)
        })
    }
}

impl SimulateStage {
    fn simulate<'a>(
        &self,
        context: &Context<'_>,
        sample: &SampleInput,
        table: &dyn Fn(&str) -> Option<&'a RecordBatch>,
    ) -> Result<SampleOutput, SampleError> {
        let due = |port: &str| table(port).ok_or_else(|| SampleError::internal(format!("no input `{port}`")));
        let (labels, intercepts) = intercepts(due("coefficients")?)?;
        let populations = populations_of(&labels)?;
        let bins = Bins { dt_ms: self.model.bin_ms, steps_per_bin: 1, start: 0, count: self.bins };
        let given = Stimuli::read(&bins, table("signals"), table("events"), &self.config.events)?;
        let names = given.names(&labels)?;
        let neurons = neurons(&labels, intercepts, &names, due("filters")?)?;
        let network = FittedNetwork { neurons, family: self.model.family, dead_bins: self.model.dead_bins };
        let mut stream = Stream::new(&StreamKey::new(sample.stream(PURPOSE)), 0);
        let largest = self.config.largest_mean;
        let go_on = || !context.is_cancelled();
        let spikes = simulate(&network, &given.stimuli, self.bins, largest, &mut stream, &go_on);
        let spikes = spikes.map_err(sample_error)?;
        let tables = self.tables(&populations, spikes).map_err(SampleError::internal)?;
        Ok(SampleOutput { tables, notes: given.notes })
    }

    /// Spikes by population, step and neuron, and populations.
    fn tables(
        &self,
        populations: &[(String, u32)],
        spikes: Vec<Event>,
    ) -> Result<Vec<RecordBatch>, lapicque_schemas::TableError> {
        let place: Vec<(u16, u32)> = (0..)
            .zip(populations)
            .flat_map(|(population, (_, size))| (0..*size).map(move |number| (population, number)))
            .collect();
        let mut counts = vec![0_u64; populations.len()];
        let mut rows: Vec<(u16, u32, u32)> = Vec::with_capacity(spikes.len());
        for event in spikes {
            let (population, number) = place[event.neuron as usize];
            counts[usize::from(population)] += u64::from(event.count);
            // Bin 0 is the first step.
            rows.extend((0..event.count).map(|_| (population, event.step as u32 + 1, number)));
        }
        rows.sort_unstable();
        let stop_ms = f64::from(self.bins) * self.model.bin_ms;
        let row = |((name, size), count): (&(String, u32), &u64)| PopulationRow {
            population: name.clone(),
            size: *size,
            t_start_ms: 0.0,
            t_stop_ms: stop_ms,
            rate_hz: *count as f64 / (f64::from(*size) * stop_ms * 1e-3),
        };
        let populations_table: Vec<PopulationRow> = populations.iter().zip(&counts).map(row).collect();
        let names: Vec<&str> = populations.iter().map(|(name, _)| name.as_str()).collect();
        let (population, step, neuron) =
            (rows.iter().map(|row| row.0), rows.iter().map(|row| row.1), rows.iter().map(|row| row.2));
        Ok(vec![
            spikes::write(self.model.bin_ms, &names, population.collect(), neuron.collect(), step.collect())?,
            populations::write(&populations_table)?,
        ])
    }
}

/// Labels of the neurons, and the drives that they have by themselves.
fn intercepts(table: &RecordBatch) -> Result<(Vec<String>, Vec<f64>), SampleError> {
    let target = text_column(FREE, table, "target").map_err(SampleError::input)?;
    let term = text_column(FREE, table, "term").map_err(SampleError::input)?;
    let value = float_column(FREE, table, "finite").map_err(SampleError::input)?;
    let rows = (0..table.num_rows()).filter(|&row| term.value(row) == "intercept");
    let (labels, intercepts): (Vec<String>, Vec<f64>) =
        rows.map(|row| (target.value(row).to_owned(), value[row])).unzip();
    Ok((labels, intercepts))
}

/// Names and sizes of populations: labels are `NAME.NUMBER`, population by population and numbered from 0.
fn populations_of(labels: &[String]) -> Result<Vec<(String, u32)>, SampleError> {
    let mut populations: Vec<(String, u32)> = Vec::new();
    for label in labels {
        let parts = label.rsplit_once('.').and_then(|(name, number)| Some((name, number.parse::<u32>().ok()?)));
        let begun = parts.is_some_and(|(name, _)| populations.iter().any(|(known, _)| known == name));
        let continued = parts.is_some_and(|(name, number)| match populations.last_mut() {
            Some((last, size)) if last == name && *size == number => {
                *size += 1;
                true
            }
            _ if number == 0 && !begun => {
                populations.push((name.to_owned(), 1));
                true
            }
            _ => false,
        });
        if !continued {
            return Err(SampleError::input(format!(
                "neuron `{label}` is not the next of its population, so others were not fitted; fit all neurons of a \
                 population to simulate them"
            )));
        }
    }
    if populations.is_empty() || populations.len() > usize::from(u16::MAX) {
        let found = populations.len();
        return Err(SampleError::input(format!("there are {found} populations; expected 1 to {}", u16::MAX)));
    }
    Ok(populations)
}

/// Neurons with the filters that channels `SOURCE->TARGET` name.
fn neurons(
    labels: &[String],
    intercepts: Vec<f64>,
    stimuli: &[String],
    filters: &RecordBatch,
) -> Result<Vec<FittedNeuron>, SampleError> {
    let number: BTreeMap<&str, usize> = labels.iter().enumerate().map(|(i, label)| (label.as_str(), i)).collect();
    let neuron = |intercept| FittedNeuron {
        intercept,
        history: Vec::new(),
        couplings: Vec::new(),
        stimuli: vec![Vec::new(); stimuli.len()],
    };
    let mut neurons: Vec<FittedNeuron> = intercepts.into_iter().map(neuron).collect();
    for signal in signals::read(filters).map_err(SampleError::input)? {
        let channel = signal.channel.as_ref();
        let known = channel.rsplit_once("->").and_then(|(source, target)| Some((source, *number.get(target)?)));
        let Some((source, target)) = known else {
            return Err(SampleError::input(format!(
                "the filter `{channel}` leads to no neuron of the coefficients; expected filters of the same fit"
            )));
        };
        let values = signal.values.into_owned();
        let neuron = &mut neurons[target];
        if let Some(&source) = number.get(source) {
            if source == target {
                neuron.history = values;
            } else {
                neuron.couplings.push((source, values));
            }
        } else if let Some(place) = stimuli.iter().position(|name| name == source) {
            neuron.stimuli[place] = values;
        } else {
            return Err(SampleError::input(format!(
                "the filter `{channel}` begins at `{source}`, which is neither a neuron that was fitted nor a stimulus \
                 that is connected"
            )));
        }
    }
    Ok(neurons)
}
