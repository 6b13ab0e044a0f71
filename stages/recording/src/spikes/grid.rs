//! Times as steps, units as numbers.

use std::collections::{HashMap, HashSet};

use super::Train;

/// How times become steps.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GridOptions {
    /// Length of a step.
    pub resolution_ms: f64,
    /// Spikes before are left out; where there is none, the recording begins at 0 and a spike before is an error.
    pub start_ms: Option<f64>,
    /// Spikes after are left out; where there is none, the recording ends with the step of the last spike.
    pub stop_ms: Option<f64>,
    /// What becomes of two spikes of one unit in one step.
    pub same_step: SameStep,
    /// Sizes of populations that are known, with units that never fired.
    pub sizes: Vec<(String, u32)>,
}

/// What becomes of two spikes of one unit in one step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SameStep {
    /// It is an error.
    #[default]
    Refuse,
    /// They become one, and it is told how many went.
    Merge,
}

/// Spikes on a grid.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Grid {
    /// In the order of their first unit in the file, then those of which only the size is known.
    pub populations: Vec<Population>,
    /// Population of each spike; spikes are in order of population, step, neuron.
    pub population: Vec<u16>,
    /// Number of its neuron within the population.
    pub neuron: Vec<u32>,
    /// Its step.
    pub step: Vec<u32>,
    /// The recorded interval.
    pub start_ms: f64,
    /// The recorded interval.
    pub stop_ms: f64,
    /// The largest difference between a spike's time and that of its step.
    pub rounding_ms: f64,
    /// Spikes that were left out, as they lie outside of the interval.
    pub outside: u64,
    /// Spikes that became one with another.
    pub merged: u64,
}

/// A population of units.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Population {
    /// As the file calls it.
    pub name: String,
    /// Number of its neurons.
    pub size: u32,
    /// The number and the name of each neuron that the file names, by number.
    pub neurons: Vec<(u32, String)>,
    /// How many spikes it has.
    pub spikes: u64,
}

/// Why spikes do not fit a grid.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum GridError {
    #[error(
        "unit `{unit}` has a spike at {time_ms} ms, before the recording begins; times count from its start (`start` leaves out what is before it)"
    )]
    Negative { unit: String, time_ms: f64 },
    #[error("unit `{unit}` has a spike at {time_ms} ms; times must be finite")]
    NotFinite { unit: String, time_ms: f64 },
    #[error(
        "unit `{unit}` has a spike at {time_ms} ms, beyond {} steps of {resolution_ms} ms; a longer `resolution` is needed",
        u32::MAX
    )]
    TooLate { unit: String, time_ms: f64, resolution_ms: f64 },
    #[error(
        "unit `{unit}` fires twice in the step of {resolution_ms} ms at {time_ms} ms; a shorter `resolution` tells them apart, `same_step: merge` makes them one"
    )]
    Twice { unit: String, time_ms: f64, resolution_ms: f64 },
    #[error("population `{population}` has {units} units in the file, but its size is {size}")]
    Size { population: String, units: usize, size: u32 },
    #[error("there are {populations} populations; at most {} are allowed", u16::MAX)]
    Populations { populations: usize },
    #[error("there is no spike, so nothing says how long was recorded; give `duration`")]
    NoInterval,
}

