//! Linear cables of neurons: morphology to compartments, compartments to a factored backward Euler step.
//!
//! [`BallAndSticks::compartments`] cuts a cell, [`CableStep`] advances its small-signal potentials.

mod euler;
mod morphology;

pub use euler::{CableStep, SynapticTimeCourse};
pub use morphology::{BallAndSticks, Cable, Compartment, Direction, EndRounding, Region, Stick};
