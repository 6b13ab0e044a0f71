//! `search.cma_es`: parameters where a loss is least; the strategy is in `lapicque_search::cma_es`.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch};
use arrow_schema::DataType;
use indexmap::IndexMap;
use lapicque_numerics::random::StreamKey;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Grain, Output, PortSchema, Read, Rounds, SampleError,
    SampleOutput, Samples, Stage,
};
use lapicque_schemas::TableSchema;
use lapicque_schemas::schema::Column;
use lapicque_search::cma_es::{CmaEs, Progress};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::rounds::{Space, Weights, found, read_of};
use super::state;
use crate::kind_config::{SimpleKind, read, schema_of};
use crate::parameters::column::numbers;

const REVISION: u32 = 1;
/// More points than a grid may have are a mistake here as well.
const MOST_POINTS: u64 = 10_000_000;
const MOST_DIMENSIONS: usize = 1000;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "search.cma_es",
    summary: "Search for parameters where a loss is least (CMA-ES)",
    ports: &[],
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Lowest and highest value of each parameter, e.g. `J_ext: [26 pA, 32 pA]`; in the order of their names.
    #[schemars(with = "std::collections::BTreeMap<String, (Value, Value)>")]
    bounds: IndexMap<String, (Value, Value)>,
    /// The column that is to be least of the table under the key `feedback`, e.g. `feedback: {error: STAGE}`, or several with their weights, e.g. `{rate_error: 1, cv_error: 0.5}`. Each sample has one row there.
    #[schemars(with = "Value")]
    minimise: Weights,
    /// Rounds at most, 1 to 100,000 (default 100). A round more computes one round more.
    #[serde(default = "default_rounds")]
    rounds: u32,
    /// Points of a round, 4 to 100,000 (default: 4 + 3 ln of the number of parameters, rounded down).
    #[serde(default)]
    population: Option<u32>,
    /// Where the search begins (default: the middle of all bounds), e.g. `J_ext: 29 pA`.
    #[serde(default)]
    #[schemars(with = "std::collections::BTreeMap<String, Value>")]
    start: IndexMap<String, Value>,
    /// First step, as a part of the range of each parameter, above 0 to 1 (default 0.3).
    #[serde(default = "default_step")]
    initial_step: f64,
    /// How often the search begins anew where it has converged, each time with twice the points, 0 to 20 (default 0).
    #[serde(default)]
    restarts: u32,
    /// The search ends where the loss is at most this (default: where it has converged).
    #[serde(default)]
    stop_at: Option<f64>,
}

fn default_rounds() -> u32 {
    100
}

