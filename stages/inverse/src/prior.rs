//! What is known of a target before any recording: the distribution that its values in the training samples were drawn from.
//!
//! | prior | parameter | unit | meaning | range |
//! |---|---|---|---|---|
//! | uniform | low, high | of the target | bounds | low < high, a finite distance apart |
//! | normal | mean, sd | of the target | mean, standard deviation | sd > 0 |
//! | lognormal | median | of the target | median of the value | > 0 |
//! | lognormal | log_sd | 1 | standard deviation of the natural logarithm of the value | > 0 |
//! | tabulated | edges | of the target | borders of cells | ascending, at least 2 |
//! | tabulated | weights | 1 | probability of each cell, up to a common factor | >= 0, one above 0 |
//!
//! Each has a map to a standard normal variable, z = Phi^-1(F(value)) with its distribution function F, computed from the nearer tail so that values next to
//! either bound keep their digits. A density over z is one over values that has no mass where the prior has none, whatever it is.

mod joint;

pub use joint::JointPrior;

use lapicque_numerics::random::Generator;
use lapicque_numerics::special::{LOG_SQRT_TWO_PI, normal_below, normal_quantile};
use serde::{Deserialize, Serialize};

use crate::InverseError;

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

impl Prior {
    /// Whether its parameters are in range.
    ///
    /// # Errors
    /// The first that is not, with its value and what is allowed.
    pub fn check(&self) -> Result<(), InverseError> {
        match self {
            Self::Uniform { low, high } => {
                allowed("uniform prior", "low", *low, low.is_finite(), "a finite number")?;
                let wide = high > low && (high - low).is_finite();
                allowed("uniform prior", "high", *high, wide, "a number above `low`, a finite distance away")
            }
            Self::Normal { mean, sd } => {
                allowed("normal prior", "mean", *mean, mean.is_finite(), "a finite number")?;
                allowed("normal prior", "sd", *sd, positive(*sd), "a finite number above 0")
            }
            Self::Lognormal { median, log_sd } => {
                allowed("lognormal prior", "median", *median, positive(*median), "a finite number above 0")?;
                allowed("lognormal prior", "log_sd", *log_sd, positive(*log_sd), "a finite number above 0")
            }
            Self::Tabulated { edges, weights } => check_table(edges, weights),
        }
    }

    /// The natural logarithm of its density; minus infinity where it has no mass, NaN of NaN.
    pub fn log_density(&self, value: f64) -> f64 {
        if value.is_nan() {
            return f64::NAN;
        }
        match self {
            _ if !self.contains(value) => f64::NEG_INFINITY,
            Self::Uniform { low, high } => -(high - low).ln(),
            Self::Normal { mean, sd } => log_normal_density((value - mean) / sd) - sd.ln(),
            Self::Lognormal { median, log_sd } => {
                log_normal_density((value.ln() - median.ln()) / log_sd) - log_sd.ln() - value.ln()
            }
            Self::Tabulated { edges, weights } => cell_of(edges, weights, value).map_or(f64::NEG_INFINITY, |cell| {
                (weights[cell] / sum(weights)).ln() - (edges[cell + 1] - edges[cell]).ln()
            }),
        }
    }

    /// The probability of values up to this one.
    pub fn cdf(&self, value: f64) -> f64 {
        let (below, above) = self.tails(value);
        if below <= 0.5 { below } else { 1.0 - above }
    }

    /// The value that a part `p` of the probability lies below; NaN unless `p` is from 0 to 1.
    pub fn quantile(&self, p: f64) -> f64 {
        if !(0.0..=1.0).contains(&p) {
            return f64::NAN;
        }
        self.at_tail(p.min(1.0 - p), p <= 0.5)
    }

    /// One value.
    pub fn draw(&self, generator: &mut Generator) -> f64 {
        match self {
            Self::Normal { .. } | Self::Lognormal { .. } => self.from_normal(generator.normal()),
            Self::Uniform { .. } | Self::Tabulated { .. } => self.quantile(generator.uniform()),
        }
    }

