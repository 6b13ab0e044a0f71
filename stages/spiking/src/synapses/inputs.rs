//! What will arrive at the neurons in the coming steps.
//!
//! With a window of W steps (at most the shortest delay), spikes of the windows before add to slots
//! of the next window and, when they fall late in their own, of the one after it: 2W slots, used in
//! turn. So what is touched fits the second-level cache whatever the longest delay. W is a power of
//! two, and inputs are split into blocks so that a slot within W and a place within a block are 16
//! bits together: slots are used in turn by dropping the 18th bit of a sum.

use lapicque_numerics::vectorise::{Kernel, vectorise};

/// How inputs and delays are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Steps per window, a power of two.
    pub(crate) window: u32,
    /// Inputs of neurons per block.
    pub(crate) width: u32,
    pub(crate) blocks: u32,
}

/// More would not save work any more.
const LONGEST_WINDOW: u32 = 16;
const ADDRESSES: u32 = 1 << 16;
/// Entries of a block: two windows.
pub(crate) const ENTRIES: usize = 2 * ADDRESSES as usize;

impl Layout {
    pub(crate) fn new(inputs: u32, shortest_delay: u32) -> Self {
        let shortest = shortest_delay.clamp(1, LONGEST_WINDOW);
        let window = 1 << shortest.ilog2();
        let blocks = inputs.div_ceil(ADDRESSES / window).max(1);
        Self { window, width: inputs.div_ceil(blocks).max(1), blocks }
    }

    /// From a slot to the next.
    pub(crate) fn stride(&self) -> u32 {
        ADDRESSES / self.window
    }
}

pub(crate) struct Inputs {
    pub(crate) layout: Layout,
    /// Block by block, slot by slot; most of the width of a block may never be touched.
    sums: Vec<f32>,
}

impl Inputs {
    pub(crate) fn new(layout: Layout) -> Self {
        Self { layout, sums: vec![0.0; layout.blocks as usize * ENTRIES] }
    }

    pub(super) fn blocks_mut(&mut self) -> &mut [[f32; ENTRIES]] {
        self.sums.as_chunks_mut().0
    }

    /// Moves the sums of `slot` for the inputs from `first` on to `arriving` and leaves zeros.
    pub(crate) fn take(&mut self, slot: u32, mut first: u32, mut arriving: &mut [f64]) {
        let Layout { width, .. } = self.layout;
        let slot = slot * self.layout.stride();
        while !arriving.is_empty() {
            let (block, place) = (first / width, first % width);
            let n = arriving.len().min((width - place) as usize);
            let (now, later) = arriving.split_at_mut(n);
            let start = (slot + place) as usize;
            let sums = &mut self.blocks_mut()[block as usize][start..start + n];
            vectorise(Take { sums, arriving: now });
            arriving = later;
            first += n as u32;
        }
    }
}

struct Take<'a> {
    sums: &'a mut [f32],
    arriving: &'a mut [f64],
}

impl Kernel for Take<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (sum, arriving) in self.sums.iter_mut().zip(self.arriving) {
            *arriving = f64::from(*sum);
            *sum = 0.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_fit_16_bits() {
        for (inputs, delay) in [(0, 1), (1, 1), (9216, 5), (70_000, 1), (12_500, 15), (1_000_000, 40), (5, u32::MAX)] {
            let Layout { window, width, blocks } = Layout::new(inputs, delay);
            assert!(window * width <= ADDRESSES && width * blocks >= inputs && window <= delay);
        }
        assert_eq!(Layout::new(9216, 5), Layout { window: 4, width: 9216, blocks: 1 });
    }

    #[test]
    fn taking_crosses_blocks_and_leaves_zeros() {
        let mut inputs = Inputs::new(Layout { window: 2, width: 3, blocks: 3 });
        for block in 0..3 {
            for place in 0..3 {
                inputs.blocks_mut()[block][ADDRESSES as usize / 2 + place] = (block * 3 + place) as f32;
            }
        }
        let mut arriving = [0.0; 6];
        inputs.take(1, 2, &mut arriving);
        assert_eq!(arriving, [2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
        inputs.take(1, 0, &mut arriving);
        assert_eq!(arriving, [0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    }
}
