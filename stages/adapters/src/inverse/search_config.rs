//! The candidates of a search over estimators and their parameters.

use indexmap::IndexMap;
use lapicque_inverse::AnyEstimator;
use lapicque_inverse::selection::Score;
use lapicque_numerics::random::{Generator, StreamKey};
use lapicque_pipeline::ConfigError;
use lapicque_pipeline::config::typed;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::validation_config::{ValidationConfig, located};

/// More candidates are a mistake.
const MOST_CANDIDATES: usize = 10_000;

/// What is tried, how it is compared. One of `grid`, `list` and `random`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SearchConfig {
    /// Values of parameters of the `estimator`: every combination is tried, e.g. `{alpha: [0.1, 1, 10]}`.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(with = "std::collections::BTreeMap<String, Vec<Value>>")]
    grid: IndexMap<String, Vec<Value>>,
    /// Estimators, each with its parameters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    list: Vec<AnyEstimator>,
    /// Parameters of the `estimator` that are drawn at random.
    #[serde(skip_serializing_if = "Option::is_none")]
    random: Option<RandomConfig>,
    /// What is least for the best one: `relative_error` (mean over targets of squared error / variance, the default) or `mean_squared_error` (mean over
    /// targets, in whatever units they are).
    score: ScoreConfig,
    /// How candidates are compared within the training samples of each split of `validation`, so that `metrics` tell of the whole procedure. Default: they are
    /// compared on the splits of `validation`, and `metrics` are those of the best.
    #[serde(skip_serializing_if = "Option::is_none")]
    inner: Option<ValidationConfig>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RandomConfig {
    /// Number of candidates, 1 to 10000.
    draws: usize,
    /// What each parameter is drawn from.
    #[schemars(with = "std::collections::BTreeMap<String, DrawnFrom>")]
    parameters: IndexMap<String, DrawnFrom>,
    /// Seed of the draws (default 0).
    #[serde(default)]
    draw_seed: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum DrawnFrom {
    /// A number between two bounds.
    Uniform((f64, f64)),
    /// A number whose logarithm is uniform between those of two bounds, which are above 0.
    LogUniform((f64, f64)),
    /// A whole number from the first to the last.
    Integers((i64, i64)),
    /// One of several values.
    Values(Vec<Value>),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ScoreConfig {
    /// The mean over targets of squared error / variance.
    #[default]
    RelativeError,
    /// The mean over targets of the squared error.
    MeanSquaredError,
}

impl SearchConfig {
    pub(super) fn score(&self) -> Score {
        match self.score {
            ScoreConfig::RelativeError => Score::RelativeError,
            ScoreConfig::MeanSquaredError => Score::MeanSquaredError,
        }
    }

    pub(super) fn inner(&self) -> Option<&ValidationConfig> {
        self.inner.as_ref()
    }

    /// The candidates, in the order in which they are numbered; parameters that are not named are those of `estimator`.
    pub(super) fn candidates(&self, estimator: &AnyEstimator) -> Result<Vec<AnyEstimator>, ConfigError> {
        let ways = [!self.grid.is_empty(), !self.list.is_empty(), self.random.is_some()];
        if ways.iter().filter(|way| **way).count() != 1 {
            return Err(ConfigError::at("search", "one of `grid`, `list` and `random` is due"));
        }
        if let Some(inner) = &self.inner {
            let checked = match inner.validation() {
                None => return Err(ConfigError::at("search.inner", "`none` compares nothing")),
                Some(validation) => validation.check(),
            };
            checked.map_err(|error| located("search.inner", error))?;
        }
        let candidates = if !self.list.is_empty() {
            self.list.clone()
        } else if let Some(random) = &self.random {
            random.candidates(estimator)?
        } else {
            self.combinations(estimator)?
        };
        if candidates.len() > MOST_CANDIDATES {
            let message = format!("{} candidates; at most {MOST_CANDIDATES} are allowed", candidates.len());
            return Err(ConfigError::at("search", message));
        }
        let checked = candidates.iter().map(|candidate| candidate.check());
        checked.collect::<Result<Vec<()>, _>>().map_err(|error| located("search", error))?;
        Ok(candidates)
    }

    fn combinations(&self, estimator: &AnyEstimator) -> Result<Vec<AnyEstimator>, ConfigError> {
        if let Some(empty) = self.grid.iter().find(|(_, values)| values.is_empty()) {
            return Err(ConfigError::at(format!("search.grid.{}", empty.0), "no value is given"));
        }
        let count = self.grid.values().try_fold(1usize, |product, values| product.checked_mul(values.len()));
        let Some(count) = count.filter(|count| *count <= MOST_CANDIDATES) else {
            let message = format!("more than {MOST_CANDIDATES} combinations; fewer are allowed");
            return Err(ConfigError::at("search.grid", message));
        };
        let combination = |number: usize| {
            // The last parameter runs fastest.
            let mut rest = number;
            let mut chosen: Vec<(&String, &Value)> = Vec::new();
            for (name, values) in self.grid.iter().rev() {
                chosen.push((name, &values[rest % values.len()]));
                rest /= values.len();
            }
            with(estimator, chosen.into_iter().rev(), "search.grid")
        };
        (0..count).map(combination).collect()
    }
}

/// The estimator with other values of some parameters.
fn with<'a>(
    estimator: &AnyEstimator,
    values: impl Iterator<Item = (&'a String, &'a Value)>,
    path: &str,
) -> Result<AnyEstimator, ConfigError> {
    let name = estimator.name();
    let written = serde_json::to_value(estimator).map_err(|error| ConfigError::at("estimator", error))?;
    let mut parameters = match written.get(name) {
        Some(Value::Object(parameters)) => parameters.clone(),
        _ => Map::new(),
    };
    let mut last = path.to_owned();
    for (parameter, value) in values {
        if !parameters.contains_key(parameter) {
            let known: Vec<&str> = parameters.keys().map(String::as_str).collect();
            let message = format!("`{name}` has no parameter `{parameter}` (it has: {})", known.join(", "));
            return Err(ConfigError::at(format!("{path}.{parameter}"), message));
        }
        last = format!("{path}.{parameter}");
        parameters.insert(parameter.clone(), value.clone());
    }
    let value = Value::Object([(name.to_owned(), Value::Object(parameters))].into_iter().collect());
    typed::<AnyEstimator>(&value).map_err(|errors| match errors.into_iter().next() {
        Some(error) => {
            let parameter = error.field.rsplit_once('.').map(|(_, parameter)| format!("{path}.{parameter}"));
            ConfigError::at(parameter.unwrap_or(last), error.message)
        }
        None => ConfigError::at(last, "this is no value of it"),
    })
}

impl RandomConfig {
    fn candidates(&self, estimator: &AnyEstimator) -> Result<Vec<AnyEstimator>, ConfigError> {
        const PATH: &str = "search.random.parameters";
        if self.draws == 0 || self.draws > MOST_CANDIDATES {
            let message = format!("{} candidates; 1 to {MOST_CANDIDATES} are allowed", self.draws);
            return Err(ConfigError::at("search.random.draws", message));
        }
        if self.parameters.is_empty() {
            return Err(ConfigError::at(PATH, "no parameter is drawn"));
        }
        for (name, from) in &self.parameters {
            from.check().map_err(|message| ConfigError::at(format!("{PATH}.{name}"), message))?;
        }
        let mut seed = [0; 16];
        seed[..8].copy_from_slice(&self.draw_seed.to_le_bytes());
        let key = StreamKey::new(seed).derive("candidates");
        let candidate = |number: usize| {
            // A stream for each name: one parameter more leaves the others as they are.
            let drawn: Vec<(&String, Value)> = self
                .parameters
                .iter()
                .map(|(name, from)| (name, from.draw(&mut key.derive(name).at(number as u64))))
                .collect();
            with(estimator, drawn.iter().map(|(name, value)| (*name, value)), PATH)
        };
        (0..self.draws).map(candidate).collect()
    }
}

impl DrawnFrom {
    fn check(&self) -> Result<(), String> {
        let ascending = |low: f64, high: f64| low < high && (high - low).is_finite();
        match self {
            Self::Uniform((low, high)) if !ascending(*low, *high) => {
                Err(format!("[{low}, {high}]: the first bound must be below the second"))
            }
            Self::LogUniform((low, high)) if !(ascending(*low, *high) && *low > 0.0) => {
                Err(format!("[{low}, {high}]: bounds must be above 0, the first below the second"))
            }
            Self::Integers((low, high)) if low > high => {
                Err(format!("[{low}, {high}]: the first must not be above the last"))
            }
            Self::Values(values) if values.is_empty() => Err("no value is given".to_owned()),
            _ => Ok(()),
        }
    }

    fn draw(&self, generator: &mut Generator) -> Value {
        match self {
            Self::Uniform((low, high)) => (low + generator.uniform() * (high - low)).into(),
            Self::LogUniform((low, high)) => {
                let log = low.ln() + generator.uniform() * (high / low).ln();
                log.exp().clamp(*low, *high).into()
            }
            Self::Integers((low, high)) => match high.abs_diff(*low).checked_add(1) {
                Some(count) => low.wrapping_add_unsigned(generator.below(count)).into(),
                None => (generator.next_u64() as i64).into(),
            },
            Self::Values(values) => values[generator.below(values.len() as u64) as usize].clone(),
        }
    }
}
