//! Sorting synapses into rows, by block of inputs and group of delays, by counting.

use super::Layout;
use super::projection::Row;
use super::rows::{Rows, Weights};

/// Rows as they grow; `ends` has as many groups per row as the row needs until all are known.
pub(super) struct Sorter {
    layout: Layout,
    addresses: Vec<u16>,
    weights: Weights,
    first: Vec<usize>,
    ends: Vec<u32>,
    /// Where the segments of each row begin in `ends`.
    segments: Vec<usize>,
    most_groups: u32,
    counts: Vec<u32>,
    places: Vec<(u32, u16)>,
}

/// Moves synapses to their bins, whose beginnings are in `next`; these become the ends.
#[inline(always)]
fn sort(
    places: &[(u32, u16)],
    weights: &[f32],
    next: &mut [u32],
    addresses: &mut [u16],
    mut keep: impl FnMut(usize, f32),
) {
    for (&(bin, address), &weight) in places.iter().zip(weights) {
        let at = next[bin as usize] as usize;
        next[bin as usize] += 1;
        addresses[at] = address;
        keep(at, weight);
    }
}

impl Sorter {
    pub(super) fn new(layout: Layout, capacity: usize, weights: Weights) -> Self {
        Self {
            layout,
            addresses: Vec::with_capacity(capacity),
            weights,
            first: vec![0],
            ends: Vec::new(),
            segments: vec![0],
            most_groups: 0,
            counts: Vec::new(),
            places: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, row: &Row) {
        let Layout { window, width, blocks } = self.layout;
        // Delays are at least one window: groups begin at 1.
        let groups = if row.delays.is_empty() { 0 } else { row.longest_delay / window };
        self.most_groups = self.most_groups.max(groups);
        let (shift, stride) = (window.ilog2(), self.layout.stride());
        self.places.clear();
        self.places.extend(row.inputs.iter().zip(&row.delays).map(|(&input, &delay)| {
            let block = if blocks == 1 { 0 } else { input / width };
            let group = delay >> shift;
            let address = (delay & (window - 1)) * stride + (input - block * width);
            (block * groups + group - 1, address as u16)
        }));
        let bins = (groups * blocks) as usize;
        self.counts.clear();
        self.counts.resize(bins + 1, 0);
        for (bin, _) in &self.places {
            self.counts[*bin as usize + 1] += 1;
        }
        for bin in 0..bins {
            self.counts[bin + 1] += self.counts[bin];
        }
        let (start, end) = (self.addresses.len(), self.addresses.len() + row.inputs.len());
        self.addresses.resize(end, 0);
        let addresses = &mut self.addresses[start..];
        match &mut self.weights {
            Weights::Same(_) => sort(&self.places, &row.weights, &mut self.counts, addresses, |_, _| {}),
            Weights::Quantised { offset, step, q } => {
                q.resize(end, 0);
                let (q, offset, per_step) = (&mut q[start..], *offset, 1.0 / *step);
                let keep = |at, weight| q[at] = ((weight - offset) * per_step + 0.5) as u16;
                sort(&self.places, &row.weights, &mut self.counts, addresses, keep);
            }
            Weights::Each(each) => {
                each.resize(end, 0.0);
                let each = &mut each[start..];
                sort(&self.places, &row.weights, &mut self.counts, addresses, |at, weight| each[at] = weight);
            }
        }
        self.ends.extend_from_slice(&self.counts[..bins]);
        self.segments.push(self.ends.len());
        self.first.push(end);
    }

    /// Gives all rows the same number of groups.
    pub(super) fn finish(self) -> Rows {
        let (blocks, groups) = (self.layout.blocks as usize, self.most_groups as usize);
        let mut ends = Vec::with_capacity((self.first.len() - 1) * blocks * groups);
        for row in self.segments.windows(2) {
            let row = &self.ends[row[0]..row[1]];
            let own = row.len() / blocks;
            for block in 0..blocks {
                let block_ends = &row[block * own..(block + 1) * own];
                ends.extend_from_slice(block_ends);
                let end = if own > 0 { block_ends[own - 1] } else { 0 };
                ends.resize(ends.len() + groups - own, end);
            }
        }
        Rows {
            first: self.first,
            ends,
            segments_per_row: blocks * groups,
            first_group: 1,
            groups: groups as u32,
            addresses: self.addresses,
            weights: self.weights,
        }
    }
}
