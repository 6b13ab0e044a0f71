//! Which samples of two stages belong together: those of one label.

use std::collections::HashMap;

use crate::graph::Domain;

/// For each unit of a stage, the unit of another stage that belongs to it.
#[derive(Debug, Clone)]
pub(crate) enum Alignment {
    Same,
    Some(Vec<Option<u32>>),
}

impl Alignment {
    pub(crate) fn get(&self, unit: usize) -> Option<usize> {
        match self {
            Self::Same => Some(unit),
            Self::Some(units) => units[unit].map(|unit| unit as usize),
        }
    }
}

/// For each unit of a domain, the unit of the other with the same label.
pub(crate) fn align(domain: &Domain, other: &Domain) -> Alignment {
    match (domain, other) {
        (Domain::Samples(own), Domain::Samples(theirs)) if !own.is_same(theirs) => {
            let positions: HashMap<&str, u32> = theirs.iter().zip(0..).collect();
            Alignment::Some(own.iter().map(|label| positions.get(label).copied()).collect())
        }
        _ => Alignment::Same,
    }
}
