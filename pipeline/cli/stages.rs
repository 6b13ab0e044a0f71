//! `lapicque stages`: what kinds of stages there are.

use lapicque_pipeline::config::nearest;
use lapicque_pipeline::{Kind, Ports};
use serde_json::{Value, json};

use crate::arguments::{Shared, Stages};
use crate::error::CommandError;
use crate::print;

pub(crate) fn stages(command: &Stages, shared: &Shared) -> Result<(), CommandError> {
    let registry = lapicque::registry();
    match &command.kind {
        None if shared.json => {
            let all: Vec<Value> = registry.iter().map(description).collect();
            print(&format!("{:#}\n", Value::Array(all)))
        }
        None => {
            let lines: Vec<String> =
                registry.iter().map(|kind| format!("{:<24} {}\n", kind.name(), kind.summary())).collect();
            print(&lines.concat())
        }
        Some(name) => {
            let kind = registry.get(name).ok_or_else(|| {
                let near = nearest(name, registry.iter().map(Kind::name))
                    .map(|n| format!("; did you mean `{n}`?"))
                    .unwrap_or_default();
                CommandError::Input(format!("there is no kind `{name}`{near}"))
            })?;
            if shared.json { print(&format!("{:#}\n", description(kind))) } else { print(&page(kind)) }
        }
    }
}

fn description(kind: &dyn Kind) -> Value {
    let inputs = match kind.ports() {
        Ports::Named(ports) => json!(ports),
        Ports::Any => json!("any"),
    };
    json!({"kind": kind.name(), "summary": kind.summary(), "inputs": inputs, "config": kind.config_schema()})
}

/// What a kind takes, for reading.
fn page(kind: &dyn Kind) -> String {
    let mut text = format!("{}: {}\n\ninputs:\n", kind.name(), kind.summary());
    match kind.ports() {
        Ports::Any => text += "  any; the configuration says by their names what they are for\n",
        Ports::Named([]) => text += "  none\n",
        Ports::Named(ports) => {
            for port in ports {
                let optional = if port.required { "" } else { " (optional)" };
                text += &format!("  {:<16} a {} table{optional}\n", port.name, port.table);
            }
        }
    }
    text += "\nconfiguration:\n";
    let schema = kind.config_schema();
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = schema["properties"].as_object();
    if properties.is_none_or(serde_json::Map::is_empty) {
        text += "  none\n";
    }
    for (name, property) in properties.into_iter().flatten() {
        let default = match &property["default"] {
            Value::Null if required.contains(&name.as_str()) => " (required)".to_owned(),
            Value::Null => String::new(),
            Value::String(default) => format!(" (default: {default})"),
            default => format!(" (default: {default})"),
        };
        let meaning = property["description"].as_str().unwrap_or_default().replace('\n', " ");
        text += &format!("  {name:<22} {meaning}{default}\n");
    }
    text += "\nThe full JSON Schema: add --json.\n";
    text
}
