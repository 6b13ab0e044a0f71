//! `simulate.equations`: models that are written as equations with units ([`lapicque_equations`]), one run per sample.

use std::path::Path;

use arrow_array::RecordBatch;
use lapicque_equations::network::description::Model;
use lapicque_equations::network::explain::explain;
use lapicque_equations::network::file::ModelFile;
use lapicque_equations::network::{Connections, NetworkError, NetworkProblem, Options, Times, model_times, simulate};
use lapicque_numerics::random::StreamKey;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, PortMode, PortSpec, Read, SampleError, SampleInput, SampleOutput,
    Stage, each_sample,
};
use lapicque_schemas::Digest;
use lapicque_schemas::tables::{connectivity, parameters};
use serde_json::json;

use super::equations_config::{Config, ModelConfig};
use super::equations_model::EquationModel;
use super::equations_stimuli::ReadyStimulus;
use super::equations_tables::Recorded;
use super::seed::read_seed;
use crate::kind_config::{SimpleKind, problem, read, schema_of};
use crate::swept::Swept;

const REVISION: u32 = 1;
const PURPOSE: &str = "simulate.equations";
/// What variables, synapses and records of one run may need.
const MEMORY_LIMIT_BYTES: u64 = 8_000_000_000;
const PORTS: &[PortSpec] = &[
    PortSpec::new("parameters", parameters::TABLE, PortMode::Either, false),
    PortSpec::new("connectivity", connectivity::TABLE, PortMode::Either, false),
];

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "simulate.equations",
    summary: "Simulate groups of neurons and synapses that are written as equations with units, in Brian's language",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

struct EquationsStage {
    bound: Bound,
    model: Swept<EquationModel>,
    stimuli: Vec<ReadyStimulus>,
    recorded: Recorded,
}

/// Where a model stands, for messages.
enum Place {
    Here,
    File(Box<ModelFile>),
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let (mut model, place) = open(&config.model, request)?;
    let files = open_files(&mut model, &config.model, request)?;
    let stimuli = ReadyStimulus::all(&config.stimuli, &model)?;
    let table = request.input("parameters").map(|input| &input.schema);
    if table.is_some_and(|table| table.column("time_step").is_some()) {
        let message = "`time_step` cannot be swept: times of spikes are steps, which are the same for all samples; give it in the model of a stage of its own";
        return problem("inputs.parameters", message);
    }
    check_connectivity(&model, request)?;
    let mut notes = Vec::new();
    let model = Swept::bind(EquationModel::new(model), &config.parameters, request, &mut notes)?;
    let base = model.base().model();
    let times = check(base, &stimuli).map_err(|errors| place.problems(&errors, &config))?;
    let problems: Vec<ConfigError> = stimuli.iter().filter_map(|one| one.check(times).err()).collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let recorded = Recorded::new(base, times.time_step).map_err(|error| vec![place.moved(error)])?;

    let mut canonical = model.canonical()?;
    if !config.stimuli.is_empty() {
        canonical["stimuli"] = json!(config.stimuli);
    }
    let mut bound = Bound::new(REVISION, canonical, request.inputs, recorded.outputs().to_vec());
    for read in bound.reads.iter_mut().filter(|read| read.port == connectivity::TABLE) {
        *read = Read::columns(connectivity::TABLE, connectivity::schema().column_names().map(str::to_owned));
    }
    model.declare(&mut bound);
    read_seed(&mut bound, table);
    bound.files = files;
    bound.random = true;
    bound.work = Some(work(base, times));
    bound.notes = notes;
    Ok(Box::new(EquationsStage { bound, model, stimuli, recorded }))
}

/// The model, and where it stands. What a file says is in the key as the model that it is.
fn open(config: &ModelConfig, request: &BindRequest<'_>) -> Result<(Model, Place), Vec<ConfigError>> {
    match config {
        ModelConfig::Here(model) => Ok((Model::clone(model), Place::Here)),
        ModelConfig::File(path) => {
            let file = request.open("model", path).map_err(|error| vec![error])?;
            let text = file.text().map_err(|error| vec![ConfigError::at("model", format!("`{path}`: {error}"))])?;
            let read = ModelFile::parse(&text, path).map_err(|error| vec![ConfigError::at("model", error)])?;
            Ok((read.model().clone(), Place::File(Box::new(read))))
        }
    }
}

/// Reads the files that the model names; their paths start where the model file lies.
fn open_files(
    model: &mut Model,
    config: &ModelConfig,
    request: &BindRequest<'_>,
) -> Result<Vec<(String, Digest)>, Vec<ConfigError>> {
    let folder = match config {
        ModelConfig::Here(_) => Path::new(""),
        ModelConfig::File(path) => Path::new(path).parent().unwrap_or(Path::new("")),
    };
    let names: Vec<String> = model.file_names().into_iter().map(str::to_owned).collect();
    let mut digests = Vec::with_capacity(names.len());
    for name in names {
        let path = folder.join(&name);
        let file = request.open("model", &path.to_string_lossy()).map_err(|error| vec![error])?;
        let text = file.text().map_err(|error| vec![ConfigError::at("model", format!("`{name}`: {error}"))])?;
        digests.push((name.clone(), file.digest));
        model.files.insert(name, text.into_bytes());
    }
    Ok(digests)
}

