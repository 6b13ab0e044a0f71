//! **predictions**: parameters inferred from features.
//!
//! | column | type | unit | meaning |
//! |---|---|---|---|
//! | channel, epoch | Utf8, Int32 | | of the features |
//! | target, unit | Utf8 | | predicted parameter and its unit |
//! | mean | Float64 | `unit` | prediction |
//! | sd | Float64, null | `unit` | its standard deviation, where the model has one |
//! | outside_training | Float64 | 1 | fraction of the features beyond their range in training |
//!
//! Key: sample, channel, epoch, target.

use std::sync::Arc;

use arrow_array::{Float64Array, Int32Array, RecordBatch, StringArray};
use arrow_schema::DataType;

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
    pub outside_training: f64,
}

pub fn schema() -> TableSchema {
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
            Column::new(
                "outside_training",
                DataType::Float64,
                "fraction of the features beyond their range in training",
            ),
        ],
    )
}

pub fn write(rows: &[PredictionRow<'_>]) -> Result<RecordBatch, TableError> {
    Ok(RecordBatch::try_new(
        schema().arrow,
        vec![
            Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.channel))),
            Arc::new(Int32Array::from_iter_values(rows.iter().map(|r| r.epoch))),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.target))),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.unit))),
            Arc::new(Float64Array::from_iter_values(rows.iter().map(|r| r.mean))),
            Arc::new(Float64Array::from_iter(rows.iter().map(|r| r.sd))),
            Arc::new(Float64Array::from_iter_values(rows.iter().map(|r| r.outside_training))),
        ],
    )?)
}
