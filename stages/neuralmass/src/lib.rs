//! Neural mass models, and networks of them that a connectome couples.
//!
//! [`Model`] says what a model is; `models` has a file for each. Its equations are written once, for any
//! [`Real`] number: single numbers, eight at a time, or numbers that carry their derivatives.
//!
//! Units: ms, mV, mm; rates are in Hz wherever they leave a model.
#![warn(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod bold;
mod model;
pub mod models;
mod real;

pub use model::{Arriving, Coupling, Description, InputSpec, Model, OutputSpec, ParameterSpec, StateSpec, Weight};
pub use real::{Lanes, Real, WIDTH};
