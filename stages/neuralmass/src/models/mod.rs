//! The models, a file each.

pub mod hopf;
