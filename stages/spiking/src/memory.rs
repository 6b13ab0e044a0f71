//! How much memory a simulation takes; `estimate.rs` estimates it before a synapse is drawn.
//!
//! | part | bytes |
//! |---|---|
//! | synapses | 2 for the address, and 0, 2 or 4 for the weight (`synapses/rows.rs`) |
//! | segments | 4 for each neuron, block of inputs and window up to the longest delay |
//! | lists | while a population is built: 4 for each synapse of an `in_degree` or a `total` that leaves it, 8 more where pairs are distinct |
//! | inputs | two windows of 32-bit sums |
//! | neurons | state and parameters |
//!
//! Recorded spikes come on top: 12 bytes each. A drawn delay is taken to be at most six standard deviations above its mean.

use std::fmt;

/// Estimated bytes, at the largest.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Memory {
    /// How many synapses are expected.
    pub expected_synapses: f64,
    /// Addresses and weights of all synapses.
    pub synapse_bytes: f64,
    /// Where the synapses of each neuron lie, by block and delay.
    pub segment_bytes: f64,
    /// Lists that are needed only while synapses are drawn; the largest of a population.
    pub list_bytes: f64,
    /// What is to arrive in the coming steps.
    pub input_bytes: f64,
    /// State and parameters of the neurons.
    pub neuron_bytes: f64,
}

impl Memory {
    /// All parts together.
    pub fn bytes(&self) -> f64 {
        self.synapse_bytes + self.segment_bytes + self.list_bytes + self.input_bytes + self.neuron_bytes
    }
}

/// `1230 GB of memory (synapses 1220, ...)`.
impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "about {:.3} GB of memory", self.bytes() / 1e9)?;
        let parts = [
            ("synapses", self.synapse_bytes),
            ("lists while they are drawn", self.list_bytes),
            ("segments by delay", self.segment_bytes),
            ("inputs", self.input_bytes),
            ("neurons", self.neuron_bytes),
        ];
        let parts = parts.map(|(name, bytes)| format!("{name} {:.3} GB", bytes / 1e9));
        write!(f, " ({})", parts.join(", "))
    }
}
