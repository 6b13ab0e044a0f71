//! An estimator whose type is known when the program runs: as configurations and model documents name it.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, EnumAccess, Error, VariantAccess};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Estimator, Fitted, Listed, Ridge, Stored, Visitor, each, estimators};
use crate::InverseError;

/// An estimator with its parameters: `{ridge: {alpha: 1.0}}`, or the name alone.
#[derive(Clone)]
pub struct AnyEstimator {
    name: &'static str,
    /// As documents hold them; null if it has none.
    parameters: Value,
    estimator: Arc<dyn Estimator>,
    restore: fn(Stored) -> Result<Box<dyn Fitted>, InverseError>,
}

impl AnyEstimator {
    /// What configurations and model documents call it.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What it learned, from what was kept of it.
    pub(crate) fn restore(&self, stored: Stored) -> Result<Box<dyn Fitted>, InverseError> {
        (self.restore)(stored)
    }
}

impl<E: Listed> From<E> for AnyEstimator {
    fn from(estimator: E) -> Self {
        // Structs of numbers always have a value.
        let parameters = if E::HAS_PARAMETERS { serde_json::to_value(&estimator) } else { Ok(Value::Null) };
        let parameters = parameters.unwrap_or(Value::Null);
        Self { name: E::NAME, parameters, estimator: Arc::new(estimator), restore: E::restore }
    }
}

impl Default for AnyEstimator {
    fn default() -> Self {
        Ridge::default().into()
    }
}

impl Deref for AnyEstimator {
    type Target = dyn Estimator;

    fn deref(&self) -> &Self::Target {
        &*self.estimator
    }
}

impl fmt::Debug for AnyEstimator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.estimator.fmt(f)
    }
}

impl PartialEq for AnyEstimator {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.parameters == other.parameters
    }
}

impl Serialize for AnyEstimator {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.parameters.is_null() {
            return serializer.serialize_str(self.name);
        }
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(self.name, &self.parameters)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for AnyEstimator {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_enum("AnyEstimator", names(), Choice)
    }
}

fn names() -> &'static [&'static str] {
    static NAMES: OnceLock<Vec<&'static str>> = OnceLock::new();
    NAMES.get_or_init(|| estimators().iter().map(|spec| spec.name).collect())
}

/// A name, and its parameters where it has some.
struct Choice;

impl<'de> serde::de::Visitor<'de> for Choice {
    type Value = AnyEstimator;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an estimator")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, choice: A) -> Result<AnyEstimator, A::Error> {
        let (name, parameters) = choice.variant_seed(Name)?;
        let mut reading = Reading { name, parameters: Some(parameters), read: None };
        each(&mut reading);
        reading.read.unwrap_or_else(|| Err(Error::unknown_variant(name, names())))
    }
}

/// One of the names.
struct Name;

impl<'de> serde::de::DeserializeSeed<'de> for Name {
    type Value = &'static str;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<&'static str, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl serde::de::Visitor<'_> for Name {
    type Value = &'static str;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of an estimator")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<&'static str, E> {
        let known = names().iter().find(|known| **known == name);
        known.copied().ok_or_else(|| Error::unknown_variant(name, names()))
    }
}

struct Reading<'de, A: VariantAccess<'de>> {
    name: &'static str,
    parameters: Option<A>,
    read: Option<Result<AnyEstimator, A::Error>>,
}

impl<'de, A: VariantAccess<'de>> Visitor for Reading<'de, A> {
    fn estimator<E: Listed>(&mut self) {
        if let Some(parameters) = self.parameters.take_if(|_| E::NAME == self.name) {
            let estimator = match E::HAS_PARAMETERS {
                true => parameters.newtype_variant::<E>(),
                false => parameters.unit_variant().map(|()| E::default()),
            };
            self.read = Some(estimator.map(AnyEstimator::from));
        }
    }
}

impl JsonSchema for AnyEstimator {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Estimator")
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut alternatives = Alternatives { generator, schemas: Vec::new() };
        each(&mut alternatives);
        json_schema!({"oneOf": alternatives.schemas})
    }
}

struct Alternatives<'a> {
    generator: &'a mut SchemaGenerator,
    schemas: Vec<Schema>,
}

impl Visitor for Alternatives<'_> {
    fn estimator<E: Listed>(&mut self) {
        self.schemas.push(if E::HAS_PARAMETERS {
            let parameters = self.generator.subschema_for::<E>();
            json_schema!({
                "description": E::SUMMARY, "type": "object", "properties": {E::NAME: parameters}, "required": [E::NAME], "additionalProperties": false,
            })
        } else {
            json_schema!({"description": E::SUMMARY, "type": "string", "const": E::NAME})
        });
    }
}
