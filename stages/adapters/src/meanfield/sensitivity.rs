//! `meanfield.sensitivity`: which connections make an oscillation
//! ([`lapicque_meanfield::network::sensitivity_of_all_modes`]; Bos, Diesmann & Helias 2016, Eq 7).
//!
//! Each mode is looked at where its eigenvalue comes nearest to 1. There T_ij = d lambda/d ln W_ij adds up to lambda.
//!
//! | column | unit | meaning |
//! |---|---|---|
//! | mode | | number of the mode |
//! | frequency_hz | Hz | where its eigenvalue is nearest to 1 |
//! | eigenvalue_re, eigenvalue_im | | the eigenvalue there |
//! | target, source | | populations of the connection |
//! | re, im | | T_ij |
//! | amplitude | | the part of T_ij towards 1: a stronger connection makes the peak higher |
//! | across | | the part across it: a stronger connection shifts the peak |

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::DataType;
use lapicque_meanfield::network::{modes, sensitivity_of_all_modes};
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

pub(super) struct SensitivityKind;

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

struct SensitivityStage {
    bound: Bound,
    theory: Theory,
    frequencies_hz: Vec<f64>,
    refractory: Refractory,
}

fn schema() -> TableSchema {
    let number = |name: &str, description: &str| Column::new(name, DataType::Float64, description);
    TableSchema::new(
        "table",
        &["mode", "target", "source"],
        [
            Column::new("mode", DataType::Int64, "number of the mode"),
            number("frequency_hz", "where the eigenvalue is nearest to 1").unit("Hz"),
            number("eigenvalue_re", "real part of the eigenvalue there"),
            number("eigenvalue_im", "imaginary part of the eigenvalue there"),
            Column::new("target", DataType::Utf8, "population that receives"),
            Column::new("source", DataType::Utf8, "population that sends"),
            number("re", "real part of the sensitivity"),
            number("im", "imaginary part of the sensitivity"),
            number("amplitude", "part of the sensitivity towards 1"),
            number("across", "part of the sensitivity across that direction"),
        ],
    )
}

impl Kind for SensitivityKind {
    fn name(&self) -> &str {
        "meanfield.sensitivity"
    }

    fn summary(&self) -> &str {
        "Which connections make the oscillations of a network"
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
        let bound = theory.bound(REVISION, request, &own, Output::new("sensitivity", schema()), notes)?;
        Ok(Box::new(SensitivityStage { bound, theory, frequencies_hz, refractory: refractory(config.refractory) }))
    }
}

impl Stage for SensitivityStage {
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
            let found = modes(&effective).and_then(|found| sensitivity_of_all_modes(&found, &effective));
            let found = found.map_err(SampleError::input)?;
            let populations = &solved.parameters.populations;
            let (mut mode, mut targets, mut sources) = (Vec::new(), Vec::new(), Vec::new());
            let mut numbers: [Vec<f64>; 7] = Default::default();
            for of_mode in &found {
                for (i, target) in populations.iter().enumerate() {
                    for (j, source) in populations.iter().enumerate() {
                        mode.push(of_mode.mode as i64);
                        targets.push(target.name.as_str());
                        sources.push(source.name.as_str());
                        let t = of_mode.by_connection[(i, j)];
                        let row = [
                            self.frequencies_hz[of_mode.frequency],
                            of_mode.eigenvalue.re,
                            of_mode.eigenvalue.im,
                            t.re,
                            t.im,
                            of_mode.amplitude[(i, j)],
                            of_mode.across[(i, j)],
                        ];
                        numbers.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
                    }
                }
            }
            let [frequency, eigen_re, eigen_im, re, im, amplitude, across] =
                numbers.map(|values| Arc::new(Float64Array::from(values)) as ArrayRef);
            let columns = vec![
                Arc::new(Int64Array::from(mode)) as ArrayRef,
                frequency,
                eigen_re,
                eigen_im,
                Arc::new(StringArray::from(targets)),
                Arc::new(StringArray::from(sources)),
                re,
                im,
                amplitude,
                across,
            ];
            let table = RecordBatch::try_new(self.bound.outputs[0].schema.arrow.clone(), columns);
            Ok(SampleOutput { tables: vec![table.map_err(SampleError::internal)?], notes: solved.notes })
        })
    }
}
