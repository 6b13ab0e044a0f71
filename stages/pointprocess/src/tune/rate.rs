//! Mean rates with their standard errors, by blocks of a run.

use std::ops::Range;

use crate::error::PointProcessError;
use crate::model::{above_zero, due};
use crate::simulate::Event;

/// Blocks that the standard error of a rate is taken from.
const BLOCKS: u64 = 20;

/// A rate and its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Spikes per neuron and second.
    pub rate_hz: f64,
    /// Standard error (Hz).
    pub standard_error_hz: f64,
}

impl Rate {
    /// The mean over neurons, and its standard error, of a run: see [`Counter`].
    ///
    /// # Errors
    /// Those of [`Counter::new`].
    pub fn of(events: &[Event], neurons: Range<u32>, steps: u64, dt_ms: f64) -> Result<Self, PointProcessError> {
        let mut counter = Counter::new(vec![neurons], steps, dt_ms)?;
        events.iter().for_each(|event| counter.take(event.step, &[(event.neuron, event.count)]));
        Ok(counter.rate(0))
    }

    /// The mean over runs of equal length that are independent of each other; its standard error is that of the errors
    /// of the runs or that of their differences, whichever is larger, as runs may have other stimuli each.
    ///
    /// # Errors
    /// No run.
    pub fn over_runs(runs: &[Self]) -> Result<Self, PointProcessError> {
        let n = runs.len() as f64;
        above_zero("runs", n)?;
        let rate_hz = runs.iter().map(|run| run.rate_hz).sum::<f64>() / n;
        let within = runs.iter().map(|run| run.standard_error_hz.powi(2)).sum::<f64>() / n;
        let between = runs.iter().map(|run| (run.rate_hz - rate_hz).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
        Ok(Self { rate_hz, standard_error_hz: (within.max(between) / n).sqrt() })
    }
}

/// Counts spikes of groups of neurons while a run goes on.
///
/// Standard errors are those of the means of 20 blocks of equal length; steps that are left over are not used.
#[derive(Debug, Clone)]
pub struct Counter {
    groups: Vec<(Range<u32>, [f64; BLOCKS as usize])>,
    /// Steps of a block.
    length: u64,
    dt_ms: f64,
}

impl Counter {
    /// Of groups of neurons, and runs of so many steps.
    ///
    /// # Errors
    /// A group without neurons, fewer steps than blocks, or a step that is not above 0.
    pub fn new(groups: Vec<Range<u32>>, steps: u64, dt_ms: f64) -> Result<Self, PointProcessError> {
        groups.iter().try_for_each(|neurons| above_zero("neurons", neurons.len() as f64))?;
        above_zero("dt", dt_ms)?;
        due("steps", steps as f64, steps >= BLOCKS, "expected 20 steps or more")?;
        let groups = groups.into_iter().map(|neurons| (neurons, [0.0; BLOCKS as usize])).collect();
        Ok(Self { groups, length: steps / BLOCKS, dt_ms })
    }

    /// Counts the spikes of a step, (neuron, count).
    pub fn take(&mut self, step: u64, spikes: &[(u32, u32)]) {
        let Ok(block) = usize::try_from(step / self.length) else { return };
        for (neurons, counts) in &mut self.groups {
            let of_group = spikes.iter().filter(|spike| neurons.contains(&spike.0));
            if let Some(count) = counts.get_mut(block) {
                *count += of_group.map(|spike| f64::from(spike.1)).sum::<f64>();
            }
        }
    }

    /// The rates of all groups.
    pub fn rates(&self) -> Vec<Rate> {
        (0..self.groups.len()).map(|group| self.rate(group)).collect()
    }

    fn rate(&self, group: usize) -> Rate {
        let (neurons, counts) = &self.groups[group];
        let per_count = 1000.0 / (neurons.len() as f64 * self.length as f64 * self.dt_ms);
        let mean = counts.iter().sum::<f64>() / BLOCKS as f64;
        let variance = counts.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / (BLOCKS - 1) as f64;
        let standard_error = (variance / BLOCKS as f64).sqrt();
        Rate { rate_hz: mean * per_count, standard_error_hz: standard_error * per_count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(step: u64, neuron: u32, count: u32) -> Event {
        Event { step, neuron, count }
    }

    #[test]
    fn rates_are_of_the_neurons_asked_for_and_of_whole_blocks() {
        // Two steps make a block; steps 40 and later are left over.
        let events = [event(0, 0, 1), event(1, 3, 5), event(2, 1, 3), event(40, 1, 9)];
        let rate = Rate::of(&events, 0..2, 41, 2.0).unwrap();
        assert!((rate.rate_hz - 4.0 / (2.0 * 0.08)).abs() < 1e-12, "{rate:?}");
        // Counts 1, 3 and 18 zeros: variance (0.8^2 + 2.8^2 + 18 * 0.2^2) / 19.
        let due = (9.2_f64 / 19.0 / 20.0).sqrt() * 1000.0 / (2.0 * 2.0 * 2.0);
        assert!((rate.standard_error_hz - due).abs() < 1e-12, "{rate:?} {due}");
        assert_eq!(Rate::of(&[], 0..1, 20, 1.0).unwrap(), Rate { rate_hz: 0.0, standard_error_hz: 0.0 });
        assert!(Rate::of(&[], 1..1, 100, 1.0).is_err() && Rate::of(&[], 0..1, 19, 1.0).is_err());
        assert!(Rate::of(&[], 0..1, 20, 0.0).is_err());
        let mut counter = Counter::new(vec![0..2, 2..4], 41, 2.0).unwrap();
        counter.take(0, &[(0, 1), (3, 2)]);
        counter.take(1, &[(3, 3)]);
        counter.take(2, &[(1, 3)]);
        counter.take(40, &[(1, 9)]);
        assert_eq!(counter.rates(), [rate, Rate::of(&events, 2..4, 41, 2.0).unwrap()]);
    }

    #[test]
    fn runs_share_their_errors() {
        let run = |rate_hz, standard_error_hz| Rate { rate_hz, standard_error_hz };
        let mean = Rate::over_runs(&[run(1.0, 3.0), run(5.0, 4.0)]).unwrap();
        assert_eq!(mean, run(3.0, 2.5));
        assert_eq!(Rate::over_runs(&[run(0.0, 0.0), run(4.0, 0.0)]).unwrap(), run(2.0, 2.0));
        assert_eq!(Rate::over_runs(&[run(7.0, 0.5)]).unwrap(), run(7.0, 0.5));
        assert!(Rate::over_runs(&[]).is_err());
    }
}
