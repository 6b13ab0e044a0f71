//! What is kept of a run: records of some outputs behind a transient, and the BOLD signal that follows one of them.
//!
//! The BOLD signal follows the activity from the first step on, so that it has settled when the transient is over; its
//! values at times up to the end of the transient are left out.

use crate::bold::{Bold, BoldError, Haemodynamics, Sampling, Scheme};
use crate::simulation::Block;

/// How records that come from the engine become values that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Steps between values that are kept; records come as often, or for every step.
    pub every: u64,
    /// The mean over those steps instead of the last of them.
    pub average: bool,
    /// Steps of the transient, a multiple of `every`.
    pub transient: u64,
    /// Steps of the run, a multiple of `every`.
    pub steps: u64,
}

impl Kept {
    /// How many values are kept of each output and node.
    pub fn records(&self) -> usize {
        (self.steps.saturating_sub(self.transient) / self.every.max(1)) as usize
    }
}

/// What a BOLD signal is made from, and how.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoldOf {
    /// Place among the outputs that are recorded.
    pub output: usize,
    /// With the factor and the offset of the model.
    pub haemodynamics: Haemodynamics,
    /// Time between values.
    pub repetition_time_ms: f64,
    /// Start and steps.
    pub scheme: Scheme,
    /// What is kept of each repetition time.
    pub sampling: Sampling,
}

/// The values of one set.
#[derive(Debug)]
pub struct Recorder {
    kept: Kept,
    nodes: usize,
    /// By output: `[node * records + record]`.
    values: Vec<Vec<f64>>,
    /// Sums of windows that have begun, `[output * nodes + node]`.
    sums: Vec<f64>,
    bold: Option<(BoldOf, Bold)>,
    /// `[value * nodes + node]`.
    signal: Vec<f64>,
    turned: Vec<f64>,
}

/// What was kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// By output: `[node * records + record]`.
    pub values: Vec<Vec<f64>>,
    /// Where it was asked for.
    pub bold: Option<BoldSignal>,
}

/// A BOLD signal of all nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct BoldSignal {
    /// Of the first value.
    pub t0_ms: f64,
    /// Between values.
    pub dt_ms: f64,
    /// `[node * length + value]`
    pub values: Vec<f64>,
    /// Values of each node.
    pub length: usize,
}

impl Recorder {
    /// Of the first `outputs` of the outputs that are recorded; a BOLD signal needs a record for every step.
    ///
    /// # Errors
    /// What a BOLD signal is refused for.
    pub fn new(
        kept: Kept,
        nodes: usize,
        outputs: usize,
        time_step_ms: f64,
        bold: Option<BoldOf>,
    ) -> Result<Self, BoldError> {
        let of = |of: BoldOf| {
            let parameters = [of.haemodynamics];
            Bold::new(nodes, time_step_ms, of.repetition_time_ms, &parameters, of.scheme, of.sampling)
                .map(|bold| (of, bold))
        };
        Ok(Self {
            kept,
            nodes,
            values: vec![vec![0.0; nodes * kept.records()]; outputs],
            sums: vec![0.0; nodes * outputs],
            bold: bold.map(of).transpose()?,
            signal: Vec::new(),
            turned: Vec::new(),
        })
    }

    /// Takes what a block has of set number `set` in it; `interval` is the number of steps between its records.
    ///
    /// # Errors
    /// None where blocks are of the network that this was made for.
    pub fn take(&mut self, block: &Block<'_>, set: usize, interval: u64) -> Result<(), BoldError> {
        let (nodes, records) = (self.nodes, self.kept.records());
        let row = |output: usize, node: usize| {
            let row = (set * block.outputs + output) * nodes + node;
            &block.values[row * block.records..(row + 1) * block.records]
        };
        let Kept { every, average, transient, .. } = self.kept;
        for (output, values) in self.values.iter_mut().enumerate() {
            for node in 0..nodes {
                let to = &mut values[node * records..(node + 1) * records];
                let sum = &mut self.sums[output * nodes + node];
                for (record, &value) in row(output, node).iter().enumerate() {
                    let step = block.first_step + record as u64 * interval;
                    // The engine has averaged what comes once for each value.
                    let averages = average && interval < every;
                    if averages {
                        *sum += value;
                    }
                    if !step.is_multiple_of(every) {
                        continue;
                    }
                    let value = if averages { std::mem::take(sum) * (1.0 / every as f64) } else { value };
                    if step > transient
                        && let Some(to) = to.get_mut(((step - transient) / every) as usize - 1)
                    {
                        *to = value;
                    }
                }
            }
        }
        if let Some((of, bold)) = &mut self.bold {
            self.turned.clear();
            self.turned.resize(nodes * block.records, 0.0);
            for node in 0..nodes {
                for (record, &value) in row(of.output, node).iter().enumerate() {
                    self.turned[record * nodes + node] = value;
                }
            }
            bold.advance(&self.turned, &mut self.signal)?;
        }
        Ok(())
    }

