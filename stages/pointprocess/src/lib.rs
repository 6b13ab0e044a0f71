//! Networks of stochastic spiking neurons in discrete time: generalised linear and linear-nonlinear-Poisson models.
//!
//! A [`Model`] says how spikes of the past and an input become a drive, how the drive becomes an intensity, and how spikes
//! are drawn from it; [`models`] has those that have names. [`generators`] makes
//! networks, [`inputs`] what drives them. [`simulate`](fn@simulate) steps a [`Network`] and gives events,
//! never a dense array; [`tune`] finds values at which a network has given rates. [`fit`] goes from spikes to a model,
//! [`connectivity`] from spikes and stimuli to who acts on whom. [`trains`] measures spike trains, of these networks or of
//! anything else.
//!
//! Units: ms; intensities are per ms. A weight is that of the connection from one neuron to another, rows of matrices
//! are presynaptic.
#![warn(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod connectivity;
mod draws;
mod emission;
mod error;
pub mod fit;
pub mod generators;
pub mod inputs;
pub mod memory;
mod model;
pub mod models;
mod network;
pub mod settings;
mod simulate;
pub mod trains;
pub mod tune;

pub use draws::{Draws, Stream};
pub use error::PointProcessError;
pub use model::{Emission, Link, Memory, Model, Noise};
pub use network::Network;
pub use simulate::{Event, Recording, Run, Start, Step, Traces, simulate, simulate_into};
