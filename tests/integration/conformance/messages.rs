//! Whatever is wrong with a configuration is said in the words of users, not of the program.

use std::collections::BTreeSet;
use std::path::PathBuf;

use lapicque_pipeline::{Graph, Pipeline};
use serde_json::{Value, json};

use super::cases::with_inputs;
use super::{every_kind, lab, remembered};

/// What a user need not know. Whole words.
const FOREIGN: [&str; 34] = [
    "u8",
    "u16",
    "u32",
    "u64",
    "usize",
    "i8",
    "i16",
    "i32",
    "i64",
    "isize",
    "f32",
    "f64",
    "str",
    "bool",
    "struct",
    "enum",
    "variant",
    "newtype",
    "tuple",
    "serde",
    "deserialize",
    "Option",
    "Some",
    "None",
    "Ok",
    "Err",
    "unwrap",
    "Vec",
    "String",
    "HashMap",
    "DuplicateKeyPolicy",
    "RecordBatch",
    "Utf8",
    "panicked",
];
/// The same, anywhere.
const FOREIGN_PARTS: [&str; 5] = ["::", "invalid type", "invalid value", "floating point", "visitor"];

fn bad_values() -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(0.5),
        json!(1e300),
        json!(u64::MAX),
        json!(""),
        json!("no such thing"),
        json!("5"),
        json!("5 furlongs"),
        json!("-3 ms"),
        json!("1e999 Hz"),
        json!([]),
        json!([null]),
        json!([[[]]]),
        json!([1, "a", {}]),
        json!({}),
        json!({"": null}),
        json!({"no_such_field": 1}),
        json!({"E": {"I": [1]}}),
    ]
}

/// The names that may stand within a property, of all its alternatives.
fn inner_names(schema: &Value, property: &Value, depth: usize, names: &mut BTreeSet<String>) {
    if depth > 6 {
        return;
    }
    match property {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                let pointed = reference.strip_prefix('#').and_then(|pointer| schema.pointer(pointer));
                pointed.iter().for_each(|pointed| inner_names(schema, pointed, depth + 1, names));
            }
            if let Some(Value::Object(properties)) = map.get("properties") {
                names.extend(properties.keys().cloned());
            }
            for key in ["oneOf", "anyOf", "allOf"] {
                map.get(key).iter().for_each(|inner| inner_names(schema, inner, depth + 1, names));
            }
        }
        Value::Array(alternatives) => {
            alternatives.iter().for_each(|alternative| inner_names(schema, alternative, depth + 1, names));
        }
        _ => {}
    }
}

/// The first foreign word of a message.
fn foreign(message: &str) -> Option<&'static str> {
    let words: Vec<&str> = message.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let word = FOREIGN.into_iter().find(|word| words.contains(word));
    word.or_else(|| FOREIGN_PARTS.into_iter().find(|part| message.contains(part)))
}

#[test]
fn foreign_words_are_found() {
    assert_eq!(foreign("invalid type: map, expected u64"), Some("u64"));
    assert_eq!(foreign("expected a whole number >= 0, got a map"), None);
}

#[test]
fn bad_configurations_are_refused_in_words_of_the_user() {
    let lab = lab();
    let registry = remembered::registry();
    let pipeline = every_kind();
    let stages = pipeline["stages"].as_object().unwrap();
    let mut refused = 0;
    let mut kinds = BTreeSet::new();
    let mut complaints = Vec::new();
    for (name, stage) in stages {
        let kind = stage["kind"].as_str().unwrap();
        if !kinds.insert(kind.to_owned()) {
            continue;
        }
        let schema = registry.get(kind).unwrap().config_schema();
        let small = with_inputs(stages, name);
        let mut try_out = |field: &str, value: Value| {
            let mut stages = small.clone();
            stages[name][field] = value.clone();
            let text = json!({"lapicque": 1, "name": "bad", "stages": stages}).to_string();
            let bound = Pipeline::parse(text, None::<PathBuf>, lab.folder().to_owned(), &[])
                .and_then(|pipeline| Graph::bind(&pipeline, &registry).map(|_| ()));
            if let Err(problems) = bound {
                refused += 1;
                for problem in problems.0 {
                    if let Some(word) = foreign(&problem.message) {
                        complaints.push(format!(
                            "{kind}: {field}: {value}: `{word}`: {}: {}",
                            problem.field, problem.message
                        ));
                    }
                    assert!(problem.message.len() < 1500, "{kind}: {field}: {value}: {}", problem.message);
                }
            }
        };
        for (field, property) in schema["properties"].as_object().into_iter().flatten() {
            bad_values().into_iter().for_each(|value| try_out(field, value));
            let mut inner = BTreeSet::new();
            inner_names(&schema, property, 0, &mut inner);
            for within in inner {
                bad_values().into_iter().for_each(|value| try_out(field, json!({&within: value})));
            }
        }
        try_out("no_such_field", json!(1));
    }
    assert!(refused > 1000, "{refused}");
    assert!(
        complaints.is_empty(),
        "{} of {refused}:\n{}",
        complaints.len(),
        complaints[..complaints.len().min(40)].join("\n")
    );
}
