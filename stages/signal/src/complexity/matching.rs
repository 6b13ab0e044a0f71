//! Entropies of how often stretches that match go on to match: sample, approximate and multiscale entropy.

use super::templates::{Matches, Stopped, matches};
use super::variance::{all_finite, finite, of_rounding, variance};

/// What it is for stretches to match.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Matching {
    /// Values of a template, m: 1 to [`super::LONGEST_TEMPLATE`].
    pub order: usize,
    /// Largest difference of matching values, as a part of the population standard deviation of the series.
    pub tolerance: f64,
}

impl Default for Matching {
    fn default() -> Self {
        Matching { order: 2, tolerance: 0.2 }
    }
}

/// Minus the logarithm of the part of matches that go on to match, natural.
///
/// # Errors
/// `stop` said so.
pub fn sample_entropy(series: &[f64], matching: Matching, stop: &dyn Fn() -> bool) -> Result<f64, Stopped> {
    Ok(sample_and_approximate_entropy(series, matching, stop)?.0)
}

/// As the sample entropy, but from logarithms of each template's matches, itself included.
///
/// # Errors
/// `stop` said so.
pub fn approximate_entropy(series: &[f64], matching: Matching, stop: &dyn Fn() -> bool) -> Result<f64, Stopped> {
    Ok(sample_and_approximate_entropy(series, matching, stop)?.1)
}

/// Both in the time of one.
///
/// # Errors
/// `stop` said so.
pub fn sample_and_approximate_entropy(
    series: &[f64],
    matching: Matching,
    stop: &dyn Fn() -> bool,
) -> Result<(f64, f64), Stopped> {
    let Some(tolerance) = tolerance(series, matching) else {
        return Ok((f64::NAN, f64::NAN));
    };
    let found = matches(series, matching.order, tolerance, stop)?;
    Ok(found.map_or((f64::NAN, f64::NAN), |found| (sample(&found), approximate(&found))))
}

/// Sample entropies of means of s values side by side, s = 1 .. `scales`; the tolerance is that of the series itself.
///
/// # Errors
/// `stop` said so.
pub fn multiscale_entropy(
    series: &[f64],
    matching: Matching,
    scales: usize,
    stop: &dyn Fn() -> bool,
) -> Result<Vec<f64>, Stopped> {
    let Some(tolerance) = tolerance(series, matching) else {
        return Ok(vec![f64::NAN; scales]);
    };
    let at_scale = |scale: usize| {
        let mean = |values: &[f64]| values.iter().sum::<f64>() / scale as f64;
        let coarse: Vec<f64> = series.chunks_exact(scale).map(mean).collect();
        let found = matches(&coarse, matching.order, tolerance, stop)?;
        Ok(found.map_or(f64::NAN, |found| sample(&found)))
    };
    (1..=scales).map(at_scale).collect()
}

/// In the unit of the series; `None` where it is undefined, as for a constant.
fn tolerance(series: &[f64], matching: Matching) -> Option<f64> {
    if !all_finite(series) {
        return None;
    }
    let variance = variance(series.len(), of_rounding(series), |i| series[i]);
    let tolerance = matching.tolerance * variance.sqrt();
    (variance > 0.0 && tolerance >= 0.0 && tolerance.is_finite()).then_some(tolerance)
}

fn sample(matches: &Matches) -> f64 {
    let others = |counts: &[u64]| counts.iter().map(|count| count - 1).sum::<u64>();
    // The last template cannot go on: its pairs do not count, of which each of the others has counted one half.
    let Some((last, first)) = matches.of_order.split_last() else {
        return f64::NAN;
    };
    let of_order = others(first) - (last - 1);
    // Infinite where none goes on, 0 / 0 where none matches.
    finite(-(others(&matches.of_next) as f64 / of_order as f64).ln()) + 0.0
}

fn approximate(matches: &Matches) -> f64 {
    let phi = |counts: &[u64]| {
        let count = counts.len() as f64;
        counts.iter().map(|&matching| (matching as f64 / count).ln()).sum::<f64>() / count
    };
    finite(phi(&matches.of_order) - phi(&matches.of_next))
}
