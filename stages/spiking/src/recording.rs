//! What a simulation gives: the spikes, and what a silent network cannot tell by them.

use std::ops::Range;

use crate::population::Spike;

/// Spikes as columns, sorted by population, step and neuron.
///
/// A spike of step s is at s `time_step_ms` in (0, `duration_ms`]; those from `t_start_ms` on are
/// kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// Of the grid that spikes are on.
    pub time_step_ms: f64,
    /// In the order of the network; `population` counts them.
    pub populations: Vec<PopulationSummary>,
    /// The index of the population of each spike.
    pub population: Vec<u32>,
    /// The place of its neuron within the population, from 0.
    pub neuron: Vec<u32>,
    /// From the start of the simulation.
    pub step: Vec<u32>,
}

/// What is known of a population whether it spiked or not.
#[derive(Debug, Clone, PartialEq)]
pub struct PopulationSummary {
    /// As in the network.
    pub name: String,
    /// Number of neurons.
    pub size: u32,
    /// When recording begins: the end of the transient.
    pub t_start_ms: f64,
    /// When recording ends: the duration.
    pub t_stop_ms: f64,
    /// Spikes per neuron and second from `t_start_ms` to `t_stop_ms`; NaN without neurons.
    pub rate_hz: f64,
    /// Rows of its spikes in the columns.
    pub spikes: Range<usize>,
}

impl Recording {
    /// Neurons and steps of the spikes of population `index`; none if there is no such population.
    pub fn spikes_of(&self, index: usize) -> (&[u32], &[u32]) {
        let rows = self.populations.get(index).map_or(0..0, |summary| summary.spikes.clone());
        (&self.neuron[rows.clone()], &self.step[rows])
    }

    pub(crate) fn new(
        time_step_ms: f64,
        (t_start_ms, t_stop_ms): (f64, f64),
        populations: Vec<(String, u32, Vec<Spike>)>,
    ) -> Self {
        let total = populations.iter().map(|(_, _, spikes)| spikes.len()).sum();
        let mut recording = Self {
            time_step_ms,
            populations: Vec::with_capacity(populations.len()),
            population: Vec::with_capacity(total),
            neuron: Vec::with_capacity(total),
            step: Vec::with_capacity(total),
        };
        for (index, (name, size, spikes)) in populations.into_iter().enumerate() {
            let first = recording.step.len();
            let neuron_seconds = f64::from(size) * (t_stop_ms - t_start_ms) * 1e-3;
            recording.population.extend(spikes.iter().map(|_| index as u32));
            recording.neuron.extend(spikes.iter().map(|spike| spike.neuron));
            recording.step.extend(spikes.iter().map(|spike| spike.step));
            recording.populations.push(PopulationSummary {
                name,
                size,
                t_start_ms,
                t_stop_ms,
                rate_hz: spikes.len() as f64 / neuron_seconds,
                spikes: first..recording.step.len(),
            });
        }
        recording
    }
}
