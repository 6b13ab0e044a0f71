//! Networks of groups of neurons, synapses, inputs and monitors.
//!
//! ```text
//! Model (what a file says) --build--> objects with layouts and programs --run--> Recording
//! ```
//!
//! [`description`] is what can be said. Objects are groups and synapses; each has variables, of which some may belong to
//! another object. A step goes through slots, as [`description::Slot`] has them; within a slot what has the lower order
//! comes first, then what has the lower name.

mod context;
pub mod description;
mod error;
mod evaluate;
pub mod explain;
#[cfg(feature = "file")]
pub mod file;
mod object;
mod recording;

pub use context::Connections;
pub use error::{NetworkError, NetworkProblem};
pub use recording::{EventRecord, RateRecord, RecordedVariable, Recording, StateRecord};
