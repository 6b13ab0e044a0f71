//! What `pointprocess.connectivity` reads: spikes and populations, stimuli, sums, weights and estimates of others.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use lapicque_pipeline::SampleError;
use lapicque_pointprocess::Event;
use lapicque_pointprocess::connectivity::{Sums, Trains};
use lapicque_schemas::tables::{
    FREE, connectivity, events, float_column, int_column, pairs, populations, spikes, text_column,
};
use lapicque_units::write_number;

/// A neuron costs memory whether it fires or not.
const MOST_NEURONS: i64 = 1 << 20;

/// The neurons of all populations, in their order.
pub(super) struct Neurons {
    /// `POPULATION.NUMBER` of each, or its number where there are no populations.
    pub(super) labels: Vec<String>,
    /// Name of each population, its first neuron and how many there are.
    populations: Vec<(String, usize, usize)>,
}

impl Neurons {
    pub(super) fn numbered(count: usize) -> Self {
        Self { labels: (0..count).map(|number| number.to_string()).collect(), populations: Vec::new() }
    }

    pub(super) fn read(table: &RecordBatch) -> Result<Self, SampleError> {
        let name = text_column(populations::TABLE, table, "population").map_err(SampleError::input)?;
        let size = int_column(populations::TABLE, table, "size").map_err(SampleError::input)?;
        let mut populations: Vec<(String, usize, usize)> = Vec::with_capacity(table.num_rows());
        let mut labels = Vec::new();
        for (row, &size) in size.iter().enumerate() {
            let name = name.value(row);
            if populations.iter().any(|(known, ..)| known == name) {
                return Err(SampleError::input(format!("the populations table has `{name}` twice")));
            }
            if !(0..=MOST_NEURONS - labels.len() as i64).contains(&size) {
                return Err(SampleError::input(format!(
                    "population {name}: size {size}; 0 to {MOST_NEURONS} neurons in all are allowed"
                )));
            }
            populations.push((name.to_owned(), labels.len(), size as usize));
            labels.extend((0..size).map(|number| format!("{name}.{number}")));
        }
        Ok(Self { labels, populations })
    }

    pub(super) fn count(&self) -> usize {
        self.labels.len()
    }

