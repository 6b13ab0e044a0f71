//! Expressions and statements over many elements (neurons, synapses, compartments), compiled for vectors.
//!
//! ```text
//! Expression --Graph--> values --Program--> instructions --run--> State
//! ```
//!
//! A [`State`] holds a column of `f64` for each variable of its [`Layout`]. A [`Graph`] turns expressions into values,
//! of which equal ones are one (common subexpressions), constants are folded, and what is the same for all elements is
//! told from what is not. A [`Program`] computes what is shared once per step and the rest in blocks of [`BLOCK`]
//! elements, an instruction at a time, in registers that stay in the cache. Exponentials of matrices are kept until their
//! entries change.
//!
//! All writes of a program happen at once after all has been read. Results have the same bits on every machine and for
//! every order of elements: what is drawn depends on the key, the draw, the step and the element alone.
//!
//! Booleans are 0 and 1. Integers are whole numbers in `f64`, exact up to 2^53. Two rules change bits against the text
//! of an expression: `x/c` with a constant `c` is `x * (1/c)`, if 1/c is a normal number, and whole powers up to 16 are
//! products ([`whole_power`](crate::maths::power::whole_power)).

mod affine;
mod binomial;
mod build;
mod compile;
mod draws;
mod error;
mod graph;
mod instruction;
mod kernels;
mod matrix;
mod operation;
mod program;
mod propagators;
mod scalars;
mod state;
mod timed;

pub use build::{Bindings, Scope};
pub use error::EngineError;
pub use graph::{Graph, Value, Write};
pub use kernels::BLOCK;
pub use program::Program;
pub use state::{Column, Layout, State};
pub use timed::TimedArray;

pub(crate) use binomial::Binomial;
pub(crate) use draws::{Distribution, Draws};
pub(crate) use graph::Node;
pub(crate) use matrix::{Matrix, Solution};
pub(crate) use operation::Operation;
