//! Neural mass models, and networks of them that a connectome couples.
//!
//! [`Model`] says what a model is; `models` has a file for each. Its equations are written once, for any
//! [`Real`] number: single numbers, eight at a time, or numbers that carry their derivatives. [`simulation`] steps a
//! [`network`] of them with [`noise`]; [`control`] finds the inputs that bring it to a target. [`registry`] knows models by
//! name, [`settings`] their values.
//!
//! Units: ms, mV, mm; rates are in Hz wherever they leave a model.
#![warn(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod bifurcation;
pub mod bold;
pub mod connectome;
pub mod control;
pub mod delays;
mod exponential;
mod model;
pub mod models;
pub mod network;
pub mod noise;
mod real;
pub mod recorder;
pub mod registry;
pub mod settings;
pub mod simulation;
pub mod table;

pub use model::{Arriving, Coupling, Description, InputSpec, Model, OutputSpec, ParameterSpec, StateSpec, Weight};
pub use real::{Lanes, OfTwo, Real, WIDTH};