/// A table of connections is there where the model takes one, and nowhere else.
fn check_connectivity(model: &Model, request: &BindRequest<'_>) -> Result<(), Vec<ConfigError>> {
    let taking =
        model.synapses.iter().find(|(_, synapses)| synapses.connect.iter().any(|connect| connect.table.is_some()));
    match (taking, request.input(connectivity::TABLE)) {
        (Some((name, _)), None) => {
            problem("inputs", format!("`synapses.{name}` takes the table `connectivity`; connect it as an input"))
        }
        (None, Some(_)) => {
            let message = "no synapses take it; give some `connect: {table: {}}`, or leave the input out";
            problem("inputs.connectivity", message)
        }
        _ => Ok(()),
    }
}

/// What cannot be built shows before anything runs.
fn check(model: &Model, stimuli: &[ReadyStimulus]) -> Result<Times, Vec<NetworkError>> {
    let mut model = model.clone();
    for stimulus in stimuli {
        let array = stimulus.placeholder(&model);
        model.timed_arrays.insert(stimulus.name().to_owned(), array);
    }
    explain(&model, Some(&Connections::default()), Some(MEMORY_LIMIT_BYTES))?;
    model_times(&model).map_err(|error| vec![error])
}

/// Updates of elements; deliveries are not known beforehand.
fn work(model: &Model, times: Times) -> f64 {
    let sizes = model.neurons.values().map(|group| group.size).chain(model.poisson.values().map(|group| group.size));
    let elements: f64 = sizes.map(f64::from).sum();
    (elements + 1.0) * (times.end / times.time_step + 1.0)
}

impl Place {
    fn problems(&self, errors: &[NetworkError], config: &Config) -> Vec<ConfigError> {
        let of_stimulus = |error: &NetworkError| {
            let name = error.path.strip_prefix("timed_arrays.")?.split('.').next()?;
            config.stimuli.contains_key(name).then(|| format!("stimuli.{name}"))
        };
        let told = |error: &NetworkError| match (of_stimulus(error), self) {
            (Some(field), _) => ConfigError::at(field, &error.problem),
            (None, Self::Here) => ConfigError::at(format!("model.{}", error.path), &error.problem),
            (None, Self::File(file)) => ConfigError::at("model", file.located(std::slice::from_ref(error))),
        };
        errors.iter().map(told).collect()
    }

    /// A problem of a field of the model, which a file does not have for a field.
    fn moved(&self, error: ConfigError) -> ConfigError {
        match self {
            Self::Here => error,
            Self::File(_) => {
                let path = error.field.strip_prefix("model.").unwrap_or(&error.field);
                ConfigError::at("model", format!("{path}: {}", error.message))
            }
        }
    }
}

impl Stage for EquationsStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        // One table for all samples is read once.
        let whole = batch.whole(connectivity::TABLE).map(connections);
        each_sample(batch, |number, sample| {
            if context.is_cancelled() {
                return Err(SampleError::cancelled());
            }
            let model = self.model.of_sample(batch.table(number, "parameters"))?;
            let own;
            let connections = match &whole {
                Some(whole) => Some(whole.as_ref().map_err(Clone::clone)?),
                None => {
                    own = batch.table(number, connectivity::TABLE).map(connections).transpose()?;
                    own.as_ref()
                }
            };
            self.simulate(context, sample, model.into_model(), connections)
        })
    }
}

impl EquationsStage {
    fn simulate(
        &self,
        context: &Context<'_>,
        sample: &SampleInput,
        mut model: Model,
        connections: Option<&Connections>,
    ) -> Result<SampleOutput, SampleError> {
        let key = StreamKey::new(sample.stream(PURPOSE));
        if !self.stimuli.is_empty() {
            let times = model_times(&model).map_err(SampleError::input)?;
            for stimulus in &self.stimuli {
                let array = stimulus.values(&model, times, &key)?;
                model.timed_arrays.insert(stimulus.name().to_owned(), array);
            }
        }
        let mut told = 0.0;
        let mut progress = |fraction: f64| {
            (context.progress)(fraction - told);
            told = fraction;
        };
        let options = Options { memory_limit_bytes: Some(MEMORY_LIMIT_BYTES) };
        let ran = simulate(&model, connections, &options, &key, &|| context.is_cancelled(), &mut progress);
        let mut recording = ran.map_err(|error| match error.problem {
            NetworkProblem::Cancelled => SampleError::cancelled(),
            _ => SampleError::input(error),
        })?;
        let notes = std::mem::take(&mut recording.notes);
        Ok(SampleOutput { tables: self.recorded.tables(&mut recording)?, notes })
    }
}

fn connections(table: &RecordBatch) -> Result<Connections, SampleError> {
    let read = connectivity::read(table).map_err(SampleError::input)?;
    Ok(Connections { sources: read.presynaptic, targets: read.postsynaptic, weights: read.weight })
}
