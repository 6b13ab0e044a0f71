//! Every property of every kind's configuration is an ingredient of keys, unless there is a reason why not.
//!
//! Another value is known where the schema lists them: all alternatives of a property give different keys. Others stand in `other_values.yaml` of the kind:
//! `path` of the property and a value `to` set it to, what is set `beside` it in either case and what is left out `without` it, or the `reason` why it is no
//! ingredient.

use std::collections::{BTreeMap, BTreeSet};

use lapicque_pipeline::keys::Ingredients;
use lapicque_pipeline::{BoundStage, RESERVED_KEYS, Registry};
use serde_json::{Map, Value, json};

use super::cases::{cases, folders, read_yaml, with_inputs};
use super::{every_kind, lab, remembered};
use crate::support::Lab;

/// What the keys of a stage are made of, but for the content of its inputs: its ingredients, the columns that it reads, and the points of a source.
fn fingerprint(stage: &BoundStage) -> Value {
    let bound = stage.bound();
    let ingredients = Ingredients::new(&stage.spec.kind, 0, bound, stage.seed, BTreeMap::new(), Vec::new());
    let reads: Vec<Value> =
        bound.reads.iter().map(|read| json!([read.port, read.columns, read.labels, bound.order_sensitive])).collect();
    let points: Option<Vec<String>> =
        bound.points().map(|points| points.digests.iter().map(ToString::to_string).collect());
    json!([ingredients.to_json(), reads, points])
}

/// A stage of the suite under changed settings.
struct Subject<'a> {
    lab: &'a Lab,
    registry: &'a Registry,
    pipeline: &'a Value,
    name: String,
}

impl Subject<'_> {
    fn with(&self, settings: &[(&str, &Value)], without: &[String]) -> Result<Value, String> {
        let mut pipeline = self.pipeline.clone();
        let stage = &mut pipeline["stages"][&self.name];
        for name in without {
            stage.as_object_mut().unwrap().remove(name);
        }
        for (path, value) in settings {
            let mut place = &mut *stage;
            for name in path.split('.') {
                if !place.is_object() {
                    *place = json!({});
                }
                place = &mut place[name];
            }
            *place = (*value).clone();
        }
        // The others are no part of it.
        let stages = with_inputs(pipeline["stages"].as_object().unwrap(), &self.name);
        let pipeline = json!({"lapicque": 1, "name": "ingredients", "stages": stages});
        let (_, graph) = self.lab.bind_with(&pipeline, self.registry)?;
        // Of a search, its rounds are what its configuration is for.
        let number = graph.stage(&format!("{}__rounds", self.name)).or_else(|| graph.stage(&self.name));
        Ok(fingerprint(&graph.stages[number.unwrap()]))
    }
}

/// The values that a schema lists for a property.
fn listed(schema: &Value, property: &Value, values: &mut Vec<Value>) {
    let property = resolved(schema, property);
    if property["type"] == "boolean" {
        values.extend([json!(false), json!(true)]);
    }
    values.extend(property["enum"].as_array().into_iter().flatten().cloned());
    values.extend(property.get("const").cloned());
    for several in ["oneOf", "anyOf"] {
        property[several].as_array().into_iter().flatten().for_each(|one| listed(schema, one, values));
    }
}

/// The properties within a property, of all its alternatives, by path.
fn inner<'a>(schema: &'a Value, path: &str, property: &'a Value, found: &mut Vec<(String, &'a Value)>) {
    let property = resolved(schema, property);
    for (name, within) in property["properties"].as_object().into_iter().flatten() {
        found.push((format!("{path}.{name}"), within));
        inner(schema, &format!("{path}.{name}"), within, found);
    }
    for several in ["oneOf", "anyOf"] {
        property[several].as_array().into_iter().flatten().for_each(|one| inner(schema, path, one, found));
    }
}

fn resolved<'a>(schema: &'a Value, property: &'a Value) -> &'a Value {
    match property["$ref"].as_str() {
        Some(reference) => schema.pointer(reference.trim_start_matches('#')).unwrap(),
        None => property,
    }
}

/// A line of `other_values.yaml`.
struct Other {
    path: String,
    to: Option<Value>,
    beside: Map<String, Value>,
    without: Vec<String>,
    reason: Option<String>,
}

