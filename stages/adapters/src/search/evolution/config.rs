//! What a search by a population is told, and what it follows from.

use indexmap::IndexMap;
use lapicque_pipeline::ConfigError;
use lapicque_search::evolution::Evolution;
use lapicque_search::nsga2::Nsga2;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::search::rounds::{Space, Weights};

const MOST_DIMENSIONS: usize = 1000;
const MOST_INDIVIDUALS: u32 = 100_000;
/// Columns of the table of individuals that are its own.
const OWN_COLUMNS: [&str; 3] = ["rank", "point", "sample"];

#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    /// Lowest and highest value of each parameter, e.g. `K_gl: [0, 400]`; in the order of their names.
    #[schemars(with = "std::collections::BTreeMap<String, (Value, Value)>")]
    pub(super) bounds: IndexMap<String, (Value, Value)>,
    /// The column that is to be as small as possible of the table under the key `feedback`, e.g. `feedback: {error: STAGE}`, or several with their weights above 0, e.g. `{rate_error: 1, cv_error: 0.5}`. Each sample has one row there.
    #[serde(default)]
    #[schemars(with = "Option<Value>")]
    minimise: Option<Weights>,
    /// The column, or columns with their weights, that are to be as large as possible.
    #[serde(default)]
    #[schemars(with = "Option<Value>")]
    maximise: Option<Weights>,
    /// adaptive (default: the weighted sum of all objectives; individuals adapt the steps of their mutations) or nsga2 (the best compromises between two objectives or more).
    #[serde(default)]
    algorithm: Name,
    /// Generations after the first, 0 to 100,000 (default 10). Behind the last one a round without points says what survives.
    #[serde(default = "default_generations")]
    generations: u32,
    /// Survivors, and children of a generation, 2 to 100,000 (default 20).
    #[serde(default = "default_population")]
    population: u32,
    /// Points of the first generation, at random within the bounds, 2 to 100,000 (default 100).
    #[serde(default = "default_initial_population")]
    initial_population: u32,
    /// adaptive: first step of a mutation, as a part of the range of each parameter, above 0 to 1 (default 1/3).
    #[serde(default)]
    initial_step: Option<f64>,
    /// adaptive: how much the best are preferred as parents, 1 (not at all) to 2 (default 1.5).
    #[serde(default)]
    selection_pressure: Option<f64>,
    /// adaptive: how far children lie beyond their parents, as a part of their distance, 0 to 10 (default 0.5).
    #[serde(default)]
    blend: Option<f64>,
    /// nsga2: part of the pairs of parents that are crossed, 0 to 1 (default 1).
    #[serde(default)]
    crossover_probability: Option<f64>,
    /// nsga2: the larger, the nearer children are to their parents, 0 to 1000 (default 20).
    #[serde(default)]
    crossover_index: Option<f64>,
    /// nsga2: the larger, the smaller mutations are, 0 to 1000 (default 20).
    #[serde(default)]
    mutation_index: Option<f64>,
    /// nsga2: part of the parameters that mutate, 0 to 1 (default 1 / number of parameters).
    #[serde(default)]
    mutation_probability: Option<f64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Name {
    #[default]
    Adaptive,
    Nsga2,
}

fn default_generations() -> u32 {
    10
}

fn default_population() -> u32 {
    20
}

fn default_initial_population() -> u32 {
    100
}

/// A column and what is wanted of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Objective {
    pub(super) column: String,
    /// 1 where it is to be small, -1 where large.
    pub(super) sign: f64,
    weight: f64,
}

impl Objective {
    /// Times the column, it is to be small.
    pub(super) fn factor(&self) -> f64 {
        self.sign * self.weight
    }
}

pub(super) enum Algorithm {
    Adaptive(Evolution),
    Nsga2(Nsga2),
}

/// A configuration that was checked.
pub(super) struct Setting {
    pub(super) objectives: Vec<Objective>,
    pub(super) algorithm: Algorithm,
    pub(super) generations: u32,
    pub(super) population: u32,
    pub(super) initial_population: u32,
}

impl Setting {
    /// What the rounds follow from. How many generations there are is part of it: behind the last there are no points.
    pub(super) fn canonical(&self, space: &Space) -> Value {
        let algorithm = match &self.algorithm {
            Algorithm::Adaptive(evolution) => json!({
                "adaptive": {
                    "initial_step": evolution.initial_step,
                    "selection_pressure": evolution.selection_pressure,
                    "blend": evolution.blend,
                },
            }),
            Algorithm::Nsga2(nsga2) => json!({
                "nsga2": {
                    "crossover_probability": nsga2.crossover_probability,
                    "crossover_index": nsga2.crossover_index,
                    "mutation_index": nsga2.mutation_index,
                    "mutation_probability": nsga2.mutation_probability,
                },
            }),
        };
        let objectives: Vec<Value> =
            self.objectives.iter().map(|objective| json!([objective.column, objective.factor()])).collect();
        json!({
            "bounds": space.by_name(&space.bounds),
            "objectives": objectives,
            "algorithm": algorithm,
            "generations": self.generations,
            "population": self.population,
            "initial_population": self.initial_population,
        })
    }
}

