//! `inverse.support`: how far features lie from those that a model is trained on ([`lapicque_inverse::support`]).

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray};
use arrow_schema::DataType;
use lapicque_inverse::support::{Distance, TrainingSupport};
use lapicque_numerics::random::StreamKey;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, Read, SampleError, SampleOutput,
    Stage, each_sample,
};
use lapicque_schemas::tables::features;
use lapicque_schemas::{Column, TableSchema};
use ndarray::Array2;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::columns::{feature_names, suggestion};
use super::training_rows::numbers;
use crate::kind_config::{SimpleKind, bound, problem, read, schema_of};

const REVISION: u32 = 1;
const PORTS: &[PortSpec] = &[
    PortSpec::new("training", features::TABLE, PortMode::Broadcast, true),
    PortSpec::new("features", features::TABLE, PortMode::Either, true),
];

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "inverse.support",
    summary: "Measure how far features of recordings lie from those of simulations",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// Columns that distances are measured in. Default: those that both tables have.
    features: Option<Vec<String>>,
}

struct SupportStage {
    bound: Bound,
    features: Vec<String>,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let (Some(training), Some(input)) = (request.input("training"), request.input("features")) else {
        return problem("inputs", "the inputs `training` and `features` are due");
    };
    let (of_training, known) = (feature_names(&training.schema), feature_names(&input.schema));
    let common: Vec<String> = of_training.iter().filter(|name| known.contains(name)).cloned().collect();
    let chosen = config.features.clone().unwrap_or_else(|| common.clone());
    if chosen.is_empty() {
        return problem("features", "the tables have no column of numbers in common");
    }
    let unknown = chosen.iter().enumerate().filter(|(_, name)| !common.contains(name)).map(|(i, name)| {
        let message = format!("not both tables have a feature `{name}`{}", suggestion(name, &common));
        ConfigError::at(format!("features.{i}"), message)
    });
    let problems: Vec<ConfigError> = unknown.collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let outputs = vec![Output::new("distances", distances_schema()), Output::new("quantiles", quantiles_schema())];
    let mut bound = bound(REVISION, &config, &Config::default(), request, outputs)?;
    let keys = ["channel", "epoch"].into_iter().filter(|key| input.schema.column(key).is_some()).map(str::to_owned);
    bound.reads = vec![
        Read::columns("training", chosen.iter().cloned()),
        Read::columns("features", keys.chain(chosen.iter().cloned())),
    ];
    let left_out: Vec<&str> = of_training
        .iter()
        .filter(|name| config.features.is_none() && !known.contains(name))
        .map(String::as_str)
        .collect();
    if !left_out.is_empty() {
        bound.notes.push(format!("features of the training that are not here are left out: {}", left_out.join(", ")));
    }
    Ok(Box::new(SupportStage { bound, features: chosen }))
}

fn keys() -> [Column; 2] {
    [
        Column::new("channel", DataType::Utf8, "channel of the features"),
        Column::new("epoch", DataType::Int32, "epoch of the features"),
    ]
}

fn number(name: &str, description: &str) -> Column {
    Column::new(name, DataType::Float64, description)
}

fn distances_schema() -> TableSchema {
    let distances = [
        number("mahalanobis", "distance from the mean of the training rows, in s.d., as their features vary together"),
        number("mahalanobis_quantile", "part of the training rows that are nearer to the mean"),
        number("neighbour", "distance to the nearest training row, in s.d. of single features"),
        number("neighbour_quantile", "part of the training rows that have a nearer neighbour"),
    ];
    TableSchema::new("distances", &["channel", "epoch"], keys().into_iter().chain(distances))
}

fn quantiles_schema() -> TableSchema {
    let of_feature = [
        Column::new("feature", DataType::Utf8, "feature"),
        number("quantile", "part of the training rows with a smaller value"),
    ];
    TableSchema::new("quantiles", &["channel", "epoch", "feature"], keys().into_iter().chain(of_feature))
}

