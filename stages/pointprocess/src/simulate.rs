//! Steps of a network: a spike is spread over its targets once, and lies in a ring for as long as it acts.

use lapicque_numerics::vectorise::{Kernel, vectorise};

use crate::draws::Draws;
use crate::emission::Emitter;
use crate::error::PointProcessError;
use crate::model::{Memory, Model, due};
use crate::network::Network;

/// How long, and from where.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Steps that are recorded.
    pub steps: u64,
    /// Steps before them, without input and not recorded.
    pub equilibration_steps: u64,
    /// State before the first step.
    pub start: Start,
    /// Whether drives and Lambdas are kept (16 bytes for each neuron and step).
    pub traces: bool,
    /// A mean count of one step above this, itself 700 at most, ends the run as run-away.
    pub largest_mean_count: f64,
}

/// State before the first step.
#[derive(Debug, Clone, PartialEq)]
pub enum Start {
    /// No spike ever.
    Rest,
    /// Each neuron spiked in the step before with probability 1/2; activations are uniform in [0, 1).
    Random,
    /// Spikes (step, neuron, count) before the run, the last step being 0, the one before 1, ...; those that no kernel
    /// reaches do nothing.
    Spikes(Vec<(usize, usize, f64)>),
    /// Activations.
    Activation(Vec<f64>),
}

/// Spikes of a neuron in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// The step, from the first that is recorded.
    pub step: u64,
    /// The neuron.
    pub neuron: u32,
    /// How many, one at least.
    pub count: u32,
}

/// What decided the spikes, step after step, each with all neurons.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Traces {
    /// g.
    pub drive: Vec<f64>,
    /// Lambda: see [`Model::per_step`].
    pub per_step: Vec<f64>,
}

/// What a run gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// Spikes by step, then neuron.
    pub events: Vec<Event>,
    /// If they were asked for.
    pub traces: Option<Traces>,
}

/// One recorded step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step<'a> {
    /// Its number, from the first that is recorded.
    pub step: u64,
    /// Neuron and how many spikes, neurons ascending.
    pub spikes: &'a [(u32, u32)],
    /// g of each neuron.
    pub drive: &'a [f64],
}

/// Steps a network; `input` adds to the drives of a step, which counts from the first that is recorded, and `go_on` is
/// asked now and then.
///
/// # Errors
/// A model or a start that cannot be, a drive that is no number, a probability above 1, activity that runs away, or a
/// `go_on` that says no.
pub fn simulate(
    model: &Model,
    network: &Network,
    run: &Run,
    draws: &mut impl Draws,
    input: &mut dyn FnMut(u64, &mut [f64]),
    go_on: &dyn Fn() -> bool,
) -> Result<Recording, PointProcessError> {
    let mut events = Vec::new();
    let mut traces = run.traces.then(Traces::default);
    simulate_into(model, network, run, draws, input, go_on, &mut |&Step { step, spikes, drive }| {
        events.extend(spikes.iter().map(|&(neuron, count)| Event { step, neuron, count }));
        if let Some(traces) = &mut traces {
            traces.drive.extend_from_slice(drive);
            traces.per_step.extend(drive.iter().map(|&g| model.per_step(g)));
        }
        Ok(())
    })?;
    Ok(Recording { events, traces })
}