fn others(folder: &std::path::Path) -> Vec<Other> {
    let path = folder.join("other_values.yaml");
    if !path.exists() {
        return Vec::new();
    }
    let Value::Array(lines) = read_yaml(&path) else { panic!("{}: no list", path.display()) };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let line = |line: Value| Other {
        path: text(&line["path"]),
        to: line.get("to").cloned(),
        beside: line["beside"].as_object().cloned().unwrap_or_default(),
        without: line["without"].as_array().into_iter().flatten().map(text).collect(),
        reason: line.get("reason").map(text),
    };
    lines.into_iter().map(line).collect()
}

#[test]
fn every_property_set_to_another_value_changes_the_key() {
    let lab = lab();
    let pipeline = every_kind();
    let registry = remembered::registry();
    let mut problems = Vec::new();
    for (kind, folder) in folders() {
        let schema = registry.get(&kind).unwrap().config_schema();
        let name = cases(&folder)[0].1.keys().next().unwrap().clone();
        let subject = Subject { lab: &lab, registry: &registry, pipeline: &pipeline, name };
        let mut tried = BTreeSet::new();
        for other in others(&folder) {
            let beside: Vec<(&str, &Value)> = other.beside.iter().map(|(path, value)| (path.as_str(), value)).collect();
            let path = other.path.as_str();
            tried.insert(other.path.clone());
            let Some(to) = &other.to else {
                assert!(other.reason.is_some(), "{kind}: {path} has neither `to` nor `reason`");
                continue;
            };
            let base = match subject.with(&beside, &[]) {
                Ok(base) => base,
                Err(problem) => {
                    problems.push(format!("{kind}: {path}: beside it: {problem}"));
                    continue;
                }
            };
            let changed = subject.with(&[beside, vec![(path, to)]].concat(), &other.without);
            match (changed, &other.reason) {
                (Err(problem), _) => problems.push(format!("{kind}: {path}: {to}: {problem}")),
                (Ok(changed), None) if changed == base => {
                    problems.push(format!("{kind}: `{path}` set to {to} changes no key"));
                }
                (Ok(changed), Some(reason)) if changed != base => {
                    problems.push(format!("{kind}: `{path}` changes the key, although {reason}"));
                }
                _ => {}
            }
        }
        let mut properties: Vec<(String, &Value)> = Vec::new();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            assert!(!RESERVED_KEYS.contains(&name.as_str()));
            properties.push((name.clone(), property));
            inner(&schema, name, property, &mut properties);
        }
        for (path, property) in properties {
            let below = |tried: &String| tried.starts_with(&format!("{path}."));
            let mut values = Vec::new();
            listed(&schema, property, &mut values);
            if tried.contains(&path) {
                continue;
            }
            if values.len() < 2 {
                // Of a property with properties, those are tried.
                let is_map = !{
                    let mut within = Vec::new();
                    inner(&schema, &path, property, &mut within);
                    within.is_empty()
                };
                let covered = is_map && tried.iter().any(below);
                if !covered && !is_map {
                    problems.push(format!("{kind}: `{path}` needs a line in other_values.yaml of the kind"));
                }
                continue;
            }
            let mut seen: Vec<(Value, Value)> = Vec::new();
            for value in values {
                match subject.with(&[(&path, &value)], &[]) {
                    Err(problem) => problems.push(format!("{kind}: {path}: {value}: {problem}")),
                    Ok(fingerprint) => {
                        if let Some((other, _)) = seen.iter().find(|(_, known)| *known == fingerprint) {
                            problems.push(format!("{kind}: `{path}`: {value} and {other} have one key"));
                        }
                        seen.push((value, fingerprint));
                    }
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn values_that_are_found_by_the_schema_are_all_of_them() {
    let schema = json!({"$defs": {"A": {"type": "string", "enum": ["x", "y"]}, "B": {"type": "object", "properties": {"c": {"type": "number"}}}}});
    let mut values = Vec::new();
    listed(&schema, &json!({"anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}]}), &mut values);
    assert_eq!(values, [json!("x"), json!("y")]);
    let mut within = Vec::new();
    let property = json!({"oneOf": [{"properties": {"b": {"$ref": "#/$defs/B"}}}, {"const": "d"}]});
    inner(&schema, "p", &property, &mut within);
    assert_eq!(within.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), ["p.b", "p.b.c"]);
}
