//! `simulate.mixed_neural_mass`: groups of neural masses of different models ([`lapicque_neuralmass::mixed`]).

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use lapicque_neuralmass::Description;
use lapicque_neuralmass::delays::rounded_within;
use lapicque_neuralmass::mixed::{self, Group, MixedError, Stepping};
use lapicque_neuralmass::network::MEMORY_LIMIT_BYTES;
use lapicque_neuralmass::recorder::{Kept, Recorder};
use lapicque_neuralmass::registry::AnyModel;
use lapicque_neuralmass::settings::{ModelSettings, NoiseStart};
use lapicque_neuralmass::simulation::Block;
use lapicque_numerics::random::StreamKey;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, Read, SampleError, SampleOutput, Stage,
};
use lapicque_schemas::tables::{connectome, parameters, signals};
use lapicque_units::{Time, write_number};
use rayon::prelude::*;
use serde_json::{Value, json};

use super::coupled::{Connectome, Coupled};
use super::driven::Stimuli;
use super::mixed_config::{Config, GroupConfig, ProjectionConfig, Way};
use super::mixed_links::{Nodes, joined};
use super::mixed_settings::MixedSettings;
use super::neural_mass_config::{Fixed, Integration, Sampling, Schedule};
use super::seed::read_seed;
use super::stepping::{table, told_with_labels};
use crate::kind_config::{SimpleKind, problem, read, schema_of};
use crate::swept::Swept;

const REVISION: u32 = 1;
/// One group has the random numbers of a network of one model.
const PURPOSE: &str = "simulate.neural_mass";
const PORTS: &[PortSpec] = &[
    PortSpec::new("parameters", parameters::TABLE, PortMode::Either, false),
    PortSpec::new("connectome", connectome::TABLE, PortMode::Either, false),
];
/// Fields of the configuration that cannot be columns: all samples have the same times.
const CONSTANT: [&str; 4] = ["time_step", "duration", "transient", "record_dt"];
/// What results of the samples of a batch may need.
const BATCH_BYTES: usize = 1 << 30;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "simulate.mixed_neural_mass",
    summary: "Simulate neural masses of different models that project to each other, such as cortex and thalamus",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

/// What of a group does not depend on the sample.
struct GroupParts {
    name: String,
    model: AnyModel,
    description: Description,
    labels: Vec<String>,
    recorded: Vec<usize>,
    stimuli: Stimuli,
}

struct MixedStage {
    bound: Bound,
    values: Swept<MixedSettings>,
    groups: Vec<GroupParts>,
    ways: Vec<Way>,
    schedule: Schedule,
    kept: Kept,
    stepping: Stepping,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let has_connectome = request.input("connectome").is_some();
    let labels = config.labels()?;
    let (groups, fixed, schedule) = groups(&config, labels)?;
    let descriptions: Vec<Description> = groups.iter().map(|group| group.description.clone()).collect();
    let labels: Vec<Vec<String>> = groups.iter().map(|group| group.labels.clone()).collect();
    let ways = config.ways(&descriptions, &labels, has_connectome)?;
    if !has_connectome && config.speed.is_some() {
        return problem("speed", "there are no fibres; connect a `connectome` or leave this out");
    }
    let outputs = output_names(&groups)?;

    let mut notes = Vec::new();
    let units = config.projections.keys().cloned().zip(ways.iter().map(|way| way.unit.clone()));
    let models = groups.iter().map(|group| (group.name.clone(), ModelSettings::new(group.description.clone())));
    let values = MixedSettings::new(models.collect(), units.collect());
    let all_fixed = all_fixed(&config, &groups, &fixed);
    let values = Swept::bind(values, &all_fixed, request, &mut notes).map_err(|problems| {
        problems.into_iter().map(|problem| at_its_field(problem, &groups, &fixed)).collect::<Vec<_>>()
    })?;
    let table = request.input("parameters").map(|input| &input.schema);
    let constant = table.into_iter().flat_map(|table| table.column_names()).filter(|name| CONSTANT.contains(name));
    let constant: Vec<ConfigError> = constant.map(cannot_be_swept).collect();
    if !constant.is_empty() {
        return Err(constant);
    }

