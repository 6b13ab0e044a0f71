//! Random numbers of a network.

use lapicque_numerics::random::{Generator, StreamKey};

/// Where random numbers come from; steps are asked for one after the other, from 0.
pub trait Draws {
    /// A uniform number in [0, 1) for each neuron.
    fn uniforms(&mut self, step: u64, values: &mut [f64]);
    /// A standard normal number for a neuron, asked for after the uniform ones of the step, neurons ascending.
    fn normal(&mut self, step: u64, neuron: usize) -> f64;
}

/// The stream of one network: key and number of the network decide all of its numbers.
#[derive(Debug, Clone)]
pub struct Stream(Generator);

impl Stream {
    /// That of network number `network` (from 0).
    pub fn new(key: &StreamKey, network: u64) -> Self {
        Self(key.stream("point process", network))
    }
}

impl Draws for Stream {
    #[inline]
    fn uniforms(&mut self, _step: u64, values: &mut [f64]) {
        values.iter_mut().for_each(|value| *value = self.0.uniform());
    }

    fn normal(&mut self, _step: u64, _neuron: usize) -> f64 {
        self.0.normal()
    }
}
