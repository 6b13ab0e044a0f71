//! Drawing the synapses that leave a population and sorting them into rows.
//!
//! Each (connection, neuron) has its own streams for targets, weights and delays. A row is drawn, then sorted by block of inputs and group of
//! delays by counting.

use lapicque_network::{Connection, Population as Description, Synapse};
use lapicque_numerics::grid::TimeGrid;
use lapicque_numerics::random::StreamKey;

use super::rows::{Rows, Weights};
use super::targets::Targets;
use super::Layout;
use crate::draw::Sampler;
use crate::error::{SimulationError, unsupported};
use crate::population::Population;

/// A connection as seen from its presynaptic population.
pub(crate) struct Afferents<'a> {
    connection: &'a Connection,
    weight: Sampler,
    delay: Sampler,
    post: usize,
}

/// Longer delays than this many steps are taken for a mistake.
const LONGEST_DELAY: u32 = 1 << 16;
/// Weights are stored as 16-bit numbers only if their standard deviation has at least this many steps.
const FEWEST_STEPS: f64 = 1000.0;

impl<'a> Afferents<'a> {
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

    pub(crate) fn leaves(&self, population: &str) -> bool {
        self.connection.pre == population
    }
}

/// Rounded to the grid, halves up.
#[inline(always)]
fn in_steps(delay_ms: f64, steps_per_ms: f64) -> u32 {
    (delay_ms * steps_per_ms + 0.5) as u32
}

/// The rows of the neurons of population `pre`, whose `connections` all leave it.
pub(crate) fn build(
    pre: u32,
    connections: &[&Afferents],
    populations: &[Population],
    layout: Layout,
    grid: TimeGrid,
    key: &StreamKey,
    cancel: &dyn Fn() -> bool,
) -> Result<Rows, SimulationError> {
    let mut sources = Vec::with_capacity(connections.len());
    for afferents in connections {
        let key = key.derive("connections").derive(&afferents.connection.name);
        let post = &populations[afferents.post];
        let targets = Targets::new(afferents.connection, pre, post.size(), &key.derive("targets"))?;
        sources.push(Source { afferents, targets, post, weights: key.derive("weights"), delays: key.derive("delays") });
    }
    let capacity = sources.iter().map(|source| source.targets.at_most()).sum();
    let mut writer = Writer {
        layout,
        addresses: Vec::with_capacity(capacity),
        weights: encoding(connections, capacity),
        first: vec![0],
        ends: Vec::new(),
        segments: vec![0],
        most_groups: 0,
        counts: Vec::new(),
        places: Vec::new(),
    };
    let mut row = Row::default();
    for neuron in 0..pre {
        if neuron % 64 == 0 && cancel() {
            return Err(SimulationError::Cancelled);
        }
        row.clear();
        for source in &sources {
            source.draw(neuron, grid, layout, &mut row)?;
        }
        writer.write(&row);
    }
    Ok(writer.finish())
}

/// The narrowest storage that keeps all weights.
fn encoding(connections: &[&Afferents], capacity: usize) -> Weights {
    let constants: Vec<Option<f64>> = connections.iter().map(|c| c.weight.constant()).collect();
    if let Some(Some(first)) = constants.first()
        && constants.iter().all(|&weight| weight == Some(*first))
    {
        return Weights::Same(*first as f32);
    }
    let ranges: Option<Vec<(f64, f64, f64)>> = connections.iter().map(|c| c.weight.normal_range()).collect();
    if let Some(ranges) = ranges.filter(|ranges| !ranges.is_empty()) {
        let low = ranges.iter().fold(f64::INFINITY, |low, range| low.min(range.0));
        let high = ranges.iter().fold(f64::NEG_INFINITY, |high, range| high.max(range.1));
        let narrowest = ranges.iter().fold(f64::INFINITY, |sd, range| sd.min(range.2));
        let step = (high - low) / f64::from(u16::MAX);
        if narrowest >= FEWEST_STEPS * step {
            return Weights::Quantised { offset: low as f32, step: step as f32, q: Vec::with_capacity(capacity) };
        }
    }
    Weights::Each(Vec::with_capacity(capacity))
}

struct Source<'a> {
    afferents: &'a Afferents<'a>,
    targets: Targets,
    post: &'a Population,
    weights: StreamKey,
    delays: StreamKey,
}

/// The synapses of one neuron as drawn.
#[derive(Default)]
struct Row {
    inputs: Vec<u32>,
    weights: Vec<f32>,
    delays: Vec<u32>,
    found: Vec<u32>,
    longest_delay: u32,
}

impl Row {
    fn clear(&mut self) {
        self.inputs.clear();
        self.weights.clear();
        self.delays.clear();
        self.longest_delay = 0;
    }
}

