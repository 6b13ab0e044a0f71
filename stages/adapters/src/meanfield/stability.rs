//! `meanfield.stability`: all working points that a search finds, with their stability
//! ([`lapicque_meanfield::network::fixed_points`]).
//!
//! The search is thorough for some populations; it proves nothing. Points are sorted by their mean rate.
//!
//! | column | unit | meaning |
//! |---|---|---|
//! | point | | number of the working point, from 0 |
//! | population | | in the order of the network |
//! | rate_hz | Hz | stationary rate per neuron |
//! | growth | | largest real part of the eigenvalues of the map of rates; the point is stable below 1 |
//! | stable | | 1 or 0 |

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::DataType;
use lapicque_meanfield::network::{Search, fixed_points};
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Kind, Output, Ports, SampleError, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::{Column, TableSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::theory::{Method, PORTS, Theory};
use crate::kind_config::{problem, read, schema_of};

const REVISION: u32 = 1;
const STARTS: u32 = 64;
const MOST_STARTS: u32 = 10_000;

pub(super) struct Stability;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// A shipped network (such as brunel), a network file, or network parameters of NNMT.
    network: String,
    /// Theory of the stationary rate: shift, taylor or delta (default shift; delta where synapses have no time constant).
    #[serde(default)]
    method: Method,
    /// Rates from which the search begins (default 64).
    #[serde(default = "starts")]
    starts: u32,
    /// Values of the network other than its own, by short name or path, e.g. `J_ext: 29.89 pA`.
    #[serde(default)]
    parameters: BTreeMap<String, Value>,
}

fn starts() -> u32 {
    STARTS
}

struct StabilityStage {
    bound: Bound,
    theory: Theory,
    starts: u32,
}

fn schema() -> TableSchema {
    TableSchema::new(
        "table",
        &["point", "population"],
        [
            Column::new("point", DataType::Int64, "number of the working point, by mean rate"),
            Column::new("population", DataType::Utf8, "name in the network file"),
            Column::new("rate_hz", DataType::Float64, "stationary rate per neuron").unit("Hz"),
            Column::new("growth", DataType::Float64, "largest real part of the eigenvalues of the map of rates"),
            Column::new("stable", DataType::Int64, "1 if rates return to this point, else 0"),
        ],
    )
}

impl Kind for Stability {
    fn name(&self) -> &str {
        "meanfield.stability"
    }

    fn summary(&self) -> &str {
        "All working points of a network that a search finds, and which are stable"
    }

    fn ports(&self) -> Ports {
        Ports::Named(PORTS)
    }

    fn config_schema(&self) -> Value {
        schema_of::<Config>()
    }

    fn bind(&self, request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        let config: Config = read(request)?;
        if config.starts > MOST_STARTS {
            return problem("starts", format!("{} starts; at most {MOST_STARTS} are allowed", config.starts));
        }
        let mut notes = Vec::new();
        let theory = Theory::bind(request, &config.network, &config.parameters, config.method, None, &mut notes)?;
        let own = if config.starts == STARTS { Vec::new() } else { vec![("starts", json!(config.starts))] };
        let bound = theory.bound(REVISION, request, &own, Output::new("stability", schema()), notes)?;
        Ok(Box::new(StabilityStage { bound, theory, starts: config.starts }))
    }
}

impl Stage for StabilityStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |number, _| {
            if context.is_cancelled() {
                return Err(SampleError::cancelled());
            }
            let (parameters, synapses) = self.theory.of_sample(batch.table(number, "parameters"))?;
            let found = fixed_points(&parameters, synapses, &Search::default(), self.starts);
            let mut found = found.map_err(SampleError::input)?;
            let sum = |rates: &[f64]| rates.iter().sum::<f64>();
            found.sort_by(|a, b| sum(&a.rates_hz).total_cmp(&sum(&b.rates_hz)));
            let (mut point, mut names, mut rate, mut growth, mut stable) =
                (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
            for (number, of_point) in found.iter().enumerate() {
                for (population, &rate_hz) in parameters.populations.iter().zip(&of_point.rates_hz) {
                    point.push(number as i64);
                    names.push(population.name.as_str());
                    rate.push(rate_hz);
                    growth.push(of_point.growth);
                    stable.push(i64::from(of_point.is_stable()));
                }
            }
            let columns = vec![
                Arc::new(Int64Array::from(point)) as ArrayRef,
                Arc::new(StringArray::from(names)),
                Arc::new(Float64Array::from(rate)),
                Arc::new(Float64Array::from(growth)),
                Arc::new(Int64Array::from(stable)),
            ];
            let table = RecordBatch::try_new(self.bound.outputs[0].schema.arrow.clone(), columns);
            Ok(SampleOutput::of(table.map_err(SampleError::internal)?))
        })
    }
}
