//! Plain values into the typed configurations of kinds, with errors in the words of users: what was found, what is expected, where.
//!
//! A configuration is described by serde's derives, whose own messages speak of Rust (`u64`, `unit variant`, `struct Config`). This reader has an error type
//! of its own, so that each of serde's complaints becomes a sentence here and nowhere else. Beyond what serde_json does: whole-valued numbers (`1e2`) are
//! whole numbers; a map is never read from a list; the name of an alternative alone stands for the alternative with no settings (`ridge` is `{ridge: {}}`).

mod words;

use std::fmt::{self, Display};

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde_json::{Map, Value};
use words::{found_in_words, in_words, unknown};

use crate::ConfigError;
use crate::as_written::{Path, Written};

/// The typed configuration of a kind. Errors name the field and, where a name is nearly right, the right one.
pub fn typed<T: DeserializeOwned>(config: &Value) -> Result<T, Vec<ConfigError>> {
    read(Reader { value: config, written: None, path: Path::Root })
}

/// As [`typed`], of what a file holds: where a text is expected, a number or `true` stands for what was written.
pub fn typed_as_written<T: DeserializeOwned>(config: &Value, written: &Written) -> Result<T, Vec<ConfigError>> {
    read(Reader { value: config, written: Some(written), path: Path::Root })
}

fn read<T: DeserializeOwned>(reader: Reader<'_, '_>) -> Result<T, Vec<ConfigError>> {
    T::deserialize(reader).map_err(|Problem { mut path, message }| {
        path.reverse();
        vec![ConfigError::at(path.join("."), message)]
    })
}

/// What is wrong with a value.
#[derive(Debug)]
struct Problem {
    /// From the value outwards.
    path: Vec<String>,
    message: String,
}

impl Problem {
    fn new(message: String) -> Self {
        Self { path: Vec::new(), message }
    }

    fn below(mut self, name: &str) -> Self {
        self.path.push(name.to_owned());
        self
    }
}

impl Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

impl de::Error for Problem {
    fn custom<T: Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("expected {}, got {}", in_words(&expected.to_string()), found_in_words(found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::new(format!("expected {}, got {length}", in_words(&expected.to_string())))
    }

    fn unknown_variant(found: &str, allowed: &'static [&'static str]) -> Self {
        Self::new(unknown("name", found, allowed))
    }

    fn unknown_field(found: &str, allowed: &'static [&'static str]) -> Self {
        Self::new(unknown("field", found, allowed))
    }
}

/// As many whole numbers as this are exact.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Reads one value.
#[derive(Clone, Copy)]
struct Reader<'a, 'p> {
    value: &'a Value,
    written: Option<&'a Written>,
    path: Path<'p>,
}

impl<'a> Reader<'a, '_> {
    fn mismatch(self, expected: &dyn Expected) -> Problem {
        let found = match self.value {
            Value::Null => Unexpected::Unit,
            Value::Bool(value) => Unexpected::Bool(*value),
            Value::String(text) => Unexpected::Str(text),
            Value::Array(_) => Unexpected::Seq,
            Value::Object(_) => Unexpected::Map,
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), ..) => Unexpected::Unsigned(number),
                (_, Some(number), _) => Unexpected::Signed(number),
                (.., number) => Unexpected::Float(number.unwrap_or(f64::NAN)),
            },
        };
        de::Error::invalid_type(found, expected)
    }

    fn list<V: Visitor<'a>>(self, items: &'a [Value], visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_seq(Items { items: items.iter(), at: 0, written: self.written, path: &self.path })
    }

    fn map<V: Visitor<'a>>(self, map: &'a Map<String, Value>, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_map(Entries { entries: map.iter(), value: None, written: self.written, path: &self.path })
    }

    fn whole_number<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Problem> {
        let Value::Number(number) = self.value else {
            return Err(self.mismatch(&visitor));
        };
        if let Some(number) = number.as_u64() {
            return visitor.visit_u64(number);
        }
        match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => visitor.visit_i64(number),
            (_, Some(number)) if number.fract() == 0.0 && number.abs() < EXACT && number >= 0.0 => {
                visitor.visit_u64(number as u64)
            }
            (_, Some(number)) if number.fract() == 0.0 && number.abs() < EXACT => visitor.visit_i64(number as i64),
            _ => Err(self.mismatch(&visitor)),
        }
    }
}

