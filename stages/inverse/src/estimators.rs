//! What an estimator must do, and the estimators there are.
//!
//! To add one: a file beside `ridge.rs` with a struct of its parameters that implements [`Estimator`] and [`Listed`], and a line in `each`. If what it
//! learns is no linear map and no forest, the file has a struct for that as well, which implements [`Fitted`]. Configurations, their schema, model documents
//! and the suite in `tests/every_estimator.rs` follow from the line. What an estimator learned is plain numbers, so that a model can be read without running
//! anything.

mod abc;
mod any;
mod context;
mod coordinate_descent;
mod elastic_net;
mod extra_trees;
mod gaussian_process;
mod gradient_boosting;
mod k_nearest_neighbours;
mod lasso;
mod learned_density;
mod least_squares;
mod leverage;
mod linear_map;
mod linfa_bridge;
mod members;
mod mlp;
mod nle;
mod npe;
mod random_forest;
mod ridge;
mod stored;
mod support_vector;
mod trees;

use std::fmt::Debug;
use std::sync::OnceLock;

use ndarray::{Array2, ArrayView2};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use abc::{Abc, AbcMethod};
pub use any::AnyEstimator;
pub use context::FitContext;
pub use elastic_net::ElasticNet;
pub use extra_trees::ExtraTrees;
pub use gaussian_process::{GaussianProcess, GaussianProcesses};
pub use gradient_boosting::{BoostedTrees, GradientBoosting};
pub use k_nearest_neighbours::{KNearestNeighbours, Metric, NeighbourWeights, Neighbours};
pub use lasso::Lasso;
pub use least_squares::LeastSquares;
pub use leverage::Leverage;
pub use linear_map::LinearMap;
pub use members::{Member, Members};
pub use mlp::{Mlp, Network};
pub use nle::Nle;
pub use npe::Npe;
pub use random_forest::{Forests, RandomForest};
pub use ridge::Ridge;
pub use stored::{NamedArray, Stored};
pub use support_vector::{KernelShape, SupportVector, SupportVectors};
pub use trees::{Forest, Tree};

use crate::{InverseError, Moments, Posterior};

/// Calls `visitor` for each estimator, in the order in which they are told. A new one is a line here.
fn each(visitor: &mut impl Visitor) {
    visitor.estimator::<Ridge>();
    visitor.estimator::<LeastSquares>();
    visitor.estimator::<Lasso>();
    visitor.estimator::<ElasticNet>();
    visitor.estimator::<RandomForest>();
    visitor.estimator::<Npe>();
    visitor.estimator::<Nle>();
    visitor.estimator::<Abc>();
    visitor.estimator::<Mlp>();
    visitor.estimator::<ExtraTrees>();
    visitor.estimator::<GradientBoosting>();
    visitor.estimator::<KNearestNeighbours>();
    visitor.estimator::<SupportVector>();
    visitor.estimator::<GaussianProcess>();
}

/// Learns a map from features to targets.
pub trait Estimator: Debug + Send + Sync {
    /// Whether the parameters are in range, before there is any data.
    ///
    /// # Errors
    /// The first parameter out of range, with its value and what is allowed.
    fn check(&self) -> Result<(), InverseError>;

    /// Fits rows x features to rows x targets (the same rows, all values finite, at least one row). Work that takes long looks at the context between steps,
    /// and tells it of progress: parts that sum to 1. Random numbers come from its stream alone, and the result is the same for any number of threads.
    ///
    /// # Errors
    /// Parameters out of range, too few rows, data without a unique answer (columns are named by position), or [`InverseError::Cancelled`].
    fn fit(
        &self,
        features: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
        context: &FitContext<'_>,
    ) -> Result<Box<dyn Fitted>, InverseError>;

    /// Whether it draws random numbers.
    fn is_random(&self) -> bool {
        false
    }

    /// Whether it learns a posterior, for which what is known of targets beforehand matters.
    fn uses_priors(&self) -> bool {
        false
    }

    /// Whether it is trained step by step, so that there are losses to look at.
    fn is_trained_in_steps(&self) -> bool {
        false
    }

