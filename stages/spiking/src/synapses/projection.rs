//! Drawing the synapses of a connection, neuron by neuron.
//!
//! Each (connection, neuron) has its own streams for targets, weights and delays. Delays are
//! rounded to the grid after they are drawn.

use lapicque_network::{Connection, Population as Description, Synapse};
use lapicque_numerics::grid::TimeGrid;
use lapicque_numerics::random::StreamKey;

use super::Layout;
use super::targets::Targets;
use crate::draw::Sampler;
use crate::error::{SimulationError, unsupported};
use crate::population::Population;

/// A connection that can be simulated.
pub(crate) struct Projection<'a> {
    connection: &'a Connection,
    pub(super) weight: Sampler,
    delay: Sampler,
    post: usize,
}

/// The synapses of one neuron as drawn.
#[derive(Default)]
pub(super) struct Row {
    pub(super) inputs: Vec<u32>,
    pub(super) weights: Vec<f32>,
    /// In steps.
    pub(super) delays: Vec<u32>,
    pub(super) longest_delay: u32,
    found: Vec<u32>,
}

impl Row {
    pub(super) fn clear(&mut self) {
        self.inputs.clear();
        self.weights.clear();
        self.delays.clear();
        self.longest_delay = 0;
    }
}

impl Source<'_> {
    pub(super) fn draw(
        &self,
        neuron: u32,
        grid: TimeGrid,
        layout: Layout,
        row: &mut Row,
    ) -> Result<(), SimulationError> {
        let Row { inputs, weights, delays, found, longest_delay } = row;
        self.targets.of(neuron, found);
        let n = found.len();
        let index = u64::from(neuron);
        let before = weights.len();
        self.projection.weight.draw_each(n, &mut self.weights.at(index), |weight| weights.push(weight as f32))?;
        let steps_per_ms = 1.0 / grid.step_ms();
        let (mut shortest, mut longest) = (u32::MAX, 0);
        self.projection.delay.draw_each(n, &mut self.delays.at(index), |delay| {
            let steps = in_steps(delay, steps_per_ms);
            shortest = shortest.min(steps);
            longest = longest.max(steps);
            delays.push(steps);
        })?;
        for bad in [shortest, longest] {
            if n > 0 && !(layout.window..=LONGEST_DELAY).contains(&bad) {
                return Err(SimulationError::Delay {
                    path: self.projection.delay.path().to_owned(),
                    delay_ms: f64::from(bad) * grid.step_ms(),
                    most_steps: LONGEST_DELAY,
                    time_step_ms: grid.step_ms(),
                });
            }
        }
        *longest_delay = (*longest_delay).max(longest);
        let first = self.post.first_input;
        if self.post.inputs() == 2 {
            let size = self.post.size();
            let pairs = found.iter().zip(&weights[before..]);
            inputs.extend(pairs.map(|(target, &weight)| first + target + if weight < 0.0 { size } else { 0 }));
        } else {
            inputs.extend(found.iter().map(|target| first + target));
        }
        Ok(())
    }
}

/// Longer delays than this many steps are taken for a mistake.
const LONGEST_DELAY: u32 = 1 << 16;

impl<'a> Projection<'a> {
    pub(crate) fn new(connection: &'a Connection, populations: &[Description]) -> Result<Self, SimulationError> {
        let path = |part: &str| format!("connections.{}.{part}", connection.name);
        if connection.synapse != Synapse::Static {
            return Err(unsupported(path("synapse"), "only static synapses are simulated"));
        }
        if connection.profile.is_some() {
            return Err(unsupported(path("profile"), "neurons have no positions in a simulation"));
        }
        Ok(Self {
            connection,
            weight: Sampler::new(&connection.weight, path("weight")),
            delay: Sampler::new(&connection.delay_ms, path("delay")),
            post: populations.iter().position(|population| population.name == connection.post).unwrap_or_default(),
        })
    }

    /// In steps; 0 if the distribution has no lower limit above half a step.
    pub(crate) fn shortest_delay(&self, grid: TimeGrid) -> u32 {
        in_steps(self.delay.lowest(), 1.0 / grid.step_ms())
    }

    /// Draws what the rule draws for all neurons; `pre` is the size of the presynaptic population.
    pub(super) fn source<'b>(
        &'b self,
        pre: u32,
        populations: &'b [Population],
        key: &StreamKey,
    ) -> Result<Source<'b>, SimulationError> {
        let key = key.derive("connections").derive(&self.connection.name);
        let post = &populations[self.post];
        Ok(Source {
            projection: self,
            targets: Targets::new(self.connection, pre, post.size(), &key.derive("targets"))?,
            post,
            weights: key.derive("weights"),
            delays: key.derive("delays"),
        })
    }

    pub(crate) fn leaves(&self, population: &str) -> bool {
        self.connection.pre == population
    }
}

/// Rounded to the grid, halves up.
#[inline(always)]
fn in_steps(delay_ms: f64, steps_per_ms: f64) -> u32 {
    (delay_ms * steps_per_ms + 0.5) as u32
}

/// A projection with its targets and streams.
pub(super) struct Source<'a> {
    projection: &'a Projection<'a>,
    pub(super) targets: Targets,
    post: &'a Population,
    weights: StreamKey,
    delays: StreamKey,
}
