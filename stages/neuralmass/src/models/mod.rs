//! The models, a file each.

pub mod aln;
pub mod fhn;
pub mod hopf;
pub mod jansen_rit;
pub mod kuramoto;
pub mod montbrio_pazo_roxin;
pub mod thalamus;
pub mod wc;
pub mod ww;
