//! Bursts of a whole series: how many, how long, and what their cycles are like.

use super::Cycle;

/// Means over the cycles in bursts; NaN where there are none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Cycles in all.
    pub cycles: usize,
    /// Bursts: cycles in bursts one after the other.
    pub bursts: usize,
    /// Part of the samples that lie in bursts; NaN for an empty series.
    pub fraction: f64,
    /// Mean length of a burst in samples.
    pub burst: f64,
    /// Mean period in samples.
    pub period: f64,
    /// Mean amplitude, in the unit of the series.
    pub amplitude: f64,
    /// Mean rise-decay symmetry.
    pub rise_decay_symmetry: f64,
    /// Mean peak-trough symmetry; cycles without one are left out.
    pub peak_trough_symmetry: f64,
}

/// Of the cycles of a series of `len` samples.
pub fn summary(cycles: &[Cycle], len: usize) -> Summary {
    let runs: Vec<&[Cycle]> = cycles.chunk_by(|a, b| a.in_burst == b.in_burst).filter(|run| run[0].in_burst).collect();
    let in_bursts: Vec<&Cycle> = cycles.iter().filter(|cycle| cycle.in_burst).collect();
    let samples: usize = in_bursts.iter().map(|cycle| cycle.period()).sum();
    let mean = |of: fn(&Cycle) -> f64| {
        let values: Vec<f64> = in_bursts.iter().map(|cycle| of(cycle)).filter(|value| !value.is_nan()).collect();
        values.iter().sum::<f64>() / values.len() as f64
    };
    Summary {
        cycles: cycles.len(),
        bursts: runs.len(),
        fraction: samples as f64 / len as f64,
        burst: samples as f64 / runs.len() as f64,
        period: mean(|cycle| cycle.period() as f64),
        amplitude: mean(|cycle| cycle.amplitude),
        rise_decay_symmetry: mean(|cycle| cycle.rise_decay_symmetry),
        peak_trough_symmetry: mean(|cycle| cycle.peak_trough_symmetry),
    }
}
