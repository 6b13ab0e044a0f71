//! Regression trees (Breiman et al. 1984, Classification and Regression Trees, ch. 8) as tables of nodes: what forests and boosting share.
//!
//! `grow.rs` grows one tree, with splits that `sorted.rs` finds among all thresholds or `drawn.rs` among thresholds drawn at random.

mod drawn;
mod grow;
mod sorted;

use ndarray::{Array2, ArrayView2};

pub(super) use drawn::{Drawn, Table};
pub(super) use grow::{Bag, Rule, grow};
pub(super) use sorted::{Columns, Sorted};

use super::Stored;
use crate::InverseError;
use crate::error::{check_finite, check_length};

/// The trees for one target.
#[derive(Debug, Clone, PartialEq)]
pub struct Forest {
    /// In the order in which they were grown.
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

/// Sums over the trees of each target, for rows without a value that is not finite; NaN for the others.
pub(super) fn sums(forests: &[Forest], features: ArrayView2<'_, f64>) -> Array2<f64> {
    let features = features.as_standard_layout();
    let mut sums = Array2::zeros((features.nrows(), forests.len()));
    let rows: Vec<&[f64]> = features.rows().into_iter().map(|row| row.to_slice().unwrap_or(&[])).collect();
    // Tree by tree, so that its nodes stay near; each row still adds the trees in their order.
    for (mut sums, forest) in sums.columns_mut().into_iter().zip(forests) {
        for tree in &forest.trees {
            for (sum, row) in sums.iter_mut().zip(&rows) {
                *sum += tree.predict(row);
            }
        }
    }
    for (mut sums, row) in sums.rows_mut().into_iter().zip(&rows) {
        if row.iter().any(|value| !value.is_finite()) {
            sums.fill(f64::NAN);
        }
    }
    sums
}

/// With the nodes of all trees, one list after the other.
pub(super) fn store(forests: &[Forest], stored: Stored) -> Stored {
    let trees: Vec<&Tree> = forests.iter().flat_map(|forest| &forest.trees).collect();
    let nodes = trees.iter().map(|tree| tree.value.len()).sum::<usize>();
    let whole = |of: fn(&Tree) -> &Vec<u32>| -> Vec<f64> {
        trees.iter().flat_map(|tree| of(tree)).map(|&number| f64::from(number)).collect()
    };
    let numbers =
        |of: fn(&Tree) -> &Vec<f64>| -> Vec<f64> { trees.iter().flat_map(|tree| of(tree)).copied().collect() };
    let counts = |counts: Vec<usize>| -> Vec<f64> { counts.into_iter().map(|count| count as f64).collect() };
    let trees_of_target = counts(forests.iter().map(|forest| forest.trees.len()).collect());
    let nodes_of_tree = counts(trees.iter().map(|tree| tree.value.len()).collect());
    stored
        .with("trees_of_target", &[forests.len()], trees_of_target)
        .with("nodes_of_tree", &[trees.len()], nodes_of_tree)
        .with("feature", &[nodes], whole(|tree| &tree.feature))
        .with("threshold", &[nodes], numbers(|tree| &tree.threshold))
        .with("at_most", &[nodes], whole(|tree| &tree.at_most))
        .with("above", &[nodes], whole(|tree| &tree.above))
        .with("value", &[nodes], numbers(|tree| &tree.value))
}

/// Takes out what [`store`] kept.
///
/// # Errors
/// A part that is missing, or lengths that do not agree.
pub(super) fn take(stored: &mut Stored) -> Result<Vec<Forest>, InverseError> {
    let trees_of_target = stored.take_whole("trees_of_target")?;
    let nodes_of_tree = stored.take_whole("nodes_of_tree")?;
    let nodes: u64 = nodes_of_tree.iter().map(|&nodes| u64::from(nodes)).sum();
    let of_nodes = |stored: &Stored, name: &str, found: usize| match found as u64 == nodes {
        true => Ok(()),
        false => stored.wrong(name, format!("has {found} entries; the trees have {nodes} nodes")),
    };
    let mut whole = |name: &str| {
        let numbers = stored.take_whole(name)?;
        of_nodes(stored, name, numbers.len())?;
        Ok(numbers.into_iter())
    };
    let (mut feature, mut at_most, mut above) = (whole("feature")?, whole("at_most")?, whole("above")?);
    let mut numbers = |name: &str| {
        let (_, numbers) = stored.take::<1>(name)?;
        of_nodes(stored, name, numbers.len())?;
        Ok(numbers.into_iter())
    };
    let (mut threshold, mut value) = (numbers("threshold")?, numbers("value")?);
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
    Ok(trees_of_target.into_iter().map(forest).collect())
}

/// Whether these may be the trees of a model with so many features and targets; `field` is where they stand in its document.
///
/// # Errors
/// The first field that is not what it should be.
pub(super) fn check(field: &str, forests: &[Forest], features: usize, targets: usize) -> Result<(), InverseError> {
    check_length(field, forests.len(), targets, "targets")?;
    for (target, forest) in forests.iter().enumerate() {
        let field = format!("{field}[{target}].trees");
        if forest.trees.is_empty() {
            return wrong(field, "is empty; a forest needs at least one tree");
        }
        for (position, tree) in forest.trees.iter().enumerate() {
            tree.check(&format!("{field}[{position}]"), features)?;
        }
    }
    Ok(())
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

    pub(super) fn predict(&self, row: &[f64]) -> f64 {
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

#[cfg(test)]
mod tests;
