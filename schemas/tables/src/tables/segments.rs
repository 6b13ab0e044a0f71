//! **segments**: where the compartments of neurons with a form lie.
//!
//! | column | type | unit | meaning |
//! |---|---|---|---|
//! | channel | Utf8 | | name, as of the channel of its current in signals |
//! | neuron | UInt32 | | number of its neuron |
//! | x0_um, y0_um, z0_um | Float64 | um | where it begins |
//! | x1_um, y1_um, z1_um | Float64 | um | where it ends; where it begins for what is one point, as a sphere |
//! | diameter_um | Float64 | um | across |
//!
//! Key: channel.

use std::sync::Arc;

use arrow_array::{Float64Array, RecordBatch, StringArray, UInt32Array};
use arrow_schema::DataType;

use super::columns::narrow_column;
use super::{TableError, float_column, text_column};
use crate::schema::{Column, TableSchema};

pub const TABLE: &str = "segments";

const STARTS: [&str; 3] = ["x0_um", "y0_um", "z0_um"];
const ENDS: [&str; 3] = ["x1_um", "y1_um", "z1_um"];

#[derive(Debug, Clone, PartialEq)]
pub struct SegmentRow {
    pub channel: String,
    pub neuron: u32,
    pub start_um: [f64; 3],
    pub end_um: [f64; 3],
    pub diameter_um: f64,
}

pub fn schema() -> TableSchema {
    let place = |name: &str, what: &str| Column::new(name, DataType::Float64, what).unit("um");
    let starts = STARTS.map(|name| place(name, "where it begins"));
    let ends = ENDS.map(|name| place(name, "where it ends; where it begins for a sphere"));
    let names = [
        Column::new("channel", DataType::Utf8, "name, as of the channel of its current"),
        Column::new("neuron", DataType::UInt32, "number of its neuron"),
    ];
    let columns = names.into_iter().chain(starts).chain(ends);
    TableSchema::new(TABLE, &["channel"], columns.chain([place("diameter_um", "across")]))
}

pub fn read(batch: &RecordBatch) -> Result<Vec<SegmentRow>, TableError> {
    let channel = text_column(TABLE, batch, "channel")?;
    let neuron: Vec<u32> = narrow_column(TABLE, batch, "neuron")?;
    let [x0, y0, z0] = STARTS.map(|name| float_column(TABLE, batch, name));
    let (x0, y0, z0) = (x0?, y0?, z0?);
    let [x1, y1, z1] = ENDS.map(|name| float_column(TABLE, batch, name));
    let (x1, y1, z1) = (x1?, y1?, z1?);
    let diameter = float_column(TABLE, batch, "diameter_um")?;
    Ok((0..batch.num_rows())
        .map(|row| SegmentRow {
            channel: channel.value(row).to_owned(),
            neuron: neuron[row],
            start_um: [x0[row], y0[row], z0[row]],
            end_um: [x1[row], y1[row], z1[row]],
            diameter_um: diameter[row],
        })
        .collect())
}

pub fn write(rows: &[SegmentRow]) -> Result<RecordBatch, TableError> {
    let numbers = |of: &dyn Fn(&SegmentRow) -> f64| Arc::new(Float64Array::from_iter_values(rows.iter().map(of)));
    Ok(RecordBatch::try_new(
        schema().arrow,
        vec![
            Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.channel))),
            Arc::new(UInt32Array::from_iter_values(rows.iter().map(|row| row.neuron))),
            numbers(&|row| row.start_um[0]),
            numbers(&|row| row.start_um[1]),
            numbers(&|row| row.start_um[2]),
            numbers(&|row| row.end_um[0]),
            numbers(&|row| row.end_um[1]),
            numbers(&|row| row.end_um[2]),
            numbers(&|row| row.diameter_um),
        ],
    )?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn segments_come_back() {
        let row = |channel: &str, neuron, x: f64| SegmentRow {
            channel: channel.to_owned(),
            neuron,
            start_um: [x, 1.0, 2.0],
            end_um: [3.0, x, 5.0],
            diameter_um: 0.5 + x,
        };
        let rows = vec![row("m.membrane_current.0", 0, 1.0), row("m.membrane_current.1", 1, -7.5)];
        assert_eq!(read(&write(&rows).unwrap()).unwrap(), rows);
        assert_eq!(read(&write(&[]).unwrap()).unwrap(), []);
    }
}