    /// The least and the largest value where it has mass; infinite where there is no bound.
    pub fn support(&self) -> (f64, f64) {
        match self {
            Self::Uniform { low, high } => (*low, *high),
            Self::Normal { .. } => (f64::NEG_INFINITY, f64::INFINITY),
            Self::Lognormal { .. } => (0.0, f64::INFINITY),
            Self::Tabulated { edges, weights } => {
                let first = weights.iter().position(|&weight| weight > 0.0).unwrap_or(0);
                let last = weights.iter().rposition(|&weight| weight > 0.0).unwrap_or(0);
                let edge = |place: usize| edges.get(place).copied().unwrap_or(f64::NAN);
                (edge(first), edge(last + 1))
            }
        }
    }

    /// Whether it has mass at a value; bounds belong to it.
    pub fn contains(&self, value: f64) -> bool {
        match self {
            Self::Uniform { low, high } => (*low..=*high).contains(&value),
            Self::Normal { .. } => value.is_finite(),
            Self::Lognormal { .. } => value > 0.0 && value.is_finite(),
            Self::Tabulated { edges, weights } => cell_of(edges, weights, value).is_some(),
        }
    }

    /// Its standard deviation.
    pub fn sd(&self) -> f64 {
        match self {
            Self::Uniform { low, high } => (high - low) / 12.0f64.sqrt(),
            Self::Normal { sd, .. } => *sd,
            Self::Lognormal { median, log_sd } => {
                let variance = log_sd * log_sd;
                median * (variance / 2.0).exp() * variance.exp_m1().sqrt()
            }
            Self::Tabulated { edges, weights } => {
                let total = sum(weights);
                let cells = || edges.windows(2).zip(weights).map(|(cell, weight)| (cell[0], cell[1], weight / total));
                let mean: f64 = cells().map(|(low, high, part)| part * (low + high) / 2.0).sum();
                let squares = cells().map(|(low, high, part)| {
                    part * (((low + high) / 2.0 - mean).powi(2) + (high - low) * (high - low) / 12.0)
                });
                squares.sum::<f64>().sqrt()
            }
        }
    }

    /// Phi^-1(F(value)): standard normal where values follow the prior. Infinite at and beyond bounds.
    pub fn to_normal(&self, value: f64) -> f64 {
        match self {
            Self::Normal { mean, sd } => (value - mean) / sd,
            Self::Lognormal { median, log_sd } if value >= 0.0 => (value.ln() - median.ln()) / log_sd,
            Self::Lognormal { .. } => f64::NEG_INFINITY,
            Self::Uniform { .. } | Self::Tabulated { .. } => {
                let (below, above) = self.tails(value);
                if below <= above { normal_quantile(below) } else { -normal_quantile(above) }
            }
        }
    }

    /// F^-1(Phi(z)), within the bounds.
    pub fn from_normal(&self, z: f64) -> f64 {
        match self {
            Self::Normal { mean, sd } => mean + sd * z,
            Self::Lognormal { median, log_sd } => (median.ln() + log_sd * z).exp(),
            Self::Uniform { .. } | Self::Tabulated { .. } => self.at_tail(normal_below(-z.abs()), z <= 0.0),
        }
    }

    /// The probability below a value, and that above it.
    fn tails(&self, value: f64) -> (f64, f64) {
        match self {
            Self::Uniform { low, high } => {
                let width = high - low;
                (((value - low) / width).clamp(0.0, 1.0), ((high - value) / width).clamp(0.0, 1.0))
            }
            Self::Normal { .. } | Self::Lognormal { .. } => {
                let z = self.to_normal(value);
                (normal_below(z), normal_below(-z))
            }
            Self::Tabulated { edges, weights } => {
                let total = sum(weights);
                let cells = || edges.windows(2).zip(weights);
                let below = cells().map(|(cell, weight)| weight * part_of(cell, value));
                let above = cells().map(|(cell, weight)| weight * (1.0 - part_of(cell, value)));
                (below.sum::<f64>() / total, above.sum::<f64>() / total)
            }
        }
    }

