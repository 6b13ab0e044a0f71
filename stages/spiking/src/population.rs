//! The neurons of one population through a window of steps.
//!
//! Neurons are taken a chunk at a time, and a chunk through all steps of the window, so that their
//! state stays in the nearest cache. In each step: sum what arrives; advance all neurons exactly;
//! put back those that are refractory; compare with the threshold.

use std::ops::Range;

use lapicque_network::{Drive, Population as Description};
use lapicque_numerics::grid::TimeGrid;
use lapicque_numerics::random::StreamKey;
use lapicque_numerics::vectorise::{Kernel, vectorise};

use crate::SimulationError;
use crate::drive::{PoissonDrive, PoissonInput};
use crate::neurons::{Coefficients, Dynamics, Neurons, Spiking, iaf_psc_delta, iaf_psc_exp, neurons};
use crate::rounding::drive_path;
use crate::synapses::Inputs;

pub(crate) struct Population {
    neurons: Neurons,
    drives: Vec<PoissonDrive>,
    /// The place of the first neuron's input among the inputs of the network.
    pub(crate) first_input: u32,
    /// Refractory neurons of each chunk.
    refractory: Vec<Vec<Refractory>>,
    arriving: [Vec<f64>; 2],
    counts: Vec<i16>,
}

struct Refractory {
    /// Within the chunk.
    neuron: u16,
    remaining: u32,
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

const CHUNK: usize = 512;
/// How many neurons one look for spikes covers.
const LOOK: usize = 64;

impl Population {
    pub(crate) fn new(
        description: &Description,
        first_input: u32,
        grid: TimeGrid,
        key: &StreamKey,
    ) -> Result<Self, SimulationError> {
        let key = key.derive("populations").derive(&description.name);
        let current_pa = description
            .drives
            .iter()
            .map(|drive| match drive {
                Drive::Current { amplitude_pa } => *amplitude_pa,
                Drive::Poisson { .. } => 0.0,
            })
            .sum();
        let neurons = neurons(description, current_pa, grid, &key.derive("neurons"))?;
        let size = description.size as usize;
        let inputs = inputs_of(&neurons.dynamics) as usize;
        let mut drives = Vec::new();
        for (position, drive) in description.drives.iter().enumerate() {
            if let Drive::Poisson { rate_hz, synapses, weight, delay_ms } = drive {
                let path = drive_path(&description.name, description.drives.len(), position);
                let input = PoissonInput { rate_hz: *rate_hz, synapses: *synapses, weight, delay_ms: *delay_ms };
                let key = key.derive("drives").derive(&position.to_string());
                drives.push(PoissonDrive::new(input, (size, CHUNK, inputs), &path, grid, &key)?);
            }
        }
        let refractory = (0..size.div_ceil(CHUNK)).map(|_| Vec::new()).collect();
        let arriving = [vec![0.0; CHUNK], vec![0.0; if inputs == 2 { CHUNK } else { 0 }]];
        Ok(Self { neurons, drives, first_input, refractory, arriving, counts: vec![0; CHUNK] })
    }

    /// One, or two where currents of either sign have their own time constant.
    pub(crate) fn inputs(&self) -> u32 {
        inputs_of(&self.neurons.dynamics)
    }

    pub(crate) fn size(&self) -> u32 {
        self.neurons.potential.len() as u32
    }

    /// Of memory, about.
    pub(crate) fn bytes(&self) -> f64 {
        let currents = match self.neurons.dynamics {
            Dynamics::MergedCurrents { .. } => 1,
            Dynamics::SeparateCurrents { .. } => 2,
            Dynamics::Jumps { .. } => 0,
        };
        let propagators = match &self.neurons.dynamics {
            Dynamics::MergedCurrents { propagators: Coefficients::Each(each), .. }
            | Dynamics::SeparateCurrents { propagators: Coefficients::Each(each), .. } => size_of_val(each.as_slice()),
            Dynamics::Jumps { propagators: Coefficients::Each(each) } => size_of_val(each.as_slice()),
            _ => 0,
        };
        let spiking = match &self.neurons.spiking {
            Coefficients::Each(each) => size_of_val(each.as_slice()),
            Coefficients::Same(_) => 0,
        };
        (8 * (1 + currents) * self.neurons.potential.len() + propagators + spiking) as f64
    }

