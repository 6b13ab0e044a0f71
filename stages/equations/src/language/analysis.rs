//! What equations are: linear or not, noisy or not, and which integrators take them.

mod algebra;
pub mod derivative;
pub mod inline;
pub mod integrator;
pub mod linear;
mod polynomial;
pub mod simplify;
pub mod system;
