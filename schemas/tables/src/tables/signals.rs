//! **signals**: the hub. Rates, dipole moments, LFP, EEG, MEG, recordings.
//!
//! | column | type | unit | meaning |
//! |---|---|---|---|
//! | channel | Utf8 | | electrode, probe or population |
//! | epoch | Int32 | | number of the epoch; 0 where there are none |
//! | t0 | Float64 | ms | time of the first value |
//! | dt | Float64 | ms | sampling interval |
//! | unit | Utf8 | | unit of the values |
//! | values | List(Float64 or Float32) | see `unit` | the samples in time |
//!
//! Key: sample, channel, epoch.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::builder::{Float64Builder, ListBuilder};
use arrow_array::cast::AsArray;
use arrow_array::{Float64Array, Int32Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field};

use super::columns::{column, floats, narrow_column};
use super::{TableError, float_column, text_column};
use crate::schema::{Column, TableSchema, list_of};

pub const TABLE: &str = "signals";

/// One signal, borrowing its values from the table where they are `f64`.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal<'a> {
    pub channel: Cow<'a, str>,
    pub epoch: i32,
    pub t0_ms: f64,
    pub dt_ms: f64,
    pub unit: Cow<'a, str>,
    pub values: Cow<'a, [f64]>,
}

/// A signal without its time and unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Series<'a> {
    pub channel: String,
    pub epoch: i32,
    pub values: Cow<'a, [f64]>,
}

pub fn schema() -> TableSchema {
    TableSchema::new(
        TABLE,
        &["channel", "epoch"],
        [
            Column::new("channel", DataType::Utf8, "electrode, probe or population"),
            Column::new("epoch", DataType::Int32, "number of the epoch; 0 where there are none"),
            Column::new("t0", DataType::Float64, "time of the first value").unit("ms"),
            Column::new("dt", DataType::Float64, "sampling interval").unit("ms"),
            Column::new("unit", DataType::Utf8, "unit of the values"),
            Column::new("values", list_of(DataType::Float64), "the samples in time"),
        ],
    )
}

pub fn read(batch: &RecordBatch) -> Result<Vec<Signal<'_>>, TableError> {
    let channel = text_column(TABLE, batch, "channel")?;
    let epoch: Vec<i32> = narrow_column(TABLE, batch, "epoch")?;
    let t0 = float_column(TABLE, batch, "t0")?;
    let dt = float_column(TABLE, batch, "dt")?;
    let unit = text_column(TABLE, batch, "unit")?;
    let values = values_of(batch)?;
    let mut signals = Vec::with_capacity(batch.num_rows());
    for (row, values) in values.into_iter().enumerate() {
        signals.push(Signal {
            channel: Cow::Owned(channel.value(row).to_owned()),
            epoch: epoch[row],
            t0_ms: t0[row],
            dt_ms: dt[row],
            unit: Cow::Owned(unit.value(row).to_owned()),
            values,
        });
    }
    Ok(signals)
}

/// The values of signals, for stages that read neither times nor units.
pub fn read_series(batch: &RecordBatch) -> Result<Vec<Series<'_>>, TableError> {
    let channel = text_column(TABLE, batch, "channel")?;
    let epoch: Vec<i32> = narrow_column(TABLE, batch, "epoch")?;
    let series = values_of(batch)?.into_iter().enumerate().map(|(row, values)| Series {
        channel: channel.value(row).to_owned(),
        epoch: epoch[row],
        values,
    });
    Ok(series.collect())
}

fn values_of(batch: &RecordBatch) -> Result<Vec<Cow<'_, [f64]>>, TableError> {
    let values = column(TABLE, batch, "values")?;
    let wrong = || TableError::WrongType {
        column: "values".to_owned(),
        expected: "a list of Float64 or Float32",
        found: values.data_type().to_string(),
    };
    let list = values.as_list_opt::<i32>().ok_or_else(wrong)?;
    let items = floats(list.values()).ok_or_else(wrong)?;
    let ranges = list.value_offsets().windows(2).map(|ends| ends[0] as usize..ends[1] as usize);
    let rows = ranges.map(|range| match &items {
        Cow::Borrowed(items) => Cow::Borrowed(&items[range]),
        Cow::Owned(items) => Cow::Owned(items[range].to_vec()),
    });
    Ok(rows.collect())
}

pub fn write(signals: &[Signal<'_>]) -> Result<RecordBatch, TableError> {
    let total = signals.iter().map(|s| s.values.len()).sum();
    let mut values = ListBuilder::with_capacity(Float64Builder::with_capacity(total), signals.len())
        .with_field(Arc::new(Field::new("item", DataType::Float64, false)));
    for signal in signals {
        values.values().append_slice(&signal.values);
        values.append(true);
    }
    Ok(RecordBatch::try_new(
        schema().arrow,
        vec![
            Arc::new(StringArray::from_iter_values(signals.iter().map(|s| &s.channel))),
            Arc::new(Int32Array::from_iter_values(signals.iter().map(|s| s.epoch))),
            Arc::new(Float64Array::from_iter_values(signals.iter().map(|s| s.t0_ms))),
            Arc::new(Float64Array::from_iter_values(signals.iter().map(|s| s.dt_ms))),
            Arc::new(StringArray::from_iter_values(signals.iter().map(|s| &s.unit))),
            Arc::new(values.finish()),
        ],
    )?)
}
