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

use arrow_array::RecordBatch;
use arrow_schema::DataType;
use lapicque_meanfield::network::{Search, fixed_points};
use lapicque_pipeline::{BindRequest, ConfigError, Output, SampleError, Stage};
use lapicque_schemas::{Column, TableSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::stage::{Rows, integers, numbers, stage, texts};
use super::theory::{Method, PORTS, Theory, doubts};
use crate::kind_config::{SimpleKind, problem, read, schema_of};

const REVISION: u32 = 2;
const STARTS: u32 = 64;
const MOST_STARTS: u32 = 10_000;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "meanfield.stability",
    summary: "Search for all working points of a network, and tell which are stable",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

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

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    if config.starts > MOST_STARTS {
        return problem("starts", format!("{} starts; at most {MOST_STARTS} are allowed", config.starts));
    }
    let mut notes = Vec::new();
    let theory = Theory::bind(request, &config.network, &config.parameters, config.method, None, &mut notes)?;
    let own = if config.starts == STARTS { Vec::new() } else { vec![("starts", json!(config.starts))] };
    let bound = theory.bound(REVISION, request, &own, vec![Output::new("stability", schema())], notes)?;
    Ok(stage(bound, move |table, _| rows(&theory, config.starts, table)))
}

fn rows(theory: &Theory, starts: u32, table: Option<&RecordBatch>) -> Result<Rows, SampleError> {
    let (parameters, synapses) = theory.terms(theory.network(table)?.network())?;
    let mut found = fixed_points(&parameters, synapses, &Search::default(), starts).map_err(SampleError::input)?;
    let sum = |rates: &[f64]| rates.iter().sum::<f64>();
    found.sort_by(|a, b| sum(&a.rates_hz).total_cmp(&sum(&b.rates_hz)));
    let n = parameters.populations.len();
    let columns = vec![
        integers((0..found.len() as i64).flat_map(|number| std::iter::repeat_n(number, n))),
        texts(found.iter().flat_map(|_| parameters.populations.iter().map(|population| &population.name))),
        numbers(found.iter().flat_map(|point| point.rates_hz.iter().copied())),
        numbers(found.iter().flat_map(|point| std::iter::repeat_n(point.growth, n))),
        integers(found.iter().flat_map(|point| std::iter::repeat_n(i64::from(point.is_stable()), n))),
    ];
    Ok(Rows::of(columns, doubts(&parameters, synapses)))
}
