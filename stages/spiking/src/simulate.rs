//! Simulation of one network on one thread.

use lapicque_network::Network;
use lapicque_numerics::grid::TimeGrid;
use lapicque_numerics::random::StreamKey;

use crate::error::SimulationError;
use crate::estimate::memory;
use crate::memory::Memory;
use crate::options::Options;
use crate::population::{Population, Spike, Window};
use crate::recording::Recording;
use crate::synapses::{Delivery, Inputs, Layout, Projection, build};

/// Windows between two looks at `cancel`.
const WINDOWS_PER_REPORT: u32 = 64;
/// Two inputs per neuron, and twice as many slots as steps in a window, are counted with 32 bits.
const MOST_NEURONS: u64 = 1 << 25;
/// More is taken for a mistake.
const MOST_BYTES: f64 = 64e9;

/// Simulates `network` and records its spikes.
///
/// The result depends on `network`, `options` and `key` alone. `cancel` is asked now and then, also
/// while synapses are drawn;
/// `progress` is told the fraction of simulated time.
///
/// # Errors
/// A network that is not valid ([`SimulationError::Network`]) or describes what is not simulated
/// ([`SimulationError::Unsupported`]: other neuron models, plastic synapses, spatial profiles), both
/// by path; options off the grid; drawn delays shorter than a step;
/// cancellation.
pub fn simulate(
    network: &Network,
    options: &Options,
    key: StreamKey,
    cancel: &dyn Fn() -> bool,
    progress: &mut dyn FnMut(f64),
) -> Result<Recording, SimulationError> {
    let schedule = options.check()?;
    let grid = schedule.grid;
    let Ready { mut populations, projections, layout } = prepare(network, grid, &key)?;
    allowed(memory(&populations, &projections, layout, grid))?;
    let mut deliveries = Vec::with_capacity(populations.len());
    for (pre, description) in network.populations.iter().enumerate() {
        let leaving: Vec<&Projection> = projections.iter().filter(|projection| projection.pre == pre).collect();
        deliveries.push(Delivery::new(build(description.size, &leaving, &populations, layout, grid, &key, cancel)?));
    }

    let mut inputs = Inputs::new(layout);
    let mut recorded: Vec<Vec<Spike>> = vec![Vec::new(); populations.len()];
    let mut spikes = Vec::new();
    let windows = schedule.steps.div_ceil(layout.window);
    for index in 0..windows {
        if index % WINDOWS_PER_REPORT == 0 {
            if cancel() {
                return Err(SimulationError::Cancelled);
            }
            progress(f64::from(index) / f64::from(windows));
        }
        let before = index * layout.window;
        let window = Window {
            first_step: before + 1,
            steps: layout.window.min(schedule.steps - before),
            first_slot: (index % 2) * layout.window,
        };
        let next_slot = layout.window - window.first_slot;
        // Slots of this window are read by all populations before delivery writes to them as the
        // slots after the next window.
        for ((population, delivery), recorded) in populations.iter_mut().zip(&mut deliveries).zip(&mut recorded) {
            spikes.clear();
            population.advance(window, &mut inputs, &mut spikes);
            recorded.extend(spikes.iter().filter(|spike| spike.step >= schedule.transient_steps));
            delivery.collect(spikes.iter().map(|spike| (spike.neuron, spike.step - window.first_step)));
        }
        for delivery in &mut deliveries {
            delivery.deliver(next_slot, &mut inputs);
        }
    }
    progress(1.0);
    let interval = (grid.time_ms(schedule.transient_steps), grid.time_ms(schedule.steps));
    let populations =
        network.populations.iter().zip(recorded).map(|(p, spikes)| (p.name.clone(), p.size, spikes)).collect();
    Ok(Recording::new(grid.step_ms(), interval, populations))
}

/// Whether `network` can be simulated so, as far as that shows before a synapse is drawn, and the memory that it would take.
///
/// # Errors
/// Those of [`simulate`].
pub fn check(network: &Network, options: &Options) -> Result<Memory, SimulationError> {
    let grid = options.check()?.grid;
    let Ready { populations, projections, layout } = prepare(network, grid, &StreamKey::new([0; 16]))?;
    allowed(memory(&populations, &projections, layout, grid))
}

fn allowed(memory: Memory) -> Result<Memory, SimulationError> {
    if memory.bytes() <= MOST_BYTES {
        return Ok(memory);
    }
    Err(SimulationError::TooMuchMemory { synapses: memory.expected_synapses, memory, most_bytes: MOST_BYTES })
}

/// A network whose neurons are drawn and whose synapses are not.
struct Ready<'a> {
    populations: Vec<Population>,
    projections: Vec<Projection<'a>>,
    layout: Layout,
}

fn prepare<'a>(network: &'a Network, grid: TimeGrid, key: &StreamKey) -> Result<Ready<'a>, SimulationError> {
    network.check()?;
    let neurons = network.populations.iter().map(|p| u64::from(p.size)).sum();
    if neurons > MOST_NEURONS {
        return Err(SimulationError::TooManyNeurons { neurons, most: MOST_NEURONS });
    }
    let mut populations = Vec::with_capacity(network.populations.len());
    let mut inputs = 0;
    for description in &network.populations {
        let population = Population::new(description, inputs, grid, key)?;
        inputs += population.inputs();
        populations.push(population);
    }
    let projections: Vec<Projection> =
        network.connections.iter().map(|c| Projection::new(c, &network.populations, grid)).collect::<Result<_, _>>()?;
    let shortest = projections.iter().map(|projection| projection.shortest_delay(grid)).min().unwrap_or(u32::MAX);
    Ok(Ready { populations, projections, layout: Layout::new(inputs, shortest) })
}