    /// Itself, if first and second moments of the data are all it needs: cross-validation then takes a fold's moments from those of all rows.
    fn by_moments(&self) -> Option<&dyn MomentEstimator> {
        None
    }

    /// How the error of a prediction grows with its distance from these training rows; none where nothing of the kind is known.
    fn leverage(&self, _features: ArrayView2<'_, f64>) -> Option<Leverage> {
        None
    }
}

/// An estimator that sees its data only through [`Moments`].
pub trait MomentEstimator {
    /// Fits data with these moments; none where they do not determine the answer accurately, and the rows are needed after all.
    ///
    /// # Errors
    /// As [`Estimator::fit`].
    fn fit_moments(&self, moments: &Moments) -> Result<Option<Box<dyn Fitted>>, InverseError>;
}

/// What an estimator learned: plain numbers.
pub trait Fitted: Debug + Send + Sync {
    /// The name of this kind of map in model documents, such as `linear`.
    fn kind(&self) -> &'static str;

    /// Rows x targets of rows x features. A row with a value that is not finite gives NaN.
    fn predict(&self, features: ArrayView2<'_, f64>) -> Array2<f64>;

    /// The standard deviation of a new value of each target about [`Fitted::predict`], rows x targets, where the estimator tells; NaN where it is not known.
    fn sd(&self, _features: ArrayView2<'_, f64>) -> Option<Array2<f64>> {
        None
    }

    /// Whether it is what a model with so many features and targets may have: it may come from a file that was edited or cut short.
    ///
    /// # Errors
    /// The first field that is not, by its name in model documents.
    fn check(&self, features: usize, targets: usize) -> Result<(), InverseError>;

    /// What it says of targets beside one value; none for estimators that only know a value. [`Fitted::predict`] of one that has it is the mean of draws.
    fn posterior(&self) -> Option<&dyn Posterior> {
        None
    }

    /// It as a linear map, if it is one.
    fn linear(&self) -> Option<&LinearMap> {
        None
    }

    /// The losses of its training, if it was trained step by step; they are kept with it.
    fn losses(&self) -> Vec<Loss> {
        Vec::new()
    }

    /// What is kept of it; [`Listed::restore`] makes the same of it again.
    fn store(&self) -> Stored;
}

/// How far a training had come after a pass over its rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Loss {
    /// Of an ensemble, from 0.
    pub member: usize,
    /// Passes over the training rows, from 1.
    pub epoch: usize,
    /// Mean loss per training row over the pass.
    pub training: f64,
    /// Mean loss per row that was set aside; NaN where none was.
    pub validation: f64,
}

/// An estimator that configurations and model documents name. Its fields are its parameters, their documentation that of the configuration.
pub trait Listed: Estimator + Serialize + DeserializeOwned + JsonSchema + Default + 'static {
    /// What configurations and model documents call it, such as `ridge`.
    const NAME: &'static str;
    /// One line.
    const SUMMARY: &'static str;
    /// Otherwise it is its name alone.
    const HAS_PARAMETERS: bool = true;

    /// What it learned, from what was kept of it.
    ///
    /// # Errors
    /// The first part that is missing or is not what it should be.
    fn restore(stored: Stored) -> Result<Box<dyn Fitted>, InverseError>;
}

/// An estimator of the list.
#[derive(Debug, Clone, Copy)]
pub struct EstimatorSpec {
    /// What configurations and model documents call it.
    pub name: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// With its default parameters.
    pub default: fn() -> AnyEstimator,
}

/// The estimators that configurations and model documents may name.
pub fn estimators() -> &'static [EstimatorSpec] {
    static SPECS: OnceLock<Vec<EstimatorSpec>> = OnceLock::new();
    struct Specs(Vec<EstimatorSpec>);
    impl Visitor for Specs {
        fn estimator<E: Listed>(&mut self) {
            let default = || AnyEstimator::from(E::default());
            self.0.push(EstimatorSpec { name: E::NAME, summary: E::SUMMARY, default });
        }
    }
    SPECS.get_or_init(|| {
        let mut specs = Specs(Vec::new());
        each(&mut specs);
        specs.0
    })
}

/// What is done for each estimator of the list.
trait Visitor {
    fn estimator<E: Listed>(&mut self);
}
