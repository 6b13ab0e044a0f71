//! `simulate.neural_mass`: neural masses, alone or coupled by a connectome ([`lapicque_neuralmass`]).
//!
//! Samples that share a network, and the table of neurons that aln may be given, are stepped side by side where that is
//! faster; the bits are the same.

use std::sync::Arc;

use lapicque_neuralmass::Description;
use lapicque_neuralmass::delays::rounded_within;
use lapicque_neuralmass::recorder::{BoldOf, Kept};
use lapicque_neuralmass::registry::{AnyModel, ModelName, RegistryError};
use lapicque_neuralmass::settings::{ModelSettings, NoiseStart};
use lapicque_neuralmass::simulation::{Record, Settings};
use lapicque_neuralmass::table::Table;
use lapicque_numerics::random::StreamKey;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, Read, SampleError, SampleOutput, Stage,
};
use lapicque_schemas::tables::{connectome, neuron_table, parameters, signals};
use lapicque_units::write_number;
use rayon::prelude::*;
use serde_json::json;

use super::coupled::{Connectome, Coupled};
use super::driven::Stimuli;
use super::neural_mass_config::{Config, Integration, Noise, Sampling, Schedule};
use super::neurons;
use super::seed::read_seed;
use super::stepping::{Outcome, Ready, Stepping};
use crate::kind_config::{SimpleKind, problem, read, schema_of};
use crate::swept::Swept;

const REVISION: u32 = 1;
const PURPOSE: &str = "simulate.neural_mass";
const PORTS: &[PortSpec] = &[
    PortSpec::new("parameters", parameters::TABLE, PortMode::Either, false),
    PortSpec::new("connectome", connectome::TABLE, PortMode::Either, false),
    PortSpec::new("neuron_table", neuron_table::TABLE, PortMode::Either, false),
];
/// The output that is none of the model.
const BOLD: &str = "bold";
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
    values: Swept<ModelSettings>,
    noise_start: NoiseStart,
    stepping: Stepping,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let model = AnyModel::new(config.model(), config.options(), 1).map_err(|error| {
        let field = if matches!(error, RegistryError::Coupling(_)) { "coupling" } else { "compat" };
        vec![ConfigError::at(field, error)]
    })?;
    let description = model.description();
    let connectome = request.input("connectome");
    check_coupling(&config, &description, connectome.is_some())?;
    if request.input("neuron_table").is_some() && config.model() != ModelName::Aln {
        let message = format!("{} does not stand on a table of neurons, only aln does; leave it out", description.name);
        return problem("inputs.neuron_table", message);
    }
    let stepping = stepping(&config, model, description.clone())?;
    if let Err(message) = stepping.affordable(if connectome.is_some() { 2 } else { 1 }) {
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
    if connectome.is_none() && values.column_names().any(|name| name == "speed") {
        let message = "`speed` is that between nodes, and one node alone is not coupled; connect a `connectome` or leave the column out";
        return problem("inputs.parameters", message);
    }

    let names: Vec<&str> = stepping.settings.record.outputs[..stepping.outputs]
        .iter()
        .map(|&place| description.outputs[place].name)
        .collect();
    let mut canonical = values.canonical()?;
    canonical["duration_ms"] = config.duration.value().into();
    canonical["time_step_ms"] = stepping.settings.time_step_ms.into();
    canonical["record"] = json!(names);
    canonical["record_steps"] = stepping.kept.every.into();
    for (name, value, is_default) in [
        ("transient_ms", json!(config.transient.value()), config.transient.value() == 0.0),
        ("sampling", json!(config.sampling), config.sampling == Sampling::default()),
        ("coupling", json!(config.coupling), config.coupling.is_none()),
        ("integration", json!(config.integration), config.integration == Integration::default()),
        ("noise", json!(config.noise), config.noise == Default::default()),
        ("compat", json!(config.compat), config.compat.is_none()),
        ("stimuli", json!(config.stimuli), config.stimuli.is_empty()),
        ("bold", json!(config.bold), config.bold.is_none()),
    ] {
        if !is_default {
            canonical[name] = value;
        }
    }
    let outputs = names.into_iter().chain(stepping.bold.map(|_| BOLD));
    let outputs = outputs.map(|name| Output::new(name, signals::schema())).collect();
    let mut bound = Bound::new(REVISION, canonical, request.inputs, outputs);
    for read in bound.reads.iter_mut().filter(|read| read.port == "connectome") {
        *read = Read::columns("connectome", connectome::schema().column_names().map(str::to_owned));
    }
    for read in bound.reads.iter_mut().filter(|read| read.port == "neuron_table") {
        *read = Read::columns("neuron_table", neuron_table::schema().column_names().map(str::to_owned));
    }
    values.declare(&mut bound);
    read_seed(&mut bound, table);
    bound.random = true;
    let nodes = if connectome.is_some() { USUAL_NODES } else { 1 };
    bound.work = Some(stepping.kept.steps as f64 * nodes as f64);
    bound.most_per_batch = Some((BATCH_BYTES / stepping.bytes(nodes).max(1)).max(1));
    bound.notes = notes;
    let noise_start = if config.compat.is_some() { NoiseStart::DefaultMean } else { NoiseStart::Mean };
    Ok(Box::new(NeuralMassStage { bound, values, noise_start, stepping }))
}

