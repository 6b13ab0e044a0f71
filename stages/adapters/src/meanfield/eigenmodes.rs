//! `meanfield.eigenmodes`: the modes in which a network answers, followed over frequency
//! ([`lapicque_meanfield::network::modes()`]).
//!
//! | column | unit | meaning |
//! |---|---|---|
//! | mode | | the same number at all frequencies |
//! | frequency_hz | Hz | as configured, in growing order |
//! | re, im | | eigenvalue; one at 1 is an oscillation that does not decay |
//!
//! The second output, `vectors`, has the eigenvectors, which the three matrices have in common: for each mode, frequency and
//! population `right_re`, `right_im` (length 1; how the populations take part) and `left_re`, `left_im` (scaled so that the
//! product with the right one is 1; how they drive the mode).

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
use super::stage::{Rows, integers, numbers, stage, texts};
use super::theory::{Delays, Method, PORTS};
use crate::kind_config::{SimpleKind, read, schema_of};

const REVISION: u32 = 2;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "meanfield.eigenmodes",
    summary: "Compute eigenvalues and eigenvectors of the effective connectivity, mode by mode",
    ports: PORTS,
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

fn outputs() -> Vec<Output> {
    let number = |name: &str, description: &str| Column::new(name, DataType::Float64, description);
    let mode = || Column::new("mode", DataType::Int64, "number of the mode, the same at all frequencies");
    let frequency = || number("frequency_hz", "frequency").unit("Hz");
    let values = TableSchema::new(
        "table",
        &["mode", "frequency_hz"],
        [
            mode(),
            frequency(),
            number("re", "real part of the eigenvalue"),
            number("im", "imaginary part of the eigenvalue"),
        ],
    );
    let vectors = TableSchema::new(
        "table",
        &["mode", "frequency_hz", "population"],
        [
            mode(),
            frequency(),
            Column::new("population", DataType::Utf8, "name in the network file"),
            number("right_re", "real part of the right eigenvector"),
            number("right_im", "imaginary part of the right eigenvector"),
            number("left_re", "real part of the left eigenvector"),
            number("left_im", "imaginary part of the left eigenvector"),
        ],
    );
    vec![Output::new("eigenmodes", values), Output::new("vectors", vectors)]
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
    let bound = response.bound(REVISION, request, &own, outputs(), notes)?;
    Ok(stage(bound, move |table, _| rows(&response, config.of, table)))
}

fn rows(response: &Response, of: Matrix, table: Option<&RecordBatch>) -> Result<Rows, SampleError> {
    let of = match of {
        Matrix::EffectiveConnectivity => SpectrumOf::EffectiveConnectivity,
        Matrix::Propagator => SpectrumOf::Propagator,
        Matrix::InversePropagator => SpectrumOf::InversePropagator,
    };
    let (solved, effective) = response.effective_connectivity(table)?;
    let found = modes(&effective).map_err(SampleError::input)?;
    // Frequencies x modes, told mode by mode.
    let eigenvalues = found.eigenvalues(of, &solved.parameters).map_err(SampleError::input)?;
    let (frequencies, modes) = eigenvalues.shape();
    let number = |repeated: usize| integers((0..modes as i64).flat_map(|mode| std::iter::repeat_n(mode, repeated)));
    let values = vec![
        number(frequencies),
        response.frequencies(modes),
        numbers(eigenvalues.iter().map(|value| value.re)),
        numbers(eigenvalues.iter().map(|value| value.im)),
    ];
    let populations = &solved.parameters.populations;
    let n = populations.len();
    // One eigenvector after the other: a column of `right`, a row of `left`.
    let each = || (0..modes).flat_map(|mode| found.at.iter().flat_map(move |at| (0..n).map(move |i| (at, mode, i))));
    let vectors = vec![
        number(frequencies * n),
        numbers(
            (0..modes).flat_map(|_| response.frequencies_hz.iter().flat_map(|&hertz| std::iter::repeat_n(hertz, n))),
        ),
        texts(each().map(|(_, _, i)| &populations[i].name)),
        numbers(each().map(|(at, mode, i)| at.right[(i, mode)].re)),
        numbers(each().map(|(at, mode, i)| at.right[(i, mode)].im)),
        numbers(each().map(|(at, mode, i)| at.left[(mode, i)].re)),
        numbers(each().map(|(at, mode, i)| at.left[(mode, i)].im)),
    ];
    Ok(Rows { tables: vec![values, vectors], notes: solved.notes })
}
