//! Rules: who connects to whom.

use serde::{Deserialize, Serialize};

use crate::Connection;

/// Who connects to whom.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Each ordered pair independently (pairwise Bernoulli).
    Probability {
        /// Of each pair, from 0 to 1.
        p: f64,
        /// Whether a neuron may connect to itself, where both ends are one population.
        autapses: bool,
    },
    /// Synapses onto each neuron; if the number is not whole, on average.
    InDegree {
        /// Per neuron of `post`.
        k: f64,
        /// Whether a neuron may connect to itself, where both ends are one population.
        autapses: bool,
        /// Whether a pair may have several synapses.
        multapses: bool,
    },
    /// Synapses in all, ends drawn independently.
    Total {
        /// Of the whole connection.
        n: u64,
        /// Whether a neuron may connect to itself, where both ends are one population.
        autapses: bool,
        /// Whether a pair may have several synapses.
        multapses: bool,
    },
    /// Every pair once.
    AllToAll {
        /// Whether a neuron may connect to itself, where both ends are one population.
        autapses: bool,
    },
    /// Each neuron to that of the same place; both populations are of one size.
    OneToOne,
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
