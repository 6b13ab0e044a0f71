//! Linear cables of neurons: morphology to compartments, compartments to a factored backward Euler step.
//!
//! [`morphology`] cuts a ball-and-sticks cell into compartments, [`euler`] advances its small-signal potentials.

mod euler;
mod morphology;

pub use euler::{CableStep, SynapticTimeCourse};
pub use morphology::{BallAndSticks, Cable, Compartment, Direction, EndRounding, Region, Stick};
