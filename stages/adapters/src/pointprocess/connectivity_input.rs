//! What `pointprocess.connectivity` reads: spikes and populations, stimuli, sums, weights and estimates of others.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use lapicque_pipeline::SampleError;
use lapicque_pointprocess::connectivity::{Sums, Trains};
use lapicque_schemas::tables::{FREE, connectivity, events, float_column, int_column, pairs, text_column};

use super::recording::{MOST_NEURONS, Neurons, Spikes};

/// Spikes in steps from the first that is recorded.
pub(super) struct Recording {
    pub(super) trains: Trains,
    pub(super) dt_ms: f64,
    /// The step before the first.
    start: i64,
}

impl Recording {
    pub(super) fn read(spikes: &RecordBatch, neurons: &Neurons, dt_ms: f64) -> Result<Self, SampleError> {
        let Spikes { start, steps, events } = neurons.spikes(spikes, dt_ms)?;
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
        if let Some(found) = [source, target].into_iter().find(|neuron| *neuron >= u64::from(MOST_NEURONS)) {
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
        let source = number(neurons, "connectivity", i64::from(read.presynaptic[row]))?;
        let target = number(neurons, "connectivity", i64::from(read.postsynaptic[row]))?;
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
            Ok((number(neurons, "estimates", *source)?, number(neurons, "estimates", *target)?))
        };
        presynaptic.iter().zip(&postsynaptic).map(numbers).collect::<Result<_, SampleError>>()?
    } else {
        let from = text_column(pairs::TABLE, table, "channel").map_err(SampleError::input)?;
        let to = text_column(pairs::TABLE, table, "other").map_err(SampleError::input)?;
        let places = neurons.places();
        let place = |name: &str| {
            places.get(name).copied().ok_or_else(|| {
                let example = neurons.example();
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

/// A number of a table that must be one of a neuron.
fn number(neurons: &Neurons, what: &str, number: i64) -> Result<usize, SampleError> {
    usize::try_from(number).ok().filter(|number| *number < neurons.count()).ok_or_else(|| {
        let last = neurons.count() as i64 - 1;
        SampleError::input(format!("`{what}` names neuron {number}; neurons are numbered from 0 to {last}"))
    })
}
