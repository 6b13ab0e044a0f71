//! Which features a prediction rests on, and which features follow which parameters.
//!
//! - Permutation importance (Breiman 2001, Mach Learn 45:5; Fisher, Rudin, Dominici 2019): the drop of R^2 of a target when the values of a feature are exchanged between
//!   held-out rows. Of two features that say the same, neither seems important; features that vary together are exchanged together, as one group.
//! - Sensitivity of feature x to parameter theta_j: the standardized regression coefficient b_j sd(theta_j) / sd(x) of a linear fit to all parameters, with the R^2 of
//!   that fit; and the first-order index Var(E[x | theta_j]) / Var(x) (Saltelli et al. 2008, eq. 1.25) from bins of equal numbers of rows, corrected for their number: 1 - (n - 1) / (n - bins) SS_within / SS_total.
//!   Both take parameters to vary independently of each other.

use lapicque_numerics::random::StreamKey;
use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
use rayon::prelude::*;

use crate::small_matrix::{cholesky, covariance, solve};
use crate::{FitContext, InverseError};

/// What a group of features is worth for one target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Importance {
    /// Of the groups that were given, from 0.
    pub group: usize,
    /// From 0.
    pub target: usize,
    /// Mean drop of R^2 over the repeats; NaN for a target that does not vary.
    pub mean: f64,
    /// Its standard deviation over the repeats (divisor n - 1).
    pub sd: f64,
}

