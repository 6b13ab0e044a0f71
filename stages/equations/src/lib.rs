//! Models of neurons and synapses that are written as equations with units.
//!
//! [`language`] reads equations and statements, checks their units and says what the equations are: linear, noisy, stiff.
//!
//! [`maths`] has functions over many numbers with the same bits on every machine, [`engine`] compiles expressions and
//! statements for them, [`integrators`] make steps of equations of them. [`spatial`]
//! has neurons with a form: morphologies, SWC files and the cable equation.
//!
//! Units: values are in SI units (second, volt, ampere, ...), whatever unit they were written in.
#![warn(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod engine;
pub mod integrators;
pub mod language;
pub mod maths;
pub mod spatial;
pub mod units;
