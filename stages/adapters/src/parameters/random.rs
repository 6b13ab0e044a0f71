//! `parameters.random`: points drawn at random, within bounds or from distributions.
//!
//! The value of a parameter at point i depends on the draw seed, the parameter's name and i alone: more points, or
//! another parameter, leave what was drawn as it is.

use indexmap::IndexMap;
use lapicque_inverse::Prior;
use lapicque_numerics::random::StreamKey;
use lapicque_pipeline::{BindRequest, ConfigError, Stage};
use lapicque_schemas::DigestBuilder;
use lapicque_schemas::schema::DRAWN_FROM;
use lapicque_schemas::tables::parameters::SEED;
use lapicque_units::Unit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::column::{Column, Numbers, check_name, numbers, numbers_column};
use super::distribution::Distribution;
use super::points::{MOST_POINTS, Table, source};
use crate::kind_config::{SimpleKind, problem, read, schema_of};

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "parameters.random",
    summary: "Draw points at random within bounds or from distributions",
    ports: &[],
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Lowest and highest value of each parameter, e.g. `J_ext: [26 pA, 32 pA]`.
    #[serde(default)]
    #[schemars(with = "std::collections::BTreeMap<String, (Value, Value)>")]
    bounds: IndexMap<String, (Value, Value)>,
    /// Distributions of further parameters, e.g. `C_m: {lognormal: {median: 250 pF, log_sd: 0.2}}`; also `normal`, `uniform` and `tabulated`.
    #[serde(default)]
    #[schemars(with = "std::collections::BTreeMap<String, Distribution>")]
    distributions: IndexMap<String, Distribution>,
    /// Number of points, 1 to 10 million.
    count: u64,
    /// How points are drawn (default uniform).
    #[serde(default)]
    method: Method,
    /// Seed of the draw (default 0). It has nothing to do with the seed of the pipeline, which simulations use.
    #[serde(default)]
    draw_seed: u64,
    /// Names of columns that no stage need read.
    #[serde(default)]
    labels: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Method {
    /// Each parameter independently and uniformly within its bounds.
    #[default]
    Uniform,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    if config.bounds.is_empty() && config.distributions.is_empty() {
        return problem("bounds", "no parameter is drawn; e.g. `bounds: { J_ext: [26 pA, 32 pA] }`");
    }
    let mut problems = Vec::new();
    if config.count == 0 || config.count > MOST_POINTS as u64 {
        problems.push(ConfigError::at("count", format!("{} points; 1 to {MOST_POINTS} are allowed", config.count)));
    }
    let mut columns = Vec::new();
    for (name, bounds) in &config.bounds {
        match check_bounds(name, bounds) {
            Ok(bounds) if problems.is_empty() => {
                columns.push(draw(name, bounds, &config).map_err(|error| vec![error])?)
            }
            Ok(_) => {}
            Err(error) => problems.push(error),
        }
    }
    for (name, distribution) in &config.distributions {
        match check_distribution(name, distribution, &config) {
            Ok((prior, unit)) if problems.is_empty() => {
                columns.push(draw_from(name, &prior, unit, &config).map_err(|error| vec![error])?)
            }
            Ok(_) => {}
            Err(error) => problems.push(error),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    source(Table { columns, samples: None, labels: config.labels, field: "bounds", notes: Vec::new() })
}

pub(crate) fn check_bounds(name: &str, (low, high): &(Value, Value)) -> Result<Numbers, ConfigError> {
    let path = format!("bounds.{name}");
    check_name(name, &path)?;
    if name == SEED {
        return Err(ConfigError::at(path, "seeds are not drawn; every point differs already"));
    }
    let bounds = numbers(&[low.clone(), high.clone()], &|i| format!("{path}.{i}"))?;
    match bounds.values.as_slice() {
        [low, high] if low < high && (high - low).is_finite() => Ok(bounds),
        _ => Err(ConfigError::at(path, format!("[{low}, {high}]: the first bound must be below the second"))),
    }
}

fn check_distribution(
    name: &str,
    distribution: &Distribution,
    config: &Config,
) -> Result<(Prior, Option<Unit>), ConfigError> {
    let path = format!("distributions.{name}");
    check_name(name, &path)?;
    if name == SEED {
        return Err(ConfigError::at(path, "seeds are not drawn; every point differs already"));
    }
    if config.bounds.contains_key(name) {
        return Err(ConfigError::at(path, format!("`{name}` has `bounds` already")));
    }
    distribution.read(&path)
}

/// The stream of a parameter: the value at point i depends on the draw seed, its name and i alone.
fn stream(name: &str, config: &Config) -> StreamKey {
    let seed = DigestBuilder::new("lapicque parameters.random 1").number(config.draw_seed).finish();
    StreamKey::new(seed.0).derive(name)
}

fn draw(name: &str, bounds: Numbers, config: &Config) -> Result<Column, ConfigError> {
    let (low, high) = (bounds.values[0], bounds.values[1]);
    let key = stream(name, config);
    let value = |i: u64| (low + key.at(i).uniform() * (high - low)).clamp(low, high);
    let values = (0..config.count).map(value).collect();
    column(name, Numbers { values, unit: bounds.unit }, &Prior::Uniform { low, high })
}

fn draw_from(name: &str, prior: &Prior, unit: Option<Unit>, config: &Config) -> Result<Column, ConfigError> {
    let key = stream(name, config);
    let values = (0..config.count).map(|i| prior.draw(&mut key.at(i))).collect();
    column(name, Numbers { values, unit }, prior)
}

/// A column that says what its values were drawn from.
fn column(name: &str, numbers: Numbers, prior: &Prior) -> Result<Column, ConfigError> {
    let (field, levels) = numbers_column(name, numbers)?;
    let mut metadata = field.metadata().clone();
    let prior = serde_json::to_string(prior).map_err(|error| ConfigError::at(name, error))?;
    metadata.insert(DRAWN_FROM.to_owned(), prior);
    Ok(Column::of_rows(field.with_metadata(metadata), levels))
}