    let Schedule { grid, steps, transient, every } = schedule;
    let average = config.sampling == Sampling::Mean;
    let kept = Kept { every: u64::from(every), average, transient: u64::from(transient), steps: u64::from(steps) };
    let alone = config.groups.values().next().map(|group| config.alone(group, None));
    let (scheme, noise) = alone.map_or_else(Default::default, |alone| (alone.scheme(), alone.process()));
    let stepping = Stepping { time_step_ms: grid.step_ms(), scheme, noise, most_steps: None };
    let mut canonical = values.canonical()?;
    canonical["duration_ms"] = config.duration.value().into();
    canonical["time_step_ms"] = grid.step_ms().into();
    canonical["record_steps"] = every.into();
    canonical["of_groups"] = config.groups.iter().zip(&groups).map(of_group).collect();
    canonical["of_projections"] = config.projections.iter().zip(&ways).map(of_projection).collect();
    for (name, value, is_default) in [
        ("transient_ms", json!(config.transient.value()), config.transient.value() == 0.0),
        ("sampling", json!(config.sampling), config.sampling == Sampling::default()),
        ("integration", json!(config.integration), config.integration == Integration::default()),
        ("noise", json!(config.noise), config.noise == Default::default()),
    ] {
        if !is_default {
            canonical[name] = value;
        }
    }
    let outputs = outputs.into_iter().map(|name| Output::new(&name, signals::schema())).collect();
    let mut bound = Bound::new(REVISION, canonical, request.inputs, outputs);
    for read in bound.reads.iter_mut().filter(|read| read.port == "connectome") {
        *read = Read::columns("connectome", connectome::schema().column_names().map(str::to_owned));
    }
    values.declare(&mut bound);
    read_seed(&mut bound, table);
    bound.random = true;
    bound.notes = notes;
    let nodes: usize = labels.iter().map(Vec::len).sum();
    bound.work = Some(f64::from(steps) * nodes as f64);
    let mut stage = MixedStage { bound, values, groups, ways, schedule, kept, stepping };
    let bytes = stage.bytes();
    if bytes as u64 > MEMORY_LIMIT_BYTES
        || stage.groups.iter().any(|group| group.labels.len() * kept.records() > i32::MAX as usize)
    {
        let [bytes, limit] = [bytes as f64, MEMORY_LIMIT_BYTES as f64].map(|bytes| bytes / 1e9);
        let message = format!(
            "{} values of each node and output need about {bytes:.1} GB of memory; the limit is {limit:.1} GB, and 2147483647 \
             values of an output. A longer `record_dt` needs less",
            kept.records()
        );
        return problem("record_dt", message);
    }
    stage.bound.most_per_batch = Some((BATCH_BYTES / bytes.max(1)).max(1));
    Ok(Box::new(stage))
}

/// Groups with the values that they fix, and times.
fn groups(
    config: &Config,
    labels: Vec<Vec<String>>,
) -> Result<(Vec<GroupParts>, Vec<Fixed>, Schedule), Vec<ConfigError>> {
    let mut models = Vec::new();
    for ((name, group), labels) in config.groups.iter().zip(&labels) {
        let alone = config.alone(group, None);
        let model = AnyModel::new(alone.model(), alone.options(), labels.len());
        models.push(model.map_err(|error| vec![ConfigError::at(format!("groups.{name}.coupling"), error)])?);
    }
    let smallest = models.iter().map(|model| model.description().time_step_ms).fold(f64::INFINITY, f64::min);
    let time_step = Some(config.time_step.unwrap_or(Time::new(smallest)));
    let (mut groups, mut fixed, mut times) = (Vec::new(), Vec::new(), None);
    for (((name, group), labels), model) in config.groups.iter().zip(labels).zip(models) {
        let within = |problems: Vec<ConfigError>| -> Vec<ConfigError> {
            let within =
                |problem: ConfigError| ConfigError { field: format!("groups.{name}.{}", problem.field), ..problem };
            problems.into_iter().map(within).collect()
        };
        let alone = config.alone(group, time_step);
        let description = model.description();
        let schedule = alone.schedule(smallest)?;
        let recorded = match &group.record {
            Some(record) if record.is_empty() => Vec::new(),
            _ => alone.recorded(&description).map_err(within)?,
        };
        let run = (schedule.grid.step_ms(), schedule.steps);
        let stimuli = Stimuli::new(&group.stimuli, &description, run, alone.scheme(), None).map_err(within)?;
        stimuli
            .check(&labels)
            .map_err(|error| vec![ConfigError::at(format!("groups.{name}.stimuli"), error.message)])?;
        fixed.push(alone.fixed(&description).map_err(within)?);
        groups.push(GroupParts { name: name.clone(), model, description, labels, recorded, stimuli });
        times = Some(schedule);
    }
    let schedule = times.ok_or_else(|| vec![ConfigError::at("groups", "there is none")])?;
    Ok((groups, fixed, schedule))
}

