//! Feed-forward networks trained by gradient descent: regression, and conditional densities q(values | context).
//!
//! [`train_density`] fits a [`Density`], which draws and tells densities as every [`ConditionalDensity`] does. Networks are trained in 32 bits and evaluated in
//! 64; a network trains on one thread, members of an ensemble side by side, and no result depends on the number of threads.
//!
//! [`train_regression`] fits a [`Regression`] of several targets at once; [`c2st`] scores how well two samples can be told apart.
//!
//! ```
//! use lapicque_density::{ConditionalDensity, DensityKind, MaskedAutoregressiveFlow, Training, Watch, train_density};
//! use lapicque_numerics::random::StreamKey;
//! use ndarray::{Array2, array};
//!
//! // A weight of mean 30 and s.d. 2 pA, seen as a rate of 0.5 Hz per pA with noise of s.d. 1 Hz: given 16 Hz it is 31 +- sqrt(2) pA.
//! let key = StreamKey::new([0; 16]);
//! let mut generator = key.stream("simulations", 0);
//! let weights = Array2::from_shape_simple_fn((2000, 1), || 30.0 + 2.0 * generator.normal());
//! let rates = weights.mapv(|weight| 0.5 * weight + generator.normal());
//!
//! let kind = DensityKind::Maf(MaskedAutoregressiveFlow { transforms: 2, hidden: 20, ..Default::default() });
//! let trained = train_density(&kind, &Training::default(), weights.view(), rates.view(), key, Watch::nobody())?;
//! let draws = trained.density.draw(&[16.0], 1000, &mut key.stream("draws", 0));
//! assert!((draws.mean().unwrap_or(f64::NAN) - 31.0).abs() < 0.3);
//! assert!((draws.std(0.0) - 2f64.sqrt()).abs() < 0.2);
//! let densities = trained.density.log_density(array![[31.0], [35.0]].view(), array![[16.0]].view());
//! assert!(densities[0] > densities[1]);
//! # Ok::<(), lapicque_density::DensityError>(())
//! ```
//!
//! Where to start: `settings.rs`, `density.rs` (training and drawing), `descent.rs` (how everything is trained), `flow.rs` and `mixture.rs`.
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
