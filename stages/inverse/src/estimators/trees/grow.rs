//! One tree, from its root on: a node is split where the weighted sum of squared errors of its halves is least.
//!
//! With W the weight of a node's rows, m their mean and S = sum w (y - m) over those on one side, which weigh W_1 of W = W_1 + W_2, a split lowers the sum of
//! squares by S^2 W / (W_1 W_2). A node is a leaf where it is as deep as allowed, has too few rows for two sides, or one value of the target alone, or where
//! no feature varies.

use lapicque_numerics::random::Generator;

use super::Tree;
use crate::InverseError;

/// When nodes are split.
#[derive(Debug, Clone, Copy)]
pub(in crate::estimators) struct Rule {
    /// Most splits between root and leaf.
    pub(in crate::estimators) max_depth: Option<u16>,
    /// Fewest different rows on each side of a split.
    pub(in crate::estimators) min_samples_leaf: usize,
    /// Features looked at for each split, at least one of them such that varies; none is all.
    pub(in crate::estimators) features_per_split: Option<usize>,
}

/// The rows that a tree is grown on: how often each row of the data is among them.
#[derive(Debug, Clone)]
pub(in crate::estimators) struct Bag {
    pub(in crate::estimators) counts: Vec<u32>,
}

impl Bag {
    pub(in crate::estimators) fn new(counts: Vec<u32>) -> Self {
        Self { counts }
    }
}

/// What a search for splits sees of the rows of a node.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::estimators) struct Deviation {
    /// w (y - m).
    pub(in crate::estimators) weighted: f64,
    /// w.
    pub(in crate::estimators) weight: u32,
}

/// A node whose split is searched.
pub(in crate::estimators) struct Node<'a> {
    /// Where its rows are, among those of the tree.
    pub(in crate::estimators) start: usize,
    pub(in crate::estimators) end: usize,
    pub(in crate::estimators) min_samples_leaf: usize,
    /// By row of the data; only those of the node mean something.
    pub(in crate::estimators) deviations: &'a [Deviation],
    /// 1 / (w (W - w)) for each weight w between 0 and W.
    pub(in crate::estimators) quotients: &'a [f64],
}

/// A split of a node: rows whose feature is at most the threshold come first.
#[derive(Debug, Clone, Copy)]
pub(in crate::estimators) struct Split {
    pub(in crate::estimators) feature: usize,
    pub(in crate::estimators) threshold: f64,
    /// Rows that come first.
    pub(in crate::estimators) rows: usize,
    /// S^2 / (W_1 W_2).
    pub(in crate::estimators) gain: f64,
}

/// Rows in an order in which each node has a range of them, and a way to find splits.
pub(in crate::estimators) trait Rows {
    fn features(&self) -> usize;
    /// Different rows of the tree.
    fn len(&self) -> usize;
    /// Row of the data at a place of the order.
    fn row(&self, place: usize) -> usize;
    /// The best split of the node, if any feature that is looked at varies.
    fn best(&mut self, node: &Node<'_>, choice: &mut Choice) -> Option<Split>;
    /// Reorders the rows of a node by a split of it. Where no side will be split again, the order of rows is all that is needed.
    fn part(&mut self, start: usize, end: usize, split: &Split, again: bool);
}

/// Which features are looked at.
#[derive(Debug)]
pub(in crate::estimators) struct Choice {
    wanted: usize,
    order: Vec<usize>,
    pub(in crate::estimators) random: Option<Generator>,
}

impl Choice {
    /// The feature that is looked at after so many others, if another one is.
    pub(in crate::estimators) fn next(&mut self, looked_at: usize, any_varies: bool) -> Option<usize> {
        let left = self.order.len() - looked_at;
        if left == 0 || looked_at >= self.wanted && any_varies {
            return None;
        }
        if let Some(random) = &mut self.random {
            self.order.swap(looked_at, looked_at + random.below(left as u64) as usize);
        }
        Some(self.order[looked_at])
    }

