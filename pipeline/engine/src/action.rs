//! What is stored of one action: the result of one stage for one sample.

use lapicque_schemas::Digest;
use serde::{Deserialize, Serialize};

use crate::kind::SampleError;

/// All that is stored of one action.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    pub outcome: Result<Vec<OutputEntry>, SampleError>,
    /// Digest of the ingredients that all samples of the stage had in common.
    pub common: Digest,
    /// Digests of the sample's own inputs, in the order of the ports' names.
    pub inputs: Vec<Digest>,
    pub notes: Vec<String>,
    pub seconds: f64,
}

/// One output of one action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutputEntry {
    pub rows: u64,
    pub content: Digest,
    /// Digest of each column, where they are carried: in narrow tables, and where the rows are not kept.
    pub columns: Option<Vec<Digest>>,
    pub kept: bool,
}

impl Action {
    /// Whether this answers more than what is known under the same key: kept rows over digests alone, results over failures.
    pub fn replaces(&self, known: &Self) -> bool {
        let worth = |action: &Self| match &action.outcome {
            Ok(outputs) => 1 + u8::from(outputs.iter().all(|entry| entry.kept)),
            Err(_) => 0,
        };
        worth(known) < worth(self)
    }
}
