//! `neuralmass.bifurcation`: what neural masses do at values of a parameter ([`lapicque_neuralmass::bifurcation`]).
//!
//! Values of one sample, or samples that share a network, are stepped side by side; the bits are the same.

use std::sync::Arc;

use arrow_array::RecordBatch;
use lapicque_neuralmass::bifurcation::{Look, Window, bytes, each, follow};
use lapicque_neuralmass::delays::rounded_within;
use lapicque_neuralmass::network::MEMORY_LIMIT_BYTES;
use lapicque_neuralmass::registry::{AnyModel, RegistryError};
use lapicque_neuralmass::settings::{ModelSettings, NoiseStart};
use lapicque_neuralmass::simulation::{InputTime, Record, Set, Settings, SimulationError};
use lapicque_neuralmass::{Description, WIDTH};
use lapicque_numerics::grid::TimeGrid;
use lapicque_numerics::random::StreamKey;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, Read, SampleError, SampleOutput, Stage,
};
use lapicque_schemas::TableSchema;
use lapicque_schemas::tables::bifurcation::{self, BifurcationRow};
use lapicque_schemas::tables::{connectome, parameters};
use lapicque_units::{Settable, write_number};
use rayon::prelude::*;
use serde_json::json;

use super::bifurcation_config::{Config, Direction, Scanned};
use super::networks::Networks;
use crate::kind_config::{SimpleKind, problem, read, schema_of};
use crate::simulate::coupled::Coupled;
use crate::simulate::neural_mass::check_coupling;
use crate::simulate::seed::read_seed;
use crate::simulate::stepping::told_with_labels;
use crate::swept::Swept;

const REVISION: u32 = 1;
const PURPOSE: &str = "neuralmass.bifurcation";
const PORTS: &[PortSpec] = &[
    PortSpec::new("parameters", parameters::TABLE, PortMode::Either, false),
    PortSpec::new("connectome", connectome::TABLE, PortMode::Either, false),
];
/// Fields of the configuration that cannot be columns: all samples have the same times.
const CONSTANT: [&str; 3] = ["time_step", "duration", "window"];
/// Nodes of a connectome that is not known yet; it decides on how many samples are held at a time.
const USUAL_NODES: usize = 100;
/// What sets and rows of the samples of a batch may need.
const BATCH_BYTES: usize = 1 << 28;
/// Of a set or a row, roughly.
const SET_BYTES: usize = 2000;
const ROW_BYTES: usize = 100;
const NOT_SETTLED: &str = "some windows are neither constant nor periodic (`period_ms` is NaN): noise, chaos, less than two periods, or what \
                           has not settled yet";

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "neuralmass.bifurcation",
    summary: "Find extremes and periods of neural masses at values of a parameter, each alone or one after the other",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

struct BifurcationStage {
    bound: Bound,
    model: AnyModel,
    description: Description,
    values: Swept<ModelSettings>,
    scanned: Scanned,
    direction: Direction,
    noise_start: NoiseStart,
    settings: Settings,
    grid: TimeGrid,
    look: Look,
    /// Of each output.
    schemas: Vec<TableSchema>,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let masses = config.masses();
    let model = AnyModel::new(masses.model(), masses.options(), 1).map_err(|error| {
        let field = if matches!(error, RegistryError::Coupling(_)) { "coupling" } else { "compat" };
        vec![ConfigError::at(field, error)]
    })?;
    let description = model.description();
    let is_coupled = request.input("connectome").is_some();
    check_coupling(&masses, &description, is_coupled)?;
    let (grid, look) = config.look(description.time_step_ms)?;
    let outputs = masses.recorded(&description)?;
    let fixed = masses.fixed(&description)?;
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
    let is_column = |path: &str| values.column_names().any(|name| name == path);
    let scanned = config.scanned(values.base(), |path| fixed.values.contains_key(path), is_column)?;
    if let Err(message) = affordable(look, outputs.len(), 1) {
        return problem("window", message);
    }

