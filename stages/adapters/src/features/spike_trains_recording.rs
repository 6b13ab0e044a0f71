//! Tables of spikes and populations as trains of neurons.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use lapicque_pipeline::SampleError;
use lapicque_pointprocess::trains::{Interval, Train};
use lapicque_schemas::tables::{int_column, spikes, text_column};

use super::spike_trains_config::Level;
use super::spiking::read_populations;

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
    const MOST_NEURONS: u64 = 1 << 22;
    let neurons: u64 = populations.iter().map(|population| u64::from(population.size)).sum();
    if level == Level::Neuron && neurons > MOST_NEURONS {
        return Err(SampleError::input(format!(
            "{neurons} neurons; at most {MOST_NEURONS} have rows of their own, use `level: population`"
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

/// Steps by population and neuron.
type Steps<'a> = BTreeMap<&'a str, BTreeMap<u32, Vec<u32>>>;

/// All populations of a sample. Times are steps times `dt_ms`, those within half a step of an end at most the end.
pub(super) fn populations(
    spikes: &RecordBatch,
    populations: &RecordBatch,
    dt_ms: f64,
) -> Result<Vec<Population>, SampleError> {
    let rows = read_populations(populations)?;
    let mut of_population: Steps<'_> = BTreeMap::new();
    for row in &rows {
        if of_population.insert(&row.population, BTreeMap::new()).is_some() {
            return Err(SampleError::input(format!("the populations table has `{}` twice", row.population)));
        }
    }
    let name = text_column(spikes::TABLE, spikes, "population").map_err(SampleError::input)?;
    let neuron = int_column(spikes::TABLE, spikes, "neuron").map_err(SampleError::input)?;
    let step = int_column(spikes::TABLE, spikes, "step").map_err(SampleError::input)?;
    for row in 0..spikes.num_rows() {
        let Some(own) = of_population.get_mut(name.value(row)) else {
            let name = name.value(row);
            return Err(SampleError::input(format!("the populations table has no `{name}`, but it has spikes")));
        };
        let (Ok(step), Ok(neuron)) = (u32::try_from(step[row]), u32::try_from(neuron[row])) else {
            return Err(SampleError::input(format!(
                "neuron {}, step {}: both are from 0 to {}",
                neuron[row],
                step[row],
                u32::MAX
            )));
        };
        own.entry(neuron).or_default().push(step);
    }
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        let wrong = |message: String| SampleError::input(format!("population {}: {message}", row.population));
        let recorded = Interval::new(row.t_start_ms, row.t_stop_ms).map_err(|error| wrong(error.to_string()))?;
        let own = of_population.remove(row.population.as_str()).unwrap_or_default();
        if let Some((neuron, _)) = own.last_key_value().filter(|(neuron, _)| **neuron >= row.size) {
            let last = i64::from(row.size) - 1;
            return Err(wrong(format!("neuron {neuron} fires, but neurons are numbered from 0 to {last}")));
        }
        let mut population = Population {
            name: row.population.clone(),
            size: row.size,
            recorded,
            neurons: Vec::with_capacity(own.len()),
            trains: Vec::with_capacity(own.len()),
        };
        for (neuron, mut steps) in own {
            steps.sort_unstable();
            population.neurons.push(neuron);
            population.trains.push(train(&steps, dt_ms, recorded).map_err(wrong)?);
        }
        found.push(population);
    }
    Ok(found)
}

fn train(steps: &[u32], dt_ms: f64, recorded: Interval) -> Result<Train, String> {
    let (start, stop) = (recorded.start_ms(), recorded.stop_ms());
    // Half a step of leeway: steps are whole, times may be rounded.
    let leeway = dt_ms / 2.0;
    let mut times = Vec::with_capacity(steps.len());
    for step in steps {
        let time = f64::from(*step) * dt_ms;
        if !(time >= start - leeway && time <= stop + leeway) {
            return Err(format!("a spike at {time} ms lies outside of {start} to {stop} ms"));
        }
        times.push(time.clamp(start, stop));
    }
    Train::new(times, recorded).map_err(|error| error.to_string())
}
