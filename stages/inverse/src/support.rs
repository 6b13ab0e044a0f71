//! How far features lie from those a model was trained on: what no posterior knows of itself.
//!
//! - Mahalanobis: sqrt(z^T R^-1 z) with z_j = (x_j - mean_j) / sd_j and the training correlations R, shrunk towards 1 by lambda, where lambda = sum_(i != j) var(r_ij)
//!   / sum_(i != j) r_ij^2 (Schaefer, Strimmer 2005, Stat Appl Genet Mol Biol 4:32, table 1 "target D" with unit variances), from [`LEAST_SHRINKAGE`] to 1. R is then never
//!   singular, also with fewer rows than features; where two features were always equal, a row in which they differ is far away.
//! - Nearest neighbour: the least Euclidean distance of z to a training row (of at most [`MOST_ROWS`], drawn at random).
//! - Each feature's quantile among the training rows.
//!
//! Distances are told with the part of training rows that are nearer: for neighbours these are distances of each kept row to the others.

use lapicque_numerics::random::StreamKey;
use ndarray::{Array2, ArrayView2, Axis};

use crate::InverseError;
use crate::posterior::quantile;
use crate::small_matrix::{cholesky, solve_lower};

/// The training features, as far as distances to them need.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingSupport {
    means: Vec<f64>,
    /// Standard deviations; 1 for a feature that does not vary.
    scales: Vec<f64>,
    /// L with L L^T the shrunk correlations.
    lower: Array2<f64>,
    /// Standardized training rows, or as many as are kept.
    rows: Array2<f64>,
    /// Quantiles at equal steps from 0 to 1 of the distances of training rows.
    mahalanobis: Vec<f64>,
    neighbour: Vec<f64>,
    /// features x the same of each.
    features: Array2<f64>,
}

/// How far one row of features lies from the training rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Distance {
    /// In standard deviations, as the training features vary together.
    pub mahalanobis: f64,
    /// The part of training rows that are nearer to the middle.
    pub mahalanobis_quantile: f64,
    /// To the nearest training row, in standard deviations of single features.
    pub neighbour: f64,
    /// The part of training rows that have a nearer neighbour.
    pub neighbour_quantile: f64,
    /// For each feature the part of training rows with a smaller value.
    pub feature_quantiles: Vec<f64>,
}

/// The least weight of the identity in the shrunk correlations.
pub const LEAST_SHRINKAGE: f64 = 1e-6;
/// Rows that are kept to look for neighbours among.
pub const MOST_ROWS: usize = 2000;
/// Steps between quantiles that are kept.
const STEPS: usize = 200;

impl TrainingSupport {
    /// Of the rows of features that a fit saw; `stream` draws those that are kept.
    ///
    /// # Errors
    /// Fewer than 2 rows, no feature, or a value that is not finite.
    pub fn of(features: ArrayView2<'_, f64>, stream: StreamKey) -> Result<Self, InverseError> {
        let (count, columns) = features.dim();
        if count < 2 || columns == 0 {
            return Err(InverseError::Shape {
                what: "training features",
                found: format!("{count} rows of {columns} features"),
                expected: "at least 2 rows of at least 1 feature".to_owned(),
            });
        }
        if let Some(((_, feature), &value)) = features.indexed_iter().find(|(_, value)| !value.is_finite()) {
            return Err(InverseError::FeatureNotFinite { feature, value });
        }
        let means: Vec<f64> = features.columns().into_iter().map(|column| column.sum() / count as f64).collect();
        let sd = |(column, mean): (ndarray::ArrayView1<'_, f64>, &f64)| {
            let squares: f64 = column.iter().map(|value| (value - mean).powi(2)).sum();
            let sd = (squares / (count - 1) as f64).sqrt();
            if sd > 0.0 && sd.is_finite() { sd } else { 1.0 }
        };
        let scales: Vec<f64> = features.columns().into_iter().zip(&means).map(sd).collect();
        let z = Array2::from_shape_fn((count, columns), |(row, c)| (features[[row, c]] - means[c]) / scales[c]);
        let lower = cholesky(&shrunk_correlations(&z)).ok_or(InverseError::Overflow)?;
        let mahalanobis = z.rows().into_iter().map(|row| length(&solve_lower(&lower, &row.to_vec()))).collect();
        let rows = if count <= MOST_ROWS {
            z
        } else {
            let mut kept = stream.stream("kept rows", 0).permutation(count);
            kept.truncate(MOST_ROWS);
            kept.sort_unstable();
            z.select(Axis(0), &kept)
        };
        let neighbour = (0..rows.nrows()).map(|row| nearest(&rows, &rows.row(row).to_vec(), Some(row))).collect();
        let quantiles: Vec<f64> = features.columns().into_iter().flat_map(|column| ladder(column.to_vec())).collect();
        let features = Array2::from_shape_vec((columns, STEPS + 1), quantiles).map_err(|_| InverseError::Overflow)?;
        Ok(Self {
            means,
            scales,
            lower,
            rows,
            mahalanobis: ladder(mahalanobis),
            neighbour: ladder(neighbour),
            features,
        })
    }