    let names: Vec<&str> = outputs.iter().map(|&place| description.outputs[place].name).collect();
    let mut canonical = values.canonical()?;
    if let Some(path) = &scanned.path {
        canonical["scanned"] = json!({"parameter": path, "values": scanned.values});
    }
    canonical["duration_steps"] = look.steps.into();
    canonical["window_steps"] = look.window.into();
    canonical["time_step_ms"] = grid.step_ms().into();
    canonical["tolerance"] = look.tolerance.into();
    canonical["record"] = json!(names);
    for (name, value, is_default) in [
        ("direction", json!(config.direction), config.direction == Direction::default()),
        ("coupling", json!(config.coupling), config.coupling.is_none()),
        ("integration", json!(config.integration), config.integration == Default::default()),
        ("noise", json!(config.noise), config.noise == Default::default()),
        ("compat", json!(config.compat), config.compat.is_none()),
    ] {
        if !is_default {
            canonical[name] = value;
        }
    }
    let schemas: Vec<TableSchema> =
        outputs.iter().map(|&place| bifurcation::schema(&scanned.unit, description.outputs[place].unit)).collect();
    let named = names.into_iter().zip(&schemas).map(|(name, schema)| Output::new(name, schema.clone())).collect();
    let mut bound = Bound::new(REVISION, canonical, request.inputs, named);
    for read in bound.reads.iter_mut().filter(|read| read.port == "connectome") {
        *read = Read::columns("connectome", connectome::schema().column_names().map(str::to_owned));
    }
    values.declare(&mut bound);
    read_seed(&mut bound, table);
    bound.random = true;
    let nodes = if is_coupled { USUAL_NODES } else { 1 };
    let points = scanned.values.len() * config.direction.passes().len();
    bound.work = Some(look.steps as f64 * points as f64 * nodes as f64);
    let held = points.saturating_mul(SET_BYTES + nodes * outputs.len() * ROW_BYTES);
    bound.most_per_batch = Some((BATCH_BYTES / held.max(1)).max(1));
    bound.notes = notes;
    let noise_start = if config.compat.is_some() { NoiseStart::DefaultMean } else { NoiseStart::Mean };
    let settings = Settings {
        time_step_ms: grid.step_ms(),
        scheme: masses.scheme(),
        noise: masses.process(),
        input_time: InputTime::Begin,
        record: Record { outputs, every: 1, average: false },
    };
    let direction = config.direction;
    let stage = BifurcationStage {
        bound,
        model,
        description,
        values,
        scanned,
        direction,
        noise_start,
        settings,
        grid,
        look,
        schemas,
    };
    Ok(Box::new(stage))
}

fn cannot_be_swept(name: &str) -> ConfigError {
    let message = format!(
        "`{name}` cannot be swept: it is the same for all samples; give it in the configuration of a stage of its own"
    );
    ConfigError::at("inputs.parameters", message)
}

/// # Errors
/// Why windows of so many nodes would not fit.
fn affordable(look: Look, outputs: usize, nodes: usize) -> Result<(), String> {
    let needed = bytes(look, outputs, nodes, WIDTH);
    if needed <= MEMORY_LIMIT_BYTES {
        return Ok(());
    }
    Err(format!(
        "{} steps of {outputs} outputs and {nodes} nodes at {WIDTH} values at a time need about {:.1} GB of memory; the limit is {:.1} \
         GB. A shorter `window` needs less",
        look.window,
        needed as f64 / 1e9,
        MEMORY_LIMIT_BYTES as f64 / 1e9
    ))
}

/// A sample that is ready to be stepped.
struct Ready {
    sample: usize,
    coupled: Arc<Coupled>,
    /// In the order of passes and of values in them.
    sets: Vec<Set>,
    notes: Vec<String>,
}

/// `[set of the sample][output * nodes + node]`, or what failed.
type Looked = Result<Vec<Vec<Window>>, SampleError>;

impl Stage for BifurcationStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        let mut outcomes = Vec::with_capacity(batch.samples.len());
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
        for mut group in groups {
            let looked = match self.direction {
                Direction::Each => self.each(context, &mut group),
                Direction::Up | Direction::Down | Direction::UpAndDown => self.follow(context, &mut group),
            };
            for (ready, looked) in group.into_iter().zip(looked) {
                outcomes.push((ready.sample, looked.and_then(|windows| self.output(ready, &windows))));
            }
        }
        outcomes.sort_by_key(|(sample, _)| *sample);
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }
}