impl<'a> IntoDeserializer<'a, Problem> for Reader<'a, '_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'a> Deserializer<'a> for Reader<'a, '_> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(items) => self.list(items, visitor),
            Value::Object(map) => self.map(map, visitor),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), ..) => visitor.visit_u64(number),
                (_, Some(number), _) => visitor.visit_i64(number),
                (.., number) => visitor.visit_f64(number.unwrap_or(f64::NAN)),
            },
        }
    }

    fn deserialize_i8<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.whole_number(visitor)
    }

    fn deserialize_i16<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.whole_number(visitor)
    }

    fn deserialize_i32<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.whole_number(visitor)
    }

    fn deserialize_i64<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.whole_number(visitor)
    }

    fn deserialize_u8<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.whole_number(visitor)
    }

    fn deserialize_u16<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.whole_number(visitor)
    }

    fn deserialize_u32<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.whole_number(visitor)
    }

    fn deserialize_u64<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.whole_number(visitor)
    }

    fn deserialize_str<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Problem> {
        match (self.value, self.written) {
            (Value::Number(_) | Value::Bool(_), Some(written)) => match written.get(&self.path.text()) {
                Some(text) => visitor.visit_borrowed_str(text),
                None => visitor.visit_string(self.value.to_string()),
            },
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(self, _: &'static str, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple<V: Visitor<'a>>(self, length: usize, visitor: V) -> Result<V::Value, Problem> {
        match self.value {
            Value::Array(items) if items.len() != length => {
                Err(Problem::new(format!("expected a list of {length} values, got {}", items.len())))
            }
            Value::Array(items) => self.list(items, visitor),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        match self.value {
            Value::Object(map) => self.map(map, visitor),
            _ if fields.is_empty() => Err(self.mismatch(&"an empty map")),
            _ => Err(self.mismatch(&format!("a map (allowed fields: {})", fields.join(", ")).as_str())),
        }
    }

    fn deserialize_enum<V: Visitor<'a>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        match self.value {
            Value::String(name) => {
                visitor.visit_enum(Choice { name, settings: None, written: self.written, path: &self.path })
            }
            Value::Object(map) => {
                let mut entries = map.iter();
                match (entries.next(), entries.next()) {
                    (Some((name, settings)), None) => visitor.visit_enum(Choice {
                        name,
                        settings: Some(settings),
                        written: self.written,
                        path: &self.path,
                    }),
                    _ => {
                        let keys: Vec<&str> = map.keys().map(String::as_str).collect();
                        let keys = if keys.is_empty() { "none".to_owned() } else { keys.join(", ") };
                        let names = names.join(", ");
                        Err(Problem::new(format!(
                            "expected one of the names {names}, got a map with the names: {keys}"
                        )))
                    }
                }
            }
            _ => Err(self.mismatch(&format!("a name (allowed: {})", names.join(", ")).as_str())),
        }
    }

    serde::forward_to_deserialize_any! {
        <W: Visitor<'a>>
        bool i128 u128 f32 f64 char bytes byte_buf unit unit_struct seq tuple_struct map identifier ignored_any
    }
}

struct Items<'a, 'p> {
    items: std::slice::Iter<'a, Value>,
    at: usize,
    written: Option<&'a Written>,
    path: &'p Path<'p>,
}

impl<'a> SeqAccess<'a> for Items<'a, '_> {
    type Error = Problem;

    fn next_element_seed<T: DeserializeSeed<'a>>(&mut self, seed: T) -> Result<Option<T::Value>, Problem> {
        let Some(value) = self.items.next() else {
            return Ok(None);
        };
        let at = self.at;
        self.at += 1;
        let item = Reader { value, written: self.written, path: Path::Item(self.path, at) };
        seed.deserialize(item).map(Some).map_err(|problem| problem.below(&at.to_string()))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

struct Entries<'a, 'p> {
    entries: serde_json::map::Iter<'a>,
    value: Option<(&'a str, &'a Value)>,
    written: Option<&'a Written>,
    path: &'p Path<'p>,
}

impl<'a> MapAccess<'a> for Entries<'a, '_> {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, Problem> {
        let Some((key, value)) = self.entries.next() else {
            return Ok(None);
        };
        self.value = Some((key, value));
        seed.deserialize(BorrowedStrDeserializer::new(key)).map(Some).map_err(|problem: Problem| problem.below(key))
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, Problem> {
        let (key, value) = self.value.take().unwrap_or(("", &Value::Null));
        let entry = Reader { value, written: self.written, path: Path::Key(self.path, key) };
        seed.deserialize(entry).map_err(|problem| problem.below(key))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

/// One of several alternatives: its name, and its settings where it has some.
struct Choice<'a, 'p> {
    name: &'a str,
    settings: Option<&'a Value>,
    written: Option<&'a Written>,
    path: &'p Path<'p>,
}

impl<'a> EnumAccess<'a> for Choice<'a, '_> {
    type Error = Problem;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'a>>(self, seed: V) -> Result<(V::Value, Self), Problem> {
        let chosen = seed.deserialize(BorrowedStrDeserializer::<Problem>::new(self.name));
        match chosen {
            Ok(chosen) => Ok((chosen, self)),
            Err(problem) if self.settings.is_some() => Err(problem.below(self.name)),
            Err(problem) => Err(problem),
        }
    }
}

impl<'a> VariantAccess<'a> for Choice<'a, '_> {
    type Error = Problem;

    fn unit_variant(self) -> Result<(), Problem> {
        match self.settings {
            None | Some(Value::Null) => Ok(()),
            Some(Value::Object(map)) if map.is_empty() => Ok(()),
            Some(_) => {
                Err(Problem::new(format!("`{0}` takes no settings; write `{0}` alone", self.name)).below(self.name))
            }
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'a>>(self, seed: T) -> Result<T::Value, Problem> {
        let path = Path::Key(self.path, self.name);
        match self.settings {
            Some(value) => seed.deserialize(Reader { value, written: self.written, path }),
            None => return seed.deserialize(Defaults { name: self.name }),
        }
        .map_err(|problem| problem.below(self.name))
    }

    fn tuple_variant<V: Visitor<'a>>(self, length: usize, visitor: V) -> Result<V::Value, Problem> {
        let path = Path::Key(self.path, self.name);
        match self.settings {
            Some(value) => Reader { value, written: self.written, path }.deserialize_tuple(length, visitor),
            None => return Defaults { name: self.name }.deserialize_tuple(length, visitor),
        }
        .map_err(|problem| problem.below(self.name))
    }

    fn struct_variant<V: Visitor<'a>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Problem> {
        let path = Path::Key(self.path, self.name);
        match self.settings {
            Some(value) => Reader { value, written: self.written, path }.deserialize_struct("", fields, visitor),
            None => return Defaults { name: self.name }.deserialize_struct("", fields, visitor),
        }
        .map_err(|problem| problem.below(self.name))
    }
}

/// The settings of an alternative that was given by its name alone: a map without entries, where settings are a map.
struct Defaults<'a> {
    name: &'a str,
}

impl<'a> Deserializer<'a> for Defaults<'a> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'a>>(self, _: V) -> Result<V::Value, Problem> {
        Err(Problem::new(format!("`{0}` needs a value: write `{0}: ...`", self.name)))
    }

    fn deserialize_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        visitor.visit_map(de::value::MapDeserializer::<_, Problem>::new(std::iter::empty::<(&str, Reader<'a, 'a>)>()))
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(self, _: &'static str, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        <W: Visitor<'a>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq tuple
        tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests;
