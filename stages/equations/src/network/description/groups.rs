//! Groups of elements that have variables, spike, or both.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Initial, Slot, Text};

/// A group of neurons.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Neurons {
    /// How many neurons.
    pub size: u32,
    /// Their equations, one a line.
    #[serde(default)]
    pub equations: String,
    /// Names in the equations and what stands in their place, as in a template.
    #[serde(default)]
    pub replace: BTreeMap<String, Text>,
    /// exact, euler, rk2, rk4, exponential_euler, heun or milstein (default: the first of exact, euler and heun that
    /// takes the equations).
    #[serde(default)]
    pub integrator: Option<String>,
    /// When a neuron spikes: a condition.
    #[serde(default)]
    pub threshold: Option<String>,
    /// What happens to a neuron that spikes: statements.
    #[serde(default)]
    pub reset: Option<String>,
    /// For how long after a spike a neuron is refractory (a time), or as long as what (a condition).
    #[serde(default)]
    pub refractory: Option<Text>,
    /// Events other than spikes, by name.
    #[serde(default)]
    pub events: BTreeMap<String, Event>,
    /// Statements on events.
    #[serde(default)]
    pub on_event: Vec<OnEvent>,
    /// Statements at regular times.
    #[serde(default)]
    pub run_regularly: Vec<Regular>,
    /// Variables (with the flag `linked`) that are those of another group.
    #[serde(default)]
    pub linked: BTreeMap<String, Link>,
    /// Values before the first step (default 0).
    #[serde(default)]
    pub initial: BTreeMap<String, Initial>,
    /// The step of its clock (default: that of the model).
    #[serde(default)]
    pub time_step: Option<Text>,
    /// Its place among those that are updated in the same slot (default 0).
    #[serde(default)]
    pub order: i32,
}

/// When an event happens.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// The condition.
    pub condition: String,
    /// In which slot it is looked for (default: after_thresholds).
    #[serde(default = "Slot::after_thresholds")]
    pub when: Slot,
    /// Its place within the slot (default 0).
    #[serde(default)]
    pub order: i32,
}

/// What happens on an event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OnEvent {
    /// The event: one of `events`, or `spike`.
    pub event: String,
    /// Statements for each neuron that has it.
    pub code: String,
    /// In which slot (default: after_resets).
    #[serde(default = "Slot::after_resets")]
    pub when: Slot,
    /// Its place within the slot (default 0).
    #[serde(default)]
    pub order: i32,
}

/// Statements at regular times.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Regular {
    /// Statements for each element.
    pub code: String,
    /// From one time to the next (default: each step).
    #[serde(default)]
    pub every: Option<Text>,
    /// In which slot (default: start).
    #[serde(default = "Slot::start")]
    pub when: Slot,
    /// Its place within the slot (default 0).
    #[serde(default)]
    pub order: i32,
}

/// A variable of another group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The group.
    pub group: String,
    /// Its variable.
    pub variable: String,
    /// Which neuron's it is for each neuron of this group (default: that of the same number, or the one that there is).
    #[serde(default)]
    pub neurons: Option<Vec<u32>>,
}

/// A group of independent Poisson processes: in each step one spikes with the probability rate times step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Poisson {
    /// How many.
    pub size: u32,
    /// Their rates, e.g. `15*Hz`, `rates(t, i)` or `{values: [5, 10], unit: Hz}`.
    pub rates: Initial,
    /// The step of its clock (default: that of the model).
    #[serde(default)]
    pub time_step: Option<Text>,
}

/// A group that spikes at given times.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpikeGenerator {
    /// How many elements.
    pub size: u32,
    /// The element of each spike.
    #[serde(default)]
    pub elements: Vec<u32>,
    /// The time of each spike, in `unit`.
    #[serde(default)]
    pub times: Vec<f64>,
    /// The unit of `times` (default ms).
    #[serde(default = "millisecond")]
    pub unit: String,
    /// After which time all spikes come again.
    #[serde(default)]
    pub period: Option<Text>,
    /// The step of its clock (default: that of the model).
    #[serde(default)]
    pub time_step: Option<Text>,
}

/// Adds a binomial number of events times a weight to a variable in each step: many Poisson processes of one rate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PoissonInput {
    /// Which neurons get it: a group or a part of one, `G[0:100]`.
    pub target: String,
    /// Which of their variables.
    pub variable: String,
    /// How many processes each neuron has.
    pub processes: u32,
    /// Their rate.
    pub rate: Text,
    /// What an event adds.
    pub weight: Text,
    /// In which slot (default: synapses).
    #[serde(default = "Slot::synapses")]
    pub when: Slot,
    /// Its place within the slot (default 0).
    #[serde(default)]
    pub order: i32,
}

fn millisecond() -> String {
    "ms".to_owned()
}