fn stepping(config: &Config, model: AnyModel, description: Description) -> Result<Stepping, Vec<ConfigError>> {
    let schedule = config.schedule(description.time_step_ms)?;
    let Schedule { grid, steps, transient, every } = schedule;
    let mut recorded = config.recorded(&description)?;
    let outputs = recorded.len();
    let average = config.sampling == Sampling::Mean;
    let neurolib = config.compat.map(|_| config.model().input_time(config.options().compat));
    let stimuli = Stimuli::new(&config.stimuli, &description, (grid.step_ms(), steps), config.scheme(), neurolib)?;
    let bold = match &config.bold {
        None => None,
        Some(bold) => {
            let (place, factor, offset) = description.bold;
            let output = recorded.iter().position(|&recorded| recorded == place).unwrap_or_else(|| {
                recorded.push(place);
                recorded.len() - 1
            });
            let mut of = bold.of(output, config.compat.is_some());
            of.haemodynamics.factor = factor;
            of.haemodynamics.offset = offset;
            check_bold(&of, &schedule)?;
            Some(of)
        }
    };
    // The haemodynamics see every step.
    let record = match bold {
        Some(_) => Record { outputs: recorded, every: 1, average: false },
        None => Record { outputs: recorded, every: u64::from(every), average },
    };
    let kept = Kept { every: u64::from(every), average, transient: u64::from(transient), steps: u64::from(steps) };
    let settings = Settings {
        time_step_ms: grid.step_ms(),
        scheme: config.scheme(),
        noise: config.process(),
        input_time: stimuli.input_time,
        record,
    };
    Ok(Stepping { model, description, schedule, settings, outputs, kept, bold, stimuli })
}

fn check_bold(of: &BoldOf, schedule: &Schedule) -> Result<(), Vec<ConfigError>> {
    let tr_ms = of.repetition_time_ms;
    let recorded_ms = schedule.grid.time_ms(schedule.steps - schedule.transient);
    let refused = |message: String| problem("bold.repetition_time", message);
    if !(tr_ms.is_finite() && tr_ms >= schedule.grid.step_ms()) {
        return refused(format!("{tr_ms} ms; it must be finite and at least a time step"));
    }
    if recorded_ms < tr_ms {
        return refused(format!("{tr_ms} ms; what is recorded lasts {recorded_ms} ms and must be at least as long"));
    }
    Ok(())
}

/// Settings that have no part in what is simulated are refused.
pub(crate) fn check_coupling(
    config: &Config,
    description: &Description,
    is_coupled: bool,
) -> Result<(), Vec<ConfigError>> {
    if config.compat.is_some() {
        if config.integration != Integration::Euler {
            return problem("integration", "neurolib takes Euler steps; leave this or `compat` out");
        }
        if config.noise != Noise::Euler {
            return problem("noise", "neurolib takes Euler steps; leave this or `compat` out");
        }
        if config.bold.as_ref().is_some_and(|bold| bold.sampling() != Sampling::Last) {
            return problem("bold.sampling", "neurolib takes single values; leave this or `compat` out");
        }
    }
    if config.noise != Noise::Euler && description.noise.is_empty() {
        let message = format!("{} has no coloured noise that could be stepped; leave this out", description.name);
        return problem("noise", message);
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

impl Stage for NeuralMassStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        let mut outcomes: Vec<Outcome> = Vec::with_capacity(batch.samples.len());
        let mut shared = Shared::default();
        let mut groups: Vec<Vec<Ready>> = Vec::new();
        for sample in 0..batch.samples.len() {
            match self.ready(batch, sample, &mut shared) {
                Err(error) => outcomes.push((sample, Err(error))),
                Ok(ready) => match groups.iter_mut().find(|group| group[0].goes_with(&ready)) {
                    Some(group) => group.push(ready),
                    None => groups.push(vec![ready]),
                },
            }
        }
        let jobs: Vec<Vec<Ready>> = groups.into_iter().flat_map(|group| self.stepping.jobs(group)).collect();
        let simulate = |job| self.stepping.simulate(context, job);
        if context.threads < 2 {
            outcomes.extend(jobs.into_iter().flat_map(simulate));
        } else {
            outcomes.par_extend(jobs.into_par_iter().flat_map_iter(simulate));
        }
        outcomes.sort_by_key(|(sample, _)| *sample);
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }
}