    /// The value with a probability `tail` (at most one half) below it, or above it.
    fn at_tail(&self, tail: f64, lower: bool) -> f64 {
        match self {
            Self::Uniform { low, high } => {
                let value = if lower { low + tail * (high - low) } else { high - tail * (high - low) };
                within(value, *low, *high)
            }
            Self::Normal { .. } | Self::Lognormal { .. } => {
                let z = normal_quantile(tail);
                self.from_normal(if lower { z } else { -z })
            }
            Self::Tabulated { edges, weights } => {
                let cells = edges.windows(2).zip(weights).filter(|(_, weight)| **weight > 0.0);
                let wanted = tail * sum(weights);
                let (low, high) = self.support();
                let value = if lower {
                    walk(cells, wanted, |cell| (cell[0], cell[1]))
                } else {
                    walk(cells.rev(), wanted, |cell| (cell[1], cell[0]))
                };
                within(value.unwrap_or(if lower { high } else { low }), low, high)
            }
        }
    }
}

/// Where so much weight has been passed on a walk over cells; `ends` says at which end of a cell the walk comes in and leaves.
fn walk<'a>(
    cells: impl Iterator<Item = (&'a [f64], &'a f64)>,
    wanted: f64,
    ends: impl Fn(&[f64]) -> (f64, f64),
) -> Option<f64> {
    let mut passed = 0.0;
    for (cell, weight) in cells {
        let (from, to) = ends(cell);
        if wanted <= passed + weight {
            return Some(from + (to - from) * ((wanted - passed) / weight).clamp(0.0, 1.0));
        }
        passed += weight;
    }
    None
}

/// NaN stays NaN, and so does a value beside bounds that are.
fn within(value: f64, low: f64, high: f64) -> f64 {
    if value < low {
        low
    } else if value > high {
        high
    } else {
        value
    }
}

fn part_of(cell: &[f64], value: f64) -> f64 {
    ((value - cell[0]) / (cell[1] - cell[0])).clamp(0.0, 1.0)
}

/// The cell with weight that a value lies in; one on an edge belongs to the cell above, or else to that below.
fn cell_of(edges: &[f64], weights: &[f64], value: f64) -> Option<usize> {
    let above = edges.partition_point(|edge| *edge <= value);
    let on_edge = above > 0 && edges[above - 1] == value;
    let candidates = [above.checked_sub(1), above.checked_sub(2).filter(|_| on_edge)];
    candidates
        .into_iter()
        .flatten()
        .find(|&cell| cell + 1 < edges.len() && weights.get(cell).is_some_and(|&weight| weight > 0.0))
}

fn sum(weights: &[f64]) -> f64 {
    weights.iter().sum()
}

fn log_normal_density(z: f64) -> f64 {
    -z * z / 2.0 - LOG_SQRT_TWO_PI
}

fn positive(value: f64) -> bool {
    value > 0.0 && value.is_finite()
}

fn allowed(
    owner: &'static str,
    parameter: &'static str,
    value: f64,
    is_allowed: bool,
    range: &str,
) -> Result<(), InverseError> {
    if is_allowed {
        return Ok(());
    }
    Err(InverseError::Parameter { owner, parameter, value: value.to_string(), allowed: range.to_owned() })
}

fn check_table(edges: &[f64], weights: &[f64]) -> Result<(), InverseError> {
    const OWNER: &str = "tabulated prior";
    let refuse = |parameter, value: String, allowed: &str| {
        Err(InverseError::Parameter { owner: OWNER, parameter, value, allowed: allowed.to_owned() })
    };
    if edges.len() < 2 {
        return refuse("edges", format!("{} numbers", edges.len()), "at least 2 ascending numbers");
    }
    for &edge in edges {
        allowed(OWNER, "edges", edge, edge.is_finite(), "finite numbers")?;
    }
    if let Some(pair) = edges.windows(2).find(|pair| pair[0] >= pair[1]) {
        return refuse("edges", format!("{} after {}", pair[1], pair[0]), "ascending numbers");
    }
    let width = edges[edges.len() - 1] - edges[0];
    allowed(OWNER, "edges", width, width.is_finite(), "numbers whose range is finite")?;
    if weights.len() + 1 != edges.len() {
        let found = format!("{} numbers for {} edges", weights.len(), edges.len());
        return refuse("weights", found, "one number for each cell between edges");
    }
    for &weight in weights {
        allowed(OWNER, "weights", weight, weight >= 0.0 && weight.is_finite(), "finite numbers >= 0")?;
    }
    allowed(OWNER, "weights", sum(weights), positive(sum(weights)), "numbers whose sum is finite and above 0")
}

#[cfg(test)]
mod tests;