impl BifurcationStage {
    fn ready(&self, batch: &Batch, sample: usize, networks: &mut Networks) -> Result<Ready, SampleError> {
        let values = self.values.of_sample(batch.table(sample, "parameters"))?;
        let is_coupled = self.bound.reads.iter().any(|read| read.port == "connectome");
        let duration_ms = self.look.steps as f64 * self.grid.step_ms();
        let speed = values.speed_mm_per_ms();
        let coupled = networks.of_sample(batch, sample, is_coupled, speed, (self.grid.step_ms(), duration_ms))?;
        affordable(self.look, self.schemas.len(), coupled.labels.len()).map_err(SampleError::input)?;
        let stream = StreamKey::new(batch.samples[sample].stream(PURPOSE));
        let mut notes = coupled.notes.clone();
        let mut set_of = |&value: &f64| {
            let mut values = values.clone();
            if let Some(path) = &self.scanned.path {
                values.set(path, value).map_err(SampleError::input)?;
            }
            let set = values.of_network(&coupled.labels, stream, self.noise_start).map_err(SampleError::input)?;
            for note in self.rounded(&set) {
                if !notes.contains(&note) {
                    notes.push(note);
                }
            }
            Ok(set)
        };
        let rising: Vec<Set> = self.scanned.values.iter().map(&mut set_of).collect::<Result<_, SampleError>>()?;
        let mut sets = Vec::new();
        for &(_, falls) in self.direction.passes() {
            if falls {
                sets.extend(rising.iter().rev().cloned());
            } else {
                sets.extend(rising.iter().cloned());
            }
        }
        Ok(Ready { sample, coupled, sets, notes })
    }

    /// Remarks on delays within nodes, but for those that take the values themselves.
    fn rounded(&self, set: &Set) -> Vec<String> {
        let step_ms = self.settings.time_step_ms;
        let rounded = rounded_within(&self.description, &set.parameters, step_ms);
        let remark = |(name, value, becomes): (&str, f64, f64)| {
            if self.scanned.path.as_ref().is_some_and(|path| path.split('.').next() == Some(name)) {
                return format!("some values of `{name}` are no whole numbers of time steps and are rounded to these");
            }
            format!(
                "`{name}`: {} ms is no whole number of time steps of {} ms and becomes {} ms",
                write_number(value),
                write_number(step_ms),
                becomes as f32
            )
        };
        rounded.into_iter().map(remark).collect()
    }

    /// All values of all samples alone.
    fn each(&self, context: &Context<'_>, group: &mut [Ready]) -> Vec<Looked> {
        let coupled = group[0].coupled.clone();
        let points = self.scanned.values.len();
        let sets: Vec<Set> = group.iter_mut().flat_map(|ready| std::mem::take(&mut ready.sets)).collect();
        let jobs: Vec<&[Set]> = sets.chunks(WIDTH).collect();
        let model = self.model.of_nodes(coupled.labels.len());
        let look = |sets: &[Set]| -> Vec<Result<Vec<Window>, SimulationError>> {
            let mut proceed = self.proceed(context, self.look.steps as f64 * points as f64);
            match each(&model, &coupled.network, sets, &self.settings, self.look, &mut proceed) {
                Ok(found) => found.into_iter().map(|found| found.map(|found| found.windows)).collect(),
                Err(error) => sets.iter().map(|_| Err(error.clone())).collect(),
            }
        };
        let found: Vec<Result<Vec<Window>, SimulationError>> = if context.threads < 2 {
            jobs.into_iter().flat_map(look).collect()
        } else {
            jobs.into_par_iter().flat_map_iter(look).collect()
        };
        let mut found = found.into_iter().enumerate();
        let mut of_sample = || -> Looked {
            // All of them, whichever fails.
            let own: Vec<_> = found.by_ref().take(points).collect();
            own.into_iter()
                .map(|(place, found)| found.map_err(|error| self.told(&error, place % points, &coupled)))
                .collect()
        };
        group.iter().map(|_| of_sample()).collect()
    }

