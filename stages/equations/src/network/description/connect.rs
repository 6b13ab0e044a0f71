//! Which synapses there are.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Text;

/// One way of connecting, each for itself: numbers `i` and `j`, a generator of one of both, a condition, or all pairs,
/// thinned by `p`; or the rows of the table `connectivity`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Connect {
    /// Numbers of source neurons (one, or as many as `j`), or a generator of them for each `j`, such as
    /// `k for k in range(N_pre) if k != j`.
    #[serde(default)]
    pub i: Option<Indices>,
    /// Numbers of target neurons, or a generator of them for each `i`, such as `i + 1`.
    #[serde(default)]
    pub j: Option<Indices>,
    /// Which pairs are connected: an expression of `i`, `j` and variables of both groups (`x_pre`, `x_post`).
    #[serde(default)]
    pub condition: Option<Text>,
    /// With which probability (default 1).
    #[serde(default)]
    pub p: Option<Text>,
    /// How many synapses a connected pair has (default 1).
    #[serde(default)]
    pub n: Option<Text>,
    /// Whether numbers of a generator beyond the group are left out, rather than refused (default no).
    #[serde(default)]
    pub skip_if_invalid: bool,
    /// The pairs of the table `connectivity`.
    #[serde(default)]
    pub table: Option<TableColumns>,
}

/// What is taken from a table `connectivity` besides its pairs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableColumns {
    /// The variable of the synapses that the column `weight` goes to (default: none).
    #[serde(default)]
    pub weight: Option<String>,
    /// The unit of that column (default: none).
    #[serde(default)]
    pub unit: Option<String>,
}

/// Numbers of neurons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Indices {
    /// These.
    Listed(Vec<i64>),
    /// What a generator gives, or one number.
    Generated(String),
}

impl<'de> Deserialize<'de> for Indices {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IndicesVisitor)
    }
}

struct IndicesVisitor;

impl<'de> Visitor<'de> for IndicesVisitor {
    type Value = Indices;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of numbers of neurons, one number, or a generator such as `i + 1`")
    }

    fn visit_str<E>(self, text: &str) -> Result<Indices, E> {
        Ok(Indices::Generated(text.to_owned()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Indices, E> {
        Ok(Indices::Listed(vec![value]))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Indices, E> {
        i64::try_from(value).map(|value| Indices::Listed(vec![value])).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Indices, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element()? {
            values.push(value);
        }
        Ok(Indices::Listed(values))
    }
}

impl Serialize for Indices {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Listed(values) => values.serialize(serializer),
            Self::Generated(text) => text.serialize(serializer),
        }
    }
}

impl JsonSchema for Indices {
    fn schema_name() -> Cow<'static, str> {
        "Indices".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "oneOf": [
                { "type": "integer" },
                { "type": "array", "items": { "type": "integer" } },
                { "type": "string" }
            ]
        })
    }
}
