//! The network, model and stimuli that a configuration of `simulate.point_process` describes.

use arrow_array::RecordBatch;
use lapicque_numerics::random::StreamKey;
use lapicque_pipeline::{BindRequest, Bound, ConfigError, Read, SampleError};
use lapicque_pointprocess::inputs::Input;
use lapicque_pointprocess::memory::affordable;
use lapicque_pointprocess::{Memory, Model, Network, PointProcessError, Run, Start};
use lapicque_schemas::tables::connectivity;
use serde_json::{Value, json};

use super::point_process_config::{Config, Driven, StartConfig};
use super::point_process_stimuli::{MASKS, Masks, ReadyStimulus};
use super::point_process_tables::{LAST_NEURON, Populations, RecordConfig, Schedule, fits};
use crate::swept::Swept;

/// Fields of the configuration that cannot be columns: times of spikes are steps, and the step stands in the metadata.
const CONSTANT: [&str; 4] = ["time_step", "duration", "steps", "transient"];

/// A network, its model and its stimuli, checked.
pub(crate) struct PointProcess {
    config: Config,
    model: Swept<Driven>,
    schedule: Schedule,
    stimuli: Vec<ReadyStimulus>,
    record: Vec<RecordConfig>,
}

impl PointProcess {
    /// Checks a configuration and the inputs of its stage; remarks go to `notes`.
    ///
    /// # Errors
    /// All that is wrong, by field of the configuration, or of the inputs.
    pub(crate) fn bind(
        config: Config,
        request: &BindRequest<'_>,
        notes: &mut Vec<String>,
    ) -> Result<Self, Vec<ConfigError>> {
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
        if let (true, Err(error)) = (config.parameters.is_empty(), driven.settings.model()) {
            problems.push(ConfigError::at(if config.has_time_step() { "time_step" } else { "model" }, error));
        }
        let table = request.input("parameters").map(|input| &input.schema);
        let constant = table.into_iter().flat_map(|table| table.column_names()).filter(|name| CONSTANT.contains(name));
        problems.extend(constant.map(cannot_be_swept));
        if !problems.is_empty() {
            return Err(problems);
        }
        let model = Swept::bind(driven, &config.parameters, request, notes)?;
        let mut record = config.record.clone();
        record.sort_unstable();
        record.dedup();
        if let Some(neurons) = known_neurons(&config) {
            fits(neurons, schedule.steps, record.len()).map_err(|error| vec![ConfigError::at("record", error)])?;
        }
        Ok(Self { config, model, schedule, stimuli, record })
    }

    pub(crate) fn model(&self) -> &Swept<Driven> {
        &self.model
    }

    pub(crate) fn schedule(&self) -> Schedule {
        self.schedule
    }

    /// Traces, sorted, each once.
    pub(crate) fn record(&self) -> &[RecordConfig] {
        &self.record
    }

    /// All that enters keys.
    pub(crate) fn canonical(&self) -> Result<Value, Vec<ConfigError>> {
        let mut canonical = self.model.canonical()?;
        canonical["schedule"] = json!(self.schedule);
        canonical["start"] = json!(self.config.start);
        canonical["largest_mean_count"] = json!(self.config.largest_mean_count);
        canonical["neurons"] = json!(self.config.neurons);
        // Their order is that of the neurons.
        canonical["populations"] = json!(self.config.populations.iter().collect::<Vec<_>>());
        canonical["stimuli"] = json!(self.config.stimuli);
        canonical["record"] = json!(self.record);
        Ok(canonical)
    }

    /// Says what is read of the inputs.
    pub(crate) fn declare(&self, bound: &mut Bound, request: &BindRequest<'_>) {
        for read in &mut bound.reads {
            if read.port == connectivity::TABLE {
                *read = Read::columns(connectivity::TABLE, connectivity::schema().column_names().map(str::to_owned));
            } else if read.port == MASKS {
                let present =
                    |name: &&str| request.input(MASKS).is_some_and(|input| input.schema.column(name).is_some());
                *read = Read::columns(MASKS, ["stimulus", "neuron"].into_iter().filter(present).map(str::to_owned));
            }
        }
        self.model.declare(bound);
    }

