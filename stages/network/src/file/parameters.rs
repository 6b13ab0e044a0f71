//! The section `parameters`: short names for paths, and defaults that fill them.

use std::collections::BTreeMap;

use super::node::{At, Node, Value};
use super::problem::{ProblemKind, shortened};
use super::reader::{Fill, Reader};
use crate::check::is_name;
use crate::path::{Entry, long_spelling};

pub(super) const PARAMETER_KEYS: &[&str] = &["default", "sets", "description"];

/// A short name for one or more values of a network.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    pub name: String,
    /// The canonical unit; `1` for counts, probabilities and relative spreads.
    pub unit: &'static str,
    /// In the canonical unit.
    pub default: f64,
    /// Paths, at least one.
    pub sets: Vec<String>,
    pub description: Option<String>,
}

/// A parameter as it is written.
pub(super) struct Declaration<'t> {
    name: &'t str,
    at: At,
    has_default: bool,
    /// Paths, and where they are written.
    sets: Vec<(String, At)>,
    description: Option<String>,
}

impl<'t> Reader<'t> {
    /// Reads the section and notes what its defaults fill.
    pub(super) fn declarations(&mut self, node: &'t Node) -> Vec<Declaration<'t>> {
        let Some(section) = self.section(node, "parameters") else {
            return Vec::new();
        };
        let mut declarations = Vec::new();
        for (key, node) in section.entries {
            let path = format!("parameters.{}", shortened(&key.text));
            if !is_name(&key.text) {
                self.problem(key.at, &path, ProblemKind::BadName { name: shortened(&key.text) });
            }
            declarations.extend(self.declaration(&key.text, node, &path));
        }
        declarations
    }

    fn declaration(&mut self, name: &'t str, node: &'t Node, path: &str) -> Option<Declaration<'t>> {
        let section = self.record(node, path, PARAMETER_KEYS)?;
        let description = match section.get("description") {
            Some(node) => Some(self.text(node, &format!("{path}.description"))?.to_owned()),
            None => None,
        };
        let mut default = section.get("default");
        if let Some(node) = default
            && !matches!(node.value, Value::Text(_) | Value::Number(_))
        {
            self.wrong_type(node, &format!("{path}.default"), "a number with a unit");
            default = None;
        }
        let sets_path = format!("{path}.sets");
        let Some(list) = section.get("sets") else {
            self.missing(section, path, "sets", "sets: [populations.E.C_m]");
            return None;
        };
        let items = match &list.value {
            Value::List(items) if !items.is_empty() => items,
            _ => {
                self.wrong_type(list, &sets_path, "a list of paths");
                return None;
            }
        };
        let mut sets: Vec<(String, At)> = Vec::new();
        for item in items {
            let Some(written) = self.text(item, &sets_path) else {
                continue;
            };
            let target = long_spelling(written);
            if sets.iter().any(|(other, _)| *other == target) {
                let by = "this parameter".to_owned();
                self.problem(item.at, &sets_path, ProblemKind::SetTwice { path: shortened(written), by });
                continue;
            }
            if let Some(node) = default {
                self.fill(name, node, &target, item.at, &sets_path);
            }
            sets.push((target, item.at));
        }
        Some(Declaration { name, at: node.at, has_default: section.get("default").is_some(), sets, description })
    }

    fn fill(&mut self, parameter: &'t str, node: &'t Node, target: &str, at: At, path: &str) {
        if let Some(other) = self.fills.get(target) {
            let by = format!("the default of `{}`", other.parameter);
            self.problem(at, path, ProblemKind::SetTwice { path: shortened(target), by });
            return;
        }
        self.fills.insert(target.to_owned(), Fill { parameter, node, used: false });
    }

    /// Reports paths that do not exist, and paths that are written out although a default fills them.
    pub(super) fn check_targets(&mut self, declarations: &[Declaration<'t>]) {
        for declaration in declarations {
            for (target, at) in &declaration.sets {
                let path = format!("parameters.{}.sets", declaration.name);
                match self.places.get(target) {
                    Some(place) => {
                        let unused =
                            self.fills.get(target).is_some_and(|fill| !fill.used && fill.parameter == declaration.name);
                        if unused {
                            let by = format!("line {}; leave it out there or give no `default`", place.line);
                            self.problem(*at, &path, ProblemKind::SetTwice { path: target.clone(), by });
                        }
                    }
                    // A section that could not be read may have had the path.
                    None if self.is_in_a_broken_section(target) => {}
                    None => {
                        let suggestion = self.suggestion(target, self.places.keys().map(String::as_str));
                        self.problem(*at, &path, ProblemKind::UnknownPath { path: shortened(target), suggestion });
                    }
                }
            }
        }
    }

    fn is_in_a_broken_section(&self, target: &str) -> bool {
        let section = |path: &str| path.split('.').take(2).collect::<Vec<_>>().join(".");
        let target = section(target);
        self.problems.iter().any(|problem| problem.path == "populations" || section(&problem.path) == target)
    }

    /// The parameters of a network without other problems, whose values are `entries` (by their paths in the file).
    pub(super) fn parameters(&mut self, declarations: Vec<Declaration<'t>>, entries: &[Entry]) -> Vec<Parameter> {
        let known: BTreeMap<&str, &Entry> = entries.iter().map(|entry| (entry.path.as_str(), entry)).collect();
        let mut parameters = Vec::new();
        for declaration in declarations {
            let path = format!("parameters.{}", declaration.name);
            let mut first: Option<&Entry> = None;
            for (target, at) in &declaration.sets {
                let Some(&entry) = known.get(target.as_str()) else {
                    let suggestion = self.suggestion(target, known.keys().copied());
                    self.problem(*at, &path, ProblemKind::UnknownPath { path: shortened(target), suggestion });
                    continue;
                };
                let Some(first) = first else {
                    first = Some(entry);
                    continue;
                };
                if first.unit != entry.unit {
                    let kind = ProblemKind::MixedUnits {
                        first: first.path.clone(),
                        first_unit: first.unit,
                        second: entry.path.clone(),
                        second_unit: entry.unit,
                    };
                    self.problem(*at, &path, kind);
                } else if first.value != entry.value && !declaration.has_default {
                    let kind = ProblemKind::UnequalValues {
                        first: first.path.clone(),
                        first_value: first.value,
                        second: entry.path.clone(),
                        second_value: entry.value,
                        unit: first.unit,
                    };
                    self.problem(declaration.at, &path, kind);
                }
            }
            parameters.extend(first.map(|first| Parameter {
                name: declaration.name.to_owned(),
                unit: first.unit,
                default: first.value,
                sets: declaration.sets.into_iter().map(|(target, _)| target).collect(),
                description: declaration.description,
            }));
        }
        parameters
    }
}
