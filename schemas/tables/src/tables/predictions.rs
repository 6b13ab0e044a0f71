//! **predictions**: parameters inferred from features.
//!
//! | column | type | unit | meaning |
//! |---|---|---|---|
//! | channel, epoch | Utf8, Int32 | | of the features |
//! | target, unit | Utf8 | | predicted parameter and its unit |
//! | mean | Float64 | `unit` | prediction |
//! | sd | Float64, null | `unit` | its standard deviation, where the model has one |
//! | q05, q25, q50, q75, q95 | Float64, null | `unit` | quantiles of the posterior; null for a model that knows a value alone |
//! | map | Float64, null | `unit` | where the posterior is densest; null as well |
//! | outside_training | Float64 | 1 | fraction of the features beyond their range in training |
//!
//! Key: sample, channel, epoch, target.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Schema};

use super::TableError;
use crate::schema::{Column, TableSchema};

pub const TABLE: &str = "predictions";

#[derive(Debug, Clone, PartialEq)]
pub struct PredictionRow<'a> {
    pub channel: &'a str,
    pub epoch: i32,
    pub target: &'a str,
    pub unit: &'a str,
    pub mean: f64,
    pub sd: Option<f64>,
    /// 5, 25, 50, 75 and 95 % quantiles, and the place of the highest density.
    pub posterior: Option<([f64; 5], f64)>,
    pub outside_training: f64,
}

/// Columns of the quantiles.
const QUANTILES: [&str; 5] = ["q05", "q25", "q50", "q75", "q95"];

/// The columns that predictions of every model have.
pub fn of_every_model() -> TableSchema {
    let mut schema = schema();
    let fields = schema
        .arrow
        .fields()
        .iter()
        .filter(|field| *field.name() != "map" && !QUANTILES.contains(&field.name().as_str()));
    schema.arrow = Arc::new(Schema::new(fields.cloned().collect::<Vec<_>>()));
    schema
}

pub fn schema() -> TableSchema {
    let quantile = |(name, percent): (&&str, i32)| {
        let description = format!("{percent} % quantile of the posterior");
        Column::new(name, DataType::Float64, &description).nullable()
    };
    let quantiles = QUANTILES.iter().zip([5, 25, 50, 75, 95]).map(quantile);
    let map = Column::new("map", DataType::Float64, "where the posterior is densest").nullable();
    let outside = "fraction of the features beyond their range in training";
    let outside = Column::new("outside_training", DataType::Float64, outside);
    TableSchema::new(
        TABLE,
        &["channel", "epoch", "target"],
        [
            Column::new("channel", DataType::Utf8, "channel of the features"),
            Column::new("epoch", DataType::Int32, "epoch of the features"),
            Column::new("target", DataType::Utf8, "predicted parameter"),
            Column::new("unit", DataType::Utf8, "unit of the prediction"),
            Column::new("mean", DataType::Float64, "prediction"),
            Column::new("sd", DataType::Float64, "standard deviation of the prediction").nullable(),
        ]
        .into_iter()
        .chain(quantiles)
        .chain([map, outside]),
    )
}

pub fn write(rows: &[PredictionRow<'_>]) -> Result<RecordBatch, TableError> {
    let quantile = |place: usize| rows.iter().map(move |r| r.posterior.map(|(quantiles, _)| quantiles[place]));
    let quantile = |place: usize| Arc::new(Float64Array::from_iter(quantile(place))) as ArrayRef;
    let map = Float64Array::from_iter(rows.iter().map(|r| r.posterior.map(|(_, map)| map)));
    Ok(RecordBatch::try_new(
        schema().arrow,
        vec![
            Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.channel))),
            Arc::new(Int32Array::from_iter_values(rows.iter().map(|r| r.epoch))),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.target))),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.unit))),
            Arc::new(Float64Array::from_iter_values(rows.iter().map(|r| r.mean))),
            Arc::new(Float64Array::from_iter(rows.iter().map(|r| r.sd))),
            quantile(0),
            quantile(1),
            quantile(2),
            quantile(3),
            quantile(4),
            Arc::new(map),
            Arc::new(Float64Array::from_iter_values(rows.iter().map(|r| r.outside_training))),
        ],
    )?)
}
