//! Setting values of a network by the names and paths of its file.

use std::collections::BTreeMap;

use thiserror::Error;

use super::NetworkFile;
use crate::network::did_you_mean;
use crate::path::long_spelling;
use crate::suggestion::nearest;
use crate::{InvalidNetwork, Network, SetError};

/// Why values could not be set.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum AssignmentError {
    #[error("the network file has no parameter or path `{name}`{}", did_you_mean(.suggestion))]
    UnknownName { name: String, suggestion: Option<String> },
    #[error("`{first}` and `{second}` both set `{path}`")]
    SetTwice { path: String, first: String, second: String },
    #[error("{}{source}", short_name(.name))]
    Value { name: String, source: Box<SetError> },
    #[error(transparent)]
    Network(#[from] InvalidNetwork),
}

impl NetworkFile {
    /// The network with some values set, by short name or path, in canonical units. The order does not matter.
    ///
    /// # Errors
    /// Unknown names, values outside their range, a value set twice, and networks that are impossible as a whole
    /// ([`Network::check`]).
    pub fn with(&self, values: &[(&str, f64)]) -> Result<Network, AssignmentError> {
        let mut network = self.network.clone();
        let mut set: BTreeMap<String, &str> = BTreeMap::new();
        for &(name, value) in values {
            for path in self.targets(name)? {
                network
                    .assign(&path, value, false)
                    .map_err(|source| AssignmentError::Value { name: name.to_owned(), source: Box::new(source) })?;
                if let Some(first) = set.insert(network.canonical_path(&path), name) {
                    return Err(AssignmentError::SetTwice {
                        path: file_path(&path, &self.drive_names),
                        first: first.to_owned(),
                        second: name.to_owned(),
                    });
                }
            }
        }
        network.check()?;
        Ok(network)
    }

    /// The resolved paths that a name or path sets.
    fn targets(&self, name: &str) -> Result<Vec<String>, AssignmentError> {
        if let Some(parameter) = self.parameters.iter().find(|parameter| parameter.name == name) {
            return Ok(parameter.sets.iter().map(|path| self.resolved_path(path)).collect());
        }
        let path = self.resolved_path(name);
        if self.network.get(&path).is_some() {
            return Ok(vec![path]);
        }
        let entries = self.paths();
        let names = self.parameters.iter().map(|parameter| parameter.name.as_str());
        Err(AssignmentError::UnknownName {
            name: name.to_owned(),
            suggestion: nearest(name, names.chain(entries.iter().map(|entry| entry.path.as_str()))),
        })
    }

    /// `populations.I.drives.cortex.rate` as `populations.I.drives.0.rate`.
    pub(super) fn resolved_path(&self, path: &str) -> String {
        let path = long_spelling(path);
        let segments: Vec<&str> = path.split('.').collect();
        if let ["populations", population, "drives", drive, rest @ ..] = segments.as_slice()
            && let Some(names) = self.drive_names.get(*population)
            && let Some(position) = names.iter().position(|name| name == drive)
        {
            return format!("populations.{population}.drives.{position}.{}", rest.join("."));
        }
        path
    }
}

/// The inverse of [`NetworkFile::resolved_path`].
pub(super) fn file_path(path: &str, drive_names: &BTreeMap<String, Vec<String>>) -> String {
    let segments: Vec<&str> = path.split('.').collect();
    let (population, position, rest) = match segments.as_slice() {
        ["populations", population, "drive", rest @ ..] => (population, Some(0), rest),
        ["populations", population, "drives", position, rest @ ..] => (population, position.parse().ok(), rest),
        _ => return path.to_owned(),
    };
    let name = drive_names.get(*population).zip(position).and_then(|(names, position): (_, usize)| names.get(position));
    match name {
        Some(name) => format!("populations.{population}.drives.{name}.{}", rest.join(".")),
        None => path.to_owned(),
    }
}

/// The source tells the path; a short name is told before it.
fn short_name(name: &str) -> String {
    if name.contains('.') { String::new() } else { format!("`{name}`: ") }
}
