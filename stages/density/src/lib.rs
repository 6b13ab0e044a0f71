//! Feed-forward networks trained by gradient descent: regression, and conditional densities q(values | context).
//!
//! [`train_density`] fits a [`Density`], which draws and tells densities as every [`ConditionalDensity`] does. Networks are trained in 32 bits and evaluated in
//! 64; a network trains on one thread, members of an ensemble side by side, and no result depends on the number of threads.
//!
//! Values and contexts are in whatever units the caller has; each column is scaled inside. Tables are rows x columns.
#![warn(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod arrays;
mod c2st;
mod columns;
mod conditional;
mod density;
mod descent;
mod error;
mod flow;
mod layers;
mod made;
mod mixture;
mod network;
mod number;
mod positive;
mod products;
mod regression;
mod settings;
mod spline;

pub use arrays::Array;
pub use c2st::c2st;
pub use conditional::ConditionalDensity;
pub use density::{Density, Trained, train_density};
pub use descent::{EpochLoss, Watch};
pub use error::DensityError;
pub use regression::{Activation, Regression, RegressionSettings, train_regression};
pub use settings::{DensityKind, MaskedAutoregressiveFlow, MixtureDensityNetwork, NeuralSplineFlow, Training};
