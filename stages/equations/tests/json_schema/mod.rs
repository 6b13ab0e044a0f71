//! As much of JSON Schema as schemas of models use.

use serde_json::{Map, Value};

/// What is wrong with a value, if something is.
pub(crate) fn problem(schema: &Value, value: &Value) -> Option<String> {
    check(schema, schema, value, "").err()
}

fn check(root: &Value, schema: &Value, value: &Value, path: &str) -> Result<(), String> {
    let schema = match schema {
        Value::Bool(true) => return Ok(()),
        Value::Object(schema) => schema,
        other => panic!("{path}: the schema {other}"),
    };
    let wrong = |what: String| Err(format!("{path}: {what}: {value}"));
    for (key, rule) in schema {
        match key.as_str() {
            "$schema" | "$defs" | "title" | "description" | "default" | "format" | "examples" => {}
            "$ref" => {
                let pointer = rule.as_str().unwrap().strip_prefix('#').unwrap();
                check(root, root.pointer(pointer).unwrap_or_else(|| panic!("{pointer}")), value, path)?;
            }
            "type" => {
                let types = match rule {
                    Value::Array(types) => types.clone(),
                    one => vec![one.clone()],
                };
                if !types.iter().any(|name| is(value, name.as_str().unwrap())) {
                    return wrong(format!("not of type {rule}"));
                }
            }
            "const" if rule != value => return wrong(format!("not {rule}")),
            "enum" if !rule.as_array().unwrap().contains(value) => return wrong(format!("not one of {rule}")),
            "const" | "enum" => {}
            "minimum" if value.as_f64().is_some_and(|number| number < rule.as_f64().unwrap()) => {
                return wrong(format!("below {rule}"));
            }
            "maximum" if value.as_f64().is_some_and(|number| number > rule.as_f64().unwrap()) => {
                return wrong(format!("above {rule}"));
            }
            "minimum" | "maximum" => {}
            "pattern" => {
                // The only one there is: that of slots.
                assert_eq!(rule, "^(before_|after_)?(start|groups|thresholds|synapses|resets|end)$");
                let text = value.as_str().unwrap_or_default();
                let base = text.strip_prefix("before_").or(text.strip_prefix("after_")).unwrap_or(text);
                if !["start", "groups", "thresholds", "synapses", "resets", "end"].contains(&base) {
                    return wrong("no slot".to_owned());
                }
            }
            "oneOf" | "anyOf" => {
                let holds = rule.as_array().unwrap().iter().filter(|one| check(root, one, value, path).is_ok()).count();
                if holds == 0 || (key == "oneOf" && holds > 1) {
                    return wrong(format!("{holds} of {key}"));
                }
            }
            "allOf" => rule.as_array().unwrap().iter().try_for_each(|one| check(root, one, value, path))?,
            "required" => {
                let missing = rule.as_array().unwrap().iter().find(|name| value.get(name.as_str().unwrap()).is_none());
                if let (Some(name), true) = (missing, value.is_object()) {
                    return wrong(format!("without {name}"));
                }
            }
            "items" => {
                for (number, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, rule, item, &format!("{path}.{number}"))?;
                }
            }
            "properties" | "additionalProperties" => properties(root, schema, key, value, path)?,
            other => panic!("{path}: the schema has `{other}`, which this does not know"),
        }
    }
    Ok(())
}

fn properties(root: &Value, schema: &Map<String, Value>, key: &str, value: &Value, path: &str) -> Result<(), String> {
    let known = schema.get("properties").and_then(Value::as_object);
    for (name, item) in value.as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        match (known.and_then(|known| known.get(name)), key) {
            (Some(rule), "properties") => check(root, rule, item, &path)?,
            (None, "additionalProperties") => match &schema[key] {
                Value::Bool(false) => return Err(format!("{path}: unknown")),
                rule => check(root, rule, item, &path)?,
            },
            _ => {}
        }
    }
    Ok(())
}

fn is(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the type {other}"),
    }
}
