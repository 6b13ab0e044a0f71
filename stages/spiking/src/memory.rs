//! How much memory a simulation takes, estimated before a synapse is drawn.
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

use lapicque_numerics::grid::TimeGrid;

use crate::population::Population;
use crate::synapses::{ENTRIES, Layout, Projection, bytes_per_weight};

/// Estimated bytes, at the largest.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Memory {
    /// How many synapses are expected.
    pub expected_synapses: f64,
    pub synapse_bytes: f64,
    pub segment_bytes: f64,
    pub list_bytes: f64,
    pub input_bytes: f64,
    pub neuron_bytes: f64,
}

impl Memory {
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

/// Of populations and connections that are laid out.
pub(crate) fn memory(
    populations: &[Population],
    projections: &[Projection<'_>],
    layout: Layout,
    grid: TimeGrid,
) -> Memory {
    let mut memory = Memory {
        input_bytes: f64::from(layout.blocks) * 4.0 * ENTRIES as f64,
        neuron_bytes: populations.iter().map(Population::bytes).sum(),
        ..Memory::default()
    };
    for (pre, population) in populations.iter().enumerate() {
        let leaving: Vec<&Projection<'_>> = projections.iter().filter(|projection| projection.pre == pre).collect();
        let synapses: f64 = leaving.iter().map(|projection| projection.expected_synapses()).sum();
        let longest = leaving.iter().map(|projection| projection.longest_delay(grid)).fold(0.0, f64::max);
        let groups = (longest / f64::from(layout.window)).floor();
        memory.expected_synapses += synapses;
        memory.synapse_bytes += synapses * (2.0 + bytes_per_weight(&leaving));
        // The beginning of the row of each neuron, and the ends of its segments.
        memory.segment_bytes += f64::from(population.size()) * (8.0 + 4.0 * groups * f64::from(layout.blocks));
        let listed: f64 = leaving.iter().map(|projection| projection.list_bytes()).sum();
        memory.list_bytes = memory.list_bytes.max(listed);
    }
    memory
}
