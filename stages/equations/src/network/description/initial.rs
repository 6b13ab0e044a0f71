//! Values of a variable before the first step.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Text;

/// Values of a variable: an expression, a list with one for each element, `{values: [...], unit: mV}`,
/// `{at: [0, 5], value: 2*nA}` for some elements alone, or `{sections: {soma: 2*nA}}` for sections of neurons with a form.
#[derive(Clone, Debug, PartialEq)]
pub enum Initial {
    /// An expression, evaluated for each element.
    Expression(Text),
    /// A number for each element, times the unit.
    Values {
        /// The numbers.
        values: Vec<f64>,
        /// Their unit; without unit where there is none.
        unit: Option<String>,
    },
    /// One expression for some elements.
    At {
        /// Numbers of the elements.
        elements: Vec<u32>,
        /// Their value.
        value: Text,
    },
    /// An expression for each of some sections of neurons with a form; all other compartments keep what they have.
    Sections(BTreeMap<String, Text>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    values: Option<Vec<f64>>,
    unit: Option<String>,
    at: Option<Vec<u32>>,
    value: Option<Text>,
    sections: Option<BTreeMap<String, Text>>,
}

impl<'de> Deserialize<'de> for Initial {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(InitialVisitor)
    }
}

struct InitialVisitor;

impl<'de> Visitor<'de> for InitialVisitor {
    type Value = Initial;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(
            "an expression such as `-60*mV`, a list of numbers, `{values: [...], unit: mV}`, `{at: [...], value: 2*nA}` or `{sections: {soma: 2*nA}}`",
        )
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Initial, E> {
        Ok(Initial::Expression(Text::new(text)))
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Initial, E> {
        Text::deserialize(serde::de::value::BoolDeserializer::new(value)).map(Initial::Expression)
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Initial, E> {
        Text::deserialize(serde::de::value::I64Deserializer::new(value)).map(Initial::Expression)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Initial, E> {
        Text::deserialize(serde::de::value::U64Deserializer::new(value)).map(Initial::Expression)
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Initial, E> {
        Text::deserialize(serde::de::value::F64Deserializer::new(value)).map(Initial::Expression)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Initial, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element()? {
            values.push(value);
        }
        Ok(Initial::Values { values, unit: None })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Initial, A::Error> {
        let fields = Fields::deserialize(MapAccessDeserializer::new(map))?;
        match fields {
            Fields { values: Some(values), unit, at: None, value: None, sections: None } => {
                Ok(Initial::Values { values, unit })
            }
            Fields { values: None, unit: None, at: Some(elements), value: Some(value), sections: None } => {
                Ok(Initial::At { elements, value })
            }
            Fields { values: None, unit: None, at: None, value: None, sections: Some(sections) } => {
                Ok(Initial::Sections(sections))
            }
            _ => Err(serde::de::Error::custom("either `values` with `unit`, or `at` with `value`, or `sections`")),
        }
    }
}

impl Serialize for Initial {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Expression(text) => text.serialize(serializer),
            Self::Values { values, unit: None } => values.serialize(serializer),
            Self::Values { values, unit: Some(unit) } => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("values", values)?;
                map.serialize_entry("unit", unit)?;
                map.end()
            }
            Self::At { elements, value } => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("at", elements)?;
                map.serialize_entry("value", value)?;
                map.end()
            }
            Self::Sections(sections) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("sections", sections)?;
                map.end()
            }
        }
    }
}

impl JsonSchema for Initial {
    fn schema_name() -> Cow<'static, str> {
        "Initial".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "oneOf": [
                { "type": ["string", "number", "boolean"] },
                { "type": "array", "items": { "type": "number" } },
                {
                    "type": "object",
                    "properties": {
                        "values": { "type": "array", "items": { "type": "number" } },
                        "unit": { "type": "string" },
                        "at": { "type": "array", "items": { "type": "integer", "minimum": 0 } },
                        "value": { "type": ["string", "number", "boolean"] },
                        "sections": {
                            "type": "object",
                            "additionalProperties": { "type": ["string", "number", "boolean"] }
                        }
                    },
                    "additionalProperties": false
                }
            ]
        })
    }
}

impl Default for Initial {
    fn default() -> Self {
        Self::Expression(Text::new("0"))
    }
}