    /// Those that were looked at, in that order.
    pub(in crate::estimators) fn looked_at(&self, count: usize) -> &[usize] {
        &self.order[..count]
    }
}

/// Nodes between two looks.
const NODES_PER_LOOK: usize = 1024;

struct Open {
    node: usize,
    start: usize,
    end: usize,
    depth: u16,
}

/// Features are looked at in random order, so that of equal splits none is preferred; without random numbers in their order.
///
/// # Errors
/// What `look` says, which is asked now and then.
pub(in crate::estimators) fn grow(
    rows: &mut impl Rows,
    rule: Rule,
    target: &[f64],
    bag: &Bag,
    random: Option<Generator>,
    look: &dyn Fn() -> Result<(), InverseError>,
) -> Result<Tree, InverseError> {
    let mut tree = Tree::default();
    let mut deviations = vec![Deviation::default(); target.len()];
    let order: Vec<usize> = (0..rows.features()).collect();
    let mut choice = Choice { wanted: rule.features_per_split.unwrap_or(order.len()), order, random };
    push_leaf(&mut tree);
    let mut open = vec![Open { node: 0, start: 0, end: rows.len(), depth: 0 }];
    let mut visited = 0;
    let mut quotients = Vec::new();
    while let Some(Open { node, start, end, depth }) = open.pop() {
        visited += 1;
        if visited % NODES_PER_LOOK == 0 {
            look()?;
        }
        let (mean, weight, varies) = mean_of(rows, start, end, target, &bag.counts);
        tree.value[node] = mean;
        let deep = rule.max_depth.is_some_and(|most| depth >= most);
        if deep || !varies || end - start < 2 * rule.min_samples_leaf {
            continue;
        }
        for place in start..end {
            let row = rows.row(place);
            let count = bag.counts[row];
            deviations[row] = Deviation { weighted: f64::from(count) * (target[row] - mean), weight: count };
        }
        let min_samples_leaf = rule.min_samples_leaf;
        let whole = weight as f64;
        quotients.clear();
        quotients.extend((0..weight).map(|part| part as f64).map(|part| 1.0 / (part * (whole - part))));
        let place = Node { start, end, min_samples_leaf, deviations: &deviations, quotients: &quotients };
        let Some(split) = rows.best(&place, &mut choice) else {
            continue;
        };
        let middle = start + split.rows;
        let next = rule.max_depth.is_none_or(|most| depth + 1 < most);
        let again = next && (middle - start).max(end - middle) >= 2 * rule.min_samples_leaf;
        rows.part(start, end, &split, again);
        let (low, high) = (push_leaf(&mut tree), push_leaf(&mut tree));
        tree.feature[node] = split.feature as u32;
        tree.threshold[node] = split.threshold;
        tree.at_most[node] = low as u32;
        tree.above[node] = high as u32;
        open.push(Open { node: high, start: middle, end, depth: depth + 1 });
        open.push(Open { node: low, start, end: middle, depth: depth + 1 });
    }
    Ok(tree)
}

/// Its number.
fn push_leaf(tree: &mut Tree) -> usize {
    tree.feature.push(0);
    tree.threshold.push(0.0);
    tree.at_most.push(0);
    tree.above.push(0);
    tree.value.push(0.0);
    tree.value.len() - 1
}

/// The weighted mean, which of equal values is that value to the last digit; the weight; whether values differ.
fn mean_of(rows: &impl Rows, start: usize, end: usize, target: &[f64], counts: &[u32]) -> (f64, usize, bool) {
    let first = target[rows.row(start)];
    let (mut sum, mut weight, mut varies) = (0.0, 0, false);
    for place in start..end {
        let row = rows.row(place);
        let beyond = target[row] - first;
        sum += f64::from(counts[row]) * beyond;
        weight += counts[row] as usize;
        varies |= beyond != 0.0;
    }
    (first + sum / weight as f64, weight, varies)
}
