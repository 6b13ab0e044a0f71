//! Where stored rows lie, told beside a task: whoever computes it reads them without the index of the store, which may
//! know millions of results.

use lapicque_schemas::Digest;
use serde::{Deserialize, Serialize};

use crate::action::OutputEntry;

/// Rows of one output of some results.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Located {
    pub output: usize,
    pub rows: Vec<RowsOf>,
    pub segments: Vec<Segment>,
    /// All that is known of the results that are held against their digests when they are read.
    pub results: Vec<(Digest, Vec<OutputEntry>)>,
}

/// The rows of a result: by the position of their segment, the first of them and their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowsOf {
    pub key: Digest,
    pub segment: u32,
    pub first_row: u64,
    pub rows: u64,
}

/// A file of rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    pub batch: String,
    /// Checksums of its blocks.
    pub sums: Vec<u64>,
}
