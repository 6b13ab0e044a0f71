//! `meanfield.transfer_function`: how the rate of each population answers a modulation of its mean input
//! ([`lapicque_meanfield::network::transfer_function_matrix`]).
//!
//! | column | unit | meaning |
//! |---|---|---|
//! | population | | in the order of the network |
//! | frequency_hz | Hz | as configured |
//! | re, im | Hz/mV | rate per input; a delay d has the phase -2 pi f d |

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use arrow_schema::DataType;
use lapicque_pipeline::{BindRequest, ConfigError, Output, SampleError, Stage};
use lapicque_schemas::{Column, TableSchema};
use num_complex::Complex64;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::response::{Fields, RefractoryConfig, Response, yes};
use super::stage::{Rows, numbers, stage};
use super::theory::{MV, Method, PORTS, Solved};
use crate::kind_config::{SimpleKind, read, schema_of};

const REVISION: u32 = 2;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "meanfield.transfer_function",
    summary: "Compute the response of each population's rate to modulated input by linear response theory",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

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

impl Config {
    fn fields(&self) -> Fields<'_> {
        Fields {
            network: &self.network,
            parameters: &self.parameters,
            method: self.method,
            delays: None,
            frequencies: &self.frequencies,
            synaptic_filter: self.synaptic_filter,
            refractory: self.refractory,
        }
    }
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let mut notes = Vec::new();
    let response = Response::bind(request, &config.fields(), &mut notes)?;
    let bound = response.bound(REVISION, request, &[], vec![Output::new("transfer_function", schema())], notes)?;
    Ok(stage(bound, move |table, _| rows(&response, table)))
}

fn rows(response: &Response, table: Option<&RecordBatch>) -> Result<Rows, SampleError> {
    let Solved { parameters, synapses, point, notes } = response.theory.solve(table)?;
    // Column by column of the transpose: population by population.
    let transfer = response.transfer_functions(&parameters, &point.input, synapses)?.transpose() / Complex64::from(MV);
    let [names, frequencies] = response.populations_and_frequencies(&parameters);
    let [re, im] = [numbers(transfer.iter().map(|n| n.re)), numbers(transfer.iter().map(|n| n.im))];
    Ok(Rows::of(vec![names, frequencies, re, im], notes))
}
