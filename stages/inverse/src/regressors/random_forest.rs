//! Random forest regression (Breiman 2001, Machine Learning 45:5), grown by smartcore and kept as plain tables of nodes.
//!
//! Each tree is grown on a bootstrap sample of the rows; a node splits where the summed squared error of its two halves is least, looking at
//! `features_per_split` features drawn at random. A prediction is the mean over trees of the mean target in the leaf reached. One forest per target, all
//! from the same bootstrap samples (scikit-learn grows one forest for all targets).
//!
//! | parameter | default | meaning | range |
//! |---|---|---|---|
//! | trees | 100 | number of trees | >= 1 |
//! | max_depth | none | most splits between root and leaf | none, or 1 ..= 65534 |
//! | min_samples_leaf | 1 | fewest (bootstrapped) rows on each side of a split | >= 1 |
//! | features_per_split | none | features drawn per split; none is all of them, as in scikit-learn, and so is a number above that of the features that vary | none, or >= 1 |
//! | seed | 0 | fixes bootstrap samples and drawn features | any |
//!
//! A seed gives the same forest on every 64-bit machine and for any number of threads; a 32-bit machine draws other numbers.

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use smartcore::ensemble::random_forest_regressor::{RandomForestRegressor, RandomForestRegressorParameters};
use smartcore::linalg::basic::matrix::DenseMatrix;

use super::{Fitted, Regressor};
use crate::InverseError;

/// Parameters of a random forest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RandomForest {
    pub trees: usize,
    pub max_depth: Option<u16>,
    pub min_samples_leaf: usize,
    pub features_per_split: Option<usize>,
    pub seed: u64,
}

impl Default for RandomForest {
    fn default() -> Self {
        Self { trees: 100, max_depth: None, min_samples_leaf: 1, features_per_split: None, seed: 0 }
    }
}

/// The trees for one target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forest {
    pub trees: Vec<Tree>,
}

/// A regression tree as columns, one entry per node; node 0 is the root.
///
/// Node i is a leaf with prediction `value[i]` if `at_most[i]` is 0 (no node leads back to the root). Otherwise a row goes on to node `at_most[i]` if its
/// feature `feature[i]` is at most `threshold[i]`, and to node `above[i]` if not. Both lie behind i, so every walk ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tree {
    pub feature: Vec<u32>,
    pub threshold: Vec<f64>,
    pub at_most: Vec<u32>,
    pub above: Vec<u32>,
    pub value: Vec<f64>,
}

impl RandomForest {
    pub(super) fn check(&self) -> Result<(), InverseError> {
        let positive = |parameter, value: usize| match value {
            0 => Err(out_of_range(parameter, "0", "a whole number >= 1")),
            _ => Ok(()),
        };
        positive("trees", self.trees)?;
        positive("min_samples_leaf", self.min_samples_leaf)?;
        positive("features_per_split", self.features_per_split.unwrap_or(1))?;
        match self.max_depth {
            Some(depth @ (0 | u16::MAX)) => Err(out_of_range("max_depth", &depth.to_string(), "1 to 65534, or none")),
            _ => Ok(()),
        }
    }

    fn smartcore_parameters(&self, features: usize) -> RandomForestRegressorParameters {
        RandomForestRegressorParameters {
            // smartcore counts levels, of which the root is the first.
            max_depth: self.max_depth.map(|splits| splits + 1),
            min_samples_leaf: self.min_samples_leaf,
            min_samples_split: 2,
            n_trees: self.trees,
            m: Some(self.features_per_split.unwrap_or(features).min(features)),
            keep_samples: false,
            seed: self.seed,
        }
    }
}

fn out_of_range(parameter: &'static str, value: &str, allowed: &str) -> InverseError {
    InverseError::Parameter { owner: "random_forest", parameter, value: value.to_owned(), allowed: allowed.to_owned() }
}

type SmartcoreForest = RandomForestRegressor<f64, f64, DenseMatrix<f64>, Vec<f64>>;

impl Regressor for RandomForest {
    fn fit(&self, features: ArrayView2<'_, f64>, targets: ArrayView2<'_, f64>) -> Result<Fitted, InverseError> {
        self.check()?;
        if features.nrows() < 2 {
            let found = features.nrows();
            return Err(InverseError::TooFewRows { regressor: "random_forest", needed: 2, found });
        }
        let matrix = dense_matrix(features)?;
        let forests: Vec<Result<Forest, InverseError>> = (0..targets.ncols())
            .into_par_iter()
            .map(|target| grow(&matrix, &targets.column(target).to_vec(), self))
            .collect();
        Ok(Fitted::RandomForest(forests.into_iter().collect::<Result<_, _>>()?))
    }
}

fn grow(features: &DenseMatrix<f64>, target: &Vec<f64>, forest: &RandomForest) -> Result<Forest, InverseError> {
    use smartcore::linalg::basic::arrays::Array;
    let parameters = forest.smartcore_parameters(features.shape().1);
    let grown = SmartcoreForest::fit(features, target, parameters).map_err(failed)?;
    as_tables(&grown)
}

