//! k nearest neighbours (Fix, Hodges 1951; Cover 1968, IEEE Trans Inf Theory 14:50).
//!
//! prediction(x) = sum_i v_i y_i / sum_i v_i over the k training rows x_i nearest to x, with v_i = 1 (`uniform`) or 1 / d(x, x_i) (`distance`). Rows at distance
//! zero, where there are some, count equally and alone under `distance`. Of rows equally far the one that comes first in the training data is nearer. All
//! distances are computed (no tree of rows): their number is what a prediction costs.
//!
//! | parameter | symbol | default | meaning | range |
//! |---|---|---|---|---|
//! | neighbours | k | 5 | training rows that a prediction averages | 1 to the number of training rows |
//! | weights | v | uniform | how they count: `uniform` or `distance` | |
//! | metric | d | euclidean | `euclidean` (root of the sum of squares) or `manhattan` (sum of absolute values), in the units of the features as the fit sees them: standardize them, unless they share a unit | |
//!
//! Nothing is learned: the training rows themselves are kept. Where distances are too large for a number, the prediction is NaN.

use lapicque_numerics::vectorise::{Kernel, vectorise};
use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Estimator, FitContext, Fitted, Listed, Stored};
use crate::InverseError;
use crate::error::{check_finite, check_length};

/// Means over the training rows that are nearest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KNearestNeighbours {
    /// Training rows that a prediction averages, at least 1.
    pub neighbours: usize,
    /// How they count.
    pub weights: NeighbourWeights,
    /// What near means.
    pub metric: Metric,
}

/// How neighbours count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NeighbourWeights {
    /// All the same.
    #[default]
    Uniform,
    /// By the inverse of their distance.
    Distance,
}

/// What near means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Root of the sum of squared differences.
    #[default]
    Euclidean,
    /// Sum of absolute differences.
    Manhattan,
}

impl Default for KNearestNeighbours {
    fn default() -> Self {
        Self { neighbours: 5, weights: NeighbourWeights::Uniform, metric: Metric::Euclidean }
    }
}

/// The training rows, and how they are asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbours {
    /// As it was fitted.
    pub parameters: KNearestNeighbours,
    /// Rows x features, as the fit saw them.
    features: Array2<f64>,
    /// Rows x targets.
    targets: Array2<f64>,
    /// [`LANES`] rows side by side, feature by feature; the last block is filled up with infinity.
    blocks: Vec<[f64; LANES]>,
}

/// Distances computed at once.
const LANES: usize = 16;

/// Predicted rows handed to a thread at once.
const ROWS_PER_PART: usize = 64;

impl Listed for KNearestNeighbours {
    const NAME: &'static str = "k_nearest_neighbours";
    const SUMMARY: &'static str = "Means over the training rows that are nearest.";

    fn restore(mut stored: Stored) -> Result<Box<dyn Fitted>, InverseError> {
        let mut parameters = Map::new();
        for name in ["neighbours", "weights", "metric"] {
            match stored.take_setting(name) {
                Some(value) => parameters.insert(name.to_owned(), value),
                None => return stored.wrong(name, "is missing".to_owned()),
            };
        }
        let parameters = match serde_json::from_value(Value::Object(parameters)) {
            Ok(parameters) => parameters,
            Err(error) => return stored.wrong("neighbours, weights or metric", error.to_string()),
        };
        let ([rows, features], values) = stored.take::<2>("features")?;
        let ([target_rows, targets], of_targets) = stored.take::<2>("targets")?;
        stored.finish()?;
        if rows != target_rows {
            return stored.wrong("targets", format!("has {target_rows} rows; `features` has {rows}"));
        }
        let shaped = |rows, columns, values| Array2::from_shape_vec((rows, columns), values);
        match (shaped(rows, features, values), shaped(rows, targets, of_targets)) {
            (Ok(features), Ok(targets)) => Ok(Box::new(Neighbours::new(parameters, features, targets))),
            _ => stored.wrong("features", "has a shape that its values do not have".to_owned()),
        }
    }
}

