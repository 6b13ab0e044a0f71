//! Reading fields from nodes: collects problems, remembers where each path stands, fills in defaults of parameters.

use std::collections::BTreeMap;

use lapicque_units::{Quantity, QuantityError, write_number};

use super::node::describe;
use super::node::{Key, Node, Value};
use super::problem::At;
use super::problem::{MOST_PROBLEMS, Problem, ProblemKind, shortened};
use super::scaling::Scaled;
use crate::path::with_unit;
use crate::suggestion::nearest;
use crate::{NeuronModel, Range};

/// The entries of a mapping and where it begins.
#[derive(Clone, Copy)]
pub(super) struct Section<'t> {
    pub(super) at: At,
    pub(super) entries: &'t [(Key, Node)],
}

impl<'t> Section<'t> {
    pub(super) fn get(&self, key: &str) -> Option<&'t Node> {
        self.entries.iter().find(|(name, _)| name.text == key).map(|(_, node)| node)
    }
}

/// A value that a parameter gives to a path that the file leaves open.
pub(super) struct Fill<'t> {
    pub(super) parameter: &'t str,
    pub(super) node: &'t Node,
    pub(super) factor: f64,
    pub(super) used: bool,
}

#[derive(Default)]
pub(super) struct Reader<'t> {
    pub(super) problems: Vec<Problem>,
    pub(super) fills: BTreeMap<String, Fill<'t>>,
    /// What parameters multiply; the bases are known once the paths were read.
    pub(super) scaled: BTreeMap<String, Scaled>,
    /// Of `populations` and `connections`, which patterns of paths match.
    pub(super) names: BTreeMap<&'static str, Vec<&'t str>>,
    /// Against [`super::pattern::MOST_PATHS`].
    pub(super) paths_spent: usize,
    /// Where each path is written, or the section in which it has its default.
    pub(super) places: BTreeMap<String, At>,
    /// All populations that the file names; `None` if their model could not be read.
    pub(super) models: BTreeMap<&'t str, Option<NeuronModel>>,
}

impl<'t> Reader<'t> {
    pub(super) fn problem(&mut self, at: At, path: &str, kind: ProblemKind) {
        let problem = Problem::new(at, path, kind);
        if !self.problems.contains(&problem) && self.problems.len() < MOST_PROBLEMS {
            self.problems.push(problem);
        }
    }

