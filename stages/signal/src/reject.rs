//! Artefacts in epochs: which limits the values of an epoch exceed.
//!
//! | reason | value v | exceeded where | source |
//! |---|---|---|---|
//! | missing | share of values that are missing | v > limit, or no value is there | |
//! | peak to peak | max x - min x | v > limit | as MNE's `reject` |
//! | absolute | max abs x | v > limit | |
//! | flat | max x - min x | v < limit | as MNE's `flat` |
//! | gradient | max abs (x_(i+1) - x_i) | v > limit | Delorme, Sejnowski & Makeig 2007 NeuroImage 34:1443 |
//! | variance | z of the log of the variance of this epoch among those of the channel | abs v > limit | Nolan, Whelan & Reilly 2010 J Neurosci Methods 192:152 (FASTER) |
//!
//! Values are those that are there ([`crate::missing`]); a step counts where both its values are. What too few values define
//! is undefined and exceeds nothing: peak to peak and absolute of none, the step of one.

use crate::missing::is_there;

/// In the unit of the values; what is `None` is not looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Largest share of missing values, 0 to 1.
    pub missing: f64,
    /// Largest difference of two values of an epoch.
    pub peak_to_peak: Option<f64>,
    /// Largest distance from 0.
    pub absolute: Option<f64>,
    /// Least difference of the largest and the smallest value.
    pub flat: Option<f64>,
    /// Largest step from one sample to the next.
    pub gradient: Option<f64>,
}

/// Why an epoch is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Too many values are missing.
    Missing,
    /// Its values differ by too much.
    PeakToPeak,
    /// A value is too far from 0.
    Absolute,
    /// Its values differ by too little.
    Flat,
    /// A step is too large.
    Gradient,
    /// Its variance differs too much from that of the channel's other epochs.
    Variance,
}

impl Reason {
    /// In snake case, as in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::PeakToPeak => "peak_to_peak",
            Self::Absolute => "absolute",
            Self::Flat => "flat",
            Self::Gradient => "gradient",
            Self::Variance => "variance",
        }
    }
}

/// A limit that is exceeded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Excess {
    /// Which one.
    pub reason: Reason,
    /// What the epoch has.
    pub value: f64,
    /// What is allowed.
    pub limit: f64,
}

/// All limits that an epoch exceeds, in the order of the table above.
pub fn exceeded(epoch: &[f64], limits: &Limits) -> Vec<Excess> {
    let (mut low, mut high, mut step, mut count) = (f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY, 0_usize);
    let mut before: Option<f64> = None;
    for value in epoch {
        let there = is_there(*value).then_some(*value);
        if let Some(value) = there {
            (low, high, count) = (low.min(value), high.max(value), count + 1);
            step = before.map_or(step, |before| step.max((value - before).abs()));
        }
        before = there;
    }
    let mut found = Vec::new();
    let mut note = |reason: Reason, value: f64, limit: f64| found.push(Excess { reason, value, limit });
    let missing = if epoch.is_empty() { 1.0 } else { (epoch.len() - count) as f64 / epoch.len() as f64 };
    if missing > limits.missing || count == 0 {
        note(Reason::Missing, missing, limits.missing);
    }
    if count == 0 {
        return found;
    }
    let (range, farthest) = (high - low, low.abs().max(high.abs()));
    let above = [
        (Reason::PeakToPeak, range, limits.peak_to_peak),
        (Reason::Absolute, farthest, limits.absolute),
        (Reason::Flat, range, limits.flat),
        (Reason::Gradient, step, limits.gradient),
    ];
    for (reason, value, limit) in above {
        let exceeds = |limit: f64| if reason == Reason::Flat { value < limit } else { value > limit };
        if let Some(limit) = limit.filter(|limit| exceeds(*limit)) {
            note(reason, value, limit);
        }
    }
    found
}

/// How the variance of each epoch of a channel lies among those of all: z of its logarithm, with mean and population standard
/// deviation of the logarithms. NaN without values, or where all variances are the same; minus infinity for an epoch that is
/// constant, which has no part in mean and deviation.
///
/// Of K epochs no z exceeds the root of K - 1 ([`largest_z`]).
pub fn variance_scores(epochs: &[&[f64]]) -> Vec<f64> {
    let logs: Vec<f64> = epochs.iter().map(|epoch| log_variance(epoch)).collect();
    let varied: Vec<f64> = logs.iter().copied().filter(|log| log.is_finite()).collect();
    let n = varied.len() as f64;
    let mean = varied.iter().sum::<f64>() / n;
    let sd = (varied.iter().map(|log| (log - mean) * (log - mean)).sum::<f64>() / n).sqrt();
    // Differences of rounding are none.
    let same = sd <= 1e-12 * mean.abs().max(1.0);
    let score = |log: &f64| match log {
        log if !log.is_finite() => *log,
        _ if same => f64::NAN,
        log => (log - mean) / sd,
    };
    logs.iter().map(score).collect()
}

/// The largest z that there can be among so many.
pub fn largest_z(count: usize) -> f64 {
    (count.saturating_sub(1) as f64).sqrt()
}

/// Natural logarithm of the population variance of what is there; minus infinity for constants, NaN for nothing.
fn log_variance(epoch: &[f64]) -> f64 {
    let there = || epoch.iter().copied().filter(|value| is_there(*value));
    let Some(first) = there().next() else {
        return f64::NAN;
    };
    let n = there().count() as f64;
    let mean = there().map(|value| value - first).sum::<f64>() / n;
    let deviation = |value: f64| value - first - mean;
    let largest = there().map(|value| deviation(value).abs()).fold(0.0, f64::max);
    if largest == 0.0 || there().all(|value| value == first) {
        return f64::NEG_INFINITY;
    }
    // Squares of these neither overflow nor vanish.
    let squares: f64 = there().map(|value| (deviation(value) / largest) * (deviation(value) / largest)).sum();
    (squares / n).ln() + 2.0 * largest.ln()
}

#[cfg(test)]
mod tests;
