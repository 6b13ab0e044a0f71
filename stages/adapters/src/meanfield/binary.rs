//! `meanfield.binary`: mean activities of a network of binary units ([`lapicque_meanfield::binary`]; Helias et al. 2014).
//!
//! | column | unit | meaning |
//! |---|---|---|
//! | population | | in the order of the network |
//! | mean_activity | | share of units that are active |
//! | mean_input_mV, sd_input_mV | mV | mean and s.d. of the input |
//! | balanced_threshold_mV | mV | threshold at which a large network has these activities |
//! | residual | | how far the activities are from those that they cause |
//! | growth | | largest real part of the eigenvalues of the map of activities; stable below 1 |
//! | stable | | 1 or 0 |

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use arrow_schema::DataType;
use lapicque_meanfield::binary::{BinaryParameters, balanced_thresholds, binary_working_point};
use lapicque_pipeline::{BindRequest, ConfigError, Output, SampleError, Stage};
use lapicque_schemas::{Column, TableSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::stage::{Rows, integers, numbers, stage, texts};
use super::theory::{MV, PORTS, bound, without_space};
use crate::kind_config::{SimpleKind, problem, read, schema_of};
use crate::network_model::{NetworkModel, open};
use crate::swept::Swept;

const REVISION: u32 = 1;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "meanfield.binary",
    summary: "Compute the mean activities of a network of binary units",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// A network file whose populations are all of the model `binary`.
    network: String,
    /// Activity of all populations from which the network comes to rest (default 0).
    #[serde(default)]
    initial_activity: f64,
    /// Values of the network other than its own, by short name or path, e.g. `connections.E_to_I.weight: 1 mV`.
    #[serde(default)]
    parameters: BTreeMap<String, Value>,
}

fn schema() -> TableSchema {
    let number = |name: &str, description: &str| Column::new(name, DataType::Float64, description);
    TableSchema::new(
        "table",
        &["population"],
        [
            Column::new("population", DataType::Utf8, "name in the network file"),
            number("mean_activity", "share of units that are active"),
            number("mean_input_mV", "mean of the input").unit("mV"),
            number("sd_input_mV", "standard deviation of the input").unit("mV"),
            number("balanced_threshold_mV", "threshold of a large network with these activities").unit("mV"),
            number("residual", "how far the activities are from those that they cause"),
            number("growth", "largest real part of the eigenvalues of the map of activities; stable below 1"),
            Column::new("stable", DataType::Int64, "1 if activities return to this point, else 0"),
        ],
    )
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    if !(0.0..=1.0).contains(&config.initial_activity) {
        return problem("initial_activity", format!("{}: it must be from 0 to 1", config.initial_activity));
    }
    let mut notes = Vec::new();
    let file = open(request, "network", &config.network)?;
    let network = Swept::bind(NetworkModel::new(file), &config.parameters, request, &mut notes)?;
    if let Err(error) = BinaryParameters::from_network(network.base().network()) {
        return problem("network", error);
    }
    notes.extend(without_space(network.base().network()));
    let initial = config.initial_activity;
    let own = if initial == 0.0 { Vec::new() } else { vec![("initial_activity", json!(initial))] };
    let bound = bound(&network, REVISION, request, &own, vec![Output::new("binary", schema())], notes)?;
    Ok(stage(bound, move |table, _| rows(&network, initial, table)))
}

fn rows(network: &Swept<NetworkModel>, initial: f64, table: Option<&RecordBatch>) -> Result<Rows, SampleError> {
    let parameters = BinaryParameters::from_network(network.of_sample(table)?.network()).map_err(SampleError::input)?;
    let n = parameters.populations.len();
    let point = binary_working_point(&parameters, Some(&vec![initial; n])).map_err(SampleError::input)?;
    let thresholds = balanced_thresholds(&parameters, &point.mean_activity).map_err(SampleError::input)?;
    let columns = vec![
        texts(parameters.populations.iter().map(|population| &population.name)),
        numbers(point.mean_activity),
        numbers(point.input.iter().map(|input| input.mean_v * MV)),
        numbers(point.input.iter().map(|input| input.sd_v * MV)),
        numbers(thresholds.into_iter().map(|threshold| threshold * MV)),
        numbers(vec![point.residual; n]),
        numbers(vec![point.growth; n]),
        integers(vec![i64::from(point.growth < 1.0); n]),
    ];
    Ok(Rows::of(columns, Vec::new()))
}
