//! What a model is, as a file says it.
//!
//! A model is a map of sections. All names of groups and synapses are different. Expressions have units
//! (`10*ms`, `Vt + 2*mV`); what is called `Text` here is such an expression, or a number without unit.
//!
//! ```yaml
//! time_step: 0.1*ms
//! constants: {tau: 10*ms, w: 0.5}
//! neurons:
//!   G:
//!     size: 100
//!     equations: |
//!       dv/dt = (I - v)/tau : 1 (unless refractory)
//!       I : 1
//!     threshold: v > 1
//!     reset: v = 0
//!     refractory: 2*ms
//!     initial: {I: "1.2*i/N"}
//! synapses:
//!   S:
//!     source: G[0:50]
//!     target: G[50:100]
//!     on_pre: v_post += w
//!     delay: 1*ms
//!     connect: [{p: 0.1}]
//! monitors:
//!   spikes: {G: {of: G}}
//!   state: {v: {of: G, variables: [v], record: [0, 1]}}
//! duration: 1*second
//! ```

mod connect;
mod groups;
mod initial;
mod monitors;
mod runs;
mod spatial;
mod synapses;
mod text;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use connect::{Connect, Indices, TableColumns};
pub use groups::{Event, Link, Neurons, OnEvent, Poisson, PoissonInput, Regular, SpikeGenerator};
pub use initial::Initial;
pub use monitors::{EventMonitor, FinalValues, Monitors, RateMonitor, Recorded, Smoothing, SpikeMonitor, StateMonitor};
pub(crate) use runs::SLOTS;
pub use runs::{Run, Slot};
pub use spatial::{Cones, Cylinder, MorphologySource, SectionOfNeuron, SpatialNeurons, Sphere, ThresholdLocation};
pub use synapses::{Pathway, Spikes, Synapses};
pub use text::Text;

/// A model: all sections of a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// The step of all clocks that have no other (default 0.1*ms).
    #[serde(default = "time_step")]
    pub time_step: Text,
    /// Numbers with units that expressions can use; they may use each other.
    #[serde(default)]
    pub constants: BTreeMap<String, Text>,
    /// Values over time, read as `name(t)` or `name(t, i)`.
    #[serde(default)]
    pub timed_arrays: BTreeMap<String, TimedValues>,
    /// Groups of point neurons (or of anything else that equations describe).
    #[serde(default)]
    pub neurons: BTreeMap<String, Neurons>,
    /// Groups of neurons with a form.
    #[serde(default)]
    pub spatial_neurons: BTreeMap<String, SpatialNeurons>,
    /// Groups of independent Poisson processes.
    #[serde(default)]
    pub poisson: BTreeMap<String, Poisson>,
    /// Groups that spike at given times.
    #[serde(default)]
    pub spike_generators: BTreeMap<String, SpikeGenerator>,
    /// Synapses between two groups.
    #[serde(default)]
    pub synapses: BTreeMap<String, Synapses>,
    /// Many Poisson processes onto one variable of each neuron of a group.
    #[serde(default)]
    pub poisson_inputs: BTreeMap<String, PoissonInput>,
    /// What is recorded.
    #[serde(default)]
    pub monitors: Monitors,
    /// How long it runs; or `runs`.
    #[serde(default)]
    pub duration: Option<Text>,
    /// Runs one after the other, with changes between them; or `duration`.
    #[serde(default)]
    pub runs: Vec<Run>,
    /// The slots of a step in their order (default: start, groups, thresholds, synapses, resets, end).
    #[serde(default)]
    pub schedule: Option<Vec<String>>,
    /// Whether a variable may become infinite or NaN without ending the simulation (default no).
    #[serde(default)]
    pub allow_not_finite: bool,
    /// Contents of the files that the model names (see [`Model::file_names`]), by their names as they stand there. Not part
    /// of a model file: who reads one opens them.
    #[serde(skip)]
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Model {
    /// The files that it names, each once.
    pub fn file_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for group in self.spatial_neurons.values() {
            if let MorphologySource::Swc(name) = &group.morphology {
                names.push(name);
            }
        }
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// Values over time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimedValues {
    /// A value per time; or `rows`.
    #[serde(default)]
    pub values: Vec<f64>,
    /// A row per time with a value for each element; or `values`.
    #[serde(default)]
    pub rows: Vec<Vec<f64>>,
    /// How long each value holds.
    pub time_step: Text,
    /// The unit of the values (default: none).
    #[serde(default)]
    pub unit: Option<String>,
}

fn time_step() -> Text {
    Text::new("0.1*ms")
}