impl Estimator for KNearestNeighbours {
    fn check(&self) -> Result<(), InverseError> {
        if self.neighbours > 0 {
            return Ok(());
        }
        Err(InverseError::Parameter {
            owner: Self::NAME,
            parameter: "neighbours",
            value: "0".to_owned(),
            allowed: "a whole number >= 1".to_owned(),
        })
    }

    fn fit(
        &self,
        features: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
        context: &FitContext<'_>,
    ) -> Result<Box<dyn Fitted>, InverseError> {
        context.look()?;
        self.check()?;
        let found = features.nrows();
        if found < self.neighbours {
            return Err(InverseError::TooFewRows { estimator: Self::NAME, needed: self.neighbours, found });
        }
        let (features, targets) = (features.as_standard_layout().to_owned(), targets.as_standard_layout().to_owned());
        let across: f64 = features.columns().into_iter().map(|column| range(column.iter()).powi(2)).sum();
        let sums: f64 = targets.iter().map(|value| value.abs()).sum();
        if !across.is_finite() || !sums.is_finite() {
            return Err(InverseError::Overflow);
        }
        (context.progress)(1.0);
        Ok(Box::new(Neighbours::new(*self, features, targets)))
    }
}

fn range<'a>(values: impl Iterator<Item = &'a f64>) -> f64 {
    let ends = (f64::INFINITY, f64::NEG_INFINITY);
    let (low, high) = values.fold(ends, |(low, high), &value| (low.min(value), high.max(value)));
    high - low
}

impl Neighbours {
    fn new(parameters: KNearestNeighbours, features: Array2<f64>, targets: Array2<f64>) -> Self {
        let (rows, columns) = features.dim();
        let mut blocks = vec![[f64::INFINITY; LANES]; rows.div_ceil(LANES) * columns];
        for (row, values) in features.rows().into_iter().enumerate() {
            for (column, value) in values.iter().enumerate() {
                blocks[row / LANES * columns + column][row % LANES] = *value;
            }
        }
        Self { parameters, features, targets, blocks }
    }

    /// Means over the neighbours of each row.
    fn means(&self, rows: ArrayView2<'_, f64>) -> Vec<f64> {
        let mut nearest: Vec<(f64, usize)> = Vec::with_capacity(self.parameters.neighbours + 1);
        let mut means = Vec::with_capacity(rows.nrows() * self.targets.ncols());
        let mut row = vec![0.0; rows.ncols()];
        for values in rows.rows() {
            for (slot, value) in row.iter_mut().zip(values) {
                *slot = *value;
            }
            vectorise(Nearest { of: self, row: &row, nearest: &mut nearest });
            self.mean(&nearest, &mut means);
        }
        means
    }

    /// Appends a mean per target.
    fn mean(&self, nearest: &[(f64, usize)], means: &mut Vec<f64>) {
        let known = nearest.len() == self.parameters.neighbours && nearest.iter().all(|(far, _)| far.is_finite());
        let touches = nearest.first().is_some_and(|(far, _)| *far == 0.0);
        let weight = |far: f64| match (self.parameters.weights, self.parameters.metric) {
            (NeighbourWeights::Uniform, _) => 1.0,
            (NeighbourWeights::Distance, _) if touches => f64::from(u8::from(far == 0.0)),
            (NeighbourWeights::Distance, Metric::Euclidean) => 1.0 / far.sqrt(),
            (NeighbourWeights::Distance, Metric::Manhattan) => 1.0 / far,
        };
        let weights: f64 = nearest.iter().map(|(far, _)| weight(*far)).sum();
        for target in self.targets.axis_iter(Axis(1)) {
            let sum: f64 = nearest.iter().map(|&(far, row)| weight(far) * target[row]).sum();
            means.push(if known { sum / weights } else { f64::NAN });
        }
    }
}

/// The nearest training rows of a row, nearest first, with their distances (squared ones for the Euclidean).
struct Nearest<'a> {
    of: &'a Neighbours,
    row: &'a [f64],
    nearest: &'a mut Vec<(f64, usize)>,
}

