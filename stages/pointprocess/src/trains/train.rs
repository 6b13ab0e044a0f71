//! A spike train: times that rise, and the interval in which it was recorded.

use std::borrow::Cow;

use super::TrainError;

/// From when to when was recorded: (start, stop], ms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    start_ms: f64,
    stop_ms: f64,
}

impl Interval {
    /// # Errors
    /// Ends that are not finite, or an end that does not come after the start.
    pub fn new(start_ms: f64, stop_ms: f64) -> Result<Self, TrainError> {
        let is = start_ms.is_finite() && stop_ms.is_finite() && start_ms < stop_ms && (stop_ms - start_ms).is_finite();
        if is { Ok(Self { start_ms, stop_ms }) } else { Err(TrainError::Interval { start_ms, stop_ms }) }
    }

    /// Where it begins (ms).
    pub fn start_ms(&self) -> f64 {
        self.start_ms
    }

    /// Where it ends (ms).
    pub fn stop_ms(&self) -> f64 {
        self.stop_ms
    }

    /// How long it is (ms), above 0.
    pub fn duration_ms(&self) -> f64 {
        self.stop_ms - self.start_ms
    }
}

/// A train: all its times are finite, rise and lie within its recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Train {
    spikes_ms: Vec<f64>,
    recorded: Interval,
    /// Where some spikes fall together: each of their times once.
    events_ms: Option<Vec<f64>>,
}

impl Train {
    /// # Errors
    /// Times that are not finite, fall, or lie outside of the recording.
    pub fn new(spikes_ms: Vec<f64>, recorded: Interval) -> Result<Self, TrainError> {
        let Interval { start_ms, stop_ms } = recorded;
        for (place, &time_ms) in spikes_ms.iter().enumerate() {
            if !(time_ms >= start_ms && time_ms <= stop_ms) {
                return Err(TrainError::Outside { place, time_ms, start_ms, stop_ms });
            }
            if place > 0 && time_ms < spikes_ms[place - 1] {
                return Err(TrainError::Order { place, before_ms: spikes_ms[place - 1], time_ms });
            }
        }
        let repeats = spikes_ms.windows(2).any(|pair| pair[0] == pair[1]);
        let events_ms = repeats.then(|| {
            let mut events = spikes_ms.clone();
            events.dedup();
            events
        });
        Ok(Self { spikes_ms, recorded, events_ms })
    }

    /// The times of all spikes (ms); several at one time stand behind each other.
    pub fn spikes_ms(&self) -> &[f64] {
        &self.spikes_ms
    }

    /// Each time at which there are spikes (ms), once.
    pub fn events_ms(&self) -> &[f64] {
        self.events_ms.as_deref().unwrap_or(&self.spikes_ms)
    }

    /// When it was recorded.
    pub fn recorded(&self) -> Interval {
        self.recorded
    }

    /// Spikes per second.
    pub fn rate_hz(&self) -> f64 {
        self.spikes_ms.len() as f64 / self.recorded.duration_ms() * 1e3
    }
}

/// The recording that all these trains share; `None` of no trains.
pub(crate) fn shared<'a>(trains: impl IntoIterator<Item = &'a Train>) -> Result<Option<Interval>, TrainError> {
    let mut first: Option<Interval> = None;
    for train in trains {
        let Interval { start_ms: other_start_ms, stop_ms: other_stop_ms } = train.recorded;
        match first {
            Some(Interval { start_ms, stop_ms }) if train.recorded != Interval { start_ms, stop_ms } => {
                return Err(TrainError::OtherRecording { start_ms, stop_ms, other_start_ms, other_stop_ms });
            }
            Some(_) => {}
            None => first = Some(train.recorded),
        }
    }
    Ok(first)
}

/// The recording of two trains.
pub(crate) fn of_both(a: &Train, b: &Train) -> Result<Interval, TrainError> {
    shared([a, b]).map(|recorded| recorded.unwrap_or(a.recorded))
}

/// Times that rise, each once (ms), and how many spikes there are at each: one train, or those of several together.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighted<'a> {
    pub(crate) times_ms: Cow<'a, [f64]>,
    pub(crate) spikes: Cow<'a, [f64]>,
}

impl<'a> Weighted<'a> {
    /// Of one train.
    pub fn of(train: &'a Train) -> Self {
        if train.events_ms.is_none() {
            let spikes = vec![1.0; train.spikes_ms.len()];
            return Self { times_ms: Cow::Borrowed(&train.spikes_ms), spikes: Cow::Owned(spikes) };
        }
        Self::merged(train.spikes_ms.iter().copied())
    }

    /// Of all the spikes of these trains together.
    pub fn together(trains: &[Train]) -> Weighted<'static> {
        let mut all: Vec<f64> = trains.iter().flat_map(|train| train.spikes_ms.iter().copied()).collect();
        all.sort_unstable_by(f64::total_cmp);
        Weighted::merged(all.into_iter())
    }

    fn merged<'b>(rising: impl Iterator<Item = f64>) -> Weighted<'b> {
        let (mut times_ms, mut spikes): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
        for time in rising {
            match (times_ms.last(), spikes.last_mut()) {
                (Some(last), Some(count)) if *last == time => *count += 1.0,
                _ => {
                    times_ms.push(time);
                    spikes.push(1.0);
                }
            }
        }
        Weighted { times_ms: Cow::Owned(times_ms), spikes: Cow::Owned(spikes) }
    }

    /// How many spikes there are.
    pub fn total(&self) -> f64 {
        self.spikes.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trains_rise_within_their_recording() {
        let recorded = Interval::new(0.0, 10.0).unwrap();
        let train = Train::new(vec![0.0, 1.0, 1.0, 10.0], recorded).unwrap();
        assert_eq!((train.spikes_ms().len(), train.events_ms()), (4, &[0.0, 1.0, 10.0][..]));
        assert_eq!(train.rate_hz(), 400.0);
        let weighted = Weighted::of(&train);
        assert_eq!((&*weighted.times_ms, &*weighted.spikes), (&[0.0, 1.0, 10.0][..], &[1.0, 2.0, 1.0][..]));
        let other = Train::new(vec![0.5, 1.0], recorded).unwrap();
        let both = Weighted::together(&[train.clone(), other]);
        assert_eq!((&*both.times_ms, &*both.spikes), (&[0.0, 0.5, 1.0, 10.0][..], &[1.0, 1.0, 3.0, 1.0][..]));
        assert_eq!(both.total(), 6.0);
        for times in [vec![-0.1], vec![10.1], vec![f64::NAN], vec![f64::INFINITY]] {
            assert!(matches!(Train::new(times, recorded), Err(TrainError::Outside { place: 0, .. })));
        }
        assert!(matches!(Train::new(vec![2.0, 1.0], recorded), Err(TrainError::Order { place: 1, .. })));
        for (start, stop) in [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY), (-1.7e308, 1.7e308)] {
            assert!(matches!(Interval::new(start, stop), Err(TrainError::Interval { .. })), "{start} {stop}");
        }
        let longer = Train::new(vec![], Interval::new(0.0, 11.0).unwrap()).unwrap();
        assert!(matches!(of_both(&train, &longer), Err(TrainError::OtherRecording { .. })));
        assert_eq!(shared(&[]), Ok(None));
    }
}