fn dense_matrix(features: ArrayView2<'_, f64>) -> Result<DenseMatrix<f64>, InverseError> {
    let by_column = features.t().iter().copied().collect();
    DenseMatrix::new(features.nrows(), features.ncols(), by_column, true).map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> InverseError {
    InverseError::RandomForest { reason: error.to_string() }
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

fn as_tables(grown: &SmartcoreForest) -> Result<Forest, InverseError> {
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

impl Tree {
    fn predict(&self, row: &[f64]) -> f64 {
        let mut node = 0;
        while self.at_most[node] != 0 {
            let value = row[self.feature[node] as usize];
            let next = if value <= self.threshold[node] { &self.at_most } else { &self.above };
            node = next[node] as usize;
        }
        self.value[node]
    }
}

pub(super) fn predict(forests: &[Forest], features: ArrayView2<'_, f64>) -> Array2<f64> {
    let features = features.as_standard_layout();
    let mut predicted = Array2::zeros((features.nrows(), forests.len()));
    for (row, mut place) in features.rows().into_iter().zip(predicted.rows_mut()) {
        let row = row.as_slice().unwrap_or(&[]);
        let finite = row.iter().all(|value| value.is_finite());
        for (slot, forest) in place.iter_mut().zip(forests) {
            *slot = if finite {
                let sum: f64 = forest.trees.iter().map(|tree| tree.predict(row)).sum();
                sum / forest.trees.len() as f64
            } else {
                f64::NAN
            };
        }
    }
    predicted
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use smartcore::linalg::basic::arrays::Array;

    use super::*;

    fn wavy(rows: usize) -> (Array2<f64>, Array2<f64>) {
        let x = Array2::from_shape_fn((rows, 4), |(r, c)| ((r * (2 * c + 3)) as f64 * 0.37).sin());
        let y = Array2::from_shape_fn((rows, 2), |(r, t)| x[[r, t]] * 5.0 + x[[r, 3]].powi(2));
        (x, y)
    }

    fn forests(fitted: Fitted) -> Vec<Forest> {
        match fitted {
            Fitted::RandomForest(forests) => forests,
            other => panic!("{other:?}"),
        }
    }

    fn depth(tree: &Tree, node: usize) -> usize {
        match (tree.at_most[node], tree.above[node]) {
            (0, _) => 0,
            (low, high) => 1 + depth(tree, low as usize).max(depth(tree, high as usize)),
        }
    }

    #[test]
    fn the_tables_predict_what_smartcore_predicts() {
        let (x, y) = wavy(80);
        let (unseen, _) = wavy(200);
        for forest in [
            RandomForest { trees: 20, ..RandomForest::default() },
            RandomForest { trees: 7, max_depth: Some(3), min_samples_leaf: 4, features_per_split: Some(2), seed: 9 },
            RandomForest { trees: 1, max_depth: Some(1), ..RandomForest::default() },
        ] {
            let ours = forest.fit(x.view(), y.view()).unwrap().predict(unseen.view());
            let matrix = dense_matrix(x.view()).unwrap();
            for target in 0..2 {
                let parameters = forest.smartcore_parameters(matrix.shape().1);
                let theirs = SmartcoreForest::fit(&matrix, &y.column(target).to_vec(), parameters)
                    .and_then(|grown| grown.predict(&dense_matrix(unseen.view()).unwrap()))
                    .unwrap();
                assert_eq!(ours.column(target).to_vec(), theirs);
            }
        }
    }

    #[test]
    fn depth_and_leaf_size_are_kept() {
        let (x, y) = wavy(80);
        for limit in 1..5 {
            let forest = RandomForest { trees: 5, max_depth: Some(limit), ..RandomForest::default() };
            for forest in forests(forest.fit(x.view(), y.view()).unwrap()) {
                assert!(forest.trees.iter().all(|tree| depth(tree, 0) == limit as usize));
            }
        }
        let coarse = RandomForest { trees: 5, min_samples_leaf: 30, ..RandomForest::default() };
        for forest in forests(coarse.fit(x.view(), y.view()).unwrap()) {
            assert!(forest.trees.iter().all(|tree| tree.value.len() <= 3));
        }
    }

    #[test]
    fn a_step_is_learned_and_a_constant_kept() {
        let x = Array2::from_shape_fn((40, 1), |(r, _)| r as f64);
        let y = Array2::from_shape_fn((40, 2), |(r, t)| if t == 0 && r >= 20 { 8.0 } else { 3.0 });
        let fitted = RandomForest::default().fit(x.view(), y.view()).unwrap();
        let predicted = fitted.predict(array![[2.0], [37.0], [f64::NAN]].view());
        assert_eq!(predicted.row(0).to_vec(), vec![3.0, 3.0]);
        assert_eq!(predicted.row(1).to_vec(), vec![8.0, 3.0]);
        assert!(predicted.row(2).iter().all(|value| value.is_nan()));
    }

    #[test]
    fn the_seed_decides_and_nothing_else() {
        let (x, y) = wavy(60);
        let grown = |seed| {
            let forest = RandomForest { trees: 4, seed, ..RandomForest::default() };
            forest.fit(x.view(), y.view()).unwrap()
        };
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        assert_eq!(grown(3), alone.install(|| grown(3)));
        assert_ne!(grown(3), grown(4));
    }

    #[test]
    fn parameters_out_of_range_are_named() {
        let (x, y) = wavy(10);
        let base = RandomForest::default();
        for (forest, parameter) in [
            (RandomForest { trees: 0, ..base.clone() }, "trees"),
            (RandomForest { max_depth: Some(0), ..base.clone() }, "max_depth"),
            (RandomForest { max_depth: Some(u16::MAX), ..base.clone() }, "max_depth"),
            (RandomForest { min_samples_leaf: 0, ..base.clone() }, "min_samples_leaf"),
            (RandomForest { features_per_split: Some(0), ..base.clone() }, "features_per_split"),
        ] {
            let message = forest.fit(x.view(), y.view()).unwrap_err().to_string();
            assert!(message.starts_with(&format!("`{parameter}` of random_forest")), "{message}");
        }
        assert!(matches!(
            base.fit(array![[1.0]].view(), array![[1.0]].view()),
            Err(InverseError::TooFewRows { needed: 2, .. })
        ));
    }
}