impl Source<'_> {
    fn draw(&self, neuron: u32, grid: TimeGrid, layout: Layout, row: &mut Row) -> Result<(), SimulationError> {
        let Row { inputs, weights, delays, found, longest_delay } = row;
        self.targets.of(neuron, found);
        let n = found.len();
        let index = u64::from(neuron);
        let before = weights.len();
        self.afferents.weight.draw_each(n, &mut self.weights.at(index), |weight| weights.push(weight as f32))?;
        let steps_per_ms = 1.0 / grid.step_ms();
        let (mut shortest, mut longest) = (u32::MAX, 0);
        self.afferents.delay.draw_each(n, &mut self.delays.at(index), |delay| {
            let steps = in_steps(delay, steps_per_ms);
            shortest = shortest.min(steps);
            longest = longest.max(steps);
            delays.push(steps);
        })?;
        for bad in [shortest, longest] {
            if n > 0 && !(layout.window..=LONGEST_DELAY).contains(&bad) {
                return Err(SimulationError::Delay {
                    path: self.afferents.delay.path().to_owned(),
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

/// Rows as they grow; `ends` has as many groups per row as the row needs until all are known.
struct Writer {
    layout: Layout,
    addresses: Vec<u16>,
    weights: Weights,
    first: Vec<usize>,
    ends: Vec<u32>,
    /// Where the segments of each row begin in `ends`.
    segments: Vec<usize>,
    most_groups: u32,
    counts: Vec<u32>,
    places: Vec<(u32, u16)>,
}

/// Moves synapses to their bins, whose beginnings are in `next`; these become the ends.
#[inline(always)]
fn sort(places: &[(u32, u16)], weights: &[f32], next: &mut [u32], addresses: &mut [u16], mut keep: impl FnMut(usize, f32)) {
    for (&(bin, address), &weight) in places.iter().zip(weights) {
        let at = next[bin as usize] as usize;
        next[bin as usize] += 1;
        addresses[at] = address;
        keep(at, weight);
    }
}

impl Writer {
    fn write(&mut self, row: &Row) {
        let Layout { window, width, blocks } = self.layout;
        // Delays are at least one window: groups begin at 1.
        let groups = if row.delays.is_empty() { 0 } else { row.longest_delay / window };
        self.most_groups = self.most_groups.max(groups);
        // Division by multiplication, exact for delays below 2^16 + 1 as the window is at most 16.
        let reciprocal = (1u64 << 32) / u64::from(window) + 1;
        self.places.clear();
        self.places.extend(row.inputs.iter().zip(&row.delays).map(|(&input, &delay)| {
            let block = if blocks == 1 { 0 } else { input / width };
            let group = ((u64::from(delay) * reciprocal) >> 32) as u32;
            let address = (delay - group * window) * width + (input - block * width);
            (block * groups + group - 1, address as u16)
        }));
        let bins = (groups * blocks) as usize;
        self.counts.clear();
        self.counts.resize(bins + 1, 0);
        for (bin, _) in &self.places {
            self.counts[*bin as usize + 1] += 1;
        }
        for bin in 0..bins {
            self.counts[bin + 1] += self.counts[bin];
        }
        let (start, end) = (self.addresses.len(), self.addresses.len() + row.inputs.len());
        self.addresses.resize(end, 0);
        let addresses = &mut self.addresses[start..];
        match &mut self.weights {
            Weights::Same(_) => sort(&self.places, &row.weights, &mut self.counts, addresses, |_, _| {}),
            Weights::Quantised { offset, step, q } => {
                q.resize(end, 0);
                let (q, offset, per_step) = (&mut q[start..], *offset, 1.0 / *step);
                let keep = |at, weight| q[at] = ((weight - offset) * per_step + 0.5) as u16;
                sort(&self.places, &row.weights, &mut self.counts, addresses, keep);
            }
            Weights::Each(each) => {
                each.resize(end, 0.0);
                let each = &mut each[start..];
                sort(&self.places, &row.weights, &mut self.counts, addresses, |at, weight| each[at] = weight);
            }
        }
        self.ends.extend_from_slice(&self.counts[..bins]);
        self.segments.push(self.ends.len());
        self.first.push(end);
    }

    /// Gives all rows the same number of groups.
    fn finish(self) -> Rows {
        let (blocks, groups) = (self.layout.blocks as usize, self.most_groups as usize);
        let mut ends = Vec::with_capacity((self.first.len() - 1) * blocks * groups);
        for row in self.segments.windows(2) {
            let row = &self.ends[row[0]..row[1]];
            let own = row.len() / blocks;
            for block in 0..blocks {
                let block_ends = &row[block * own..(block + 1) * own];
                ends.extend_from_slice(block_ends);
                let end = if own > 0 { block_ends[own - 1] } else { 0 };
                ends.resize(ends.len() + groups - own, end);
            }
        }
        Rows {
            first: self.first,
            ends,
            segments_per_row: blocks * groups,
            first_group: 1,
            groups: groups as u32,
            addresses: self.addresses,
            weights: self.weights,
        }
    }
}
