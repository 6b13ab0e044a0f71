//! `connectivity.generate`: connections that are drawn ([`lapicque_pointprocess::generators`]), a network for each sample.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{RecordBatch, StringArray, UInt32Array};
use arrow_schema::{ArrowError, DataType};
use lapicque_numerics::random::StreamKey;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, SampleError, SampleOutput, Stage,
    each_sample,
};
use lapicque_pointprocess::PointProcessError;
use lapicque_pointprocess::generators::{RandomNetwork, Recipe, Weights, Wiring};
use lapicque_schemas::tables::{FREE, connectivity, parameters};
use lapicque_schemas::{Column, TableSchema};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::kind_config::{SimpleKind, problem, read, schema_of};
use crate::simulate::read_seed;
use crate::swept::Swept;

const REVISION: u32 = 1;
const PURPOSE: &str = "connectivity.generate";
const PORTS: &[PortSpec] = &[PortSpec::new("parameters", parameters::TABLE, PortMode::Either, false)];
/// Fields of the configuration that cannot be columns.
const CONSTANT: [&str; 5] = ["weights", "wiring", "dale", "glorot", "compat"];

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "connectivity.generate",
    summary: "Draw the connections of a network of neurons: random ones of any density and weights, by distance, or a Mexican hat",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Number of neurons (default 50). One network is drawn for all samples, or one for each where `parameters` are connected: a column `seed` makes a data set.
    #[serde(default = "fifty")]
    neurons: u32,
    /// How strong connections are: normal (default), uniform, lognormal, constant, or mexican_hat: every pair on a ring of neurons by its distance, nothing drawn.
    #[serde(default)]
    weights: WeightsConfig,
    /// Which of the possible connections exist: everywhere (default: each with the same probability) or distance (near ones on a ring of neurons).
    #[serde(default)]
    wiring: Option<WiringConfig>,
    /// Whether each neuron either excites or inhibits (default true; not of mexican_hat): the first have weights |w|, the others -|w|.
    #[serde(default)]
    dale: Option<bool>,
    /// Whether weights are divided by the square root of the number of neurons (default false).
    #[serde(default)]
    glorot: Option<bool>,
    /// `spikeometric`: neurons i and i + n/2 have targets that exclude each other, as its generator of normal weights has them; the density is 0.5 at most.
    #[serde(default)]
    compat: Option<CompatConfig>,
    /// Other values. Random: density (0.5), excitatory_part (0.5, with `dale`), length of wiring distance (10 neurons). Weights: mean, sd (0, 1) of normal, low, high (0, 1) of uniform, mu, sigma (0, 1) of lognormal, weight (1) of constant. Mexican hat: a (1), sigma_1, sigma_2 (6.98 and 7 neurons).
    #[serde(default)]
    parameters: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum WeightsConfig {
    #[default]
    Normal,
    Uniform,
    Lognormal,
    Constant,
    MexicanHat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum WiringConfig {
    Everywhere,
    Distance,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum CompatConfig {
    Spikeometric,
}

fn fifty() -> u32 {
    50
}

impl Config {
    fn recipe(&self) -> Result<Recipe, Vec<ConfigError>> {
        let neurons = self.neurons as usize;
        let weights = match self.weights {
            WeightsConfig::MexicanHat => return self.mexican_hat(neurons),
            WeightsConfig::Normal => Weights::Normal { mean: 0.0, sd: 1.0 },
            WeightsConfig::Uniform => Weights::Uniform { low: 0.0, high: 1.0 },
            WeightsConfig::Lognormal => Weights::Lognormal { mu: 0.0, sigma: 1.0 },
            WeightsConfig::Constant => Weights::Constant(1.0),
        };
        let mut wiring = match self.wiring {
            None | Some(WiringConfig::Everywhere) => Wiring::Everywhere,
            Some(WiringConfig::Distance) => Wiring::Distance { length: 10.0 },
        };
        let mut excitatory_part = self.dale.unwrap_or(true).then_some(0.5);
        if self.compat.is_some() {
            if self.weights != WeightsConfig::Normal {
                return problem(
                    "compat",
                    "spikeometric has other connections for normal weights alone; leave this out",
                );
            }
            if self.wiring.is_some() || self.dale == Some(false) {
                let message = "it says where connections are and who excites; leave `wiring` and `dale` out";
                return problem("compat", message);
            }
            // The signs of the drawn weights decide.
            (wiring, excitatory_part) = (Wiring::Complementary, None);
        }
        let glorot = self.glorot.unwrap_or(false);
        Ok(Recipe::Random(RandomNetwork { neurons, density: 0.5, wiring, weights, excitatory_part, glorot }))
    }

    fn mexican_hat(&self, neurons: usize) -> Result<Recipe, Vec<ConfigError>> {
        let given = [
            ("wiring", self.wiring.is_some()),
            ("dale", self.dale.is_some()),
            ("glorot", self.glorot.is_some()),
            ("compat", self.compat.is_some()),
        ];
        let given = given.into_iter().filter(|(_, is_given)| *is_given);
        let problems: Vec<ConfigError> =
            given.map(|(field, _)| ConfigError::at(field, "a Mexican hat has none; leave this out")).collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Recipe::MexicanHat { neurons, a: 1.0, sigma_1: 6.98, sigma_2: 7.0 })
    }
}

struct GenerateStage {
    bound: Bound,
    recipe: Swept<Recipe>,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let recipe = config.recipe()?;
    let table = request.input("parameters").map(|input| &input.schema);
    let constant = table.into_iter().flat_map(|table| table.column_names()).filter(|name| CONSTANT.contains(name));
    let constant: Vec<ConfigError> = constant.map(cannot_be_swept).collect();
    if !constant.is_empty() {
        return Err(constant);
    }
    let mut notes = Vec::new();
    let recipe = Swept::bind(recipe, &config.parameters, request, &mut notes)?;
    let outputs = vec![Output::new(connectivity::TABLE, connectivity::schema()), Output::new("neurons", neurons())];
    let mut bound = Bound::new(REVISION, recipe.canonical()?, request.inputs, outputs);
    recipe.declare(&mut bound);
    read_seed(&mut bound, table);
    bound.random = true;
    bound.notes = notes;
    bound.work = Some(f64::from(config.neurons));
    Ok(Box::new(GenerateStage { bound, recipe }))
}

fn cannot_be_swept(name: &str) -> ConfigError {
    let message = format!("`{name}` cannot be swept; give it in the configuration of a stage of its own");
    ConfigError::at("inputs.parameters", message)
}

impl Stage for GenerateStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |number, sample| {
            let recipe = self.recipe.of_sample(batch.table(number, "parameters"))?;
            let key = StreamKey::new(sample.stream(PURPOSE));
            let drawn = recipe.connections(&key, &|| !context.is_cancelled());
            let connections = drawn.map_err(|error| match error {
                PointProcessError::Cancelled => SampleError::cancelled(),
                error => SampleError::input(error),
            })?;
            let size = u32::try_from(recipe.neurons()).map_err(SampleError::input)?;
            let table = connectivity::write(size, &connections).map_err(SampleError::internal)?;
            let neurons = neuron_rows(size, recipe.excitatory()).map_err(SampleError::internal)?;
            Ok(SampleOutput { tables: vec![table, neurons], notes: Vec::new() })
        })
    }
}

/// What the output `neurons` has.
fn neurons() -> TableSchema {
    TableSchema::new(
        FREE,
        &["neuron"],
        [
            Column::new("neuron", DataType::UInt32, "number of the neuron, from 0"),
            Column::new("population", DataType::Utf8, "excitatory or inhibitory; neurons without Dale's law"),
        ],
    )
}

fn neuron_rows(size: u32, excitatory: Option<usize>) -> Result<RecordBatch, ArrowError> {
    let population = |neuron: u32| match excitatory {
        None => "neurons",
        Some(excitatory) if (neuron as usize) < excitatory => "excitatory",
        Some(_) => "inhibitory",
    };
    let populations = StringArray::from_iter_values((0..size).map(population));
    RecordBatch::try_new(neurons().arrow, vec![Arc::new(UInt32Array::from_iter_values(0..size)), Arc::new(populations)])
}
