//! `meanfield.transfer_function`: how the rate of each population answers a modulation of its mean input
//! ([`lapicque_meanfield::network::transfer_function_matrix`]).
//!
//! | column | unit | meaning |
//! |---|---|---|
//! | population | | in the order of the network |
//! | frequency_hz | Hz | as configured |
//! | re, im | Hz/mV | rate per input; a delay d has the phase -2 pi f d |

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use arrow_schema::DataType;
use lapicque_meanfield::network::transfer_function_matrix;
use lapicque_meanfield::neuron::{Refractory, TransferOptions};
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Kind, Output, Ports, SampleError, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::{Column, TableSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::frequencies::{self, angular};
use super::theory::{MV, Method, PORTS, Theory};
use crate::kind_config::{read, schema_of};

const REVISION: u32 = 1;

pub(super) struct TransferFunction;

/// How the refractory period enters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RefractoryConfig {
    /// Neurons come back at the reset a refractory period after they fired.
    #[default]
    Corrected,
    /// By the rate alone, as in NNMT.
    Nnmt,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// A shipped network (such as potjans_diesmann), a network file, or network parameters of NNMT.
    network: String,
    /// A list such as `[1 Hz, 10 Hz]`, or `{linspace: [0 Hz, 300 Hz, 301]}`.
    frequencies: Value,
    /// Theory of the stationary rate: shift, taylor or delta (default shift; delta where synapses have no time constant).
    #[serde(default)]
    method: Method,
    /// Whether the modulation is one of synaptic input, not of a current (default true).
    #[serde(default = "yes")]
    synaptic_filter: bool,
    /// corrected or nnmt (default corrected).
    #[serde(default)]
    refractory: RefractoryConfig,
    /// Values of the network other than its own, by short name or path, e.g. `J_ext: 29.89 pA`.
    #[serde(default)]
    parameters: BTreeMap<String, Value>,
}

pub(super) fn yes() -> bool {
    true
}

struct TransferStage {
    bound: Bound,
    theory: Theory,
    frequencies_hz: Vec<f64>,
    synaptic_filter: bool,
    refractory: Refractory,
}

pub(super) fn refractory(config: RefractoryConfig) -> Refractory {
    match config {
        RefractoryConfig::Corrected => Refractory::Corrected,
        RefractoryConfig::Nnmt => Refractory::Nnmt,
    }
}

fn schema() -> TableSchema {
    TableSchema::new(
        "table",
        &["population", "frequency_hz"],
        [
            Column::new("population", DataType::Utf8, "name in the network file"),
            Column::new("frequency_hz", DataType::Float64, "frequency of the modulation").unit("Hz"),
            Column::new("re", DataType::Float64, "real part").unit("Hz/mV"),
            Column::new("im", DataType::Float64, "imaginary part").unit("Hz/mV"),
        ],
    )
}

impl Kind for TransferFunction {
    fn name(&self) -> &str {
        "meanfield.transfer_function"
    }

    fn summary(&self) -> &str {
        "Response of each population's rate to modulated input, by linear response theory"
    }

    fn ports(&self) -> Ports {
        Ports::Named(PORTS)
    }

    fn config_schema(&self) -> Value {
        schema_of::<Config>()
    }

    fn bind(&self, request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        let config: Config = read(request)?;
        let frequencies_hz = frequencies::read(&config.frequencies)?;
        let mut notes = Vec::new();
        let theory = Theory::bind(request, &config.network, &config.parameters, config.method, None, &mut notes)?;
        let mut own = vec![("frequencies_hz", json!(frequencies_hz))];
        if !config.synaptic_filter {
            own.push(("synaptic_filter", json!(false)));
        }
        if config.refractory != RefractoryConfig::default() {
            own.push(("refractory", json!(config.refractory)));
        }
        let bound = theory.bound(REVISION, request, &own, Output::new("transfer_function", schema()), notes)?;
        let refractory = refractory(config.refractory);
        let synaptic_filter = config.synaptic_filter;
        Ok(Box::new(TransferStage { bound, theory, frequencies_hz, synaptic_filter, refractory }))
    }
}

impl Stage for TransferStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        let omegas = angular(&self.frequencies_hz);
        each_sample(batch, |number, _| {
            if context.is_cancelled() {
                return Err(SampleError::cancelled());
            }
            let solved = self.theory.solve(batch.table(number, "parameters"))?;
            let options = TransferOptions {
                synapses: solved.synapses,
                refractory: self.refractory,
                synaptic_filter: self.synaptic_filter,
            };
            let transfer = transfer_function_matrix(&solved.parameters, &solved.point, &omegas, options);
            let transfer = transfer.map_err(SampleError::input)?;
            let (mut names, mut frequency, mut re, mut im) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            for (row, population) in solved.parameters.populations.iter().enumerate() {
                for (column, &hertz) in self.frequencies_hz.iter().enumerate() {
                    let value = transfer[(row, column)] / MV;
                    names.push(population.name.as_str());
                    frequency.push(hertz);
                    re.push(value.re);
                    im.push(value.im);
                }
            }
            let mut columns = vec![Arc::new(StringArray::from(names)) as ArrayRef];
            columns.extend([frequency, re, im].map(|values| Arc::new(Float64Array::from(values)) as ArrayRef));
            let table = RecordBatch::try_new(self.bound.outputs[0].schema.arrow.clone(), columns);
            Ok(SampleOutput { tables: vec![table.map_err(SampleError::internal)?], notes: solved.notes })
        })
    }
}
