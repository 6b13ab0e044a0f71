//! What became of a batch, as plain data: workers in other processes send it back.

use lapicque_schemas::Digest;
use serde::{Deserialize, Serialize};

use crate::action::OutputEntry;
use crate::kind::SampleError;

/// What became of each sample in each member.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BatchReport {
    pub members: Vec<MemberReport>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MemberReport {
    /// One per label of the batch; `None` where there was nothing to do.
    pub units: Vec<Option<UnitReport>>,
    pub seconds: f64,
    /// Written to the store.
    pub bytes: u64,
    /// Bytes that the rows of all samples take in memory, roughly.
    pub memory: u64,
    /// Number of the label, and where its stage panicked.
    pub backtraces: Vec<(usize, String)>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnitReport {
    pub key: Digest,
    pub inputs: Vec<Digest>,
    pub outcome: Result<Vec<OutputEntry>, SampleError>,
    pub notes: Vec<String>,
    /// Whether the stage function ran; otherwise the key was known once its inputs were.
    pub computed: bool,
    /// Whether a second computation gave the values of the first.
    pub reproduced: bool,
}
