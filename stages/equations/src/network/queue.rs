//! What is on its way: which synapses an event reaches, and in which step.
//!
//! Synapses are sorted by the neuron whose events they get, those of one neuron by their delay in steps, those of one
//! delay by their number. Synapses of one neuron and one delay are a *run*; an event is one entry in the queue for each run
//! of its neuron, not for each synapse: a single one where all delays are the same.
//!
//! A delay d is floor(d/dt + 1/2) steps. Rows of the queue are steps to come, in a ring. What is due in one step acts in
//! this order: what was sent earlier first; of what was sent in one step, lower neurons first; of one neuron, lower
//! synapses first.

use std::sync::Arc;

/// More steps than any delay may have: each is a row of the queue.
pub(crate) const MOST_STEPS: u32 = 1_000_000;

/// Delays of synapses, in s.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Delays {
    /// One for all.
    Same(f64),
    /// One for each.
    Each(Arc<[f64]>),
}

/// A delay that cannot be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct BadDelay {
    /// Of which synapse, unless all have the same.
    pub synapse: Option<usize>,
    /// The delay, in s.
    pub delay: f64,
}

/// How many steps a delay has; none where it is negative, no number or too long.
pub(crate) fn delay_steps(delay: f64, dt: f64) -> Option<u32> {
    let steps = (delay / dt + 0.5).floor();
    (delay >= 0.0 && steps <= f64::from(MOST_STEPS)).then_some(steps as u32)
}

/// Synapses in runs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Runs {
    /// Where the runs of each neuron begin.
    of_neuron: Vec<u32>,
    /// The delay of each run, in steps.
    delays: Vec<u32>,
    /// Where the synapses of each run begin.
    starts: Vec<u32>,
    /// Numbers of synapses.
    synapses: Vec<u32>,
}

impl Runs {
    /// Runs of synapses of which each gets the events of one of `neurons` neurons.
    ///
    /// # Errors
    /// The first delay that cannot be.
    pub(crate) fn new(neurons: usize, neuron_of: &[u32], delays: &Delays, dt: f64) -> Result<Self, BadDelay> {
        let steps = match delays {
            Delays::Same(delay) => Err(delay_steps(*delay, dt).ok_or(BadDelay { synapse: None, delay: *delay })?),
            Delays::Each(delays) => {
                let of = |(synapse, &delay): (usize, &f64)| {
                    delay_steps(delay, dt).ok_or(BadDelay { synapse: Some(synapse), delay })
                };
                Ok(delays.iter().enumerate().map(of).collect::<Result<Vec<u32>, BadDelay>>()?)
            }
        };
        let mut first = vec![0_u32; neurons + 1];
        for &neuron in neuron_of {
            first[neuron as usize + 1] += 1;
        }
        for neuron in 0..neurons {
            first[neuron + 1] += first[neuron];
        }
        let mut next = first.clone();
        let mut synapses = vec![0; neuron_of.len()];
        for (synapse, &neuron) in neuron_of.iter().enumerate() {
            let place = &mut next[neuron as usize];
            synapses[*place as usize] = synapse as u32;
            *place += 1;
        }
        let mut runs = Self { of_neuron: vec![0], delays: Vec::new(), starts: vec![0], synapses };
        for neuron in 0..neurons {
            let (start, stop) = (first[neuron] as usize, first[neuron + 1] as usize);
            match &steps {
                Err(steps) if start < stop => {
                    runs.delays.push(*steps);
                    runs.starts.push(stop as u32);
                }
                Err(_) => {}
                Ok(steps) => {
                    let own = &mut runs.synapses[start..stop];
                    // Stable: those of one delay stay in the order of their numbers.
                    own.sort_by_key(|&synapse| steps[synapse as usize]);
                    for place in 0..own.len() {
                        let delay = steps[own[place] as usize];
                        if place + 1 == own.len() || steps[own[place + 1] as usize] != delay {
                            runs.delays.push(delay);
                            runs.starts.push((start + place + 1) as u32);
                        }
                    }
                }
            }
            runs.of_neuron.push(runs.delays.len() as u32);
        }
        Ok(runs)
    }

