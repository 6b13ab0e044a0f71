//! The values of a problem of optimal control that may be swept: those of the model, and the weights of the cost.

use lapicque_neuralmass::settings::ModelSettings;
use lapicque_units::{Entry, Range, SetError, Settable};
use serde::Serialize;
use serde_json::{Map, Value};

/// In the order of the weights; paths, and fields of the configuration.
pub(super) const WEIGHTS: [&str; 3] = ["cost.precision", "cost.energy", "cost.sparsity"];
const RANGES: [Range; 3] = [Range::Positive, Range::NonNegative, Range::NonNegative];

/// A model and what its control costs.
#[derive(Debug, Clone)]
pub(super) struct ControlProblem {
    pub(super) model: ModelSettings,
    /// Of precision, energy and sparsity.
    pub(super) weights: [f64; 3],
}

impl ControlProblem {
    pub(super) fn entry_of_weight(weights: &[f64; 3], place: usize) -> Entry {
        Entry::new(WEIGHTS[place], "1", weights[place], RANGES[place])
    }
}

impl Settable for ControlProblem {
    type Error = SetError;
    const NAME: &'static str = "the model";

    fn entries(&self) -> Vec<Entry> {
        let weights = (0..WEIGHTS.len()).map(|place| Self::entry_of_weight(&self.weights, place));
        self.model.entries().into_iter().chain(weights).collect()
    }

    fn entry(&self, path: &str) -> Option<Entry> {
        match WEIGHTS.iter().position(|weight| *weight == path) {
            Some(place) => Some(Self::entry_of_weight(&self.weights, place)),
            None => self.model.entry(path),
        }
    }

    fn set(&mut self, path: &str, value: f64) -> Result<(), SetError> {
        let Some(place) = WEIGHTS.iter().position(|weight| *weight == path) else {
            return self.model.set(path, value);
        };
        Self::entry_of_weight(&self.weights, place).admits(value)?;
        self.weights[place] = value;
        Ok(())
    }

    fn canonical(&self, swept: &[&str]) -> impl Serialize {
        let fixed = |place: &usize| !swept.contains(&WEIGHTS[*place]);
        let weight = |place: usize| (WEIGHTS[place].to_owned(), Value::from(self.weights[place]));
        Key { of_model: self.model.canonical(swept), weights: (0..WEIGHTS.len()).filter(fixed).map(weight).collect() }
    }
}

#[derive(Serialize)]
struct Key<T> {
    of_model: T,
    weights: Map<String, Value>,
}