    /// Updates of neurons of a run; where only a table says how many neurons there are, a typical number does.
    pub(crate) fn work(&self) -> f64 {
        let steps = self.schedule.steps as f64 + self.schedule.transient_steps as f64;
        known_neurons(&self.config).unwrap_or(100) as f64 * steps
    }

    /// What to say of a population that there is not.
    pub(crate) fn unknown_population(&self, name: &str) -> Option<String> {
        unknown_population(&self.config, name)
    }

    /// The network of a table, or one without connections.
    ///
    /// # Errors
    /// A table that is no network, or one of another size.
    pub(crate) fn network(&self, table: Option<&RecordBatch>) -> Result<Network, SampleError> {
        network(table, &self.config)
    }

    /// # Errors
    /// Populations of other sizes than the network, masks that cannot be read.
    pub(crate) fn inputs(&self, network: &Network, masks: Option<&RecordBatch>) -> Result<Inputs, SampleError> {
        let populations = Populations::new(&self.config.populations, network.neurons()).map_err(SampleError::input)?;
        let masks = masks.map(|table| Masks::read(table, &self.stimuli)).transpose()?;
        Ok(Inputs { populations, masks })
    }

    /// The stimuli of a run, by name; `key` decides what of them is random.
    ///
    /// # Errors
    /// Neurons that they cannot reach, strengths that cannot be.
    pub(crate) fn stimuli(
        &self,
        driven: &Driven,
        inputs: &Inputs,
        key: &StreamKey,
    ) -> Result<Vec<(String, Input)>, SampleError> {
        let input = |one: &ReadyStimulus| {
            let strength = driven.strengths.get(one.name()).copied();
            let input = one.input(strength, &inputs.populations, inputs.masks.as_ref(), self.schedule, key)?;
            Ok((one.name().to_owned(), input))
        };
        self.stimuli.iter().map(input).collect()
    }

    pub(crate) fn run(&self) -> Run {
        Run {
            steps: self.schedule.steps as u64,
            equilibration_steps: self.schedule.transient_steps,
            start: match self.config.start {
                StartConfig::Random => Start::Random,
                StartConfig::Rest => Start::Rest,
            },
            traces: false,
            largest_mean_count: self.config.largest_mean_count,
        }
    }

    /// What a run holds beside its network and what it records.
    ///
    /// # Errors
    /// More than may be held.
    pub(crate) fn affordable(&self, model: &Model, neurons: usize) -> Result<(), PointProcessError> {
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

/// What the tables of a sample say of its neurons.
pub(crate) struct Inputs {
    populations: Populations,
    masks: Option<Masks>,
}

impl Inputs {
    pub(crate) fn populations(&self) -> &Populations {
        &self.populations
    }
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
    for one in stimuli {
        if let Some(message) = one.population().and_then(|name| unknown_population(config, name)) {
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

fn unknown_population(config: &Config, name: &str) -> Option<String> {
    let is_known = match config.populations.is_empty() {
        true => name == "neurons",
        false => config.populations.contains_key(name),
    };
    // Sizes do not matter for names.
    let told = || Populations::new(&config.populations, known_neurons(config).unwrap_or(0));
    (!is_known).then(|| told().map_or_else(|message| message, |populations| populations.unknown(name)))
}

fn cannot_be_swept(name: &str) -> ConfigError {
    let message = format!(
        "`{name}` cannot be swept: it is the same for all samples; give it in the configuration of a stage of its own"
    );
    ConfigError::at("inputs.parameters", message)
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
        return Err(SampleError::input(format!(
            "the network has {neurons} neurons, and `neurons` is {expected}; {LAST_NEURON}"
        )));
    }
    let mut pairs: Vec<(u32, u32)> = read.presynaptic.iter().copied().zip(read.postsynaptic.iter().copied()).collect();
    pairs.sort_unstable();
    if let Some(twice) = pairs.windows(2).find(|pair| pair[0] == pair[1]) {
        let (from, to) = twice[0];
        return Err(SampleError::input(format!("`connectivity` has two rows for neuron {from} to {to}")));
    }
    let rows = read.presynaptic.iter().zip(&read.postsynaptic).zip(&read.weight);
    let edges: Vec<(usize, usize, f64)> =
        rows.map(|((&from, &to), &weight)| (from as usize, to as usize, weight)).collect();
    Network::from_edges(neurons, &edges).map_err(SampleError::input)
}
