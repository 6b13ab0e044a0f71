//! Signals: decimation, resampling, missing values, epochs, power spectra, catch22.
//!
//! All series are `f64` slices of equally spaced samples in any unit, which the results keep. Rates
//! are in Hz, times in seconds; what is counted in samples says so. Every function is deterministic
//! and knows nothing of files, tables or threads: a caller runs many series in parallel with one
//! [`catch22::Catch22`] per thread.

pub mod catch22;
pub mod decimate;
mod end_line;
pub mod epochs;
pub mod missing;
pub mod resample;
pub mod welch;
