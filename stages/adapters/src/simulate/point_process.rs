//! `simulate.point_process`: spikes of a network of stochastic neurons in discrete time ([`lapicque_pointprocess`]), one network per sample.

use arrow_array::RecordBatch;
use lapicque_numerics::random::StreamKey;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, PortMode, PortSpec, Read, SampleError, SampleInput, SampleOutput,
    Stage, each_sample,
};
use lapicque_pointprocess::inputs::Input;
use lapicque_pointprocess::memory::affordable;
use lapicque_pointprocess::{Memory, Model, Network, PointProcessError, Run, Start, Step, Stream, simulate_into};
use lapicque_schemas::tables::{FREE, connectivity, parameters};
use serde_json::json;

use super::point_process_config::{Config, Driven, RecordConfig, Schedule, StartConfig};
use super::point_process_stimuli::{MASKS, Masks, ReadyStimulus};
use super::point_process_tables::{Populations, Recorder, fits, outputs};
use super::seed::read_seed;
use crate::kind_config::{SimpleKind, read, schema_of};
use crate::swept::Swept;

const REVISION: u32 = 1;
const PURPOSE: &str = "simulate.point_process";
const PORTS: &[PortSpec] = &[
    PortSpec::new("parameters", parameters::TABLE, PortMode::Either, false),
    PortSpec::new("connectivity", connectivity::TABLE, PortMode::Either, false),
    PortSpec::new(MASKS, FREE, PortMode::Either, false),
];
/// Fields of the configuration that cannot be columns: times of spikes are steps, and the step stands in the metadata.
const CONSTANT: [&str; 4] = ["time_step", "duration", "steps", "transient"];

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "simulate.point_process",
    summary: "Simulate a network of stochastic spiking neurons: generalised linear and linear-nonlinear-Poisson models",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

struct PointProcessStage {
    bound: Bound,
    config: Config,
    model: Swept<Driven>,
    schedule: Schedule,
    stimuli: Vec<ReadyStimulus>,
    record: Vec<RecordConfig>,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let schedule = config.schedule().map_err(|error| vec![error])?;
    let driven = config.driven().map_err(|error| vec![error])?;
    let mut problems = config_problems(&config, request);
    let mut stimuli = Vec::with_capacity(config.stimuli.len());
    for (name, one) in &config.stimuli {
        match one.ready(name, schedule, config.compat()) {
            Ok(ready) => stimuli.push(ready),
            Err(error) => problems.push(error),
        }
    }
    problems.extend(stimuli_problems(&config, &stimuli, request));
    let table = request.input("parameters").map(|input| &input.schema);
    let constant = table.into_iter().flat_map(|table| table.column_names()).filter(|name| CONSTANT.contains(name));
    problems.extend(constant.map(cannot_be_swept));
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut notes = Vec::new();
    let model = Swept::bind(driven, &config.parameters, request, &mut notes)?;
    let mut record = config.record.clone();
    record.sort_unstable();
    record.dedup();
    let known = known_neurons(&config);
    if let Some(neurons) = known {
        fits(neurons, schedule.steps, record.len()).map_err(|error| vec![ConfigError::at("record", error)])?;
    }
    let mut canonical = model.canonical()?;
    canonical["schedule"] = json!(schedule);
    canonical["start"] = json!(config.start);
    canonical["largest_mean_count"] = json!(config.largest_mean_count);
    canonical["neurons"] = json!(config.neurons);
    // Their order is that of the neurons.
    canonical["populations"] = json!(config.populations.iter().collect::<Vec<_>>());
    canonical["stimuli"] = json!(config.stimuli);
    canonical["record"] = json!(record);
    let mut bound = Bound::new(REVISION, canonical, request.inputs, outputs(schedule.dt_ms, &record));
    for read in &mut bound.reads {
        if read.port == connectivity::TABLE {
            *read = Read::columns(connectivity::TABLE, connectivity::schema().column_names().map(str::to_owned));
        } else if read.port == MASKS {
            let present = |name: &&str| request.input(MASKS).is_some_and(|input| input.schema.column(name).is_some());
            *read = Read::columns(MASKS, ["stimulus", "neuron"].into_iter().filter(present).map(str::to_owned));
        }
    }
    model.declare(&mut bound);
    read_seed(&mut bound, table);
    bound.random = true;
    bound.notes = notes;
    // Where only a table says how many neurons there are, a typical number does.
    bound.work = Some(known.unwrap_or(100) as f64 * (schedule.steps as f64 + schedule.transient_steps as f64));
    Ok(Box::new(PointProcessStage { bound, config, model, schedule, stimuli, record }))
}

