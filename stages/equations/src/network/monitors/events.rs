//! Spikes and other events.

use super::reader::Reader;
use crate::engine::{EngineError, State};
use crate::network::context::{Context, Members};
use crate::network::description::{EventMonitor, SpikeMonitor};
use crate::network::error::NetworkError;
use crate::network::recording::EventRecord;

/// Records who has an event and when, and variables at that moment.
#[derive(Clone, Debug)]
pub(crate) struct EventRecorder {
    /// Whom it watches.
    pub source: Members,
    /// Which event.
    pub event: String,
    reader: Reader,
    record: EventRecord,
}

impl EventRecorder {
    /// A recorder of spikes.
    ///
    /// # Errors
    /// Groups and variables that do not exist.
    pub(crate) fn spikes(context: &Context<'_>, name: &str, described: &SpikeMonitor) -> Result<Self, NetworkError> {
        let path = format!("monitors.spikes.{name}");
        Self::new(context, &path, name, &described.of, "spike", &described.variables)
    }

    /// A recorder of another event.
    ///
    /// # Errors
    /// Groups and variables that do not exist.
    pub(crate) fn events(context: &Context<'_>, name: &str, described: &EventMonitor) -> Result<Self, NetworkError> {
        let path = format!("monitors.events.{name}");
        Self::new(context, &path, name, &described.of, &described.event, &described.variables)
    }

    fn new(
        context: &Context<'_>,
        path: &str,
        name: &str,
        of: &str,
        event: &str,
        variables: &[String],
    ) -> Result<Self, NetworkError> {
        let source = context.members(&format!("{path}.of"), of)?;
        let (reader, variables) = Reader::new(context, source.object, &format!("{path}.variables"), variables)?;
        let record = EventRecord {
            name: name.to_owned(),
            size: source.size(),
            dt: context.objects[source.object].dt,
            one_dt: true,
            variables,
            ..EventRecord::default()
        };
        Ok(Self { source, event: event.to_owned(), reader, record })
    }

    /// Takes over what a recorder of the same monitor has recorded.
    pub(crate) fn resume(&mut self, earlier: &Self) {
        let one_dt = earlier.record.one_dt && earlier.record.dt == self.record.dt;
        self.record = EventRecord { dt: self.record.dt, one_dt, ..earlier.record.clone() };
    }

    /// Records the elements of `fired` (ascending numbers within the whole group) that it watches.
    ///
    /// # Errors
    /// Variables that cannot be computed.
    pub(crate) fn record(&mut self, states: &mut [State], fired: &[u32], step: u64, t: f64) -> Result<(), EngineError> {
        let begin = fired.partition_point(|&element| element < self.source.start);
        let end = fired.partition_point(|&element| element < self.source.stop);
        let fired = &fired[begin..end];
        if fired.is_empty() {
            return Ok(());
        }
        self.reader.prepare(states, t, Some(fired))?;
        self.reader.append(states, fired, true, &mut self.record.variables);
        self.record.elements.extend(fired.iter().map(|&element| element - self.source.start));
        self.record.steps.extend(std::iter::repeat_n(step, fired.len()));
        self.record.times.extend(std::iter::repeat_n(t, fired.len()));
        Ok(())
    }

    /// How many bytes it has recorded.
    pub(crate) fn bytes(&self) -> u64 {
        self.record.elements.len() as u64 * (20 + 8 * self.record.variables.len() as u64)
    }

    /// What was recorded.
    pub(crate) fn finish(self) -> EventRecord {
        let mut record = self.record;
        // It has a value for each event, whatever it is to the group.
        record.variables.iter_mut().for_each(|variable| variable.shared = false);
        record
    }
}
