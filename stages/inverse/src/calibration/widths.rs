//! How wide posteriors are, beside their errors and beside the prior.

use ndarray::{Array2, ArrayView1};

use super::Cases;
use crate::small_matrix::covariance;
use crate::{Draws, JointPrior, Prior};

/// Errors and widths of one target over samples (Betancourt 2018, arXiv:1803.08393).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Widths {
    /// Mean of (posterior mean - true value) / posterior s.d.: 0 of a right posterior. NaN where a posterior has no width.
    pub z_mean: f64,
    /// Standard deviation of the same: about 1 of a right posterior.
    pub z_sd: f64,
    /// 1 - mean posterior variance / prior variance: 0 where features tell nothing of the target, 1 where they tell all.
    pub contraction: f64,
    /// Mass next to the bounds of the prior, over all samples; none where it has no two bounds.
    pub edge: Option<EdgeMass>,
}

/// The part of draws next to the bounds of a prior, and the part that the prior has there. Many more draws than that say that the true value may lie beyond.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EdgeMass {
    /// Next to the lower bound.
    pub low: Edge,
    /// Next to the upper bound.
    pub high: Edge,
}

/// Next to one bound: within 1 % of the width of the prior.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edge {
    /// The part of the draws.
    pub posterior: f64,
    /// The part of the prior.
    pub prior: f64,
}

/// How near to a bound counts, as a part of the distance between bounds.
const NEAR: f64 = 0.01;

/// Of one target.
pub fn widths(cases: &Cases, target: usize, prior: &JointPrior) -> Widths {
    let prior = &prior.targets()[target];
    let count = cases.draws.len() as f64;
    let moments: Vec<(f64, f64)> =
        cases.draws.iter().map(|draws| mean_and_variance(draws.values.column(target))).collect();
    let z: Vec<f64> = moments
        .iter()
        .zip(cases.truth.column(target))
        .map(|((mean, variance), truth)| (mean - truth) / variance.sqrt())
        .collect();
    let z_mean = z.iter().sum::<f64>() / count;
    let z_sd = (z.iter().map(|z| (z - z_mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0)).sqrt();
    let variance = moments.iter().map(|(_, variance)| variance).sum::<f64>() / count;
    let all = cases.draws.iter().map(|draws| draws.values.column(target));
    Widths {
        z_mean: if z_mean.is_finite() { z_mean } else { f64::NAN },
        z_sd: if z_sd.is_finite() { z_sd } else { f64::NAN },
        contraction: 1.0 - variance / prior.sd().powi(2),
        edge: edge_of(prior, all.flat_map(|column| column.to_vec())),
    }
}

/// Of each target, for the draws of one posterior.
pub fn edge_mass(draws: &Draws, prior: &JointPrior) -> Vec<Option<EdgeMass>> {
    let columns = draws.values.columns();
    prior.targets().iter().zip(columns).map(|(prior, column)| edge_of(prior, column.iter().copied())).collect()
}

fn edge_of(prior: &Prior, values: impl Iterator<Item = f64>) -> Option<EdgeMass> {
    let (low, high) = prior.support();
    if !(low.is_finite() && high.is_finite()) {
        return None;
    }
    let (near_low, near_high) = (low + NEAR * (high - low), high - NEAR * (high - low));
    let (mut at_low, mut at_high, mut count) = (0usize, 0usize, 0usize);
    for value in values {
        at_low += usize::from(value <= near_low);
        at_high += usize::from(value >= near_high);
        count += 1;
    }
    let part = |at: usize| at as f64 / count as f64;
    Some(EdgeMass {
        low: Edge { posterior: part(at_low), prior: prior.cdf(near_low) },
        high: Edge { posterior: part(at_high), prior: 1.0 - prior.cdf(near_high) },
    })
}

/// Correlations of the draws of each sample, averaged over samples; NaN where a target does not vary within one.
pub fn correlations(cases: &Cases) -> Array2<f64> {
    let targets = cases.truth.ncols();
    let mut sum = Array2::zeros((targets, targets));
    for draws in &cases.draws {
        let (_, spread) = covariance(draws.values.view());
        sum += &Array2::from_shape_fn((targets, targets), |(i, j)| {
            if i == j { 1.0 } else { spread[[i, j]] / (spread[[i, i]] * spread[[j, j]]).sqrt() }
        });
    }
    sum / cases.draws.len() as f64
}

fn mean_and_variance(values: ArrayView1<'_, f64>) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.sum() / count;
    (mean, values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0))
}
