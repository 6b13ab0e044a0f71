//! Dimensions, and the names of units and constants that may stand in equations.
//!
//! Values are in SI units: a unit is a factor and a [`Dimension`].

mod constants;
mod dimension;
mod names;

pub use constants::{Constant, MATHEMATICAL, PHYSICAL, mathematical_constant, physical_constant};
pub use dimension::{Dimension, PowerError};
pub use names::{Unit, all_units, base_unit, unit};
