//! The one file that knows smartcore: trees as tables of nodes, and a fit that tells how far it is and stops when it is told to.

use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use ndarray::ArrayView2;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use smartcore::ensemble::random_forest_regressor::{RandomForestRegressor, RandomForestRegressorParameters};
use smartcore::linalg::basic::arrays::{Array, Array1, ArrayView1, MutArray, MutArrayView1};
use smartcore::linalg::basic::matrix::DenseMatrix;

use super::{Forest, RandomForest, Tree};
use crate::InverseError;
use crate::estimators::FitContext;

/// A forest for each target.
pub(super) fn forests(
    forest: &RandomForest,
    features: ArrayView2<'_, f64>,
    targets: ArrayView2<'_, f64>,
    seed: u64,
    context: &FitContext<'_>,
) -> Result<Vec<Forest>, InverseError> {
    let matrix = dense_matrix(features)?;
    let grown: Vec<Result<Forest, InverseError>> = (0..targets.ncols())
        .into_par_iter()
        .map(|target| {
            context.part(1.0 / targets.ncols() as f64, |context| {
                grow(&matrix, targets.column(target).to_vec(), parameters(forest, seed, features.ncols()), context)
            })
        })
        .collect();
    grown.into_iter().collect()
}

pub(super) fn parameters(forest: &RandomForest, seed: u64, features: usize) -> RandomForestRegressorParameters {
    RandomForestRegressorParameters {
        // smartcore counts levels, of which the root is the first.
        max_depth: forest.max_depth.map(|splits| splits + 1),
        min_samples_leaf: forest.min_samples_leaf,
        min_samples_split: 2,
        n_trees: forest.trees,
        m: Some(forest.features_per_split.unwrap_or(features).min(features)),
        keep_samples: false,
        seed,
    }
}

fn grow(
    features: &DenseMatrix<f64>,
    target: Vec<f64>,
    parameters: RandomForestRegressorParameters,
    context: &FitContext<'_>,
) -> Result<Forest, InverseError> {
    context.look()?;
    let trees = parameters.n_trees;
    let watch = Watch { context, trees, begun: AtomicUsize::new(0), stopped: AtomicBool::new(false) };
    let target = Target { values: target, watch: Some(&watch) };
    let grown = RandomForestRegressor::<f64, f64, DenseMatrix<f64>, Target<'_>>::fit(features, &target, parameters);
    if watch.stopped.load(Ordering::Relaxed) {
        return Err(InverseError::Cancelled);
    }
    let told = watch.told();
    let forest = as_tables(&grown.map_err(failed)?)?;
    (context.progress)(1.0 - told as f64 / trees as f64);
    Ok(forest)
}

pub(super) fn dense_matrix(features: ArrayView2<'_, f64>) -> Result<DenseMatrix<f64>, InverseError> {
    let by_column = features.t().iter().copied().collect();
    DenseMatrix::new(features.nrows(), features.ncols(), by_column, true).map_err(failed)
}

fn failed(error: impl fmt::Display) -> InverseError {
    InverseError::RandomForest { reason: error.to_string() }
}

/// The values of a target. smartcore asks for their number before each tree, and ends with an error if there are more than it can take: that is where a fit
/// can be watched and stopped, as it has no other place for it.
#[derive(Debug, Clone, Serialize)]
struct Target<'a> {
    #[serde(skip)]
    values: Vec<f64>,
    #[serde(skip)]
    watch: Option<&'a Watch<'a>>,
}

struct Watch<'a> {
    context: &'a FitContext<'a>,
    trees: usize,
    begun: AtomicUsize,
    stopped: AtomicBool,
}

impl Watch<'_> {
    /// Whether the fit goes on.
    fn next_tree(&self) -> bool {
        if self.stopped.load(Ordering::Relaxed) || self.context.look().is_err() {
            self.stopped.store(true, Ordering::Relaxed);
            return false;
        }
        // The first question comes before the first tree.
        if (1..self.trees).contains(&self.begun.fetch_add(1, Ordering::Relaxed)) {
            (self.context.progress)(1.0 / self.trees as f64);
        }
        true
    }

    /// Of how many trees the context has been told.
    fn told(&self) -> usize {
        self.begun.load(Ordering::Relaxed).clamp(1, self.trees) - 1
    }
}

