//! Memory of populations and connections that are laid out, before a synapse is drawn.

use lapicque_numerics::grid::TimeGrid;

use crate::memory::Memory;
use crate::population::Population;
use crate::synapses::{ENTRIES, Layout, Projection, bytes_per_weight};

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
