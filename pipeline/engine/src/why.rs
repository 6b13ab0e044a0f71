//! Why a result is computed anew: its ingredients held against those of the latest run that had others.

use std::collections::BTreeSet;

use lapicque_schemas::Digest;
use serde::Serialize;
use serde_json::Value;

use crate::plan::{Planner, Unit};
use crate::store::StoreError;

/// The state of one sample in one stage, and what changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Why {
    pub stage: String,
    /// Empty for a stage that runs once.
    pub sample: String,
    /// `cached`, `to run`, `waiting`, `failed` or `not run`.
    pub status: String,
    pub changed: Vec<Change>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Path within the key, e.g. `config.alpha` or `inputs.features`.
    pub ingredient: String,
    pub old: Option<String>,
    pub new: Option<String>,
}

/// Explains a stage: one sample of it, or all.
pub fn why(planner: &Planner<'_>, number: usize, sample: Option<&str>) -> Result<Vec<Why>, StoreError> {
    let stage = &planner.graph.stages[number];
    let state = &planner.states[number];
    let runs = planner.store.runs()?;
    let mut earlier = Vec::new();
    for run in runs.iter().rev().filter(|run| run.pipeline == planner.graph.name) {
        if let Some(past) = run.stages.iter().find(|s| s.stage == stage.name) {
            earlier.push(planner.store.binding(past.binding)?);
        }
    }
    let labels = stage.domain.labels();
    let mut answers = Vec::new();
    for (unit, of_unit) in state.units.iter().enumerate() {
        let label = labels.get(unit).map(String::as_str).unwrap_or_default();
        if sample.is_some_and(|sample| sample != label) {
            continue;
        }
        let past_key = |binding: &crate::store::Binding| {
            let position = if labels.is_empty() { Some(0) } else { binding.samples.iter().position(|s| s == label) };
            binding.keys.get(position?).copied().flatten()
        };
        let own = match of_unit {
            Unit::Missing { key, inputs } | Unit::Failed { key, inputs, .. } => Some((*key, inputs.clone())),
            Unit::Done { key, action } => Some((*key, action.inputs.clone())),
            Unit::Waiting | Unit::Dropped => None,
        };
        let other = earlier.iter().filter_map(past_key).find(|past| own.as_ref().is_none_or(|(key, _)| key != past));
        let mut changed = Vec::new();
        if let (Some((_, inputs)), Some(common)) = (&own, &state.common) {
            changed = match other {
                Some(past) => compare(planner, past, common, inputs)?,
                None => vec![Change {
                    ingredient: "sample".to_owned(),
                    old: None,
                    new: Some("never computed before".to_owned()),
                }],
            };
            if other.is_none() && matches!(of_unit, Unit::Done { .. }) && earlier.iter().any(|b| past_key(b).is_some())
            {
                changed.clear();
            }
        } else {
            for port in &stage.ports {
                let upstream = &planner.states[port.stage].units;
                if upstream.iter().any(|u| matches!(u, Unit::Waiting | Unit::Missing { .. })) {
                    let waits = format!("`{}` is to be computed first", planner.graph.stages[port.stage].name);
                    changed.push(Change { ingredient: format!("inputs.{}", port.name), old: None, new: Some(waits) });
                }
            }
        }
        let status = match of_unit {
            Unit::Done { .. } => "cached",
            Unit::Missing { .. } => "to run",
            Unit::Waiting => "waiting",
            Unit::Failed { .. } => "failed",
            Unit::Dropped => "not run",
        };
        answers.push(Why { stage: stage.name.clone(), sample: label.to_owned(), status: status.to_owned(), changed });
    }
    Ok(answers)
}

fn compare(planner: &Planner<'_>, past: Digest, common: &Value, inputs: &[Digest]) -> Result<Vec<Change>, StoreError> {
    let Some(action) = planner.store.find(&[past])?.pop().flatten() else {
        return Ok(Vec::new());
    };
    let mut changed = Vec::new();
    if let Some(old) = planner.store.ingredients(action.common)? {
        differences("", &old, common, &mut changed);
    }
    let names = common["sample_wise"].as_array().into_iter().flatten();
    for (i, name) in names.enumerate() {
        let (old, new) = (action.inputs.get(i), inputs.get(i));
        if old != new {
            let name = name.as_str().unwrap_or_default();
            let ingredient = if name == "point" { "point".to_owned() } else { format!("inputs.{name}") };
            changed.push(Change { ingredient, old: old.map(ToString::to_string), new: new.map(ToString::to_string) });
        }
    }
    Ok(changed)
}

fn differences(path: &str, old: &Value, new: &Value, changed: &mut Vec<Change>) {
    match (old, new) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                differences(&path, a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null), changed);
            }
        }
        _ if old == new => {}
        _ => {
            let text = |v: &Value| match v {
                Value::Null => None,
                Value::String(s) => Some(s.clone()),
                other => Some(other.to_string()),
            };
            let ingredient =
                path.strip_prefix("broadcast.").map_or_else(|| path.to_owned(), |port| format!("inputs.{port}"));
            changed.push(Change { ingredient, old: text(old), new: text(new) });
        }
    }
}