impl fmt::Debug for Watch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} trees", self.told(), self.trees)
    }
}

impl Array<f64, usize> for Target<'_> {
    fn get(&self, place: usize) -> &f64 {
        &self.values[place]
    }

    fn shape(&self) -> usize {
        if self.watch.is_none_or(Watch::next_tree) { self.values.len() } else { usize::MAX }
    }

    fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    fn iterator<'b>(&'b self, _: u8) -> Box<dyn Iterator<Item = &'b f64> + 'b> {
        Box::new(self.values.iter())
    }
}

impl MutArray<f64, usize> for Target<'_> {
    fn set(&mut self, place: usize, value: f64) {
        self.values[place] = value;
    }

    fn iterator_mut<'b>(&'b mut self, _: u8) -> Box<dyn Iterator<Item = &'b mut f64> + 'b> {
        Box::new(self.values.iter_mut())
    }
}

impl ArrayView1<f64> for Target<'_> {}

impl MutArrayView1<f64> for Target<'_> {}

impl Array1<f64> for Target<'_> {
    fn slice<'a>(&'a self, range: Range<usize>) -> Box<dyn ArrayView1<f64> + 'a> {
        Array1::slice(&self.values, range)
    }

    fn slice_mut<'a>(&'a mut self, range: Range<usize>) -> Box<dyn MutArrayView1<f64> + 'a> {
        Array1::slice_mut(&mut self.values, range)
    }

    fn fill(length: usize, value: f64) -> Self {
        Self { values: vec![value; length], watch: None }
    }

    fn from_iterator<I: Iterator<Item = f64>>(values: I, length: usize) -> Self {
        Self { values: values.take(length).collect(), watch: None }
    }

    fn from_vec_slice(values: &[f64]) -> Self {
        Self { values: values.to_vec(), watch: None }
    }

    fn from_slice(values: &dyn ArrayView1<f64>) -> Self {
        Self { values: values.iterator(0).copied().collect(), watch: None }
    }
}

/// smartcore keeps its nodes private but serializes them; these are the parts of its representation that make up a forest.
#[derive(Deserialize)]
struct SerializedForest {
    forest_regressor: SerializedTrees,
}

#[derive(Deserialize)]
struct SerializedTrees {
    trees: Vec<SerializedTree>,
}

#[derive(Deserialize)]
struct SerializedTree {
    nodes: Vec<SerializedNode>,
}

#[derive(Deserialize)]
struct SerializedNode {
    output: f64,
    split_feature: u32,
    split_value: Option<f64>,
    true_child: Option<u32>,
    false_child: Option<u32>,
}

fn as_tables(grown: &impl Serialize) -> Result<Forest, InverseError> {
    let value = serde_json::to_value(grown).map_err(failed)?;
    let serialized: SerializedForest = serde_json::from_value(value).map_err(failed)?;
    let trees = serialized.forest_regressor.trees;
    Ok(Forest { trees: trees.iter().map(|tree| table_of(&tree.nodes)).collect() })
}

fn table_of(nodes: &[SerializedNode]) -> Tree {
    // A node that found a split but was too deep to use it keeps the split and has no children: a leaf.
    let split = |node: &SerializedNode| {
        let threshold = node.split_value?;
        Some((node.split_feature, threshold, node.true_child?, node.false_child?))
    };
    let splits: Vec<(u32, f64, u32, u32)> = nodes.iter().map(|node| split(node).unwrap_or((0, 0.0, 0, 0))).collect();
    Tree {
        feature: splits.iter().map(|split| split.0).collect(),
        threshold: splits.iter().map(|split| split.1).collect(),
        at_most: splits.iter().map(|split| split.2).collect(),
        above: splits.iter().map(|split| split.3).collect(),
        value: nodes.iter().map(|node| node.output).collect(),
    }
}