/// As [`simulate`](fn@simulate), with `record` called for each recorded step; whether there are traces is its own matter.
///
/// # Errors
/// Those of [`simulate`](fn@simulate), and what `record` says.
pub fn simulate_into(
    model: &Model,
    network: &Network,
    run: &Run,
    draws: &mut impl Draws,
    input: &mut dyn FnMut(u64, &mut [f64]),
    go_on: &dyn Fn() -> bool,
    record: &mut dyn FnMut(&Step<'_>) -> Result<(), PointProcessError>,
) -> Result<(), PointProcessError> {
    model.check()?;
    // Poisson counts are sums from exp(-mean), which must not vanish.
    let most = run.largest_mean_count;
    due("largest_mean_count", most, most > 0.0 && most <= 700.0, "a number above 0, 700 at most, is due")?;
    let mut state = State::new(model, network, &run.start, draws)?;
    let n = network.neurons();
    let (mut drive, mut uniforms) = (vec![0.0; n], vec![0.0; n]);
    let mut spikes = Vec::new();
    let emitter = Emitter::new(model, run.largest_mean_count);
    // About a million updates of neurons lie between two questions.
    let between = ((1 << 20) / n.max(1)).clamp(1, 1024) as u64;
    for step in 0..run.equilibration_steps.saturating_add(run.steps) {
        if step.is_multiple_of(between) && !go_on() {
            return Err(PointProcessError::Cancelled);
        }
        state.drive(&mut drive);
        draws.uniforms(step, &mut uniforms);
        background(model, step, &uniforms, draws, &mut drive);
        let recorded = step.checked_sub(run.equilibration_steps);
        if let Some(recorded) = recorded {
            input(recorded, &mut drive);
        }
        spikes.clear();
        emitter.emit(step, &drive, &uniforms, &mut spikes)?;
        if let Some(step) = recorded {
            record(&Step { step, spikes: &spikes, drive: &drive })?;
        }
        state.advance(spikes.iter().map(|&(neuron, count)| (neuron, f64::from(count) * model.event_scale)));
    }
    Ok(())
}

/// Adds the background to the drives.
fn background(model: &Model, step: u64, uniforms: &[f64], draws: &mut impl Draws, drive: &mut [f64]) {
    let b = model.background;
    let Some(noise) = model.noise else {
        if b != 0.0 {
            drive.iter_mut().for_each(|g| *g += b);
        }
        return;
    };
    for (neuron, (g, &u)) in drive.iter_mut().zip(uniforms).enumerate() {
        // A threshold decides without a random number, so the uniform one is free; the model refuses other links.
        let mut deviation = 0.0;
        if u < noise.probability {
            let n = noise.sigma * draws.normal(step, neuron);
            deviation = if noise.squared { n * n } else { n };
        }
        *g += b * (1.0 + deviation);
    }
}

/// What is left of earlier spikes.
struct State<'a> {
    model: &'a Model,
    network: &'a Network,
    /// The last steps, by step modulo their number.
    ring: Vec<Slot>,
    next: usize,
    /// sum_j W_ji s_j of a model with activations.
    activated: Vec<f64>,
}

#[derive(Clone, Default)]
struct Slot {
    spikes: Vec<(u32, f64)>,
    /// sum over the spikes of a step of their weights; meaningful while there are spikes.
    arriving: Vec<f64>,
}

impl<'a> State<'a> {
    fn new(
        model: &'a Model,
        network: &'a Network,
        start: &Start,
        draws: &mut impl Draws,
    ) -> Result<Self, PointProcessError> {
        let n = network.neurons();
        let kernel_steps = if let Memory::History(kernel) = &model.memory { kernel.len() } else { 0 };
        let ring = vec![Slot::default(); kernel_steps.max(model.refractory.len()).max(1)];
        let mut state = Self { model, network, ring, next: 0, activated: vec![0.0; n] };
        let has_activation = matches!(model.memory, Memory::Activation { .. });
        match start {
            Start::Rest => {}
            Start::Random => {
                let mut uniforms = vec![0.0; n];
                draws.uniforms(0, &mut uniforms);
                if has_activation {
                    state.activate(&uniforms);
                } else {
                    let spikes = (0..n as u32).zip(uniforms).filter(|(_, u)| *u < 0.5);
                    state.advance(spikes.map(|(neuron, _)| (neuron, model.event_scale)));
                }
            }
            Start::Spikes(_) if has_activation => {
                return Err(PointProcessError::StartOfOtherModel { memory: "activations", start: "spikes" });
            }
            Start::Spikes(spikes) => state.remember(spikes)?,
            Start::Activation(_) if !has_activation => {
                return Err(PointProcessError::StartOfOtherModel { memory: "a history", start: "activations" });
            }
            Start::Activation(values) if values.len() != n => {
                return Err(PointProcessError::Length { field: "activation", found: values.len(), due: n });
            }
            Start::Activation(values) => state.activate(values),
        }
        Ok(state)
    }

