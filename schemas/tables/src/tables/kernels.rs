//! **kernels**: the signal that follows one presynaptic spike, per pair of populations and channel.
//!
//! | column | type | unit | meaning |
//! |---|---|---|---|
//! | pre, post | Utf8 | | presynaptic and postsynaptic population: columns of their own, so that they cannot be swapped |
//! | channel | Utf8 | | `dipole_z`, `lfp_1000um`, ... |
//! | probe | Utf8 | | `dipole_z` or `lfp` |
//! | contact_z | Float64, null | um | depth of the contact |
//! | unit | Utf8 | | unit of the values |
//! | t0, dt | Float64 | ms | first lag and interval of lags |
//! | values | List(Float64) | see `unit` | per spike of any neuron of `pre`, all its targets in `post` together |
//!
//! Key: pre, post, channel.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::builder::{Float64Builder, ListBuilder};
use arrow_array::cast::AsArray;
use arrow_array::{Array, Float64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field};

use super::columns::{column, floats};
use super::{TableError, float_column, text_column};
use crate::schema::{Column, TableSchema, list_of};

pub const TABLE: &str = "kernels";

#[derive(Debug, Clone, PartialEq)]
pub struct KernelRow {
    pub pre: String,
    pub post: String,
    pub channel: String,
    pub probe: String,
    pub contact_z_um: Option<f64>,
    pub unit: String,
    pub t0_ms: f64,
    pub dt_ms: f64,
    pub values: Vec<f64>,
}

pub fn schema() -> TableSchema {
    TableSchema::new(
        TABLE,
        &["pre", "post", "channel"],
        [
            Column::new("pre", DataType::Utf8, "presynaptic population"),
            Column::new("post", DataType::Utf8, "postsynaptic population"),
            Column::new("channel", DataType::Utf8, "probe and contact"),
            Column::new("probe", DataType::Utf8, "dipole_z or lfp"),
            Column::new("contact_z", DataType::Float64, "depth of the contact").unit("um").nullable(),
            Column::new("unit", DataType::Utf8, "unit of the values"),
            Column::new("t0", DataType::Float64, "first lag").unit("ms"),
            Column::new("dt", DataType::Float64, "interval of lags").unit("ms"),
            Column::new("values", list_of(DataType::Float64), "signal per presynaptic spike"),
        ],
    )
}

pub fn read(batch: &RecordBatch) -> Result<Vec<KernelRow>, TableError> {
    let text = |name| text_column(TABLE, batch, name);
    let (pre, post, channel, probe, unit) =
        (text("pre")?, text("post")?, text("channel")?, text("probe")?, text("unit")?);
    let t0 = float_column(TABLE, batch, "t0")?;
    let dt = float_column(TABLE, batch, "dt")?;
    let contact =
        batch.column_by_name("contact_z").and_then(|c| c.as_primitive_opt::<arrow_array::types::Float64Type>());
    let values = column(TABLE, batch, "values")?;
    let wrong = || TableError::WrongType {
        column: "values".to_owned(),
        expected: "a list of Float64 or Float32",
        found: values.data_type().to_string(),
    };
    let list = values.as_list_opt::<i32>().ok_or_else(wrong)?;
    let items: Cow<'_, [f64]> = floats(list.values()).ok_or_else(wrong)?;
    Ok((0..batch.num_rows())
        .map(|row| KernelRow {
            pre: pre.value(row).to_owned(),
            post: post.value(row).to_owned(),
            channel: channel.value(row).to_owned(),
            probe: probe.value(row).to_owned(),
            contact_z_um: contact.filter(|c| c.is_valid(row)).map(|c| c.value(row)),
            unit: unit.value(row).to_owned(),
            t0_ms: t0[row],
            dt_ms: dt[row],
            values: items[list.value_offsets()[row] as usize..list.value_offsets()[row + 1] as usize].to_vec(),
        })
        .collect())
}

pub fn write(rows: &[KernelRow]) -> Result<RecordBatch, TableError> {
    let text = |of: fn(&KernelRow) -> &str| Arc::new(StringArray::from_iter_values(rows.iter().map(of)));
    let mut values =
        ListBuilder::new(Float64Builder::new()).with_field(Arc::new(Field::new("item", DataType::Float64, false)));
    for row in rows {
        values.values().append_slice(&row.values);
        values.append(true);
    }
    Ok(RecordBatch::try_new(
        schema().arrow,
        vec![
            text(|r| &r.pre),
            text(|r| &r.post),
            text(|r| &r.channel),
            text(|r| &r.probe),
            Arc::new(Float64Array::from_iter(rows.iter().map(|r| r.contact_z_um))),
            text(|r| &r.unit),
            Arc::new(Float64Array::from_iter_values(rows.iter().map(|r| r.t0_ms))),
            Arc::new(Float64Array::from_iter_values(rows.iter().map(|r| r.dt_ms))),
            Arc::new(values.finish()),
        ],
    )?)
}
