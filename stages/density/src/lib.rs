//! Feed-forward networks trained by gradient descent: regression, and conditional densities q(values | context).
#![warn(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod conditional;

pub use conditional::ConditionalDensity;
