//! Models of neurons and synapses that are written as equations with units.
//!
//! [`language`] reads equations and statements, checks their units and says what the equations are: linear, noisy, and
//! which integrators take them. [`units`] knows the names of units and constants.
//!
//! [`maths`] has functions over many numbers with the same bits on every machine, [`engine`] compiles expressions and
//! statements for them, [`integrators`] make steps of equations of them. [`spatial`]
//! has neurons with a form: morphologies, SWC files and the cable equation. [`network`] puts all of it together: groups of
//! neurons, synapses, inputs and monitors, as a model file has them.
//!
//! Units: values are in SI units (second, volt, ampere, ...), whatever unit they were written in.
//!
//! ```
//! use lapicque_equations::language::analysis::integrator::{Integrator, choose};
//! use lapicque_equations::language::analysis::system::System;
//! use lapicque_equations::language::block::Equations;
//! use lapicque_equations::language::check::{check_equations, fixed_value};
//! use lapicque_equations::language::error::LanguageError;
//! use lapicque_equations::language::parse_expression;
//! use lapicque_equations::language::scope::Scope;
//!
//! let equations = Equations::parse("dv/dt = (I - v)/tau : volt\nI : volt")?;
//! let mut scope = Scope::neurons(&equations);
//! let tau = fixed_value(&parse_expression("10*ms")?, &Scope::new())?;
//! scope.add_parameter("tau", tau);
//! check_equations(&equations, &scope)?;
//! let system = System::clock_driven(&equations)?;
//! assert_eq!(choose(&system, &scope).map(|choice| choice.integrator), Some(Integrator::Exact));
//! # Ok::<(), LanguageError>(())
//! ```
#![warn(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod engine;
pub mod integrators;
pub mod language;
pub mod maths;
pub mod network;
pub mod spatial;
pub mod units;
