//! Spikes and stimuli of a sample, in the bins of `pointprocess.fit`.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use lapicque_pipeline::SampleError;
use lapicque_pointprocess::fit::{Stimulus, Trains};
use lapicque_schemas::tables::events::{self, Event};
use lapicque_schemas::tables::{float_column, int_column, populations, signals, spikes, text_column};
use lapicque_units::write_number;

use crate::signal::channels::is_like;

/// A neuron costs memory whether it fires or not.
const MOST_NEURONS: u64 = 1 << 20;
/// What events are that are stimuli.
const STIMULUS: &str = "stimulus";

/// Bins of a recording.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bins {
    pub(super) dt_ms: f64,
    pub(super) steps_per_bin: u32,
    /// The first step is this number and 1.
    start: i64,
    pub(super) count: u32,
}

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

impl Bins {
    pub(super) fn bin_ms(&self) -> f64 {
        self.dt_ms * f64::from(self.steps_per_bin)
    }

    /// When a bin begins.
    fn begins_ms(&self, bin: u32) -> f64 {
        (self.start as f64 + f64::from(bin) * f64::from(self.steps_per_bin)) * self.dt_ms
    }
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

    /// Each value of events that are stimuli, as pulses, and the bins of all of them.
    pub(super) fn pulses(
        &mut self,
        table: &RecordBatch,
        patterns: &[String],
    ) -> Result<(Vec<Stimulus>, Vec<u32>), SampleError> {
        let is_stimulus = |event: &Event| {
            let is_one = |pattern: &String| is_like(pattern, &event.value) || is_like(pattern, &event.kind);
            if patterns.is_empty() { event.kind == STIMULUS } else { patterns.iter().any(is_one) }
        };
        let mut by_name: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        let (mut all, mut outside) = (Vec::new(), 0);
        for event in events::read(table).map_err(SampleError::input)?.into_iter().filter(is_stimulus) {
            if !event.onset_s.is_finite() {
                let Event { value, onset_s, .. } = event;
                return Err(SampleError::input(format!("the event `{value}` begins at {onset_s} s; a time is finite")));
            }
            let name = if event.value.is_empty() { event.kind } else { event.value };
            let pulses = by_name.entry(name).or_default();
            // Onsets are written as products of steps and their length.
            let since = (event.onset_s * 1e3 / self.bins.dt_ms + 1e-6).floor() - self.bins.start as f64;
            let bin = (since / f64::from(self.bins.steps_per_bin)).floor();
            if bin >= 0.0 && bin < f64::from(self.bins.count) {
                pulses.push(bin as u32);
                all.push(bin as u32);
            } else {
                outside += 1;
            }
        }
        if outside > 0 {
            self.notes.push(format!("{outside} stimulus events lie outside of the recorded time and drive nothing"));
        }
        let pulses = by_name.into_iter().map(|(name, bins)| Stimulus::of_pulses(name, &bins)).collect();
        Ok((pulses, all))
    }

    /// Each channel of signals, as values that hold until the next.
    pub(super) fn held(&self, table: &RecordBatch) -> Result<Vec<Stimulus>, SampleError> {
        let bin_ms = self.bins.bin_ms();
        let mut stimuli: Vec<Stimulus> = Vec::new();
        for signal in signals::read(table).map_err(SampleError::input)? {
            let wrong = |message: String| Err(SampleError::input(format!("channel {}: {message}", signal.channel)));
            if stimuli.iter().any(|known| known.name() == signal.channel) {
                return wrong("it has several epochs; a stimulus is one stretch as long as the recording".to_owned());
            }
            if !(signal.dt_ms >= bin_ms * (1.0 - 1e-9) && signal.dt_ms.is_finite() && signal.t0_ms.is_finite()) {
                return wrong(format!(
                    "its values are {} ms apart; expected a bin of {} ms or more: average it first",
                    write_number(signal.dt_ms),
                    write_number(bin_ms)
                ));
            }
            let place = |bin: u32| ((self.bins.begins_ms(bin) - signal.t0_ms) / signal.dt_ms + 1e-6).floor();
            let last = place(self.bins.count.saturating_sub(1));
            if place(0) < 0.0 || last >= signal.values.len() as f64 {
                let ends = signal.t0_ms + signal.dt_ms * signal.values.len() as f64;
                return wrong(format!(
                    "it lasts from {} to {} ms; the recording from {} to {} ms",
                    write_number(signal.t0_ms),
                    write_number(ends),
                    write_number(self.bins.begins_ms(0)),
                    write_number(self.bins.begins_ms(self.bins.count))
                ));
            }
            let values: Vec<f64> = (0..self.bins.count).map(|bin| signal.values[place(bin) as usize]).collect();
            stimuli.push(Stimulus::of_values(signal.channel.as_ref(), &values).map_err(SampleError::input)?);
        }
        Ok(stimuli)
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
