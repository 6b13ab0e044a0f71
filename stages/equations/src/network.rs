//! Networks of groups of neurons, synapses, inputs and monitors.
//!
//! ```text
//! Model (what a file says) --build--> objects with layouts and programs --run--> Recording
//! ```
//!
//! [`description`] is what can be said. Objects are groups and synapses; each has variables, of which some may belong to
//! another object. A step goes through slots, as [`description::Slot`] has them; within a slot what has the lower order
//! comes first, then what has the lower name.

mod build;
mod connect;
mod context;
mod delivery;
pub mod description;
mod error;
mod evaluate;
pub mod explain;
#[cfg(feature = "file")]
pub mod file;
mod finite;
mod form;
mod given_spikes;
mod group;
mod groups;
mod initial_values;
mod monitors;
mod object;
mod pathway;
mod poisson_input;
mod poisson_times;
mod queue;
mod recorders;
mod recording;
mod refractory;
mod round;
mod schedule;
mod simulate;
mod spatial;
mod spike_generator;
mod step;
mod synapses;
#[cfg(test)]
mod test_objects;
#[cfg(test)]
mod test_synapses;
mod values;

pub use context::Connections;
pub use error::{NetworkError, NetworkProblem};
pub use recording::{EventRecord, FormRecord, RateRecord, RecordedVariable, Recording, StateRecord};
pub use simulate::{Options, simulate};
pub use values::{ModelValue, Times, group_steps, model_times, model_values, set_model_value};