/// Networks and neurons of a batch, each made once.
#[derive(Default)]
struct Shared {
    /// That of all samples.
    connectome: Option<Result<Arc<Connectome>, SampleError>>,
    /// Of that, by the bits of the speed.
    known: Vec<(u64, Result<Arc<Coupled>, SampleError>)>,
    /// That of all samples.
    neurons: Option<Result<Arc<Table>, SampleError>>,
}

impl NeuralMassStage {
    fn ready(&self, batch: &Batch, sample: usize, shared: &mut Shared) -> Result<Ready, SampleError> {
        let values = self.values.of_sample(batch.table(sample, "parameters"))?;
        let coupled = self.coupled(batch, sample, &values, shared)?;
        let neurons = of_neurons(batch, sample, shared)?;
        self.stepping.affordable(coupled.labels.len()).map_err(SampleError::input)?;
        self.stepping.stimuli.check(&coupled.labels)?;
        let stream = StreamKey::new(batch.samples[sample].stream(PURPOSE));
        let set = values.of_network(&coupled.labels, stream, self.noise_start).map_err(SampleError::input)?;
        let step_ms = self.stepping.settings.time_step_ms;
        let rounded = rounded_within(&self.stepping.description, &set.parameters, step_ms);
        let remark = |(name, value, becomes): (&str, f64, f64)| {
            format!(
                "`{name}`: {} ms is no whole number of time steps of {} ms and becomes {} ms",
                write_number(value),
                write_number(step_ms),
                becomes as f32
            )
        };
        let notes = coupled.notes.iter().cloned().chain(rounded.into_iter().map(remark)).collect();
        Ok(Ready { sample, coupled, neurons, set, stream, notes })
    }

    fn coupled(
        &self,
        batch: &Batch,
        sample: usize,
        values: &ModelSettings,
        shared: &mut Shared,
    ) -> Result<Arc<Coupled>, SampleError> {
        let speed = values.speed_mm_per_ms();
        let Schedule { grid, steps, .. } = self.stepping.schedule;
        let couple =
            |connectome: &Connectome| connectome.coupled(speed, grid.step_ms(), grid.time_ms(steps)).map(Arc::new);
        if self.bound.reads.iter().all(|read| read.port != "connectome") {
            // The speed is of no node alone.
            if shared.known.is_empty() {
                shared.known.push((0, Ok(Arc::new(Coupled::single()))));
            }
            return shared.known[0].1.clone();
        }
        let missing = || SampleError::internal("no input `connectome`");
        let Some(whole) = batch.whole("connectome") else {
            return couple(&Connectome::read(batch.table(sample, "connectome").ok_or_else(missing)?)?);
        };
        if let Some((_, known)) = shared.known.iter().find(|(of, _)| *of == speed.to_bits()) {
            return known.clone();
        }
        let connectome = shared.connectome.get_or_insert_with(|| Connectome::read(whole).map(Arc::new)).clone();
        let coupled = connectome.and_then(|connectome| couple(&connectome));
        shared.known.push((speed.to_bits(), coupled.clone()));
        coupled
    }
}

/// Those that a table gives, if there is one.
fn of_neurons(batch: &Batch, sample: usize, shared: &mut Shared) -> Result<Option<Arc<Table>>, SampleError> {
    if let Some(whole) = batch.whole("neuron_table") {
        return shared.neurons.get_or_insert_with(|| neurons::read(whole)).clone().map(Some);
    }
    batch.table(sample, "neuron_table").map(neurons::read).transpose()
}
