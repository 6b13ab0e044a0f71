//! Linear cables of neurons: morphology to compartments, compartments to a factored backward Euler step.
//!
//! [`BallAndSticks::compartments`] cuts a cell; `euler.rs` advances its small-signal potentials.

mod euler;
mod morphology;

pub(crate) use euler::CableStep;
pub use euler::SynapticTimeCourse;
pub use morphology::{BallAndSticks, Cable, Compartment, Direction, EndRounding, Region, Stick};