/// How many neurons there are, where the configuration says it.
fn known_neurons(config: &Config) -> Option<usize> {
    let of_populations = || config.populations.values().map(|&size| size as usize).sum();
    config.neurons.map(|neurons| neurons as usize).or((!config.populations.is_empty()).then(of_populations))
}

fn config_problems(config: &Config, request: &BindRequest<'_>) -> Vec<ConfigError> {
    let mut problems = Vec::new();
    let mut refuse = |field: &str, message: String| problems.push(ConfigError::at(field, message));
    let most = config.largest_mean_count;
    if !(most > 0.0 && most <= 700.0) {
        refuse("largest_mean_count", format!("{most} is not allowed; it must be above 0, and at most 700"));
    }
    if config.neurons == Some(0) {
        refuse("neurons", "no neurons; give at least one".to_owned());
    }
    if config.neurons.is_some() && !config.populations.is_empty() {
        refuse("neurons", "`populations` say how many there are; leave one of them out".to_owned());
    }
    if config.populations.len() > usize::from(u16::MAX) {
        refuse("populations", format!("{} of them; at most {} are allowed", config.populations.len(), u16::MAX));
    }
    for (name, size) in &config.populations {
        if *size == 0 {
            refuse(&format!("populations.{name}"), "no neurons; give at least one, or leave it out".to_owned());
        }
    }
    if request.input(connectivity::TABLE).is_none() && known_neurons(config).is_none() {
        let message =
            "how many neurons there are is not known: give `neurons`, `populations` or the input `connectivity`";
        refuse("neurons", message.to_owned());
    }
    problems
}

fn stimuli_problems(config: &Config, stimuli: &[ReadyStimulus], request: &BindRequest<'_>) -> Vec<ConfigError> {
    let mut problems = Vec::new();
    let known = |name: &str| match config.populations.is_empty() {
        true => name == "neurons",
        false => config.populations.contains_key(name),
    };
    for one in stimuli {
        if let Some(name) = one.population().filter(|name| !known(name)) {
            // Sizes do not matter for names.
            let told = Populations::new(&config.populations, known_neurons(config).unwrap_or(0));
            let message = told.map_or_else(|message| message, |populations| populations.unknown(name));
            problems.push(ConfigError::at(format!("stimuli.{}.neurons", one.name()), message));
        }
    }
    if let Some(input) = request.input(MASKS) {
        if input.schema.column("neuron").is_none() {
            let names = input.schema.column_names().collect::<Vec<_>>().join(", ");
            let message = format!("the table has no column `neuron` (it has: {names})");
            problems.push(ConfigError::at("inputs.masks", message));
        }
        if !stimuli.iter().any(ReadyStimulus::is_masked) {
            let message = "no stimulus takes its neurons from it; leave `neurons` of one out, or the input";
            problems.push(ConfigError::at("inputs.masks", message));
        }
    }
    problems
}

fn cannot_be_swept(name: &str) -> ConfigError {
    let message = format!(
        "`{name}` cannot be swept: it is the same for all samples; give it in the configuration of a stage of its own"
    );
    ConfigError::at("inputs.parameters", message)
}

impl Stage for PointProcessStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        // One network for all samples is read once.
        let whole = batch.whole(connectivity::TABLE).map(|table| network(Some(table), &self.config));
        each_sample(batch, |number, sample| {
            if context.is_cancelled() {
                return Err(SampleError::cancelled());
            }
            let driven = self.model.of_sample(batch.table(number, "parameters"))?;
            let own;
            let network = match &whole {
                Some(whole) => whole.as_ref().map_err(Clone::clone)?,
                None => {
                    own = network(batch.table(number, connectivity::TABLE), &self.config)?;
                    &own
                }
            };
            let masks = batch.table(number, MASKS).map(|table| Masks::read(table, &self.stimuli)).transpose()?;
            self.simulate(context, sample, &driven, network, masks.as_ref())
        })
    }
}

