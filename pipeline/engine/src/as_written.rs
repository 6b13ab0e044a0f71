//! Configurations into types, as users write them: `1e2` is a whole number where one is due, and a name stays as it was written.
//!
//! YAML reads `001` as the number 1 and `1e3` as 1000. A field that holds text gets the text that stands in the file instead.

use std::collections::BTreeMap;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};
use serde_json::{Error, Map, Value};

/// The text of scalars that a value does not show as they were written, by dotted path.
pub type Written = BTreeMap<String, String>;

/// Puts what was written below `field` in the place of what was known of it; `new` has paths of its own.
pub fn replace_written(written: &mut Written, field: &str, new: &Written) {
    let below = format!("{field}.");
    written.retain(|path, _| path != field && !path.starts_with(&below));
    for (path, text) in new {
        let path = if path.is_empty() { field.to_owned() } else { format!("{below}{path}") };
        written.insert(path, text.clone());
    }
}

/// What was written below `field`, with paths that start there.
pub(crate) fn written_below(written: &Written, field: &str) -> Written {
    let below = format!("{field}.");
    let entries = written.range(below.clone()..).take_while(|(path, _)| path.starts_with(&below));
    entries.map(|(path, text)| (path[below.len()..].to_owned(), text.clone())).collect()
}

/// A value that types are read from.
#[derive(Clone, Copy)]
pub(crate) struct Scalars<'de, 'p> {
    value: &'de Value,
    path: Path<'p>,
    written: &'de Written,
}

/// Where a value stands: a list from the leaf to the root.
#[derive(Clone, Copy)]
enum Path<'p> {
    Root,
    Key(&'p Path<'p>, &'p str),
    Item(&'p Path<'p>, usize),
}

impl Path<'_> {
    fn text(&self) -> String {
        let below = |parent: &Path<'_>, name: &str| match parent {
            Path::Root => name.to_owned(),
            parent => format!("{}.{name}", parent.text()),
        };
        match self {
            Self::Root => String::new(),
            Self::Key(parent, name) => below(parent, name),
            Self::Item(parent, number) => below(parent, &number.to_string()),
        }
    }
}

impl<'de> Scalars<'de, '_> {
    pub(crate) fn new(value: &'de Value, written: &'de Written) -> Self {
        Self { value, path: Path::Root, written }
    }

    fn unexpected<T>(self, expected: &str) -> Result<T, Error> {
        let found = match self.value {
            Value::Null => "nothing".to_owned(),
            Value::Array(_) => "a list".to_owned(),
            Value::Object(_) => "a map".to_owned(),
            Value::String(text) => format!("`{text}`"),
            other => format!("`{}`", self.as_written().unwrap_or(&other.to_string())),
        };
        Err(Error::custom(format!("expected {expected}, got {found}")))
    }

    fn as_written(&self) -> Option<&'de str> {
        if self.written.is_empty() {
            return None;
        }
        self.written.get(&self.path.text()).map(String::as_str)
    }

    fn whole(self, low: i128, high: i128) -> Result<i128, Error> {
        // Beyond, a float is whole whatever was meant.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let number = self.value.as_i64().map(i128::from).or(self.value.as_u64().map(i128::from));
        let float = self.value.as_f64().filter(|v| v.fract() == 0.0 && v.abs() <= EXACT).map(|v| v as i128);
        match number.or(float).filter(|number| (low..=high).contains(number)) {
            Some(number) => Ok(number),
            None if high > i128::from(u32::MAX) && low == 0 => self.unexpected("a whole number >= 0"),
            None if high > i128::from(u32::MAX) => self.unexpected("a whole number"),
            None => self.unexpected(&format!("a whole number from {low} to {high}")),
        }
    }

    fn unsigned<V: Visitor<'de>>(self, high: u64, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_u64(self.whole(0, high.into())? as u64)
    }

    fn signed<V: Visitor<'de>>(self, low: i64, high: i64, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_i64(self.whole(low.into(), high.into())? as i64)
    }

    fn list<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let Value::Array(items) = self.value else {
            return self.unexpected("a list");
        };
        let mut access = Items { items, next: 0, path: &self.path, written: self.written };
        let list = visitor.visit_seq(&mut access)?;
        match access.next {
            read if read == items.len() => Ok(list),
            read => Err(Error::custom(format!("expected a list of {read}, got one of {}", items.len()))),
        }
    }

    fn map<V: Visitor<'de>>(self, map: &'de Map<String, Value>, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(Entries { entries: map.iter(), next: None, path: &self.path, written: self.written })
    }
}

