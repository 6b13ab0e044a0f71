//! Signals: resampling, filters, references, trends, artefacts, epochs, events, spectra and their parameters, bands, envelopes,
//! fluctuations, complexity, bursts, connectivity, catch22.
//!
//! All series are `f64` slices of equally spaced samples in any unit, which the results keep. Rates
//! are in Hz, times in seconds; what is counted in samples says so. Every function is deterministic
//! and knows nothing of files, tables or threads: a caller runs many series in parallel with one
//! [`catch22::Catch22`] per thread.
//!
//! ```
//! use lapicque_signal::welch::{Scaling, Welch, welch};
//!
//! // 40 s of a sine of 10 Hz and amplitude 2 mV, at 250 Hz.
//! let wave = |i: u32| 2.0 * (std::f64::consts::TAU * 10.0 * f64::from(i) / 250.0).sin();
//! let series: Vec<f64> = (0..10_000).map(wave).collect();
//! let method = Welch { scaling: Scaling::Spectrum, ..Welch::new(500) };
//! let spectrum = welch(&series, 250.0, &method)?;
//! // Bins of 0.5 Hz; a sine has half its squared amplitude at its own.
//! assert_eq!(spectrum.frequencies_hz[20], 10.0);
//! assert!((spectrum.power[20] - 2.0).abs() < 1e-9);
//! assert!(spectrum.power[40] < 1e-20);
//! # Ok::<(), lapicque_signal::welch::WelchError>(())
//! ```
#![warn(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod average;
pub mod bands;
pub mod bursts;
pub mod catch22;
pub mod complexity;
pub mod connectivity;
pub mod decimate;
pub mod detrend;
pub mod dfa;
pub mod dpss;
pub mod electrodes;
mod end_line;
pub mod envelope;
pub mod epochs;
pub mod event_epochs;
pub mod event_rates;
pub mod extreme_values;
pub mod fei;
pub mod filter;
pub mod functional_connectivity;
pub mod missing;
pub mod multitaper;
pub mod periodogram;
pub mod power_spectrum;
mod profile;
pub mod rate;
pub mod reject;
pub mod rereference;
pub mod resample;
pub mod spectral_parameters;
pub mod spectrogram;
pub mod sphere_spline;
pub mod up_down;
pub mod welch;
pub mod windows;
