//! Configurations: described by a schema, canonical however they are written.

use lapicque_pipeline::RESERVED_KEYS;
use serde_json::{Map, Value};

use super::cases::{alone, runs_here};
use super::{every_kind, lab};

#[test]
fn every_kind_describes_its_configuration() {
    let pipeline = every_kind();
    for kind in lapicque::registry().iter() {
        let name = kind.name();
        assert!(!kind.summary().is_empty() && kind.summary().lines().count() == 1, "{name}");
        let schema = kind.config_schema();
        assert_eq!(schema["type"], "object", "{name}");
        assert_eq!(schema["additionalProperties"], false, "{name}: unknown keys are errors");
        let none = Map::new();
        let properties = schema["properties"].as_object().unwrap_or(&none);
        for (property, description) in properties {
            assert!(!RESERVED_KEYS.contains(&property.as_str()), "{name}: `{property}` is reserved");
            let told = description["description"].as_str().is_some_and(|text| !text.is_empty());
            assert!(told, "{name}: `{property}` has no description");
        }
        for required in schema["required"].as_array().into_iter().flatten() {
            assert!(properties.contains_key(required.as_str().unwrap()), "{name}: {required}");
        }
        for stage in pipeline["stages"].as_object().unwrap().values().filter(|stage| stage["kind"] == name) {
            let own = stage.as_object().unwrap().keys().filter(|key| !RESERVED_KEYS.contains(&key.as_str()));
            own.for_each(|key| assert!(properties.contains_key(key), "{name}: the schema does not know `{key}`"));
        }
    }
}

/// Keys of all maps in reverse order.
fn turned(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let turned = |key: &String, value| if is_ordered(key, value) { value.clone() } else { turned(value) };
            Value::Object(map.iter().rev().map(|(key, value)| (key.clone(), turned(key, value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(turned).collect()),
        other => other.clone(),
    }
}

/// The order of populations with their sizes is that of their neurons.
fn is_ordered(key: &str, value: &Value) -> bool {
    key == "populations" && value.as_object().is_some_and(|sizes| sizes.values().all(Value::is_number))
}

#[test]
fn a_configuration_is_the_same_however_its_keys_are_ordered() {
    let lab = lab();
    let pipeline = every_kind();
    let mut other = pipeline.clone();
    for stage in other["stages"].as_object_mut().unwrap().values_mut() {
        // The order of what is swept is the order of the points.
        if stage["kind"] != "parameters.grid" {
            *stage = turned(stage);
        }
    }
    let (_, first) = lab.bind(&pipeline).unwrap();
    let (_, second) = lab.bind(&other).unwrap();
    for stage in &first.stages {
        let twin = &second.stages[second.stage(&stage.name).unwrap()];
        let sorted = |config: &Value| {
            let mut config = config.clone();
            config.sort_all_objects();
            config.to_string()
        };
        assert_eq!(sorted(&stage.bound().config), sorted(&twin.bound().config), "{}", stage.name);
        assert_eq!(stage.bound().outputs, twin.bound().outputs, "{}", stage.name);
        assert!(stage.domain.labels().eq(twin.domain.labels()), "{}", stage.name);
        assert_eq!(stage.bound().revision, twin.bound().revision, "{}", stage.name);
        assert!(stage.bound().revision > 0, "{}: revisions count from 1", stage.name);
    }
}

#[test]
fn an_unknown_key_is_refused_with_what_was_meant() {
    let lab = lab();
    let every_kind = every_kind();
    for kind in lapicque::registry().iter().filter(|kind| runs_here(kind.name())) {
        let schema = kind.config_schema();
        let Some(property) = schema["properties"].as_object().and_then(|p| p.keys().max_by_key(|key| key.len())) else {
            continue;
        };
        let of_kind = |(_, stage): &(&String, &Value)| stage["kind"] == kind.name();
        let (name, _) = every_kind["stages"].as_object().unwrap().iter().find(of_kind).unwrap();
        let mut pipeline = alone(&every_kind, name);
        let misspelt = format!("{property}x");
        pipeline["stages"][name][&misspelt] = Value::Bool(true);
        let field = format!("stages.{name}.{misspelt}");
        let problem = lab.bind(&pipeline).map(|_| ()).unwrap_err();
        assert!(problem.contains(&field), "{}: {problem}", kind.name());
        assert!(problem.contains(&format!("did you mean `{property}`?")), "{}: {problem}", kind.name());
    }
}
