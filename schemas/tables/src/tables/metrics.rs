//! **metrics**: how well held-out values are predicted.
//!
//! | column | type | unit | meaning |
//! |---|---|---|---|
//! | target | Utf8 | | predicted parameter |
//! | repeat, fold | Int32, null | | null: pooled over all held-out predictions |
//! | n | UInt32 | | held-out predictions |
//! | mse, mae, r2 | Float64 | target's unit squared, target's unit, 1 | NaN where undefined |
//! | missing_samples | UInt32 | | samples that training did not get |

use std::sync::Arc;

use arrow_array::{Float64Array, Int32Array, RecordBatch, StringArray, UInt32Array};
use arrow_schema::DataType;

use super::TableError;
use crate::schema::{Column, TableSchema};

pub const TABLE: &str = "metrics";

#[derive(Debug, Clone, PartialEq)]
pub struct MetricsRow {
    pub target: String,
    pub repeat: Option<i32>,
    pub fold: Option<i32>,
    pub n: u32,
    pub mse: f64,
    pub mae: f64,
    pub r2: f64,
    pub missing_samples: u32,
}

pub fn schema() -> TableSchema {
    TableSchema::new(
        TABLE,
        &["target", "repeat", "fold"],
        [
            Column::new("target", DataType::Utf8, "predicted parameter"),
            Column::new("repeat", DataType::Int32, "repeat of the splitting; null: pooled").nullable(),
            Column::new("fold", DataType::Int32, "fold of the repeat; null: pooled").nullable(),
            Column::new("n", DataType::UInt32, "number of held-out predictions"),
            Column::new("mse", DataType::Float64, "mean squared error, in the target's unit squared"),
            Column::new("mae", DataType::Float64, "mean absolute error, in the target's unit"),
            Column::new("r2", DataType::Float64, "coefficient of determination"),
            Column::new("missing_samples", DataType::UInt32, "samples that training did not get"),
        ],
    )
}

pub fn write(rows: &[MetricsRow]) -> Result<RecordBatch, TableError> {
    let number = |of: fn(&MetricsRow) -> f64| Arc::new(Float64Array::from_iter_values(rows.iter().map(of)));
    Ok(RecordBatch::try_new(
        schema().arrow,
        vec![
            Arc::new(StringArray::from_iter_values(rows.iter().map(|r| &r.target))),
            Arc::new(Int32Array::from_iter(rows.iter().map(|r| r.repeat))),
            Arc::new(Int32Array::from_iter(rows.iter().map(|r| r.fold))),
            Arc::new(UInt32Array::from_iter_values(rows.iter().map(|r| r.n))),
            number(|r| r.mse),
            number(|r| r.mae),
            number(|r| r.r2),
            Arc::new(UInt32Array::from_iter_values(rows.iter().map(|r| r.missing_samples))),
        ],
    )?)
}
