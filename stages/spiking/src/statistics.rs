//! What the spikes of a population look like: rates, regularity, variability and correlation.
//!
//! All take a [`Recording`] and the index of a population. What is undefined (no neurons, too few
//! spikes, bins that do not fit, an index beyond the last population) is NaN, never zero. Variances
//! are those of the sample itself (divided by n), as in Hagen et al. (2022). Spikes between the
//! start and the end of the recording count, both included.
//!
//! Reference for CV, Fano factor and correlation: Grün & Rotter (eds, 2010) Analysis of Parallel
//! Spike Trains, chapters 1-3.

use crate::Recording;

/// Mean rate over neurons, spikes/s.
pub fn rate_hz(recording: &Recording, population: usize) -> f64 {
    recording.populations.get(population).map_or(f64::NAN, |summary| summary.rate_hz)
}

/// Standard deviation of the rate over neurons, spikes/s.
pub fn rate_sd_hz(recording: &Recording, population: usize) -> f64 {
    let Some(summary) = recording.populations.get(population) else {
        return f64::NAN;
    };
    let seconds = (summary.t_stop_ms - summary.t_start_ms) * 1e-3;
    let counts = spike_counts(recording, population);
    variance(counts.iter().map(|&count| f64::from(count))).sqrt() / seconds
}

/// Coefficient of variation of the interspike intervals, sd/mean per neuron; the mean over neurons
/// with at least `fewest_intervals` (and at least two) of them.
///
/// The variance of the n intervals is divided by n - 1: with about ten intervals per neuron the
/// other estimate is 5 % too small.
pub fn interval_cv(recording: &Recording, population: usize, fewest_intervals: usize) -> f64 {
    let cvs: Vec<f64> = trains(recording, population)
        .iter()
        .filter(|train| train.len() > fewest_intervals.max(2))
        .map(|train| {
            let intervals = || train.windows(2).map(|pair| f64::from(pair[1] - pair[0]));
            let n = (train.len() - 1) as f64;
            (variance(intervals()) * n / (n - 1.0)).sqrt() / mean(intervals())
        })
        .collect();
    mean(cvs.iter().copied())
}

/// Fano factor: variance over mean of the number of spikes of the whole population in bins of
/// `bin_ms`.
///
/// Bins are `[t_start + i w, t_start + (i + 1) w)`, as many as fit; the end of the last is part of
/// it.
pub fn fano_factor(recording: &Recording, population: usize, bin_ms: f64) -> f64 {
    let counts = population_counts(recording, population, bin_ms);
    variance(counts.iter().copied()) / mean(counts.iter().copied())
}

/// Mean over pairs of neurons of the correlation coefficient of their spike counts in bins of
/// `bin_ms`, of neurons whose count varies.
///
/// With standardised counts z of n neurons the mean over pairs is `(<(sum z)^2> - n)/(n (n - 1))`:
/// no pair is ever looked at.
pub fn mean_count_correlation(recording: &Recording, population: usize, bin_ms: f64) -> f64 {
    let Some(bins) = Bins::new(recording, population, bin_ms) else {
        return f64::NAN;
    };
    let (mut n, mut offset) = (0.0, 0.0);
    let mut sums = vec![0.0; bins.count];
    for train in trains(recording, population) {
        let mut counts: Vec<(usize, f64)> = Vec::new();
        for bin in train.iter().filter_map(|&step| bins.of(step)) {
            match counts.last_mut() {
                Some((last, count)) if *last == bin => *count += 1.0,
                _ => counts.push((bin, 1.0)),
            }
        }
        let of_bins = bins.count as f64;
        let mean = counts.iter().map(|(_, count)| count).sum::<f64>() / of_bins;
        let sd = (counts.iter().map(|(_, count)| count * count).sum::<f64>() / of_bins - mean * mean).max(0.0).sqrt();
        if sd > 0.0 {
            n += 1.0;
            offset += mean / sd;
            counts.iter().for_each(|&(bin, count)| sums[bin] += count / sd);
        }
    }
    let square = mean(sums.iter().map(|sum| (sum - offset).powi(2)));
    if n < 2.0 { f64::NAN } else { (square - n) / (n * (n - 1.0)) }
}

/// The number of spikes of the whole population in each bin of [`fano_factor`]; none if no bin
/// fits.
pub fn population_counts(recording: &Recording, population: usize, bin_ms: f64) -> Vec<f64> {
    let Some(bins) = Bins::new(recording, population, bin_ms) else {
        return Vec::new();
    };
    let mut counts = vec![0.0; bins.count];
    for bin in recording.spikes_of(population).1.iter().filter_map(|&step| bins.of(step)) {
        counts[bin] += 1.0;
    }
    counts
}

/// The number of spikes of each neuron.
pub fn spike_counts(recording: &Recording, population: usize) -> Vec<u32> {
    let size = recording.populations.get(population).map_or(0, |summary| summary.size);
    let mut counts = vec![0; size as usize];
    for &neuron in recording.spikes_of(population).0 {
        counts[neuron as usize] += 1;
    }
    counts
}

/// Steps of the spikes of each neuron, ascending.
fn trains(recording: &Recording, population: usize) -> Vec<Vec<u32>> {
    let mut trains: Vec<Vec<u32>> =
        spike_counts(recording, population).iter().map(|&n| Vec::with_capacity(n as usize)).collect();
    let (neurons, steps) = recording.spikes_of(population);
    for (&neuron, &step) in neurons.iter().zip(steps) {
        trains[neuron as usize].push(step);
    }
    trains
}

