//! Errors that linear maps make on rows, for many maps at once.
//!
//! With rows about a common centre c, the error of a row is (y - c_y) - b - W^T (x - c_x), with b = m_y - c_y - W^T (m_x - c_x) for a map W that takes m_x to
//! m_y. The columns of all maps lie beside each other, so that a value of a row serves all of them; eight of them at least repeat the targets.

use lapicque_numerics::vectorise::{Kernel, vectorise};

use super::{Deviations, LeaveOut};
use crate::estimators::LinearMap;

/// Errors of one map on some rows, for one target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct HeldOutErrors {
    /// Rows that were predicted.
    pub(crate) rows: usize,
    /// Sum of squared errors.
    pub(crate) squared: f64,
    /// Sum of absolute errors.
    pub(crate) absolute: f64,
    /// Sum of squares of the true values about their mean; 0 where they do not vary.
    pub(crate) total: f64,
}

const LANES: usize = 8;

/// Features of a step.
const STEP: usize = 4;

/// The columns of all maps for up to eight targets.
struct Columns {
    /// First of the targets.
    from: usize,
    /// Targets, and what they are filled up to: column k is of map k / period, for target k % period.
    targets: usize,
    period: usize,
    intercept: Vec<f64>,
    /// Feature by feature, filled up with zeros to whole steps.
    weights: Vec<f64>,
}

impl LeaveOut {
    /// The errors of each map on these rows, map by map and target by target. Maps see features as they are here.
    pub(crate) fn errors(&self, rows: &[usize], maps: &[LinearMap]) -> Vec<Vec<HeldOutErrors>> {
        let targets = self.deviations.target_count;
        let mut errors = vec![Vec::with_capacity(targets); maps.len()];
        for from in (0..targets).step_by(LANES) {
            let columns = self.columns_of(from, maps);
            let truths = self.truths(rows, &columns);
            let totals = vectorise(Totals(&truths));
            let (squared, absolute) =
                vectorise(SumErrors { deviations: &self.deviations, rows, columns: &columns, truths: &truths });
            for (map, errors) in errors.iter_mut().enumerate() {
                errors.extend((0..columns.targets).map(|target| HeldOutErrors {
                    rows: rows.len(),
                    squared: squared[map * columns.period + target],
                    absolute: absolute[map * columns.period + target],
                    total: totals[target],
                }));
            }
        }
        errors
    }

    /// The targets of each row about their centre, repeated to fill the lanes.
    fn truths(&self, rows: &[usize], columns: &Columns) -> Vec<[f64; LANES]> {
        let first = self.deviations.feature_count + columns.from;
        let truth = |&row: &usize| {
            let line = &self.deviations.row(row)[first..first + columns.targets];
            let mut truth = [0.0; LANES];
            for place in truth.chunks_exact_mut(columns.period) {
                place[..line.len()].copy_from_slice(line);
            }
            truth
        };
        rows.iter().map(truth).collect()
    }

    fn columns_of(&self, from: usize, maps: &[LinearMap]) -> Columns {
        let (features, centre) = (self.deviations.feature_count, &self.deviations.centre);
        let targets = (self.deviations.target_count - from).min(LANES);
        let period = targets.next_power_of_two();
        let count = (maps.len() * period).next_multiple_of(LANES);
        let (mut intercept, mut weights) = (vec![0.0; count], vec![0.0; count * features.next_multiple_of(STEP)]);
        for (map, of_map) in maps.iter().enumerate() {
            for target in from..from + targets {
                let column = map * period + target - from;
                let line = &of_map.coefficients[target];
                let shift: f64 = line.iter().zip(centre).map(|(weight, centre)| weight * centre).sum();
                intercept[column] = of_map.intercept[target] + shift - centre[features + target];
                for (slot, weight) in weights[column..].iter_mut().step_by(count).zip(line) {
                    *slot = *weight;
                }
            }
        }
        Columns { from, targets, period, intercept, weights }
    }
}

/// Sums of squares about the mean.
struct Totals<'a>(&'a [[f64; LANES]]);

impl Kernel for Totals<'_> {
    type Output = [f64; LANES];

    #[inline(always)]
    fn run(self) -> [f64; LANES] {
        let mut sum = [0.0; LANES];
        let (mut low, mut high) = ([f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES]);
        for truth in self.0 {
            for lane in 0..LANES {
                sum[lane] += truth[lane];
                low[lane] = if truth[lane] < low[lane] { truth[lane] } else { low[lane] };
                high[lane] = if truth[lane] > high[lane] { truth[lane] } else { high[lane] };
            }
        }
        let mean = sum.map(|sum| sum / self.0.len() as f64);
        let mut total = [0.0; LANES];
        for truth in self.0 {
            for lane in 0..LANES {
                total[lane] += (truth[lane] - mean[lane]) * (truth[lane] - mean[lane]);
            }
        }
        // The mean of equal numbers may differ from them by rounding.
        std::array::from_fn(|lane| if low[lane] < high[lane] { total[lane] } else { 0.0 })
    }
}

/// Sums of squared and absolute errors of each column.
struct SumErrors<'a> {
    deviations: &'a Deviations,
    rows: &'a [usize],
    columns: &'a Columns,
    truths: &'a [[f64; LANES]],
}

impl Kernel for SumErrors<'_> {
    type Output = (Vec<f64>, Vec<f64>);

    #[inline(always)]
    fn run(self) -> Self::Output {
        let Self { deviations, rows, columns: Columns { intercept, weights, .. }, truths } = self;
        let count = intercept.len();
        let (mut squared, mut absolute, mut errors) = (vec![0.0; count], vec![0.0; count], vec![0.0; count]);
        for (&row, truth) in rows.iter().zip(truths) {
            for (errors, intercept) in errors.chunks_exact_mut(LANES).zip(intercept.chunks_exact(LANES)) {
                for ((error, truth), intercept) in errors.iter_mut().zip(truth).zip(intercept) {
                    *error = truth - intercept;
                }
            }
            // Values behind the features meet weights of zero.
            for (values, weights) in deviations.row(row).chunks_exact(STEP).zip(weights.chunks_exact(STEP * count)) {
                let (a, rest) = weights.split_at(count);
                let (b, rest) = rest.split_at(count);
                let (c, d) = rest.split_at(count);
                let weights = a.iter().zip(b).zip(c.iter().zip(d));
                for (error, ((a, b), (c, d))) in errors.iter_mut().zip(weights) {
                    *error -= (values[0] * a + values[1] * b) + (values[2] * c + values[3] * d);
                }
            }
            for ((error, squared), absolute) in errors.iter().zip(&mut squared).zip(&mut absolute) {
                *squared += error * error;
                *absolute += error.abs();
            }
        }
        (squared, absolute)
    }
}
