//! The section `parameters`: short names for paths, and defaults that fill them.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::declaration::Declaration;
use super::problem::{ProblemKind, shortened};
use super::reader::Reader;
use crate::Range;
use crate::place::Entry;

/// A short name for one or more values of a network.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// By which it is set.
    pub name: String,
    /// The canonical unit; `1` for counts, probabilities and relative spreads, and for parameters that scale.
    pub unit: &'static str,
    /// In the canonical unit.
    pub default: f64,
    /// Values that are the parameter times a factor. At least one, unless the parameter scales.
    pub sets: Vec<Target>,
    /// Values that are multiplied by the parameter times a factor. At least one, unless the parameter sets.
    pub scales: Vec<Target>,
    /// What it is, in a sentence.
    pub description: Option<String>,
}

/// A value that a parameter sets or scales.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// As in the file, such as `populations.E.C_m`.
    pub path: String,
    /// 1 unless the file gives another.
    pub factor: f64,
}

/// The path alone where the factor is 1.
impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.factor {
            1.0 => self.path.serialize(serializer),
            _ => (&self.path, self.factor).serialize(serializer),
        }
    }
}

impl<'t> Reader<'t> {
    /// The parameters of a network without other problems, whose values are `entries` (by their paths in the file).
    pub(super) fn parameters(&mut self, declarations: Vec<Declaration<'t>>, entries: &[Entry]) -> Vec<Parameter> {
        let known: BTreeMap<&str, &Entry> = entries.iter().map(|entry| (entry.path.as_str(), entry)).collect();
        let mut parameters = Vec::new();
        for declaration in declarations {
            parameters.extend(self.parameter(declaration, &known));
        }
        parameters
    }

    fn parameter(&mut self, declaration: Declaration<'t>, known: &BTreeMap<&str, &Entry>) -> Option<Parameter> {
        let path = format!("parameters.{}", declaration.name);
        let mut first: Option<&Entry> = None;
        let mut first_value = 0.0;
        for aim in &declaration.aims {
            let Some(&entry) = known.get(aim.path.as_str()) else {
                let suggestion = self.suggestion(&aim.path, known.keys().copied());
                let kind = ProblemKind::UnknownPath { path: shortened(&aim.path), suggestion };
                self.problem(aim.at, &path, kind);
                continue;
            };
            let value = self.scaled.get(&aim.path).map_or(entry.value, |scaled| scaled.base);
            let Some(first) = first else {
                (first, first_value) = (Some(entry), value);
                continue;
            };
            if declaration.scales {
                continue;
            }
            if first.unit != entry.unit {
                let kind = ProblemKind::MixedUnits {
                    first: first.path.clone(),
                    first_unit: first.unit,
                    second: entry.path.clone(),
                    second_unit: entry.unit,
                };
                self.problem(aim.at, &path, kind);
            } else if first_value != value && declaration.default.is_none() {
                let kind = ProblemKind::UnequalValues {
                    first: first.path.clone(),
                    first_value,
                    second: entry.path.clone(),
                    second_value: value,
                    unit: first.unit,
                };
                self.problem(declaration.at, &path, kind);
            }
        }
        let unit = if declaration.scales { "1" } else { first?.unit };
        let default = match declaration.default {
            Some(node) => self.value(node, &format!("{path}.default"), unit, Range::Any)?,
            None if declaration.scales => 1.0,
            None => first_value,
        };
        let targets = declaration.aims.into_iter().map(|aim| Target { path: aim.path, factor: aim.factor }).collect();
        let (sets, scales) = if declaration.scales { (Vec::new(), targets) } else { (targets, Vec::new()) };
        Some(Parameter {
            name: declaration.name.to_owned(),
            unit,
            default,
            sets,
            scales,
            description: declaration.description,
        })
    }
}