    /// What was kept; the transient ends at `transient_ms`.
    pub fn finish(self, transient_ms: f64) -> Recorded {
        let Self { nodes, values, bold, signal, .. } = self;
        let bold = bold.map(|(_, bold)| {
            let all = signal.len() / nodes.max(1);
            // A time that is rounded is no later one.
            let is_left_out = |&value: &usize| bold.time_ms(value) <= transient_ms * (1.0 + 1e-12);
            let first = (0..all).take_while(is_left_out).count();
            let of_node = |node: usize| signal.iter().skip(first * nodes + node).step_by(nodes).copied();
            let values = (0..nodes).flat_map(of_node).collect();
            BoldSignal { t0_ms: bold.time_ms(first), dt_ms: bold.interval_ms(), values, length: all - first }
        });
        Recorded { values, bold }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEPT: Kept = Kept { every: 4, average: false, transient: 4, steps: 16 };

    /// Records of every step of two nodes and one output, in blocks of 5: node 1 is 100 times node 0.
    fn every_step(recorder: &mut Recorder) {
        for first in [1, 6, 11, 16] {
            let steps: Vec<f64> = (first..(first + 5).min(17)).map(|step| step as f64).collect();
            let values: Vec<f64> = steps.iter().copied().chain(steps.iter().map(|step| 100.0 * step)).collect();
            let records = steps.len();
            let block =
                Block { first_set: 0, sets: 1, outputs: 1, nodes: 2, first_step: first, records, values: &values };
            recorder.take(&block, 0, 1).unwrap();
        }
    }

    #[test]
    fn of_every_step_the_last_or_the_mean_of_a_window_is_kept() {
        let mut last = Recorder::new(KEPT, 2, 1, 0.1, None).unwrap();
        every_step(&mut last);
        assert_eq!(last.finish(0.4).values, [[8.0, 12.0, 16.0, 800.0, 1200.0, 1600.0]]);
        let mut mean = Recorder::new(Kept { average: true, ..KEPT }, 2, 1, 0.1, None).unwrap();
        every_step(&mut mean);
        assert_eq!(mean.finish(0.4).values, [[6.5, 10.5, 14.5, 650.0, 1050.0, 1450.0]]);
    }

    #[test]
    fn records_that_are_windows_already_are_placed() {
        let mut recorder = Recorder::new(Kept { average: true, ..KEPT }, 1, 1, 0.1, None).unwrap();
        let block = Block {
            first_set: 0,
            sets: 2,
            outputs: 1,
            nodes: 1,
            first_step: 4,
            records: 4,
            values: &[9.0, 9.0, 9.0, 9.0, 1.0, 2.0, 3.0, 4.0],
        };
        recorder.take(&block, 1, 4).unwrap();
        assert_eq!(recorder.finish(0.4), Recorded { values: vec![vec![2.0, 3.0, 4.0]], bold: None });
    }

    #[test]
    fn a_bold_signal_is_that_of_the_activity_without_the_transient() {
        let of = BoldOf {
            output: 0,
            haemodynamics: Haemodynamics::default(),
            repetition_time_ms: 0.3,
            scheme: Scheme::Heun { longest_step_ms: 5.0 },
            sampling: Sampling::End,
        };
        let mut recorder = Recorder::new(KEPT, 2, 0, 0.1, Some(of)).unwrap();
        every_step(&mut recorder);
        let recorded = recorder.finish(0.6);
        let mut bold = Bold::new(2, 0.1, 0.3, &[of.haemodynamics], of.scheme, of.sampling).unwrap();
        let activity: Vec<f64> = (1..=16).flat_map(|step| [f64::from(step), 100.0 * f64::from(step)]).collect();
        let mut signal = Vec::new();
        bold.advance(&activity, &mut signal).unwrap();
        let found = recorded.bold.unwrap();
        assert_eq!((found.length, found.dt_ms), (3, 0.3));
        assert!((found.t0_ms - 0.9).abs() < 1e-12);
        assert_eq!(found.values, [signal[4], signal[6], signal[8], signal[5], signal[7], signal[9]]);
        assert!(recorded.values.is_empty());
    }
}
