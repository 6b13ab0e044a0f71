//! The network of a stage: a shipped one or a file, whose values are set by short name or path.

use std::sync::Arc;

use lapicque_network::file::{AnyNetwork, AssignmentError, Parameter, read_network};
use lapicque_network::{Network, NetworkFile, NetworkFileError, shipped, shipped_names};
use lapicque_pipeline::config::nearest;
use lapicque_pipeline::{BindRequest, ConfigError};
use lapicque_units::{Entry, Range, Settable};
use serde::Serialize;
use serde_json::{Value, json};

use crate::canonical_network::canonical_network;

/// A network file with some values set.
#[derive(Clone)]
pub(crate) struct NetworkModel {
    file: Arc<NetworkFile>,
    /// By short name or path, in canonical units.
    set: Vec<(String, f64)>,
    network: Arc<Network>,
}

impl NetworkModel {
    pub(crate) fn new(file: NetworkFile) -> Self {
        let network = Arc::new(file.network().clone());
        Self { file: Arc::new(file), set: Vec::new(), network }
    }

    pub(crate) fn network(&self) -> &Network {
        &self.network
    }

    pub(crate) fn file(&self) -> &NetworkFile {
        &self.file
    }

    /// The network with the value of a name or path a little off, if it can be.
    pub(crate) fn nudged(&self, name: &str) -> Option<Network> {
        let present = self.entry(name)?.value;
        let others = || self.values().into_iter().filter(|(set, _)| *set != name);
        let of = |value: f64| self.file.with(&others().chain([(name, value)]).collect::<Vec<_>>()).ok();
        // Sizes are whole numbers, shares at most 1.
        [present * 1.01, present * 0.99, present + 1.0, present - 1.0]
            .into_iter()
            .filter(|v| *v != present)
            .find_map(of)
    }

    fn values(&self) -> Vec<(&str, f64)> {
        self.set.iter().map(|(name, value)| (name.as_str(), *value)).collect()
    }

    fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.file.parameters().iter().find(|parameter| parameter.name == name)
    }
}

impl Settable for NetworkModel {
    type Error = AssignmentError;
    const NAME: &'static str = "the network";

    /// Short names, then paths. The network itself knows their ranges, which depend on what a name sets.
    fn entries(&self) -> Vec<Entry> {
        let paths = self.file.paths().into_iter();
        let paths = paths.map(|entry| Entry::new(entry.path, entry.unit, entry.value, Range::Any));
        self.file.parameters().iter().map(of_parameter).chain(paths).collect()
    }

    fn entry(&self, name: &str) -> Option<Entry> {
        if let Some(parameter) = self.parameter(name) {
            return Some(of_parameter(parameter));
        }
        let found = self.file.network().get(&self.file.canonical_path(name))?;
        Some(Entry::new(name, found.unit, found.value, Range::Any))
    }

    fn set(&mut self, path: &str, value: f64) -> Result<(), AssignmentError> {
        self.set.push((path.to_owned(), value));
        Ok(())
    }

    fn check(&mut self) -> Result<(), AssignmentError> {
        self.network = Arc::new(self.file.with(&self.values())?);
        Ok(())
    }

    fn canonical(&self, swept: &[&str]) -> impl Serialize {
        self.key(swept)
    }
}

impl NetworkModel {
    /// The network with what is fixed, what each column sets, and the parts of products that columns set a part of. A
    /// name says nothing about results.
    pub(crate) fn key(&self, swept: &[&str]) -> Value {
        let fixed = self.values();
        let mut sets = serde_json::Map::new();
        let mut scaled = serde_json::Map::new();
        for &name in swept {
            let parameter = self.parameter(name);
            let targets = match parameter {
                None => json!([self.file.canonical_path(name)]),
                Some(parameter) if parameter.scales.is_empty() => json!(parameter.sets),
                Some(parameter) => json!({ "scales": parameter.scales }),
            };
            sets.insert(name.to_owned(), targets);
            let targets = parameter.into_iter().flat_map(|p| p.sets.iter().chain(&p.scales));
            for path in targets.map(|target| target.path.as_str()).chain([name]) {
                scaled.extend(self.file.scaled(path, &fixed).map(|parts| (path.to_owned(), json!(parts))));
            }
        }
        let mut canonical = json!({ "network": canonical_network(&self.network), "swept": sets });
        // Of values that are products the network shows only the result.
        if !scaled.is_empty() {
            canonical["scaled"] = Value::Object(scaled);
        }
        canonical
    }
}

