//! Correlograms: how many pairs of spikes there are at each lag, from one train to another.
//!
//! C(k) = number of pairs of a spike at t of the first and one at u of the second with u - t in the bin around k w, from
//! (k - 1/2) w to (k + 1/2) w. A lag on an edge counts half in both bins: bins are alike and C is symmetric where it should
//! be, also where a bin is an even number of time steps. An autocorrelogram has pairs of different spikes alone, so
//! its bin 0 is 0 but where several spikes fall into it.
//!
//! Work is linear in the spikes and in the pairs within the lags.
//!
//! Reference: Perkel DH, Gerstein GL & Moore GP (1967) Biophys J 7:391 and 419.

use super::train::{of_both, shared};
use super::{ON_EDGE, Train, TrainError, Weighted, above_zero};

/// Which lags: from -`most` to `most` bins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lags {
    /// Width of a bin (ms).
    pub bin_ms: f64,
    /// The largest lag, in bins.
    pub most: usize,
}

impl Lags {
    /// The largest lag that is allowed, in bins.
    pub const MOST: usize = 1 << 23;

    fn check(&self) -> Result<(), TrainError> {
        above_zero("bin_ms", self.bin_ms)?;
        if self.most > Self::MOST {
            return Err(TrainError::Bins { field: "most", found: self.most as f64, most: Self::MOST });
        }
        Ok(())
    }
}

/// Pairs of spikes at each lag, 2 most + 1 of them, from the most negative: above 0, `to` fires after `from`.
///
/// # Errors
/// Trains of other recordings, a bin that is not finite and above 0, too many lags.
pub fn cross_correlogram(from: &Train, to: &Train, lags: Lags) -> Result<Vec<f64>, TrainError> {
    of_both(from, to)?;
    cross_of_weighted(&Weighted::of(from), &Weighted::of(to), lags)
}

/// Pairs of different spikes of a train at each lag.
///
/// # Errors
/// A bin that is not finite and above 0, too many lags.
pub fn autocorrelogram(train: &Train, lags: Lags) -> Result<Vec<f64>, TrainError> {
    let spikes = Weighted::of(train);
    let mut counts = cross_of_weighted(&spikes, &spikes, lags)?;
    counts[lags.most] -= spikes.total();
    Ok(counts)
}

/// As [`cross_correlogram`], of trains together.
///
/// # Errors
/// A bin that is not finite and above 0, too many lags.
pub fn cross_of_weighted(from: &Weighted<'_>, to: &Weighted<'_>, lags: Lags) -> Result<Vec<f64>, TrainError> {
    lags.check()?;
    let mut counts = vec![0.0; 2 * lags.most + 1];
    let reach_ms = (lags.most as f64 + 0.5 + ON_EDGE) * lags.bin_ms;
    let mut first = 0;
    for (time, spikes) in from.times_ms.iter().zip(&*from.spikes) {
        first += to.times_ms[first..].partition_point(|other| *other < time - reach_ms);
        for place in first..to.times_ms.len() {
            let lag = to.times_ms[place] - time;
            if lag > reach_ms {
                break;
            }
            let pairs = spikes * to.spikes[place];
            // Bins from the most negative; whole numbers are edges.
            let position = lag / lags.bin_ms + lags.most as f64 + 0.5;
            let edge = position.round();
            if (position - edge).abs() > ON_EDGE {
                add(&mut counts, position.floor(), pairs);
            } else {
                add(&mut counts, edge - 1.0, 0.5 * pairs);
                add(&mut counts, edge, 0.5 * pairs);
            }
        }
    }
    Ok(counts)
}

/// Pairs of spikes of different trains of a population at each lag.
///
/// # Errors
/// Trains of other recordings, a bin that is not finite and above 0, too many lags.
pub fn of_different_trains(trains: &[Train], lags: Lags) -> Result<Vec<f64>, TrainError> {
    shared(trains)?;
    let together = Weighted::together(trains);
    let mut counts = cross_of_weighted(&together, &together, lags)?;
    for train in trains {
        let own = cross_correlogram(train, train, lags)?;
        counts.iter_mut().zip(own).for_each(|(count, own)| *count -= own);
    }
    Ok(counts)
}

