//! `meanfield.covariances`: how strongly the spike counts of populations, or of single neurons, covary
//! ([`lapicque_meanfield::network::population_covariances`], [`lapicque_meanfield::network::covariances()`]).
//!
//! A network whose populations all have one neuron is one of single neurons: Layer et al. (2023), Eq 9 and 11. Otherwise
//! covariances are those of mean activities, to the first order in 1/N.
//!
//! | column | unit | meaning |
//! |---|---|---|
//! | population, other | | all pairs, in the order of the network |
//! | effective_weight | | of a synapse from `other` to `population`: additional spikes per spike |
//! | covariance_hz | Hz | of the mean activities: spike counts per neuron in a long time, divided by it |
//! | pair_covariance_hz | Hz | mean over pairs of different neurons; NULL if there are none |
//! | pair_correlation | | that, over the variances of the neurons |
//! | spectral_bound | | largest real part of the eigenvalues of the effective connectivity; stable below 1 |

use std::collections::BTreeMap;

use arrow_schema::DataType;
use lapicque_meanfield::network::{
    LinearError, Order, Parameters, covariances, effective_weights, population_covariances, spectral_bound,
};
use lapicque_pipeline::{BindRequest, ConfigError, Output, SampleError, Stage};
use lapicque_schemas::{Column, TableSchema};
use nalgebra::DMatrix;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::stage::{Rows, known_numbers, numbers, stage, texts};
use super::theory::{Method, PORTS, Solved, Theory};
use super::working_point::variability;
use crate::kind_config::{SimpleKind, problem, read, schema_of};

const REVISION: u32 = 1;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "meanfield.covariances",
    summary: "Compute covariances of spike counts by mean-field theory",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// A shipped network (such as hagen), a network file, or network parameters of NNMT.
    network: String,
    /// Theory of the stationary rate: shift or delta (default shift; delta where synapses have no time constant).
    #[serde(default)]
    method: Method,
    /// Effective weights by mean and variance of the input (quadratic) or by the mean alone (linear; default quadratic).
    #[serde(default)]
    order: OrderConfig,
    /// Values of the network other than its own, by short name or path, e.g. `J_ext: 29.89 pA`.
    #[serde(default)]
    parameters: BTreeMap<String, Value>,
}

/// Which terms of the effective weights are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum OrderConfig {
    #[default]
    Quadratic,
    Linear,
}

fn schema() -> TableSchema {
    let number = |name: &str, description: &str| Column::new(name, DataType::Float64, description);
    TableSchema::new(
        "table",
        &["population", "other"],
        [
            Column::new("population", DataType::Utf8, "name in the network file"),
            Column::new("other", DataType::Utf8, "the other population of the pair"),
            number("effective_weight", "of a synapse from the other one"),
            number("covariance_hz", "covariance of mean spike counts per time").unit("Hz"),
            number("pair_covariance_hz", "mean covariance of different neurons").unit("Hz").nullable(),
            number("pair_correlation", "that over the variances of the neurons").nullable(),
            number("spectral_bound", "largest real part of the eigenvalues of the effective connectivity"),
        ],
    )
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    if config.method == Method::Taylor {
        return problem("method", "`taylor` says nothing on the variability of intervals; `shift` or `delta` is due");
    }
    let mut notes = Vec::new();
    let theory = Theory::bind(request, &config.network, &config.parameters, config.method, None, &mut notes)?;
    let order = match config.order {
        OrderConfig::Quadratic => Order::Quadratic,
        OrderConfig::Linear => Order::Linear,
    };
    let is_default = config.order == OrderConfig::default();
    let own = if is_default { Vec::new() } else { vec![("order", json!(config.order))] };
    let bound = theory.bound(REVISION, request, &own, vec![Output::new("covariances", schema())], notes)?;
    Ok(stage(bound, move |table, _| rows(theory.solve(table)?, order)))
}

fn rows(solved: Solved, order: Order) -> Result<Rows, SampleError> {
    let Solved { parameters, synapses, point, notes } = solved;
    let cv = variability(&parameters, &point.input, synapses)?;
    let weights = effective_weights(&parameters, &point.input, synapses, order).map_err(SampleError::input)?;
    let variances: Vec<f64> = cv.iter().zip(&point.rates_hz).map(|(cv, rate)| cv * cv * rate).collect();
    let found = of_pairs(&parameters, &weights, &point.rates_hz, &cv, &variances).map_err(SampleError::input)?;
    let n = variances.len();
    let names = || parameters.populations.iter().map(|population| &population.name);
    // Row by row: pairs of the first population first.
    let by_rows = |matrix: &DMatrix<f64>| numbers(matrix.transpose().iter().copied());
    let columns = vec![
        texts(names().flat_map(|name| std::iter::repeat_n(name, n))),
        texts((0..n).flat_map(|_| names())),
        by_rows(&weights),
        by_rows(&found.means),
        known_numbers(found.pairs.transpose().iter().copied()),
        known_numbers(found.correlations.transpose().iter().copied()),
        numbers(vec![found.spectral_bound; n * n]),
    ];
    Ok(Rows::of(columns, notes))
}

struct OfPairs {
    /// Of mean activities.
    means: DMatrix<f64>,
    /// Of different neurons.
    pairs: DMatrix<f64>,
    correlations: DMatrix<f64>,
    spectral_bound: f64,
}

fn of_pairs(
    parameters: &Parameters,
    weights: &DMatrix<f64>,
    rates_hz: &[f64],
    cv: &[f64],
    variances: &[f64],
) -> Result<OfPairs, LinearError> {
    let effective = parameters.in_degree.component_mul(weights);
    let sizes: Vec<f64> = parameters.populations.iter().map(|population| population.size as f64).collect();
    let (means, variances) = match sizes.iter().all(|&size| size == 1.0) {
        true => {
            let found = covariances(&effective, rates_hz, cv)?.covariances_hz;
            let variances = found.diagonal().iter().copied().collect();
            (found, variances)
        }
        false => (population_covariances(parameters, weights, rates_hz, cv)?, variances.to_vec()),
    };
    // N of the N^2 pairs within a population are neurons with themselves.
    let pairs = DMatrix::from_fn(sizes.len(), sizes.len(), |i, j| match (i == j, sizes[i]) {
        (false, _) => means[(i, j)],
        (true, 1.0) => f64::NAN,
        (true, size) => (size * means[(i, i)] - variances[i]) / (size - 1.0),
    });
    let correlations =
        DMatrix::from_fn(sizes.len(), sizes.len(), |i, j| pairs[(i, j)] / (variances[i] * variances[j]).sqrt());
    let spectral_bound = spectral_bound(&effective)?;
    Ok(OfPairs { means, pairs, correlations, spectral_bound })
}
