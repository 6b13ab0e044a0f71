//! **held_out**: every prediction of a value that the model of its fold had not seen.
//!
//! | column | type | meaning |
//! |---|---|---|
//! | sample | UInt32 | position; its label on reading |
//! | channel, epoch | Utf8, Int32 | of the features |
//! | target | Utf8 | predicted parameter |
//! | fold, repeat | Int32 | |
//! | true, predicted | Float64 | in the target's unit |

use std::sync::Arc;

use arrow_array::{Float64Array, Int32Array, RecordBatch, StringArray, UInt32Array};
use arrow_schema::DataType;

use super::TableError;
use crate::schema::{Column, TableSchema, sample_column};

pub const TABLE: &str = "held_out";

#[derive(Debug, Clone, PartialEq)]
pub struct HeldOutRow<'a> {
    pub sample: u32,
    pub channel: &'a str,
    pub epoch: i32,
    pub target: &'a str,
    pub fold: i32,
    pub repeat: i32,
    pub truth: f64,
    pub predicted: f64,
}

pub fn schema() -> TableSchema {
    TableSchema::new(
        TABLE,
        &["sample", "channel", "epoch", "target", "fold", "repeat"],
        [
            sample_column(),
            Column::new("channel", DataType::Utf8, "channel of the features"),
            Column::new("epoch", DataType::Int32, "epoch of the features"),
            Column::new("target", DataType::Utf8, "predicted parameter"),
            Column::new("fold", DataType::Int32, "fold that held the sample out"),
            Column::new("repeat", DataType::Int32, "repeat of the splitting"),
            Column::new("true", DataType::Float64, "true value, in the target's unit"),
            Column::new("predicted", DataType::Float64, "predicted value, in the target's unit"),
        ],
    )
}

pub fn write(rows: &[HeldOutRow<'_>]) -> Result<RecordBatch, TableError> {
    Ok(RecordBatch::try_new(
        schema().arrow,
        vec![
            Arc::new(UInt32Array::from_iter_values(rows.iter().map(|r| r.sample))),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.channel))),
            Arc::new(Int32Array::from_iter_values(rows.iter().map(|r| r.epoch))),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.target))),
            Arc::new(Int32Array::from_iter_values(rows.iter().map(|r| r.fold))),
            Arc::new(Int32Array::from_iter_values(rows.iter().map(|r| r.repeat))),
            Arc::new(Float64Array::from_iter_values(rows.iter().map(|r| r.truth))),
            Arc::new(Float64Array::from_iter_values(rows.iter().map(|r| r.predicted))),
        ],
    )?)
}
