//! The posterior as the targets of the training rows whose features are nearest; [`crate::estimators::Abc`] has the equations.

use lapicque_numerics::random::StreamKey;
use ndarray::{Array2, ArrayView2};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Draws, Posterior, check_features, check_values};
use crate::small_matrix::{cholesky, solve};
use crate::{InverseError, JointPrior};

/// What is made of the nearest rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AbcMethod {
    /// Their targets as they are.
    Rejection,
    /// Their targets, moved along a linear fit to where the observed features are.
    Regression,
}

/// The training rows, and how near counts.
#[derive(Debug, Clone)]
pub(crate) struct NearestRows {
    pub(crate) features: Array2<f64>,
    pub(crate) targets: Array2<f64>,
    pub(crate) prior: JointPrior,
    pub(crate) method: AbcMethod,
    pub(crate) kept: usize,
    /// What differences of each feature are divided by; infinite for one that does not vary.
    scales: Vec<f64>,
}

/// Draws, and how much each counts.
struct Weighted {
    values: Array2<f64>,
    weights: Vec<f64>,
}

/// Added to the diagonal, relative to it, so that features that depend on each other share a coefficient.
const RIDGE: f64 = 1e-9;

impl NearestRows {
    pub(crate) fn new(
        features: Array2<f64>,
        targets: Array2<f64>,
        prior: JointPrior,
        method: AbcMethod,
        kept: usize,
    ) -> Self {
        let scales = features.columns().into_iter().map(|column| spread(column.to_vec())).collect();
        Self { features, targets, prior, method, kept, scales }
    }

    /// The nearest rows with their distances, nearest first.
    fn nearest(&self, observed: &[f64]) -> Vec<(f64, usize)> {
        let distance = |row: usize| {
            let parts = self.features.row(row).into_iter().zip(observed).zip(&self.scales);
            parts.map(|((value, observed), scale)| ((value - observed) / scale).powi(2)).sum::<f64>().sqrt()
        };
        let mut all: Vec<(f64, usize)> = (0..self.features.nrows()).map(|row| (distance(row), row)).collect();
        let order = |a: &(f64, usize), b: &(f64, usize)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        if self.kept < all.len() {
            all.select_nth_unstable_by(self.kept, order);
            all.truncate(self.kept);
        }
        all.sort_unstable_by(order);
        all
    }

    fn weighted(&self, observed: &[f64]) -> Weighted {
        let nearest = self.nearest(observed);
        let rows: Vec<usize> = nearest.iter().map(|(_, row)| *row).collect();
        let values = self.targets.select(ndarray::Axis(0), &rows);
        let farthest = nearest.last().map_or(0.0, |(distance, _)| *distance);
        let weight = |distance: f64| if farthest > 0.0 { 1.0 - (distance / farthest).powi(2) } else { 1.0 };
        let mut weights: Vec<f64> = nearest.iter().map(|(distance, _)| weight(*distance)).collect();
        // All equally far: none is nearer than another.
        if weights.iter().sum::<f64>() <= 0.0 {
            weights.fill(1.0);
        }
        match self.method {
            AbcMethod::Rejection => Weighted { values, weights: vec![1.0; rows.len()] },
            AbcMethod::Regression => Weighted { values: self.adjusted(observed, &rows, values, &weights), weights },
        }
    }

    /// Targets of rows, moved along the weighted linear fit to the observed features.
    fn adjusted(&self, observed: &[f64], rows: &[usize], values: Array2<f64>, weights: &[f64]) -> Array2<f64> {
        let columns = self.features.ncols();
        // 1 and the scaled differences to the observed features.
        let design = Array2::from_shape_fn((rows.len(), columns + 1), |(place, column)| match column.checked_sub(1) {
            None => 1.0,
            Some(feature) => (self.features[[rows[place], feature]] - observed[feature]) / self.scales[feature],
        });
        let mut gram = Array2::from_shape_fn((columns + 1, columns + 1), |(i, j)| {
            let terms = design.column(i).into_iter().zip(design.column(j)).zip(weights);
            terms.map(|((a, b), weight)| a * b * weight).sum::<f64>()
        });
        for i in 0..=columns {
            gram[[i, i]] += RIDGE * gram[[i, i]] + f64::MIN_POSITIVE.sqrt();
        }
        let Some(lower) = cholesky(&gram) else {
            return values;
        };
        // As many places inside as draws that stand on a bound would have.
        let farthest = super::density_posterior::FARTHEST;
        let mut z =
            self.prior.to_normal(values.view()).mapv(|z| if z.is_infinite() { farthest.copysign(z) } else { z });
        for mut target in z.columns_mut() {
            let right: Vec<f64> = (0..=columns)
                .map(|i| design.column(i).into_iter().zip(&target).zip(weights).map(|((a, b), w)| a * b * w).sum())
                .collect();
            let coefficients = solve(&lower, &right);
            for (slot, row) in target.iter_mut().zip(design.rows()) {
                *slot -= row.iter().zip(&coefficients).skip(1).map(|(value, b)| value * b).sum::<f64>();
            }
        }
        self.prior.from_normal(z.view())
    }
}

impl Posterior for NearestRows {
    fn draw(&self, features: &[f64], count: usize, stream: StreamKey) -> Result<Draws, InverseError> {
        check_features(features, self.features.ncols())?;
        let Weighted { values, weights } = self.weighted(features);
        let mut summed = 0.0;
        let passed: Vec<f64> = weights
            .iter()
            .map(|weight| {
                summed += weight;
                summed
            })
            .collect();
        let mut generator = stream.stream("row", 0);
        let rows: Vec<usize> = (0..count)
            .map(|_| {
                let wanted = summed * generator.uniform();
                passed.partition_point(|passed| *passed <= wanted).min(weights.len() - 1)
            })
            .collect();
        Ok(Draws { values: values.select(ndarray::Axis(0), &rows), log_density: vec![f64::NAN; count] })
    }

    fn prior(&self) -> &JointPrior {
        &self.prior
    }

    fn log_density(&self, features: &[f64], values: ArrayView2<'_, f64>) -> Result<Vec<f64>, InverseError> {
        check_features(features, self.features.ncols())?;
        check_values(values, self.targets.ncols())?;
        Ok(vec![f64::NAN; values.nrows()])
    }
}

/// 1.4826 times the median absolute deviation, which is the standard deviation of normal values; the standard deviation where it is 0.
fn spread(values: Vec<f64>) -> f64 {
    let median_of = |mut values: Vec<f64>| {
        values.sort_unstable_by(f64::total_cmp);
        super::summary::quantile(&values, 0.5)
    };
    let median = median_of(values.clone());
    let deviation = 1.4826 * median_of(values.iter().map(|value| (value - median).abs()).collect());
    if deviation > 0.0 {
        return deviation;
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let sd = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt();
    if sd > 0.0 { sd } else { f64::INFINITY }
}