impl Kernel for Nearest<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { of, row, nearest } = self;
        nearest.clear();
        let wanted = of.parameters.neighbours;
        let mut farthest = f64::INFINITY;
        for (block, columns) in of.blocks.chunks_exact(row.len().max(1)).enumerate() {
            let far = match of.parameters.metric {
                Metric::Euclidean => sums(row, columns, |gap| gap * gap),
                Metric::Manhattan => sums(row, columns, f64::abs),
            };
            // Most blocks have none; counting is done in vectors, and looking one by one is not.
            let mut near = 0;
            for far in &far {
                near += u64::from(*far < farthest);
            }
            if near == 0 {
                continue;
            }
            for (lane, &far) in far.iter().enumerate() {
                // A row as far as those that are there comes after them.
                if far < farthest {
                    let place = nearest.partition_point(|(other, _)| *other <= far);
                    nearest.insert(place, (far, block * LANES + lane));
                    if nearest.len() > wanted {
                        nearest.pop();
                    }
                    if nearest.len() == wanted {
                        farthest = nearest[wanted - 1].0;
                    }
                }
            }
        }
    }
}

/// Over the features of a block of rows.
#[inline(always)]
fn sums(row: &[f64], columns: &[[f64; LANES]], of_gap: impl Fn(f64) -> f64) -> [f64; LANES] {
    let mut sums = [0.0; LANES];
    for (value, others) in row.iter().zip(columns) {
        for lane in 0..LANES {
            sums[lane] += of_gap(value - others[lane]);
        }
    }
    sums
}

impl Fitted for Neighbours {
    fn kind(&self) -> &'static str {
        "neighbours"
    }

    fn predict(&self, features: ArrayView2<'_, f64>) -> Array2<f64> {
        let parts: Vec<ArrayView2<'_, f64>> = features.axis_chunks_iter(Axis(0), ROWS_PER_PART).collect();
        let means: Vec<Vec<f64>> = parts.into_par_iter().map(|rows| self.means(rows)).collect();
        let mut predicted = Array2::zeros((features.nrows(), self.targets.ncols()));
        for (slot, value) in predicted.iter_mut().zip(means.into_iter().flatten()) {
            *slot = value;
        }
        predicted
    }

    fn check(&self, features: usize, targets: usize) -> Result<(), InverseError> {
        check_length("fitted.neighbours.features", self.features.ncols(), features, "features")?;
        check_length("fitted.neighbours.targets", self.targets.ncols(), targets, "targets")?;
        let (wanted, rows) = (self.parameters.neighbours, self.features.nrows());
        if wanted == 0 || wanted > rows {
            let problem = format!("is {wanted}; the model has {rows} rows to choose from");
            return Err(InverseError::Document { field: "fitted.neighbours.neighbours".to_owned(), problem });
        }
        for (name, values) in [("features", &self.features), ("targets", &self.targets)] {
            for ((row, column), &value) in values.indexed_iter() {
                check_finite(|| format!("fitted.neighbours.{name}[{row}][{column}]"), value)?;
            }
        }
        Ok(())
    }

    fn store(&self) -> Stored {
        let KNearestNeighbours { neighbours, weights, metric } = self.parameters;
        let weights = match weights {
            NeighbourWeights::Uniform => "uniform",
            NeighbourWeights::Distance => "distance",
        };
        let metric = match metric {
            Metric::Euclidean => "euclidean",
            Metric::Manhattan => "manhattan",
        };
        let array = |values: &Array2<f64>| (values.shape().to_vec(), values.iter().copied().collect::<Vec<f64>>());
        let ((of_features, features), (of_targets, targets)) = (array(&self.features), array(&self.targets));
        Stored::default()
            .with_setting("neighbours", neighbours)
            .with_setting("weights", weights)
            .with_setting("metric", metric)
            .with("features", &of_features, features)
            .with("targets", &of_targets, targets)
    }
}

#[cfg(test)]
mod tests {
    use lapicque_numerics::random::StreamKey;
    use ndarray::array;

    use super::*;

    fn fit(parameters: KNearestNeighbours, x: &Array2<f64>, y: &Array2<f64>) -> Result<Box<dyn Fitted>, InverseError> {
        parameters.fit(x.view(), y.view(), &FitContext::unwatched(StreamKey::new([0; 16])))
    }

