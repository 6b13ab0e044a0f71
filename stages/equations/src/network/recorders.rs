//! All recorders of a model.

use super::context::Context;
use super::error::NetworkError;
use super::monitors::{EventRecorder, FinalRecorder, RateRecorder, StateRecorder};
use super::recording::{FormRecord, Recording};
use crate::engine::State;

/// Recorders by monitors in the order of their names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorders {
    /// Of spikes, then of other events.
    pub events: Vec<EventRecorder>,
    /// How many of them are for spikes.
    pub spikes: usize,
    /// Of variables.
    pub states: Vec<StateRecorder>,
    /// Of rates.
    pub rates: Vec<RateRecorder>,
}

impl Recorders {
    /// Recorders for objects that were made anew, with what these have recorded.
    ///
    /// # Errors
    /// What is wrong with monitors.
    pub(crate) fn renewed(&self, context: &Context<'_>) -> Result<Self, NetworkError> {
        let described = &context.model.monitors;
        let mut new = Self { spikes: described.spikes.len(), ..Self::default() };
        for (name, monitor) in &described.spikes {
            new.events.push(EventRecorder::spikes(context, name, monitor)?);
        }
        for (name, monitor) in &described.events {
            new.events.push(EventRecorder::events(context, name, monitor)?);
        }
        for (name, monitor) in &described.state {
            new.states.push(StateRecorder::new(context, name, monitor)?);
        }
        for (name, monitor) in &described.rate {
            new.rates.push(RateRecorder::new(context, name, monitor)?);
        }
        for (name, monitor) in &described.last {
            // What is wrong with them is better known before than after a long run.
            FinalRecorder::new(context, name, monitor)?;
        }
        new.events.iter_mut().zip(&self.events).for_each(|(new, old)| new.resume(old));
        new.states.iter_mut().zip(&self.states).for_each(|(new, old)| new.resume(old));
        for (new, old) in new.rates.iter_mut().zip(&self.rates) {
            new.resume(old)?;
        }
        Ok(new)
    }

    /// All that was recorded, at the end of the last run at time `end` (in s).
    ///
    /// # Errors
    /// Variables that cannot be computed.
    pub(crate) fn finish(
        mut self,
        context: &Context<'_>,
        states: &mut [State],
        notes: Vec<String>,
        end: f64,
    ) -> Result<Recording, NetworkError> {
        let events = self.events.split_off(self.spikes);
        let mut recording = Recording {
            spikes: self.events.into_iter().map(EventRecorder::finish).collect(),
            events: events.into_iter().map(EventRecorder::finish).collect(),
            states: self.states.into_iter().map(StateRecorder::finish).collect(),
            rates: self.rates.into_iter().map(RateRecorder::finish).collect(),
            last: Vec::new(),
            forms: Vec::new(),
            notes,
            end,
        };
        for (&number, form) in &context.forms {
            let object = &context.objects[number];
            recording.forms.push(FormRecord {
                name: object.name.clone(),
                size: (object.layout.elements() / form.compartments()) as u32,
                compartments: form.morphology.compartments().to_vec(),
                sections: form.names(),
            });
        }
        for (name, monitor) in &context.model.monitors.last {
            let recorder = FinalRecorder::new(context, name, monitor)?;
            let path = format!("monitors.final.{name}");
            let values = recorder.finish(states, end).map_err(|error| NetworkError::new(path, error))?;
            recording.last.push(values);
        }
        Ok(recording)
    }
}
