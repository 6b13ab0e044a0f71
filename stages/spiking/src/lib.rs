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
//! ```
//! use lapicque_network::NetworkFile;
//! use lapicque_numerics::random::StreamKey;
//! use lapicque_spiking::statistics::rate_hz;
//! use lapicque_spiking::{Options, simulate};
//!
//! // 250 pA take the potential towards tau_m I/C_m = 20 mV; the threshold is at 15 mV.
//! let file = NetworkFile::parse(
//!     "
//! network: 1
//! name: pacemakers
//! populations:
//!   E:
//!     size: 100
//!     model: iaf_psc_delta
//!     C_m: 250 pF
//!     tau_m: 20 ms
//!     E_L: 0 mV
//!     V_m: 0 mV
//!     V_reset: 0 mV
//!     V_th: 15 mV
//!     t_ref: 2 ms
//!     drive: {kind: current, amplitude: 250 pA}
//! ",
//!     "pacemakers.yaml",
//! )?;
//! let options = Options { time_step_ms: 0.01, duration_ms: 3000.0, ..Options::default() };
//! let key = StreamKey::new([1; 16]);
//! let recording = simulate(file.network(), &options, key, &|| false, &mut |_| {})?;
//!
//! // Intervals are t_ref + tau_m ln(20/5).
//! let theory_hz = 1000.0 / (2.0 + 20.0 * 4f64.ln());
//! assert!((rate_hz(&recording, 0) / theory_hz - 1.0).abs() < 0.01);
//! assert_eq!(recording.populations[0].spikes.len() % 100, 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Units: ms, mV, pA, pF, Hz; weights in pA (current synapses) or mV (delta synapses).
//! Potentials and currents are 64-bit floats; weights and the sums of what arrives in one step are
//! 32-bit.
#![warn(missing_docs)]
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