    /// Values one after the other, samples side by side.
    fn follow(&self, context: &Context<'_>, group: &mut [Ready]) -> Vec<Looked> {
        let coupled = group[0].coupled.clone();
        let chains: Vec<Vec<Set>> = group.iter_mut().map(|ready| std::mem::take(&mut ready.sets)).collect();
        let model = self.model.of_nodes(coupled.labels.len());
        let look = |chains: &[Vec<Set>]| -> Vec<Looked> {
            let of_sample = self.look.steps as f64 * chains[0].len() as f64;
            let mut proceed = self.proceed(context, of_sample);
            match follow(&model, &coupled.network, chains, &self.settings, self.look, &mut proceed) {
                Ok(found) => {
                    let told = |(place, error): (usize, SimulationError)| self.told(&error, place, &coupled);
                    found.into_iter().map(|found| found.map_err(told)).collect()
                }
                Err(error) => chains.iter().map(|_| Err(told_with_labels(&error, &coupled))).collect(),
            }
        };
        if context.threads < 2 {
            chains.chunks(WIDTH).flat_map(look).collect()
        } else {
            chains.par_chunks(WIDTH).flat_map_iter(look).collect()
        }
    }

    /// Tells progress; `of_sample` steps are one sample.
    fn proceed<'c>(&self, context: &'c Context<'_>, of_sample: f64) -> impl FnMut(u64) -> bool + 'c {
        let mut told = 0;
        move |done| {
            (context.progress)(done.saturating_sub(told) as f64 / of_sample);
            told = told.max(done);
            !context.is_cancelled()
        }
    }

    /// With the value at which it went wrong, by its place in the passes.
    fn told(&self, error: &SimulationError, place: usize, coupled: &Coupled) -> SampleError {
        let Scanned { path, unit, .. } = &self.scanned;
        let told = told_with_labels(error, coupled);
        let Some(path) = path.as_ref().filter(|_| !matches!(error, SimulationError::Cancelled)) else {
            return told;
        };
        let (pass, value) = self.at(place);
        let unit = if unit == "1" { String::new() } else { format!(" {unit}") };
        let on_the_way = if pass == "each" { String::new() } else { format!(" on the way {pass}") };
        SampleError::input(format!("at `{path}` = {}{unit}{on_the_way}: {}", write_number(value), told.message))
    }

    /// Pass and value of a place.
    fn at(&self, place: usize) -> (&'static str, f64) {
        let values = &self.scanned.values;
        let (pass, falls) = self.direction.passes()[place / values.len()];
        let place = place % values.len();
        (pass, values[if falls { values.len() - 1 - place } else { place }])
    }

    fn output(&self, ready: Ready, windows: &[Vec<Window>]) -> Result<SampleOutput, SampleError> {
        let Ready { coupled, mut notes, .. } = ready;
        let moves = |window: &Window| window.period_ms.is_nan() && !window.is_constant();
        if windows.iter().flatten().any(moves) {
            notes.push(NOT_SETTLED.to_owned());
        }
        let nodes = coupled.labels.len();
        let values = self.scanned.values.len();
        let path = self.scanned.path.as_deref().unwrap_or_default();
        let table = |output: usize| -> Result<RecordBatch, SampleError> {
            let mut rows = Vec::with_capacity(nodes * windows.len());
            for (node, label) in coupled.labels.iter().enumerate() {
                for (pass, &(direction, falls)) in self.direction.passes().iter().enumerate() {
                    for (place, &value) in self.scanned.values.iter().enumerate() {
                        let at = pass * values + if falls { values - 1 - place } else { place };
                        let Window { minimum, maximum, mean, period_ms, maxima } = windows[at][output * nodes + node];
                        let (channel, maxima) = (label.clone(), i32::try_from(maxima).unwrap_or(i32::MAX));
                        rows.push(BifurcationRow {
                            channel,
                            direction,
                            value,
                            minimum,
                            maximum,
                            mean,
                            period_ms,
                            maxima,
                        });
                    }
                }
            }
            bifurcation::write(&self.schemas[output], path, &rows).map_err(SampleError::internal)
        };
        let tables = (0..self.schemas.len()).map(table).collect::<Result<_, _>>()?;
        Ok(SampleOutput { tables, notes })
    }
}
