//! Runs one after the other, and the slots of a step.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use super::{Initial, Text};

/// One run: first `restore`, then changes, then the run, then `store`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Goes back to what was stored under this name: variables, time, and what is recorded.
    #[serde(default)]
    pub restore: Option<String>,
    /// New values of constants.
    #[serde(default)]
    pub constants: BTreeMap<String, Text>,
    /// New values of variables, `G.I`.
    #[serde(default)]
    pub set: BTreeMap<String, Initial>,
    /// Another step for all clocks that have no other.
    #[serde(default)]
    pub time_step: Option<Text>,
    /// How long it runs (default: not at all).
    #[serde(default)]
    pub duration: Option<Text>,
    /// Keeps all under this name.
    #[serde(default)]
    pub store: Option<String>,
}

/// A slot of a step, or a place before or after one: `groups`, `before_groups`, `after_groups`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Slot(String);

/// The slots of a step in their order.
pub(crate) const SLOTS: [&str; 6] = ["start", "groups", "thresholds", "synapses", "resets", "end"];

impl Slot {
    /// The slot of this name.
    pub fn named(name: &str) -> Option<Self> {
        let base = name.strip_prefix("before_").or_else(|| name.strip_prefix("after_")).unwrap_or(name);
        SLOTS.contains(&base).then(|| Self(name.to_owned()))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// Where it stands in a step whose slots are in this order: lower numbers come first; none for a slot that the
    /// step does not have.
    pub(crate) fn place(&self, schedule: &[String]) -> Option<usize> {
        let (base, part) = match (self.0.strip_prefix("before_"), self.0.strip_prefix("after_")) {
            (Some(base), _) => (base, 0),
            (_, Some(base)) => (base, 2),
            _ => (self.0.as_str(), 1),
        };
        schedule.iter().position(|slot| slot == base).map(|slot| 3 * slot + part)
    }

    pub(crate) fn start() -> Self {
        Self("start".to_owned())
    }

    pub(crate) fn synapses() -> Self {
        Self("synapses".to_owned())
    }

    pub(crate) fn after_thresholds() -> Self {
        Self("after_thresholds".to_owned())
    }

    pub(crate) fn after_resets() -> Self {
        Self("after_resets".to_owned())
    }
}

impl<'de> Deserialize<'de> for Slot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::named(&name).ok_or_else(|| {
            let slots = SLOTS.join(", ");
            serde::de::Error::custom(format!("`{name}` is no slot: {slots}, or before_ and after_ with one of them"))
        })
    }
}

impl JsonSchema for Slot {
    fn schema_name() -> Cow<'static, str> {
        "Slot".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^(before_|after_)?(start|groups|thresholds|synapses|resets|end)$" })
    }
}
