//! The neurons of one population through a window of steps.
//!
//! Neurons are taken a chunk at a time, and a chunk through all steps of the window, so that their
//! state stays in the nearest cache. In each step: sum what arrives from synapses and drives; let the
//! neurons take it (the model's [`Dynamics`]); note who spikes.

use lapicque_network::{Drive, Population as Description};
use lapicque_numerics::grid::TimeGrid;
use lapicque_numerics::random::StreamKey;

use crate::SimulationError;
use crate::drive::{PoissonDrive, PoissonInput};
use crate::neurons::{Arriving, CHUNK, Chunk, Drawing, Dynamics, Receptors, neurons};
use crate::rounding::drive_path;
use crate::synapses::Inputs;

pub(crate) struct Population {
    neurons: Box<dyn Dynamics>,
    receptors: Receptors,
    size: u32,
    drives: Vec<PoissonDrive>,
    /// The place of the first neuron's input among the inputs of the network.
    pub(crate) first_input: u32,
    /// Room for a chunk, by input.
    arriving: Vec<Vec<f64>>,
    counts: Vec<i16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Spike {
    pub(crate) step: u32,
    pub(crate) neuron: u32,
}

/// Steps `first_step..first_step + steps`, whose inputs begin at `first_slot`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) first_step: u32,
    pub(crate) steps: u32,
    pub(crate) first_slot: u32,
}

impl Population {
    pub(crate) fn new(
        description: &Description,
        first_input: u32,
        grid: TimeGrid,
        key: &StreamKey,
    ) -> Result<Self, SimulationError> {
        let key = key.derive("populations").derive(&description.name);
        let neurons = neurons(&Drawing::new(description, grid, key.derive("neurons")))?;
        let (size, receptors) = (description.size, neurons.receptors());
        let mut drives = Vec::new();
        for (position, drive) in description.drives.iter().enumerate() {
            if let Drive::Poisson { rate_hz, synapses, weight, delay_ms } = drive {
                let path = drive_path(&description.name, description.drives.len(), position);
                let input = PoissonInput { rate_hz: *rate_hz, synapses: *synapses, weight, delay_ms: *delay_ms };
                let key = key.derive("drives").derive(&position.to_string());
                drives.push(PoissonDrive::new(input, size, receptors, &path, grid, &key)?);
            }
        }
        let arriving = vec![vec![0.0; CHUNK]; receptors.count() as usize];
        Ok(Self { neurons, receptors, size, drives, first_input, arriving, counts: vec![0; CHUNK] })
    }

    pub(crate) fn receptors(&self) -> Receptors {
        self.receptors
    }

    /// Places among the inputs of the network: all neurons by input.
    pub(crate) fn inputs(&self) -> u32 {
        self.receptors.count() * self.size
    }

    pub(crate) fn size(&self) -> u32 {
        self.size
    }

    /// Of memory, about.
    pub(crate) fn bytes(&self) -> f64 {
        self.neurons.bytes() as f64
    }

    /// Goes through `window`, takes what arrives from `inputs`, and appends the spikes by step,
    /// then neuron.
    pub(crate) fn advance(&mut self, window: Window, inputs: &mut Inputs, spikes: &mut Vec<Spike>) {
        let before = spikes.len();
        for chunk in Chunk::all(self.size as usize) {
            for offset in 0..window.steps {
                let step = window.first_step + offset;
                self.sum_arriving(step, window.first_slot + offset, &chunk, inputs);
                let arriving = Arriving::new(&self.arriving, chunk.len());
                self.neurons.step(&chunk, arriving, &mut |neuron| spikes.push(Spike { step, neuron }));
            }
        }
        spikes[before..].sort_unstable();
    }

    fn sum_arriving(&mut self, step: u32, slot: u32, chunk: &Chunk, inputs: &mut Inputs) {
        let n = chunk.len();
        let mut place = self.first_input + chunk.neurons.start as u32;
        for arriving in &mut self.arriving {
            inputs.take(slot, place, &mut arriving[..n]);
            place += self.size;
        }
        for drive in &mut self.drives {
            drive.add(step, chunk, &mut self.arriving, &mut self.counts[..n]);
        }
    }
}
