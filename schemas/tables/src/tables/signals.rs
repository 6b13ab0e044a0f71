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

use arrow_array::{Float64Array, Int32Array, ListArray, RecordBatch, StringArray};
use arrow_buffer::OffsetBuffer;
use arrow_schema::DataType;

use super::columns::{list_column, narrow_column};
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
    list_column(TABLE, batch, "values")
}

pub fn write(signals: &[Signal<'_>]) -> Result<RecordBatch, TableError> {
    let mut values = Vec::with_capacity(signals.iter().map(|s| s.values.len()).sum());
    signals.iter().for_each(|signal| values.extend_from_slice(&signal.values));
    write_joined(signals, &lengths(signals), values)
}

/// As [`write()`], for signals that are not needed any more: they are let go one after the other, a single one is not copied.
pub fn write_owned(mut signals: Vec<Signal<'static>>) -> Result<RecordBatch, TableError> {
    let lengths = lengths(&signals);
    let take = |signal: &mut Signal<'static>| std::mem::take(&mut signal.values).into_owned();
    let values = match signals.as_mut_slice() {
        [one] => take(one),
        several => {
            let mut values = Vec::with_capacity(lengths.iter().sum());
            several.iter_mut().for_each(|signal| values.extend(take(signal)));
            values
        }
    };
    write_joined(&signals, &lengths, values)
}

fn lengths(signals: &[Signal<'_>]) -> Vec<usize> {
    signals.iter().map(|signal| signal.values.len()).collect()
}

/// The table of these signals, whose own values do not matter: `values` has those of all, one behind the other, so many
/// of each.
pub fn write_joined(signals: &[Signal<'_>], lengths: &[usize], values: Vec<f64>) -> Result<RecordBatch, TableError> {
    let DataType::List(item) = list_of(DataType::Float64) else {
        return Err(TableError::Build("`values` is no list".to_owned()));
    };
    let total: usize = lengths.iter().sum();
    if i32::try_from(total).is_err() {
        return Err(TableError::Build(format!("{total} values in one table; at most {} are allowed", i32::MAX)));
    }
    let offsets = OffsetBuffer::from_lengths(lengths.iter().copied());
    let values = ListArray::try_new(item, offsets, Arc::new(Float64Array::from(values)), None)?;
    Ok(RecordBatch::try_new(
        schema().arrow,
        vec![
            Arc::new(StringArray::from_iter_values(signals.iter().map(|s| &s.channel))),
            Arc::new(Int32Array::from_iter_values(signals.iter().map(|s| s.epoch))),
            Arc::new(Float64Array::from_iter_values(signals.iter().map(|s| s.t0_ms))),
            Arc::new(Float64Array::from_iter_values(signals.iter().map(|s| s.dt_ms))),
            Arc::new(StringArray::from_iter_values(signals.iter().map(|s| &s.unit))),
            Arc::new(values),
        ],
    )?)
}
