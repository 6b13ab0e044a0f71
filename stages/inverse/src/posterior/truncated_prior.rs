//! Truncated proposals for sequential inference (Deistler, Goncalves, Macke 2022, NeurIPS, algorithm 1).
//!
//! For observed features x the next round draws from the prior, restricted to where the posterior of the last round has mass: p(theta) 1[ln q(theta | x) >= tau],
//! with tau the quantile of ln q at the level epsilon (1e-4) over draws of q. What is learned from all rounds together then stays an estimate of the posterior
//! under the prior, without weights.
//!
//! Draws of the prior are kept if they pass. Where fewer than one in a hundred does, they are draws of q instead, resampled by weights p / q (sampling
//! importance resampling): without replacement from [`OVERSAMPLING`] as many. For a posterior without density there is no tau.

use lapicque_numerics::random::StreamKey;
use ndarray::{Array2, Axis};

use super::summary::quantile;
use super::{Draws, Posterior};
use crate::{InverseError, JointPrior};

/// The level of the threshold.
pub const TRUNCATION: f64 = 1e-4;
/// Draws of the prior after which it is known whether enough of them pass.
const TRIED: usize = 20_000;
/// The part of draws of the prior that must pass.
const LEAST_PASSING: f64 = 0.01;
/// Draws of the posterior for each that is kept, where they are resampled.
const OVERSAMPLING: usize = 16;

/// Draws of a prior that is cut down to where a posterior has mass.
#[derive(Debug, Clone, PartialEq)]
pub struct TruncatedDraws {
    /// draws x targets.
    pub values: Array2<f64>,
    /// The part of the prior's draws that passed: about the part of the prior that is left.
    pub part_of_prior: f64,
    /// Whether they are resampled draws of the posterior, since too few of the prior passed.
    pub resampled: bool,
}

/// tau: all but a part `level` of `count` draws of the posterior for these features have a density of at least this (its logarithm).
///
/// # Errors
/// As [`Posterior::draw`]; a posterior that knows no density.
pub fn truncation_threshold(
    posterior: &dyn Posterior,
    features: &[f64],
    level: f64,
    count: usize,
    stream: StreamKey,
) -> Result<f64, InverseError> {
    let mut logs = posterior.draw(features, count, stream)?.log_density;
    if logs.is_empty() || logs.iter().any(|log| log.is_nan()) {
        return Err(InverseError::NoDensity);
    }
    logs.sort_unstable_by(f64::total_cmp);
    Ok(quantile(&logs, level))
}

/// `count` draws of the prior, restricted to where the density of the posterior for these features is at least exp(`threshold`). The work is bounded.
///
/// # Errors
/// As [`Posterior::draw`]; a posterior that knows no density.
pub fn draw_truncated(
    prior: &JointPrior,
    posterior: &dyn Posterior,
    features: &[f64],
    threshold: f64,
    count: usize,
    stream: StreamKey,
) -> Result<TruncatedDraws, InverseError> {
    const LOT: usize = 2000;
    let key = stream.derive("prior");
    let (mut kept, mut passed, mut tried) = (Vec::with_capacity(count * prior.targets().len()), 0usize, 0usize);
    while tried < TRIED || passed < count {
        if tried >= TRIED && (passed as f64) < LEAST_PASSING * tried as f64 {
            break;
        }
        let lot = prior.draw(LOT, &mut key.at((tried / LOT) as u64));
        let logs = posterior.log_density(features, lot.view())?;
        if logs.iter().any(|log| log.is_nan()) {
            return Err(InverseError::NoDensity);
        }
        for (row, _) in lot.rows().into_iter().zip(logs).filter(|(_, log)| *log >= threshold) {
            passed += 1;
            if passed <= count {
                kept.extend(row);
            }
        }
        tried += LOT;
    }
    let part_of_prior = passed as f64 / tried as f64;
    if passed >= count {
        let values = Array2::from_shape_vec((count, prior.targets().len()), kept);
        return values
            .map(|values| TruncatedDraws { values, part_of_prior, resampled: false })
            .map_err(|_| InverseError::Overflow);
    }
    let draws = posterior.draw(features, count * OVERSAMPLING, stream.derive("posterior"))?;
    let values = resampled(prior, &draws, threshold, count, &stream)?;
    Ok(TruncatedDraws { values, part_of_prior, resampled: true })
}

/// Without replacement, by weights p / q: the largest of ln w - ln(Exp(1)) are those that sequential draws take (Efraimidis, Spirakis 2006).
fn resampled(
    prior: &JointPrior,
    draws: &Draws,
    threshold: f64,
    count: usize,
    stream: &StreamKey,
) -> Result<Array2<f64>, InverseError> {
    let mut generator = stream.stream("resample", 0);
    let mut keyed: Vec<(f64, usize)> = Vec::new();
    for (row, (values, log)) in draws.values.rows().into_iter().zip(&draws.log_density).enumerate() {
        let luck = -(-generator.uniform_above_zero().ln()).max(f64::MIN_POSITIVE).ln();
        if *log >= threshold {
            keyed.push((prior.log_density(&values.to_vec()) - log + luck, row));
        }
    }
    if keyed.len() < count {
        return Err(InverseError::LittleMass { accepted: keyed.len(), proposed: draws.values.nrows(), least: count });
    }
    keyed.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let rows: Vec<usize> = keyed[..count].iter().map(|(_, row)| *row).collect();
    Ok(draws.values.select(Axis(0), &rows))
}

/// How far two sets of draws lie apart: the Wasserstein distance of each target's draws, in units of the second's standard deviation, averaged over targets.
/// 0 for equal ones; a shift of one standard deviation is 1. Two sets of n draws of one normal distribution are about 0.8 sqrt(2 / n) apart. NaN without draws
/// or where a target does not vary.
pub fn disagreement(first: &Draws, second: &Draws) -> f64 {
    let targets = second.values.ncols();
    let of_target = |target: usize| {
        let sorted = |draws: &Draws| {
            let mut column = draws.values.column(target).to_vec();
            column.sort_unstable_by(f64::total_cmp);
            column
        };
        let (a, b) = (sorted(first), sorted(second));
        let mean = b.iter().sum::<f64>() / b.len() as f64;
        let sd = (b.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / b.len() as f64).sqrt();
        wasserstein(&a, &b) / sd
    };
    (0..targets).map(of_target).sum::<f64>() / targets as f64
}

/// int_0^1 |Q_a(p) - Q_b(p)| dp of the step functions that are the quantiles of ascending values.
fn wasserstein(a: &[f64], b: &[f64]) -> f64 {
    if a.is_empty() || b.is_empty() {
        return f64::NAN;
    }
    let (mut i, mut j, mut from, mut sum) = (0, 0, 0.0, 0.0);
    while i < a.len() && j < b.len() {
        let (end_a, end_b) = ((i + 1) * b.len(), (j + 1) * a.len());
        let to = end_a.min(end_b) as f64 / (a.len() * b.len()) as f64;
        sum += (to - from) * (a[i] - b[j]).abs();
        from = to;
        i += usize::from(end_a <= end_b);
        j += usize::from(end_b <= end_a);
    }
    sum
}

#[cfg(test)]
mod tests;
