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
//!
//! The first number of the context's stream fixes bootstrap samples and drawn features. It gives the same forest on every 64-bit machine and for any number of
//! threads; a 32-bit machine draws other numbers.

mod grow;

use ndarray::{Array2, ArrayView2};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Estimator, FitContext, Fitted, Listed, Stored};
use crate::InverseError;
use crate::error::{check_finite, check_length};

/// Parameters of a random forest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RandomForest {
    /// Number of trees, at least 1.
    pub trees: usize,
    /// Most splits between root and leaf, 1 to 65534; null: no limit.
    pub max_depth: Option<u16>,
    /// Fewest rows on each side of a split, at least 1.
    pub min_samples_leaf: usize,
    /// Features drawn for each split, 1 to their number; null: all.
    pub features_per_split: Option<usize>,
}

impl Default for RandomForest {
    fn default() -> Self {
        Self { trees: 100, max_depth: None, min_samples_leaf: 1, features_per_split: None }
    }
}

/// A forest for each target.
#[derive(Debug, Clone, PartialEq)]
pub struct Forests {
    /// What bootstrap samples and drawn features follow from.
    pub seed: u64,
    /// One forest per target, in the order of the model's targets.
    pub targets: Vec<Forest>,
}

/// The trees for one target.
#[derive(Debug, Clone, PartialEq)]
pub struct Forest {
    /// A prediction is the mean of what they say.
    pub trees: Vec<Tree>,
}

/// A regression tree as columns, one entry per node; node 0 is the root.
///
/// Node i is a leaf with prediction `value[i]` if `at_most[i]` is 0 (no node leads back to the root). Otherwise a row goes on to node `at_most[i]` if its
/// feature `feature[i]` is at most `threshold[i]`, and to node `above[i]` if not. Both lie behind i, so every walk ends.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tree {
    /// The feature that is compared, by its position among those the fit saw; in a leaf it means nothing.
    pub feature: Vec<u32>,
    /// What it is compared with, in the unit of the feature as the fit saw it.
    pub threshold: Vec<f64>,
    /// The node where a row goes on whose feature is at most the threshold; 0 in a leaf.
    pub at_most: Vec<u32>,
    /// The node where a row goes on whose feature is above it; 0 in a leaf.
    pub above: Vec<u32>,
    /// Mean target of the rows that reached the node when the tree was grown; in a leaf, the prediction.
    pub value: Vec<f64>,
}

impl Listed for RandomForest {
    const NAME: &'static str = "random_forest";
    const SUMMARY: &'static str = "Means over regression trees.";

    fn restore(stored: Stored) -> Result<Box<dyn Fitted>, InverseError> {
        Ok(Box::new(Forests::restore(stored)?))
    }
}

impl Estimator for RandomForest {
    fn check(&self) -> Result<(), InverseError> {
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

    fn fit(
        &self,
        features: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
        context: &FitContext<'_>,
    ) -> Result<Box<dyn Fitted>, InverseError> {
        self.check()?;
        if features.nrows() < 2 {
            let found = features.nrows();
            return Err(InverseError::TooFewRows { estimator: Self::NAME, needed: 2, found });
        }
        let seed = context.stream.at(0).next_u64();
        Ok(Box::new(Forests { seed, targets: grow::forests(self, features, targets, seed, context)? }))
    }

    fn is_random(&self) -> bool {
        true
    }
}

fn out_of_range(parameter: &'static str, value: &str, allowed: &str) -> InverseError {
    InverseError::Parameter { owner: "random_forest", parameter, value: value.to_owned(), allowed: allowed.to_owned() }
}

impl Fitted for Forests {
    fn kind(&self) -> &'static str {
        "random_forest"
    }

    fn predict(&self, features: ArrayView2<'_, f64>) -> Array2<f64> {
        predict(&self.targets, features)
    }

    fn check(&self, features: usize, targets: usize) -> Result<(), InverseError> {
        check_length("fitted.random_forest", self.targets.len(), targets, "targets")?;
        for (target, forest) in self.targets.iter().enumerate() {
            let field = format!("fitted.random_forest[{target}].trees");
            if forest.trees.is_empty() {
                return wrong(field, "is empty; a forest needs at least one tree");
            }
            for (position, tree) in forest.trees.iter().enumerate() {
                tree.check(&format!("{field}[{position}]"), features)?;
            }
        }
        Ok(())
    }