    /// The neurons that these names name, ascending; all of them without names.
    pub(super) fn named(&self, names: &[String]) -> Result<Vec<usize>, SampleError> {
        if names.is_empty() {
            return Ok((0..self.count()).collect());
        }
        let places = self.places();
        let mut found = Vec::new();
        for name in names {
            if let Some((_, first, size)) = self.populations.iter().find(|(known, ..)| known == name) {
                found.extend(*first..first + size);
            } else if let Some(place) = places.get(name.as_str()) {
                found.push(*place);
            } else {
                let known = self.populations.iter().map(|(name, _, size)| format!("{name} ({size} neurons)"));
                let known = known.collect::<Vec<_>>().join(", ");
                return Err(SampleError::input(format!(
                    "`sources` names `{name}`, which is neither a population nor a neuron; there are {} neurons: {known}",
                    self.count()
                )));
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    fn places(&self) -> BTreeMap<&str, usize> {
        self.labels.iter().enumerate().map(|(place, label)| (label.as_str(), place)).collect()
    }

    /// A number of a table that must be one of a neuron.
    fn number(&self, what: &str, number: i64) -> Result<usize, SampleError> {
        usize::try_from(number).ok().filter(|number| *number < self.count()).ok_or_else(|| {
            let last = self.count() as i64 - 1;
            SampleError::input(format!("`{what}` names neuron {number}; neurons are numbered from 0 to {last}"))
        })
    }
}

/// Spikes in steps from the first that is recorded.
pub(super) struct Recording {
    pub(super) trains: Trains,
    pub(super) dt_ms: f64,
    /// The step before the first.
    start: i64,
}

impl Recording {
    pub(super) fn read(
        spikes: &RecordBatch,
        populations: &RecordBatch,
        neurons: &Neurons,
        dt_ms: f64,
    ) -> Result<Self, SampleError> {
        let (start, steps) = recorded(populations, dt_ms)?;
        let population = text_column(spikes::TABLE, spikes, "population").map_err(SampleError::input)?;
        let neuron = int_column(spikes::TABLE, spikes, "neuron").map_err(SampleError::input)?;
        let step = int_column(spikes::TABLE, spikes, "step").map_err(SampleError::input)?;
        let known: BTreeMap<&str, (usize, usize)> =
            neurons.populations.iter().map(|(name, first, size)| (name.as_str(), (*first, *size))).collect();
        let mut events = Vec::with_capacity(spikes.num_rows());
        for row in 0..spikes.num_rows() {
            let name = population.value(row);
            let Some(&(first, size)) = known.get(name) else {
                return Err(SampleError::input(format!("the populations table has no `{name}`, but it has spikes")));
            };
            let number = usize::try_from(neuron[row]).ok().filter(|number| *number < size).ok_or_else(|| {
                let number = neuron[row];
                SampleError::input(format!("population {name}: neuron {number} fires, but it has {size} (from 0)"))
            })?;
            let since = i128::from(step[row]) - 1 - i128::from(start);
            let since = u64::try_from(since).ok().filter(|since| *since < steps).ok_or_else(|| {
                let (from, to) = (start + 1, start + steps as i64);
                let step = step[row];
                SampleError::input(format!("population {name}: a spike at step {step} lies outside of {from} to {to}"))
            })?;
            events.push(Event { step: since, neuron: (first + number) as u32, count: 1 });
        }
        let trains = Trains::new(neurons.count(), steps, events).map_err(SampleError::input)?;
        Ok(Self { trains, dt_ms, start })
    }

    /// The steps in which stimuli begin, and how many begin before the recording.
    pub(super) fn onsets(&self, table: &RecordBatch, stimulus: Option<&str>) -> Result<(Vec<u64>, usize), SampleError> {
        let onset_s = float_column(events::TABLE, table, "onset_s").map_err(SampleError::input)?;
        let kind = text_column(events::TABLE, table, "kind").map_err(SampleError::input)?;
        let value = text_column(events::TABLE, table, "value").map_err(SampleError::input)?;
        let is_meant = |row: &usize| match stimulus {
            Some(name) => kind.value(*row) == name || value.value(*row) == name,
            None => kind.value(*row) == "stimulus",
        };
        let rows: Vec<usize> = (0..table.num_rows()).filter(is_meant).collect();
        let mut values: Vec<&str> = rows.iter().map(|&row| value.value(row)).collect();
        values.sort_unstable();
        values.dedup();
        if stimulus.is_none() && values.len() > 1 {
            let named = values.join(", ");
            return Err(SampleError::input(format!(
                "there are several stimuli ({named}); set `stimulus` to one of them"
            )));
        }
        if rows.is_empty() {
            let name = stimulus.unwrap_or("stimulus");
            return Err(SampleError::input(format!(
                "none of {} events has the {} `{name}`; estimators from stimuli need onsets",
                table.num_rows(),
                if stimulus.is_some() { "value or kind" } else { "kind" }
            )));
        }
        let (mut onsets, mut before) = (Vec::with_capacity(rows.len()), 0);
        for row in rows {
            let steps = onset_s[row] * 1e3 / self.dt_ms;
            if !(steps.is_finite() && steps.abs() < 9e15) {
                return Err(SampleError::input(format!(
                    "row {row} of the events (from 0): an onset of {} s; expected a finite time",
                    onset_s[row]
                )));
            }
            // An onset within a step is of this step; one between steps may be rounded to either side.
            match u64::try_from((steps + 1e-6).floor() as i64 - self.start) {
                Ok(step) => onsets.push(step),
                Err(_) => before += 1,
            }
        }
        Ok((onsets, before))
    }
}

/// The step before the first, and how many steps are recorded.
fn recorded(table: &RecordBatch, dt_ms: f64) -> Result<(i64, u64), SampleError> {
    let start = float_column(populations::TABLE, table, "t_start_ms").map_err(SampleError::input)?;
    let stop = float_column(populations::TABLE, table, "t_stop_ms").map_err(SampleError::input)?;
    let (Some(&first), Some(&last)) = (start.first(), stop.first()) else {
        return Err(SampleError::input("the populations table has no rows"));
    };
    if let Some(row) = (0..table.num_rows()).find(|&row| (start[row], stop[row]) != (first, last)) {
        let [a, b, c, d] = [start[row], stop[row], first, last].map(write_number);
        return Err(SampleError::input(format!(
            "a population is recorded from {a} to {b} ms, the first from {c} to {d} ms; expected the same for all"
        )));
    }
    let (from, to) = ((first / dt_ms).round(), (last / dt_ms).round());
    if !(to - from >= 1.0 && from.abs() < 9e15 && to.abs() < 9e15) {
        return Err(SampleError::input(format!(
            "the populations are recorded from {first} to {last} ms; the end must come after the start"
        )));
    }
    Ok((from as i64, (to - from) as u64))
}

/// Sums of pairs, by source and target.
pub(super) type PairSums = BTreeMap<(usize, usize), Sums>;

/// Sums of earlier recordings, and one more than the largest neuron that they name.
pub(super) fn read_sums(table: &RecordBatch) -> Result<(PairSums, usize), SampleError> {
    let numbers = |name: &str| {
        let values = float_column(FREE, table, name).map_err(SampleError::input)?;
        let whole = |(row, value): (usize, &f64)| {
            // 2^53: larger counts are not exact in every table.
            let is_count = *value >= 0.0 && *value <= 9_007_199_254_740_992.0 && value.fract() == 0.0;
            is_count.then_some(*value as u64).ok_or_else(|| {
                SampleError::input(format!("row {row} of the sums (from 0): `{name}` is {value}; expected a count"))
            })
        };
        values.iter().enumerate().map(whole).collect::<Result<Vec<u64>, SampleError>>()
    };
    let (presynaptic, postsynaptic) = (numbers("presynaptic")?, numbers("postsynaptic")?);
    let columns = Sums::NAMES.iter().map(|name| numbers(name)).collect::<Result<Vec<_>, _>>()?;
    let mut sums = BTreeMap::new();
    let mut neurons = 0;
    for row in 0..table.num_rows() {
        let (source, target) = (presynaptic[row], postsynaptic[row]);
        if let Some(found) = [source, target].into_iter().find(|neuron| *neuron >= MOST_NEURONS as u64) {
            return Err(SampleError::input(format!(
                "row {row} of the sums (from 0): neuron {found}; {MOST_NEURONS} neurons at most are allowed"
            )));
        }
        let (source, target) = (source as usize, target as usize);
        let mut values = [0; 16];
        values.iter_mut().zip(&columns).for_each(|(value, column)| *value = column[row]);
        let of_pair = Sums::from_values(values)
            .map_err(|error| SampleError::input(format!("neuron {source} to {target}: {error}")))?;
        if sums.insert((source, target), of_pair).is_some() {
            return Err(SampleError::input(format!(
                "the sums have two rows for neuron {source} to {target}; add them up, grouped by the pair"
            )));
        }
        neurons = neurons.max(source + 1).max(target + 1);
    }
    if sums.is_empty() {
        return Err(SampleError::input("the table of sums has no rows"));
    }
    Ok((sums, neurons))
}

/// A number of pairs, by source and target.
pub(super) type PairNumbers = BTreeMap<(usize, usize), f64>;

/// Weights of a network; pairs that are not there have weight 0.
pub(super) fn read_weights(table: &RecordBatch, neurons: &Neurons) -> Result<PairNumbers, SampleError> {
    let read = connectivity::read(table).map_err(SampleError::input)?;
    let mut weights = BTreeMap::new();
    for row in 0..table.num_rows() {
        let source = neurons.number("connectivity", i64::from(read.presynaptic[row]))?;
        let target = neurons.number("connectivity", i64::from(read.postsynaptic[row]))?;
        let weight = read.weight[row];
        if !weight.is_finite() {
            return Err(SampleError::input(format!(
                "the weight from neuron {source} to {target} is {weight}; expected a finite number"
            )));
        }
        if weights.insert((source, target), weight).is_some() {
            return Err(SampleError::input(format!("`connectivity` has two rows for neuron {source} to {target}")));
        }
    }
    Ok(weights)
}

/// Columns of estimates of another stage, and what a pair without a row is. Pairs without a row are 0 in a table of connections,
/// undefined in a table of pairs.
pub(super) fn read_estimates(
    table: &RecordBatch,
    columns: &[String],
    neurons: &Neurons,
) -> Result<(Vec<PairNumbers>, f64), SampleError> {
    let of_connections = table.column_by_name("presynaptic").is_some();
    let ends: Vec<(usize, usize)> = if of_connections {
        let presynaptic = int_column(FREE, table, "presynaptic").map_err(SampleError::input)?;
        let postsynaptic = int_column(FREE, table, "postsynaptic").map_err(SampleError::input)?;
        let numbers = |(source, target): (&i64, &i64)| {
            Ok((neurons.number("estimates", *source)?, neurons.number("estimates", *target)?))
        };
        presynaptic.iter().zip(&postsynaptic).map(numbers).collect::<Result<_, SampleError>>()?
    } else {
        let from = text_column(pairs::TABLE, table, "channel").map_err(SampleError::input)?;
        let to = text_column(pairs::TABLE, table, "other").map_err(SampleError::input)?;
        let places = neurons.places();
        let place = |name: &str| {
            let example = neurons.labels.first().map_or("E.0", String::as_str);
            places.get(name).copied().ok_or_else(|| {
                SampleError::input(format!("`estimates` names `{name}`; neurons are named as `{example}`"))
            })
        };
        (0..table.num_rows())
            .map(|row| Ok((place(from.value(row))?, place(to.value(row))?)))
            .collect::<Result<_, SampleError>>()?
    };
    let mut found = Vec::with_capacity(columns.len());
    for column in columns {
        let values = float_column(FREE, table, column).map_err(SampleError::input)?;
        let mut of_column = BTreeMap::new();
        for (pair, value) in ends.iter().zip(values.iter()) {
            if of_column.insert(*pair, *value).is_some() {
                let (source, target) = pair;
                return Err(SampleError::input(format!("`estimates` has two rows for neuron {source} to {target}")));
            }
        }
        found.push(of_column);
    }
    Ok((found, if of_connections { 0.0 } else { f64::NAN }))
}
