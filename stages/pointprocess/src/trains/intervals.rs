//! The intervals between the events of a train.
//!
//! Of n intervals I_1 ... I_n (ms), in their order:
//!
//! | measure | equation | undefined (NaN) |
//! |---|---|---|
//! | mean | m = sum I_i / n | n < 1 |
//! | CV | sqrt(sum (I_i - m)^2 / n) / m | n < 2 |
//! | CV2 | 2 / (n - 1) sum abs(I_(i+1) - I_i) / (I_i + I_(i+1)) | n < 2 |
//! | LV | 3 / (n - 1) sum ((I_i - I_(i+1)) / (I_i + I_(i+1)))^2 | n < 2 |
//! | LvR | 3 / (n - 1) sum (1 - 4 I_i I_(i+1) / (I_i + I_(i+1))^2) (1 + 4 R / (I_i + I_(i+1))) | n < 2 |
//!
//! All but the mean are 1 (LvR about 1) for a Poisson process and 0 for a regular train (LvR too). R, 5 ms by default, is the
//! refractory period that LvR corrects for.
//!
//! The **burst index** is that of Royer et al. (2012): of an autocorrelogram with bins of 1 ms, a is the largest count of lags
//! from 1 to 10 ms and b the mean count of lags from 40 to 50 ms; the index is (a - b) / a where a > b, else (a - b) / b:
//! from -1 (no short intervals) to 1 (all in bursts). NaN where both are 0.
//!
//! References: Holt GR et al. (1996) J Neurophysiol 75:1806 (CV2); Shinomoto S et al. (2003) Neural Comput 15:2823 (LV);
//! Shinomoto S et al. (2009) PLoS Comput Biol 5:e1000433 (LvR); Royer S et al. (2012) Nat Neurosci 15:769 (burst index).

use super::correlogram::{Lags, autocorrelogram};
use super::{ON_EDGE, Train, TrainError, above_zero};

/// The times between neighbouring events (ms), all above 0.
pub fn intervals_ms(train: &Train) -> Vec<f64> {
    train.events_ms().windows(2).map(|pair| pair[1] - pair[0]).collect()
}

/// Their mean (ms).
pub fn mean_ms(intervals_ms: &[f64]) -> f64 {
    intervals_ms.iter().sum::<f64>() / intervals_ms.len() as f64
}

/// Coefficient of variation.
pub fn cv(intervals_ms: &[f64]) -> f64 {
    if intervals_ms.len() < 2 {
        return f64::NAN;
    }
    let mean = mean_ms(intervals_ms);
    let squares: f64 = intervals_ms.iter().map(|interval| (interval - mean).powi(2)).sum();
    (squares / intervals_ms.len() as f64).sqrt() / mean
}

/// CV2: variation of neighbours.
pub fn cv2(intervals_ms: &[f64]) -> f64 {
    2.0 * of_neighbours(intervals_ms, |a, b| (b - a).abs() / (a + b))
}

/// LV: local variation.
pub fn lv(intervals_ms: &[f64]) -> f64 {
    3.0 * of_neighbours(intervals_ms, |a, b| ((a - b) / (a + b)).powi(2))
}

/// LvR: local variation, revised for a refractory period (ms).
///
/// # Errors
/// A refractory period that is negative or not finite.
pub fn lvr(intervals_ms: &[f64], refractory_ms: f64) -> Result<f64, TrainError> {
    if !(refractory_ms >= 0.0 && refractory_ms.is_finite()) {
        let allowed = "a finite time from 0 ms on is due";
        return Err(TrainError::Setting { field: "refractory_ms", found: refractory_ms, allowed });
    }
    // 1 - 4 a b / (a + b)^2 is the square of (a - b) / (a + b), without the difference of what is nearly equal.
    let one = |a: f64, b: f64| ((a - b) / (a + b)).powi(2) * (1.0 + 4.0 * refractory_ms / (a + b));
    Ok(3.0 * of_neighbours(intervals_ms, one))
}

/// The mean over neighbours.
fn of_neighbours(intervals_ms: &[f64], one: impl Fn(f64, f64) -> f64) -> f64 {
    let sum: f64 = intervals_ms.windows(2).map(|pair| one(pair[0], pair[1])).sum();
    let pairs = intervals_ms.len().saturating_sub(1);
    if pairs == 0 { f64::NAN } else { sum / pairs as f64 }
}

/// How many intervals fall into each bin (k w, (k + 1) w], k = 0 ... `bins` - 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram {
    /// Of each bin.
    pub counts: Vec<u64>,
    /// Longer than the last bin.
    pub longer: u64,
}

impl Histogram {
    /// Without intervals.
    ///
    /// # Errors
    /// More bins than [`Self::MOST_BINS`].
    pub fn new(bins: usize) -> Result<Self, TrainError> {
        if bins > Self::MOST_BINS {
            return Err(TrainError::Bins { field: "bins", found: bins as f64, most: Self::MOST_BINS });
        }
        Ok(Self { counts: vec![0; bins], longer: 0 })
    }

