//! Kernels: the signal that one presynaptic spike evokes, on average, through all its synapses onto a population.
//!
//! Hagen et al 2022 PLOS Comput Biol 18:e1010353. For each connection X -> Y one ball-and-sticks cell of Y, linearised at
//! its resting potential ([`crate::membrane`]) and with the mean synaptic conductance added to its leak (`leak.rs`),
//! receives at once the currents of all synapses that a spike of X activates in all of Y:
//!
//! ```text
//! I_k(t) = -w (V_rest - E_rev) p_k k_out s(t)        k_out = C N_Y synapses per connection
//! H(lag) = sum_j P(delay = j dt) (probe . I_membrane)(lag - j dt)
//! ```
//!
//! `w` peak conductance, `s` unit-peak bi-exponential, `p_k` share of synapses on compartment k (`placement.rs`),
//! probes in [`Probe`], delays in `delay.rs`. [`KernelParameters::hagen`] gives the parameters of the reference model.
//! Convolved with spike counts, kernels give population signals ([`crate::convolution`]).

mod check;
mod delay;
mod from_network;
mod hagen;
mod leak;
mod parameters;
mod placement;
mod predict;
mod probe;

pub use check::KernelError;
pub use from_network::{Calibration, CellValues, uses};
pub use parameters::{
    Compatibility, Connection, DepthPeak, ExternalSynapses, KernelParameters, Placement, Population, SomaDepth,
    Synapse, TruncatedNormal,
};
pub use predict::{Kernel, PostsynapticCell, postsynaptic_cell, predict, predict_connection};
pub use probe::{GaussCylinder, Probe};