    fn store(&self) -> Stored {
        let trees: Vec<&Tree> = self.targets.iter().flat_map(|forest| &forest.trees).collect();
        let nodes = trees.iter().map(|tree| tree.value.len()).sum::<usize>();
        let whole = |of: fn(&Tree) -> &Vec<u32>| -> Vec<f64> {
            trees.iter().flat_map(|tree| of(tree)).map(|&number| f64::from(number)).collect()
        };
        let numbers =
            |of: fn(&Tree) -> &Vec<f64>| -> Vec<f64> { trees.iter().flat_map(|tree| of(tree)).copied().collect() };
        let counts = |counts: Vec<usize>| -> Vec<f64> { counts.into_iter().map(|count| count as f64).collect() };
        let trees_of_target = counts(self.targets.iter().map(|forest| forest.trees.len()).collect());
        let nodes_of_tree = counts(trees.iter().map(|tree| tree.value.len()).collect());
        Stored::default()
            .with_setting("seed", self.seed)
            .with("trees_of_target", &[self.targets.len()], trees_of_target)
            .with("nodes_of_tree", &[trees.len()], nodes_of_tree)
            .with("feature", &[nodes], whole(|tree| &tree.feature))
            .with("threshold", &[nodes], numbers(|tree| &tree.threshold))
            .with("at_most", &[nodes], whole(|tree| &tree.at_most))
            .with("above", &[nodes], whole(|tree| &tree.above))
            .with("value", &[nodes], numbers(|tree| &tree.value))
    }
}

impl Forests {
    fn restore(mut stored: Stored) -> Result<Self, InverseError> {
        let seed = stored.take_setting("seed");
        let Some(seed) = seed.as_ref().and_then(Value::as_u64) else {
            return stored.wrong("seed", "is not a whole number >= 0".to_owned());
        };
        let trees_of_target = stored.take_whole("trees_of_target")?;
        let nodes_of_tree = stored.take_whole("nodes_of_tree")?;
        let nodes: u64 = nodes_of_tree.iter().map(|&nodes| u64::from(nodes)).sum();
        let of_nodes = |name: &str, found: usize| match found as u64 == nodes {
            true => Ok(()),
            false => {
                let problem = format!("has {found} entries; the trees have {nodes} nodes");
                Err(InverseError::Document { field: format!("fitted.random_forest.{name}"), problem })
            }
        };
        let mut whole = |name: &str| {
            let numbers = stored.take_whole(name)?;
            of_nodes(name, numbers.len())?;
            Ok(numbers.into_iter())
        };
        let (mut feature, mut at_most, mut above) = (whole("feature")?, whole("at_most")?, whole("above")?);
        let mut numbers = |name: &str| {
            let (_, numbers) = stored.take::<1>(name)?;
            of_nodes(name, numbers.len())?;
            Ok(numbers.into_iter())
        };
        let (mut threshold, mut value) = (numbers("threshold")?, numbers("value")?);
        stored.finish()?;
        let all_trees: u64 = trees_of_target.iter().map(|&trees| u64::from(trees)).sum();
        if all_trees != nodes_of_tree.len() as u64 {
            let problem = format!("has {} entries; the targets have {all_trees} trees", nodes_of_tree.len());
            return stored.wrong("nodes_of_tree", problem);
        }
        let mut trees = nodes_of_tree.into_iter().map(|nodes| {
            let nodes = nodes as usize;
            Tree {
                feature: feature.by_ref().take(nodes).collect(),
                threshold: threshold.by_ref().take(nodes).collect(),
                at_most: at_most.by_ref().take(nodes).collect(),
                above: above.by_ref().take(nodes).collect(),
                value: value.by_ref().take(nodes).collect(),
            }
        });
        let forest = |count: u32| Forest { trees: trees.by_ref().take(count as usize).collect() };
        Ok(Self { seed, targets: trees_of_target.into_iter().map(forest).collect() })
    }
}

