//! Synapses: who is connected with whom, and what spikes do.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Connect, Initial, Regular, Slot, Text};

/// Synapses from one group to another, or from one to itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Synapses {
    /// A group or a part of one, `G[0:100]`.
    pub source: String,
    /// A group or a part of one (default: the source).
    #[serde(default)]
    pub target: Option<String>,
    /// Their equations, one a line.
    #[serde(default)]
    pub equations: String,
    /// Names in the equations and what stands in their place, as in a template.
    #[serde(default)]
    pub replace: BTreeMap<String, Text>,
    /// The integrator of clock-driven equations, as of neurons.
    #[serde(default)]
    pub integrator: Option<String>,
    /// What a presynaptic spike does: statements. Short for a pathway of the name `pre`.
    #[serde(default)]
    pub on_pre: Option<String>,
    /// What a postsynaptic spike does: statements. Short for a pathway of the name `post`.
    #[serde(default)]
    pub on_post: Option<String>,
    /// The delay of `on_pre`: a time, the same for all or one for each synapse (default 0*ms). Code and monitors can read
    /// it as `delay`.
    #[serde(default)]
    pub delay: Option<Initial>,
    /// The delay of `on_post` (default 0*ms).
    #[serde(default)]
    pub post_delay: Option<Initial>,
    /// Pathways by name.
    #[serde(default)]
    pub pathways: BTreeMap<String, Pathway>,
    /// Which synapses there are: one way or several, one after the other.
    #[serde(default)]
    pub connect: Vec<Connect>,
    /// The name of the number of a synapse among those of one pair.
    #[serde(default)]
    pub multisynaptic_index: Option<String>,
    /// Statements at regular times.
    #[serde(default)]
    pub run_regularly: Vec<Regular>,
    /// Values before the first step (default 0).
    #[serde(default)]
    pub initial: BTreeMap<String, Initial>,
    /// The step of its clock (default: that of the model).
    #[serde(default)]
    pub time_step: Option<Text>,
    /// Its place among those that are updated in the slot `groups` (default 0).
    #[serde(default)]
    pub order: i32,
}

/// What spikes, or other events, of one side do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pathway {
    /// Whose spikes: pre or post.
    pub spikes: Spikes,
    /// Statements for each synapse.
    pub code: String,
    /// Which event of the neurons instead of a spike.
    #[serde(default)]
    pub event: Option<String>,
    /// From the spike to the statements: a time, the same for all or one for each synapse (default 0*ms).
    #[serde(default)]
    pub delay: Option<Initial>,
    /// In which slot (default: synapses).
    #[serde(default = "Slot::synapses")]
    pub when: Slot,
    /// Its place within the slot (default: -1 for pre, 1 for post).
    #[serde(default)]
    pub order: Option<i32>,
}

/// Whose spikes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Spikes {
    /// Those of the source.
    #[default]
    Pre,
    /// Those of the target.
    Post,
}