    /// By sorting all distances, ties in the order of rows.
    fn plain(parameters: KNearestNeighbours, x: &Array2<f64>, y: &Array2<f64>, at: &[f64]) -> f64 {
        let mut far: Vec<(f64, usize)> = x
            .rows()
            .into_iter()
            .map(|row| {
                let gaps = row.iter().zip(at).map(|(a, b)| a - b);
                match parameters.metric {
                    Metric::Euclidean => gaps.map(|gap| gap * gap).sum::<f64>().sqrt(),
                    Metric::Manhattan => gaps.map(f64::abs).sum(),
                }
            })
            .enumerate()
            .map(|(row, far)| (far, row))
            .collect();
        far.sort_by(|a, b| a.0.total_cmp(&b.0));
        far.truncate(parameters.neighbours);
        let weight = |far: f64| if parameters.weights == NeighbourWeights::Uniform { 1.0 } else { 1.0 / far };
        let sum: f64 = far.iter().map(|(far, row)| weight(*far) * y[[*row, 0]]).sum();
        sum / far.iter().map(|(far, _)| weight(*far)).sum::<f64>()
    }

    #[test]
    fn means_are_those_of_a_plain_search() {
        let x = Array2::from_shape_fn((37, 3), |(r, c)| ((r * (2 * c + 3)) as f64 * 0.37).sin());
        let y = Array2::from_shape_fn((37, 1), |(r, _)| (r * r % 17) as f64);
        for neighbours in [1, 2, 9, 37] {
            for weights in [NeighbourWeights::Uniform, NeighbourWeights::Distance] {
                for metric in [Metric::Euclidean, Metric::Manhattan] {
                    let parameters = KNearestNeighbours { neighbours, weights, metric };
                    let fitted = fit(parameters, &x, &y).unwrap();
                    for at in [[0.1, 0.2, 0.3], [-0.9, 0.4, 2.0]] {
                        let found = fitted.predict(ArrayView2::from_shape((1, 3), &at).unwrap())[[0, 0]];
                        let expected = plain(parameters, &x, &y, &at);
                        assert!((found - expected).abs() < 1e-12, "{parameters:?}: {found} {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn ties_go_to_the_rows_that_come_first_and_rows_that_are_met_count_alone() {
        let (x, y) = (array![[1.0], [-1.0], [1.0], [-1.0], [5.0]], array![[1.0], [2.0], [4.0], [8.0], [16.0]]);
        let two = KNearestNeighbours { neighbours: 2, ..KNearestNeighbours::default() };
        assert_eq!(fit(two, &x, &y).unwrap().predict(array![[0.0]].view())[[0, 0]], 1.5);
        let three = KNearestNeighbours { neighbours: 3, weights: NeighbourWeights::Distance, ..two };
        assert_eq!(fit(three, &x, &y).unwrap().predict(array![[1.0]].view())[[0, 0]], 2.5);
    }

    #[test]
    fn what_cannot_be_told_is_refused_or_missing() {
        let (x, y) = (array![[1.0], [2.0], [3.0]], array![[1.0], [2.0], [3.0]]);
        let none = KNearestNeighbours { neighbours: 0, ..KNearestNeighbours::default() };
        let message = fit(none, &x, &y).unwrap_err().to_string();
        assert!(message.starts_with("`neighbours` of k_nearest_neighbours is 0"), "{message}");
        let few = fit(KNearestNeighbours::default(), &x, &y).unwrap_err();
        assert!(matches!(few, InverseError::TooFewRows { needed: 5, found: 3, .. }));
        let one = KNearestNeighbours { neighbours: 1, ..KNearestNeighbours::default() };
        let predicted = fit(one, &x, &y).unwrap().predict(array![[f64::NAN], [1e200], [f64::INFINITY], [9.0]].view());
        assert!(predicted.iter().take(3).all(|value| value.is_nan()) && predicted[[3, 0]] == 3.0);
        let huge = fit(one, &array![[1e200], [-1e200]], &array![[1.0], [2.0]]);
        assert_eq!(huge.unwrap_err(), InverseError::Overflow);
    }
}
