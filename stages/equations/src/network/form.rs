//! Forms of neurons: morphologies whose parts have names.

use std::collections::BTreeMap;
use std::ops::Range;

use super::error::{NetworkError, NetworkProblem};
use crate::language::error::nearest;
use crate::spatial::Morphology;

/// A morphology whose parts have names.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    /// The compartments of one neuron.
    pub morphology: Morphology,
    /// Numbers of compartments by the name of the part, in runs without gaps.
    pub parts: BTreeMap<String, Vec<Range<usize>>>,
}

impl Form {
    /// What is said of it beside what was recorded: for each compartment the name of the part that it belongs to.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = vec![String::new(); self.compartments()];
        for (name, ranges) in &self.parts {
            for compartment in ranges.iter().cloned().flatten() {
                names[compartment].clone_from(name);
            }
        }
        names
    }

    /// How many compartments a neuron has.
    pub(crate) fn compartments(&self) -> usize {
        self.morphology.compartments().len()
    }

    /// The compartments of a part, ascending.
    ///
    /// # Errors
    /// There is no part of this name.
    pub(crate) fn part(&self, path: &str, name: &str) -> Result<Vec<u32>, NetworkError> {
        let ranges = self.ranges(path, name)?;
        Ok(ranges.iter().flat_map(|range| range.clone().map(|compartment| compartment as u32)).collect())
    }

    /// The compartments of a part, in runs without gaps.
    ///
    /// # Errors
    /// There is no part of this name.
    pub(crate) fn ranges(&self, path: &str, name: &str) -> Result<&[Range<usize>], NetworkError> {
        self.parts.get(name).map(Vec::as_slice).ok_or_else(|| {
            let suggestion = nearest(name, self.parts.keys().map(String::as_str));
            NetworkError::new(path, NetworkProblem::Unknown { kind: "section", name: name.to_owned(), suggestion })
        })
    }
}