impl<'de> Deserializer<'de> for Scalars<'de, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), ..) => visitor.visit_u64(number),
                (None, Some(number), _) => visitor.visit_i64(number),
                (None, None, number) => visitor.visit_f64(number.unwrap_or(f64::NAN)),
            },
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(_) => self.list(visitor),
            Value::Object(map) => self.map(map, visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Bool(value) => visitor.visit_bool(*value),
            _ => self.unexpected("true or false"),
        }
    }

    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.signed(i8::MIN.into(), i8::MAX.into(), visitor)
    }

    fn deserialize_i16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.signed(i16::MIN.into(), i16::MAX.into(), visitor)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.signed(i32::MIN.into(), i32::MAX.into(), visitor)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.signed(i64::MIN, i64::MAX, visitor)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.unsigned(u8::MAX.into(), visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.unsigned(u16::MAX.into(), visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.unsigned(u32::MAX.into(), visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.unsigned(u64::MAX, visitor)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value.as_f64() {
            Some(number) => visitor.visit_f64(number),
            None => self.unexpected("a number"),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Number(_) | Value::Bool(_) => match self.as_written() {
                Some(text) => visitor.visit_borrowed_str(text),
                None => visitor.visit_string(self.value.to_string()),
            },
            _ => self.unexpected("a text"),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_any(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            _ => self.unexpected("nothing"),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.list(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.list(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.list(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Object(map) => self.map(map, visitor),
            _ => self.unexpected("a map"),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let (name, value) = match self.value {
            Value::String(name) => (name.as_str(), None),
            Value::Object(map) if map.len() == 1 => match map.iter().next() {
                Some((name, value)) => (name.as_str(), Some(value)),
                None => return self.unexpected("a map of one entry"),
            },
            _ => return self.unexpected(&format!("one of {}", variants.join(", "))),
        };
        let path = Path::Key(&self.path, name);
        let content = value.map(|value| Scalars { value, path, written: self.written });
        visitor.visit_enum(Variant { name, content })
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }
}

struct Items<'de, 'p> {
    items: &'de [Value],
    next: usize,
    path: &'p Path<'p>,
    written: &'de Written,
}

impl<'de> SeqAccess<'de> for &mut Items<'de, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(value) = self.items.get(self.next) else {
            return Ok(None);
        };
        let path = Path::Item(self.path, self.next);
        self.next += 1;
        seed.deserialize(Scalars { value, path, written: self.written }).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len() - self.next)
    }
}

struct Entries<'de, 'p> {
    entries: serde_json::map::Iter<'de>,
    next: Option<(&'de str, &'de Value)>,
    path: &'p Path<'p>,
    written: &'de Written,
}

impl<'de> MapAccess<'de> for Entries<'de, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        self.next = self.entries.next().map(|(key, value)| (key.as_str(), value));
        self.next.map(|(key, _)| seed.deserialize(key.into_deserializer())).transpose()
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        let (key, value) = self.next.take().ok_or_else(|| Error::custom("a value without its key"))?;
        seed.deserialize(Scalars { value, path: Path::Key(self.path, key), written: self.written })
    }
}

struct Variant<'de, 'p> {
    name: &'de str,
    content: Option<Scalars<'de, 'p>>,
}

impl<'de, 'p> EnumAccess<'de> for Variant<'de, 'p> {
    type Error = Error;
    type Variant = Content<'de, 'p>;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Content<'de, 'p>), Error> {
        Ok((seed.deserialize(self.name.into_deserializer())?, Content { name: self.name, content: self.content }))
    }
}

struct Content<'de, 'p> {
    name: &'de str,
    content: Option<Scalars<'de, 'p>>,
}

impl<'de, 'p> Content<'de, 'p> {
    fn some(self) -> Result<Scalars<'de, 'p>, Error> {
        let name = self.name;
        self.content.ok_or_else(|| Error::custom(format!("`{name}` has settings, e.g. `{{{name}: ...}}`")))
    }
}

impl<'de> VariantAccess<'de> for Content<'de, '_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        match self.content {
            None => Ok(()),
            Some(content) if content.value.is_null() => Ok(()),
            Some(_) => Err(Error::custom(format!("`{}` has no settings", self.name))),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.some()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.some()?.list(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        self.some()?.deserialize_map(visitor)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