fn output_names(groups: &[GroupParts]) -> Result<Vec<String>, Vec<ConfigError>> {
    let names = groups.iter().flat_map(|group| {
        let name = |&place: &usize| format!("{}_{}", group.name, group.description.outputs[place].name);
        group.recorded.iter().map(name)
    });
    let names: Vec<String> = names.collect();
    if names.is_empty() {
        return problem("groups", "nothing is recorded; leave `record` out of one of them");
    }
    match names.iter().enumerate().find(|(place, name)| names[..*place].contains(name)) {
        None => Ok(names),
        Some((_, name)) => problem("groups", format!("two outputs are called `{name}`; name the groups otherwise")),
    }
}

/// All fixed values by path.
fn all_fixed(config: &Config, groups: &[GroupParts], fixed: &[Fixed]) -> BTreeMap<String, Value> {
    let of_groups = groups.iter().zip(fixed).flat_map(|(group, fixed)| {
        fixed.values.iter().map(|(path, value)| (format!("{}.{path}", group.name), value.clone()))
    });
    let of_projections = config.projections.iter().flat_map(|(name, projection)| {
        let values = [("weight", &projection.weight), ("delay", &projection.delay)];
        values.into_iter().filter_map(move |(what, value)| Some((format!("{name}.{what}"), value.clone()?)))
    });
    let speed = config.speed.iter().map(|speed| ("speed".to_owned(), speed.clone()));
    of_groups.chain(of_projections).chain(speed).collect()
}

/// A problem of a value, at the field that the value stands in.
fn at_its_field(problem: ConfigError, groups: &[GroupParts], fixed: &[Fixed]) -> ConfigError {
    let ConfigError { field, message } = problem;
    let Some(path) = field.strip_prefix("parameters.") else {
        return ConfigError { field, message };
    };
    let of_group = |(group, fixed): (&GroupParts, &Fixed)| {
        let rest = path.strip_prefix(group.name.as_str())?.strip_prefix('.')?;
        let own = ConfigError { field: format!("parameters.{rest}"), message: message.clone() };
        let own = fixed.at_their_fields(vec![own]).pop()?;
        Some(ConfigError { field: format!("groups.{}.{}", group.name, own.field), ..own })
    };
    groups.iter().zip(fixed).find_map(of_group).unwrap_or_else(|| {
        let field = if path == "speed" { path.to_owned() } else { format!("projections.{path}") };
        ConfigError { field, message: message.clone() }
    })
}

/// What of a group enters the key beside its values.
fn of_group(((name, config), group): ((&String, &GroupConfig), &GroupParts)) -> Value {
    let recorded = group.recorded.iter().map(|&place| group.description.outputs[place].name);
    let mut key = json!({ "name": name, "nodes": group.labels, "record": recorded.collect::<Vec<_>>() });
    if config.coupling.is_some() {
        key["coupling"] = json!(config.coupling);
    }
    if !config.stimuli.is_empty() {
        key["stimuli"] = json!(config.stimuli);
    }
    key
}

fn of_projection(((name, config), way): ((&String, &ProjectionConfig), &Way)) -> Value {
    json!({ "name": name, "from": config.from, "to": config.to, "pairs": way.pairs })
}

fn cannot_be_swept(name: &str) -> ConfigError {
    let message = format!(
        "`{name}` cannot be swept: it is the same for all samples; give it in the configuration of a stage of its own"
    );
    ConfigError::at("inputs.parameters", message)
}

impl Stage for MixedStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        let whole = batch.whole("connectome").map(Connectome::read);
        let simulate = |sample: usize| self.simulate(context, batch, sample, whole.as_ref());
        let samples = 0..batch.samples.len();
        if context.threads < 2 {
            samples.map(simulate).collect()
        } else {
            samples.into_par_iter().map(simulate).collect()
        }
    }
}

impl MixedStage {
    /// What one sample holds while it is stepped.
    fn bytes(&self) -> usize {
        let of_group = |group: &GroupParts| {
            let values = group.labels.len().saturating_mul(group.recorded.len()).saturating_mul(self.kept.records());
            values.saturating_mul(size_of::<f64>()).saturating_add(group.stimuli.bytes(group.labels.len()))
        };
        self.groups.iter().map(of_group).fold(0, usize::saturating_add)
    }

