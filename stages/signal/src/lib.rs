//! Signals: decimation, resampling, epochs, catch22.
//!
//! All series are `f64` slices of equally spaced samples. Rates are in Hz, times in seconds, and what is counted in samples
//! says so. Nothing here knows of files, tables or threads; every function is deterministic.

pub mod catch22;
pub mod resample;
