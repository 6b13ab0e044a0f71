//! Spikes counted in bins.
//!
//! Bins are (t_0 + i w, t_0 + (i + 1) w], as many as fit into the recording; a spike at its very start belongs to the first.
//! What is left behind the last bin is not counted. Counts are kept only where there are some.
//!
//! | measure | equation | undefined (NaN) |
//! |---|---|---|
//! | Fano factor | variance of counts / their mean | fewer than 2 bins, no spikes |
//! | correlation | Pearson's, of the counts of two trains | fewer than 2 bins, a count that does not vary |
//!
//! Variances are divided by the number of bins.
//!
//! Reference: Grün & Rotter (eds, 2010) Analysis of Parallel Spike Trains, chapters 1-3.

use super::train::{of_both, shared};
use super::{Interval, ON_EDGE, Train, TrainError, above_zero};

/// Equal bins on a recording.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bins {
    start_ms: f64,
    width_ms: f64,
    count: usize,
}

impl Bins {
    /// The most bins that may be.
    pub const MOST: usize = 1 << 31;

    /// As many bins of `width_ms` as fit.
    ///
    /// # Errors
    /// A width that is not finite and above 0, or too many bins.
    pub fn new(recorded: Interval, width_ms: f64) -> Result<Self, TrainError> {
        above_zero("width_ms", width_ms)?;
        let found = (recorded.duration_ms() / width_ms + ON_EDGE).floor();
        if found > Self::MOST as f64 {
            return Err(TrainError::Bins { field: "width_ms", found, most: Self::MOST });
        }
        Ok(Self { start_ms: recorded.start_ms(), width_ms, count: found as usize })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The bin of a time.
    pub fn of(&self, time_ms: f64) -> Option<usize> {
        let position = (time_ms - self.start_ms) / self.width_ms;
        let bin = ((position - ON_EDGE).ceil() - 1.0).max(0.0) as usize;
        (position >= -ON_EDGE && bin < self.count).then_some(bin)
    }

    /// The bins that have spikes, in order, and how many.
    pub fn counts(&self, train: &Train) -> Vec<(usize, f64)> {
        let mut counts: Vec<(usize, f64)> = Vec::new();
        for bin in train.spikes_ms().iter().filter_map(|&time| self.of(time)) {
            match counts.last_mut() {
                Some((last, count)) if *last == bin => *count += 1.0,
                _ => counts.push((bin, 1.0)),
            }
        }
        counts
    }

    /// The rate of these trains together in every bin (Hz): their counts over the width of a bin.
    ///
    /// # Errors
    /// More bins than [`Self::MOST_DENSE`].
    pub fn rates_hz(&self, trains: &[Train]) -> Result<Vec<f64>, TrainError> {
        if self.count > Self::MOST_DENSE {
            return Err(TrainError::Bins { field: "width_ms", found: self.count as f64, most: Self::MOST_DENSE });
        }
        let mut rates = vec![0.0; self.count];
        for time in trains.iter().flat_map(Train::spikes_ms) {
            if let Some(rate) = self.of(*time).and_then(|bin| rates.get_mut(bin)) {
                *rate += 1e3 / self.width_ms;
            }
        }
        Ok(rates)
    }

    /// The most bins of [`Self::rates_hz`]: a gigabyte.
    pub const MOST_DENSE: usize = 1 << 27;
}

/// Variance over mean of the counts in bins of `width_ms`.
///
/// # Errors
/// A width that is not finite and above 0, or too many bins.
pub fn fano_factor(train: &Train, width_ms: f64) -> Result<f64, TrainError> {
    let bins = Bins::new(train.recorded(), width_ms)?;
    let Moments { sum, scaled_variance } = Moments::of(&bins.counts(train), bins.count);
    let n = bins.count as f64;
    // (n sum c^2 - (sum c)^2) / n^2 over (sum c) / n; whole numbers, so a count that does not vary gives 0 exactly.
    Ok(if bins.count < 2 { f64::NAN } else { scaled_variance / (n * sum) })
}

/// Correlation coefficient of the counts of two trains in bins of `width_ms`; work is linear in their spikes.
///
/// # Errors
/// Trains of other recordings, a width that is not finite and above 0, or too many bins.
pub fn count_correlation(a: &Train, b: &Train, width_ms: f64) -> Result<f64, TrainError> {
    let bins = Bins::new(of_both(a, b)?, width_ms)?;
    let (a, b) = (bins.counts(a), bins.counts(b));
    let mut products = 0.0;
    let mut others = b.iter().peekable();
    for (bin, count) in &a {
        while others.next_if(|(other, _)| other < bin).is_some() {}
        if let Some((_, other)) = others.next_if(|(other, _)| other == bin) {
            products += count * other;
        }
    }
    let (of_a, of_b) = (Moments::of(&a, bins.count), Moments::of(&b, bins.count));
    let covariance = bins.count as f64 * products - of_a.sum * of_b.sum;
    Ok(covariance / (of_a.scaled_variance.sqrt() * of_b.scaled_variance.sqrt()))
}

/// Mean over pairs of trains whose counts vary of the correlation of their counts in bins of `width_ms`.
///
/// With standardised counts z of n trains it is (m - n) / (n (n - 1)), m the mean over bins of (sum z)^2: no pair is looked at.
///
/// # Errors
/// As [`count_correlation`].
pub fn mean_count_correlation(trains: &[Train], width_ms: f64) -> Result<f64, TrainError> {
    let Some(recorded) = shared(trains)? else { return Ok(f64::NAN) };
    let bins = Bins::new(recorded, width_ms)?;
    let of_bins = bins.count as f64;
    let (mut n, mut offset) = (0.0, 0.0);
    let mut standardised: Vec<(usize, f64)> = Vec::new();
    for train in trains {
        let counts = bins.counts(train);
        let Moments { sum, scaled_variance } = Moments::of(&counts, bins.count);
        if scaled_variance > 0.0 {
            let sd = scaled_variance.sqrt() / of_bins;
            n += 1.0;
            offset += sum / of_bins / sd;
            standardised.extend(counts.into_iter().map(|(bin, count)| (bin, count / sd)));
        }
    }
    if n < 2.0 {
        return Ok(f64::NAN);
    }
    // Stable: sums do not depend on the way of sorting.
    standardised.sort_by_key(|(bin, _)| *bin);
    let (mut squares, mut filled) = (0.0, 0.0);
    for of_bin in standardised.chunk_by(|a, b| a.0 == b.0) {
        squares += (of_bin.iter().map(|(_, z)| z).sum::<f64>() - offset).powi(2);
        filled += 1.0;
    }
    squares += (of_bins - filled) * offset * offset;
    Ok((squares / of_bins - n) / (n * (n - 1.0)))
}

struct Moments {
    sum: f64,
    /// n sum c^2 - (sum c)^2: the variance times n^2.
    scaled_variance: f64,
}

impl Moments {
    fn of(counts: &[(usize, f64)], bins: usize) -> Self {
        let sum: f64 = counts.iter().map(|(_, count)| count).sum();
        let squares: f64 = counts.iter().map(|(_, count)| count * count).sum();
        Self { sum, scaled_variance: (bins as f64 * squares - sum * sum).max(0.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn train(spikes_ms: &[f64], stop_ms: f64) -> Train {
        Train::new(spikes_ms.to_vec(), Interval::new(0.0, stop_ms).unwrap()).unwrap()
    }

    #[test]
    fn an_edge_belongs_to_the_bin_that_ends_there() {
        let spikes = train(&[0.0, 0.5, 1.0, 1.0, 1.1, 3.0, 3.4], 3.5);
        let bins = Bins::new(spikes.recorded(), 1.0).unwrap();
        assert_eq!((bins.count(), bins.counts(&spikes)), (3, vec![(0, 4.0), (1, 1.0), (2, 1.0)]));
        // Steps of 0.1 ms, whose products are not exact.
        let steps: Vec<f64> = (1..=100).map(|step| f64::from(step) * 0.1).collect();
        let bins = Bins::new(Interval::new(0.0, 10.0).unwrap(), 0.5).unwrap();
        assert_eq!(bins.counts(&train(&steps, 10.0)), (0..20).map(|bin| (bin, 5.0)).collect::<Vec<_>>());
        let rates = bins.rates_hz(&[train(&steps, 10.0), train(&[0.2, 9.0, 9.9], 10.0)]).unwrap();
        assert_eq!((rates[0], rates[1], rates[17], rates[19]), (12_000.0, 10_000.0, 12_000.0, 12_000.0));
        let long = Interval::new(0.0, 1e9).unwrap();
        assert!(matches!(Bins::new(long, 1.0).unwrap().rates_hz(&[]), Err(TrainError::Bins { .. })));
    }

    #[test]
    fn counts_that_do_not_vary_have_no_correlation() {
        let regular = train(&[0.5, 1.5, 2.5], 3.0);
        let other = train(&[0.5, 0.6], 3.0);
        assert_eq!(fano_factor(&regular, 1.0), Ok(0.0));
        assert!(count_correlation(&regular, &other, 1.0).unwrap().is_nan());
        assert!((count_correlation(&other, &other, 1.0).unwrap() - 1.0).abs() < 1e-15);
        assert!((fano_factor(&other, 1.0).unwrap() - (4.0 / 3.0 - 4.0 / 9.0) / (2.0 / 3.0)).abs() < 1e-15);
        let silent = train(&[], 3.0);
        assert!(fano_factor(&silent, 1.0).unwrap().is_nan() && fano_factor(&other, 2.0).unwrap().is_nan());
        assert!(count_correlation(&silent, &silent, 1.0).unwrap().is_nan());
        assert!(mean_count_correlation(&[silent, regular], 1.0).unwrap().is_nan());
        assert!(mean_count_correlation(&[], 1.0).unwrap().is_nan());
        assert!(matches!(fano_factor(&other, 1e-12), Err(TrainError::Bins { .. })));
        for width in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(fano_factor(&other, width), Err(TrainError::Setting { .. })));
        }
    }

    #[test]
    fn the_mean_over_pairs_is_that_of_all_pairs() {
        let trains = [
            train(&[0.5, 1.5, 1.6, 4.5], 10.0),
            train(&[0.7, 1.8, 7.0], 10.0),
            train(&[0.3, 3.3, 4.7, 4.8, 9.0], 10.0),
            train(&[], 10.0),
        ];
        let of = |a: usize, b: usize| count_correlation(&trains[a], &trains[b], 1.0).unwrap();
        let due = (of(0, 1) + of(0, 2) + of(1, 2)) / 3.0;
        assert!((mean_count_correlation(&trains, 1.0).unwrap() - due).abs() < 1e-14);
    }
}
