//! Reading and setting single values by path, in canonical units.
//!
//! | path | what |
//! |---|---|
//! | `populations.E.size` | number of neurons |
//! | `populations.E.C_m` | a neuron parameter |
//! | `populations.E.drive.rate`, `.synapses`, `.weight`, `.delay`, `.amplitude` | the only drive of a population; of several: `drives.0.rate` |
//! | `connections.E_to_I.rule.probability`, `.rule.in_degree`, `.rule.total` | also `.rule.p`, `.rule.k`, `.rule.n` |
//! | `connections.E_to_I.weight`, `.delay` | |
//! | `connections.E_to_I.synapse.U`, `.synapse.tau_rec`, `.synapse.tau_fac` | |
//! | `connections.E_to_I.profile.width`, `.profile.sd`, `.profile.length` | |
//!
//! A path to a distribution means its constant value or its mean (also `.mean`); `.sd`, `.min`, `.max`, `.low`, `.high`
//! are paths too where the distribution has them. The unit of `.sd` is `1` where it is relative to the mean.

use lapicque_units::write_number;
use thiserror::Error;

use crate::distribution::InvalidDistribution;
use crate::place::{
    Entry, Place, Target, connection_entries, locate_in_connection, locate_in_population, part_mut, population_entries,
};
use crate::suggestion::nearest;
use crate::{Connection, Network, Range, UnknownPath};

/// Why a value could not be set.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SetError {
    #[error(transparent)]
    UnknownPath(#[from] UnknownPath),
    #[error("`{path}` = {} is not allowed; it must be {allowed}", with_unit(*.value, .unit))]
    OutOfRange { path: String, value: f64, unit: &'static str, allowed: Range },
    #[error("`{path}` = {} is not allowed: {source}", with_unit(*.value, .unit))]
    Distribution { path: String, value: f64, unit: &'static str, source: InvalidDistribution },
}

pub(crate) fn with_unit(value: f64, unit: &str) -> String {
    match unit {
        "1" => write_number(value),
        _ => format!("{} {unit}", write_number(value)),
    }
}

impl Network {
    /// Every value that can be set, in the order of the description.
    pub fn paths(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        for population in &self.populations {
            population_entries(population, &mut entries);
        }
        for connection in &self.connections {
            let weight_unit = self.weight_unit(connection);
            connection_entries(connection, weight_unit, &mut entries);
        }
        entries
    }

    /// The value at a path.
    pub fn get(&self, path: &str) -> Option<Entry> {
        let path = self.canonical_path(path);
        self.paths().into_iter().find(|entry| entry.path == path)
    }

    /// Sets one value, in its canonical unit; on an error nothing has changed.
    pub fn set(&mut self, path: &str, value: f64) -> Result<(), SetError> {
        self.assign(path, value, true)
    }

    /// As [`Network::set`], but leaves it to [`Network::check`] whether a distribution can still be drawn from.
    pub(crate) fn assign(&mut self, path: &str, value: f64, whole: bool) -> Result<(), SetError> {
        let canonical = self.canonical_path(path);
        let Some(place) = self.locate(&canonical) else {
            return Err(self.unknown_path(path).into());
        };
        if !place.range.contains(value) {
            return Err(SetError::OutOfRange { path: path.to_owned(), value, unit: place.unit, allowed: place.range });
        }
        // Leaves no -0, which would be another network to a digest.
        let value = value + 0.0;
        match place.target {
            Target::Number(number) => *number = value,
            // `Range::SIZE` and `Range::COUNT` hold only whole numbers that fit.
            Target::Size(size) => *size = value as u32,
            Target::Total(total) => *total = value as u64,
            Target::Distribution { distribution, part, values } => {
                let mut changed = *distribution;
                if let Some(number) = part_mut(&mut changed, part) {
                    *number = value;
                }
                if whole {
                    changed.check(values).map_err(|source| SetError::Distribution {
                        path: path.to_owned(),
                        value,
                        unit: place.unit,
                        source,
                    })?;
                }
                *distribution = changed;
            }
        }
        Ok(())
    }

    pub(crate) fn unknown_path(&self, path: &str) -> UnknownPath {
        let entries = self.paths();
        UnknownPath {
            path: path.to_owned(),
            suggestion: nearest(path, entries.iter().map(|entry| entry.path.as_str())),
        }
    }

    /// The unit of the weights of a connection; `1` if its target does not exist.
    pub(crate) fn weight_unit(&self, connection: &Connection) -> &'static str {
        self.population(&connection.post).map_or("1", |post| post.neuron.model.weight_unit())
    }

    /// One spelling of the paths that have two.
    pub(crate) fn canonical_path(&self, path: &str) -> String {
        let path = long_spelling(path);
        if let ["populations", name, "drives", "0", rest @ ..] = path.split('.').collect::<Vec<_>>().as_slice()
            && self.population(name).is_some_and(|population| population.drives.len() == 1)
        {
            return format!("populations.{name}.drive.{}", rest.join("."));
        }
        path
    }

    fn locate(&mut self, path: &str) -> Option<Place<'_>> {
        let segments: Vec<&str> = path.split('.').collect();
        match segments.as_slice() {
            ["populations", name, rest @ ..] => {
                let population = self.populations.iter_mut().find(|population| population.name == *name)?;
                locate_in_population(population, rest)
            }
            ["connections", name, rest @ ..] => {
                let position = self.connections.iter().position(|connection| connection.name == *name)?;
                let weight_unit = self.weight_unit(&self.connections[position]);
                locate_in_connection(&mut self.connections[position], weight_unit, rest)
            }
            _ => None,
        }
    }
}

/// `.mean` is left out, `.rule.p` is `.rule.probability`.
pub(crate) fn long_spelling(path: &str) -> String {
    let mut path = path.strip_suffix(".mean").unwrap_or(path).to_owned();
    for (short, long) in [(".rule.p", "probability"), (".rule.k", "in_degree"), (".rule.n", "total")] {
        if path.starts_with("connections.") && path.ends_with(short) {
            path.truncate(path.len() - 1);
            path.push_str(long);
        }
    }
    path
}
