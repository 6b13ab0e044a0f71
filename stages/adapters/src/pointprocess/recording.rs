//! Neurons of a sample and their spikes, in steps from the first that is recorded.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use lapicque_pipeline::SampleError;
use lapicque_pointprocess::Event;
use lapicque_schemas::tables::populations::PopulationRow;
use lapicque_units::write_number;

use crate::spike_tables::{each_spike, read_populations};

/// A neuron costs memory whether it fires or not.
pub(super) const MOST_NEURONS: u32 = 1 << 20;

/// The neurons of all populations, in their order.
pub(super) struct Neurons {
    /// `POPULATION.NUMBER` of each, or its number where there are no populations.
    pub(super) labels: Vec<String>,
    populations: Vec<PopulationRow>,
    /// The first neuron of each population.
    first: Vec<usize>,
}

/// All spikes of a sample.
pub(super) struct Spikes {
    /// The step before the first.
    pub(super) start: i64,
    /// How many are recorded.
    pub(super) steps: u64,
    /// In the order of the table, steps from 0, each spike by itself.
    pub(super) events: Vec<Event>,
}

impl Neurons {
    pub(super) fn numbered(count: usize) -> Self {
        let labels = (0..count).map(|number| number.to_string()).collect();
        Self { labels, populations: Vec::new(), first: Vec::new() }
    }

    pub(super) fn read(table: &RecordBatch) -> Result<Self, SampleError> {
        let populations = read_populations(table, MOST_NEURONS)?;
        let (mut labels, mut first) = (Vec::new(), Vec::with_capacity(populations.len()));
        for PopulationRow { population, size, .. } in &populations {
            if labels.len() + *size as usize > MOST_NEURONS as usize {
                return Err(SampleError::input(format!(
                    "population {population}: size {size}; {MOST_NEURONS} neurons in all are allowed"
                )));
            }
            first.push(labels.len());
            labels.extend((0..*size).map(|number| format!("{population}.{number}")));
        }
        if labels.is_empty() {
            return Err(SampleError::input("the populations table has no neuron"));
        }
        Ok(Self { labels, populations, first })
    }

    pub(super) fn count(&self) -> usize {
        self.labels.len()
    }

    /// The neurons that the names in a field name, ascending; all of them where there is no name.
    pub(super) fn named(&self, field: &str, names: &[String]) -> Result<Vec<usize>, SampleError> {
        if names.is_empty() {
            return Ok((0..self.count()).collect());
        }
        let places = self.places();
        let mut found = Vec::new();
        for name in names {
            if let Some(place) = self.populations.iter().position(|known| known.population == *name) {
                let first = self.first[place];
                found.extend(first..first + self.populations[place].size as usize);
            } else if let Some(neuron) = places.get(name.as_str()) {
                found.push(*neuron);
            } else {
                return Err(SampleError::input(format!(
                    "`{field}` names `{name}`, which is neither a population nor a neuron such as `{}`; there are {}",
                    self.example(),
                    self.in_words()
                )));
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    pub(super) fn places(&self) -> BTreeMap<&str, usize> {
        self.labels.iter().enumerate().map(|(place, label)| (label.as_str(), place)).collect()
    }

    /// How a neuron is called.
    pub(super) fn example(&self) -> &str {
        self.labels.first().map_or("E.0", String::as_str)
    }

    fn in_words(&self) -> String {
        let of_population = |row: &PopulationRow| format!("{} ({})", row.population, row.size);
        let known = self.populations.iter().map(of_population).collect::<Vec<_>>().join(", ");
        let colon = if known.is_empty() { "" } else { ": " };
        format!("{} neurons{colon}{known}", self.count())
    }

    /// The spikes of a table; populations are recorded for one time.
    pub(super) fn spikes(&self, table: &RecordBatch, dt_ms: f64) -> Result<Spikes, SampleError> {
        let (start, steps) = recorded(&self.populations, dt_ms)?;
        let mut events = Vec::with_capacity(table.num_rows());
        each_spike(table, &self.populations, |place, neuron, step| {
            let PopulationRow { population, size, .. } = &self.populations[place];
            let wrong = |message: String| SampleError::input(format!("population {population}: {message}"));
            let number = u32::try_from(neuron)
                .ok()
                .filter(|number| number < size)
                .ok_or_else(|| wrong(format!("neuron {neuron} fires, but it has {size} (from 0)")))?;
            let since = i128::from(step) - 1 - i128::from(start);
            let since = u64::try_from(since).ok().filter(|since| *since < steps).ok_or_else(|| {
                let (from, to) = (start + 1, start + steps as i64);
                wrong(format!("a spike at step {step} lies outside of {from} to {to}"))
            })?;
            events.push(Event { step: since, neuron: self.first[place] as u32 + number, count: 1 });
            Ok(())
        })?;
        Ok(Spikes { start, steps, events })
    }
}

/// The step before the first, and how many steps are recorded.
fn recorded(populations: &[PopulationRow], dt_ms: f64) -> Result<(i64, u64), SampleError> {
    let Some(one) = populations.first() else {
        return Err(SampleError::input("the populations table has no rows"));
    };
    let (first, last) = (one.t_start_ms, one.t_stop_ms);
    for PopulationRow { population, t_start_ms, t_stop_ms, .. } in populations {
        if (*t_start_ms, *t_stop_ms) != (first, last) {
            let [a, b, c, d] = [*t_start_ms, *t_stop_ms, first, last].map(write_number);
            return Err(SampleError::input(format!(
                "population {population}: it is recorded from {a} to {b} ms, {} from {c} to {d} ms; expected the same",
                one.population
            )));
        }
    }
    // Whole numbers are exact, and keep their meaning as signed ones with windows added.
    const LATEST: f64 = 9e15;
    let (from, to) = ((first / dt_ms).round(), (last / dt_ms).round());
    if !(to - from >= 1.0 && from.abs() < LATEST && to.abs() < LATEST) {
        let [first, last] = [first, last].map(write_number);
        return Err(SampleError::input(format!(
            "population {}: it is recorded from {first} to {last} ms; the end must come after the start",
            one.population
        )));
    }
    Ok((from as i64, (to - from) as u64))
}