    fn remember(&mut self, spikes: &[(usize, usize, f64)]) -> Result<(), PointProcessError> {
        let neurons = self.network.neurons();
        if let Some(&(_, found, _)) = spikes.iter().find(|spike| spike.1 >= neurons) {
            return Err(PointProcessError::NoSuchNeuron { found, neurons });
        }
        for ago in (0..self.ring.len()).rev() {
            let of_step = spikes.iter().filter(|spike| spike.0 == ago);
            let scale = self.model.event_scale;
            self.advance(of_step.map(|&(_, neuron, count)| (neuron as u32, count * scale)));
        }
        Ok(())
    }

    fn activate(&mut self, activations: &[f64]) {
        for (neuron, activation) in activations.iter().enumerate() {
            add_outgoing(self.network, neuron, *activation, &mut self.activated);
        }
    }

    /// r times all that comes from spikes.
    fn drive(&self, drive: &mut [f64]) {
        if let Memory::Activation { .. } = self.model.memory {
            drive.copy_from_slice(&self.activated);
        } else {
            drive.fill(0.0);
        }
        // The steps before, the last one first.
        let before = self.ring[..self.next].iter().rev().chain(self.ring[self.next..].iter().rev());
        let kernel: &[f64] = if let Memory::History(kernel) = &self.model.memory { kernel } else { &[] };
        vectorise(Arriving { kernel, before: before.clone(), drive });
        for (slot, refractory) in before.zip(&self.model.refractory) {
            slot.spikes.iter().for_each(|&(neuron, x)| drive[neuron as usize] += refractory * x);
        }
        let r = self.model.recurrence;
        if r != 1.0 {
            drive.iter_mut().for_each(|g| *g *= r);
        }
    }

    /// Takes up the spikes of a step.
    fn advance(&mut self, spikes: impl Iterator<Item = (u32, f64)>) {
        if let Memory::Activation { tau_ms } = self.model.memory {
            let keep = 1.0 - self.model.dt_ms / tau_ms;
            self.activated.iter_mut().for_each(|h| *h *= keep);
        }
        let steps = self.ring.len();
        let slot = &mut self.ring[self.next];
        slot.spikes.clear();
        slot.spikes.extend(spikes);
        self.next = (self.next + 1) % steps;
        if slot.spikes.is_empty() {
            return;
        }
        match self.model.memory {
            Memory::Activation { .. } => {
                for &(neuron, x) in &slot.spikes {
                    add_outgoing(self.network, neuron as usize, x * self.model.dt_ms, &mut self.activated);
                }
            }
            Memory::History(_) => {
                slot.arriving.clear();
                slot.arriving.resize(self.network.neurons(), 0.0);
                for &(neuron, x) in &slot.spikes {
                    add_outgoing(self.network, neuron as usize, x, &mut slot.arriving);
                }
            }
        }
    }
}

/// Adds what arrives from the spikes of the steps before to the drives.
struct Arriving<'a, I> {
    kernel: &'a [f64],
    before: I,
    drive: &'a mut [f64],
}

impl<'a, I: Iterator<Item = &'a Slot>> Kernel for Arriving<'a, I> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (slot, c) in self.before.zip(self.kernel) {
            if !slot.spikes.is_empty() {
                self.drive.iter_mut().zip(&slot.arriving).for_each(|(g, arriving)| *g += c * arriving);
            }
        }
    }
}

fn add_outgoing(network: &Network, neuron: usize, factor: f64, sums: &mut [f64]) {
    let (targets, weights) = network.outgoing(neuron);
    for (&target, &weight) in targets.iter().zip(weights) {
        sums[target as usize] += factor * weight;
    }
}

#[cfg(test)]
mod tests;
