//! What a population of integrate-and-fire neurons does at a given mean and fluctuation of its input: look-up tables, and
//! how they are made.
//!
//! [`Table`] is looked up; [`shipped`] is the one that comes with the crate, [`generator`] computes others.

mod fit;
pub mod generator;
mod lookup;
mod membrane;
mod neuron;
mod points;
mod response;
mod shipped;
mod steady;

pub use lookup::{Table, TableError, check_axis};
pub use neuron::Neuron;
pub use points::TablePoint;
pub use shipped::shipped;
