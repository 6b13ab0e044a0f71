//! Networks in space: where and how fast patterns grow.
//!
//! | question | function | source |
//! |---|---|---|
//! | how strongly do populations act on each other at a wavenumber? | [`effective_profile`] | Senk et al. (2020), Fig 3 |
//! | which patterns of low-pass units grow? | [`eigenvalues_of_branches`], [`fastest_growing`] | Eq 7 |
//! | and of spiking neurons? | [`follow`] | Fig 6 |
//!
//! Space has one dimension. Wavenumbers are in 1/m, eigenvalues in 1/s.
//! Senk, Korvasova, Schuecker, Hagen, Tetzlaff, Diesmann & Helias (2020) Phys Rev Research 2:023174.

mod characteristic;
mod decaying;
mod interpolation;
mod profile;

pub use characteristic::{CharacteristicError, eigenvalue, eigenvalues_of_branches, fastest_growing};
pub use interpolation::{Field, InterpolationError, Root, follow};
pub use profile::{Extremes, Profile, effective_profile, extremes, profiles};
