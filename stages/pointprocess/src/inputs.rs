//! Inputs: a waveform, and the neurons that it reaches. Several add up.
//!
//! [`spikeometric`] has the waveforms of that program where they differ.

pub mod spikeometric;

use lapicque_numerics::random::StreamKey;
use lapicque_stimulus::{Evaluator, Grid, Stimulus, Timing};

use crate::error::PointProcessError;
use crate::model::{due, finite};

/// Values of all steps for some neurons.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    values: Vec<f64>,
    neurons: Vec<usize>,
}

impl Input {
    /// A stimulus on the steps of a run; `key` decides its noise.
    ///
    /// # Errors
    /// A mask of another length than there are neurons, a step or a stimulus that cannot be.
    pub fn waveform(
        stimulus: &Stimulus,
        mask: &[bool],
        neurons: usize,
        dt_ms: f64,
        steps: usize,
        key: &StreamKey,
    ) -> Result<Self, PointProcessError> {
        let reached = reached(mask, neurons)?;
        let mut values = vec![0.0; steps];
        if steps > 0 {
            let grid = Grid { dt_ms, duration_ms: steps as f64 * dt_ms, timing: Timing::Exact };
            Evaluator::new(stimulus, grid, key)?.fill_steps(0, &mut values)?;
        }
        Ok(Self { values, neurons: reached })
    }

    /// Pulses whose starts are a Poisson process: intervals are exponential, the first from step 0 on.
    ///
    /// A pulse begins with the step that its start falls into; where pulses overlap, they do not add up.
    ///
    /// # Errors
    /// A mask of another length than there are neurons, a field outside of its range.
    pub fn poisson_pulses(
        pulses: PoissonPulses,
        mask: &[bool],
        neurons: usize,
        steps: usize,
        key: &StreamKey,
    ) -> Result<Self, PointProcessError> {
        let reached = reached(mask, neurons)?;
        let starts = pulses.starts(steps, key)?;
        let values = pulses_at(pulses.strength, pulses.width_steps, starts, steps)?;
        Ok(Self { values, neurons: reached })
    }

    /// Values of the steps from 0 on, nothing behind them.
    ///
    /// # Errors
    /// A mask of another length than there are neurons, a value that is not finite.
    pub fn values(values: Vec<f64>, mask: &[bool], neurons: usize) -> Result<Self, PointProcessError> {
        let reached = reached(mask, neurons)?;
        values.iter().try_for_each(|&value| finite("value of an input", value))?;
        Ok(Self { values, neurons: reached })
    }

    /// Adds its values of a step to the drives; nothing behind its last step.
    pub fn add(&self, step: u64, drive: &mut [f64]) {
        let value = usize::try_from(step).ok().and_then(|step| self.values.get(step)).copied().unwrap_or(0.0);
        if value != 0.0 {
            self.neurons.iter().for_each(|&neuron| drive[neuron] += value);
        }
    }
}

/// Pulses of one height at given starts, which do not add up where they overlap.
fn pulses_at(
    strength: f64,
    width_steps: usize,
    starts: impl IntoIterator<Item = u64>,
    steps: usize,
) -> Result<Vec<f64>, PointProcessError> {
    finite("strength", strength)?;
    due("width_steps", width_steps as f64, width_steps > 0, "expected one step or more")?;
    let mut values = vec![0.0; steps];
    for start in starts {
        let from = usize::try_from(start).unwrap_or(usize::MAX).min(steps);
        values[from..from.saturating_add(width_steps).min(steps)].fill(strength);
    }
    Ok(values)
}

/// Pulses at random.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PoissonPulses {
    /// Height of a pulse.
    pub strength: f64,
    /// Mean interval of starts (steps).
    pub mean_interval_steps: f64,
    /// How long a pulse lasts (steps).
    pub width_steps: usize,
}

