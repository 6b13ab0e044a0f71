//! The description itself.
//!
//! It serializes in one way only (populations and connections in the order of the file, parameters by name), so that a
//! digest of it may enter a cache key.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Distribution, NeuronModel};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Network {
    pub name: String,
    /// In the order of the file; connections name them.
    pub populations: Vec<Population>,
    pub connections: Vec<Connection>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Population {
    pub name: String,
    pub size: u32,
    pub neuron: Neuron,
    pub drives: Vec<Drive>,
}

/// A neuron model with a value (or distribution over neurons) for every one of its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Neuron {
    pub model: NeuronModel,
    /// Keyed by the symbols of [`NeuronModel::parameters`]; complete.
    pub parameters: BTreeMap<String, Distribution>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Connection {
    /// As in the file, e.g. `E_to_I`; part of the path.
    pub name: String,
    pub pre: String,
    pub post: String,
    pub rule: Rule,
    pub weight: Distribution,
    pub delay_ms: Distribution,
    pub synapse: Synapse,
    pub profile: Option<SpatialProfile>,
}

/// Who connects to whom.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Each ordered pair independently (pairwise Bernoulli).
    Probability {
        p: f64,
        autapses: bool,
    },
    /// Synapses onto each neuron; if the number is not whole, on average.
    InDegree {
        k: f64,
        autapses: bool,
        multapses: bool,
    },
    /// Synapses in all, ends drawn independently.
    Total {
        n: u64,
        autapses: bool,
        multapses: bool,
    },
    AllToAll {
        autapses: bool,
    },
    OneToOne,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Synapse {
    /// Constant weight.
    Static,
    /// Short-term plasticity (Tsodyks, Uziel & Markram 2000).
    TsodyksMarkram { u: f64, tau_rec_ms: f64, tau_fac_ms: f64 },
}

/// Connection probability over distance (um).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpatialProfile {
    /// Constant up to the distance `width_um`, 0 beyond; so half of the full width (R in Senk et al. 2020).
    Boxcar {
        width_um: f64,
    },
    Gaussian {
        sd_um: f64,
    },
    Exponential {
        length_um: f64,
    },
}

/// Input from outside the network.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drive {
    /// `synapses` independent Poisson trains of `rate_hz` onto each neuron, independent between neurons.
    Poisson { rate_hz: f64, synapses: f64, weight: Distribution, delay_ms: f64 },
    /// A constant current into each neuron.
    Current { amplitude_pa: f64 },
}

/// A path that the description does not have.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("the network has no `{path}`{}", did_you_mean(.suggestion))]
pub struct UnknownPath {
    pub path: String,
    /// The nearest path that it has.
    pub suggestion: Option<String>,
}

/// Something a network describes that a consumer cannot do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("`{path}`: {reason}")]
pub struct Unsupported {
    pub path: String,
    pub reason: String,
}

impl Network {
    pub fn population(&self, name: &str) -> Option<&Population> {
        self.populations.iter().find(|p| p.name == name)
    }
}

impl Connection {
    /// Mean number of synapses that it makes between populations of these sizes.
    pub fn expected_synapses(&self, pre_size: u32, post_size: u32) -> f64 {
        let (pre, post) = (f64::from(pre_size), f64::from(post_size));
        let pairs = |autapses: bool| if autapses || self.pre != self.post { pre * post } else { (pre - 1.0) * post };
        match self.rule {
            Rule::Probability { p, autapses } => p * pairs(autapses),
            Rule::InDegree { k, .. } => k * post,
            Rule::Total { n, .. } => n as f64,
            Rule::AllToAll { autapses } => pairs(autapses),
            Rule::OneToOne => pre,
        }
    }
}

pub(crate) fn did_you_mean(suggestion: &Option<String>) -> String {
    match suggestion {
        Some(suggestion) => format!("; did you mean `{suggestion}`?"),
        None => String::new(),
    }
}
