//! Distributions of parameters as configurations write them, with units: what points are drawn from, and what inverse models take for known beforehand.

use lapicque_inverse::Prior;
use lapicque_pipeline::ConfigError;
use lapicque_units::{Quantity, Unit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::column::numbers;

/// A distribution of one parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Distribution {
    /// Constant between two bounds: `{uniform: [26 pA, 32 pA]}`.
    Uniform((Value, Value)),
    /// `{normal: {mean: 250 pF, sd: 20 pF}}`.
    Normal(NormalConfig),
    /// The logarithm is normal: `{lognormal: {median: 250 pF, log_sd: 0.2}}`.
    Lognormal(LognormalConfig),
    /// Constant in each cell of a grid: `{tabulated: {edges: [0 ms, 1 ms, 3 ms], weights: [1, 2]}}`.
    Tabulated(TabulatedConfig),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NormalConfig {
    /// Mean.
    mean: Value,
    /// Standard deviation, above 0.
    sd: Value,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LognormalConfig {
    /// Median, above 0.
    median: Value,
    /// Standard deviation of the natural logarithm, above 0.
    log_sd: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TabulatedConfig {
    /// Edges of the cells, ascending.
    edges: Vec<Value>,
    /// Probability of each cell, up to a common factor: one fewer than edges.
    weights: Vec<f64>,
}

impl Distribution {
    /// The distribution in the unit of its first value, and that unit. `path` is where it stands.
    pub(crate) fn read(&self, path: &str) -> Result<(Prior, Option<Unit>), ConfigError> {
        let values = |name: &str, values: &[Value]| numbers(values, &|i| format!("{path}.{name}.{i}"));
        let (prior, unit) = match self {
            Self::Uniform((low, high)) => {
                let found = values("uniform", &[low.clone(), high.clone()])?;
                (Prior::Uniform { low: found.values[0], high: found.values[1] }, found.unit)
            }
            Self::Normal(NormalConfig { mean, sd }) => {
                let found = numbers(&[mean.clone(), sd.clone()], &|i| format!("{path}.normal.{}", ["mean", "sd"][i]))?;
                (Prior::Normal { mean: found.values[0], sd: found.values[1] }, found.unit)
            }
            Self::Lognormal(LognormalConfig { median, log_sd }) => {
                let found = numbers(std::slice::from_ref(median), &|_| format!("{path}.lognormal.median"))?;
                (Prior::Lognormal { median: found.values[0], log_sd: *log_sd }, found.unit)
            }
            Self::Tabulated(TabulatedConfig { edges, weights }) => {
                let found = values("tabulated.edges", edges)?;
                (Prior::Tabulated { edges: found.values, weights: weights.clone() }, found.unit)
            }
        };
        prior.check().map_err(|error| ConfigError::at(path, error))?;
        Ok((prior, unit))
    }
}

/// A distribution in another unit of the same dimension.
pub(crate) fn in_unit(prior: &Prior, from: &Unit, to: &Unit) -> Option<Prior> {
    let convert = |value: f64| Quantity::new(value, from.clone()).to(to).ok();
    Some(match prior {
        Prior::Uniform { low, high } => Prior::Uniform { low: convert(*low)?, high: convert(*high)? },
        Prior::Normal { mean, sd } => Prior::Normal { mean: convert(*mean)?, sd: convert(*sd)? },
        Prior::Lognormal { median, log_sd } => Prior::Lognormal { median: convert(*median)?, log_sd: *log_sd },
        Prior::Tabulated { edges, weights } => {
            let edges = edges.iter().map(|&edge| convert(edge)).collect::<Option<_>>()?;
            Prior::Tabulated { edges, weights: weights.clone() }
        }
    })
}