/// Spikes as steps of a grid.
///
/// # Errors
/// Times that are not finite, before the start, or beyond the last step; two spikes of a unit in a step, unless they are merged; more units than a population
/// has neurons; neither a spike nor a stop.
pub fn on_grid(trains: &[Train], options: &GridOptions) -> Result<Grid, GridError> {
    let (mut populations, places) = numbered(trains, options)?;
    let dt_ms = options.resolution_ms;
    let mut grid = Grid { start_ms: options.start_ms.unwrap_or(0.0), ..Grid::default() };
    let mut spikes: Vec<(u16, u32, u32)> = Vec::with_capacity(trains.iter().map(|train| train.times_ms.len()).sum());
    for (train, &(population, neuron)) in trains.iter().zip(&places) {
        for &time_ms in &train.times_ms {
            let unit = || train.unit.clone();
            if !time_ms.is_finite() {
                return Err(GridError::NotFinite { unit: unit(), time_ms });
            }
            let is_before = options.start_ms.is_some_and(|start| time_ms < start);
            if is_before || options.stop_ms.is_some_and(|stop| time_ms > stop) {
                grid.outside += 1;
                continue;
            }
            let step = (time_ms / dt_ms).round();
            if time_ms < 0.0 {
                return Err(GridError::Negative { unit: unit(), time_ms });
            }
            if step > f64::from(u32::MAX) {
                return Err(GridError::TooLate { unit: unit(), time_ms, resolution_ms: dt_ms });
            }
            grid.rounding_ms = grid.rounding_ms.max((time_ms - step * dt_ms).abs());
            spikes.push((population, step as u32, neuron));
        }
    }
    spikes.sort_unstable();
    let before = spikes.len();
    match options.same_step {
        SameStep::Merge => spikes.dedup(),
        SameStep::Refuse => {
            if let Some([(population, step, neuron), _]) = spikes.array_windows().find(|[a, b]| a == b) {
                let place = places.iter().position(|place| place == &(*population, *neuron));
                return Err(GridError::Twice {
                    unit: place.map(|place| trains[place].unit.clone()).unwrap_or_default(),
                    time_ms: f64::from(*step) * dt_ms,
                    resolution_ms: dt_ms,
                });
            }
        }
    }
    grid.merged = (before - spikes.len()) as u64;
    let last = spikes.iter().map(|(_, step, _)| *step).max();
    grid.stop_ms = match (options.stop_ms, last) {
        (Some(stop_ms), _) => stop_ms,
        // Of a single spike at the start: a step was recorded.
        (None, Some(last)) => (f64::from(last) * dt_ms).max(grid.start_ms + dt_ms),
        (None, None) => return Err(GridError::NoInterval),
    };
    for (population, step, neuron) in spikes {
        populations[usize::from(population)].spikes += 1;
        grid.population.push(population);
        grid.step.push(step);
        grid.neuron.push(neuron);
    }
    grid.populations = populations;
    Ok(grid)
}

/// The populations, and of each train its population and the number of its neuron.
type Numbered = (Vec<Population>, Vec<(u16, u32)>);

fn numbered(trains: &[Train], options: &GridOptions) -> Result<Numbered, GridError> {
    let mut names: Vec<&str> = Vec::new();
    let mut trains_of: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut enter = |name, train: Option<usize>| {
        let own = trains_of.entry(name).or_insert_with(|| {
            names.push(name);
            Vec::new()
        });
        own.extend(train);
    };
    trains.iter().enumerate().for_each(|(number, train)| enter(train.population.as_str(), Some(number)));
    options.sizes.iter().for_each(|(name, _)| enter(name.as_str(), None));
    if names.len() > usize::from(u16::MAX) {
        return Err(GridError::Populations { populations: names.len() });
    }
    let mut populations = Vec::with_capacity(names.len());
    let mut places = vec![(0, 0); trains.len()];
    for (number, name) in names.into_iter().enumerate() {
        let size = options.sizes.iter().find(|(known, _)| known == name).map(|(_, size)| *size);
        let mut own = trains_of.remove(name).unwrap_or_default();
        let unit = |train: usize| trains[train].unit.as_str();
        let numbers: Option<Vec<u32>> = own.iter().map(|&train| unit(train).parse().ok()).collect();
        // Digits that are numbers tell units apart as their texts do.
        let numbers = numbers.filter(|numbers| numbers.iter().collect::<HashSet<_>>().len() == numbers.len());
        match &numbers {
            Some(_) => own.sort_by_key(|&train| unit(train).parse::<u32>().unwrap_or(u32::MAX)),
            None => own.sort_by_key(|&train| unit(train)),
        }
        let units = own.len();
        if let Some(size) = size.filter(|&size| units > size as usize) {
            return Err(GridError::Size { population: name.to_owned(), units, size });
        }
        // Where the size is known, numbers below it say which neuron a unit is.
        let is_place = size.is_some_and(|size| numbers.is_some_and(|numbers| numbers.iter().all(|n| *n < size)));
        let mut neurons = Vec::with_capacity(units);
        for (place, &train) in own.iter().enumerate() {
            let neuron = if is_place { unit(train).parse().unwrap_or(0) } else { place as u32 };
            places[train] = (number as u16, neuron);
            neurons.push((neuron, unit(train).to_owned()));
        }
        populations.push(Population { name: name.to_owned(), size: size.unwrap_or(units as u32), neurons, spikes: 0 });
    }
    Ok((populations, places))
}
