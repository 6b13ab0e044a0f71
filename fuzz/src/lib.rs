//! What must hold for every input from outside. A target is one function of bytes; it panics where it does not hold.
//!
//! The tests `fuzz_seeds` of the crates include these files and run them on `seeds`, so that they stay true without a
//! fuzzer. `README.md` says how to run one.

pub mod bids;
pub mod brainvision;
pub mod csv;
pub mod edf;
pub mod equations;
pub mod fif;
pub mod hdf5;
pub mod makes_sense;
pub mod mat;
pub mod matrix;
pub mod matrix_market;
pub mod model_file;
pub mod network;
pub mod npy;
pub mod npz;
pub mod one_file;
pub mod pipeline;
pub mod spikes;
pub mod swc;
pub mod units;
