//! What is known of each sample of each stage.

use std::sync::Arc;

use lapicque_schemas::{Digest, Labels};
use serde_json::Value;

use crate::found::Found;
use crate::kind::SampleError;

/// The state of one sample in one stage.
#[derive(Debug, Clone)]
pub enum Unit {
    /// Its inputs are not computed yet.
    Waiting,
    Missing {
        key: Digest,
    },
    Done {
        key: Digest,
        found: Found,
    },
    Failed {
        key: Digest,
        error: Arc<SampleError>,
    },
    /// An input failed.
    Dropped,
    /// `where`, here or upstream, does not select the sample.
    LeftOut,
}

#[derive(Debug, Clone)]
pub struct StageState {
    pub units: Vec<Unit>,
    /// Digests of the own inputs of each unit, one after the other; those of units that wait mean nothing.
    pub(crate) inputs: Vec<Digest>,
    /// Ingredients that all units have in common, once they are known.
    pub common: Option<Value>,
    /// Of table-grain stages: the samples, in the order in which the stage sees them.
    pub positions: Labels,
}

/// What depends on inputs, as far as they are known.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Readiness<T> {
    Known(T),
    /// An input is not computed yet.
    Waiting,
    /// An input failed: it will not come.
    Dropped,
}

impl Unit {
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Waiting | Self::Missing { .. })
    }

    /// Whether there is no result because of an error.
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::Failed { .. } | Self::Dropped)
    }

    pub fn key(&self) -> Option<Digest> {
        match self {
            Self::Missing { key } | Self::Done { key, .. } | Self::Failed { key, .. } => Some(*key),
            Self::Waiting | Self::Dropped | Self::LeftOut => None,
        }
    }
}

impl StageState {
    pub fn count(&self, of: impl Fn(&Unit) -> bool) -> u64 {
        self.units.iter().filter(|unit| of(unit)).count() as u64
    }

    /// Digests of the own inputs of a unit, in the order of the key.
    pub fn inputs(&self, unit: usize) -> &[Digest] {
        let width = self.inputs.len() / self.units.len().max(1);
        &self.inputs[unit * width..(unit + 1) * width]
    }

    pub(crate) fn set_inputs(&mut self, unit: usize, inputs: &[Digest]) {
        let width = self.inputs.len() / self.units.len().max(1);
        self.inputs[unit * width..(unit + 1) * width].copy_from_slice(inputs);
    }
}

impl StageState {
    pub(crate) fn empty() -> Self {
        Self { units: Vec::new(), inputs: Vec::new(), common: None, positions: Labels::default() }
    }
}
