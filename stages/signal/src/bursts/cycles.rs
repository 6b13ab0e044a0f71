//! Features of cycles, and which of them are in bursts.

use super::band_filter::{filtered, tap_count, taps};
use super::landmarks::{Landmarks, landmarks};
use super::{BurstError, Center, Method};

/// One cycle; places are indices of samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cycle {
    /// The extremum where it begins.
    pub start: usize,
    /// The opposite extremum.
    pub center: usize,
    /// The extremum where it ends and the next begins.
    pub end: usize,
    /// From peak to trough, mean of both flanks, in the unit of the series.
    pub amplitude: f64,
    /// Part of the cycle that rises.
    pub rise_decay_symmetry: f64,
    /// Part of the cycle about the peak.
    pub peak_trough_symmetry: f64,
    /// Rank of the amplitude, over the number of cycles.
    pub amplitude_fraction: f64,
    /// How alike flanks are; NaN for the first and the last cycle.
    pub amplitude_consistency: f64,
    /// How alike periods are; NaN for the first and the last cycle.
    pub period_consistency: f64,
    /// Part of steps that go the way of their flank.
    pub monotonicity: f64,
    /// Whether it is part of a burst.
    pub in_burst: bool,
}

impl Cycle {
    /// In samples.
    pub fn period(&self) -> usize {
        self.end - self.start
    }
}

/// Samples that the filter is long; a series of no more has no cycles.
///
/// # Errors
/// As [`cycles`].
pub fn filter_samples(rate_hz: f64, method: &Method) -> Result<f64, BurstError> {
    tap_count(method, rate_hz)
}

/// All cycles of a series, sampled at `rate_hz`.
///
/// # Errors
/// A band that is not within 0 Hz and half of the rate, a rate or a length of the filter that is none.
pub fn cycles(series: &[f64], rate_hz: f64, method: &Method) -> Result<Vec<Cycle>, BurstError> {
    let count = tap_count(method, rate_hz)?;
    if series.len() as f64 <= count {
        return Ok(Vec::new());
    }
    let taps = taps(method, rate_hz)?;
    if series.iter().any(|x| !x.is_finite()) || series.iter().all(|x| *x == series[0]) {
        return Ok(Vec::new());
    }
    let mean = series.iter().sum::<f64>() / series.len() as f64;
    let sign = if method.center == Center::Trough { -1.0 } else { 1.0 };
    let series: Vec<f64> = series.iter().map(|x| sign * (x - mean)).collect();
    let margin = taps.len().div_ceil(2);
    let found = landmarks(&series, &filtered(&series, &taps, margin), margin);
    let mut cycles = shapes(&series, &found);
    set_amplitude_fractions(&mut cycles);
    set_consistencies(&series, &mut cycles);
    set_bursts(&mut cycles, method);
    if method.center == Center::Trough {
        for cycle in &mut cycles {
            cycle.rise_decay_symmetry = 1.0 - cycle.rise_decay_symmetry;
            cycle.peak_trough_symmetry = 1.0 - cycle.peak_trough_symmetry;
        }
    }
    Ok(cycles)
}

fn shapes(series: &[f64], found: &Landmarks) -> Vec<Cycle> {
    let Landmarks { peaks, troughs, rises, decays } = found;
    let shape = |i: usize| {
        let (start, center, end) = (troughs[i], peaks[i + 1], troughs[i + 1]);
        let (of_peak, of_trough) = (decays[i + 1] as f64 - rises[i] as f64, rises[i] as f64 - decays[i] as f64);
        let (rise, decay) = (&series[start..=center], &series[center..=end]);
        Cycle {
            start,
            center,
            end,
            amplitude: ((series[center] - series[end]) + (series[center] - series[start])) / 2.0,
            rise_decay_symmetry: (center - start) as f64 / (end - start) as f64,
            peak_trough_symmetry: of_peak / (of_peak + of_trough),
            amplitude_fraction: f64::NAN,
            amplitude_consistency: f64::NAN,
            period_consistency: f64::NAN,
            monotonicity: (part(rise, |step| step > 0.0) + part(decay, |step| step < 0.0)) / 2.0,
            in_burst: false,
        }
    };
    (0..rises.len()).map(shape).collect()
}

fn part(flank: &[f64], goes: impl Fn(f64) -> bool) -> f64 {
    let steps = flank.windows(2).filter(|pair| goes(pair[1] - pair[0])).count();
    steps as f64 / (flank.len() - 1) as f64
}

fn set_amplitude_fractions(cycles: &mut [Cycle]) {
    let mut amplitudes: Vec<f64> = cycles.iter().map(|cycle| cycle.amplitude).collect();
    amplitudes.sort_unstable_by(f64::total_cmp);
    for cycle in &mut *cycles {
        let less = amplitudes.partition_point(|a| *a < cycle.amplitude);
        let up_to = amplitudes.partition_point(|a| *a <= cycle.amplitude);
        // Ranks less + 1 to up_to.
        cycle.amplitude_fraction = (less + 1 + up_to) as f64 / 2.0 / amplitudes.len() as f64;
    }
}

fn set_consistencies(series: &[f64], cycles: &mut [Cycle]) {
    let flanks: Vec<(f64, f64, f64)> = cycles
        .iter()
        .map(|c| (series[c.center] - series[c.start], series[c.center] - series[c.end], c.period() as f64))
        .collect();
    for (cycle, neighbours) in cycles.iter_mut().skip(1).zip(flanks.windows(3)) {
        let [(_, decay_before, before), (rise, decay, period), (rise_after, _, after)] =
            [neighbours[0], neighbours[1], neighbours[2]];
        let ratios = [alike(rise, decay), alike(rise, decay_before), alike(rise_after, decay)];
        // f64::min leaves NaN out: 0 / 0 of a flank without height.
        cycle.amplitude_consistency = ratios.into_iter().fold(f64::NAN, f64::min);
        if cycle.amplitude_consistency < 0.0 {
            cycle.amplitude_consistency = 0.0;
        }
        cycle.period_consistency = alike(period, before).min(alike(period, after));
    }
}

fn alike(a: f64, b: f64) -> f64 {
    a.min(b) / a.max(b)
}

fn set_bursts(cycles: &mut [Cycle], method: &Method) {
    for cycle in &mut *cycles {
        cycle.in_burst = cycle.amplitude_fraction > method.amplitude_fraction
            && cycle.amplitude_consistency > method.amplitude_consistency
            && cycle.period_consistency > method.period_consistency
            && cycle.monotonicity > method.monotonicity;
    }
    for run in cycles.chunk_by_mut(|a, b| a.in_burst == b.in_burst) {
        if run.len() < method.fewest_cycles {
            run.iter_mut().for_each(|cycle| cycle.in_burst = false);
        }
    }
}
