//! What a neuron model does for a population.

use std::ops::Range;

/// The neurons of one population: their state, and what a step does to it.
///
/// It is called once for each chunk and step, so that what a call costs is shared by all neurons of the chunk; the loop
/// over them is the model's.
pub(crate) trait Dynamics {
    /// Which inputs a neuron has, and which weights go to which.
    fn receptors(&self) -> Receptors;

    /// Takes the neurons of `chunk` one step further, with what arrives at its end, and reports those that spike, by
    /// their place in the population and in ascending order.
    ///
    /// Chunks do not depend on each other; each goes through the steps in order.
    fn step(&mut self, chunk: &Chunk, arriving: Arriving<'_>, report: &mut dyn FnMut(u32));

    /// Of memory, about, for state and parameters.
    fn bytes(&self) -> usize;
}

/// Neurons per chunk, but for the last.
pub(crate) const CHUNK: usize = 512;

/// Some neurons of a population, few enough for their state to stay in the nearest cache.
#[derive(Debug, Clone)]
pub(crate) struct Chunk {
    pub(crate) index: usize,
    /// `index * CHUNK` and up to `CHUNK` places more.
    pub(crate) neurons: Range<usize>,
}

impl Chunk {
    /// Those of a population of `size` neurons, in order.
    pub(crate) fn all(size: usize) -> impl Iterator<Item = Self> {
        (0..size)
            .step_by(CHUNK)
            .enumerate()
            .map(move |(index, first)| Self { index, neurons: first..(first + CHUNK).min(size) })
    }

    pub(crate) fn len(&self) -> usize {
        self.neurons.len()
    }
}

/// The sums of the weights that arrive at the neurons of a chunk in one step.
#[derive(Clone, Copy)]
pub(crate) struct Arriving<'a> {
    sums: &'a [Vec<f64>],
    neurons: usize,
}

impl<'a> Arriving<'a> {
    /// `sums` are by input, and at least as long as there are `neurons`.
    pub(crate) fn new(sums: &'a [Vec<f64>], neurons: usize) -> Self {
        Self { sums, neurons }
    }

    /// A sum for each neuron.
    pub(crate) fn at(self, input: usize) -> &'a [f64] {
        &self.sums[input][..self.neurons]
    }
}

/// The inputs of a neuron. Nothing else decides where the weight of a synapse or of a drive goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Receptors {
    /// One input takes all weights.
    One,
    /// Input 0 takes weights that are not negative, input 1 negative ones.
    BySign,
}

impl Receptors {
    pub(crate) fn count(self) -> u32 {
        match self {
            Self::One => 1,
            Self::BySign => 2,
        }
    }

    #[inline(always)]
    pub(crate) fn input_of(self, weight: f64) -> u32 {
        u32::from(self == Self::BySign && weight < 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_weight_goes_to_an_input_that_there_is() {
        for receptors in [Receptors::One, Receptors::BySign] {
            for weight in [-1.0, -1e-300, -0.0, 0.0, 1e-300, 1.0, f64::NAN] {
                let input = receptors.input_of(weight);
                assert!(input < receptors.count());
                assert_eq!(input == 1, receptors == Receptors::BySign && weight < 0.0);
            }
        }
    }

    #[test]
    fn chunks_are_all_neurons_once() {
        for size in [0, 1, 511, 512, 513, 1300] {
            let neurons: Vec<usize> = Chunk::all(size).flat_map(|chunk| chunk.neurons).collect();
            assert!(neurons.into_iter().eq(0..size));
        }
        assert!(Chunk::all(1300).all(|chunk| chunk.neurons.start == chunk.index * CHUNK));
    }
}
