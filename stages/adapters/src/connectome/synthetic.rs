//! `connectome.synthetic`: a connectome that is drawn ([`lapicque_neuralmass::connectome::synthetic`]).

use std::collections::BTreeMap;

use lapicque_neuralmass::connectome::ConnectomeError;
use lapicque_neuralmass::connectome::synthetic::{Method, Synthetic};
use lapicque_numerics::random::StreamKey;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, PortMode, PortSpec, SampleError, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::tables::parameters;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::tables::{outputs, tables};
use crate::kind_config::{SimpleKind, problem, read, schema_of};
use crate::simulate::read_seed;
use crate::swept::Swept;

const REVISION: u32 = 1;
const PURPOSE: &str = "connectome.synthetic";
const PORTS: &[PortSpec] = &[PortSpec::new("parameters", parameters::TABLE, PortMode::Either, false)];
/// Fields of the configuration that cannot be columns.
const CONSTANT: [&str; 3] = ["nodes", "method", "modules"];
const MODULES: u32 = 4;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "connectome.synthetic",
    summary: "Draw a connectome whose weights decay with distance, form modules or are log-normal",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Number of nodes (default 80).
    #[serde(default = "eighty")]
    nodes: u32,
    /// How connections are drawn: by distance (default: two hemispheres, weights decay with the length of fibres), modular (dense within modules, sparse between them) or lognormal (wherever the nodes lie, each direction of its own).
    #[serde(default)]
    method: MethodConfig,
    /// Number of modules of the method modular (default 4).
    #[serde(default)]
    modules: Option<u32>,
    /// Other values, e.g. `decay_length: 40 mm`. All methods: width, depth, height (130, 170, 120 mm), tortuosity (1.4), log_sd (0.8), density (1). Distance: decay_length (35 mm), interhemispheric (0.3). Modular: within_density (0.8), between_density (0.1), between_weight (0.3).
    #[serde(default)]
    parameters: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum MethodConfig {
    #[default]
    Distance,
    Modular,
    Lognormal,
}

fn eighty() -> u32 {
    80
}

struct SyntheticStage {
    bound: Bound,
    synthetic: Swept<Synthetic>,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let method = match config.method {
        MethodConfig::Distance => Method::Distance,
        MethodConfig::Modular => Method::Modular,
        MethodConfig::Lognormal => Method::Lognormal,
    };
    if config.modules.is_some() && method != Method::Modular {
        return problem("modules", "only the method modular has modules; set `method: modular` or leave this out");
    }
    let mut synthetic = Synthetic::new(config.nodes, method);
    synthetic.modules = match config.modules {
        Some(modules) => modules,
        // Of the other methods it is none of the key.
        None if method != Method::Modular => 1,
        None => MODULES.min(config.nodes),
    };
    if let Err(error) = synthetic.check() {
        let field = if matches!(error, ConnectomeError::Modules { .. }) { "modules" } else { "nodes" };
        return problem(field, error);
    }
    let table = request.input("parameters").map(|input| &input.schema);
    let constant = table.into_iter().flat_map(|table| table.column_names()).filter(|name| CONSTANT.contains(name));
    let constant: Vec<ConfigError> = constant.map(cannot_be_swept).collect();
    if !constant.is_empty() {
        return Err(constant);
    }
    let mut notes = Vec::new();
    let synthetic = Swept::bind(synthetic, &config.parameters, request, &mut notes)?;
    let mut bound = Bound::new(REVISION, synthetic.canonical()?, request.inputs, outputs());
    synthetic.declare(&mut bound);
    read_seed(&mut bound, table);
    bound.random = true;
    bound.notes = notes;
    Ok(Box::new(SyntheticStage { bound, synthetic }))
}

fn cannot_be_swept(name: &str) -> ConfigError {
    let message = format!("`{name}` cannot be swept; give it in the configuration of a stage of its own");
    ConfigError::at("inputs.parameters", message)
}

impl Stage for SyntheticStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |number, sample| {
            let synthetic = self.synthetic.of_sample(batch.table(number, "parameters"))?;
            let stream = StreamKey::new(sample.stream(PURPOSE));
            let drawn = synthetic.generate(stream, || context.is_cancelled());
            let (connectome, places) = drawn.map_err(|error| match error {
                ConnectomeError::Cancelled => SampleError::cancelled(),
                error => SampleError::input(error),
            })?;
            let tables = tables(&connectome, places).map_err(SampleError::internal)?;
            Ok(SampleOutput { tables: tables.into(), notes: Vec::new() })
        })
    }
}