impl Tree {
    fn check(&self, field: &str, features: usize) -> Result<(), InverseError> {
        let nodes = self.value.len();
        if nodes == 0 {
            return wrong(format!("{field}.value"), "is empty; a tree needs at least its root");
        }
        for (column, found) in [
            ("feature", self.feature.len()),
            ("threshold", self.threshold.len()),
            ("at_most", self.at_most.len()),
            ("above", self.above.len()),
        ] {
            check_length(&format!("{field}.{column}"), found, nodes, "entries of `value`")?;
        }
        for node in 0..nodes {
            check_finite(|| format!("{field}.threshold[{node}]"), self.threshold[node])?;
            check_finite(|| format!("{field}.value[{node}]"), self.value[node])?;
            let children = [("at_most", self.at_most[node]), ("above", self.above[node])];
            if children.iter().all(|(_, child)| *child == 0) {
                continue;
            }
            for (column, child) in children {
                let child = child as usize;
                if child <= node || child >= nodes {
                    let problem = format!("is {child}; a child lies behind its parent and below {nodes}");
                    return wrong(format!("{field}.{column}[{node}]"), problem);
                }
            }
            if self.feature[node] as usize >= features {
                let problem = format!("is {}; the model has {features} features", self.feature[node]);
                return wrong(format!("{field}.feature[{node}]"), problem);
            }
        }
        Ok(())
    }

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

fn wrong<T>(field: impl Into<String>, problem: impl Into<String>) -> Result<T, InverseError> {
    Err(InverseError::Document { field: field.into(), problem: problem.into() })
}

fn predict(forests: &[Forest], features: ArrayView2<'_, f64>) -> Array2<f64> {
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
    use std::sync::atomic::{AtomicUsize, Ordering};

    use lapicque_numerics::random::StreamKey;
    use ndarray::array;
    use smartcore::ensemble::random_forest_regressor::RandomForestRegressor;
    use smartcore::linalg::basic::matrix::DenseMatrix;

    use super::*;

    fn wavy(rows: usize) -> (Array2<f64>, Array2<f64>) {
        let x = Array2::from_shape_fn((rows, 4), |(r, c)| ((r * (2 * c + 3)) as f64 * 0.37).sin());
        let y = Array2::from_shape_fn((rows, 2), |(r, t)| x[[r, t]] * 5.0 + x[[r, 3]].powi(2));
        (x, y)
    }

    fn fit(
        forest: &RandomForest,
        x: ArrayView2<'_, f64>,
        y: ArrayView2<'_, f64>,
        key: u8,
    ) -> Result<Forests, InverseError> {
        let fitted = forest.fit(x, y, &FitContext::unwatched(StreamKey::new([key; 16])))?;
        Forests::restore(fitted.store())
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
            RandomForest { trees: 7, max_depth: Some(3), min_samples_leaf: 4, features_per_split: Some(2) },
            RandomForest { trees: 1, max_depth: Some(1), ..RandomForest::default() },
        ] {
            let fitted = fit(&forest, x.view(), y.view(), 9).unwrap();
            let ours = fitted.predict(unseen.view());
            let matrix = grow::dense_matrix(x.view()).unwrap();
            for target in 0..2 {
                let parameters = grow::parameters(&forest, fitted.seed, 4);
                let theirs: Vec<f64> = RandomForestRegressor::<f64, f64, DenseMatrix<f64>, Vec<f64>>::fit(
                    &matrix,
                    &y.column(target).to_vec(),
                    parameters,
                )
                .and_then(|grown| grown.predict(&grow::dense_matrix(unseen.view()).unwrap()))
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
            for forest in fit(&forest, x.view(), y.view(), 0).unwrap().targets {
                assert!(forest.trees.iter().all(|tree| depth(tree, 0) == limit as usize));
            }
        }
        let coarse = RandomForest { trees: 5, min_samples_leaf: 30, ..RandomForest::default() };
        for forest in fit(&coarse, x.view(), y.view(), 0).unwrap().targets {
            assert!(forest.trees.iter().all(|tree| tree.value.len() <= 3));
        }
    }

    #[test]
    fn a_step_is_learned_and_a_constant_kept() {
        let x = Array2::from_shape_fn((40, 1), |(r, _)| r as f64);
        let y = Array2::from_shape_fn((40, 2), |(r, t)| if t == 0 && r >= 20 { 8.0 } else { 3.0 });
        let fitted = fit(&RandomForest::default(), x.view(), y.view(), 0).unwrap();
        let predicted = fitted.predict(array![[2.0], [37.0], [f64::NAN]].view());
        assert_eq!(predicted.row(0).to_vec(), vec![3.0, 3.0]);
        assert_eq!(predicted.row(1).to_vec(), vec![8.0, 3.0]);
        assert!(predicted.row(2).iter().all(|value| value.is_nan()));
    }

    #[test]
    fn the_stream_decides_and_nothing_else() {
        let (x, y) = wavy(60);
        let forest = RandomForest { trees: 4, ..RandomForest::default() };
        let grown = |key| fit(&forest, x.view(), y.view(), key).unwrap();
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
            let message = fit(&forest, x.view(), y.view(), 0).unwrap_err().to_string();
            assert!(message.starts_with(&format!("`{parameter}` of random_forest")), "{message}");
        }
        assert!(matches!(
            fit(&base, array![[1.0]].view(), array![[1.0]].view(), 0),
            Err(InverseError::TooFewRows { needed: 2, .. })
        ));
    }

    #[test]
    fn a_forest_stops_before_any_of_its_trees() {
        let (x, y) = wavy(80);
        let forest = RandomForest { trees: 6, ..RandomForest::default() };
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        for wanted in 0..40 {
            let looks = AtomicUsize::new(0);
            let cancelled = || looks.fetch_add(1, Ordering::Relaxed) >= wanted;
            let told = std::sync::Mutex::new(0.0);
            let context = FitContext {
                threads: 1,
                cancelled: &cancelled,
                progress: &|part| *told.lock().unwrap() += part,
                stream: StreamKey::new([0; 16]),
                priors: &[],
            };
            let grown = alone.install(|| forest.fit(x.view(), y.view(), &context));
            let told = *told.lock().unwrap();
            match grown {
                Ok(_) => {
                    assert!(wanted >= 12, "{wanted} looks at twelve trees");
                    assert!((told - 1.0f64).abs() < 1e-12, "{told}");
                }
                Err(error) => {
                    assert_eq!(error, InverseError::Cancelled);
                    assert!(told < 1.0 && looks.load(Ordering::Relaxed) <= wanted + 3, "{wanted} {told}");
                }
            }
        }
    }
}
