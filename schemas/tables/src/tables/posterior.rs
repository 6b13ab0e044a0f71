//! **posterior**: draws of parameters, given features.
//!
//! | column | type | unit | meaning |
//! |---|---|---|---|
//! | channel, epoch | Utf8, Int32 | | of the features |
//! | draw | Int32 | | number of the draw, from 0; the values of one draw belong together |
//! | target, unit | Utf8 | | parameter, or quantity that follows from parameters, and its unit |
//! | value | Float64 | `unit` | drawn value |
//! | log_density | Float64, null | | natural logarithm of the density of the whole draw; null where the model knows none |
//!
//! Key: sample, channel, epoch, draw, target.

use std::sync::Arc;

use arrow_array::{Float64Array, Int32Array, RecordBatch, StringArray};
use arrow_schema::DataType;

use super::TableError;
use crate::schema::{Column, TableSchema};

pub const TABLE: &str = "posterior";

/// The draws for one row of features.
#[derive(Debug, Clone, PartialEq)]
pub struct RowDraws<'a> {
    pub channel: &'a str,
    pub epoch: i32,
    /// Draw by draw, a value for each target.
    pub values: Vec<f64>,
    /// One per draw; NaN where it is not known.
    pub log_density: Vec<f64>,
}

pub fn schema() -> TableSchema {
    TableSchema::new(
        TABLE,
        &["channel", "epoch", "draw", "target"],
        [
            Column::new("channel", DataType::Utf8, "channel of the features"),
            Column::new("epoch", DataType::Int32, "epoch of the features"),
            Column::new("draw", DataType::Int32, "number of the draw"),
            Column::new("target", DataType::Utf8, "parameter"),
            Column::new("unit", DataType::Utf8, "unit of the value"),
            Column::new("value", DataType::Float64, "drawn value"),
            Column::new("log_density", DataType::Float64, "natural logarithm of the density of the draw").nullable(),
        ],
    )
}

/// Draws of targets with these names and units.
pub fn write(rows: &[RowDraws<'_>], targets: &[(&str, &str)]) -> Result<RecordBatch, TableError> {
    let draws = || rows.iter().flat_map(|row| (0..row.log_density.len()).map(move |draw| (row, draw)));
    let each = |count: usize| move |(row, draw)| std::iter::repeat_n((row, draw), count);
    let all = || draws().flat_map(each(targets.len()));
    let names = draws().flat_map(|_| targets.iter());
    let log_density =
        |(row, draw): (&RowDraws<'_>, usize)| Some(row.log_density[draw]).filter(|density| !density.is_nan());
    Ok(RecordBatch::try_new(
        schema().arrow,
        vec![
            Arc::new(StringArray::from(all().map(|(row, _)| row.channel).collect::<Vec<_>>())),
            Arc::new(Int32Array::from_iter_values(all().map(|(row, _)| row.epoch))),
            Arc::new(Int32Array::from_iter_values(all().map(|(_, draw)| i32::try_from(draw).unwrap_or(i32::MAX)))),
            Arc::new(StringArray::from(names.clone().map(|(name, _)| *name).collect::<Vec<_>>())),
            Arc::new(StringArray::from(names.map(|(_, unit)| *unit).collect::<Vec<_>>())),
            Arc::new(Float64Array::from_iter_values(rows.iter().flat_map(|row| row.values.iter().copied()))),
            Arc::new(Float64Array::from_iter(all().map(log_density))),
        ],
    )?)
}
