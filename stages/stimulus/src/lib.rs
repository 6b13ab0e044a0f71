//! Waveforms over time that drive models: steps, ramps, oscillations, noise, and sums and sequences of them.
#![warn(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
