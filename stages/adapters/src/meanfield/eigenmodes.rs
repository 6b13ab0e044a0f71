//! `meanfield.eigenmodes`: the modes in which a network answers, followed over frequency
//! ([`lapicque_meanfield::network::modes()`]).
//!
//! | column | unit | meaning |
//! |---|---|---|
//! | mode | | the same number at all frequencies |
//! | frequency_hz | Hz | as configured; modes are followed in this order |
//! | re, im | | eigenvalue; one at 1 is an oscillation that does not decay |

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch};
use arrow_schema::DataType;
use lapicque_meanfield::network::{SpectrumOf, modes};
use lapicque_meanfield::neuron::Refractory;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Kind, Output, Ports, SampleError, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::{Column, TableSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::frequencies::{self, angular};
use super::theory::{Delays, Method, PORTS, Theory};
use super::transfer_function::{RefractoryConfig, refractory};
use crate::kind_config::{read, schema_of};

const REVISION: u32 = 1;

pub(super) struct Eigenmodes;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// A shipped network (such as bos2016), a network file, or network parameters of NNMT.
    network: String,
    /// A list such as `[1 Hz, 10 Hz]`, or `{linspace: [0 Hz, 300 Hz, 301]}`.
    frequencies: Value,
    /// Theory of the stationary rate: shift, taylor or delta (default shift; delta where synapses have no time constant).
    #[serde(default)]
    method: Method,
    /// Delays: none, gaussian, truncated_gaussian or lognormal, with means and s.d. of the network (default: the network's).
    #[serde(default)]
    delays: Option<Delays>,
    /// Eigenvalues of: effective_connectivity, propagator or inverse_propagator (default effective_connectivity).
    #[serde(default)]
    of: Matrix,
    /// corrected or nnmt (default corrected).
    #[serde(default)]
    refractory: RefractoryConfig,
    /// Values of the network other than its own, by short name or path, e.g. `J_ext: 29.89 pA`.
    #[serde(default)]
    parameters: BTreeMap<String, Value>,
}

/// Of which matrix eigenvalues are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Matrix {
    #[default]
    EffectiveConnectivity,
    Propagator,
    InversePropagator,
}

struct ModesStage {
    bound: Bound,
    of: SpectrumOf,
    theory: Theory,
    frequencies_hz: Vec<f64>,
    refractory: Refractory,
}

fn schema() -> TableSchema {
    TableSchema::new(
        "table",
        &["mode", "frequency_hz"],
        [
            Column::new("mode", DataType::Int64, "number of the mode, the same at all frequencies"),
            Column::new("frequency_hz", DataType::Float64, "frequency").unit("Hz"),
            Column::new("re", DataType::Float64, "real part of the eigenvalue"),
            Column::new("im", DataType::Float64, "imaginary part of the eigenvalue"),
        ],
    )
}

impl Kind for Eigenmodes {
    fn name(&self) -> &str {
        "meanfield.eigenmodes"
    }

    fn summary(&self) -> &str {
        "Eigenvalues of the effective connectivity, mode by mode"
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
        let fixed = &config.parameters;
        let theory = Theory::bind(request, &config.network, fixed, config.method, config.delays, &mut notes)?;
        let mut own = vec![("frequencies_hz", json!(frequencies_hz))];
        if config.refractory != RefractoryConfig::default() {
            own.push(("refractory", json!(config.refractory)));
        }
        if config.of != Matrix::default() {
            own.push(("of", json!(config.of)));
        }
        let of = match config.of {
            Matrix::EffectiveConnectivity => SpectrumOf::EffectiveConnectivity,
            Matrix::Propagator => SpectrumOf::Propagator,
            Matrix::InversePropagator => SpectrumOf::InversePropagator,
        };
        let bound = theory.bound(REVISION, request, &own, Output::new("eigenmodes", schema()), notes)?;
        Ok(Box::new(ModesStage { bound, of, theory, frequencies_hz, refractory: refractory(config.refractory) }))
    }
}

impl Stage for ModesStage {
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
            let effective = solved.effective_connectivity(&omegas, self.refractory)?;
            let found = modes(&effective).and_then(|found| found.eigenvalues(self.of, &solved.parameters));
            let eigenvalues = found.map_err(SampleError::input)?;
            let (mut mode, mut frequency, mut re, mut im) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            for number in 0..eigenvalues.ncols() {
                for (row, &hertz) in self.frequencies_hz.iter().enumerate() {
                    mode.push(number as i64);
                    frequency.push(hertz);
                    re.push(eigenvalues[(row, number)].re);
                    im.push(eigenvalues[(row, number)].im);
                }
            }
            let mut columns = vec![Arc::new(Int64Array::from(mode)) as ArrayRef];
            columns.extend([frequency, re, im].map(|values| Arc::new(Float64Array::from(values)) as ArrayRef));
            let table = RecordBatch::try_new(self.bound.outputs[0].schema.arrow.clone(), columns);
            Ok(SampleOutput { tables: vec![table.map_err(SampleError::internal)?], notes: solved.notes })
        })
    }
}
