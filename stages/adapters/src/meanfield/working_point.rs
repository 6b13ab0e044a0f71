//! `meanfield.working_point`: stationary rates of all populations, and the input that leads to them
//! ([`lapicque_meanfield::network::working_point`]).
//!
//! | column | unit | meaning |
//! |---|---|---|
//! | population | | in the order of the network |
//! | rate_hz | Hz | stationary rate per neuron |
//! | mean_input_mV, sd_input_mV | mV | mean, and s.d. of the white noise, of the input |
//! | residual_hz | Hz | how far the rate is from the one that it causes |
//! | growth | | largest real part of the eigenvalues of the map of rates; the point is stable below 1 |
//! | stable | | 1 or 0 |

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::DataType;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Kind, Output, Ports, SampleError, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::{Column, TableSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::theory::{MV, Method, PORTS, Theory};
use crate::kind_config::{read, schema_of};

const REVISION: u32 = 1;

pub(super) struct WorkingPoints;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// A shipped network (such as potjans_diesmann), a network file, or network parameters of NNMT.
    network: String,
    /// Theory of the stationary rate: shift, taylor or delta (default shift; delta where synapses have no time constant).
    #[serde(default)]
    method: Method,
    /// Values of the network other than its own, by short name or path, e.g. `J_ext: 29.89 pA`.
    #[serde(default)]
    parameters: BTreeMap<String, Value>,
}

struct WorkingPointStage {
    bound: Bound,
    theory: Theory,
}

fn schema() -> TableSchema {
    let number = |name: &str, description: &str| Column::new(name, DataType::Float64, description);
    TableSchema::new(
        "table",
        &["population"],
        [
            Column::new("population", DataType::Utf8, "name in the network file"),
            number("rate_hz", "stationary rate per neuron").unit("Hz"),
            number("mean_input_mV", "mean of the input").unit("mV"),
            number("sd_input_mV", "standard deviation of the white noise of the input").unit("mV"),
            number("residual_hz", "how far the rates are from those that they cause").unit("Hz"),
            number("growth", "largest real part of the eigenvalues of the map of rates; stable below 1"),
            Column::new("stable", DataType::Int64, "1 if rates return to this point, else 0"),
        ],
    )
}

impl Kind for WorkingPoints {
    fn name(&self) -> &str {
        "meanfield.working_point"
    }

    fn summary(&self) -> &str {
        "Stationary rates of a network by mean-field theory"
    }

    fn ports(&self) -> Ports {
        Ports::Named(PORTS)
    }

    fn config_schema(&self) -> Value {
        schema_of::<Config>()
    }

    fn bind(&self, request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        let config: Config = read(request)?;
        let mut notes = Vec::new();
        let theory = Theory::bind(request, &config.network, &config.parameters, config.method, None, &mut notes)?;
        let bound = theory.bound(REVISION, request, &[], Output::new("working_point", schema()), notes)?;
        Ok(Box::new(WorkingPointStage { bound, theory }))
    }
}

impl Stage for WorkingPointStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |number, _| {
            if context.is_cancelled() {
                return Err(SampleError::cancelled());
            }
            let solved = self.theory.solve(batch.table(number, "parameters"))?;
            let point = &solved.point;
            let n = point.rates_hz.len();
            let floats = |values: Vec<f64>| Arc::new(Float64Array::from(values)) as ArrayRef;
            let names = solved.parameters.populations.iter().map(|population| &population.name);
            let columns = vec![
                Arc::new(StringArray::from_iter_values(names)) as ArrayRef,
                floats(point.rates_hz.clone()),
                floats(point.input.iter().map(|input| input.mean_v * MV).collect()),
                floats(point.input.iter().map(|input| input.sd_v * MV).collect()),
                floats(vec![point.residual_hz; n]),
                floats(vec![point.growth; n]),
                Arc::new(Int64Array::from(vec![i64::from(point.is_stable()); n])),
            ];
            let table = RecordBatch::try_new(self.bound.outputs[0].schema.arrow.clone(), columns);
            Ok(SampleOutput { tables: vec![table.map_err(SampleError::internal)?], notes: solved.notes })
        })
    }
}