fn network(table: Option<&RecordBatch>, config: &Config) -> Result<Network, SampleError> {
    let Some(table) = table else {
        return Network::from_edges(known_neurons(config).unwrap_or(0), &[]).map_err(SampleError::input);
    };
    let read = connectivity::read(table).map_err(SampleError::input)?;
    let neurons = read.neurons();
    if neurons == 0 {
        return Err(SampleError::input("the network has no neurons"));
    }
    if let Some(expected) = config.neurons.filter(|&expected| expected as usize != neurons) {
        return Err(SampleError::input(format!("the network has {neurons} neurons, and `neurons` is {expected}")));
    }
    let rows = read.presynaptic.iter().zip(&read.postsynaptic).zip(&read.weight);
    let edges: Vec<(usize, usize, f64)> =
        rows.map(|((&from, &to), &weight)| (from as usize, to as usize, weight)).collect();
    Network::from_edges(neurons, &edges).map_err(SampleError::input)
}

impl PointProcessStage {
    fn simulate(
        &self,
        context: &Context<'_>,
        sample: &SampleInput,
        driven: &Driven,
        network: &Network,
        masks: Option<&Masks>,
    ) -> Result<SampleOutput, SampleError> {
        let model = driven.settings.model().map_err(SampleError::input)?;
        let populations = Populations::new(&self.config.populations, network.neurons()).map_err(SampleError::input)?;
        self.affordable(&model, network.neurons()).map_err(SampleError::input)?;
        let key = StreamKey::new(sample.stream(PURPOSE));
        let mut stimuli: Vec<(String, Input)> = Vec::with_capacity(self.stimuli.len());
        for one in &self.stimuli {
            let strength = driven.strengths.get(one.name()).copied();
            let input = one.input(strength, &populations, masks, self.schedule, &key)?;
            stimuli.push((one.name().to_owned(), input));
        }
        let mut recorder =
            Recorder::new(&model, &populations, self.schedule, &self.record).map_err(SampleError::input)?;
        let start = match self.config.start {
            StartConfig::Random => Start::Random,
            StartConfig::Rest => Start::Rest,
        };
        let run = Run {
            steps: self.schedule.steps as u64,
            equilibration_steps: self.schedule.transient_steps,
            start,
            traces: false,
            largest_mean_count: self.config.largest_mean_count,
        };
        let mut input = |step: u64, drive: &mut [f64]| stimuli.iter().for_each(|(_, input)| input.add(step, drive));
        let tell_every = (run.steps / 100).max(1);
        let mut take = |step: &Step<'_>| {
            if (step.step + 1).is_multiple_of(tell_every) {
                (context.progress)(tell_every as f64 / run.steps as f64);
            }
            recorder.take(step)
        };
        let (mut draws, go_on) = (Stream::new(&key, 0), || !context.is_cancelled());
        let ran = simulate_into(&model, network, &run, &mut draws, &mut input, &go_on, &mut take);
        ran.map_err(|error| match error {
            PointProcessError::Cancelled => SampleError::cancelled(),
            error => SampleError::input(error),
        })?;
        let tables = recorder.tables(&populations, &stimuli).map_err(SampleError::internal)?;
        Ok(SampleOutput { tables, notes: Vec::new() })
    }

    /// What a run holds beside its network and what it records.
    fn affordable(&self, model: &Model, neurons: usize) -> Result<(), PointProcessError> {
        let kernel_steps = if let Memory::History(kernel) = &model.memory { kernel.len() } else { 0 };
        let remembered = kernel_steps.max(model.refractory.len()) + 4;
        let values = neurons as f64 * remembered as f64 + self.stimuli.len() as f64 * self.schedule.steps as f64;
        let what = || {
            let stimuli = self.stimuli.len();
            format!("{remembered} steps of {neurons} neurons and {} steps of {stimuli} stimuli", self.schedule.steps)
        };
        affordable(what, 8.0 * values)
    }
}
