//! Stimuli as spikeometric 1.0.3 evaluates them, for whoever repeats its runs. Time is counted in steps, t from 0.
//!
//! | stimulus | value at step t | elsewhere |
//! |---|---|---|
//! | [`Regular`] | strength while t mod period < width and start <= t < stop | pulses begin at the start ([`Waveform::Pulses`]) |
//! | [`Sine`] | A sin(2 pi (t - start) dt / period + phase) + c while start <= t < stop | the same; the peer calls the stop `duration` |
//! | [`Poisson`] | strength while 0 <= t - s < width for a start s | intervals are exponential ([`Input::poisson_pulses`]) |
//!
//! Starts of [`Poisson`] are `start` plus the sums below `duration` of intervals that are Poisson *numbers*: the first is at
//! `start` itself, and their coefficient of variation is 1 / sqrt(mean), not 1. The last pulse may reach beyond
//! `start + duration`. The peer rounds the mean down to a whole number of steps.
//!
//! [`Waveform::Pulses`]: lapicque_stimulus::Waveform::Pulses
//! [`Input::poisson_pulses`]: super::Input::poisson_pulses

use lapicque_numerics::random::{self, StreamKey};

use super::pulses_at;
use crate::error::PointProcessError;
use crate::model::{above_zero, due, finite};

/// Pulses whose phase counts from step 0, whatever the start is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Regular {
    /// Height of a pulse.
    pub strength: f64,
    /// From one pulse to the next (steps).
    pub period_steps: u64,
    /// How long a pulse lasts (steps); as long as the period or longer: always.
    pub width_steps: u64,
    /// The first step that may have a value.
    pub start_step: u64,
    /// The first step that has none again.
    pub stop_step: u64,
}

impl Regular {
    /// Values of the steps from 0.
    ///
    /// # Errors
    /// A strength that is not finite, a period of 0.
    pub fn values(&self, steps: usize) -> Result<Vec<f64>, PointProcessError> {
        finite("strength", self.strength)?;
        above_zero("period_steps", self.period_steps as f64)?;
        let is_on = |t: u64| t % self.period_steps < self.width_steps && (self.start_step..self.stop_step).contains(&t);
        Ok((0..steps as u64).map(|t| if is_on(t) { self.strength } else { 0.0 }).collect())
    }
}

/// A sine between two steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sine {
    /// A.
    pub amplitude: f64,
    /// Length of a period (ms).
    pub period_ms: f64,
    /// Phase at the start (rad).
    pub phase_rad: f64,
    /// c, added from start to stop.
    pub baseline: f64,
    /// The first step that has a value.
    pub start_step: u64,
    /// The first step that has none again; the peer's `duration`.
    pub stop_step: u64,
    /// Length of a step (ms).
    pub dt_ms: f64,
}

impl Sine {
    /// Values of the steps from 0.
    ///
    /// # Errors
    /// A number that is not finite, a period or a step that is not above 0.
    pub fn values(&self, steps: usize) -> Result<Vec<f64>, PointProcessError> {
        finite("amplitude", self.amplitude)?;
        above_zero("period", self.period_ms)?;
        finite("phase", self.phase_rad)?;
        finite("baseline", self.baseline)?;
        above_zero("dt", self.dt_ms)?;
        let value = |t: u64| {
            let since_ms = (t - self.start_step) as f64 * self.dt_ms;
            let angle = std::f64::consts::TAU * since_ms / self.period_ms + self.phase_rad;
            self.amplitude * libm::sin(angle) + self.baseline
        };
        let is_on = |t: &u64| (self.start_step..self.stop_step).contains(t);
        Ok((0..steps as u64).map(|t| if is_on(&t) { value(t) } else { 0.0 }).collect())
    }
}

/// Pulses whose intervals are Poisson numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Poisson {
    /// Height of a pulse.
    pub strength: f64,
    /// Mean interval (steps), rounded down.
    pub mean_interval_steps: f64,
    /// Steps from the first start on in which pulses may start.
    pub duration_steps: u64,
    /// How long a pulse lasts (steps).
    pub width_steps: usize,
    /// The first start.
    pub start_step: u64,
}

impl Poisson {
    /// The steps below `steps` that pulses begin with, ascending, each once. `key` decides the intervals.
    ///
    /// # Errors
    /// A mean interval below one step or above 30000.
    pub fn starts(&self, steps: usize, key: &StreamKey) -> Result<Vec<u64>, PointProcessError> {
        let mean = self.mean_interval_steps.floor();
        let field = "mean_interval_steps";
        let largest = random::Poisson::LARGEST_MEAN;
        due(field, self.mean_interval_steps, (1.0..=largest).contains(&mean), "expected 1 to 30000 steps")?;
        let of = |_| PointProcessError::OutOfRange { field, found: mean, allowed: "expected 1 to 30000 steps" };
        let intervals = random::Poisson::new(mean).map_err(of)?;
        let mut lanes = key.derive("poisson intervals").lanes_at(0);
        let (mut starts, mut since, mut counts) = (Vec::new(), 0, [0_i16; 32]);
        loop {
            intervals.fill(&mut lanes, &mut counts);
            for count in counts {
                let start = self.start_step.saturating_add(since);
                if since >= self.duration_steps || start >= steps as u64 {
                    return Ok(starts);
                }
                if starts.last() != Some(&start) {
                    starts.push(start);
                }
                since = since.saturating_add(u64::from(count.unsigned_abs()));
            }
        }
    }

