//! The configuration of `simulate.equations`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use lapicque_equations::network::description::Model;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::stimulus_config::StimulusConfig;

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    /// The model: its sections, or the path of a model file.
    pub(super) model: ModelConfig,
    /// Inputs over time by name, which equations read as `name(t)`.
    #[serde(default)]
    pub(super) stimuli: BTreeMap<String, StimulusOf>,
    /// Values of the model other than its own: constants by name (`we: 1.6 mV`), others by path (`neurons.G.initial.v: -60 mV`).
    #[serde(default)]
    pub(super) parameters: BTreeMap<String, Value>,
}

/// Where a model stands.
#[derive(Debug, Clone)]
pub(super) enum ModelConfig {
    /// In the configuration.
    Here(Box<Model>),
    /// In a file.
    File(String),
}

/// An input over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StimulusOf {
    /// What it is, e.g. `{sinusoid: {amplitude: 0.2, frequency: 10 Hz}}`.
    pub(super) stimulus: StimulusConfig,
    /// The unit of its values, e.g. `nA` (default: none).
    #[serde(default = "none", skip_serializing_if = "is_none")]
    pub(super) unit: String,
}

fn none() -> String {
    "1".to_owned()
}

fn is_none(unit: &str) -> bool {
    unit == "1"
}

impl<'de> Deserialize<'de> for ModelConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ModelVisitor)
    }
}

struct ModelVisitor;

impl<'de> Visitor<'de> for ModelVisitor {
    type Value = ModelConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the sections of a model, or the path of a model file")
    }

    fn visit_str<E>(self, path: &str) -> Result<ModelConfig, E> {
        Ok(ModelConfig::File(path.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ModelConfig, A::Error> {
        Model::deserialize(MapAccessDeserializer::new(map)).map(|model| ModelConfig::Here(Box::new(model)))
    }
}

impl JsonSchema for ModelConfig {
    fn schema_name() -> Cow<'static, str> {
        "ModelOrFile".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let model = generator.subschema_for::<Model>();
        json_schema!({"anyOf": [{"type": "string"}, model]})
    }
}
