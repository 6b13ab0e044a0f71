//! `meanfield.eigenmodes`: the modes in which a network answers, followed over frequency
//! ([`lapicque_meanfield::network::modes()`]).
//!
//! | column | unit | meaning |
//! |---|---|---|
//! | mode | | the same number at all frequencies |
//! | frequency_hz | Hz | as configured, in growing order |
//! | re, im | | eigenvalue; one at 1 is an oscillation that does not decay |

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use arrow_schema::DataType;
use lapicque_meanfield::network::{SpectrumOf, modes};
use lapicque_pipeline::{BindRequest, ConfigError, Output, SampleError, Stage};
use lapicque_schemas::{Column, TableSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::response::{Fields, RefractoryConfig, Response, yes};
use super::stage::{Rows, TheoryKind, integers, numbers, stage};
use super::theory::{Delays, Method};
use crate::kind_config::{read, schema_of};

const REVISION: u32 = 1;

pub(super) const KIND: TheoryKind = TheoryKind {
    name: "meanfield.eigenmodes",
    summary: "Eigenvalues of the effective connectivity, mode by mode",
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
    /// Eigenvalues of: effective_connectivity, propagator or inverse_propagator (default effective_connectivity).
    #[serde(default)]
    of: Matrix,
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

/// Of which matrix eigenvalues are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Matrix {
    #[default]
    EffectiveConnectivity,
    Propagator,
    InversePropagator,
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
    let response = Response::bind_growing(request, &config.fields(), &mut notes)?;
    let own = if config.of == Matrix::default() { Vec::new() } else { vec![("of", json!(config.of))] };
    let bound = response.bound(REVISION, request, &own, vec![Output::new("eigenmodes", schema())], notes)?;
    Ok(stage(bound, move |table, _| rows(&response, config.of, table)))
}

fn rows(response: &Response, of: Matrix, table: Option<&RecordBatch>) -> Result<Rows, SampleError> {
    let of = match of {
        Matrix::EffectiveConnectivity => SpectrumOf::EffectiveConnectivity,
        Matrix::Propagator => SpectrumOf::Propagator,
        Matrix::InversePropagator => SpectrumOf::InversePropagator,
    };
    let (solved, effective) = response.effective_connectivity(table)?;
    let found = modes(&effective).and_then(|found| found.eigenvalues(of, &solved.parameters));
    // Frequencies x modes, told mode by mode.
    let eigenvalues = found.map_err(SampleError::input)?;
    let (frequencies, modes) = eigenvalues.shape();
    let columns = vec![
        integers((0..modes as i64).flat_map(|mode| std::iter::repeat_n(mode, frequencies))),
        response.frequencies(modes),
        numbers(eigenvalues.iter().map(|value| value.re)),
        numbers(eigenvalues.iter().map(|value| value.im)),
    ];
    Ok(Rows::of(columns, solved.notes))
}
