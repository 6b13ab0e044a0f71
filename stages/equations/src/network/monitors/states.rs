//! Variables over time, and after the last step.

use super::reader::Reader;
use crate::engine::{EngineError, State};
use crate::network::context::{Context, Members, not_allowed};
use crate::network::description::{FinalValues, Recorded, Slot, StateMonitor};
use crate::network::error::{NetworkError, NetworkProblem};
use crate::network::recording::StateRecord;

/// Records variables of an object.
#[derive(Clone, Debug)]
pub(crate) struct StateRecorder {
    /// From one time to the next, in s (default: the step of its object's clock).
    pub every: Option<f64>,
    /// In which slot.
    pub when: Slot,
    /// Its place within the slot.
    pub order: i32,
    /// Whom it watches.
    pub source: Members,
    values: Values,
}

/// Records variables after the last step.
#[derive(Clone, Debug)]
pub(crate) struct FinalRecorder(Values);

/// Values of some elements and what was recorded of them.
#[derive(Clone, Debug)]
struct Values {
    reader: Reader,
    /// Numbers within the whole object, in the order in which they are recorded.
    elements: Vec<u32>,
    /// The same, ascending.
    ascending: Vec<u32>,
    /// Whether these are all elements of the object.
    all: bool,
    record: StateRecord,
}

impl StateRecorder {
    /// A recorder of a monitor.
    ///
    /// # Errors
    /// Groups, variables and elements that do not exist, elements that are there twice, periods that are no times.
    pub(crate) fn new(context: &Context<'_>, name: &str, described: &StateMonitor) -> Result<Self, NetworkError> {
        let path = format!("monitors.state.{name}");
        let every = match &described.every {
            None => None,
            Some(every) => Some(context.positive_time(&format!("{path}.every"), every)?),
        };
        let source = context.members(&format!("{path}.of"), &described.of)?;
        let values = Values::new(context, &path, name, source, &described.variables, &described.record)?;
        Ok(Self { every, when: described.when.clone(), order: described.order, source, values })
    }

    /// Takes over what a recorder of the same monitor has recorded.
    pub(crate) fn resume(&mut self, earlier: &Self) {
        self.values.record = earlier.values.record.clone();
    }

    /// Records the step that begins at `t` (in s).
    ///
    /// # Errors
    /// Variables that cannot be computed.
    pub(crate) fn record(&mut self, states: &mut [State], t: f64) -> Result<(), EngineError> {
        self.values.record(states, t)
    }

    /// How many bytes it takes to record `steps` times.
    pub(crate) fn bytes_of(&self, steps: u64) -> u64 {
        let variables = &self.values.record.variables;
        let values: usize =
            variables.iter().map(|variable| if variable.shared { 1 } else { self.values.elements.len() }).sum();
        steps.saturating_mul(8 * (1 + values as u64))
    }

    /// What was recorded.
    pub(crate) fn finish(self) -> StateRecord {
        self.values.record
    }
}

impl FinalRecorder {
    /// A recorder of the values after the last step.
    ///
    /// # Errors
    /// Groups and variables that do not exist.
    pub(crate) fn new(context: &Context<'_>, name: &str, described: &FinalValues) -> Result<Self, NetworkError> {
        let path = format!("monitors.final.{name}");
        let source = context.members(&format!("{path}.of"), &described.of)?;
        Values::new(context, &path, name, source, &described.variables, &Recorded::All).map(Self)
    }

    /// The values at time `t` (in s), which is that of the step that would come next.
    ///
    /// # Errors
    /// Variables that cannot be computed.
    pub(crate) fn finish(mut self, states: &mut [State], t: f64) -> Result<StateRecord, EngineError> {
        self.0.record(states, t)?;
        Ok(self.0.record)
    }
}

impl Values {
    fn new(
        context: &Context<'_>,
        path: &str,
        name: &str,
        source: Members,
        variables: &[String],
        recorded: &Recorded,
    ) -> Result<Self, NetworkError> {
        let at = |field: &str| format!("{path}.{field}");
        if variables.is_empty() {
            let problem = NetworkProblem::Conflict("there must be at least one variable to record".to_owned());
            return Err(NetworkError::new(at("variables"), problem));
        }
        let (reader, variables) = Reader::new(context, source.object, &at("variables"), variables)?;
        let within: Vec<u32> = match recorded {
            Recorded::All => (0..source.size()).collect(),
            Recorded::Elements(elements) => elements.clone(),
        };
        if let Some(element) = within.iter().find(|&&element| element >= source.size()) {
            let allowed = format!("there are {}, counted from 0", source.size());
            return Err(not_allowed(&at("record"), format!("element {element}"), allowed));
        }
        let elements: Vec<u32> = within.iter().map(|element| source.start + element).collect();
        let mut ascending = elements.clone();
        ascending.sort_unstable();
        if let Some(pair) = ascending.windows(2).find(|pair| pair[0] == pair[1]) {
            let value = format!("element {}", pair[0] - source.start);
            return Err(not_allowed(&at("record"), value, "each element once".to_owned()));
        }
        if ascending.is_empty() && *recorded != Recorded::All {
            return Err(not_allowed(&at("record"), "no element".to_owned(), "`all`, or at least one".to_owned()));
        }
        let shared = variables.iter().all(|variable| variable.shared);
        let all = ascending.len() == context.objects[source.object].layout.elements();
        let record = StateRecord {
            name: name.to_owned(),
            times: Vec::new(),
            elements: if shared { vec![0] } else { within },
            variables,
        };
        Ok(Self { reader, elements, ascending, all, record })
    }

    fn record(&mut self, states: &mut [State], t: f64) -> Result<(), EngineError> {
        self.reader.prepare(states, t, (!self.all).then_some(self.ascending.as_slice()))?;
        self.record.times.push(t);
        self.reader.append(states, &self.elements, false, &mut self.record.variables);
        Ok(())
    }
}