fn default_step() -> f64 {
    0.3
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let mut config: Config = read(request)?;
    config.bounds.sort_keys();
    let space = Space::of(&config.bounds)?;
    let n = space.bounds.len();
    let mut problems = Vec::new();
    let mut within = |field: &str, ok: bool, message: String| {
        if !ok {
            problems.push(ConfigError::at(field, message));
        }
    };
    within("bounds", n <= MOST_DIMENSIONS, format!("{n} parameters; at most {MOST_DIMENSIONS} are allowed"));
    let rounds = config.rounds;
    within("rounds", (1..=100_000).contains(&rounds), format!("{rounds} rounds; 1 to 100000 are allowed"));
    if let Some(population) = config.population {
        let message = format!("{population} points in a round; 4 to 100000 are allowed");
        within("population", (4..=100_000).contains(&population), message);
    }
    let step = config.initial_step;
    within("initial_step", step > 0.0 && step <= 1.0, format!("{step}: a part of the range, above 0 to 1, is due"));
    within("restarts", config.restarts <= 20, format!("{} restarts; at most 20 are allowed", config.restarts));
    for (column, weight) in &config.minimise.0 {
        let message = format!("{weight}: a weight is a finite number, not 0");
        within(&format!("minimise.{column}"), weight.is_finite() && *weight != 0.0, message);
    }
    for name in config.start.keys().filter(|name| !config.bounds.contains_key(*name)) {
        within(&format!("start.{name}"), false, format!("`{name}` has no bounds"));
    }
    let mut settings = CmaEs { restarts: config.restarts, initial_step: step, ..CmaEs::new(n) };
    for (axis, (name, bounds)) in config.bounds.iter().enumerate() {
        let Some(start) = config.start.get(name) else {
            continue;
        };
        // In the unit of the bounds.
        let at = |i: usize| if i == 0 { format!("bounds.{name}.0") } else { format!("start.{name}") };
        match numbers(&[bounds.0.clone(), start.clone()], &at) {
            Err(error) => problems.push(error),
            Ok(numbers) => {
                let (low, high) = space.bounds[axis];
                let value = numbers.values[1];
                if !(low..=high).contains(&value) {
                    let message = format!("{start} is not within its bounds");
                    problems.push(ConfigError::at(format!("start.{name}"), message));
                }
                settings.initial_mean[axis] = (value - low) / (high - low);
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    if let Some(population) = config.population {
        settings.population = population as usize;
    }
    let most_points = (settings.population as u64)
        .saturating_mul(u64::from(rounds))
        .saturating_mul(1 << config.restarts)
        .min(MOST_POINTS);
    let outputs = vec![
        Output::new("parameters", space.schema.clone()),
        Output::new("progress", progress_schema()),
        Output::new("state", state::schema()),
    ];
    // A round does not depend on how many follow; names and units of parameters are those of the output.
    let canonical = serde_json::json!({
        "bounds": space.by_name(&space.bounds),
        "minimise": config.minimise.0,
        "population": settings.population,
        "start": space.by_name(&settings.initial_mean),
        "initial_step": step,
        "restarts": config.restarts,
        "stop_at": config.stop_at,
    });
    let mut bound = Bound::new(REVISION, canonical, request.inputs, outputs);
    bound.grain = Grain::Table;
    bound.random = true;
    bound.samples = Samples::Made(Rounds { most_rounds: rounds, most_points, unread: Vec::new() });
    let minimise = config.minimise.0.into_iter().collect();
    Ok(Box::new(Search { bound, space, settings, minimise, stop_at: config.stop_at }))
}

fn progress_schema() -> TableSchema {
    let whole = |name: &str, meaning: &str| Column::new(name, DataType::Int64, meaning);
    let real = |name: &str, meaning: &str| Column::new(name, DataType::Float64, meaning);
    TableSchema::new(
        "table",
        &[],
        [
            whole("start", "number of the start, from 0"),
            whole("generation", "number of the generation within the start, from 0"),
            whole("evaluations", "losses that were asked for before"),
            real("step", "step of the search, as a part of the range"),
            real("generation_loss", "least loss of the generation before; not a number where there is none"),
            real("least_loss", "least loss so far; not a number where there is none"),
        ],
    )
}

struct Search {
    bound: Bound,
    space: Space,
    settings: CmaEs,
    minimise: Vec<(String, f64)>,
    stop_at: Option<f64>,
}

impl Stage for Search {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, _: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        let round = |sample: &lapicque_pipeline::SampleInput| {
            let random = StreamKey::new(sample.stream("cma_es"));
            match sample.point {
                0 => self.output(&Progress::start(&self.settings, &random), Vec::new()),
                round => self.next(round, batch, &random),
            }
        };
        batch.samples.iter().map(round).collect()
    }

    fn feedback(&self, tables: &[PortSchema]) -> Result<Vec<Read>, Vec<ConfigError>> {
        read_of(tables, self.minimise.iter().map(|(name, _)| name.as_str()), "minimise")
    }
}

impl Search {
    fn next(&self, round: usize, batch: &Batch, random: &StreamKey) -> Result<SampleOutput, SampleError> {
        let state = batch.whole("previous.state").ok_or_else(|| SampleError::internal("there is no state"))?;
        let before = decoded(state)?;
        let points = self.space.known(batch)?.len();
        let losses = found(batch, &self.minimise, points)?;
        let own = before.points().len();
        let losses = losses.get(points.saturating_sub(own)..).unwrap_or_default();
        let missing = losses.iter().filter(|loss| !loss.is_finite()).count();
        if missing == own {
            let message = format!("none of the {own} samples of round {} has a loss", round - 1);
            return Err(SampleError::input(message));
        }
        let mut notes = Vec::new();
        if missing > 0 {
            notes.push(format!("{missing} of {own} samples of round {} have no loss and rank last", round - 1));
        }
        let mut next = before.learn(&self.settings, losses, random);
        if next.best().is_some_and(|(_, least)| self.stop_at.is_some_and(|stop_at| least <= stop_at)) {
            next.samples.clear();
        }
        self.output(&next, notes)
    }

    fn output(&self, progress: &Progress, notes: Vec<String>) -> Result<SampleOutput, SampleError> {
        let value = |(x, (low, high)): (&f64, &(f64, f64))| (low + x * (high - low)).clamp(*low, *high);
        let points: Vec<Vec<f64>> =
            progress.points().iter().map(|point| point.iter().zip(&self.space.bounds).map(value).collect()).collect();
        let least = progress.best().map_or(f64::NAN, |(_, least)| least);
        let whole = |value: u64| -> ArrayRef { Arc::new(Int64Array::from(vec![value as i64])) };
        let real = |value: f64| -> ArrayRef { Arc::new(Float64Array::from(vec![value])) };
        let columns = vec![
            whole(u64::from(progress.start)),
            whole(u64::from(progress.generation)),
            whole(progress.evaluations),
            real(progress.step),
            real(progress.recent.last().copied().unwrap_or(f64::NAN)),
            real(least),
        ];
        let of_progress = RecordBatch::try_new(progress_schema().arrow, columns).map_err(SampleError::internal)?;
        Ok(SampleOutput { tables: vec![self.space.table(&points)?, of_progress, encoded(progress)?], notes })
    }
}

fn encoded(progress: &Progress) -> Result<RecordBatch, SampleError> {
    let counts = vec![f64::from(progress.start), f64::from(progress.generation), progress.evaluations as f64];
    let step = vec![progress.step];
    let parts: [(&str, &Vec<f64>); 9] = [
        ("counts", &counts),
        ("mean", &progress.mean),
        ("step", &step),
        ("step_path", &progress.step_path),
        ("covariance_path", &progress.covariance_path),
        ("covariance", &progress.covariance),
        ("samples", &progress.samples),
        ("recent", &progress.recent),
        ("found", &progress.found),
    ];
    state::encoded(&parts.map(|(name, numbers)| (name, numbers.as_slice())))
}

fn decoded(table: &RecordBatch) -> Result<Progress, SampleError> {
    let part = |name: &str| state::part(table, name);
    let (counts, step) = (part("counts")?, part("step")?);
    let ([start, generation, evaluations], [step]) = (counts.as_slice(), step.as_slice()) else {
        return Err(state::broken());
    };
    Ok(Progress {
        start: *start as u32,
        generation: *generation as u32,
        evaluations: *evaluations as u64,
        mean: part("mean")?,
        step: *step,
        step_path: part("step_path")?,
        covariance_path: part("covariance_path")?,
        covariance: part("covariance")?,
        samples: part("samples")?,
        recent: part("recent")?,
        found: part("found")?,
    })
}