    /// Goes through `window`, takes what arrives from `inputs`, and appends the spikes by step,
    /// then neuron.
    pub(crate) fn advance(&mut self, window: Window, inputs: &mut Inputs, spikes: &mut Vec<Spike>) {
        let before = spikes.len();
        let size = self.neurons.potential.len();
        for (chunk, first) in (0..size).step_by(CHUNK).enumerate() {
            let last = (first + CHUNK).min(size);
            for offset in 0..window.steps {
                let step = window.first_step + offset;
                self.sum_arriving(step, window.first_slot + offset, chunk, first..last, inputs);
                self.advance_neurons(first, last);
                self.emit(chunk, first, last, |neuron| spikes.push(Spike { step, neuron }));
            }
        }
        spikes[before..].sort_unstable();
    }

    fn sum_arriving(
        &mut self,
        step: u32,
        slot: u32,
        chunk: usize,
        Range { start: first, end }: Range<usize>,
        inputs: &mut Inputs,
    ) {
        let n = end - first;
        for input in 0..self.inputs() {
            let place = self.first_input + input * self.size() + first as u32;
            inputs.take(slot, place, &mut self.arriving[input as usize][..n]);
        }
        for drive in &mut self.drives {
            drive.add(step, chunk, first, &mut self.arriving, &mut self.counts[..n]);
        }
    }

    fn advance_neurons(&mut self, first: usize, last: usize) {
        let (range, n) = (first..last, last - first);
        let potential = &mut self.neurons.potential[range.clone()];
        match &mut self.neurons.dynamics {
            Dynamics::MergedCurrents { propagators, current } => iaf_psc_exp::Merged {
                propagators: propagators.of(range.clone()),
                potential,
                current: &mut current[range],
                arriving: &self.arriving[0][..n],
            }
            .step(),
            Dynamics::SeparateCurrents { propagators, excitatory, inhibitory } => iaf_psc_exp::Separate {
                propagators: propagators.of(range.clone()),
                potential,
                excitatory: &mut excitatory[range.clone()],
                inhibitory: &mut inhibitory[range],
                arriving_excitatory: &self.arriving[0][..n],
                arriving_inhibitory: &self.arriving[1][..n],
            }
            .step(),
            Dynamics::Jumps { propagators } => {
                iaf_psc_delta::Step { propagators: propagators.of(range), potential, arriving: &self.arriving[0][..n] }
                    .step();
            }
        }
    }

    /// Holds refractory neurons at their reset, then resets and reports those at or above
    /// threshold.
    fn emit(&mut self, chunk: usize, first: usize, last: usize, mut report: impl FnMut(u32)) {
        let Neurons { potential, spiking, .. } = &mut self.neurons;
        let potential = &mut potential[first..last];
        let refractory = &mut self.refractory[chunk];
        refractory.retain_mut(|held| {
            potential[usize::from(held.neuron)] = spiking.at(first + usize::from(held.neuron)).reset;
            held.remaining -= 1;
            held.remaining > 0
        });
        let mut groups = match spiking {
            Coefficients::Same(spiking) => vectorise(Crossings { potential, threshold: spiking.threshold }),
            Coefficients::Each(_) => u64::MAX,
        };
        groups &= u64::MAX >> (64 - potential.len().div_ceil(LOOK));
        while groups != 0 {
            let start = groups.trailing_zeros() as usize * LOOK;
            groups &= groups - 1;
            let end = (start + LOOK).min(potential.len());
            for (i, u) in potential[start..end].iter_mut().enumerate() {
                let neuron = start + i;
                let Spiking { threshold, reset, refractory_steps } = spiking.at(first + neuron);
                if *u >= threshold {
                    *u = reset;
                    if refractory_steps > 0 {
                        refractory.push(Refractory { neuron: neuron as u16, remaining: refractory_steps });
                    }
                    report((first + neuron) as u32);
                }
            }
        }
    }
}

fn inputs_of(dynamics: &Dynamics) -> u32 {
    match dynamics {
        Dynamics::SeparateCurrents { .. } => 2,
        Dynamics::MergedCurrents { .. } | Dynamics::Jumps { .. } => 1,
    }
}

/// Bit g of the result: a neuron of group g is at or above threshold.
struct Crossings<'a> {
    potential: &'a [f64],
    threshold: f64,
}

impl Kernel for Crossings<'_> {
    type Output = u64;

    #[inline(always)]
    fn run(self) -> u64 {
        let mut groups = 0;
        for (g, group) in self.potential.chunks(LOOK).enumerate() {
            let any = group.iter().fold(false, |any, &u| any | (u >= self.threshold));
            groups |= u64::from(any) << g;
        }
        groups
    }
}
