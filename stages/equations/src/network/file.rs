//! Models as YAML files.
//!
//! ```
//! use lapicque_equations::network::file::ModelFile;
//!
//! let text = "
//! equations: 1                     # version of the format
//! name: one neuron
//! constants: {tau: 10*ms}
//! neurons:
//!   G:
//!     size: 1
//!     equations: |
//!       dv/dt = (1.5 - v)/tau : 1
//!     threshold: v > 1
//!     reset: v = 0
//! monitors:
//!   spikes: {G: {of: G}}
//! duration: 100*ms
//! ";
//! let file = ModelFile::parse(text, "one.yaml")?;
//! assert_eq!(file.model().neurons["G"].size, 1);
//!
//! let error = ModelFile::parse(&text.replace("threshold", "treshold"), "one.yaml").map(|_| ()).map_err(|e| e.to_string());
//! assert!(error.is_err_and(|told| told.starts_with("one.yaml:10:5: neurons.G: unknown key `treshold`; did you mean")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What a file may say is in [`description`](super::description); two keys stand above the sections: `equations: 1`, the
//! version of the format, and `name`. YAML anchors, aliases and merge keys work. Duplicate keys are errors; nesting and
//! sizes are limited.

mod fault;
mod node;
mod place;
mod read;

use schemars::{Schema, json_schema, schema_for};
use serde::{Deserialize, Serialize};

pub use fault::{Fault, ModelFileError};

use super::description::Model;
use super::error::{NetworkError, NetworkProblem};
use crate::language::span::Span;
use fault::shortened;
use node::{Key, Node, Value, read_nodes};

/// A model with the places of its parts in the file.
#[derive(Clone, Debug)]
pub struct ModelFile {
    source_name: String,
    text: String,
    root: Node,
    name: Option<String>,
    model: Model,
}

impl ModelFile {
    /// Reads a model file; `source_name` is what errors call it.
    ///
    /// # Errors
    /// The first thing that does not fit the format, with its line, column and field.
    pub fn parse(text: &str, source_name: &str) -> Result<Self, ModelFileError> {
        let failed = |fault| ModelFileError { source_name: source_name.to_owned(), faults: vec![fault] };
        let mut root = read_nodes(text).map_err(|fault| failed(shown(text, *fault)))?;
        let name = header(&mut root).map_err(|fault| failed(shown(text, fault)))?;
        let model = Model::deserialize(&root).map_err(|error| {
            let at = error.at.unwrap_or(root.at);
            failed(shown(text, Fault::new(at, &error.path(), error.message)))
        })?;
        Ok(Self { source_name: source_name.to_owned(), text: text.to_owned(), root, name, model })
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Its name.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Problems of the model with their places in the file.
    pub fn located(&self, errors: &[NetworkError]) -> ModelFileError {
        let faults = errors.iter().map(|error| self.fault(error)).collect();
        ModelFileError { source_name: self.source_name.clone(), faults }
    }

    fn fault(&self, error: &NetworkError) -> Fault {
        let (key, node) = self.find(&error.path);
        match &error.problem {
            NetworkProblem::Language { error: language, source_text } => {
                let place = |span| match (&node.value, node.at.byte) {
                    (Value::Text(value), Some(byte)) if value == source_text => {
                        place::in_file(&self.text, byte, value, span)
                    }
                    (Value::Integer(_) | Value::Float(_) | Value::Boolean(_), Some(byte)) => {
                        place::in_file(&self.text, byte, source_text, span)
                    }
                    _ => None,
                };
                let message = language.problem.to_string();
                if let Some(span) = place(language.span) {
                    let related: Vec<(Span, String)> = language
                        .related
                        .iter()
                        .filter_map(|(span, what)| Some((place(*span)?, what.clone())))
                        .collect();
                    return Fault::in_text(&self.text, span, &error.path, message, &related);
                }
                // A template with its names replaced, or a text with escapes: the text itself is shown.
                let at = key.map_or(node.at, |key| key.at);
                Fault::new(at, &error.path, language.render(source_text))
            }
            problem => {
                if let (Value::Text(value), Some(byte)) = (&node.value, node.at.byte)
                    && let Ok(length) = u32::try_from(value.len())
                    && let Some(span) = place::in_file(&self.text, byte, value, Span::new(0, length))
                {
                    return Fault::in_text(&self.text, span, &error.path, problem.to_string(), &[]);
                }
                let at = match (&node.value, key) {
                    (Value::List(_) | Value::Map(_) | Value::Null, Some(key)) => key.at,
                    _ => node.at,
                };
                shown(&self.text, Fault { ..Fault::new(at, &error.path, problem.to_string()) })
            }
        }
    }

    /// The node of a path, or that of the longest part of it that the file has, with its key.
    fn find(&self, path: &str) -> (Option<&Key>, &Node) {
        let (mut key, mut node) = (None, &self.root);
        for part in path.split(['.', '[', ']']).filter(|part| !part.is_empty()) {
            match &node.value {
                Value::Map(entries) => match entries.iter().find(|(key, _)| key.text == part) {
                    Some((found, below)) => (key, node) = (Some(found), below),
                    None => break,
                },
                Value::List(items) => match part.parse::<usize>().ok().and_then(|number| items.get(number)) {
                    Some(below) => node = below,
                    None => break,
                },
                _ => break,
            }
        }
        (key, node)
    }
}

/// The same with the line of the file below it.
fn shown(text: &str, fault: Fault) -> Fault {
    let (line, column) = (fault.line.max(1) as usize - 1, fault.column.max(1) as usize - 1);
    let Some(start) = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).nth(line) else {
        return fault;
    };
    let rest = text.get(start..).unwrap_or_default();
    let rest = rest.lines().next().unwrap_or_default();
    let begin = start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at);
    // A key, a number or a short text.
    let marked = text.get(begin..start + rest.len()).unwrap_or_default();
    let length = marked.find([',', '}', ']', '#', ':']).unwrap_or(marked.len());
    let marked = marked.get(..length).unwrap_or_default().trim_end();
    let (Ok(from), Ok(to)) = (u32::try_from(begin), u32::try_from(begin + marked.len())) else { return fault };
    Fault::in_text(text, Span::new(from, to), &fault.path, fault.message, &[])
}

