//! The JSON Schema of network files, for editors.

use std::collections::BTreeMap;

use schemars::{Schema, json_schema};

use super::FITTED_TO;
use super::connection::{PLAIN_RULES, TSODYKS_MARKRAM_KEYS};
use crate::NeuronModel;

/// The JSON Schema (2020-12) of network files.
///
/// It knows all keys, choices and types; units, ranges and paths are checked only by [`super::NetworkFile::parse`].
pub fn network_file_schema() -> Schema {
    let models: Vec<Schema> = NeuronModel::ALL.into_iter().map(population).collect();
    json_schema!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Network",
        "description": "A network of neurons: populations, connections, external drive, and names for its parameters.",
        "type": "object",
        "required": ["network", "name", "populations"],
        "additionalProperties": false,
        "properties": {
            "network": {"const": 1, "description": "Version of the format."},
            "name": {"type": "string", "description": "Short name of the network."},
            "description": {"type": "string", "description": "What the network is, in a sentence."},
            "reference": {"type": "string", "description": "The publication that the network comes from."},
            "fitted_to": {
                "enum": FITTED_TO,
                "description": "The multicompartment network that the point neurons were fitted to; kernels take weights, probabilities and delays relative to those of the shipped network that was fitted to it.",
            },
            "populations": {
                "type": "object",
                "description": "Populations of neurons by name.",
                "minProperties": 1,
                "propertyNames": {"$ref": "#/$defs/name"},
                "additionalProperties": {"oneOf": models},
            },
            "connections": {
                "type": "object",
                "description": "Connections between populations by name, e.g. E_to_I.",
                "propertyNames": {"$ref": "#/$defs/name"},
                "additionalProperties": connection(),
            },
            "parameters": {
                "type": "object",
                "description": "Short names for paths.",
                "propertyNames": {"$ref": "#/$defs/name"},
                "additionalProperties": parameter(),
            },
        },
        "$defs": {
            "name": {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_]*$"},
            "quantity": {
                "type": "string",
                "description": "A number with its unit, e.g. `289.1 pF`.",
                "examples": ["289.1 pF", "10 ms", "-65 mV"],
            },
            "fraction": {
                "description": "A number, or a text with `%`.",
                "type": ["number", "string"],
                "examples": [0.2, "20 %"],
            },
            "distribution": distribution(),
            "drive": drive(),
        },
    })
}

fn population(model: NeuronModel) -> Schema {
    let mut properties = BTreeMap::from([
        (
            "size",
            json_schema!({"type": "integer", "minimum": 1, "maximum": u32::MAX, "description": "Number of neurons."}),
        ),
        ("model", json_schema!({"const": model.name(), "description": "Neuron model."})),
        ("drive", json_schema!({"$ref": "#/$defs/drive"})),
        (
            "drives",
            json_schema!({
                "type": "object",
                "description": "Several drives by name, instead of `drive`.",
                "propertyNames": {"$ref": "#/$defs/name"},
                "additionalProperties": {"$ref": "#/$defs/drive"},
            }),
        ),
    ]);
    for spec in model.parameters() {
        let description = format!("{} ({}); default {}", spec.meaning, spec.unit, spec.default);
        properties.insert(spec.symbol, json_schema!({"$ref": "#/$defs/distribution", "description": description}));
    }
    json_schema!({
        "title": model.name(),
        "type": "object",
        "required": ["size", "model"],
        "additionalProperties": false,
        "properties": properties,
    })
}

fn distribution() -> Schema {
    let quantity = json_schema!({"$ref": "#/$defs/quantity"});
    let bounds = [
        ("min", json_schema!({"$ref": "#/$defs/quantity", "description": "Smaller values are drawn again."})),
        ("max", json_schema!({"$ref": "#/$defs/quantity", "description": "Greater values are drawn again."})),
        (
            "keep_sign",
            json_schema!({"type": "boolean", "description": "Values without the sign of the mean are drawn again."}),
        ),
    ];
    let spread = json_schema!({
        "$ref": "#/$defs/quantity",
        "description": "Standard deviation, absolute or in % of |mean|.",
    });
    let about_the_mean =
        BTreeMap::from_iter([("mean", quantity.clone()), ("sd", spread)].into_iter().chain(bounds.clone()));
    let between = BTreeMap::from_iter([("low", quantity.clone()), ("high", quantity)].into_iter().chain(bounds));
    // `mean` may be left to the default of a parameter, and so may `sd`, `low` and `high`.
    let shape = |name: &str, properties: &BTreeMap<&str, Schema>| {
        json_schema!({
            "type": "object",
            "required": [name],
            "additionalProperties": false,
            "properties": {name: {"type": "object", "additionalProperties": false, "properties": properties}},
        })
    };
    let (normal, lognormal) = (shape("normal", &about_the_mean), shape("lognormal", &about_the_mean));
    json_schema!({
        "description": "A quantity, or a distribution over neurons or synapses.",
        "oneOf": [{"$ref": "#/$defs/quantity"}, normal, lognormal, shape("uniform", &between)],
    })
}

