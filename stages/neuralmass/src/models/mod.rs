//! The models, a file each.

pub mod aln;
pub mod hopf;
