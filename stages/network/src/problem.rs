//! What can be wrong with a network as a whole.

use thiserror::Error;

use crate::Range;
use crate::distribution::InvalidDistribution;
use crate::network::did_you_mean;
use crate::path::with_unit;

/// One thing that is wrong with a network.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, PartialEq, Error)]
pub enum NetworkProblem {
    #[error("the network has no population")]
    NoPopulation,
    #[error("`{path}`: the name is given twice")]
    DuplicateName { path: String },
    #[error("`{path}`: a name is made of letters, digits and `_`, and begins with a letter")]
    BadName { path: String },
    #[error("`{path}` = {} is not allowed; it must be {allowed}", with_unit(*.value, .unit))]
    OutOfRange { path: String, value: f64, unit: &'static str, allowed: Range },
    #[error("`{path}`: {source}")]
    Distribution { path: String, source: InvalidDistribution },
    #[error("`{path}`: the parameter has no value")]
    MissingParameter { path: String },
    #[error("`{path}`: {model} has no such parameter{}", did_you_mean(.suggestion))]
    UnknownParameter { path: String, model: &'static str, suggestion: Option<String> },
    #[error("`{path}`: there is no population `{name}`{}", did_you_mean(.suggestion))]
    UnknownPopulation { path: String, name: String, suggestion: Option<String> },
    #[error("`{path}`: V_reset ({}) must be below V_th ({})", with_unit(*.reset, "mV"), with_unit(*.threshold, "mV"))]
    ResetAboveThreshold { path: String, reset: f64, threshold: f64 },
    #[error(
        "`{path}`: one_to_one connects populations of one size, `{pre}` has {pre_size} neurons and `{post}` {post_size}"
    )]
    UnequalSizes { path: String, pre: String, pre_size: u32, post: String, post_size: u32 },
    #[error("`{path}` = {}: without multapses there are only {available} synapses to choose from", with_unit(*.value, "1"))]
    TooManySynapses { path: String, value: f64, available: u64 },
}

impl NetworkProblem {
    /// What the problem is about; empty for the whole network.
    pub fn path(&self) -> &str {
        match self {
            Self::NoPopulation => "",
            Self::DuplicateName { path }
            | Self::BadName { path }
            | Self::OutOfRange { path, .. }
            | Self::Distribution { path, .. }
            | Self::MissingParameter { path }
            | Self::UnknownParameter { path, .. }
            | Self::UnknownPopulation { path, .. }
            | Self::ResetAboveThreshold { path, .. }
            | Self::UnequalSizes { path, .. }
            | Self::TooManySynapses { path, .. } => path,
        }
    }
}

/// Everything that is wrong with a network.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("{}", .problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct InvalidNetwork {
    /// At least one.
    pub problems: Vec<NetworkProblem>,
}