fn of_parameter(parameter: &Parameter) -> Entry {
    Entry::new(&parameter.name, parameter.unit, parameter.default, Range::Any)
}

/// A shipped network by name, or a network file.
pub(crate) fn open(request: &BindRequest<'_>, field: &str, network: &str) -> Result<NetworkFile, Vec<ConfigError>> {
    let (text, source) = text(request, field, network)?;
    NetworkFile::parse(&text, &source).map_err(|error| problems(field, error))
}

/// As [`open`], and network parameters of NNMT, for theory.
pub(crate) fn open_any(request: &BindRequest<'_>, field: &str, network: &str) -> Result<AnyNetwork, Vec<ConfigError>> {
    let (text, source) = text(request, field, network)?;
    read_network(&text, &source).map_err(|error| problems(field, error))
}

fn problems(field: &str, error: NetworkFileError) -> Vec<ConfigError> {
    let NetworkFileError { source_name, problems } = error;
    problems.iter().map(|problem| ConfigError::at(field, format!("{source_name}:{problem}"))).collect()
}

/// The text of a network file, and what errors call it.
fn text(request: &BindRequest<'_>, field: &str, network: &str) -> Result<(String, String), Vec<ConfigError>> {
    if let Some(text) = shipped(network) {
        return Ok((text.to_owned(), network.to_owned()));
    }
    let file = request.open(field, network).map_err(|error| {
        let names = shipped_names();
        let near = nearest(network, names.iter().copied()).map(|n| format!("; did you mean `{n}`?"));
        let (near, names) = (near.unwrap_or_default(), names.join(", "));
        let message = format!("{}, and no shipped network of this name (there are: {names}){near}", error.message);
        vec![ConfigError::at(field, message)]
    })?;
    let text = file.text().map_err(|error| vec![ConfigError::at(field, format!("`{}`: {error}", file.name))])?;
    Ok((text, file.name))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    /// What binding relies on: a column that sets what is there is no mistake.
    #[test]
    fn the_present_value_of_every_entry_is_the_network_itself() {
        for name in shipped_names() {
            let model = NetworkModel::new(NetworkFile::parse(shipped(name).unwrap(), name).unwrap());
            for entry in model.entries() {
                let mut same = model.clone();
                same.set(&entry.path, entry.value).unwrap();
                same.check().unwrap_or_else(|error| panic!("{name}, {}: {error}", entry.path));
                assert!(same.network() == model.network(), "{name}, {}", entry.path);
                assert_eq!(model.entry(&entry.path).as_ref(), Some(&entry), "{name}");
            }
        }
    }

    #[test]
    fn values_are_found_by_their_other_spellings() {
        let model = NetworkModel::new(NetworkFile::parse(shipped("hagen").unwrap(), "hagen").unwrap());
        for spelling in ["connections.E_to_I.weight.mean", "populations.E.drives.0.rate", "connections.E_to_I.rule.p"] {
            let entry = model.entry(spelling).unwrap();
            assert_eq!(entry.path, spelling);
            let mut doubled = model.clone();
            doubled.set(spelling, entry.value * 2.0).unwrap();
            doubled.check().unwrap();
            assert_eq!(doubled.network().get(spelling).unwrap().value, entry.value * 2.0);
        }
        assert_eq!(model.entry("connections.E_to_I.wight"), None);
    }
}
