//! Adding the weights of spikes to the inputs of the windows in which they arrive.
//!
//! Before a window is computed, the spikes emitted g windows earlier add the segments of delay
//! group g of their rows. Every synapse is so read in the window before it acts, and all that is
//! written at a time is the buffer of [`Inputs`].

use std::collections::VecDeque;

use super::inputs::ENTRIES;
use super::rows::Weights;
use super::{Inputs, Rows};

/// The spikes of one population that have synapses still to be delivered.
pub(crate) struct Delivery {
    rows: Rows,
    /// As collected, the newest window first.
    emitted: VecDeque<Vec<(u32, u32)>>,
    /// Segments of the current delivery: (first synapse, one past the last, first entry of the
    /// buffer).
    segments: Vec<(usize, usize, u32)>,
}

impl Delivery {
    pub(crate) fn new(rows: Rows) -> Self {
        Self { rows, emitted: VecDeque::new(), segments: Vec::new() }
    }

    /// Takes the spikes of the window just computed: (neuron, steps since the beginning of the
    /// window).
    pub(crate) fn collect(&mut self, spikes: impl Iterator<Item = (u32, u32)>) {
        let longest = (self.rows.first_group + self.rows.groups) as usize - 1;
        let mut newest =
            if self.emitted.len() >= longest { self.emitted.pop_back().unwrap_or_default() } else { Vec::new() };
        newest.clear();
        if longest > 0 {
            newest.extend(spikes);
            self.emitted.push_front(newest);
        }
    }

    /// Delivers all that arrives in the next window, whose inputs begin at `next_slot`.
    pub(crate) fn deliver(&mut self, next_slot: u32, inputs: &mut Inputs) {
        let layout = inputs.layout;
        for block in 0..layout.blocks {
            self.segments.clear();
            for (group, emitted) in (self.rows.first_group..).zip(&self.emitted) {
                for &(neuron, offset) in emitted {
                    let segment = self.rows.segment(neuron, block, group);
                    self.segments.push((segment.start, segment.end, (next_slot + offset) * layout.stride()));
                }
            }
            add(&self.rows, &self.segments, &mut inputs.blocks_mut()[block as usize]);
        }
    }
}

fn add(rows: &Rows, segments: &[(usize, usize, u32)], sums: &mut [f32; ENTRIES]) {
    match &rows.weights {
        Weights::Same(weight) => {
            for &(start, end, base) in segments {
                for &address in &rows.addresses[start..end] {
                    add_one(sums, base, address, *weight);
                }
            }
        }
        Weights::Quantised { offset, step, q } => {
            for &(start, end, base) in segments {
                for (&address, &q) in rows.addresses[start..end].iter().zip(&q[start..end]) {
                    add_one(sums, base, address, offset + step * f32::from(q));
                }
            }
        }
        Weights::Each(each) => {
            for &(start, end, base) in segments {
                for (&address, &weight) in rows.addresses[start..end].iter().zip(&each[start..end]) {
                    add_one(sums, base, address, weight);
                }
            }
        }
    }
}

#[inline(always)]
fn add_one(sums: &mut [f32; ENTRIES], base: u32, address: u16, weight: f32) {
    // Slots are used in turn: beyond the last is the first.
    sums[(base + u32::from(address)) as usize % ENTRIES] += weight;
}
