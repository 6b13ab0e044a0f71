//! Field potentials: from spikes to dipole moments, local field potentials, EEG and MEG.
//!
//! ```text
//! kernels::predict            populations, synapses, cells  ->  H[pre, post](lag)
//! convolution::superpose      spikes * H, summed over connections  ->  dipole moment, LFP
//! head::*_lead_field          dipole and electrode places  ->  mV per nA um
//! LeadField::potential        dipole moments  ->  EEG
//! ```
//!
//! ```
//! use lapicque_potential::convolution::{BinGrid, Convolution, Edges, PopulationSpikes, Superposition, superpose};
//! use lapicque_potential::head::{ConcentricSpheres, places, sphere_lead_field};
//! use lapicque_potential::kernels::{KernelParameters, predict};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let kernels = predict(&KernelParameters::hagen())?;
//! let spikes = [
//!     PopulationSpikes { population: "E", steps: &[16, 20, 400] },
//!     PopulationSpikes { population: "I", steps: &[30] },
//! ];
//! let bins = BinGrid::new(0.0, 150.0, 0.0625)?;
//! // From 100 ms on, the length of the kernels.
//! let total = Convolution::causal(Superposition::Total, Edges::Valid);
//! let dipole = superpose(&spikes, &kernels, &bins, &total)?.remove(0);
//!
//! let head = ConcentricSpheres::four_sphere();
//! let source = places::named_dipole(&head, "occipital").ok_or("unknown place")?;
//! let electrodes = places::ten_twenty_electrodes(&head);
//! let positions: Vec<_> = electrodes.iter().map(|e| e.position_um).collect();
//! let lead_field = sphere_lead_field(&head, &[source.position_um], &positions)?;
//! let eeg = lead_field.potential(&[source.orientation], &[&dipole.values])?;
//! assert_eq!((eeg.len(), eeg[0].len()), (20, 800));
//! # Ok(())
//! # }
//! ```
//!
//! Units: ms, mV, nA, uS, nF, um, S/cm2 (membrane), S/m (extracellular), nA um (dipole moments), Hz.
//! With them no conversion factor is needed between a dipole moment, a distance and a potential.

#![warn(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod cable;
pub mod convolution;
pub mod currents;
pub mod head;
pub mod kernels;
pub mod membrane;
mod range;
pub mod sources;

pub use range::OutOfRange;
