//! `meanfield.power_spectra`: how the rates of populations of finite size fluctuate
//! ([`lapicque_meanfield::network::power_spectra`]).
//!
//! | column | unit | meaning |
//! |---|---|---|
//! | population | | in the order of the network |
//! | frequency_hz | Hz | as configured |
//! | power | Hz^2 | power of the rate, per Hz |

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use arrow_schema::DataType;
use lapicque_meanfield::network::power_spectra;
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

pub(super) struct PowerSpectra;

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
    /// corrected or nnmt (default corrected).
    #[serde(default)]
    refractory: RefractoryConfig,
    /// Values of the network other than its own, by short name or path, e.g. `J_ext: 29.89 pA`.
    #[serde(default)]
    parameters: BTreeMap<String, Value>,
}

struct PowerStage {
    bound: Bound,
    theory: Theory,
    frequencies_hz: Vec<f64>,
    refractory: Refractory,
}

fn schema() -> TableSchema {
    TableSchema::new(
        "table",
        &["population", "frequency_hz"],
        [
            Column::new("population", DataType::Utf8, "name in the network file"),
            Column::new("frequency_hz", DataType::Float64, "frequency").unit("Hz"),
            Column::new("power", DataType::Float64, "power of the population's rate, per Hz").unit("Hz^2"),
        ],
    )
}

impl Kind for PowerSpectra {
    fn name(&self) -> &str {
        "meanfield.power_spectra"
    }

    fn summary(&self) -> &str {
        "Power spectra of population rates, by linear response theory"
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
        let bound = theory.bound(REVISION, request, &own, Output::new("power_spectra", schema()), notes)?;
        Ok(Box::new(PowerStage { bound, theory, frequencies_hz, refractory: refractory(config.refractory) }))
    }
}

impl Stage for PowerStage {
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
            let spectra = power_spectra(&solved.parameters, &solved.point.rates_hz, &effective);
            let spectra = spectra.map_err(SampleError::input)?;
            let (mut names, mut frequency, mut power) = (Vec::new(), Vec::new(), Vec::new());
            for (row, population) in solved.parameters.populations.iter().enumerate() {
                for (of_frequency, &hertz) in spectra.iter().zip(&self.frequencies_hz) {
                    names.push(population.name.as_str());
                    frequency.push(hertz);
                    power.push(of_frequency[row]);
                }
            }
            let mut columns = vec![Arc::new(StringArray::from(names)) as ArrayRef];
            columns.extend([frequency, power].map(|values| Arc::new(Float64Array::from(values)) as ArrayRef));
            let table = RecordBatch::try_new(self.bound.outputs[0].schema.arrow.clone(), columns);
            Ok(SampleOutput { tables: vec![table.map_err(SampleError::internal)?], notes: solved.notes })
        })
    }
}
