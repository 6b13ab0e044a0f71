//! What the command line sets: `stage.field=value`, or `stage={kind: ...}` for a stage as a whole.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::config::{Located, nearest, parse_argument};

/// What `stage={...}` puts in the place of a stage; of several the last one.
pub(crate) fn replacement(settings: &[String], stage: &str) -> Option<Located> {
    let of_stage = settings.iter().rev().filter_map(|setting| setting.split_once('='));
    of_stage
        .filter(|(path, _)| *path == stage)
        .map(|(_, value)| parse_argument(value))
        .find(|new| new.value.is_object())
}

/// Fields of a configuration that is the user's as a whole.
pub(crate) fn all_fields(config: &Value) -> BTreeSet<String> {
    config.as_object().into_iter().flat_map(Map::keys).cloned().collect()
}

pub(crate) fn no_stage<'a>(name: &str, stages: impl Iterator<Item = &'a String>) -> String {
    let near = nearest(name, stages.map(String::as_str)).map(|near| format!("; did you mean `{near}`?"));
    format!("there is no stage `{name}`{}", near.unwrap_or_default())
}

/// Sets a dotted field of an object; false where the way leads through something else.
pub fn set_field(config: &mut Value, field: &str, value: Value) -> bool {
    let mut target = config;
    for key in field.split('.') {
        if target.is_null() {
            *target = Value::Object(Map::new());
        }
        let Value::Object(map) = target else {
            return false;
        };
        target = map.entry(key).or_insert(Value::Null);
    }
    *target = value;
    true
}
