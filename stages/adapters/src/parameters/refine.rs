//! `parameters.refine`: a grid that becomes finer where a quantity changes; `lapicque_search::refine` says where that is.

use indexmap::IndexMap;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Grain, Output, PortSchema, Read, Rounds, SampleError,
    SampleOutput, Samples, Stage,
};
use lapicque_search::refine::next_points;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::points::MOST_POINTS;
use crate::kind_config::{SimpleKind, read, schema_of};
use crate::search::rounds::{Space, found, read_of};

const REVISION: u32 = 1;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "parameters.refine",
    summary: "Lay a grid that becomes finer where a quantity changes most between neighbours",
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
    /// Values of each parameter in the first round, 2 to 10,000 (default 5).
    #[serde(default = "default_levels")]
    levels: u32,
    /// The column whose change between neighbours counts, of the table under the key `feedback`, e.g. `feedback: {rates: STAGE}`. Each sample has one row there.
    change: String,
    /// Neighbours that differ by no more are left as they are, in the unit of the column (default 0).
    #[serde(default)]
    tolerance: f64,
    /// So are neighbours that are no farther apart than this part of the range (default 0.001).
    #[serde(default = "default_least_distance")]
    least_distance: f64,
    /// New points in a round at most, 1 to 1,000,000 (default 100).
    #[serde(default = "default_points")]
    points: u32,
    /// Rounds at most, 1 to 10,000 (default 10). A round more computes one round more.
    #[serde(default = "default_rounds")]
    rounds: u32,
}

fn default_levels() -> u32 {
    5
}

fn default_least_distance() -> f64 {
    1e-3
}

fn default_points() -> u32 {
    100
}

fn default_rounds() -> u32 {
    10
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let mut config: Config = read(request)?;
    config.bounds.sort_keys();
    let space = Space::of(&config.bounds)?;
    let mut problems = Vec::new();
    let mut within = |field: &str, ok: bool, message: String| {
        if !ok {
            problems.push(ConfigError::at(field, message));
        }
    };
    let Config { levels, points, rounds, tolerance, least_distance, .. } = &config;
    within("levels", (2..=10_000).contains(levels), format!("{levels} values; 2 to 10000 are allowed"));
    within("points", (1..=1_000_000).contains(points), format!("{points} points; 1 to 1000000 are allowed"));
    within("rounds", (1..=10_000).contains(rounds), format!("{rounds} rounds; 1 to 10000 are allowed"));
    let is_size = |value: f64| value >= 0.0 && value.is_finite();
    within("tolerance", is_size(*tolerance), format!("{tolerance}: a finite number, 0 or above, is due"));
    let message = format!("{least_distance}: a part of the range, 0 to 1, is due");
    within("least_distance", (0.0..=1.0).contains(least_distance), message);
    let grid = u64::from(*levels).checked_pow(space.bounds.len() as u32).filter(|&grid| grid <= MOST_POINTS as u64);
    let message = format!("{levels} values of {} parameters are more than {MOST_POINTS} points", space.bounds.len());
    within("levels", grid.is_some(), message);
    if !problems.is_empty() {
        return Err(problems);
    }
    let later = u64::from(*points) * u64::from(rounds - 1);
    let most_points = grid.unwrap_or(0).saturating_add(later).min(MOST_POINTS as u64);
    // A round does not depend on how many follow; names and units of parameters are those of the output.
    let canonical = serde_json::json!({
        "bounds": space.by_name(&space.bounds),
        "levels": levels,
        "change": config.change,
        "tolerance": tolerance,
        "least_distance": least_distance,
        "points": points,
    });
    let outputs = vec![Output::new("parameters", space.schema.clone())];
    let mut bound = Bound::new(REVISION, canonical, request.inputs, outputs);
    bound.grain = Grain::Table;
    bound.samples = Samples::Made(Rounds { most_rounds: *rounds, most_points, unread: Vec::new() });
    Ok(Box::new(Refine { bound, space, config }))
}

struct Refine {
    bound: Bound,
    space: Space,
    config: Config,
}

impl Stage for Refine {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, _: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        batch.samples.iter().map(|sample| self.round(sample.point, batch)).collect()
    }

    fn feedback(&self, tables: &[PortSchema]) -> Result<Vec<Read>, Vec<ConfigError>> {
        read_of(tables, std::iter::once(self.config.change.as_str()), "change")
    }
}

impl Refine {
    fn round(&self, round: usize, batch: &Batch) -> Result<SampleOutput, SampleError> {
        let mut notes = Vec::new();
        let points = if round == 0 {
            self.grid()
        } else {
            let known = self.space.known(batch)?;
            let values = found(batch, &[(self.config.change.clone(), 1.0)], known.len())?;
            let missing = values.iter().filter(|value| value.is_nan()).count();
            if missing > 0 {
                notes.push(format!(
                    "{missing} points have no value of `{}`; nothing is refined beside them",
                    self.config.change
                ));
            }
            let least: Vec<f64> =
                self.space.bounds.iter().map(|(low, high)| self.config.least_distance * (high - low)).collect();
            next_points(&known, &values, self.config.tolerance, &least, self.config.points as usize)
        };
        Ok(SampleOutput { tables: vec![self.space.table(&points)?], notes })
    }

    /// All combinations, the last parameter running fastest.
    fn grid(&self) -> Vec<Vec<f64>> {
        let last = f64::from(self.config.levels - 1);
        let mut points: Vec<Vec<f64>> = vec![Vec::new()];
        for (low, high) in &self.space.bounds {
            let levels = (0..self.config.levels).map(|i| low + (high - low) * (f64::from(i) / last));
            points = points
                .iter()
                .flat_map(|point| levels.clone().map(|level| point.iter().copied().chain([level]).collect()))
                .collect();
        }
        points
    }
}
