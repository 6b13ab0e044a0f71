//! YAML into plain values that remember where they stood. [`typed`] makes configurations of them.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;
use serde_saphyr::budget::BudgetBreach;

use crate::ConfigError;
pub use crate::nearest::nearest;
pub use crate::typed::typed;

/// A value and the places of its parts.
#[derive(Debug, Clone, PartialEq)]
pub struct Located {
    pub value: Value,
    /// Line and column by dotted path; list items by number.
    pub places: BTreeMap<String, Place>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub line: u64,
    pub column: u64,
}

/// Text that is no YAML.
#[derive(Debug, Clone, PartialEq)]
pub struct YamlError {
    pub place: Option<Place>,
    pub message: String,
}

impl Located {
    /// The place of a path, or of the nearest part above it that has one.
    pub fn place(&self, path: &str) -> Option<Place> {
        let mut path = path;
        loop {
            if let Some(&place) = self.places.get(path) {
                return Some(place);
            }
            path = &path[..path.rfind('.')?];
        }
    }
}

/// Reads YAML 1.2: `true` and `false` are booleans, `no` and `y` are names. Places of keys are kept where a value has a key.
pub fn parse_yaml(text: &str) -> Result<Located, YamlError> {
    let options = serde_saphyr::options! { strict_booleans: true };
    let root: Spanned<Node> = serde_saphyr::from_str_with_options(text, options).map_err(|error| YamlError {
        place: error.location().map(|l| Place { line: l.line(), column: l.column() }),
        message: in_words(error.without_snippet()),
    })?;
    let mut places = BTreeMap::new();
    let value = root.value.locate("", &mut places);
    Ok(Located { value, places })
}

/// What is wrong with a text that is no YAML, without the names that the reader gives to its own parts.
fn in_words(error: &serde_saphyr::Error) -> String {
    use serde_saphyr::Error;
    match error {
        Error::DuplicateMappingKey { key: Some(key), .. } => format!("the key `{key}` stands twice in one map"),
        Error::DuplicateMappingKey { .. } => "a key stands twice in one map".to_owned(),
        Error::Eof { .. } => "the text ends early".to_owned(),
        Error::MultipleDocuments { .. } => "there are several documents, parted by `---`; one is allowed".to_owned(),
        Error::UnknownAnchor { .. } => {
            "an alias (`*name`) has no anchor (`&name`) before it; a text that begins with `*` needs quotation marks".to_owned()
        }
        Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasReplayCounterOverflow { .. } => {
            "its aliases (`*name`) stand for more values than are read; write them out".to_owned()
        }
        Error::RecursiveReferencesRequireWeakTypes { .. } => "an alias (`*name`) stands within its own anchor".to_owned(),
        Error::Budget { breach, .. } => match breach {
            BudgetBreach::Depth { .. } => TOO_DEEP.to_owned(),
            _ => "the file is too large, or has too many values, anchors or aliases; large tables belong in CSV or Parquet files".to_owned(),
        },
        Error::AliasError { error, .. } => in_words(error),
        Error::NonFiniteFloat { value, .. } => format!("`{value}` is not a finite number"),
        Error::UnsupportedTag { tag, .. } => format!("the tag `{tag}` has no meaning here; a text that begins with `!` needs quotation marks"),
        Error::SerdeInvalidType { .. } | Error::SerdeInvalidValue { .. } | Error::Unexpected { .. } => {
            "a value, a list or a map with names as keys is expected here".to_owned()
        }
        other => readable(&other.to_string()),
    }
}

const TOO_DEEP: &str = "maps and lists lie in one another too deeply";

/// What the parser says of syntax, if it speaks of YAML alone.
fn readable(message: &str) -> String {
    // The place is told by itself.
    let end = message.rfind(" at line ").filter(|&at| !message[at..].contains('\n')).unwrap_or(message.len());
    let message = &message[..end];
    let of_the_program = ["serialize", "serde", "enum", "Option", "Policy", "::", "u64", "struct", "internal"];
    if message.contains("recursion limit") {
        return TOO_DEEP.to_owned();
    }
    match of_the_program.iter().any(|word| message.contains(word)) {
        true => "this is no YAML that can be read here".to_owned(),
        false => format!("this is no YAML: {message}"),
    }
}

/// A value given on the command line: YAML, or plain text where that is no YAML.
pub fn parse_argument(text: &str) -> Value {
    parse_yaml(text).map_or_else(|_| Value::String(text.to_owned()), |located| located.value)
}

/// The canonical form of a configuration: fields equal to the default left out.
pub fn canonical<T: Serialize>(config: &T, default: &T) -> Result<Value, ConfigError> {
    let value = |t: &T| serde_json::to_value(t).map_err(|error| ConfigError::at("", error));
    let mut config = value(config)?;
    if let (Value::Object(config), Value::Object(default)) = (&mut config, value(default)?) {
        config.retain(|key, value| default.get(key) != Some(value));
        config.sort_keys();
    }
    Ok(config)
}

enum Node {
    Scalar(Value),
    List(Vec<Spanned<Node>>),
    Map(Vec<(Spanned<String>, Spanned<Node>)>),
}

impl Node {
    fn locate(self, path: &str, places: &mut BTreeMap<String, Place>) -> Value {
        let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        match self {
            Self::Scalar(value) => value,
            Self::List(items) => {
                let items = items.into_iter().enumerate().map(|(i, item)| {
                    let path = below(&i.to_string());
                    places.insert(path.clone(), place(&item.referenced));
                    item.value.locate(&path, places)
                });
                Value::Array(items.collect())
            }
            Self::Map(entries) => {
                let mut map = Map::new();
                for (key, value) in entries {
                    let path = below(&key.value);
                    places.insert(path.clone(), place(&key.referenced));
                    map.insert(key.value, value.value.locate(&path, places));
                }
                Value::Object(map)
            }
        }
    }
}

fn place(location: &serde_saphyr::Location) -> Place {
    Place { line: location.line(), column: location.column() }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, a list or a map with text keys")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Node, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom(format!("{value} is no finite number")))?;
        Ok(Node::Scalar(number.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Node::Map(map))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn values_remember_their_places() {
        let located = parse_yaml("stages:\n  a:\n    kind: x\n    list: [1, 2.5, 26 pA]\n    none:\n").unwrap();
        assert_eq!(located.value["stages"]["a"]["list"], serde_json::json!([1, 2.5, "26 pA"]));
        assert_eq!(located.value["stages"]["a"]["none"], Value::Null);
        assert_eq!(located.place("stages.a.kind"), Some(Place { line: 3, column: 5 }));
        assert_eq!(located.place("stages.a.list.2"), Some(Place { line: 4, column: 20 }));
        assert_eq!(located.place("stages.a.kind.deeper"), Some(Place { line: 3, column: 5 }));
    }

    #[test]
    fn short_names_are_no_booleans() {
        let located = parse_yaml("list: [n, y, no, on, true, false, \"true\"]").unwrap();
        assert_eq!(located.value["list"], serde_json::json!(["n", "y", "no", "on", true, false, "true"]));
    }

    #[test]
    fn broken_yaml_is_an_error_with_a_place() {
        let error = parse_yaml("a: [1, 2\nb: 3\n").unwrap_err();
        assert!(error.place.is_some(), "{error:?}");
        assert!(parse_yaml("a: 1\na: 2\n").is_err());
    }
}
