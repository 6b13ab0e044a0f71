//! What a simulation gives: what its monitors have recorded.

use crate::spatial::Compartment;
use crate::units::Dimension;

/// All that was recorded, by monitors in the order of their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recording {
    /// Of spike monitors.
    pub spikes: Vec<EventRecord>,
    /// Of event monitors.
    pub events: Vec<EventRecord>,
    /// Of state monitors.
    pub states: Vec<StateRecord>,
    /// Of rate monitors.
    pub rates: Vec<RateRecord>,
    /// Of final values.
    pub last: Vec<StateRecord>,
    /// Forms of the neurons that have one, by groups in the order of their names.
    pub forms: Vec<FormRecord>,
    /// Remarks on the model that a user should see, such as forward Euler for a stiff group.
    pub notes: Vec<String>,
    /// The time at the end, in s.
    pub end: f64,
}

/// The form of the neurons of a group.
///
/// Where compartments have places (see [`Compartment::ends`]), potentials outside follow from `membrane_current` by the
/// sources that the compartments are: lines from end to end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FormRecord {
    /// The group.
    pub name: String,
    /// How many neurons it has.
    pub size: u32,
    /// The compartments of each neuron, in SI units.
    pub compartments: Vec<Compartment>,
    /// The name of the section, or part, of each compartment.
    pub sections: Vec<String>,
}

/// Spikes, or other events, in the order in which they happened; those of one step ascend.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventRecord {
    /// The monitor.
    pub name: String,
    /// How many elements it watches.
    pub size: u32,
    /// The step of its clock, in s; that of the last run if it changed.
    pub dt: f64,
    /// Whether the step was the same in all runs.
    pub one_dt: bool,
    /// Who, counted from the first element that is watched.
    pub elements: Vec<u32>,
    /// When: the number of the step of the clock.
    pub steps: Vec<u64>,
    /// When: the time at the start of that step, in s.
    pub times: Vec<f64>,
    /// Variables at that moment, a value per event.
    pub variables: Vec<RecordedVariable>,
}

/// Variables over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StateRecord {
    /// The monitor.
    pub name: String,
    /// The time at the start of each recorded step, in s.
    pub times: Vec<f64>,
    /// Which elements, counted from the first that the monitor can see; one number 0 for shared variables.
    pub elements: Vec<u32>,
    /// The variables with their values.
    pub variables: Vec<RecordedVariable>,
}

/// Values of a variable in SI units.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedVariable {
    /// Its name.
    pub name: String,
    /// What it measures.
    pub dimension: Dimension,
    /// Whether it is one for all elements: a value per time then.
    pub shared: bool,
    /// Of events a value each. Of states, for each time the values of all recorded elements.
    pub values: Vec<f64>,
}

/// The rate of a group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RateRecord {
    /// The monitor.
    pub name: String,
    /// The time at the start of each step, in s.
    pub times: Vec<f64>,
    /// Spikes per neuron and s, smoothed if it was asked for.
    pub rates: Vec<f64>,
}
