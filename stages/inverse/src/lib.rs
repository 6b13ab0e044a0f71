//! Inverse models: from features of a recording back to the parameters of the circuit.
//!
//! [`TrainingData`] holds rows of features and targets, each row with the index of its sample (a parameter point or a recording). [`train`] fits one
//! [`Model`], a document of plain numbers that [`predict`] applies to any table with the same feature names. [`cross_validate`] fits on some samples and
//! predicts the others, and never puts rows of one sample on both sides.
//!
//! ```
//! use lapicque_inverse::{FitContext, Preparation, Ridge, Target, TrainingData, predict, train};
//! use lapicque_numerics::random::StreamKey;
//! use ndarray::array;
//!
//! // A weight of 26 to 32 pA, seen through two features of four simulations.
//! let features = array![[1.0, 0.0], [2.0, 1.0], [3.0, 0.0], [4.0, 1.0]];
//! let names = vec!["rate".to_owned(), "slope".to_owned()];
//! let target = Target { name: "J_ext".to_owned(), unit: Some("pA".to_owned()), prior: None };
//! let targets = array![[26.0], [29.0], [30.0], [33.0]];
//! let data = TrainingData::new(features, names.clone(), targets, vec![target], vec![0, 1, 2, 3])?;
//!
//! // J = 24 + 2 rate + slope, exactly.
//! let context = FitContext::unwatched(StreamKey::new([0; 16]));
//! let model = train(&data, &Ridge { alpha: 0.0 }.into(), &Preparation::standardized(), "of the example 1", &context)?;
//! let recorded = predict(&model, array![[2.5, 0.5]].view(), &names)?;
//! assert!((recorded.mean[[0, 0]] - 29.5).abs() < 1e-9);
//! assert_eq!(recorded.outside_training, [0.0]);
//! # Ok::<(), lapicque_inverse::InverseError>(())
//! ```
//!
//! Where to start: `estimators.rs` (the traits that a new estimator implements, and the list that it joins), `validation/cross_validate.rs`, `model/parts.rs`.
//!
//! Features and targets are in whatever units the caller names; nothing here converts them. Matrices are rows x columns. No result depends on the number of
//! threads.
#![warn(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod calibration;
mod columns;
mod error;
pub mod estimators;
mod expression;
pub mod importance;
pub mod model;
mod moments;
pub mod posterior;
mod prior;
pub mod selection;
mod small_matrix;
pub mod steps;
pub mod support;
mod training_data;
pub mod validation;

pub use lapicque_density as density;

pub use error::InverseError;
pub use estimators::{
    AnyEstimator, ElasticNet, Estimator, ExtraTrees, FitContext, Fitted, GaussianProcess, GradientBoosting,
    KNearestNeighbours, Lasso, LeastSquares, RandomForest, Ridge, SupportVector, estimators,
};
pub use expression::Expression;
pub use model::{Model, Predictions, predict, predict_checked, train};
pub use moments::Moments;
pub use posterior::{DensityPosterior, Draws, LikelihoodPosterior, Posterior, Space};
pub use prior::{JointPrior, Prior};
pub use steps::Preparation;
pub use training_data::{Target, TrainingData};
pub use validation::{CrossValidation, HeldOut, Metric, Split, Validation, cross_validate, explicit_folds};