/// For each group of features and each target, in this order. `predict` gives rows x targets; rows without a finite prediction are left out.
///
/// # Errors
/// Unequal numbers of rows, fewer than 2 rows with a prediction, a group that is empty or names a feature that is not there, no repeat;
/// [`InverseError::Cancelled`].
pub fn permutation_importance(
    predict: &(dyn Fn(ArrayView2<'_, f64>) -> Array2<f64> + Sync),
    (features, targets): (ArrayView2<'_, f64>, ArrayView2<'_, f64>),
    groups: &[Vec<usize>],
    repeats: usize,
    stream: StreamKey,
    context: &FitContext<'_>,
) -> Result<Vec<Importance>, InverseError> {
    let refuse =
        |what, found: String, expected: &str| Err(InverseError::Shape { what, found, expected: expected.to_owned() });
    if features.nrows() != targets.nrows() {
        return refuse("targets", format!("{} rows", targets.nrows()), "as many as features");
    }
    if groups.iter().any(|group| group.is_empty() || group.iter().any(|&feature| feature >= features.ncols())) {
        let found = "a group that is empty, or names a feature that is not there".to_owned();
        return refuse("groups of features", found, "positions of features, at least one in each");
    }
    if repeats == 0 {
        return refuse("permutation importance", "0 repeats".to_owned(), "at least 1");
    }
    let all = predict(features);
    let known: Vec<usize> =
        (0..features.nrows()).filter(|&row| all.row(row).iter().all(|value| value.is_finite())).collect();
    if known.len() < 2 {
        return refuse("permutation importance", format!("{} rows with a prediction", known.len()), "at least 2");
    }
    let features = features.select(Axis(0), &known);
    let targets = targets.select(Axis(0), &known);
    let base = r2_of(targets.view(), all.select(Axis(0), &known).view());
    let one = |job: usize| -> Result<Vec<f64>, InverseError> {
        context.look()?;
        let (group, repeat) = (job / repeats, job % repeats);
        let order = stream.derive(&format!("group {group}")).at(repeat as u64).permutation(features.nrows());
        let mut exchanged = features.clone();
        for &feature in &groups[group] {
            for (row, &from) in order.iter().enumerate() {
                exchanged[[row, feature]] = features[[from, feature]];
            }
        }
        let r2 = r2_of(targets.view(), predict(exchanged.view()).view());
        (context.progress)(1.0 / (groups.len() * repeats) as f64);
        Ok(base.iter().zip(r2).map(|(base, r2)| base - r2).collect())
    };
    let drops: Vec<Result<Vec<f64>, InverseError>> =
        context.on_threads(|| (0..groups.len() * repeats).into_par_iter().map(one).collect());
    let drops = drops.into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut found = Vec::new();
    for (group, of_group) in drops.chunks(repeats).enumerate() {
        for target in 0..targets.ncols() {
            let mean = of_group.iter().map(|drops| drops[target]).sum::<f64>() / repeats as f64;
            let squares: f64 = of_group.iter().map(|drops| (drops[target] - mean).powi(2)).sum();
            let sd = (squares / repeats.saturating_sub(1).max(1) as f64).sqrt();
            found.push(Importance { group, target, mean, sd });
        }
    }
    Ok(found)
}

/// Groups of features whose rank correlation (Spearman's, its absolute value) is at least the threshold with some other feature of the group; in the order of their
/// first features. A feature that does not vary is alone.
pub fn correlated_groups(features: ArrayView2<'_, f64>, threshold: f64) -> Vec<Vec<usize>> {
    let columns: Vec<Vec<f64>> = features.columns().into_iter().map(ranks).collect();
    let mut group_of: Vec<usize> = (0..columns.len()).collect();
    for i in 0..columns.len() {
        for j in 0..i {
            let (from, to) = (group_of[i].max(group_of[j]), group_of[i].min(group_of[j]));
            if from != to && correlation(&columns[i], &columns[j]).abs() >= threshold {
                group_of.iter_mut().filter(|group| **group == from).for_each(|group| *group = to);
            }
        }
    }
    let groups = (0..columns.len())
        .map(|group| (0..columns.len()).filter(|&feature| group_of[feature] == group).collect::<Vec<usize>>());
    groups.filter(|group| !group.is_empty()).collect()
}

/// How a feature follows a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sensitivity {
    /// From 0.
    pub feature: usize,
    /// From 0.
    pub parameter: usize,
    /// Standardized regression coefficient; NaN where a linear fit is not determined or either does not vary.
    pub coefficient: f64,
    /// Part of the variance of the feature that the parameter explains by itself; may come out slightly below 0. NaN where either does not vary.
    pub first_order: f64,
    /// R^2 of the linear fit to all parameters: near 1, squared coefficients are first-order indices.
    pub linear_r2: f64,
}

/// Of each feature to each parameter, from samples (rows x parameters, rows x features).
///
/// # Errors
/// Unequal numbers of rows, fewer than 20, or values that are not finite.
pub fn sensitivity(
    parameters: ArrayView2<'_, f64>,
    features: ArrayView2<'_, f64>,
) -> Result<Vec<Sensitivity>, InverseError> {
    let rows = parameters.nrows();
    if rows != features.nrows() || rows < 20 {
        return Err(InverseError::Shape {
            what: "samples for sensitivity",
            found: format!("{rows} rows of parameters and {} of features", features.nrows()),
            expected: "equally many, at least 20".to_owned(),
        });
    }
    if let Some(((_, feature), &value)) = features.indexed_iter().find(|(_, value)| !value.is_finite()) {
        return Err(InverseError::FeatureNotFinite { feature, value });
    }
    if let Some(((row, target), &value)) = parameters.indexed_iter().find(|(_, value)| !value.is_finite()) {
        let name = format!("number {target}");
        return Err(InverseError::NotFinite { role: "parameter", name, row, value });
    }
    let both = ndarray::concatenate(Axis(1), &[parameters, features]).map_err(|_| InverseError::Overflow)?;
    let (_, spread) = covariance(both.view());
    let count = parameters.ncols();
    let sd = |column: usize| spread[[column, column]].sqrt();
    let varying: Vec<usize> = (0..count).filter(|&parameter| sd(parameter) > 0.0).collect();
    let correlation = |i: usize, j: usize| spread[[i, j]] / (sd(i) * sd(j));
    let among = Array2::from_shape_fn((varying.len(), varying.len()), |(i, j)| correlation(varying[i], varying[j]));
    // Less of a parameter left unexplained by the others is rounding.
    let lower = cholesky(&among).filter(|lower| lower.diag().iter().all(|diagonal| diagonal * diagonal > 1e-10));
    let mut found = Vec::new();
    for feature in 0..features.ncols() {
        let column = count + feature;
        let with: Vec<f64> = varying.iter().map(|&parameter| correlation(parameter, column)).collect();
        let solved = lower.as_ref().filter(|_| sd(column) > 0.0).map(|lower| solve(lower, &with));
        let r2 = solved.as_ref().map_or(f64::NAN, |b| b.iter().zip(&with).map(|(b, r)| b * r).sum());
        for parameter in 0..count {
            let place = varying.iter().position(|&varying| varying == parameter);
            found.push(Sensitivity {
                feature,
                parameter,
                coefficient: solved.as_ref().zip(place).map_or(f64::NAN, |(solved, place)| solved[place]),
                first_order: first_order(parameters.column(parameter), features.column(feature)),
                linear_r2: r2,
            });
        }
    }
    Ok(found)
}

fn first_order(parameter: ArrayView1<'_, f64>, feature: ArrayView1<'_, f64>) -> f64 {
    let rows = parameter.len();
    let mut order: Vec<usize> = (0..rows).collect();
    order.sort_by(|&a, &b| parameter[a].total_cmp(&parameter[b]));
    let bins = (rows / 20).clamp(2, 40);
    // Equal values of the parameter stay in one bin, that of the first of them.
    let mut bin_of = vec![0; rows];
    let mut last = None;
    for (place, &row) in order.iter().enumerate() {
        let own = place * bins / rows;
        let bin = match last {
            Some((value, bin)) if value == parameter[row] => bin,
            _ => own,
        };
        bin_of[row] = bin;
        last = Some((parameter[row], bin));
    }
    let mean = feature.sum() / rows as f64;
    let total: f64 = feature.iter().map(|value| (value - mean).powi(2)).sum();
    let (mut sums, mut counts) = (vec![0.0; bins], vec![0.0; bins]);
    for (value, &bin) in feature.iter().zip(&bin_of) {
        sums[bin] += value;
        counts[bin] += 1.0;
    }
    let filled = counts.iter().filter(|count| **count > 0.0).count();
    if filled < 2 || filled >= rows || total <= 0.0 {
        return f64::NAN;
    }
    let within: f64 = feature.iter().zip(&bin_of).map(|(value, &bin)| (value - sums[bin] / counts[bin]).powi(2)).sum();
    1.0 - (rows - 1) as f64 / (rows - filled) as f64 * within / total
}

fn r2_of(truth: ArrayView2<'_, f64>, predicted: ArrayView2<'_, f64>) -> Vec<f64> {
    let of_column = |(truth, predicted): (ArrayView1<'_, f64>, ArrayView1<'_, f64>)| {
        let mean = truth.sum() / truth.len() as f64;
        let total: f64 = truth.iter().map(|value| (value - mean).powi(2)).sum();
        let error: f64 = truth.iter().zip(predicted).map(|(a, b)| (a - b).powi(2)).sum();
        if total > 0.0 { 1.0 - error / total } else { f64::NAN }
    };
    truth.columns().into_iter().zip(predicted.columns()).map(of_column).collect()
}

/// Ranks, equal values sharing theirs.
fn ranks(column: ArrayView1<'_, f64>) -> Vec<f64> {
    let mut order: Vec<usize> = (0..column.len()).collect();
    order.sort_by(|&a, &b| column[a].total_cmp(&column[b]));
    let mut ranks = vec![0.0; column.len()];
    for equal in order.chunk_by(|&a, &b| column[a] == column[b]) {
        let before = order.partition_point(|&row| column[row].total_cmp(&column[equal[0]]).is_lt());
        equal.iter().for_each(|&row| ranks[row] = before as f64 + (equal.len() - 1) as f64 / 2.0);
    }
    ranks
}

/// NaN where either does not vary.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let sum =
        |x: &[f64], mx: f64, y: &[f64], my: f64| -> f64 { x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum() };
    sum(a, mean_a, b, mean_b) / (sum(a, mean_a, a, mean_a) * sum(b, mean_b, b, mean_b)).sqrt()
}

#[cfg(test)]
mod tests;
