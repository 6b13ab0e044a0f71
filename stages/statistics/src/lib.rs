//! Statistics of groups of recordings or of simulations: how large a difference is, whether chance alone gives such a one, and
//! what of it remains when rows of one subject are not taken for independent.
//!
//! * [`effect_size`]: Cohen's d and Hedges' g of two groups, with exact intervals.
//! * [`permutation`]: tests of two groups or of pairs whose errors are controlled over all channels and features together.
//! * [`mixed_model`]: linear models with effects that vary by subject, by (restricted) maximum likelihood.
//! * [`correction`]: p values of many tests.
//! * [`distributions`]: probabilities of t, noncentral t, normal and chi-squared variables.
//!
//! ```
//! use lapicque_statistics::effect_size::effect_size;
//!
//! let patients = [1.0, 2.0, 3.0, 4.0];
//! let controls = [0.0, 1.0, 2.0, 3.0];
//! let effect = effect_size(&patients, &controls, 0.95);
//! // A difference of 1, in standard deviations of sqrt(5/3).
//! assert!((effect.cohens_d - (3.0_f64 / 5.0).sqrt()).abs() < 1e-15);
//! assert!(effect.interval_of_d.0 < 0.0 && effect.interval_of_d.1 > 2.0);
//! ```
//!
//! Units: values are in whatever unit they come in; effect sizes and statistics are numbers.
//! NaN stands for what is not defined, and is never taken for a value: callers leave out what is missing.
#![warn(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod correction;
pub mod distributions;
pub mod effect_size;
pub mod mixed_model;
pub mod permutation;