    fn simulate(
        &self,
        context: &Context<'_>,
        batch: &Batch,
        sample: usize,
        whole: Option<&Result<Connectome, SampleError>>,
    ) -> Result<SampleOutput, SampleError> {
        let values = self.values.of_sample(batch.table(sample, "parameters"))?;
        let own = match whole {
            Some(_) => None,
            None => batch.table(sample, "connectome").map(Connectome::read).transpose()?,
        };
        let shared = whole.map(Result::as_ref).transpose().map_err(Clone::clone)?;
        let labels: Vec<Vec<String>> = self.groups.iter().map(|group| group.labels.clone()).collect();
        let is_uncoupled: Vec<bool> = self.groups.iter().map(|group| group.description.couplings.is_empty()).collect();
        let Schedule { grid, steps, .. } = self.schedule;
        let nodes = Nodes {
            labels: &labels,
            is_uncoupled: &is_uncoupled,
            time_step_ms: grid.step_ms(),
            duration_ms: grid.time_ms(steps),
            scheme: self.stepping.scheme,
        };
        let (coupled, projections) = joined(&nodes, &self.ways, &values, shared.or(own.as_ref()))?;
        let stream = StreamKey::new(batch.samples[sample].stream(PURPOSE));
        let mut notes: Vec<String> = coupled.iter().flat_map(|coupled| coupled.notes.iter().cloned()).collect();
        let mut groups = Vec::with_capacity(self.groups.len());
        for ((parts, coupled), (name, values)) in self.groups.iter().zip(&coupled).zip(&values.groups) {
            let stream = if self.groups.len() == 1 { stream } else { stream.derive(name) };
            let (group, remarks) = self.group(parts, coupled, values, stream)?;
            groups.push(group);
            notes.extend(remarks);
        }
        let tables = self.stepped(context, &groups, &projections, &coupled)?;
        Ok(SampleOutput { tables, notes })
    }

    fn group(
        &self,
        parts: &GroupParts,
        coupled: &Coupled,
        values: &ModelSettings,
        stream: StreamKey,
    ) -> Result<(Group, Vec<String>), SampleError> {
        let name = &parts.name;
        let mut set = values
            .of_network(&parts.labels, stream, NoiseStart::Mean)
            .map_err(|error| SampleError::input(format!("the group `{name}`: {error}")))?;
        let step_ms = self.stepping.time_step_ms;
        let remark = |(value_name, value, becomes): (&str, f64, f64)| {
            let [value, step_ms] = [value, step_ms].map(write_number);
            let becomes = becomes as f32;
            format!(
                "`{name}.{value_name}`: {value} ms is no whole number of time steps of {step_ms} ms and becomes {becomes} ms"
            )
        };
        let remarks = rounded_within(&parts.description, &set.parameters, step_ms).into_iter().map(remark).collect();
        parts.stimuli.add_to(&mut set, &parts.labels, stream)?;
        let group = Group {
            model: parts.model.clone(),
            network: coupled.network.clone(),
            set,
            input_time: parts.stimuli.input_time,
            recorded: parts.recorded.clone(),
        };
        Ok((group, remarks))
    }

    fn stepped(
        &self,
        context: &Context<'_>,
        groups: &[Group],
        projections: &[mixed::Projection],
        coupled: &[Coupled],
    ) -> Result<Vec<RecordBatch>, SampleError> {
        let recorder = |group: &GroupParts| {
            Recorder::new(self.kept, group.labels.len(), group.recorded.len(), self.stepping.time_step_ms, None)
        };
        let recorders: Result<Vec<Recorder>, _> = self.groups.iter().map(recorder).collect();
        let mut recorders = recorders.map_err(SampleError::input)?;
        let mut refused = None;
        let mut sink = |group: usize, block: &Block<'_>| {
            refused = recorders[group].take(block, 0, 1).err().or(refused.take());
        };
        let mut told = 0;
        let mut proceed = |done: u64| {
            if done > told {
                (context.progress)((done - told) as f64 / self.kept.steps as f64);
                told = done;
            }
            !context.is_cancelled()
        };
        mixed::simulate(groups, projections, &self.stepping, self.kept.steps, &mut sink, &mut proceed).map_err(
            |error| match error {
                MixedError::Group { group, error } => told_with_labels(&error, &coupled[group]),
                error => SampleError::input(error),
            },
        )?;
        if let Some(error) = refused {
            return Err(SampleError::internal(error));
        }
        let Schedule { grid, transient, every, .. } = self.schedule;
        let times = (grid.time_ms(transient + every), grid.time_ms(every));
        let mut tables = Vec::new();
        for ((parts, recorder), coupled) in self.groups.iter().zip(recorders).zip(coupled) {
            let recorded = recorder.finish(grid.time_ms(transient));
            for (&place, values) in parts.recorded.iter().zip(recorded.values) {
                let unit = parts.description.outputs[place].unit;
                tables.push(table(coupled, unit, times, values).map_err(SampleError::internal)?);
            }
        }
        Ok(tables)
    }
}
