//! Head models: from dipole moments to potentials on the scalp (EEG) and magnetic fields outside (MEG).
//!
//! A head model is linear, so each gives a lead field: three numbers per (dipole, electrode), the potential (mV) of a dipole of
//! 1 nA um along x, y and z. Lengths in um, conductivities in S/m; the head's centre is the origin.
//!
//! * [`spheres`]: concentric conducting shells, by default the four-sphere head;
//! * [`infinite`]: a conductor without bounds;
//! * [`magnetic`]: magnetic fields of a dipole;
//! * [`places`]: electrodes of the 10-20 system and named cortical places on a spherical head.

pub mod infinite;
mod lead_field;
pub mod magnetic;
pub mod places;
pub mod spheres;
mod vector;

pub use infinite::infinite_lead_field;
pub use lead_field::{HeadError, LeadField};
pub use places::{Dipole, Electrode, nearest_electrode};
pub use spheres::{ConcentricSpheres, sphere_lead_field};

/// A place (um), a direction, or a dipole moment (nA um).
pub type Vector = [f64; 3];
