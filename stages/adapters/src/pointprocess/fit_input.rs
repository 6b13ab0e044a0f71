//! Spikes of a sample, in the bins of `pointprocess.fit`.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use lapicque_pipeline::SampleError;
use lapicque_pointprocess::fit::Trains;
use lapicque_schemas::tables::{float_column, int_column, populations, spikes, text_column};
use lapicque_units::write_number;

use super::stimuli::Bins;

/// A neuron costs memory whether it fires or not.
const MOST_NEURONS: u64 = 1 << 20;

/// The neurons of all populations, in their order.
pub(super) struct Recording {
    pub(super) bins: Bins,
    pub(super) trains: Trains,
    /// `POPULATION.NUMBER` of each neuron.
    pub(super) labels: Vec<String>,
    /// Name of each population, its first neuron and how many there are.
    populations: Vec<(String, usize, usize)>,
    pub(super) notes: Vec<String>,
}

impl Recording {
    pub(super) fn read(
        spikes: &RecordBatch,
        populations: &RecordBatch,
        dt_ms: f64,
        steps_per_bin: u32,
    ) -> Result<Self, SampleError> {
        let (named, start, steps) = read_populations(populations, dt_ms)?;
        let bins = Bins { dt_ms, steps_per_bin, start, count: steps / steps_per_bin };
        let mut notes = Vec::new();
        let neurons: usize = named.iter().map(|(_, _, size)| size).sum();
        let first: BTreeMap<&str, (usize, usize)> =
            named.iter().map(|(name, first, size)| (name.as_str(), (*first, *size))).collect();
        let population = text_column(spikes::TABLE, spikes, "population").map_err(SampleError::input)?;
        let neuron = int_column(spikes::TABLE, spikes, "neuron").map_err(SampleError::input)?;
        let step = int_column(spikes::TABLE, spikes, "step").map_err(SampleError::input)?;
        let (mut placed, mut behind) = (Vec::with_capacity(spikes.num_rows()), 0);
        for row in 0..spikes.num_rows() {
            let name = population.value(row);
            let Some(&(first, size)) = first.get(name) else {
                return Err(SampleError::input(format!("the populations table has no `{name}`, but it has spikes")));
            };
            let number = usize::try_from(neuron[row]).ok().filter(|number| *number < size).ok_or_else(|| {
                let number = neuron[row];
                SampleError::input(format!("population {name}: neuron {number} fires, but it has {size} (from 0)"))
            })?;
            let since = i128::from(step[row]) - 1 - i128::from(start);
            let since = u32::try_from(since).ok().filter(|since| *since < steps).ok_or_else(|| {
                let (from, to) = (start + 1, start + i64::from(steps));
                let step = step[row];
                SampleError::input(format!("population {name}: a spike at step {step} lies outside of {from} to {to}"))
            })?;
            if since / steps_per_bin < bins.count {
                placed.push((first + number, since / steps_per_bin));
            } else {
                behind += 1;
            }
        }
        if !steps.is_multiple_of(steps_per_bin) {
            notes.push(format!(
                "{} steps at the end are no whole bin and are left out, with {behind} spikes",
                steps % steps_per_bin
            ));
        }
        let trains = Trains::new(neurons, bins.count, placed).map_err(SampleError::input)?;
        let labels = named.iter().flat_map(|(name, _, size)| (0..*size).map(move |number| format!("{name}.{number}")));
        Ok(Self { bins, trains, labels: labels.collect(), populations: named, notes })
    }

    /// The neurons that these names name, ascending; all of them where there is no name.
    pub(super) fn targets(&self, names: &[String]) -> Result<Vec<usize>, SampleError> {
        if names.is_empty() {
            return Ok((0..self.labels.len()).collect());
        }
        let mut targets = Vec::new();
        for name in names {
            if let Some((_, first, size)) = self.populations.iter().find(|(known, ..)| known == name) {
                targets.extend(*first..first + size);
            } else if let Some(neuron) = self.labels.iter().position(|label| label == name) {
                targets.push(neuron);
            } else {
                let known = self.populations.iter().map(|(name, _, size)| format!("{name} ({size} neurons)"));
                return Err(SampleError::input(format!(
                    "`targets` names `{name}`, which is neither a population nor a neuron such as `E.0`; there are: {}",
                    known.collect::<Vec<_>>().join(", ")
                )));
            }
        }
        targets.sort_unstable();
        targets.dedup();
        Ok(targets)
    }
}

type Named = Vec<(String, usize, usize)>;

/// Populations, the step before the first, and how many steps are recorded.
fn read_populations(table: &RecordBatch, dt_ms: f64) -> Result<(Named, i64, u32), SampleError> {
    let name = text_column(populations::TABLE, table, "population").map_err(SampleError::input)?;
    let size = int_column(populations::TABLE, table, "size").map_err(SampleError::input)?;
    let start = float_column(populations::TABLE, table, "t_start_ms").map_err(SampleError::input)?;
    let stop = float_column(populations::TABLE, table, "t_stop_ms").map_err(SampleError::input)?;
    let wrong =
        |row: usize, message: String| Err(SampleError::input(format!("population {}: {message}", name.value(row))));
    let mut named: Named = Vec::with_capacity(table.num_rows());
    let mut neurons = 0;
    for row in 0..table.num_rows() {
        if named.iter().any(|(known, ..)| known == name.value(row)) {
            return wrong(row, "the populations table has it twice".to_owned());
        }
        let Some(count) = u64::try_from(size[row]).ok().filter(|count| neurons as u64 + count <= MOST_NEURONS) else {
            return wrong(row, format!("size {}; 0 to {MOST_NEURONS} neurons in all are allowed", size[row]));
        };
        if (start[row], stop[row]) != (start[0], stop[0]) {
            let [a, b, c, d] = [start[row], stop[row], start[0], stop[0]].map(write_number);
            return wrong(
                row,
                format!("it is recorded from {a} to {b} ms, others from {c} to {d} ms; expected the same"),
            );
        }
        named.push((name.value(row).to_owned(), neurons, count as usize));
        neurons += count as usize;
    }
    if neurons == 0 {
        return Err(SampleError::input("the populations table has no neuron"));
    }
    let (first, last) = ((start[0] / dt_ms).round(), (stop[0] / dt_ms).round());
    let steps = last - first;
    if !(steps >= 1.0 && steps <= f64::from(u32::MAX) && first.abs() < 9e15) {
        return wrong(
            0,
            format!("it is recorded from {} to {} ms; the end must come after the start", start[0], stop[0]),
        );
    }
    Ok((named, first as i64, steps as u32))
}
