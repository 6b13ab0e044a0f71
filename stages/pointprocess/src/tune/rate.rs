//! Mean rates with their standard errors.

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
    /// The mean over neurons, and its standard error by 20 blocks of equal length; what is left over is not used.
    ///
    /// # Errors
    /// No neuron, fewer steps than blocks, or a step that is not above 0.
    pub fn of(events: &[Event], neurons: Range<u32>, steps: u64, dt_ms: f64) -> Result<Self, PointProcessError> {
        above_zero("neurons", neurons.len() as f64)?;
        above_zero("dt", dt_ms)?;
        due("steps", steps as f64, steps >= BLOCKS, "expected 20 steps or more")?;
        let length = steps / BLOCKS;
        let mut counts = [0.0; BLOCKS as usize];
        for event in events.iter().filter(|event| neurons.contains(&event.neuron)) {
            if let Some(count) = usize::try_from(event.step / length).ok().and_then(|block| counts.get_mut(block)) {
                *count += f64::from(event.count);
            }
        }
        let per_count = 1000.0 / (neurons.len() as f64 * length as f64 * dt_ms);
        let mean = counts.iter().sum::<f64>() / BLOCKS as f64;
        let variance = counts.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / (BLOCKS - 1) as f64;
        let standard_error = (variance / BLOCKS as f64).sqrt();
        Ok(Self { rate_hz: mean * per_count, standard_error_hz: standard_error * per_count })
    }

    /// The mean over runs of equal length that are independent of each other.
    ///
    /// # Errors
    /// No run.
    pub fn over_runs(runs: &[Self]) -> Result<Self, PointProcessError> {
        let n = runs.len() as f64;
        above_zero("runs", n)?;
        let rate_hz = runs.iter().map(|run| run.rate_hz).sum::<f64>() / n;
        let variance = runs.iter().map(|run| run.standard_error_hz.powi(2)).sum::<f64>();
        Ok(Self { rate_hz, standard_error_hz: variance.sqrt() / n })
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
    }

    #[test]
    fn runs_share_their_errors() {
        let run = |rate_hz, standard_error_hz| Rate { rate_hz, standard_error_hz };
        let mean = Rate::over_runs(&[run(1.0, 3.0), run(5.0, 4.0)]).unwrap();
        assert_eq!(mean, run(3.0, 2.5));
        assert!(Rate::over_runs(&[]).is_err());
    }
}
