//! What is known of a target before any recording: the distribution that its values in the training samples were drawn from.

use serde::{Deserialize, Serialize};

/// The distribution of one target, independent of the others. Numbers are in the unit of the target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Prior {
    /// Constant between two bounds, zero beyond.
    Uniform {
        /// Lowest value.
        low: f64,
        /// Highest value, above `low`.
        high: f64,
    },
    /// A normal distribution.
    Normal {
        /// Its mean.
        mean: f64,
        /// Its standard deviation, above 0.
        sd: f64,
    },
    /// The logarithm of the value is normal.
    Lognormal {
        /// Median of the value, above 0.
        median: f64,
        /// Standard deviation of the natural logarithm of the value, above 0.
        log_sd: f64,
    },
    /// Constant in each cell of a grid, zero beyond.
    Tabulated {
        /// Edges of cells, ascending: one more than weights.
        edges: Vec<f64>,
        /// Probability of each cell, up to a common factor.
        weights: Vec<f64>,
    },
}
