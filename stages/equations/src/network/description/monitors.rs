//! What is recorded. Nothing else is.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Slot, Text};

/// Monitors by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Monitors {
    /// Who spikes when.
    #[serde(default)]
    pub spikes: BTreeMap<String, SpikeMonitor>,
    /// Variables over time.
    #[serde(default)]
    pub state: BTreeMap<String, StateMonitor>,
    /// Rates of groups over time.
    #[serde(default)]
    pub rate: BTreeMap<String, RateMonitor>,
    /// Who has an event when.
    #[serde(default)]
    pub events: BTreeMap<String, EventMonitor>,
    /// Variables after the last step.
    #[serde(default, rename = "final")]
    pub last: BTreeMap<String, FinalValues>,
}

/// Records spikes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpikeMonitor {
    /// A group or a part of one, `G[0:100]`.
    pub of: String,
    /// Variables of the spiking neuron before its reset.
    #[serde(default)]
    pub variables: Vec<String>,
}

/// Records variables.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StateMonitor {
    /// A group, a part of one, or synapses.
    pub of: String,
    /// Which variables; subexpressions can be among them.
    pub variables: Vec<String>,
    /// Of which elements: `all`, or their numbers (within the part) (default all).
    #[serde(default)]
    pub record: Recorded,
    /// From one time to the next (default: each step).
    #[serde(default)]
    pub every: Option<Text>,
    /// In which slot of the step (default: start, before anything changes).
    #[serde(default = "Slot::start")]
    pub when: Slot,
    /// Its place within the slot (default 0).
    #[serde(default)]
    pub order: i32,
}

/// Which elements are recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Recorded {
    /// All.
    #[default]
    All,
    /// These.
    Elements(Vec<u32>),
}

/// Records the rate of a group: spikes per neuron and time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateMonitor {
    /// A group or a part of one.
    pub of: String,
    /// A window over which it is smoothed.
    #[serde(default)]
    pub smooth: Option<Smoothing>,
}

/// A window of a rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Smoothing {
    /// The mean over this time, as an odd number of steps.
    Flat(Text),
    /// Weights of a normal distribution of this standard deviation, up to two of it on both sides.
    Gaussian(Text),
}

/// Records events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventMonitor {
    /// A group or a part of one.
    pub of: String,
    /// Which event.
    pub event: String,
    /// Variables of the neuron that has it.
    #[serde(default)]
    pub variables: Vec<String>,
}

/// Records variables after the last step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FinalValues {
    /// A group, a part of one, or synapses.
    pub of: String,
    /// Which variables.
    pub variables: Vec<String>,
}

impl<'de> Deserialize<'de> for Recorded {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RecordedVisitor)
    }
}

struct RecordedVisitor;

impl<'de> Visitor<'de> for RecordedVisitor {
    type Value = Recorded;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("`all` or a list of numbers of elements")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Recorded, E> {
        if text == "all" { Ok(Recorded::All) } else { Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)) }
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Recorded, E> {
        u32::try_from(value).map(|value| Recorded::Elements(vec![value])).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Recorded, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element()? {
            values.push(value);
        }
        Ok(Recorded::Elements(values))
    }
}

impl Serialize for Recorded {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => serializer.serialize_str("all"),
            Self::Elements(elements) => elements.serialize(serializer),
        }
    }
}

impl JsonSchema for Recorded {
    fn schema_name() -> Cow<'static, str> {
        "Recorded".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "oneOf": [
                { "const": "all" },
                { "type": "integer", "minimum": 0 },
                { "type": "array", "items": { "type": "integer", "minimum": 0 } }
            ]
        })
    }
}
