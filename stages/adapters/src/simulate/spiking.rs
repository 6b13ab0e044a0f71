//! `simulate.spiking`: the spikes of a network of point neurons ([`lapicque_spiking`]), one network per sample.

use std::collections::BTreeMap;

use lapicque_network::Network;
use lapicque_numerics::random::StreamKey;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, SampleError, SampleInput,
    SampleOutput, Stage, each_sample,
};
use lapicque_schemas::TableSchema;
use lapicque_schemas::tables::populations::{self, PopulationRow};
use lapicque_schemas::tables::{TableError, parameters, spikes};
use lapicque_spiking::{Options, Recording, RoundedTime, SimulationError, check, rounded_times, simulate};
use lapicque_units::{Time, write_number};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::seed::read_seed;
use crate::kind_config::{SimpleKind, read, schema_of};
use crate::network_model::{NetworkModel, open};
use crate::swept::Swept;

const REVISION: u32 = 2;
const PURPOSE: &str = "simulate.spiking";
const PORTS: &[PortSpec] = &[PortSpec::new("parameters", parameters::TABLE, PortMode::Either, false)];
/// Fields of the configuration that cannot be columns: times of spikes are steps, and the step stands in the metadata.
const CONSTANT: [&str; 3] = ["time_step", "duration", "transient"];

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "simulate.spiking",
    summary: "Simulate a network of spiking point neurons",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// A shipped network (such as hagen or brunel), or the path of a network file.
    network: String,
    /// Simulated time, e.g. `12 s`; includes the transient.
    #[schemars(with = "String")]
    duration: Time,
    /// Spikes before it are not recorded (default 0 ms).
    #[serde(default = "no_transient")]
    #[schemars(with = "String")]
    transient: Time,
    /// Grid of spikes and delays (default 0.0625 ms). Refractory periods between two steps take the next, delays the nearest (halves up).
    #[serde(default = "default_time_step")]
    #[schemars(with = "String")]
    time_step: Time,
    /// Values of the network other than its own, by short name or path, e.g. `J_ext: 29.89 pA`.
    #[serde(default)]
    parameters: BTreeMap<String, Value>,
}

fn no_transient() -> Time {
    Time::new(0.0)
}

fn default_time_step() -> Time {
    Time::new(Options::default().time_step_ms)
}

struct SpikingStage {
    bound: Bound,
    network: Swept<NetworkModel>,
    options: Options,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let table = request.input("parameters").map(|input| &input.schema);
    let file = open(request, "network", &config.network)?;
    let mut notes = Vec::new();
    let network = Swept::bind(NetworkModel::new(file), &config.parameters, request, &mut notes)?;
    let base = network.base().network();
    let options = Options {
        time_step_ms: config.time_step.value(),
        duration_ms: config.duration.value(),
        transient_ms: config.transient.value(),
    };
    let mut problems: Vec<ConfigError> =
        table.into_iter().flat_map(|table| constant_columns(table, &network)).collect();
    problems.extend(try_out(base, &options));
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut canonical = network.canonical()?;
    canonical["duration_ms"] = options.duration_ms.into();
    let default = Options::default();
    for (name, value, default) in [
        ("transient_ms", options.transient_ms, default.transient_ms),
        ("time_step_ms", options.time_step_ms, default.time_step_ms),
    ] {
        if value != default {
            canonical[name] = value.into();
        }
    }
    let outputs = vec![
        Output::new("spikes", spikes::schema(options.time_step_ms)),
        Output::new("populations", populations::schema()),
    ];
    let mut bound = Bound::new(REVISION, canonical, request.inputs, outputs);
    network.declare(&mut bound);
    read_seed(&mut bound, table);
    bound.random = true;
    bound.work = Some(super::work::work(base, options.duration_ms, options.time_step_ms));
    notes.extend(roundings(base, options.time_step_ms));
    bound.notes = notes;
    Ok(Box::new(SpikingStage { bound, network, options }))
}

fn constant_columns(table: &TableSchema, network: &Swept<NetworkModel>) -> Vec<ConfigError> {
    let swept: Vec<&str> = network.column_names().collect();
    let columns = table.column_names().filter(|name| CONSTANT.contains(name) && !swept.contains(name));
    let message = |name| {
        format!(
            "`{name}` cannot be swept: it is the same for all samples; give it in the configuration of a stage of its own"
        )
    };
    columns.map(|name| ConfigError::at("inputs.parameters", message(name))).collect()
}

