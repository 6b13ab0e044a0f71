//! Plain values into the typed configurations of kinds, with errors in the words of users: what was found, what is expected, where.
//!
//! A configuration is described by serde's derives, whose own messages speak of Rust (`u64`, `unit variant`, `struct Config`). This reader has an error type
//! of its own, so that each of serde's complaints becomes a sentence here and nowhere else. Beyond what serde_json does: whole-valued numbers (`1e2`) are
//! whole numbers; a map is never read from a list; the name of an alternative alone stands for the alternative with no settings (`ridge` is `{ridge: {}}`).

use std::fmt::{self, Display};

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde_json::{Map, Value};

use crate::ConfigError;
use crate::nearest::nearest;

/// The typed configuration of a kind. Errors name the field and, where a name is nearly right, the right one.
pub fn typed<T: DeserializeOwned>(config: &Value) -> Result<T, Vec<ConfigError>> {
    T::deserialize(Reader(config)).map_err(|Problem { mut path, message }| {
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

fn unknown(what: &str, found: &str, allowed: &[&str]) -> String {
    let near = nearest(found, allowed.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
    let allowed =
        if allowed.is_empty() { "none is allowed".to_owned() } else { format!("allowed: {}", allowed.join(", ")) };
    format!("unknown {what} `{}`{} ({allowed})", short(found), near.unwrap_or_default())
}

/// What serde's derives expect, for people. What kinds expect in words of their own stays as it is.
fn in_words(expected: &str) -> String {
    match expected {
        "u8" => "a whole number from 0 to 255".to_owned(),
        "u16" => "a whole number from 0 to 65535".to_owned(),
        "u32" => "a whole number from 0 to 4294967295".to_owned(),
        "u64" | "u128" | "usize" => "a whole number >= 0".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "str" | "a borrowed string" => "a string".to_owned(),
        "a boolean" | "bool" => "`true` or `false`".to_owned(),
        "a sequence" => "a list".to_owned(),
        "unit" => "nothing".to_owned(),
        "option" => "a value or nothing".to_owned(),
        "variant identifier" | "field identifier" => "a name".to_owned(),
        other => {
            let counted = other.strip_prefix("an array of length ").or_else(|| other.strip_prefix("a tuple of size "));
            match counted {
                Some(count) => format!("a list of {count} values"),
                None if ["struct ", "unit struct ", "newtype struct ", "tuple struct ", "enum "]
                    .iter()
                    .any(|start| other.starts_with(start)) =>
                {
                    "a map".to_owned()
                }
                None => other.to_owned(),
            }
        }
    }
}

fn found_in_words(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Unsigned(number) => format!("`{number}`"),
        Unexpected::Signed(number) => format!("`{number}`"),
        Unexpected::Float(number) => format!("`{number}`"),
        Unexpected::Char(letter) => format!("`{letter}`"),
        Unexpected::Str(text) if text.trim().parse::<f64>().is_ok() => {
            format!("the string `{}` (a number has no quotation marks)", short(text))
        }
        Unexpected::Str("") => "an empty string".to_owned(),
        Unexpected::Str(text) => format!("`{}`", short(text)),
        Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map | Unexpected::StructVariant => "a map".to_owned(),
        _ => "another value".to_owned(),
    }
}

fn short(text: &str) -> String {
    let mut shown: String = text.chars().take(60).collect();
    if shown.len() < text.len() {
        shown += "...";
    }
    shown
}

/// As many whole numbers as this are exact.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Reads one value.
#[derive(Clone, Copy)]
struct Reader<'a>(&'a Value);

impl<'a> Reader<'a> {
    fn mismatch(self, expected: &dyn Expected) -> Problem {
        let found = match self.0 {
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
        visitor.visit_seq(Items { items: items.iter(), at: 0 })
    }

    fn map<V: Visitor<'a>>(self, map: &'a Map<String, Value>, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_map(Entries { entries: map.iter(), value: None })
    }

    fn whole_number<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Problem> {
        let Value::Number(number) = self.0 else {
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

impl<'a> IntoDeserializer<'a, Problem> for Reader<'a> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'a> Deserializer<'a> for Reader<'a> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.0 {
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

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(self, _: &'static str, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple<V: Visitor<'a>>(self, length: usize, visitor: V) -> Result<V::Value, Problem> {
        match self.0 {
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
        match self.0 {
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
        match self.0 {
            Value::String(name) => visitor.visit_enum(Choice { name, settings: None }),
            Value::Object(map) => {
                let mut entries = map.iter();
                match (entries.next(), entries.next()) {
                    (Some((name, settings)), None) => visitor.visit_enum(Choice { name, settings: Some(settings) }),
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
        bool i128 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple_struct map identifier ignored_any
    }
}

struct Items<'a> {
    items: std::slice::Iter<'a, Value>,
    at: usize,
}

impl<'a> SeqAccess<'a> for Items<'a> {
    type Error = Problem;

    fn next_element_seed<T: DeserializeSeed<'a>>(&mut self, seed: T) -> Result<Option<T::Value>, Problem> {
        let Some(item) = self.items.next() else {
            return Ok(None);
        };
        let at = self.at;
        self.at += 1;
        seed.deserialize(Reader(item)).map(Some).map_err(|problem| problem.below(&at.to_string()))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

struct Entries<'a> {
    entries: serde_json::map::Iter<'a>,
    value: Option<(&'a str, &'a Value)>,
}

impl<'a> MapAccess<'a> for Entries<'a> {
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
        seed.deserialize(Reader(value)).map_err(|problem| problem.below(key))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

/// One of several alternatives: its name, and its settings where it has some.
struct Choice<'a> {
    name: &'a str,
    settings: Option<&'a Value>,
}

impl<'a> EnumAccess<'a> for Choice<'a> {
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

impl<'a> VariantAccess<'a> for Choice<'a> {
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
        match self.settings {
            Some(settings) => seed.deserialize(Reader(settings)).map_err(|problem| problem.below(self.name)),
            None => seed.deserialize(Defaults { name: self.name }),
        }
    }

    fn tuple_variant<V: Visitor<'a>>(self, length: usize, visitor: V) -> Result<V::Value, Problem> {
        match self.settings {
            Some(settings) => {
                Reader(settings).deserialize_tuple(length, visitor).map_err(|problem| problem.below(self.name))
            }
            None => Defaults { name: self.name }.deserialize_tuple(length, visitor),
        }
    }

    fn struct_variant<V: Visitor<'a>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Problem> {
        match self.settings {
            Some(settings) => {
                Reader(settings).deserialize_struct("", fields, visitor).map_err(|problem| problem.below(self.name))
            }
            None => Defaults { name: self.name }.deserialize_struct("", fields, visitor),
        }
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
        visitor.visit_map(de::value::MapDeserializer::<_, Problem>::new(std::iter::empty::<(&str, Reader<'a>)>()))
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
