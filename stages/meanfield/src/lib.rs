//! Mean-field and linear response theory of leaky integrate-and-fire (LIF) neurons.
//!
//! [`neuron`]: one neuron in white or filtered noise: its stationary rate, the derivatives of that
//! rate, its response to a modulated input, and the variability of its spike train.
//! [`network`]: populations of them: working points, linear response, spectra, modes.
//! [`spatial`]: patterns in space. [`binary`]: networks of units that are 0 or 1.
//!
//! ```
//! use lapicque_meanfield::neuron::{Input, Neuron, Synapses, firing_rate};
//!
//! let neuron = Neuron {
//!     membrane_time_constant_s: 20e-3,
//!     synaptic_time_constant_s: 0.0,
//!     refractory_period_s: 2e-3,
//!     threshold_v: 20e-3,
//!     reset_v: 10e-3,
//! };
//! // Without noise the rate has a closed form: 1/(tau_r + tau_m ln((mu - V_r)/(mu - V_th))).
//! let silent = Input { mean_v: 30e-3, sd_v: 0.0 };
//! let rate_hz = firing_rate(&neuron, silent, Synapses::Delta)?;
//! assert!((rate_hz * (2e-3 + 20e-3 * 2f64.ln()) - 1.0).abs() < 1e-12);
//! // Noise alone makes a neuron fire whose mean input is below the threshold.
//! let noisy = Input { mean_v: 15e-3, sd_v: 5e-3 };
//! assert!(firing_rate(&neuron, noisy, Synapses::Delta)? > 5.0);
//! # Ok::<(), lapicque_meanfield::neuron::NeuronError>(())
//! ```
//!
//! Units are SI throughout: volts, seconds, hertz, amperes, farads; angular frequencies are in 1/s.
//! Fourier transforms have the sign exp(-i omega t), so a delay d is the factor exp(-i omega d).
#![warn(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod binary;
pub mod network;
pub mod neuron;
pub mod spatial;