/// Takes what stands above the sections out of the file: the name of the model.
fn header(root: &mut Node) -> Result<Option<String>, Fault> {
    let at = root.at;
    let found = root.described();
    let Value::Map(entries) = &mut root.value else {
        return Err(Fault::new(
            at,
            "",
            format!("a model file is a mapping that begins with `equations: 1`, found {found}"),
        ));
    };
    let Some(version) = entries.iter().position(|(key, _)| key.text == "equations") else {
        let other =
            [("network", "network files: `lapicque network check`"), ("stages", "pipeline files: `lapicque check`")];
        let other = other.iter().find(|(key, _)| entries.iter().any(|(own, _)| own.text == *key));
        let hint = other.map_or_else(String::new, |(key, what)| format!(" (`{key}` is a key of {what})"));
        return Err(Fault::new(
            at,
            "",
            format!("`equations: 1`, the version of the format of models, is missing{hint}"),
        ));
    };
    let (_, node) = entries.remove(version);
    if !matches!(node.value, Value::Integer(1)) {
        let message = format!("this is format version {}; version 1 is read", version_of(&node));
        return Err(Fault::new(node.at, "equations", message));
    }
    let Some(name) = entries.iter().position(|(key, _)| key.text == "name") else { return Ok(None) };
    let (_, node) = entries.remove(name);
    match node.value {
        Value::Text(name) => Ok(Some(name)),
        _ => Err(Fault::new(node.at, "name", format!("a text is expected, found {}", node.described()))),
    }
}

fn version_of(node: &Node) -> String {
    match &node.value {
        Value::Integer(version) => version.to_string(),
        Value::Text(version) => shortened(version, 40),
        _ => node.described(),
    }
}

/// The JSON Schema (2020-12) of model files. It knows all keys and types; what expressions say is checked only by
/// [`explain`](super::explain::explain) and when the model is run.
pub fn model_file_schema() -> Schema {
    let mut schema = schema_for!(Model);
    let header = json_schema!({
        "equations": {"const": 1, "description": "Version of the format."},
        "name": {"type": "string", "description": "Name of the model."},
    });
    let required = json_schema!({"required": ["equations"]});
    if let Some(properties) = schema.get_mut("properties").and_then(|properties| properties.as_object_mut()) {
        properties.extend(header.to_value().as_object().cloned().unwrap_or_default());
    }
    for (key, value) in required.to_value().as_object().cloned().unwrap_or_default() {
        schema.insert(key, value);
    }
    schema
}

/// A model as a file: sections and names in one order, all defaults written out. It is read as the same model.
///
/// # Errors
/// Values that YAML cannot have.
pub fn canonical_text(name: Option<&str>, model: &Model) -> Result<String, serde_saphyr::SerializeError> {
    let header = Header { equations: 1, name };
    Ok(serde_saphyr::to_string(&header)? + &serde_saphyr::to_string(model)?)
}

#[derive(Serialize)]
struct Header<'a> {
    equations: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}
