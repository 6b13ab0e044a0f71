//! Spike trains of several neurons in discrete time.

use super::{ConnectivityError, check_size};
use crate::simulate::Event;

/// Spikes of a run by step and by neuron; a neuron may spike several times in a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Trains {
    steps: u64,
    events: Vec<Event>,
    of_neuron: Vec<Vec<(u64, u32)>>,
}

/// Steps keep their meaning as signed numbers, with windows and lags added.
const MOST_STEPS_OF_RUN: u64 = 1 << 60;

impl Trains {
    /// Of so many neurons and steps; spikes in any order, those of one neuron and step are added.
    ///
    /// # Errors
    /// Spikes of neurons or steps that do not exist, counts of 0, or more neurons or steps than can be.
    pub fn new(neurons: usize, steps: u64, spikes: impl IntoIterator<Item = Event>) -> Result<Self, ConnectivityError> {
        check_size(1, neurons, 3)?;
        if steps > MOST_STEPS_OF_RUN {
            let allowed = "a run has 2^60 steps at most";
            return Err(ConnectivityError::OutOfRange { field: "steps", found: steps as f64, allowed });
        }
        let mut events: Vec<Event> = spikes.into_iter().collect();
        for event in &events {
            if event.neuron as usize >= neurons {
                return Err(ConnectivityError::Neuron { found: event.neuron as usize, neurons });
            }
            if event.step >= steps {
                return Err(ConnectivityError::Step { neuron: event.neuron, step: event.step, steps });
            }
            if event.count == 0 {
                return Err(ConnectivityError::EmptyCount { neuron: event.neuron, step: event.step });
            }
        }
        events.sort_unstable_by_key(|event| (event.step, event.neuron));
        Ok(Self::of_sorted(neurons, steps, events))
    }

    fn of_sorted(neurons: usize, steps: u64, mut events: Vec<Event>) -> Self {
        events.dedup_by(|later, first| {
            let same = (later.step, later.neuron) == (first.step, first.neuron);
            if same {
                first.count = first.count.saturating_add(later.count);
            }
            same
        });
        let mut of_neuron = vec![Vec::new(); neurons];
        for event in &events {
            of_neuron[event.neuron as usize].push((event.step, event.count));
        }
        Self { steps, events, of_neuron }
    }

    /// The same spikes counted in bins of so many steps; a last bin that is not full is left out, with its spikes.
    ///
    /// # Errors
    /// Bins of no steps, or longer than the run.
    pub fn binned(&self, bin_steps: u64) -> Result<Self, ConnectivityError> {
        if bin_steps == 0 {
            let allowed = "a bin has one step or more";
            return Err(ConnectivityError::OutOfRange { field: "bin", found: 0.0, allowed });
        }
        let bins = self.steps / bin_steps;
        if bins == 0 {
            return Err(ConnectivityError::LongerThanRun { field: "bin", found: bin_steps, steps: self.steps });
        }
        let of_bin = |event: &Event| Event { step: event.step / bin_steps, ..*event };
        let mut events: Vec<Event> = self.events.iter().map(of_bin).filter(|event| event.step < bins).collect();
        events.sort_unstable_by_key(|event| (event.step, event.neuron));
        Ok(Self::of_sorted(self.neurons(), bins, events))
    }

    /// How many neurons there are.
    pub fn neurons(&self) -> usize {
        self.of_neuron.len()
    }

    /// How many steps or bins the run has.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// All spikes by step, then neuron; one event for a neuron and step.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Steps and counts of one neuron, ascending.
    pub fn of_neuron(&self, neuron: usize) -> &[(u64, u32)] {
        &self.of_neuron[neuron]
    }

    /// How often a neuron spikes.
    pub fn spikes(&self, neuron: usize) -> u64 {
        self.of_neuron[neuron].iter().map(|(_, count)| u64::from(*count)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(step: u64, neuron: u32, count: u32) -> Event {
        Event { step, neuron, count }
    }

    #[test]
    fn repeated_spikes_are_added_whatever_their_order() {
        let trains = Trains::new(2, 10, [event(5, 1, 1), event(3, 0, 2), event(5, 1, 3)]).unwrap();
        assert_eq!(trains.events(), [event(3, 0, 2), event(5, 1, 4)]);
        assert_eq!(trains.of_neuron(1), [(5, 4)]);
        assert_eq!((trains.spikes(0), trains.spikes(1)), (2, 4));
    }

    #[test]
    fn bins_add_up_and_a_bin_that_is_not_full_is_left_out() {
        let trains = Trains::new(2, 10, [event(0, 1, 1), event(1, 0, 1), event(2, 1, 1), event(9, 0, 1)]).unwrap();
        let binned = trains.binned(3).unwrap();
        assert_eq!(binned.steps(), 3);
        assert_eq!(binned.events(), [event(0, 0, 1), event(0, 1, 2)]);
        assert!(matches!(trains.binned(0), Err(ConnectivityError::OutOfRange { .. })));
        assert!(matches!(trains.binned(11), Err(ConnectivityError::LongerThanRun { .. })));
    }

    #[test]
    fn impossible_spikes_are_errors() {
        let error = |spike| Trains::new(2, 10, [spike]).unwrap_err().to_string();
        assert_eq!(error(event(0, 2, 1)), "there is no neuron 2; neurons are numbered from 0 to 1");
        assert_eq!(error(event(10, 1, 1)), "neuron 1 spikes at step 10, but the run has 10 steps (from 0)");
        assert_eq!(error(event(1, 1, 0)), "neuron 1 has a count of 0 at step 1; a spike counts 1 or more");
    }
}
