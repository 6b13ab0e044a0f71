//! The best of thresholds drawn at random, one for each feature (Geurts, Ernst, Wehenkel 2006, Machine Learning 63:3, table 1).
//!
//! All features of a row lie beside each other, so that a pass over the rows of a node serves all features at once.

use lapicque_numerics::vectorise::{Kernel, vectorise};
use ndarray::ArrayView2;

use super::grow::{Choice, Node, Rows, Split};

/// Features of a step of a pass.
const LANES: usize = 8;

/// Features of all rows, in whole vectors; those that fill up are zero, and never vary.
#[derive(Debug)]
pub(in crate::estimators) struct Table {
    features: usize,
    vectors: usize,
    values: Vec<[f64; LANES]>,
}

impl Table {
    pub(in crate::estimators) fn of(features: ArrayView2<'_, f64>) -> Self {
        let (rows, columns) = features.dim();
        let vectors = columns.div_ceil(LANES);
        let mut values = vec![[0.0; LANES]; rows * vectors];
        for ((row, column), value) in features.indexed_iter() {
            values[row * vectors + column / LANES][column % LANES] = *value;
        }
        Self { features: columns, vectors, values }
    }

    #[inline(always)]
    fn row(&self, row: u32) -> &[[f64; LANES]] {
        &self.values[row as usize * self.vectors..(row as usize + 1) * self.vectors]
    }

    fn value(&self, row: u32, feature: usize) -> f64 {
        self.row(row)[feature / LANES][feature % LANES]
    }
}

/// The rows of one tree.
#[derive(Debug)]
pub(in crate::estimators) struct Drawn<'a> {
    table: &'a Table,
    /// Those of each node beside each other.
    rows: Vec<u32>,
    spare: Vec<u32>,
    ends: Vec<Ends>,
    sides: Vec<Side>,
}

/// Least and largest value of features.
#[derive(Debug, Clone, Copy)]
struct Ends {
    low: [f64; LANES],
    high: [f64; LANES],
}

const NO_ENDS: Ends = Ends { low: [f64::INFINITY; LANES], high: [f64::NEG_INFINITY; LANES] };

/// Rows at most at the threshold, and the sum of their deviations.
#[derive(Debug, Clone, Copy)]
struct Side {
    threshold: [f64; LANES],
    sum: [f64; LANES],
    rows: [f64; LANES],
}

/// No row is at most at this threshold.
const NO_SIDE: Side = Side { threshold: [f64::NEG_INFINITY; LANES], sum: [0.0; LANES], rows: [0.0; LANES] };

impl<'a> Drawn<'a> {
    /// Of all rows, each of which counts once.
    pub(in crate::estimators) fn new(table: &'a Table, rows: usize) -> Self {
        let vectors = table.vectors;
        let (ends, sides) = (vec![NO_ENDS; vectors], vec![NO_SIDE; vectors]);
        Self { table, rows: (0..rows as u32).collect(), spare: vec![0; rows], ends, sides }
    }
}

impl Rows for Drawn<'_> {
    fn features(&self) -> usize {
        self.table.features
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn row(&self, place: usize) -> usize {
        self.rows[place] as usize
    }

    fn best(&mut self, node: &Node<'_>, choice: &mut Choice) -> Option<Split> {
        let rows = &self.rows[node.start..node.end];
        self.ends.fill(NO_ENDS);
        vectorise(FindEnds { table: self.table, rows, ends: &mut self.ends });
        self.sides.fill(NO_SIDE);
        let (mut looked_at, mut any_varies) = (0, false);
        while let Some(feature) = choice.next(looked_at, any_varies) {
            looked_at += 1;
            let (vector, lane) = (feature / LANES, feature % LANES);
            let (low, high) = (self.ends[vector].low[lane], self.ends[vector].high[lane]);
            let Some(random) = choice.random.as_mut().filter(|_| low < high) else {
                continue;
            };
            any_varies = true;
            let part = random.uniform();
            let drawn = low * (1.0 - part) + high * part;
            self.sides[vector].threshold[lane] = if low <= drawn && drawn < high { drawn } else { low };
            if rows.len() == 2 {
                // Any other split of two rows is the same.
                break;
            }
        }
        vectorise(SumSides { table: self.table, rows, node, sides: &mut self.sides });
        let mut best: Option<Split> = None;
        for &feature in choice.looked_at(looked_at) {
            let (side, lane) = (&self.sides[feature / LANES], feature % LANES);
            let first = side.rows[lane] as usize;
            if first.min(rows.len() - first) < node.min_samples_leaf {
                continue;
            }
            let (sum, threshold) = (side.sum[lane], side.threshold[lane]);
            let gain = sum * sum * node.quotients[first];
            // In random order, so that of equal ones none is preferred. One that gains nothing is taken as well: the next one may gain.
            if best.is_none_or(|best| gain > best.gain) {
                best = Some(Split { feature, threshold, rows: first, gain });
            }
        }
        best
    }

    fn part(&mut self, start: usize, end: usize, split: &Split, _: bool) {
        let rows = &mut self.rows[start..end];
        let (mut low, mut high) = (0, 0);
        for position in 0..rows.len() {
            let row = rows[position];
            let first = usize::from(self.table.value(row, split.feature) <= split.threshold);
            rows[low] = row;
            self.spare[high] = row;
            low += first;
            high += 1 - first;
        }
        rows[low..].copy_from_slice(&self.spare[..high]);
    }
}

struct FindEnds<'a> {
    table: &'a Table,
    rows: &'a [u32],
    ends: &'a mut [Ends],
}

impl Kernel for FindEnds<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for &row in self.rows {
            for (ends, values) in self.ends.iter_mut().zip(self.table.row(row)) {
                for ((low, high), value) in ends.low.iter_mut().zip(&mut ends.high).zip(values) {
                    *low = if value < low { *value } else { *low };
                    *high = if value > high { *value } else { *high };
                }
            }
        }
    }
}

struct SumSides<'a> {
    table: &'a Table,
    rows: &'a [u32],
    node: &'a Node<'a>,
    sides: &'a mut [Side],
}

impl Kernel for SumSides<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for &row in self.rows {
            let deviation = self.node.deviations[row as usize].weighted;
            for (side, values) in self.sides.iter_mut().zip(self.table.row(row)) {
                let sums = side.sum.iter_mut().zip(&mut side.rows);
                for ((sum, rows), (value, threshold)) in sums.zip(values.iter().zip(&side.threshold)) {
                    let comes_first = value <= threshold;
                    *sum += if comes_first { deviation } else { 0.0 };
                    *rows += if comes_first { 1.0 } else { 0.0 };
                }
            }
        }
    }
}
