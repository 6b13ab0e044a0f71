//! Simulation of networks of spiking point neurons on a grid of time steps.
//!
//! [`simulate`] takes a [`Network`](lapicque_network::Network) and gives a [`Recording`] of its
//! spikes; [`statistics`] describes it. One network runs on one thread; the result depends on the
//! network, the [`Options`] and the key of the random streams alone.
//!
//! How it works: neurons are updated exactly between the steps (Rotter & Diesmann 1999,
//! doi:10.1007/s004220050570). As no spike arrives earlier than the shortest delay, a window of
//! at most that many steps is computed population by population; then its spikes, and earlier ones with
//! longer delays, are added to the inputs of the next window (Morrison et al. 2005,
//! doi:10.1162/0899766054026648).
//! Folders: `neurons` (a file per model), `synapses` (who connects to whom, storage, delivery).
//!
//! Units: ms, mV, pA, pF, Hz; weights in pA (current synapses) or mV (delta synapses).
//! Potentials and currents are 64-bit floats; weights and the sums of what arrives in one step are
//! 32-bit.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod draw;
mod drive;
mod error;
mod estimate;
mod memory;
pub mod neurons;
mod options;
mod population;
mod recording;
mod rounding;
mod simulate;
pub mod statistics;
mod synapses;

pub use error::SimulationError;
pub use memory::Memory;
pub use options::Options;
pub use recording::{PopulationSummary, Recording};
pub use rounding::{RoundedTime, rounded_times};
pub use simulate::{check, simulate};
