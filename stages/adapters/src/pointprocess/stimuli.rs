//! Stimuli of point processes: channels of signals and pulses of events, in bins.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use lapicque_pipeline::SampleError;
use lapicque_pointprocess::fit::Stimulus;
use lapicque_schemas::tables::events::{self, Event};
use lapicque_schemas::tables::signals;
use lapicque_units::write_number;

use crate::signal::channels::is_like;

/// What events are that are stimuli.
const STIMULUS: &str = "stimulus";

/// Bins of a recording.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bins {
    pub(super) dt_ms: f64,
    pub(super) steps_per_bin: u32,
    /// The first step is this number and 1.
    pub(super) start: i64,
    pub(super) count: u32,
}

/// What drives neurons besides spikes.
#[derive(Debug, Clone, Default)]
pub(super) struct Stimuli {
    pub(super) stimuli: Vec<Stimulus>,
    /// Bins in which events began.
    pub(super) onsets: Vec<u32>,
    pub(super) notes: Vec<String>,
}

impl Stimuli {
    /// Of the tables that are connected; events are those that `patterns` name.
    pub(super) fn read(
        bins: &Bins,
        signals: Option<&RecordBatch>,
        events: Option<&RecordBatch>,
        patterns: &[String],
    ) -> Result<Self, SampleError> {
        let mut found = Self::default();
        if let Some(table) = signals {
            found.hold(bins, table)?;
        }
        if let Some(table) = events {
            found.pulse(bins, table, patterns)?;
        }
        Ok(found)
    }

    /// Their names, which are neither twice nor those of neurons.
    pub(super) fn names(&self, neurons: &[String]) -> Result<Vec<String>, SampleError> {
        let mut names: Vec<String> = Vec::with_capacity(self.stimuli.len());
        for stimulus in &self.stimuli {
            let name = stimulus.name().to_owned();
            if names.contains(&name) || neurons.contains(&name) {
                return Err(SampleError::input(format!(
                    "two sources are called `{name}`; stimuli of signals and events, and neurons, need names of their \
                     own"
                )));
            }
            names.push(name);
        }
        Ok(names)
    }

    /// Each value of events that are stimuli, as pulses, and the bins of all of them.
    fn pulse(&mut self, bins: &Bins, table: &RecordBatch, patterns: &[String]) -> Result<(), SampleError> {
        let is_stimulus = |event: &Event| {
            let is_one = |pattern: &String| is_like(pattern, &event.value) || is_like(pattern, &event.kind);
            if patterns.is_empty() { event.kind == STIMULUS } else { patterns.iter().any(is_one) }
        };
        let mut by_name: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        let mut outside = 0;
        for event in events::read(table).map_err(SampleError::input)?.into_iter().filter(is_stimulus) {
            if !event.onset_s.is_finite() {
                let Event { value, onset_s, .. } = event;
                return Err(SampleError::input(format!("the event `{value}` begins at {onset_s} s; a time is finite")));
            }
            let name = if event.value.is_empty() { event.kind } else { event.value };
            let pulses = by_name.entry(name).or_default();
            // Onsets are written as products of steps and their length.
            let since = (event.onset_s * 1e3 / bins.dt_ms + 1e-6).floor() - bins.start as f64;
            let bin = (since / f64::from(bins.steps_per_bin)).floor();
            if bin >= 0.0 && bin < f64::from(bins.count) {
                pulses.push(bin as u32);
                self.onsets.push(bin as u32);
            } else {
                outside += 1;
            }
        }
        if outside > 0 {
            self.notes.push(format!("stimulus events outside of the recorded time, which drive nothing: {outside}"));
        }
        self.stimuli.extend(by_name.into_iter().map(|(name, bins)| Stimulus::of_pulses(name, &bins)));
        Ok(())
    }

    /// Each channel of signals, as values that hold until the next.
    fn hold(&mut self, bins: &Bins, table: &RecordBatch) -> Result<(), SampleError> {
        let bin_ms = bins.bin_ms();
        for signal in signals::read(table).map_err(SampleError::input)? {
            let wrong = |message: String| Err(SampleError::input(format!("channel {}: {message}", signal.channel)));
            if self.stimuli.iter().any(|known| known.name() == signal.channel) {
                return wrong(
                    "it is there twice; a stimulus is one stretch, an epoch as long as the recording".to_owned(),
                );
            }
            if !(signal.dt_ms >= bin_ms * (1.0 - 1e-9) && signal.dt_ms.is_finite() && signal.t0_ms.is_finite()) {
                return wrong(format!(
                    "its values are {} ms apart; expected a bin of {} ms or more: average it first",
                    write_number(signal.dt_ms),
                    write_number(bin_ms)
                ));
            }
            let place = |bin: u32| ((bins.begins_ms(bin) - signal.t0_ms) / signal.dt_ms + 1e-6).floor();
            let last = place(bins.count.saturating_sub(1));
            if place(0) < 0.0 || last >= signal.values.len() as f64 {
                let ends = signal.t0_ms + signal.dt_ms * signal.values.len() as f64;
                return wrong(format!(
                    "it lasts from {} to {} ms; the recording from {} to {} ms",
                    write_number(signal.t0_ms),
                    write_number(ends),
                    write_number(bins.begins_ms(0)),
                    write_number(bins.begins_ms(bins.count))
                ));
            }
            let values: Vec<f64> = (0..bins.count).map(|bin| signal.values[place(bin) as usize]).collect();
            self.stimuli.push(Stimulus::of_values(signal.channel.as_ref(), &values).map_err(SampleError::input)?);
        }
        Ok(())
    }
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
