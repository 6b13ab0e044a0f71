//! The description itself.
//!
//! It serializes in one way only (populations and connections in the order of the file, parameters by name), so that a
//! digest of it may enter a cache key.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Distribution, NeuronModel, Rule};

/// Populations of neurons and how they are connected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Network {
    /// Letters, digits and `_`; part of paths.
    pub name: String,
    /// In the order of the file; connections name them.
    pub populations: Vec<Population>,
    /// In the order of the file.
    pub connections: Vec<Connection>,
}

/// Neurons of one model that share their parameters, connections and drives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Population {
    /// Letters, digits and `_`; part of paths.
    pub name: String,
    /// Number of neurons, at least one.
    pub size: u32,
    /// What its neurons are.
    pub neuron: Neuron,
    /// Input from outside, in the order of the file.
    pub drives: Vec<Drive>,
}

/// A neuron model with a value (or distribution over neurons) for every one of its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Neuron {
    /// Which equations it follows.
    pub model: NeuronModel,
    /// Keyed by the symbols of [`NeuronModel::parameters`]; complete.
    pub parameters: BTreeMap<String, Distribution>,
}

/// Synapses from one population onto another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Connection {
    /// As in the file, e.g. `E_to_I`; part of the path.
    pub name: String,
    /// The population that spikes.
    pub pre: String,
    /// The population that receives.
    pub post: String,
    /// Who connects to whom.
    pub rule: Rule,
    /// Of a synapse, in the unit of the model of `post` ([`NeuronModel::weight_unit`]); negative: inhibitory.
    pub weight: Distribution,
    /// Of a synapse; above 0.
    pub delay_ms: Distribution,
    /// What a synapse does with its weight.
    pub synapse: Synapse,
    /// How the probability falls with distance; none where neurons have no positions.
    pub profile: Option<SpatialProfile>,
}

/// What a synapse does from spike to spike.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Synapse {
    /// Constant weight.
    Static,
    /// Short-term plasticity (Tsodyks, Uziel & Markram 2000).
    TsodyksMarkram {
        /// U, the fraction of resources that a spike takes, from 0 to 1.
        u: f64,
        /// Time constant of recovery.
        tau_rec_ms: f64,
        /// Time constant of facilitation; 0: none.
        tau_fac_ms: f64,
    },
}

/// Connection probability over distance (um).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpatialProfile {
    /// Constant up to the distance `width_um`, 0 beyond; so half of the full width (R in Senk et al. 2020).
    Boxcar {
        /// Connections are no longer.
        width_um: f64,
    },
    /// A normal density over distance.
    Gaussian {
        /// Its standard deviation.
        sd_um: f64,
    },
    /// Falls exponentially with distance.
    Exponential {
        /// Over which it falls by a factor e.
        length_um: f64,
    },
}

/// Input from outside the network.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drive {
    /// `synapses` independent Poisson trains of `rate_hz` onto each neuron, independent between neurons.
    Poisson {
        /// Of one train.
        rate_hz: f64,
        /// Trains onto each neuron.
        synapses: f64,
        /// In the unit of the model ([`NeuronModel::weight_unit`]); one draw per neuron.
        weight: Distribution,
        /// From the start of the simulation to the first arrivals.
        delay_ms: f64,
    },
    /// A constant current into each neuron.
    Current {
        /// Negative: hyperpolarising.
        amplitude_pa: f64,
    },
}

/// A path that the description does not have.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("the network has no `{path}`{}", did_you_mean(.suggestion))]
pub struct UnknownPath {
    /// As it was given.
    pub path: String,
    /// The nearest path that it has.
    pub suggestion: Option<String>,
}

/// Something a network describes that a consumer cannot do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("`{path}`: {reason}")]
pub struct Unsupported {
    /// As it was given.
    pub path: String,
    /// Why not, in a sentence without an end.
    pub reason: String,
}

impl Network {
    /// The population of this name.
    pub fn population(&self, name: &str) -> Option<&Population> {
        self.populations.iter().find(|p| p.name == name)
    }
}

pub(crate) fn did_you_mean(suggestion: &Option<String>) -> String {
    match suggestion {
        Some(suggestion) => format!("; did you mean `{suggestion}`?"),
        None => String::new(),
    }
}
