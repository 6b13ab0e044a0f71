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
//! | cv | | with `cv: true`: coefficient of variation of the intervals between spikes |

use std::collections::BTreeMap;

use arrow_schema::DataType;
use lapicque_meanfield::network::{Parameters, Population};
use lapicque_meanfield::neuron::{Input, Synapses, coefficient_of_variation};
use lapicque_pipeline::{BindRequest, ConfigError, Output, SampleError, Stage};
use lapicque_schemas::{Column, TableSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::stage::{Rows, integers, numbers, stage, texts};
use super::theory::{MV, Method, PORTS, Solved, Theory};
use crate::kind_config::{SimpleKind, problem, read, schema_of};

const REVISION: u32 = 2;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "meanfield.working_point",
    summary: "Compute the stationary rates of a network by mean-field theory",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// A shipped network (such as potjans_diesmann), a network file, or network parameters of NNMT.
    network: String,
    /// Theory of the stationary rate: shift, taylor or delta (default shift; delta where synapses have no time constant).
    #[serde(default)]
    method: Method,
    /// Whether to tell the variability of intervals as well (default false).
    #[serde(default)]
    cv: bool,
    /// Values of the network other than its own, by short name or path, e.g. `J_ext: 29.89 pA`.
    #[serde(default)]
    parameters: BTreeMap<String, Value>,
}

fn schema(cv: bool) -> TableSchema {
    let number = |name: &str, description: &str| Column::new(name, DataType::Float64, description);
    let cv = cv.then(|| number("cv", "coefficient of variation of the intervals between spikes"));
    let columns = [
        Column::new("population", DataType::Utf8, "name in the network file"),
        number("rate_hz", "stationary rate per neuron").unit("Hz"),
        number("mean_input_mV", "mean of the input").unit("mV"),
        number("sd_input_mV", "standard deviation of the white noise of the input").unit("mV"),
        number("residual_hz", "how far the rates are from those that they cause").unit("Hz"),
        number("growth", "largest real part of the eigenvalues of the map of rates; stable below 1"),
        Column::new("stable", DataType::Int64, "1 if rates return to this point, else 0"),
    ];
    TableSchema::new("table", &["population"], columns.into_iter().chain(cv))
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let mut notes = Vec::new();
    let theory = Theory::bind(request, &config.network, &config.parameters, config.method, None, &mut notes)?;
    if config.cv && config.method == Method::Taylor {
        return problem("cv", "the theory `taylor` says nothing on it; take `shift`");
    }
    let own = if config.cv { vec![("cv", json!(true))] } else { Vec::new() };
    let output = Output::new("working_point", schema(config.cv));
    let bound = theory.bound(REVISION, request, &own, vec![output], notes)?;
    Ok(stage(bound, move |table, _| rows(theory.solve(table)?, config.cv)))
}

fn rows(solved: Solved, cv: bool) -> Result<Rows, SampleError> {
    let point = &solved.point;
    let n = point.rates_hz.len();
    let mut columns = vec![
        texts(solved.parameters.populations.iter().map(|population| &population.name)),
        numbers(point.rates_hz.iter().copied()),
        numbers(point.input.iter().map(|input| input.mean_v * MV)),
        numbers(point.input.iter().map(|input| input.sd_v * MV)),
        numbers(vec![point.residual_hz; n]),
        numbers(vec![point.growth; n]),
        integers(vec![i64::from(point.is_stable()); n]),
    ];
    if cv {
        columns.push(numbers(variability(&solved.parameters, &point.input, solved.synapses)?));
    }
    Ok(Rows::of(columns, solved.notes))
}

/// Coefficients of variation of the intervals between spikes, one for each population.
pub(super) fn variability(
    parameters: &Parameters,
    inputs: &[Input],
    synapses: Synapses,
) -> Result<Vec<f64>, SampleError> {
    let of = |(population, &input): (&Population, &Input)| {
        coefficient_of_variation(&population.neuron, input, synapses)
            .map_err(|error| SampleError::input(format!("population `{}`: {error}", population.name)))
    };
    parameters.populations.iter().zip(inputs).map(of).collect()
}
