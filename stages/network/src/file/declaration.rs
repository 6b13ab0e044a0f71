//! A parameter as it is written: which paths it fills or multiplies is noted before they are read.

use std::collections::BTreeMap;

use super::node::{Node, Value};
use super::problem::At;
use super::problem::{ProblemKind, shortened};
use super::reader::{Fill, Reader, Section};
use super::scaling::{Scale, Scaled};
use crate::Range;
use crate::check::is_name;

pub(super) const PARAMETER_KEYS: &[&str] = &["default", "sets", "scales", "description"];
pub(super) const TARGET_KEYS: &[&str] = &["path", "factor"];

pub(super) struct Declaration<'t> {
    pub(super) name: &'t str,
    pub(super) at: At,
    pub(super) default: Option<&'t Node>,
    /// Whether the values are multiplied, not set.
    pub(super) scales: bool,
    pub(super) aims: Vec<Aim>,
    pub(super) description: Option<String>,
}

/// A path that a parameter sets or scales, and where that is written.
pub(super) struct Aim {
    pub(super) path: String,
    pub(super) factor: f64,
    pub(super) at: At,
    by_pattern: bool,
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
        let (list, scales) = match (section.get("sets"), section.get("scales")) {
            (Some(list), None) => (list, false),
            (None, Some(list)) => (list, true),
            (Some(_), Some(list)) => {
                self.problem(list.at, path, ProblemKind::NotWith { key: "scales", with: "`sets`" });
                return None;
            }
            (None, None) => {
                self.missing(section, path, "sets", "sets: [populations.E.C_m]");
                return None;
            }
        };
        let list_path = format!("{path}.{}", if scales { "scales" } else { "sets" });
        let has_default = scales || section.get("default").is_some();
        let aims = self.aims(list, &list_path, has_default)?;
        if scales {
            self.note_scales(name, default, &aims, path)?;
        } else if let Some(node) = default {
            self.note_fills(name, node, &aims, &list_path);
        }
        Some(Declaration { name, at: node.at, default, scales, aims, description })
    }

    /// The list of paths. One that is written out has precedence over a pattern that it matches.
    fn aims(&mut self, list: &'t Node, path: &str, has_default: bool) -> Option<Vec<Aim>> {
        let items = match &list.value {
            Value::List(items) if !items.is_empty() => items,
            _ => {
                self.wrong_type(list, path, "a list of paths");
                return None;
            }
        };
        let mut aims: Vec<Aim> = Vec::new();
        let mut positions: BTreeMap<String, usize> = BTreeMap::new();
        for item in items {
            let Some((written, factor)) = self.target(item, path, has_default) else {
                continue;
            };
            let (paths, by_pattern) = match self.matching(written) {
                Ok(found) => found,
                Err(kind) => {
                    self.problem(item.at, path, kind);
                    return None;
                }
            };
            if paths.is_empty() {
                let kind = ProblemKind::UnknownPath { path: shortened(written), suggestion: None };
                self.problem(item.at, path, kind);
            }
            for target in paths {
                let aim = Aim { path: target, factor, at: item.at, by_pattern };
                let Some(&before) = positions.get(&aim.path) else {
                    positions.insert(aim.path.clone(), aims.len());
                    aims.push(aim);
                    continue;
                };
                match (aims[before].by_pattern, by_pattern) {
                    (true, false) => aims[before] = aim,
                    (false, true) => {}
                    _ => {
                        let by = "this parameter".to_owned();
                        self.problem(item.at, path, ProblemKind::SetTwice { path: shortened(&aim.path), by });
                    }
                }
            }
        }
        Some(aims)
    }

    /// An item of the list: `PATH`, or `{path: PATH, factor: NUMBER}`.
    fn target(&mut self, item: &'t Node, path: &str, has_default: bool) -> Option<(&'t str, f64)> {
        if !matches!(item.value, Value::Map(_)) {
            return Some((self.text(item, path)?, 1.0));
        }
        let section: Section<'t> = self.record(item, path, TARGET_KEYS)?;
        let Some(node) = section.get("path") else {
            self.missing(section, path, "path", "path: connections.I_to_E.weight");
            return None;
        };
        let written = self.text(node, path)?;
        let Some(node) = section.get("factor") else {
            return Some((written, 1.0));
        };
        if !has_default {
            self.missing(section, path, "default", "default: 20 pA");
            return None;
        }
        let factor = self.value(node, &format!("{path}.factor"), "1", Range::Any)?;
        Some((written, factor))
    }

    fn note_fills(&mut self, parameter: &'t str, node: &'t Node, aims: &[Aim], path: &str) {
        for aim in aims {
            if let Some(other) = self.fills.get(&aim.path) {
                let by = format!("the default of `{}`", other.parameter);
                self.problem(aim.at, path, ProblemKind::SetTwice { path: shortened(&aim.path), by });
                continue;
            }
            self.fills.insert(aim.path.clone(), Fill { parameter, node, factor: aim.factor, used: false });
        }
    }

    fn note_scales(&mut self, parameter: &str, node: Option<&'t Node>, aims: &[Aim], path: &str) -> Option<()> {
        let value = match node {
            Some(node) => self.value(node, &format!("{path}.default"), "1", Range::Any)?,
            None => 1.0,
        };
        for aim in aims {
            let scale = Scale { parameter: parameter.to_owned(), factor: aim.factor, value };
            let scaled = self.scaled.entry(aim.path.clone());
            scaled.or_insert_with(|| Scaled { base: 0.0, by: Vec::new() }).by.push(scale);
        }
        Some(())
    }

    /// Reports paths that do not exist, and paths that are written out although a default fills them.
    pub(super) fn check_targets(&mut self, declarations: &[Declaration<'t>]) {
        for declaration in declarations {
            let list = if declaration.scales { "scales" } else { "sets" };
            let path = format!("parameters.{}.{list}", declaration.name);
            for aim in &declaration.aims {
                match self.places.get(&aim.path) {
                    Some(place) => {
                        let fill = self.fills.get(&aim.path);
                        let unused = fill.is_some_and(|fill| !fill.used && fill.parameter == declaration.name);
                        if unused {
                            let by = format!("line {}; leave it out there or give no `default`", place.line);
                            self.problem(aim.at, &path, ProblemKind::SetTwice { path: aim.path.clone(), by });
                        }
                    }
                    // A section that could not be read may have had the path.
                    None if self.is_in_a_broken_section(&aim.path) => {}
                    None => {
                        let suggestion = self.suggestion(&aim.path, self.places.keys().map(String::as_str));
                        let kind = ProblemKind::UnknownPath { path: shortened(&aim.path), suggestion };
                        self.problem(aim.at, &path, kind);
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
}
