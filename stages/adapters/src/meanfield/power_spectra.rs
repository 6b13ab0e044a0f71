//! `meanfield.power_spectra`: how the rates of populations of finite size fluctuate
//! ([`lapicque_meanfield::network::power_spectra`]).
//!
//! | column | unit | meaning |
//! |---|---|---|
//! | population | | in the order of the network |
//! | frequency_hz | Hz | as configured |
//! | power | Hz^2 | power of the rate, per Hz |

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use arrow_schema::DataType;
use lapicque_meanfield::network::power_spectra;
use lapicque_pipeline::{BindRequest, ConfigError, Output, SampleError, Stage};
use lapicque_schemas::{Column, TableSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::response::{Fields, RefractoryConfig, Response, yes};
use super::stage::{Rows, TheoryKind, numbers, stage};
use super::theory::{Delays, Method};
use crate::kind_config::{read, schema_of};

const REVISION: u32 = 2;

pub(super) const KIND: TheoryKind = TheoryKind {
    name: "meanfield.power_spectra",
    summary: "Power spectra of population rates, by linear response theory",
    config_schema: schema_of::<Config>,
    bind,
};

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
    /// Whether modulations are those of synaptic input, not of a current (default true).
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
            Column::new("frequency_hz", DataType::Float64, "frequency").unit("Hz"),
            Column::new("power", DataType::Float64, "power of the population's rate, per Hz").unit("Hz^2"),
        ],
    )
}

impl Config {
    fn fields(&self) -> Fields<'_> {
        Fields {
            network: &self.network,
            parameters: &self.parameters,
            method: self.method,
            delays: self.delays,
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
    let bound = response.bound(REVISION, request, &[], vec![Output::new("power_spectra", schema())], notes)?;
    Ok(stage(bound, move |table, _| rows(&response, table)))
}

fn rows(response: &Response, table: Option<&RecordBatch>) -> Result<Rows, SampleError> {
    let (solved, effective) = response.effective_connectivity(table)?;
    let spectra = power_spectra(&solved.parameters, &solved.point.rates_hz, &effective).map_err(SampleError::input)?;
    let [names, frequencies] = response.populations_and_frequencies(&solved.parameters);
    let rows = 0..solved.parameters.populations.len();
    let power = rows.flat_map(|row| spectra.iter().map(move |of_frequency| of_frequency[row]));
    Ok(Rows::of(vec![names, frequencies, numbers(power)], solved.notes))
}
