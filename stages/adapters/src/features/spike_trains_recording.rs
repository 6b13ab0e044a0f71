//! Tables of spikes and populations as trains of neurons.

use arrow_array::RecordBatch;
use lapicque_pipeline::SampleError;
use lapicque_pointprocess::trains::{Interval, Train};

use super::spike_trains_config::Level;
use super::spiking::MOST_NEURONS;
use crate::spike_tables::{read_populations, spikes_by_population};

/// A population and the trains of its neurons that have spikes.
#[derive(Debug)]
pub(super) struct Population {
    pub(super) name: String,
    pub(super) size: u32,
    pub(super) recorded: Interval,
    /// Which neuron each train is of, rising.
    pub(super) neurons: Vec<u32>,
    pub(super) trains: Vec<Train>,
}

/// What a row is of: a population, or one neuron.
pub(super) struct Unit<'a> {
    pub(super) channel: String,
    pub(super) population: usize,
    /// Of a neuron with spikes: its place among those of the population.
    pub(super) place: Option<usize>,
    pub(super) size: u32,
    pub(super) recorded: Interval,
    /// Of the neurons that have spikes.
    pub(super) trains: &'a [Train],
}

impl Unit<'_> {
    pub(super) fn spikes(&self) -> f64 {
        self.trains.iter().map(|train| train.spikes_ms().len() as f64).sum()
    }
}

/// How a neuron is called.
pub(super) fn label(population: &Population, neuron: u32) -> String {
    format!("{}.{neuron}", population.name)
}

/// The rows, in the order of populations and neurons.
pub(super) fn units(populations: &[Population], level: Level) -> Result<Vec<Unit<'_>>, SampleError> {
    /// Each has a row, whether it fires or not.
    const MOST_ROWS: u64 = 1 << 22;
    let neurons: u64 = populations.iter().map(|population| u64::from(population.size)).sum();
    if level == Level::Neuron && neurons > MOST_ROWS {
        return Err(SampleError::input(format!(
            "{neurons} neurons; at most {MOST_ROWS} have rows of their own, use `level: population`"
        )));
    }
    let mut units = Vec::new();
    for (number, population) in populations.iter().enumerate() {
        let Population { name, size, recorded, neurons, trains } = population;
        let unit = |channel, place, size, trains| Unit {
            channel,
            population: number,
            place,
            size,
            recorded: *recorded,
            trains,
        };
        match level {
            Level::Population => units.push(unit(name.clone(), None, *size, trains.as_slice())),
            Level::Neuron => units.extend((0..*size).map(|neuron| {
                let place = neurons.binary_search(&neuron).ok();
                let own = place.map_or(&[][..], |place| std::slice::from_ref(&trains[place]));
                unit(label(population, neuron), place, 1, own)
            })),
        }
    }
    Ok(units)
}

/// All populations of a sample. Times are steps times `dt_ms`, those within half a step of an end at most the end.
pub(super) fn populations(
    spikes: &RecordBatch,
    populations: &RecordBatch,
    dt_ms: f64,
) -> Result<Vec<Population>, SampleError> {
    let rows = read_populations(populations, MOST_NEURONS)?;
    let of_population = spikes_by_population(spikes, &rows)?;
    let mut found = Vec::with_capacity(rows.len());
    for (row, mut own) in rows.into_iter().zip(of_population) {
        let wrong = |message: String| SampleError::input(format!("population {}: {message}", row.population));
        let recorded = Interval::new(row.t_start_ms, row.t_stop_ms).map_err(|error| wrong(error.to_string()))?;
        own.sort_unstable();
        let (mut neurons, mut trains) = (Vec::new(), Vec::new());
        for of_neuron in own.chunk_by(|one, next| one.0 == next.0) {
            neurons.extend(of_neuron.first().map(|(neuron, _)| *neuron));
            trains.push(train(of_neuron.iter().map(|(_, step)| *step), dt_ms, recorded).map_err(wrong)?);
        }
        found.push(Population { name: row.population, size: row.size, recorded, neurons, trains });
    }
    Ok(found)
}

/// The train of a neuron whose steps are in order.
fn train(steps: impl Iterator<Item = u32>, dt_ms: f64, recorded: Interval) -> Result<Train, String> {
    let (start, stop) = (recorded.start_ms(), recorded.stop_ms());
    // Half a step of leeway: steps are whole, times may be rounded.
    let leeway = dt_ms / 2.0;
    let mut times = Vec::with_capacity(steps.size_hint().0);
    for step in steps {
        let time = f64::from(step) * dt_ms;
        if !(time >= start - leeway && time <= stop + leeway) {
            return Err(format!("a spike at {time} ms lies outside of {start} to {stop} ms"));
        }
        times.push(time.clamp(start, stop));
    }
    Train::new(times, recorded).map_err(|error| error.to_string())
}
