//! The best of all thresholds. Rows are sorted by each feature once; a split parts each of these orders and keeps them sorted, so that finding the next one
//! takes a pass over each.

use ndarray::ArrayView2;

use super::grow::{Bag, Choice, Node, Rows, Split};

/// Features, sorted for all trees.
#[derive(Debug)]
pub(in crate::estimators) struct Columns {
    rows: usize,
    /// Per feature, rows by value.
    sorted: Vec<Vec<Place>>,
    /// Per feature, its different values, ascending.
    values: Vec<Vec<f64>>,
}

/// A row, and the rank of its value among the different ones.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    rank: u32,
    row: u32,
}

impl Columns {
    pub(in crate::estimators) fn of(features: ArrayView2<'_, f64>) -> Self {
        let mut columns = Self { rows: features.nrows(), sorted: Vec::new(), values: Vec::new() };
        for column in features.columns() {
            let mut rows: Vec<u32> = (0..features.nrows() as u32).collect();
            let column = column.to_vec();
            rows.sort_by(|a, b| column[*a as usize].total_cmp(&column[*b as usize]));
            let mut values: Vec<f64> = Vec::new();
            let place = |row: u32| {
                let value = column[row as usize];
                // -0.0 and 0.0 are one value.
                if values.last().is_none_or(|last| *last != value) {
                    values.push(value);
                }
                Place { rank: values.len() as u32 - 1, row }
            };
            columns.sorted.push(rows.into_iter().map(place).collect());
            columns.values.push(values);
        }
        columns
    }
}

/// The rows of one tree.
#[derive(Debug)]
pub(in crate::estimators) struct Sorted<'a> {
    columns: &'a Columns,
    /// Rows of the tree.
    rows: usize,
    /// Feature by feature, the rows of each node beside each other, by value within it.
    orders: Vec<Place>,
    spare: Vec<Place>,
    /// As they are before a tree parts them.
    whole: Vec<Place>,
    /// By row of the data: 1 if it comes first in the split at hand.
    first: Vec<u8>,
}

impl<'a> Sorted<'a> {
    pub(in crate::estimators) fn new(columns: &'a Columns) -> Self {
        let first = vec![0; columns.rows];
        Self { columns, rows: 0, orders: Vec::new(), spare: Vec::new(), whole: Vec::new(), first }
    }

    /// The rows of the next trees.
    pub(in crate::estimators) fn take(&mut self, bag: &Bag) {
        self.rows = bag.counts.iter().filter(|count| **count > 0).count();
        self.whole.clear();
        for sorted in &self.columns.sorted {
            self.whole.extend(sorted.iter().filter(|place| bag.counts[place.row as usize] > 0));
        }
        self.spare.resize(self.rows, Place::default());
    }

    fn order(&self, feature: usize, node: &Node<'_>) -> &[Place] {
        let from = feature * self.rows;
        &self.orders[from + node.start..from + node.end]
    }

    /// All rows that were taken, for another tree.
    pub(in crate::estimators) fn begin(&mut self) {
        self.orders.clone_from(&self.whole);
    }
}

impl Rows for Sorted<'_> {
    fn features(&self) -> usize {
        self.columns.sorted.len()
    }

    fn len(&self) -> usize {
        self.rows
    }

    fn row(&self, place: usize) -> usize {
        self.orders[place].row as usize
    }

    fn best(&mut self, node: &Node<'_>, choice: &mut Choice) -> Option<Split> {
        // Feature, rows that come first, gain.
        let mut best: Option<(usize, usize, f64)> = None;
        let (mut looked_at, mut any_varies) = (0, false);
        while let Some(feature) = choice.next(looked_at, any_varies) {
            looked_at += 1;
            let order = self.order(feature, node);
            let [first, .., last] = order else {
                continue;
            };
            if first.rank == last.rank {
                continue;
            }
            any_varies = true;
            // A split that gains nothing is taken as well: the next one may gain.
            let gain = best.map_or(-1.0, |(_, _, gain)| gain);
            if let Some((rows, gain)) = best_of(order, node, gain) {
                best = Some((feature, rows, gain));
            }
            if order.len() == 2 {
                // Any other split of two rows is the same.
                break;
            }
        }
        let (feature, rows, gain) = best?;
        // Once for the node: the values lie far apart in memory.
        let (order, values) = (self.order(feature, node), &self.columns.values[feature]);
        let (low, high) = (values[order[rows - 1].rank as usize], values[order[rows].rank as usize]);
        let between = low / 2.0 + high / 2.0;
        // Between neighbouring numbers there is none.
        let threshold = if low <= between && between < high { between } else { low };
        Some(Split { feature, threshold, rows, gain })
    }

    fn part(&mut self, start: usize, end: usize, split: &Split, again: bool) {
        let from = split.feature * self.rows;
        for (position, place) in self.orders[from + start..from + end].iter().enumerate() {
            self.first[place.row as usize] = u8::from(position < split.rows);
        }
        let orders = self.orders.chunks_exact_mut(self.rows).take(if again { usize::MAX } else { 1 });
        for (feature, order) in orders.enumerate() {
            if feature == split.feature {
                continue;
            }
            let order = &mut order[start..end];
            let (mut low, mut high) = (0, 0);
            for position in 0..order.len() {
                let place = order[position];
                let first = usize::from(self.first[place.row as usize]);
                // Both are written, and one of them counts: no branch to guess.
                order[low] = place;
                self.spare[high] = place;
                low += first;
                high += 1 - first;
            }
            order[low..].copy_from_slice(&self.spare[..high]);
        }
    }
}

/// How many rows come first in the best split that gains more than `gain`, and what it gains.
fn best_of(order: &[Place], node: &Node<'_>, mut gain: f64) -> Option<(usize, f64)> {
    let least = node.min_samples_leaf;
    let (mut sum, mut weight, mut best) = (0.0, 0, None);
    for place in &order[..least - 1] {
        let deviation = node.deviations[place.row as usize];
        sum += deviation.weighted;
        weight += deviation.weight as usize;
    }
    let last = order.len() - least + 1;
    for (rows, pair) in (least..).zip(order[least - 1..last].windows(2)) {
        let deviation = node.deviations[pair[0].row as usize];
        sum += deviation.weighted;
        weight += deviation.weight as usize;
        if pair[0].rank != pair[1].rank {
            let of_this = sum * sum * node.quotients[weight];
            if of_this > gain {
                gain = of_this;
                best = Some((rows, gain));
            }
        }
    }
    best
}