impl Stage for SupportStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        let training = batch.whole("training").ok_or_else(|| SampleError::internal("no input `training`"));
        let support = training.and_then(|table| self.support(table));
        each_sample(batch, |sample, _| {
            if context.is_cancelled() {
                return Err(SampleError::cancelled());
            }
            let (support, dropped) = support.as_ref().map_err(Clone::clone)?;
            let table = batch.table(sample, "features").ok_or_else(|| SampleError::internal("no input `features`"))?;
            self.measure(support, *dropped, table)
        })
    }
}

impl SupportStage {
    /// Of the training rows with all features, and how many others there are.
    fn support(&self, table: &RecordBatch) -> Result<(TrainingSupport, usize), SampleError> {
        let columns = numbers(features::TABLE, table, &self.features)?;
        let whole = |row: &usize| columns.iter().all(|column| column[*row].is_finite());
        let rows: Vec<usize> = (0..table.num_rows()).filter(whole).collect();
        let matrix = Array2::from_shape_fn((rows.len(), columns.len()), |(row, column)| columns[column][rows[row]]);
        // The same rows are kept whatever the seed of the pipeline is.
        let support = TrainingSupport::of(matrix.view(), StreamKey::new(*b"training support"));
        Ok((support.map_err(SampleError::input)?, table.num_rows() - rows.len()))
    }

    fn measure(
        &self,
        support: &TrainingSupport,
        dropped: usize,
        table: &RecordBatch,
    ) -> Result<SampleOutput, SampleError> {
        let columns = numbers(features::TABLE, table, &self.features)?;
        let keys = features::keys(table).map_err(SampleError::input)?;
        let unknown = Distance {
            mahalanobis: f64::NAN,
            mahalanobis_quantile: f64::NAN,
            neighbour: f64::NAN,
            neighbour_quantile: f64::NAN,
            feature_quantiles: vec![f64::NAN; self.features.len()],
        };
        let of_row = |row: usize| {
            let values: Vec<f64> = columns.iter().map(|column| column[row]).collect();
            if values.iter().all(|value| value.is_finite()) { support.distance(&values) } else { unknown.clone() }
        };
        let found: Vec<Distance> = (0..keys.len()).map(of_row).collect();
        let mut notes = Vec::new();
        let outside = found.iter().filter(|d| d.mahalanobis_quantile > 0.99 || d.neighbour_quantile > 0.99).count();
        if outside > 0 {
            notes.push(format!(
                "{outside} of {} rows lie farther from the training set than 99 % of the training rows: what a model says of them extrapolates",
                found.len()
            ));
        }
        if dropped > 0 {
            notes.push(format!("{dropped} training rows lack a feature and are left out"));
        }
        let of =
            |value: fn(&Distance) -> f64| Arc::new(Float64Array::from_iter_values(found.iter().map(value))) as ArrayRef;
        let distances: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from_iter_values(keys.iter().map(|(channel, _)| channel))),
            Arc::new(Int32Array::from_iter_values(keys.iter().map(|(_, epoch)| *epoch))),
            of(|d| d.mahalanobis),
            of(|d| d.mahalanobis_quantile),
            of(|d| d.neighbour),
            of(|d| d.neighbour_quantile),
        ];
        let each = self.features.len();
        let channels = keys.iter().flat_map(|(channel, _)| std::iter::repeat_n(channel.as_str(), each));
        let names = keys.iter().flat_map(|_| self.features.iter().map(String::as_str));
        let quantiles: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(channels.collect::<Vec<_>>())),
            Arc::new(Int32Array::from_iter_values(
                keys.iter().flat_map(|(_, epoch)| std::iter::repeat_n(*epoch, each)),
            )),
            Arc::new(StringArray::from(names.collect::<Vec<_>>())),
            Arc::new(Float64Array::from_iter_values(found.iter().flat_map(|d| d.feature_quantiles.iter().copied()))),
        ];
        let tables = [(distances_schema(), distances), (quantiles_schema(), quantiles)];
        let tables = tables.into_iter().map(|(schema, columns)| RecordBatch::try_new(schema.arrow, columns));
        Ok(SampleOutput { tables: tables.collect::<Result<_, _>>().map_err(SampleError::internal)?, notes })
    }
}