    /// Values of the steps from 0, for starts that are given; those behind the last step do nothing.
    ///
    /// # Errors
    /// A strength that is not finite, a width of 0.
    pub fn values(&self, starts: &[u64], steps: usize) -> Result<Vec<f64>, PointProcessError> {
        pulses_at(self.strength, self.width_steps, starts.iter().copied(), steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pulses_keep_the_phase_of_step_0() {
        let regular = Regular { strength: 2.0, period_steps: 10, width_steps: 3, start_step: 12, stop_step: 31 };
        let on: Vec<usize> = (0..40).filter(|&t| regular.values(40).unwrap()[t] != 0.0).collect();
        assert_eq!(on, [12, 20, 21, 22, 30]);
        let always = Regular { width_steps: 10, start_step: 0, stop_step: 40, ..regular };
        assert_eq!(always.values(40).unwrap(), [2.0; 40]);
        assert!(Regular { period_steps: 0, ..regular }.values(1).is_err());
        assert!(Regular { strength: f64::NAN, ..regular }.values(1).is_err());
        assert!(regular.values(0).unwrap().is_empty());
    }

    #[test]
    fn a_sine_starts_with_its_phase_and_ends_at_its_stop() {
        let sine = Sine {
            amplitude: 2.0,
            period_ms: 4.0,
            phase_rad: 0.0,
            baseline: 1.0,
            start_step: 3,
            stop_step: 8,
            dt_ms: 0.5,
        };
        let values = sine.values(10).unwrap();
        assert_eq!((&values[..4], values[8], values[9]), (&[0.0, 0.0, 0.0, 1.0][..], 0.0, 0.0));
        // A quarter of a period is two steps.
        assert!((values[5] - 3.0).abs() < 1e-15 && (values[7] - 1.0).abs() < 1e-15, "{values:?}");
        for bad in [Sine { period_ms: 0.0, ..sine }, Sine { dt_ms: -1.0, ..sine }, Sine { phase_rad: f64::NAN, ..sine }]
        {
            assert!(bad.values(1).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn intervals_are_poisson_numbers_from_the_start_on() {
        let poisson = Poisson {
            strength: 3.0,
            mean_interval_steps: 100.7,
            duration_steps: 1_000_000,
            width_steps: 5,
            start_step: 7,
        };
        let starts = poisson.starts(usize::MAX, &StreamKey::new([1; 16])).unwrap();
        assert_eq!(starts[0], 7);
        assert!(starts.last().is_some_and(|&last| last < 1_000_007 && last > 999_000), "{:?}", starts.last());
        let intervals: Vec<f64> = starts.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
        let n = intervals.len() as f64;
        let mean = intervals.iter().sum::<f64>() / n;
        let variance = intervals.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
        // Mean and variance of a Poisson number of mean 100; the variance of a sample variance is about 2 variance^2 / n.
        assert!((mean - 100.0).abs() < 4.0 * (100.0 / n).sqrt(), "{mean}");
        assert!((variance / 100.0 - 1.0).abs() < 4.0 * (2.0 / n).sqrt(), "{variance}");
        let none = Poisson { duration_steps: 0, ..poisson };
        assert_eq!(poisson.starts(8, &StreamKey::new([1; 16])).unwrap(), [7]);
        assert!(none.starts(10, &StreamKey::new([1; 16])).unwrap().is_empty());
        for mean_interval_steps in [0.9, -1.0, 30_001.0, f64::NAN, f64::INFINITY] {
            let bad = Poisson { mean_interval_steps, ..poisson };
            assert!(bad.starts(10, &StreamKey::new([1; 16])).is_err(), "{mean_interval_steps}");
        }
    }

    #[test]
    fn overlapping_pulses_do_not_add_up_and_the_last_is_cut_by_the_run_alone() {
        let poisson =
            Poisson { strength: 3.0, mean_interval_steps: 4.0, duration_steps: 9, width_steps: 3, start_step: 0 };
        let values = poisson.values(&[0, 1, 8, 8, 100], 12).unwrap();
        assert_eq!(values, [3.0, 3.0, 3.0, 3.0, 0.0, 0.0, 0.0, 0.0, 3.0, 3.0, 3.0, 0.0]);
        assert_eq!(poisson.values(&[8], 9).unwrap()[8], 3.0);
        assert!(Poisson { width_steps: 0, ..poisson }.values(&[0], 1).is_err());
    }
}