/// Checks all but the bounds, of which there are `n`.
pub(super) fn setting(config: &Config, n: usize) -> Result<Setting, Vec<ConfigError>> {
    let mut problems = Vec::new();
    let mut within = |field: &str, ok: bool, message: String| {
        if !ok {
            problems.push(ConfigError::at(field, message));
        }
    };
    within("bounds", n <= MOST_DIMENSIONS, format!("{n} parameters; at most {MOST_DIMENSIONS} are allowed"));
    let generations = config.generations;
    within("generations", generations <= 100_000, format!("{generations} generations; 0 to 100000 are allowed"));
    for (field, size) in [("population", config.population), ("initial_population", config.initial_population)] {
        let message = format!("{size} individuals; 2 to {MOST_INDIVIDUALS} are allowed");
        within(field, (2..=MOST_INDIVIDUALS).contains(&size), message);
    }
    let mut objectives: Vec<Objective> = Vec::new();
    for (field, sign, weights) in [("minimise", 1.0, &config.minimise), ("maximise", -1.0, &config.maximise)] {
        for (column, &weight) in weights.iter().flat_map(|weights| &weights.0) {
            let path = format!("{field}.{column}");
            let message = format!("{weight}: a weight is a finite number above 0");
            within(&path, weight.is_finite() && weight > 0.0, message);
            if config.algorithm == Name::Nsga2 {
                let message = format!("{weight}: nsga2 compares each objective by itself, so weights change nothing");
                within(&path, weight == 1.0, message);
            }
            let taken = objectives.iter().any(|objective| objective.column == *column);
            within(&path, !taken, format!("`{column}` is to be minimised as well"));
            let other = config.bounds.contains_key(column) || OWN_COLUMNS.contains(&column.as_str());
            let message = format!("the table of individuals has another column `{column}`; give this one another name");
            within(&path, !other, message);
            objectives.push(Objective { column: column.clone(), sign, weight });
        }
    }
    for name in OWN_COLUMNS.iter().filter(|name| config.bounds.contains_key(**name)) {
        let message = "the table of individuals has a column of this name; give the parameter another one";
        within(&format!("bounds.{name}"), false, message.to_owned());
    }
    let few = match config.algorithm {
        Name::Adaptive => 1,
        Name::Nsga2 => 2,
    };
    let example = "e.g. `minimise: error`, `maximise: {fc_correlation: 1}`";
    let message = format!("{} objectives; {few} at least are due, {example}", objectives.len());
    within("minimise", objectives.len() >= few, message);
    let part = |low: f64, high: f64| move |value: f64| value >= low && value <= high;
    let above_zero = |value: f64| value > 0.0 && value <= 1.0;
    let mut number = |field: &str, of: Name, value: Option<f64>, ok: &dyn Fn(f64) -> bool, allowed: &str, due: f64| {
        let Some(value) = value else {
            return due;
        };
        let other = if of == Name::Adaptive { "adaptive" } else { "nsga2" };
        within(field, of == config.algorithm, format!("only `algorithm: {other}` has this field"));
        within(field, ok(value), format!("{value}: {allowed} is due"));
        value
    };
    let (adaptive, nsga2) = (Evolution::new(n), Nsga2::new(n));
    let (a, b) = (Name::Adaptive, Name::Nsga2);
    let adaptive = Evolution {
        initial_population: config.initial_population as usize,
        population: config.population as usize,
        initial_step: number(
            "initial_step",
            a,
            config.initial_step,
            &above_zero,
            "a part of the range, above 0 to 1,",
            adaptive.initial_step,
        ),
        selection_pressure: number(
            "selection_pressure",
            a,
            config.selection_pressure,
            &part(1.0, 2.0),
            "1 to 2",
            adaptive.selection_pressure,
        ),
        blend: number("blend", a, config.blend, &part(0.0, 10.0), "0 to 10", adaptive.blend),
        ..adaptive
    };
    let probability = part(0.0, 1.0);
    let index = part(0.0, 1000.0);
    let nsga2 = Nsga2 {
        initial_population: config.initial_population as usize,
        population: config.population as usize,
        crossover_probability: number(
            "crossover_probability",
            b,
            config.crossover_probability,
            &probability,
            "0 to 1",
            nsga2.crossover_probability,
        ),
        crossover_index: number(
            "crossover_index",
            b,
            config.crossover_index,
            &index,
            "0 to 1000",
            nsga2.crossover_index,
        ),
        mutation_index: number("mutation_index", b, config.mutation_index, &index, "0 to 1000", nsga2.mutation_index),
        mutation_probability: number(
            "mutation_probability",
            b,
            config.mutation_probability,
            &probability,
            "0 to 1",
            nsga2.mutation_probability,
        ),
        ..nsga2
    };
    if !problems.is_empty() {
        return Err(problems);
    }
    let algorithm = match config.algorithm {
        Name::Adaptive => Algorithm::Adaptive(adaptive),
        Name::Nsga2 => Algorithm::Nsga2(nsga2),
    };
    Ok(Setting {
        objectives,
        algorithm,
        generations,
        population: config.population,
        initial_population: config.initial_population,
    })
}