/// What cannot be simulated shows before anything runs.
fn try_out(network: &Network, options: &Options) -> Option<ConfigError> {
    let error = check(network, options).err()?;
    let field = match &error {
        SimulationError::Option { option, .. } => option.trim_end_matches("_ms"),
        SimulationError::Transient { .. } => "transient",
        // What was drawn here says nothing of what will be drawn.
        SimulationError::NoDraw { .. } | SimulationError::ResetAboveThreshold { .. } | SimulationError::Cancelled => {
            return None;
        }
        SimulationError::Network(_)
        | SimulationError::Unsupported(_)
        | SimulationError::OutOfRange { .. }
        | SimulationError::Time { .. }
        | SimulationError::ShortDelay { .. }
        | SimulationError::Delay { .. }
        | SimulationError::UnknownPopulation { .. }
        | SimulationError::TooManyNeurons { .. }
        | SimulationError::TooManySynapses { .. }
        | SimulationError::TooMuchMemory { .. } => "network",
    };
    Some(ConfigError::at(field, error))
}

/// A remark on each time of a network that a simulation rounds.
fn roundings(network: &Network, time_step_ms: f64) -> Vec<String> {
    let remark = |RoundedTime { path, time_ms, steps, becomes_ms }: RoundedTime| {
        format!(
            "`{path}`: {} ms is no whole number of time steps of {} ms and becomes {} ms ({steps} {}); theory takes it as it is",
            write_number(time_ms),
            write_number(time_step_ms),
            write_number(becomes_ms),
            if steps == 1 { "step" } else { "steps" }
        )
    };
    // What is wrong with a time is told by the check, or by the simulation.
    rounded_times(network, time_step_ms).unwrap_or_default().into_iter().map(remark).collect()
}

impl Stage for SpikingStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |number, sample| {
            if context.is_cancelled() {
                return Err(SampleError::cancelled());
            }
            let network = self.network.of_sample(batch.table(number, "parameters"))?;
            self.simulate(context, sample, network.network())
        })
    }
}

impl SpikingStage {
    fn simulate(
        &self,
        context: &Context<'_>,
        sample: &SampleInput,
        network: &Network,
    ) -> Result<SampleOutput, SampleError> {
        let key = StreamKey::new(sample.stream(PURPOSE));
        let mut told = 0.0;
        let mut progress = |fraction: f64| {
            (context.progress)(fraction - told);
            told = fraction;
        };
        let recording = simulate(network, &self.options, key, &|| context.is_cancelled(), &mut progress);
        let recording = recording.map_err(|error| match error {
            SimulationError::Cancelled => SampleError::cancelled(),
            error => SampleError::input(error),
        })?;
        let tables = self.tables(recording).map_err(SampleError::internal)?;
        // Those of the network without what columns set were told before.
        let mut notes = roundings(network, self.options.time_step_ms);
        notes.retain(|note| !self.bound.notes.contains(note));
        Ok(SampleOutput { tables, notes })
    }

    fn tables(&self, recording: Recording) -> Result<Vec<arrow_array::RecordBatch>, TableError> {
        let rows = recording.populations.iter().map(|summary| PopulationRow {
            population: summary.name.clone(),
            size: summary.size,
            t_start_ms: summary.t_start_ms,
            t_stop_ms: summary.t_stop_ms,
            rate_hz: summary.rate_hz,
        });
        let rows: Vec<PopulationRow> = rows.collect();
        let names: Vec<&str> = rows.iter().map(|row| row.population.as_str()).collect();
        let number = |&p: &u32| {
            u16::try_from(p).map_err(|_| {
                TableError::Build(format!("{} populations; at most {} fit a table", names.len(), u16::MAX))
            })
        };
        let population = recording.population.iter().map(number).collect::<Result<_, _>>()?;
        let spikes = spikes::write(self.options.time_step_ms, &names, population, recording.neuron, recording.step)?;
        Ok(vec![spikes, populations::write(&rows)?])
    }
}
