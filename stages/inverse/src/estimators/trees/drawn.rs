//! The best of thresholds drawn at random, one for each feature (Geurts, Ernst, Wehenkel 2006, Machine Learning 63:3, table 1).

use lapicque_numerics::random::Generator;
use ndarray::ArrayView2;

use super::grow::{Node, Rows, Split};

/// The rows of one tree.
#[derive(Debug)]
pub(in crate::estimators) struct Drawn<'a> {
    /// Per feature, the value of each row.
    columns: &'a [Vec<f64>],
    /// Those of each node beside each other.
    rows: Vec<u32>,
    spare: Vec<u32>,
}

impl<'a> Drawn<'a> {
    pub(in crate::estimators) fn columns(features: ArrayView2<'_, f64>) -> Vec<Vec<f64>> {
        features.columns().into_iter().map(|column| column.to_vec()).collect()
    }

    /// Of all rows.
    pub(in crate::estimators) fn new(columns: &'a [Vec<f64>]) -> Self {
        let rows = columns.first().map_or(0, Vec::len);
        Self { columns, rows: (0..rows as u32).collect(), spare: vec![0; rows] }
    }
}

impl Rows for Drawn<'_> {
    fn features(&self) -> usize {
        self.columns.len()
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn row(&self, place: usize) -> usize {
        self.rows[place] as usize
    }

    fn search(
        &mut self,
        node: &Node<'_>,
        feature: usize,
        gain: f64,
        random: Option<&mut Generator>,
    ) -> (bool, Option<Split>) {
        let (column, rows) = (&self.columns[feature], &self.rows[node.start..node.end]);
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for row in rows {
            let value = column[*row as usize];
            low = low.min(value);
            high = high.max(value);
        }
        let Some(random) = random.filter(|_| low < high) else {
            return (false, None);
        };
        let part = random.uniform();
        let drawn = low * (1.0 - part) + high * part;
        let threshold = if low <= drawn && drawn < high { drawn } else { low };
        let (mut sum, mut weight, mut first) = (0.0, 0, 0);
        for row in rows {
            let comes_first = column[*row as usize] <= threshold;
            let deviation = node.deviations[*row as usize];
            sum += if comes_first { deviation.weighted } else { 0.0 };
            weight += if comes_first { deviation.weight as usize } else { 0 };
            first += usize::from(comes_first);
        }
        if first.min(rows.len() - first) < node.min_samples_leaf {
            return (true, None);
        }
        let of_this = sum * sum * node.inverse[weight] * node.inverse[node.weight - weight];
        (true, (of_this > gain).then_some(Split { feature, threshold, rows: first, gain: of_this }))
    }

    fn part(&mut self, start: usize, end: usize, split: &Split, _: bool) {
        let (column, rows) = (&self.columns[split.feature], &mut self.rows[start..end]);
        let (mut low, mut high) = (0, 0);
        for position in 0..rows.len() {
            let row = rows[position];
            let first = usize::from(column[row as usize] <= split.threshold);
            rows[low] = row;
            self.spare[high] = row;
            low += first;
            high += 1 - first;
        }
        rows[low..].copy_from_slice(&self.spare[..high]);
    }
}
