//! Spikes around events: the peri-event (peri-stimulus) time histogram.
//!
//! A spike at lag t - t_e counts in the bin (-before + i w, -before + (i + 1) w]. With the convention that step s lasts until
//! s dt, what an event at onset t_e drives first is the spike at t_e + dt, in the first bin after 0. An event whose window
//! reaches beyond the recording is left out, so each bin has seen as many events.

use super::{ON_EDGE, Train, TrainError, above_zero};

/// What is looked at around each event (ms).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Before the event, from 0 on; a whole number of bins.
    pub before_ms: f64,
    /// After the event, above 0; a whole number of bins.
    pub after_ms: f64,
    /// Width of a bin, above 0.
    pub bin_ms: f64,
}

impl Window {
    /// The most bins that one may have.
    pub const MOST_BINS: usize = 1 << 24;

    /// How many bins there are.
    ///
    /// # Errors
    /// Times outside of their ranges, no whole number of bins, too many.
    pub fn bins(&self) -> Result<usize, TrainError> {
        let Self { before_ms, after_ms, bin_ms } = *self;
        above_zero("bin_ms", bin_ms)?;
        above_zero("after_ms", after_ms)?;
        if !(before_ms >= 0.0 && before_ms.is_finite()) {
            let allowed = "a finite time from 0 ms on is due";
            return Err(TrainError::Setting { field: "before_ms", found: before_ms, allowed });
        }
        let bins = ((before_ms + after_ms) / bin_ms).round();
        if bins > Self::MOST_BINS as f64 {
            return Err(TrainError::Bins { field: "bin_ms", found: bins, most: Self::MOST_BINS });
        }
        for (field, found) in [("before_ms", before_ms), ("after_ms", after_ms)] {
            let bins = found / bin_ms;
            if (bins - bins.round()).abs() > ON_EDGE * bins.max(1.0) {
                return Err(TrainError::Setting { field, found, allowed: "a whole number of bins is due" });
            }
        }
        Ok(bins as usize)
    }
}

/// The counts of a train around events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeriEvent {
    /// Spikes in each bin, over all events.
    pub counts: Vec<u64>,
    /// Events whose window was recorded.
    pub events: usize,
}

impl PeriEvent {
    /// Mean rate in each bin (Hz); NaN without events.
    pub fn rates_hz(&self, window: &Window) -> Vec<f64> {
        let seconds = self.events as f64 * window.bin_ms * 1e-3;
        self.counts.iter().map(|&count| count as f64 / seconds).collect()
    }
}

/// Spikes of a train around events at these times (ms), in any order.
///
/// # Errors
/// As [`Window::bins`]; an onset that is not finite.
pub fn around(train: &Train, onsets_ms: &[f64], window: &Window) -> Result<PeriEvent, TrainError> {
    let mut counts = vec![0; window.bins()?];
    let leeway = ON_EDGE * window.bin_ms;
    let (spikes, recorded) = (train.spikes_ms(), train.recorded());
    let mut events = 0;
    for &onset in onsets_ms {
        if !onset.is_finite() {
            return Err(TrainError::Setting { field: "onset", found: onset, allowed: "a finite time is due" });
        }
        let (from, to) = (onset - window.before_ms, onset + window.after_ms);
        if from < recorded.start_ms() - leeway || to > recorded.stop_ms() + leeway {
            continue;
        }
        events += 1;
        let first = spikes.partition_point(|&time| time <= from + leeway);
        for time in spikes[first..].iter().take_while(|&&time| time <= to + leeway) {
            let bin = (((time - from) / window.bin_ms - ON_EDGE).ceil() - 1.0).max(0.0) as usize;
            if let Some(count) = counts.get_mut(bin) {
                *count += 1;
            }
        }
    }
    Ok(PeriEvent { counts, events })
}

/// Onsets of a stimulus that comes every `period_ms`, first at `first_ms`, up to the end of the recording (ms).
///
/// # Errors
/// A period that is not finite and above 0, a first onset that is not finite, more than 2^24 onsets.
pub fn periodic_ms(first_ms: f64, period_ms: f64, stop_ms: f64) -> Result<Vec<f64>, TrainError> {
    const MOST: usize = 1 << 24;
    above_zero("period_ms", period_ms)?;
    if !first_ms.is_finite() {
        return Err(TrainError::Setting { field: "first_ms", found: first_ms, allowed: "a finite time is due" });
    }
    let found = ((stop_ms - first_ms) / period_ms).floor() + 1.0;
    if found > MOST as f64 {
        return Err(TrainError::Bins { field: "period_ms", found, most: MOST });
    }
    Ok((0..found.max(0.0) as u64).map(|k| first_ms + k as f64 * period_ms).collect())
}

#[cfg(test)]
mod tests {
    use super::super::Interval;
    use super::*;

    const WINDOW: Window = Window { before_ms: 2.0, after_ms: 3.0, bin_ms: 1.0 };

    #[test]
    fn only_windows_that_were_recorded_count() {
        let recorded = Interval::new(0.0, 20.0).unwrap();
        let train = Train::new(vec![1.0, 8.0, 9.0, 10.0, 11.0, 11.0, 12.5, 13.0, 13.5], recorded).unwrap();
        // Lags of 10: -2 (outside: the bin is open below), -1, 0, 1, 1, 2.5, 3; 1 and 18 are too near to an end.
        let found = around(&train, &[18.0, 10.0, 1.0], &WINDOW).unwrap();
        assert_eq!(found, PeriEvent { counts: vec![1, 1, 2, 0, 2], events: 1 });
        assert_eq!(found.rates_hz(&WINDOW), [1000.0, 1000.0, 2000.0, 0.0, 2000.0]);
        let none = around(&train, &[], &WINDOW).unwrap();
        assert!(none.events == 0 && none.rates_hz(&WINDOW).iter().all(|rate| rate.is_nan()));
        assert_eq!(around(&train, &[2.0, 17.0], &WINDOW).unwrap().events, 2);
        assert!(around(&train, &[f64::NAN], &WINDOW).is_err());
    }

    #[test]
    fn windows_are_whole_bins() {
        assert_eq!(WINDOW.bins(), Ok(5));
        assert_eq!(Window { before_ms: 0.3, after_ms: 0.7, bin_ms: 0.1 }.bins(), Ok(10));
        for wrong in [
            Window { before_ms: 1.5, ..WINDOW },
            Window { after_ms: 0.5, ..WINDOW },
            Window { after_ms: 0.0, ..WINDOW },
            Window { before_ms: -1.0, ..WINDOW },
            Window { before_ms: f64::NAN, ..WINDOW },
            Window { bin_ms: 0.0, ..WINDOW },
            Window { bin_ms: 1e-9, ..WINDOW },
        ] {
            assert!(wrong.bins().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn onsets_come_every_period() {
        assert_eq!(periodic_ms(5.0, 10.0, 25.0), Ok(vec![5.0, 15.0, 25.0]));
        assert_eq!(periodic_ms(5.0, 10.0, 4.0), Ok(vec![]));
        assert!(periodic_ms(0.0, 0.0, 1.0).is_err() && periodic_ms(f64::NAN, 1.0, 1.0).is_err());
        assert!(periodic_ms(0.0, 1e-9, 1e9).is_err());
    }
}
