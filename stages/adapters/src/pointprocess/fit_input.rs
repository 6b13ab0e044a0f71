//! Spikes of a sample, in the bins of `pointprocess.fit`.

use arrow_array::RecordBatch;
use lapicque_pipeline::SampleError;
use lapicque_pointprocess::fit::Trains;

use super::recording::{Neurons, Spikes};
use super::stimuli::Bins;

/// The trains of all neurons.
pub(super) struct Recording {
    pub(super) neurons: Neurons,
    pub(super) bins: Bins,
    pub(super) trains: Trains,
    pub(super) notes: Vec<String>,
}

impl Recording {
    pub(super) fn read(
        spikes: &RecordBatch,
        populations: &RecordBatch,
        dt_ms: f64,
        steps_per_bin: u32,
    ) -> Result<Self, SampleError> {
        let neurons = Neurons::read(populations)?;
        let Spikes { start, steps, events } = neurons.spikes(spikes, dt_ms)?;
        let steps = u32::try_from(steps).map_err(|_| {
            SampleError::input(format!("{steps} steps of {dt_ms} ms are recorded; at most {} are allowed", u32::MAX))
        })?;
        let bins = Bins { dt_ms, steps_per_bin, start, count: steps / steps_per_bin };
        let spikes = events.len();
        let placed = events.iter().map(|event| (event.neuron as usize, event.step / u64::from(steps_per_bin)));
        let within: Vec<(usize, u32)> = placed
            .filter_map(|(neuron, bin)| Some((neuron, u32::try_from(bin).ok().filter(|bin| *bin < bins.count)?)))
            .collect();
        let mut notes = Vec::new();
        if !steps.is_multiple_of(steps_per_bin) {
            let (left, behind) = (steps % steps_per_bin, spikes - within.len());
            notes.push(format!("{left} steps at the end are no whole bin and are left out, with {behind} spikes"));
        }
        let trains = Trains::new(neurons.count(), bins.count, within).map_err(SampleError::input)?;
        Ok(Self { neurons, bins, trains, notes })
    }
}
