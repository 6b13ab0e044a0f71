//! Neurons with a form.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Event, Initial, Link, OnEvent, Regular, Text};

/// A group of neurons with a form, all of one morphology. Its elements are compartments, neuron by neuron.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpatialNeurons {
    /// How many neurons (default 1).
    #[serde(default = "one")]
    pub size: u32,
    /// Their form.
    pub morphology: MorphologySource,
    /// Equations of a compartment, one a line. They define `Im`, the current of the membrane by area, and may have
    /// currents `(point current)`; `v` and the geometry are given.
    pub equations: String,
    /// Names in the equations and what stands in their place, as in a template.
    #[serde(default)]
    pub replace: BTreeMap<String, Text>,
    /// The capacitance of the membrane by area, e.g. `1*uF/cm**2`; the same in all neurons.
    pub capacitance: Initial,
    /// The resistivity within, e.g. `100*ohm*cm`.
    pub resistivity: Text,
    /// Which point currents come from electrodes within the neuron rather than through its membrane: they are no part of
    /// `membrane_current`.
    #[serde(default)]
    pub electrodes: Vec<String>,
    /// The integrator of all variables but `v`, as of point neurons.
    #[serde(default)]
    pub integrator: Option<String>,
    /// When a compartment spikes: a condition.
    #[serde(default)]
    pub threshold: Option<String>,
    /// Where the threshold counts (default: each compartment spikes for itself).
    #[serde(default)]
    pub threshold_location: Option<ThresholdLocation>,
    /// What happens to a compartment that spikes: statements.
    #[serde(default)]
    pub reset: Option<String>,
    /// For how long after a spike a compartment is refractory (a time), or as long as what (a condition).
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
    /// Its place among those that are updated in the same slot (default 0); `v` makes its step one place later.
    #[serde(default)]
    pub order: i32,
}

/// Where a form comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum MorphologySource {
    /// An SWC file, by its path. Its sections have the names of what they are parts of: soma, axon, dendrite, apical, or
    /// structure_5 and so on.
    Swc(String),
    /// Sections. Compartments are numbered in their order.
    Sections(Vec<SectionOfNeuron>),
}

/// An unbranched part of a neuron; one of `soma`, `cylinder` and `cones`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SectionOfNeuron {
    /// Its name.
    pub name: String,
    /// The section before it at whose end it begins (default: it begins at the root).
    #[serde(default)]
    pub parent: Option<String>,
    /// Where it points, e.g. `[0, 0, 1]`; all sections have a direction or none. With them compartments have places.
    #[serde(default)]
    pub direction: Option<[f64; 3]>,
    /// A sphere, one compartment.
    #[serde(default)]
    pub soma: Option<Sphere>,
    /// A cylinder.
    #[serde(default)]
    pub cylinder: Option<Cylinder>,
    /// Truncated cones, a compartment each.
    #[serde(default)]
    pub cones: Option<Cones>,
}

/// A sphere.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sphere {
    /// Its diameter.
    pub diameter: Text,
}

/// A cylinder, cut into compartments of equal length.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cylinder {
    /// How many compartments (default 1).
    #[serde(default = "one")]
    pub compartments: u32,
    /// The length of all of them together.
    pub length: Text,
    /// Its diameter.
    pub diameter: Text,
}

/// Truncated cones one after the other.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cones {
    /// The length of each.
    pub lengths: Vec<Text>,
    /// The diameters at the begin, between the cones and at the end: one more than there are lengths.
    pub diameters: Vec<Text>,
}

/// A place on a neuron: the number of a compartment, or a section with the way from its begin.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThresholdLocation {
    /// The number of a compartment, from 0.
    #[serde(default)]
    pub compartment: Option<u32>,
    /// The name of a section.
    #[serde(default)]
    pub section: Option<String>,
    /// How far from the begin of the section (default: its first compartment).
    #[serde(default)]
    pub distance: Option<Text>,
}

fn one() -> u32 {
    1
}