    /// The most bins that one may have.
    pub const MOST_BINS: usize = 1 << 24;

    /// Counts these as well, in bins of `bin_ms`.
    ///
    /// # Errors
    /// A bin that is not finite and above 0.
    pub fn add(&mut self, intervals_ms: &[f64], bin_ms: f64) -> Result<(), TrainError> {
        above_zero("bin_ms", bin_ms)?;
        for interval in intervals_ms {
            let bin = ((interval / bin_ms - ON_EDGE).ceil() - 1.0).max(0.0) as usize;
            match self.counts.get_mut(bin) {
                Some(count) => *count += 1,
                None => self.longer += 1,
            }
        }
        Ok(())
    }

    /// Probability density of each bin (1/ms), of all intervals, also the longer ones; NaN without any.
    pub fn density_per_ms(&self, bin_ms: f64) -> Vec<f64> {
        let all = (self.counts.iter().sum::<u64>() + self.longer) as f64;
        self.counts.iter().map(|&count| count as f64 / (all * bin_ms)).collect()
    }
}

/// The burst index of Royer et al.
pub fn burst_index(train: &Train) -> f64 {
    const LAGS: Lags = Lags { bin_ms: 1.0, most: 50 };
    let Ok(counts) = autocorrelogram(train, LAGS) else { return f64::NAN };
    // Lag 0 is in the middle.
    let at = |from: usize, to: usize| &counts[50 + from..=50 + to];
    let peak = at(1, 10).iter().copied().fold(0.0, f64::max);
    let baseline = at(40, 50).iter().sum::<f64>() / 11.0;
    // 0 / 0 is NaN.
    (peak - baseline) / peak.max(baseline)
}

#[cfg(test)]
mod tests {
    use super::super::Interval;
    use super::*;

    fn train(spikes_ms: &[f64]) -> Train {
        Train::new(spikes_ms.to_vec(), Interval::new(0.0, 1000.0).unwrap()).unwrap()
    }

    #[test]
    fn several_spikes_at_one_time_are_one_event() {
        assert_eq!(intervals_ms(&train(&[10.0, 10.0, 30.0, 30.0, 30.0, 60.0])), [20.0, 30.0]);
    }

    #[test]
    fn measures_of_two_intervals_are_as_by_hand() {
        let intervals = [10.0, 30.0];
        assert_eq!((mean_ms(&intervals), cv(&intervals)), (20.0, 0.5));
        assert_eq!((cv2(&intervals), lv(&intervals)), (1.0, 0.75));
        assert!((lvr(&intervals, 5.0).unwrap() - 0.75 * 1.5).abs() < 1e-15);
        assert!(lvr(&intervals, -1.0).is_err() && lvr(&intervals, f64::NAN).is_err());
    }

    #[test]
    fn the_undefined_is_nan() {
        assert!(mean_ms(&[]).is_nan());
        for intervals in [&[][..], &[3.0]] {
            for value in [cv(intervals), cv2(intervals), lv(intervals), lvr(intervals, 5.0).unwrap()] {
                assert!(value.is_nan());
            }
        }
        assert_eq!(mean_ms(&[3.0]), 3.0);
        assert!(burst_index(&train(&[])).is_nan() && burst_index(&train(&[5.0])).is_nan());
    }

    #[test]
    fn intervals_on_an_edge_belong_to_the_bin_that_ends_there() {
        let mut histogram = Histogram::new(3).unwrap();
        // Steps of 0.1 ms are not exact.
        let intervals: Vec<f64> = [1.0, 2.0, 3.0, 4.0].iter().map(|&k| 1000.1 + k * 0.1 - 1000.1).collect();
        histogram.add(&intervals, 0.1).unwrap();
        assert_eq!((&histogram.counts[..], histogram.longer), (&[1, 1, 1][..], 1));
        assert_eq!(histogram.density_per_ms(0.1), [2.5; 3]);
        assert!(histogram.add(&intervals, 0.0).is_err());
        assert!(Histogram::new(usize::MAX).is_err());
        assert!(Histogram::new(2).unwrap().density_per_ms(1.0).iter().all(|density| density.is_nan()));
    }

    #[test]
    fn bursts_raise_the_burst_index_and_their_absence_lowers_it() {
        // Pairs 3 ms apart, every 100 ms: nothing between 40 and 50 ms.
        let bursts: Vec<f64> = (0..9).flat_map(|k| [f64::from(k) * 100.0, f64::from(k) * 100.0 + 3.0]).collect();
        assert_eq!(burst_index(&train(&bursts)), 1.0);
        let regular: Vec<f64> = (1..20).map(|k| f64::from(k) * 45.0).collect();
        assert_eq!(burst_index(&train(&regular)), -1.0);
        // A lag of 3 ms once, one of 45 ms eleven times: 1 against a mean of 1.
        let mut even: Vec<f64> = (0..12).map(|k| f64::from(k) * 45.0).collect();
        even.extend([700.0, 703.0]);
        assert_eq!(burst_index(&train(&even)), 0.0);
    }
}
