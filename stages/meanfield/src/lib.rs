//! Mean-field and linear response theory of leaky integrate-and-fire (LIF) neurons.
//!
//! [`neuron`]: one neuron in white or filtered noise: its stationary rate, the derivatives of that
//! rate, its response to a modulated input, and the variability of its spike train.
//! [`network`]: populations of them: working points, linear response, spectra, modes.
//! [`spatial`]: patterns in space. [`binary`]: networks of units that are 0 or 1.
//!
//! Units are SI throughout: volts, seconds, hertz, amperes, farads; angular frequencies are in 1/s.
//! Fourier transforms have the sign exp(-i omega t), so a delay d is the factor exp(-i omega d).
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod binary;
pub mod network;
pub mod neuron;
pub mod spatial;