    /// Of one row of features, as the fit saw them; NaN all over where one is not finite or missing.
    pub fn distance(&self, features: &[f64]) -> Distance {
        if features.len() != self.means.len() || features.iter().any(|value| !value.is_finite()) {
            return Distance {
                mahalanobis: f64::NAN,
                mahalanobis_quantile: f64::NAN,
                neighbour: f64::NAN,
                neighbour_quantile: f64::NAN,
                feature_quantiles: vec![f64::NAN; self.means.len()],
            };
        }
        let parts = features.iter().zip(&self.means).zip(&self.scales);
        let z: Vec<f64> = parts.map(|((value, mean), scale)| (value - mean) / scale).collect();
        let mahalanobis = length(&solve_lower(&self.lower, &z));
        let neighbour = nearest(&self.rows, &z, None);
        let quantiles = self.features.rows().into_iter().zip(features);
        Distance {
            mahalanobis,
            mahalanobis_quantile: part_below(&self.mahalanobis, mahalanobis),
            neighbour,
            neighbour_quantile: part_below(&self.neighbour, neighbour),
            feature_quantiles: quantiles.map(|(ladder, value)| part_below(&ladder.to_vec(), *value)).collect(),
        }
    }
}

/// Of standardized rows.
fn shrunk_correlations(z: &Array2<f64>) -> Array2<f64> {
    let (count, columns) = z.dim();
    let n = count as f64;
    let mut correlations: Array2<f64> = Array2::eye(columns);
    let (mut variances, mut squares) = (0.0, 0.0);
    for i in 0..columns {
        for j in 0..i {
            let products: Vec<f64> = z.column(i).iter().zip(z.column(j)).map(|(a, b)| a * b).collect();
            let mean = products.iter().sum::<f64>() / n;
            let spread: f64 = products.iter().map(|product| (product - mean).powi(2)).sum();
            let r = (mean * n / (n - 1.0)).clamp(-1.0, 1.0);
            variances += spread * n / (n - 1.0).powi(3);
            squares += r * r;
            correlations[[i, j]] = r;
            correlations[[j, i]] = r;
        }
    }
    let shrinkage = if squares > 0.0 { (variances / squares).clamp(LEAST_SHRINKAGE, 1.0) } else { LEAST_SHRINKAGE };
    correlations.mapv_inplace(|r| r * (1.0 - shrinkage));
    correlations.diag_mut().fill(1.0);
    correlations
}

fn length(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

/// The least distance to a row, but for one.
fn nearest(rows: &Array2<f64>, z: &[f64], except: Option<usize>) -> f64 {
    let distance = |row: ndarray::ArrayView1<'_, f64>| row.iter().zip(z).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
    let others = rows.rows().into_iter().enumerate().filter(|(row, _)| Some(*row) != except);
    others.map(|(_, row)| distance(row)).fold(f64::INFINITY, f64::min).sqrt()
}

/// Quantiles at equal steps from 0 to 1.
fn ladder(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_unstable_by(f64::total_cmp);
    (0..=STEPS).map(|step| quantile(&values, step as f64 / STEPS as f64)).collect()
}

/// Where a value stands between quantiles; in the middle of those that are equal to it.
fn part_below(ladder: &[f64], value: f64) -> f64 {
    let below = ladder.partition_point(|step| *step < value);
    let up_to = ladder.partition_point(|step| *step <= value);
    let steps = (ladder.len() - 1) as f64;
    if up_to > below {
        return (below + up_to - 1) as f64 / 2.0 / steps;
    }
    if below == 0 || below == ladder.len() {
        return if below == 0 { 0.0 } else { 1.0 };
    }
    let (low, high) = (ladder[below - 1], ladder[below]);
    ((below - 1) as f64 + (value - low) / (high - low)) / steps
}

#[cfg(test)]
mod tests;