struct Bins {
    t_start_ms: f64,
    time_step_ms: f64,
    width_ms: f64,
    count: usize,
}

impl Bins {
    fn new(recording: &Recording, population: usize, width_ms: f64) -> Option<Self> {
        let summary = recording.populations.get(population)?;
        // A duration of 9.999999999 bins is meant to be ten.
        let count = ((summary.t_stop_ms - summary.t_start_ms) / width_ms * (1.0 + 1e-12)).floor();
        (width_ms > 0.0 && (1.0..1e9).contains(&count)).then_some(Self {
            t_start_ms: summary.t_start_ms,
            time_step_ms: recording.time_step_ms,
            width_ms,
            count: count as usize,
        })
    }

    fn of(&self, step: u32) -> Option<usize> {
        let position = (f64::from(step) * self.time_step_ms - self.t_start_ms) / self.width_ms;
        // Times on an edge belong to the bin that begins there, also after rounding.
        let bin = (position * (1.0 + 1e-12)).floor() as usize;
        if bin == self.count && position <= self.count as f64 * (1.0 + 1e-12) {
            Some(bin - 1)
        } else {
            (bin < self.count).then_some(bin)
        }
    }
}

/// NaN of nothing.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut n) = (0.0, 0.0);
    values.for_each(|value| {
        sum += value;
        n += 1.0;
    });
    sum / n
}

fn variance(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let m = mean(values.clone());
    mean(values.map(|value| (value - m).powi(2)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::population::Spike;

    /// One population of three neurons at steps of 0.1 ms.
    fn recording(spikes: &[(u32, u32)], start_ms: f64, stop_ms: f64) -> Recording {
        let mut spikes: Vec<Spike> = spikes.iter().map(|&(neuron, step)| Spike { step, neuron }).collect();
        spikes.sort_unstable();
        Recording::new(0.1, (start_ms, stop_ms), vec![("E".into(), 3, spikes)])
    }

    #[test]
    fn by_hand() {
        let recording = recording(&[(0, 10), (0, 20), (0, 50), (1, 20), (1, 30), (2, 100)], 0.0, 10.0);
        assert_eq!(rate_hz(&recording, 0), 200.0);
        assert_eq!(spike_counts(&recording, 0), [3, 2, 1]);
        assert!((rate_sd_hz(&recording, 0) - (2f64 / 3.0).sqrt() * 100.0).abs() < 1e-12);
        // Intervals 10 and 30: sd sqrt(200) of mean 20; a single interval has no spread.
        for fewest in [0, 1, 2] {
            assert!((interval_cv(&recording, 0, fewest) - 0.5f64.sqrt()).abs() < 1e-15);
        }
        assert!(interval_cv(&recording, 0, 3).is_nan());
        // Bins of 1 ms: a spike on an edge is of the bin it begins, but at the end of the last.
        let counts = population_counts(&recording, 0, 1.0);
        assert_eq!(counts, [0.0, 1.0, 2.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
        assert!((fano_factor(&recording, 0, 1.0) - (0.8 - 0.36) / 0.6).abs() < 1e-12);
    }

    #[test]
    fn bins_that_do_not_fill_the_time_leave_the_rest_out() {
        let recording = recording(&[(0, 10), (0, 30), (0, 31), (1, 39)], 0.0, 4.0);
        assert_eq!(population_counts(&recording, 0, 1.5), [1.0, 1.0]);
        assert_eq!(population_counts(&recording, 0, 4.0), [4.0]);
    }

    #[test]
    fn correlation_is_the_mean_over_pairs() {
        let spikes =
            [(0, 5), (0, 15), (0, 16), (0, 45), (1, 7), (1, 18), (1, 70), (2, 3), (2, 33), (2, 47), (2, 48), (2, 90)];
        let recording = recording(&spikes, 0.0, 10.0);
        let mut counts = [[0.0; 10]; 3];
        spikes.iter().for_each(|&(neuron, step)| counts[neuron as usize][(step / 10) as usize] += 1.0);
        let mut expected = 0.0;
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            let (ma, mb) = (mean(counts[a].iter().copied()), mean(counts[b].iter().copied()));
            let covariance = mean((0..10).map(|i| (counts[a][i] - ma) * (counts[b][i] - mb)));
            let sd = |row: &[f64; 10]| variance(row.iter().copied()).sqrt();
            expected += covariance / (sd(&counts[a]) * sd(&counts[b])) / 3.0;
        }
        assert!((mean_count_correlation(&recording, 0, 1.0) - expected).abs() < 1e-12);
    }

    #[test]
    fn the_undefined_is_nan() {
        let silent = recording(&[], 0.0, 10.0);
        assert_eq!(rate_hz(&silent, 0), 0.0);
        assert_eq!(rate_sd_hz(&silent, 0), 0.0);
        assert!(interval_cv(&silent, 0, 4).is_nan());
        assert!(fano_factor(&silent, 0, 1.0).is_nan());
        assert!(mean_count_correlation(&silent, 0, 1.0).is_nan());
        let one = recording(&[(1, 5)], 0.0, 10.0);
        assert!(interval_cv(&one, 0, 0).is_nan());
        assert!(mean_count_correlation(&one, 0, 1.0).is_nan());
        for bin in [0.0, -1.0, f64::NAN, 11.0, f64::INFINITY] {
            assert!(fano_factor(&one, 0, bin).is_nan(), "{bin}");
        }
        for undefined in [rate_hz(&one, 7), rate_sd_hz(&one, 7), interval_cv(&one, 7, 4), fano_factor(&one, 7, 1.0)] {
            assert!(undefined.is_nan());
        }
    }
}
