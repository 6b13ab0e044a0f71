//! What a group has sent, for as long as others may ask for it.

use super::Link;
use crate::simulation::Block;

/// Values that may be there beyond what is asked for, before they are let go of.
const SLACK: usize = 4096;

/// Values by row (output and node) and time.
#[derive(Debug, Clone)]
pub(super) struct Past {
    /// Step of the first value that is held; that of all times before it is asked for only at the begin.
    first_step: u64,
    nodes: usize,
    /// How many values behind the newest may be asked for.
    kept: usize,
    /// `[output * nodes + node]`
    rows: Vec<Vec<f64>>,
}

impl Past {
    /// With the values at the begin, `[output * nodes + node]`.
    pub(super) fn new(first: Vec<f64>, nodes: usize, kept: usize) -> Self {
        Self { first_step: 0, nodes, kept, rows: first.into_iter().map(|value| vec![value]).collect() }
    }

    /// How many values of a row there may be at most, with this longest delay; a piece is no longer than the slack.
    pub(super) fn most_values(delay: usize) -> f64 {
        2.0 * (delay as f64 + 1.0) + 2.0 * SLACK as f64
    }

    /// Takes records of every step, `[(output * nodes + node) * records + record]`.
    pub(super) fn take(&mut self, block: &Block<'_>, values: &[f64]) {
        for (row, values) in self.rows.iter_mut().zip(values.chunks(block.records.max(1))) {
            row.extend_from_slice(values);
        }
    }

    /// Adds weighted values that were sent a delay ago, at steps from `step` on.
    pub(super) fn add(&self, output: usize, link: &Link, step: u64, weight: f64, sums: &mut [f64]) {
        let row = &self.rows[output * self.nodes + link.source];
        let mut at = step as i64 - link.delay as i64 - self.first_step as i64;
        let mut sums = sums.iter_mut();
        // Before the begin all is as at the begin.
        while at < 0 {
            let Some(sum) = sums.next() else { return };
            *sum += weight * row[0];
            at += 1;
        }
        sums.zip(&row[at as usize..]).for_each(|(sum, sent)| *sum += weight * sent);
    }

    /// Lets go of what nobody can ask for any more.
    pub(super) fn forget(&mut self) {
        let length = self.rows.first().map_or(0, Vec::len);
        if length > 2 * self.kept + SLACK {
            let gone = length - self.kept;
            self.rows.iter_mut().for_each(|row| drop(row.drain(..gone)));
            self.first_step += gone as u64;
        }
    }
}