fn drive() -> Schema {
    json_schema!({
        "description": "Input from outside the network.",
        "oneOf": [
            {
                "title": "poisson",
                "type": "object",
                "required": ["kind"],
                "additionalProperties": false,
                "properties": {
                    "kind": {"const": "poisson"},
                    "rate": {"$ref": "#/$defs/quantity", "description": "Rate of each external synapse (Hz)."},
                    "synapses": {"$ref": "#/$defs/fraction", "description": "External synapses onto each neuron; default 1."},
                    "weight": {"$ref": "#/$defs/distribution", "description": "Weight of the external synapses."},
                    "delay": {"$ref": "#/$defs/quantity", "description": "Delay (ms); default 1 ms."},
                },
            },
            {
                "title": "current",
                "type": "object",
                "required": ["kind"],
                "additionalProperties": false,
                "properties": {
                    "kind": {"const": "current"},
                    "amplitude": {"$ref": "#/$defs/quantity", "description": "Constant current into each neuron (pA)."},
                },
            },
        ],
    })
}

fn connection() -> Schema {
    let number = |name: &str, description: &str| {
        json_schema!({
            "type": "object",
            "required": [name],
            "additionalProperties": false,
            "properties": {name: {"$ref": "#/$defs/fraction", "description": description}},
        })
    };
    let length = |name: &str, key: &str| {
        json_schema!({
            "type": "object",
            "required": [name],
            "additionalProperties": false,
            "properties": {name: {
                "type": "object",
                "additionalProperties": false,
                "properties": {key: {"$ref": "#/$defs/quantity"}},
            }},
        })
    };
    let plasticity: BTreeMap<&str, Schema> = TSODYKS_MARKRAM_KEYS
        .iter()
        .map(|key| (*key, json_schema!({"$ref": if *key == "U" { "#/$defs/fraction" } else { "#/$defs/quantity" }})))
        .collect();
    json_schema!({
        "type": "object",
        "required": ["pre", "post"],
        "additionalProperties": false,
        "properties": {
            "pre": {"type": "string", "description": "The presynaptic population."},
            "post": {"type": "string", "description": "The postsynaptic population."},
            "rule": {
                "description": "Who connects to whom.",
                "oneOf": [
                    {"enum": PLAIN_RULES},
                    number("probability", "Of a synapse, for each ordered pair independently."),
                    number("in_degree", "Synapses onto each neuron."),
                    number("total", "Synapses in all."),
                ],
            },
            "autapses": {"type": "boolean", "default": true, "description": "Whether a neuron may connect to itself."},
            "multapses": {"type": "boolean", "default": true, "description": "Whether a pair may have several synapses."},
            "weight": {"$ref": "#/$defs/distribution", "description": "In the unit of the postsynaptic model; negative weights inhibit."},
            "delay": {"$ref": "#/$defs/distribution", "description": "Delay (ms)."},
            "synapse": {
                "description": "How the weight changes with activity.",
                "oneOf": [
                    {"enum": ["static", "tsodyks_markram"]},
                    {
                        "type": "object",
                        "required": ["tsodyks_markram"],
                        "additionalProperties": false,
                        "properties": {"tsodyks_markram": {
                            "type": "object",
                            "additionalProperties": false,
                            "properties": plasticity,
                        }},
                    },
                ],
            },
            "profile": {
                "description": "How the probability of a connection falls with distance.",
                "oneOf": [length("boxcar", "width"), length("gaussian", "sd"), length("exponential", "length")],
            },
        },
    })
}

fn parameter() -> Schema {
    let targets = |description: &str| {
        json_schema!({
            "type": "array",
            "minItems": 1,
            "description": description,
            "items": {
                "oneOf": [
                    {"type": "string", "description": "A path, e.g. populations.E.C_m or connections.*.weight."},
                    {
                        "type": "object",
                        "required": ["path"],
                        "additionalProperties": false,
                        "properties": {
                            "path": {"type": "string", "description": "A path, e.g. connections.I_to_E.weight."},
                            "factor": {"$ref": "#/$defs/fraction", "description": "The parameter is multiplied by it."},
                        },
                    },
                ],
            },
        })
    };
    json_schema!({
        "type": "object",
        "oneOf": [{"required": ["sets"]}, {"required": ["scales"]}],
        "additionalProperties": false,
        "properties": {
            "default": {
                "type": ["string", "number"],
                "description": "Fills the paths that are set, which are then left out above; multiplies those that are scaled.",
            },
            "sets": targets("Values that are the parameter."),
            "scales": targets("Values that are multiplied by the parameter, a number; its default is 1."),
            "description": {"type": "string", "description": "What the parameter is."},
        },
    })
}