impl PoissonPulses {
    /// The steps below `steps` that pulses begin with, ascending, each once. `key` decides them.
    ///
    /// # Errors
    /// A mean interval below a thousandth of a step.
    pub fn starts(&self, steps: usize, key: &StreamKey) -> Result<Vec<u64>, PointProcessError> {
        let mean = self.mean_interval_steps;
        due("mean_interval_steps", mean, mean >= 1e-3, "expected 0.001 steps or more")?;
        let mut generator = key.stream("poisson pulses", 0);
        let (mut starts, mut start) = (Vec::new(), 0.0);
        loop {
            start -= mean * libm::log(generator.uniform_above_zero());
            if start >= steps as f64 {
                return Ok(starts);
            }
            if starts.last() != Some(&(start as u64)) {
                starts.push(start as u64);
            }
        }
    }
}

fn reached(mask: &[bool], neurons: usize) -> Result<Vec<usize>, PointProcessError> {
    if mask.len() != neurons {
        return Err(PointProcessError::Length { field: "mask", found: mask.len(), due: neurons });
    }
    Ok((0..neurons).filter(|&neuron| mask[neuron]).collect())
}

#[cfg(test)]
mod tests {
    use lapicque_stimulus::Waveform;

    use super::*;

    #[test]
    fn inputs_reach_their_neurons_and_add_up() {
        let key = StreamKey::new([1; 16]);
        let pulses = Waveform::Pulses { amplitude: 5.0, period_ms: 100.0, width_ms: 10.0, count: None };
        let regular = Input::waveform(&pulses.into(), &[true, false], 2, 1.0, 300, &key).unwrap();
        let step = Waveform::Step { amplitude: 0.5 };
        let constant = Input::waveform(&step.into(), &[true, true], 2, 1.0, 300, &key).unwrap();
        for t in 0..310 {
            let mut drive = [1.0, 2.0];
            regular.add(t, &mut drive);
            constant.add(t, &mut drive);
            let (pulse, level) = (if t % 100 < 10 { 5.0 } else { 0.0 }, 0.5);
            let due = if t < 300 { [1.0 + pulse + level, 2.0 + level] } else { [1.0, 2.0] };
            assert_eq!(drive, due, "{t}");
        }
        let short = Input::waveform(&Waveform::Zero.into(), &[true], 2, 1.0, 3, &key);
        assert!(matches!(short, Err(PointProcessError::Length { field: "mask", found: 1, due: 2 })));
    }

    #[test]
    fn values_of_an_input_must_be_finite() {
        let input = Input::values(vec![1.0, 2.0], &[false, true], 2).unwrap();
        let mut drive = [0.0; 2];
        (0..3).for_each(|t| input.add(t, &mut drive));
        assert_eq!(drive, [0.0, 3.0]);
        assert!(Input::values(vec![f64::NAN], &[true], 1).is_err() && Input::values(vec![], &[true], 2).is_err());
    }

    #[test]
    fn intervals_of_poisson_pulses_are_exponential() {
        let pulses = PoissonPulses { strength: 2.0, mean_interval_steps: 1000.0, width_steps: 1 };
        let n = 10_000_000;
        let input = Input::poisson_pulses(pulses, &[true], 1, n, &StreamKey::new([1; 16])).unwrap();
        let starts: Vec<usize> = (0..n).filter(|&t| input.values[t] != 0.0).collect();
        let intervals: Vec<f64> = starts.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
        let count = intervals.len() as f64;
        let mean = intervals.iter().sum::<f64>() / count;
        let cv = (intervals.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count).sqrt() / mean;
        assert!((mean / 1000.0 - 1.0).abs() < 4.0 / count.sqrt() + 1e-3, "{mean}");
        assert!((cv - 1.0).abs() < 4.0 / count.sqrt() + 1e-3, "{cv}");
        let key = StreamKey::new([1; 16]);
        let none = PoissonPulses { width_steps: 0, ..pulses };
        assert!(Input::poisson_pulses(none, &[true], 1, 10, &key).is_err());
        for mean_interval_steps in [0.0, 1e-4, -1.0, f64::NAN, f64::INFINITY] {
            assert!(PoissonPulses { mean_interval_steps, ..pulses }.starts(10, &key).is_err(), "{mean_interval_steps}");
        }
        // Thousands of starts in every step are one pulse that never ends.
        let dense = PoissonPulses { mean_interval_steps: 1e-3, ..pulses };
        assert_eq!(dense.starts(10, &key).unwrap(), (0..10).collect::<Vec<u64>>());
        assert!(dense.starts(0, &key).unwrap().is_empty());
    }
}