    /// None once no further problem is listed, so that a file full of errors does not take long.
    pub(super) fn suggestion<'a>(&self, word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
        if self.problems.len() < MOST_PROBLEMS { nearest(word, known) } else { None }
    }

    pub(super) fn wrong_type(&mut self, node: &Node, path: &str, expected: &'static str) {
        self.problem(node.at, path, ProblemKind::WrongType { expected, found: describe(node) });
    }

    pub(super) fn missing(&mut self, section: Section<'t>, path: &str, key: &'static str, example: &str) {
        self.problem(section.at, path, ProblemKind::Missing { key, example: example.to_owned() });
    }

    /// A mapping with any keys.
    pub(super) fn section(&mut self, node: &'t Node, path: &str) -> Option<Section<'t>> {
        match &node.value {
            Value::Map(entries) => Some(Section { at: node.at, entries }),
            _ => {
                self.wrong_type(node, path, "a mapping");
                None
            }
        }
    }

    /// A mapping with some of the `allowed` keys; others are reported.
    pub(super) fn record(&mut self, node: &'t Node, path: &str, allowed: &[&'static str]) -> Option<Section<'t>> {
        let section = self.section(node, path)?;
        for (key, _) in section.entries {
            if !allowed.contains(&key.text.as_str()) {
                let kind = ProblemKind::UnknownKey {
                    key: shortened(&key.text),
                    suggestion: self.suggestion(&key.text, allowed.iter().copied()),
                    allowed: allowed.to_vec(),
                };
                self.problem(key.at, path, kind);
            }
        }
        Some(section)
    }

    /// A mapping with exactly one key, one of `allowed`, such as `{normal: {...}}`.
    pub(super) fn variant(
        &mut self,
        node: &'t Node,
        path: &str,
        allowed: &[&'static str],
    ) -> Option<(&'t str, &'t Node)> {
        let section = self.record(node, path, allowed)?;
        match section.entries {
            [(key, value)] => allowed.contains(&key.text.as_str()).then_some((key.text.as_str(), value)),
            entries => {
                let found = entries.iter().map(|(key, _)| shortened(&key.text)).collect();
                self.problem(node.at, path, ProblemKind::NotOne { found, allowed: allowed.to_vec() });
                None
            }
        }
    }

    /// What is written under a key, or what a parameter's default gives to the path.
    pub(super) fn field(&mut self, section: Section<'t>, key: &str, path: &str) -> Option<&'t Node> {
        let written = section.get(key);
        let node = written.or_else(|| {
            let fill = self.fills.get_mut(path)?;
            fill.used = true;
            Some(fill.node)
        })?;
        self.places.insert(path.to_owned(), node.at);
        Some(node)
    }

    /// A field that must be given.
    pub(super) fn required(
        &mut self,
        section: Section<'t>,
        key: &'static str,
        path: &str,
        example: &str,
    ) -> Option<&'t Node> {
        let node = self.field(section, key, path);
        if node.is_none() {
            let parent = path.rsplit_once('.').map_or("", |(parent, _)| parent);
            self.missing(section, parent, key, example);
        }
        node
    }

    pub(super) fn text(&mut self, node: &'t Node, path: &str) -> Option<&'t str> {
        match &node.value {
            Value::Text(text) => Some(text),
            _ => {
                self.wrong_type(node, path, "a text");
                None
            }
        }
    }

    pub(super) fn switch(&mut self, section: Section<'t>, key: &str, path: &str) -> Option<bool> {
        let node = section.get(key)?;
        match node.value {
            Value::Bool(value) => Some(value),
            _ => {
                self.wrong_type(node, &format!("{path}.{key}"), "`true` or `false`");
                None
            }
        }
    }

    pub(super) fn choice(&mut self, node: &Node, path: &str, found: &str, allowed: &[&'static str]) {
        let kind = ProblemKind::Choice {
            found: shortened(found),
            suggestion: self.suggestion(found, allowed.iter().copied()),
            allowed: allowed.to_vec(),
        };
        self.problem(node.at, path, kind);
    }

    /// A value in `unit`; `1` allows bare numbers.
    pub(super) fn value(&mut self, node: &Node, path: &str, unit: &'static str, allowed: Range) -> Option<f64> {
        let value = match &node.value {
            Value::Text(text) => Quantity::parse_in(text, unit),
            Value::Number(value) if unit == "1" => Ok(*value),
            Value::Number(value) => {
                Err(QuantityError::NoUnit { text: write_number(*value), example: with_unit(*value, unit) })
            }
            _ => {
                let expected = if unit == "1" { "a number" } else { "a number with a unit" };
                self.wrong_type(node, path, expected);
                return None;
            }
        };
        match value.map(|value| self.multiplied(path, value)) {
            Ok(value) if allowed.contains(value) => Some(value),
            Ok(value) => {
                self.problem(node.at, path, ProblemKind::OutOfRange { value, unit, allowed });
                None
            }
            Err(error) => {
                self.problem(node.at, path, ProblemKind::Quantity(error));
                None
            }
        }
    }

    /// What parameters make of the value at a path.
    pub(super) fn multiplied(&mut self, path: &str, value: f64) -> f64 {
        let fill = self.fills.get(path).filter(|fill| fill.used);
        let base = value * fill.map_or(1.0, |fill| fill.factor);
        let value = match self.scaled.get_mut(path) {
            Some(scaled) => {
                scaled.base = base + 0.0;
                scaled.product(scaled.base, |_| None)
            }
            None => base,
        };
        // Adding 0 leaves no -0, which would be another network to a digest.
        value + 0.0
    }

    /// [`Reader::value`] of a field that must be given.
    pub(super) fn required_value(
        &mut self,
        section: Section<'t>,
        key: &'static str,
        path: &str,
        unit: &'static str,
        allowed: Range,
    ) -> Option<f64> {
        let path = format!("{path}.{key}");
        let node = self.required(section, key, &path, &format!("{key}: {}", with_unit(1.0, unit)))?;
        self.value(node, &path, unit, allowed)
    }

    /// [`Reader::value`] of a field that may be left out; `None` only after a problem.
    pub(super) fn value_or(
        &mut self,
        section: Section<'t>,
        key: &str,
        path: &str,
        unit: &'static str,
        allowed: Range,
        default: f64,
    ) -> Option<f64> {
        let path = format!("{path}.{key}");
        match self.field(section, key, &path) {
            Some(node) => self.value(node, &path, unit, allowed),
            None => {
                let value = self.multiplied(&path, default);
                self.places.insert(path, section.at);
                Some(value)
            }
        }
    }
}
