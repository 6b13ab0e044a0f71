//! Setting values of a network by the names and paths of its file.

use std::collections::BTreeMap;

use thiserror::Error;

use super::NetworkFile;
use crate::network::did_you_mean;
use crate::path::long_spelling;
use crate::suggestion::nearest;
use crate::{InvalidNetwork, Network, SetError};

/// Why values could not be set.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
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

/// What the given values do to one path, with the name that does it.
#[derive(Default)]
struct Change<'a> {
    /// Written out: the value, whatever scales it.
    path: Option<(&'a str, f64)>,
    /// By a parameter that sets: what others scale.
    base: Option<(&'a str, f64)>,
    /// By parameters that scale.
    scaled: Option<&'a str>,
}

impl NetworkFile {
    /// The network with some values set, by short name or path, in canonical units. The order does not matter.
    ///
    /// A parameter that sets and parameters that scale the same value act together; a value that is given by its path
    /// is not scaled.
    ///
    /// # Errors
    /// Unknown names, values outside their range, a value set twice, and networks that are impossible as a whole
    /// ([`Network::check`]).
    pub fn with(&self, values: &[(&str, f64)]) -> Result<Network, AssignmentError> {
        let mut changes: BTreeMap<String, Change<'_>> = BTreeMap::new();
        let mut given: BTreeMap<&str, f64> = BTreeMap::new();
        for &(name, value) in values {
            if given.insert(name, value).is_some() {
                let (first, second) = (name.to_owned(), name.to_owned());
                return Err(AssignmentError::SetTwice { path: self.first_path(name), first, second });
            }
            self.note(name, value, &mut changes)?;
        }
        let mut network = self.network.clone();
        for (path, change) in changes {
            let scaled = self.scaled.get(&path);
            let base = change.base.map(|(_, base)| base).or(scaled.map(|scaled| scaled.base));
            let product = base.map(|base| match scaled {
                Some(scaled) => scaled.product(base, |parameter| given.get(parameter).copied()),
                None => base,
            });
            let named = change.path.or(change.base).map(|(name, _)| name).or(change.scaled);
            let Some((name, value)) = named.zip(change.path.map(|(_, value)| value).or(product)) else {
                continue;
            };
            network
                .assign(&path, value, false)
                .map_err(|source| AssignmentError::Value { name: name.to_owned(), source: Box::new(source) })?;
        }
        network.check()?;
        Ok(network)
    }

    /// Adds what one name or path does to `changes`, by canonical path.
    fn note<'a>(
        &self,
        name: &'a str,
        value: f64,
        changes: &mut BTreeMap<String, Change<'a>>,
    ) -> Result<(), AssignmentError> {
        let twice = |path: &str, first: &str| AssignmentError::SetTwice {
            path: file_path(path, &self.drive_names),
            first: first.to_owned(),
            second: name.to_owned(),
        };
        let Some(parameter) = self.parameters.iter().find(|parameter| parameter.name == name) else {
            let path = self.canonical_path(name);
            if self.network.get(&path).is_none() {
                return Err(self.unknown_name(name));
            }
            let change = changes.entry(path.clone()).or_default();
            if let Some(first) = change.path.or(change.base).map(|(first, _)| first).or(change.scaled) {
                return Err(twice(&path, first));
            }
            change.path = Some((name, value));
            return Ok(());
        };
        for target in &parameter.sets {
            let path = self.canonical_path(&target.path);
            let change = changes.entry(path.clone()).or_default();
            if let Some((first, _)) = change.path.or(change.base) {
                return Err(twice(&path, first));
            }
            change.base = Some((name, value * target.factor));
        }
        for target in &parameter.scales {
            let path = self.canonical_path(&target.path);
            let change = changes.entry(path.clone()).or_default();
            if let Some((first, _)) = change.path {
                return Err(twice(&path, first));
            }
            change.scaled = Some(name);
        }
        Ok(())
    }

    /// Of those that a name sets or scales.
    fn first_path(&self, name: &str) -> String {
        let parameter = self.parameters.iter().find(|parameter| parameter.name == name);
        let target = parameter.and_then(|parameter| parameter.sets.first().or(parameter.scales.first()));
        target.map_or(name, |target| &target.path).to_owned()
    }

    fn unknown_name(&self, name: &str) -> AssignmentError {
        let entries = self.paths();
        let names = self.parameters.iter().map(|parameter| parameter.name.as_str());
        AssignmentError::UnknownName {
            name: name.to_owned(),
            suggestion: nearest(name, names.chain(entries.iter().map(|entry| entry.path.as_str()))),
        }
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