    /// Synapses in the order of runs.
    pub(crate) fn synapses(&self) -> &[u32] {
        &self.synapses
    }

    /// Where the synapses of a run stand among [`Runs::synapses`].
    pub(crate) fn places(&self, run: u32) -> std::ops::Range<usize> {
        self.starts[run as usize] as usize..self.starts[run as usize + 1] as usize
    }

    /// The synapses of a run.
    pub(crate) fn of(&self, run: u32) -> &[u32] {
        &self.synapses[self.places(run)]
    }

    fn longest(&self) -> u32 {
        self.delays.iter().copied().max().unwrap_or(0)
    }

    /// Adds a run that belongs to no neuron.
    fn add(&mut self, synapses: &[u32]) -> u32 {
        self.synapses.extend_from_slice(synapses);
        self.starts.push(self.synapses.len() as u32);
        self.delays.push(0);
        self.delays.len() as u32 - 1
    }
}

/// Events that have not arrived yet.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    runs: Arc<Runs>,
    /// Runs by the step in which they are due, from `now` on around the end.
    rows: Vec<Vec<u32>>,
    now: usize,
    /// Whether events of several steps may have come into one.
    merged: bool,
}

impl Queue {
    /// An empty queue.
    pub(crate) fn new(runs: Runs) -> Self {
        let rows = vec![Vec::new(); runs.longest() as usize + 1];
        Self { runs: Arc::new(runs), rows, now: 0, merged: false }
    }

    /// The synapses that entries stand for.
    pub(crate) fn runs(&self) -> &Arc<Runs> {
        &self.runs
    }

    /// Sends the events of neurons, whose numbers ascend.
    pub(crate) fn push(&mut self, neurons: impl Iterator<Item = u32>) {
        for neuron in neurons {
            let Some(&[first, last]) = self.runs.of_neuron.get(neuron as usize..neuron as usize + 2) else { continue };
            for run in first..last {
                let mut row = self.now + self.runs.delays[run as usize] as usize;
                if row >= self.rows.len() {
                    row -= self.rows.len();
                }
                self.rows[row].push(run);
            }
        }
    }

    /// The runs that are due now, in `due`; the next step is now afterwards.
    pub(crate) fn pop(&mut self, due: &mut Vec<u32>) {
        due.clear();
        std::mem::swap(due, &mut self.rows[self.now]);
        self.now = (self.now + 1) % self.rows.len();
    }

    /// Whether the same synapse may be due twice in one step.
    pub(crate) fn repeats(&self) -> bool {
        self.merged
    }

    /// The same events over synapses whose delays are `runs`, for a clock of another step: what is due in k steps of
    /// `old_dt` is due in floor(k old_dt/dt + 1/2) steps of `dt`.
    pub(crate) fn rescaled(&self, mut runs: Runs, old_dt: f64, dt: f64) -> Self {
        let same = runs == *self.runs;
        let mut rows: Vec<Vec<u32>> = vec![Vec::new(); runs.longest() as usize + 1];
        for ahead in 0..self.rows.len() {
            let waiting = &self.rows[(self.now + ahead) % self.rows.len()];
            if waiting.is_empty() {
                continue;
            }
            let row = (ahead as f64 * (old_dt / dt) + 0.5) as usize;
            if row >= rows.len() {
                rows.resize(row + 1, Vec::new());
            }
            for &run in waiting {
                // Synapses that were one run may have different delays now.
                let run = if same { run } else { runs.add(self.runs.of(run)) };
                rows[row].push(run);
            }
        }
        Self { runs: Arc::new(runs), rows, now: 0, merged: true }
    }
}

#[cfg(test)]
mod tests;
