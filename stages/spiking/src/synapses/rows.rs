//! The synapses that leave a population.
//!
//! The synapses of a neuron are a row, cut into segments by block of inputs, then by group of
//! delays: group g holds delays from g W to (g + 1) W - 1, W steps being the window. The segment of
//! group g is delivered g windows after the spike. A synapse takes two bytes for slot within W and
//! place within the block, and none, two or four for its weight.

/// See the module.
pub(crate) struct Rows {
    /// Where the row of each neuron begins, and the end.
    pub(crate) first: Vec<usize>,
    /// Where segments end within the row, as `[neuron][block][group - first_group]`.
    pub(crate) ends: Vec<u32>,
    pub(crate) segments_per_row: usize,
    pub(crate) first_group: u32,
    pub(crate) groups: u32,
    /// `slot * stride + place`.
    pub(crate) addresses: Vec<u16>,
    pub(crate) weights: Weights,
}

pub(crate) enum Weights {
    /// All the same.
    Same(f32),
    /// `offset + step q`: for normally distributed weights, whose spread is at least a thousand
    /// steps.
    Quantised {
        offset: f32,
        step: f32,
        q: Vec<u16>,
    },
    Each(Vec<f32>),
}

impl Weights {
    /// With room for so many.
    pub(super) fn with_capacity(mut self, capacity: usize) -> Self {
        match &mut self {
            Self::Same(_) => {}
            Self::Quantised { q, .. } => q.reserve_exact(capacity),
            Self::Each(each) => each.reserve_exact(capacity),
        }
        self
    }
}

impl Rows {
    /// Where the synapses of `group` of `neuron` in `block` are.
    #[inline(always)]
    pub(crate) fn segment(&self, neuron: u32, block: u32, group: u32) -> std::ops::Range<usize> {
        let first = self.first[neuron as usize];
        let within = (block * self.groups + group - self.first_group) as usize;
        let end = neuron as usize * self.segments_per_row + within;
        let start = if within == 0 { 0 } else { self.ends[end - 1] };
        first + start as usize..first + self.ends[end] as usize
    }
}
