//! Drawing the synapses of a connection, neuron by neuron.
//!
//! Each (connection, neuron) has its own streams for targets, weights and delays. Delays are
//! rounded to the grid after they are drawn.

use lapicque_network::{Connection, Population as Description, Rule, Synapse};
use lapicque_numerics::grid::TimeGrid;
use lapicque_numerics::random::StreamKey;

use super::Layout;
use super::targets::Targets;
use crate::draw::Sampler;
use crate::error::{SimulationError, unsupported};
use crate::population::Population;
use crate::rounding::constant_delay;

/// A connection that can be simulated.
pub(crate) struct Projection<'a> {
    connection: &'a Connection,
    pub(super) weight: Sampler,
    delay: Sampler,
    /// Of all synapses, if their delay is not drawn.
    delay_steps: Option<u32>,
    pub(crate) pre: usize,
    pre_size: u32,
    post: usize,
    /// About so many synapses.
    expected: f64,
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
        let (mut shortest, mut longest) = (u32::MAX, 0);
        if let Some(steps) = self.projection.delay_steps {
            (shortest, longest) = (steps, steps);
            delays.resize(delays.len() + n, steps);
        } else {
            let steps_per_ms = 1.0 / grid.step_ms();
            self.projection.delay.draw_each(n, &mut self.delays.at(index), |delay| {
                let steps = in_steps(delay, steps_per_ms);
                shortest = shortest.min(steps);
                longest = longest.max(steps);
                delays.push(steps);
            })?;
        }
        for bad in [shortest, longest] {
            if n > 0 && !(layout.window..=LONGEST_DELAY).contains(&bad) {
                return Err(too_long_or_short(&self.projection.delay, bad, grid));
            }
        }
        *longest_delay = (*longest_delay).max(longest);
        let (first, size, receptors) = (self.post.first_input, self.post.size(), self.post.receptors());
        let place = |target: &u32, weight: f32| first + target + size * receptors.input_of(f64::from(weight));
        inputs.extend(found.iter().zip(&weights[before..]).map(|(target, &weight)| place(target, weight)));
        Ok(())
    }
}

/// Longer delays than this many steps are taken for a mistake.
const LONGEST_DELAY: u32 = 1 << 16;
/// Of one connection, and of all together. A synapse takes 2 to 6 bytes, and 4 more while those of an `in_degree` or a
/// `total` are listed.
pub(crate) const MOST_SYNAPSES: f64 = 4_294_967_296.0;

impl<'a> Projection<'a> {
    /// # Errors
    /// What is not simulated; a constant delay of no step or too many; too many synapses.
    pub(crate) fn new(
        connection: &'a Connection,
        populations: &[Description],
        grid: TimeGrid,
    ) -> Result<Self, SimulationError> {
        let path = |part: &str| format!("connections.{}.{part}", connection.name);
        if connection.synapse != Synapse::Static {
            return Err(unsupported(path("synapse"), "only static synapses are simulated"));
        }
        if connection.profile.is_some() {
            return Err(unsupported(path("profile"), "neurons have no positions in a simulation"));
        }
        let end = |role: &str, name: &str| {
            let position = populations.iter().position(|population| population.name == name);
            position.ok_or_else(|| SimulationError::UnknownPopulation { path: path(role), name: name.to_owned() })
        };
        let (pre, post) = (end("pre", &connection.pre)?, end("post", &connection.post)?);
        let pre_size = populations[pre].size;
        let expected = connection.expected_synapses(pre_size, populations[post].size);
        if expected > MOST_SYNAPSES {
            return Err(SimulationError::TooManySynapses {
                path: path("rule"),
                synapses: expected,
                most: MOST_SYNAPSES,
            });
        }
        let delay = Sampler::new(&connection.delay_ms, path("delay"));
        let delay_steps = delay.constant().map(|delay_ms| constant_delay(delay_ms, delay.path(), grid)).transpose()?;
        if let Some(steps) = delay_steps.filter(|steps| *steps > LONGEST_DELAY) {
            return Err(too_long_or_short(&delay, steps, grid));
        }
        let weight = Sampler::new(&connection.weight, path("weight"));
        Ok(Self { connection, weight, delay, delay_steps, pre, pre_size, post, expected })
    }

    /// In steps; 0 if the distribution has no lower limit above half a step.
    pub(crate) fn shortest_delay(&self, grid: TimeGrid) -> u32 {
        self.delay_steps.unwrap_or_else(|| in_steps(self.delay.lowest(), 1.0 / grid.step_ms()))
    }

    /// About so many synapses.
    pub(crate) fn expected_synapses(&self) -> f64 {
        self.expected
    }

    /// In steps; drawn ones are at most six standard deviations above the mean.
    pub(crate) fn longest_delay(&self, grid: TimeGrid) -> f64 {
        let delay = &self.connection.delay_ms;
        let drawn = (delay.mean() + 6.0 * delay.sd()).min(delay.limits().1) / grid.step_ms();
        self.delay_steps.map_or(drawn, f64::from).min(f64::from(LONGEST_DELAY))
    }

    /// What is needed besides while synapses are drawn.
    pub(crate) fn list_bytes(&self) -> f64 {
        match self.connection.rule {
            Rule::InDegree { k, multapses, .. } if multapses || k.fract() == 0.0 => 4.0 * self.expected,
            Rule::Total { multapses: true, .. } => 4.0 * self.expected,
            Rule::InDegree { .. } | Rule::Total { .. } => 12.0 * self.expected,
            Rule::Probability { .. } | Rule::AllToAll { .. } | Rule::OneToOne => 0.0,
        }
    }

    /// Draws what the rule draws for all neurons.
    pub(super) fn source<'b>(
        &'b self,
        populations: &'b [Population],
        key: &StreamKey,
    ) -> Result<Source<'b>, SimulationError> {
        let key = key.derive("connections").derive(&self.connection.name);
        let post = &populations[self.post];
        Ok(Source {
            projection: self,
            targets: Targets::new(self.connection, self.pre_size, post.size(), &key.derive("targets"))?,
            post,
            weights: key.derive("weights"),
            delays: key.derive("delays"),
        })
    }
}

fn too_long_or_short(delay: &Sampler, steps: u32, grid: TimeGrid) -> SimulationError {
    SimulationError::Delay {
        path: delay.path().to_owned(),
        delay_ms: grid.time_ms(steps),
        most_steps: LONGEST_DELAY,
        time_step_ms: grid.step_ms(),
    }
}

/// A drawn delay, rounded to the grid, halves up.
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
