//! Field potentials: from spikes to dipole moments, local field potentials, EEG and MEG.
//!
//! ```text
//! kernels::predict            populations, synapses, cells  ->  H[pre, post](lag)
//! convolution::superpose      spikes * H, summed over connections  ->  dipole moment, LFP
//! head::*_lead_field          dipole and electrode places  ->  mV per nA um
//! LeadField::potential        dipole moments  ->  EEG
//! ```
//!
//! Units: ms, mV, nA, uS, nF, um, S/cm2 (membrane), S/m (extracellular), nA um (dipole moments), Hz.
//! With them no conversion factor is needed between a dipole moment, a distance and a potential.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

pub mod cable;
pub mod convolution;
pub mod head;
pub mod kernels;
pub mod membrane;
mod range;
pub mod sources;

pub use range::OutOfRange;
