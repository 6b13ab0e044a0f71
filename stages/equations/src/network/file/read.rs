//! A model from the nodes of a file.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, Error, Expected, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
};

use super::fault::At;
use super::fault::shortened;
use super::node::{Key, Node, Value};
use crate::language::error::nearest;

/// What does not fit the model, with its place.
#[derive(Clone, Debug)]
pub(super) struct ReadError {
    pub(super) at: Option<At>,
    /// Keys that lead to it, the last first.
    keys: Vec<String>,
    pub(super) message: String,
}

impl ReadError {
    fn told(message: String) -> Self {
        Self { at: None, keys: Vec::new(), message }
    }

    fn at(mut self, at: At) -> Self {
        self.at = self.at.or(Some(at));
        self
    }

    fn below(mut self, key: String, at: At) -> Self {
        self.keys.push(key);
        self.at(at)
    }

    /// Where it is in the model.
    pub(super) fn path(&self) -> String {
        let keys: Vec<String> = self.keys.iter().rev().map(|key| shortened(key, 100)).collect();
        keys.join(".")
    }
}

impl std::error::Error for ReadError {}

impl fmt::Display for ReadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::told(shortened(&message.to_string(), 500))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::told(format!("{} is expected, found {}", words(&expected.to_string()), thing(&found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::told(format!("{} is expected, found {length} values", words(&expected.to_string())))
    }

    fn unknown_variant(found: &str, expected: &'static [&'static str]) -> Self {
        Self::told(format!("`{}` is not known{}", shortened(found, 40), choices(found, expected)))
    }

    fn unknown_field(found: &str, expected: &'static [&'static str]) -> Self {
        Self::told(format!("unknown key `{}`{}", shortened(found, 40), choices(found, expected)))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::told(format!("`{field}` is missing"))
    }
}

fn choices(found: &str, allowed: &'static [&'static str]) -> String {
    let near = nearest(found, allowed.iter().copied());
    let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    let allowed: Vec<String> = allowed.iter().map(|word| format!("`{word}`")).collect();
    format!("{near}; allowed are {}", allowed.join(", "))
}

/// What is expected, in words of the file.
fn words(expected: &str) -> String {
    match expected {
        "u32" => "a whole number from 0 to 4294967295",
        "i32" | "i64" => "a whole number",
        "f64" => "a number",
        "a string" => "a text",
        "a boolean" => "`true` or `false`",
        "a map" => "a mapping",
        "a sequence" => "a list",
        _ if expected.starts_with("struct ") => "a mapping",
        other => other,
    }
    .to_owned()
}

fn thing(found: &Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Unsigned(value) => format!("the number {value}"),
        Unexpected::Signed(value) => format!("the number {value}"),
        Unexpected::Float(value) => format!("the number {value}"),
        Unexpected::Str(text) => format!("the text `{}`", shortened(text, 40)),
        Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a mapping".to_owned(),
        other => other.to_string(),
    }
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.value {
            Value::Null => visitor.visit_unit(),
            Value::Boolean(value) => visitor.visit_bool(*value),
            Value::Integer(value) => match u64::try_from(*value) {
                Ok(value) => visitor.visit_u64(value),
                Err(_) => visitor.visit_i64(*value),
            },
            Value::Float(value) => visitor.visit_f64(*value),
            Value::Text(text) => visitor.visit_borrowed_str(text),
            Value::List(items) => visitor.visit_seq(Items { items: items.iter(), number: 0 }),
            Value::Map(entries) => visitor.visit_map(Entries { entries: entries.iter(), value: None }),
        }
        .map_err(|error| error.at(self.at))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match &self.value {
            Value::Text(text) => visitor.visit_enum(IntoDeserializer::<ReadError>::into_deserializer(text.as_str())),
            Value::Map(entries) if entries.len() == 1 => {
                visitor.visit_enum(MapAccessDeserializer::new(Entries { entries: entries.iter(), value: None }))
            }
            _ => {
                Err(ReadError::told(format!("one word, or a mapping of one, is expected, found {}", self.described())))
            }
        }
        .map_err(|error| error.at(self.at))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

struct Items<'de> {
    items: std::slice::Iter<'de, Node>,
    number: usize,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, ReadError> {
        let Some(node) = self.items.next() else { return Ok(None) };
        let number = self.number;
        self.number += 1;
        seed.deserialize(node).map(Some).map_err(|error| error.below(number.to_string(), node.at))
    }
}

struct Entries<'de> {
    entries: std::slice::Iter<'de, (Key, Node)>,
    value: Option<(&'de Key, &'de Node)>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ReadError> {
        let Some((key, node)) = self.entries.next() else { return Ok(None) };
        self.value = Some((key, node));
        let text: StrDeserializer<'_, ReadError> = key.text.as_str().into_deserializer();
        seed.deserialize(text).map(Some).map_err(|error| error.at(key.at))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        let Some((key, node)) = self.value.take() else {
            return Err(ReadError::told("a key without a value".to_owned()));
        };
        seed.deserialize(node).map_err(|error| error.below(key.text.clone(), node.at))
    }
}