/// Pairs as the mean rate of one neuron at a lag from a spike (Hz): over the spikes that lags count from, the neurons whose spikes
/// they count, and the width of a bin. NaN without either.
pub fn rates_hz(pairs: &[f64], spikes: f64, neurons: f64, bin_ms: f64) -> Vec<f64> {
    pairs.iter().map(|pairs| pairs / (spikes * neurons * bin_ms * 1e-3)).collect()
}

fn add(counts: &mut [f64], bin: f64, pairs: f64) {
    if let Some(count) = (bin >= 0.0).then(|| counts.get_mut(bin as usize)).flatten() {
        *count += pairs;
    }
}

#[cfg(test)]
mod tests {
    use super::super::Interval;
    use super::*;

    fn train(spikes_ms: &[f64]) -> Train {
        Train::new(spikes_ms.to_vec(), Interval::new(0.0, 100.0).unwrap()).unwrap()
    }

    const LAGS: Lags = Lags { bin_ms: 1.0, most: 2 };

    #[test]
    fn pairs_are_counted_at_their_lag() {
        let (a, b) = (train(&[10.0, 20.0, 20.0]), train(&[8.0, 11.0, 20.0, 22.5, 23.0]));
        // 10: -2, 1; 20, twice: 0, 2.5 (half of it in the last bin).
        assert_eq!(cross_correlogram(&a, &b, LAGS).unwrap(), [1.0, 0.0, 2.0, 1.0, 1.0]);
        let back = cross_correlogram(&b, &a, LAGS).unwrap();
        assert_eq!(back, [1.0, 1.0, 2.0, 0.0, 1.0]);
        assert_eq!(autocorrelogram(&a, LAGS).unwrap(), [0.0, 0.0, 2.0, 0.0, 0.0]);
        assert_eq!(autocorrelogram(&train(&[]), LAGS).unwrap(), [0.0; 5]);
        assert_eq!(cross_correlogram(&a, &a, Lags { most: 0, ..LAGS }).unwrap(), [5.0]);
    }

    #[test]
    fn bins_of_an_even_number_of_steps_are_alike() {
        // Every step of 0.1 ms has a spike: from the middle one, each lag once.
        let all: Vec<f64> = (1..1000).map(|step| f64::from(step) * 0.1).collect();
        let lags = Lags { bin_ms: 0.4, most: 3 };
        let counts = cross_correlogram(&train(&[50.0]), &train(&all), lags).unwrap();
        assert_eq!(counts, [4.0; 7]);
    }

    #[test]
    fn trains_together_have_the_pairs_of_all() {
        let trains = [train(&[10.0, 20.0]), train(&[11.0, 20.0]), train(&[9.0])];
        let together = Weighted::together(&trains);
        let mut due = vec![0.0; 5];
        for (a, b) in (0..3).flat_map(|a| (0..3).map(move |b| (a, b))) {
            let pairs = cross_correlogram(&trains[a], &trains[b], LAGS).unwrap();
            due.iter_mut().zip(pairs).for_each(|(due, pairs)| *due += pairs);
        }
        assert_eq!(cross_of_weighted(&together, &together, LAGS).unwrap(), due);
        for train in &trains {
            let own = cross_correlogram(train, train, LAGS).unwrap();
            due.iter_mut().zip(own).for_each(|(due, own)| *due -= own);
        }
        assert_eq!(of_different_trains(&trains, LAGS).unwrap(), due);
        assert_eq!(rates_hz(&[6.0], 3.0, 2.0, 1.0), [1000.0]);
    }

    #[test]
    fn settings_that_cannot_be_are_refused() {
        let one = train(&[1.0]);
        for bin_ms in [0.0, f64::NAN, f64::INFINITY, -1.0] {
            assert!(autocorrelogram(&one, Lags { bin_ms, most: 1 }).is_err());
        }
        assert!(matches!(autocorrelogram(&one, Lags { bin_ms: 1.0, most: usize::MAX }), Err(TrainError::Bins { .. })));
        let longer = Train::new(vec![], Interval::new(0.0, 200.0).unwrap()).unwrap();
        assert!(matches!(cross_correlogram(&one, &longer, LAGS), Err(TrainError::OtherRecording { .. })));
    }
}
