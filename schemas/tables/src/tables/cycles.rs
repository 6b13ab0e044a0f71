//! **cycles**: single cycles of a rhythm in a signal.
//!
//! | column | type | unit | meaning |
//! |---|---|---|---|
//! | channel, epoch | Utf8, Int32 | | of the signal |
//! | cycle | Int32 | | number of the cycle in its signal, from 0 |
//! | start_ms, center_ms, end_ms | Float64 | ms | its first extremum, the opposite one and its last, on the clock of `t0` of the signals |
//! | period_ms | Float64 | ms | from start to end |
//! | amplitude | Float64 | see `unit` | from trough to peak |
//! | unit | Utf8 | | unit of the amplitude |
//! | rise_decay_symmetry, peak_trough_symmetry | Float64 | | part of the cycle that rises, and part about its peak |
//! | amplitude_fraction | Float64 | | rank of its amplitude, 0 to 1 |
//! | amplitude_consistency, period_consistency | Float64 | | likeness to its neighbours, 0 to 1; NaN for the first and the last |
//! | monotonicity | Float64 | | part of steps that go the way of their flank |
//! | in_burst | Boolean | | whether it is part of a burst |
//!
//! Key: sample, channel, epoch, cycle.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int32Array, RecordBatch, StringArray};
use arrow_schema::DataType;

use super::TableError;
use crate::schema::{Column, TableSchema};

pub const TABLE: &str = "cycles";

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct CycleRow {
    pub channel: String,
    pub epoch: i32,
    pub cycle: i32,
    pub start_ms: f64,
    pub center_ms: f64,
    pub end_ms: f64,
    pub amplitude: f64,
    /// Of the amplitude.
    pub unit: String,
    pub rise_decay_symmetry: f64,
    pub peak_trough_symmetry: f64,
    pub amplitude_fraction: f64,
    pub amplitude_consistency: f64,
    pub period_consistency: f64,
    pub monotonicity: f64,
    pub in_burst: bool,
}

pub fn schema() -> TableSchema {
    let time = |name, description| Column::new(name, DataType::Float64, description).unit("ms");
    let number = |name, description| Column::new(name, DataType::Float64, description);
    TableSchema::new(
        TABLE,
        &["channel", "epoch", "cycle"],
        [
            Column::new("channel", DataType::Utf8, "channel of the signal"),
            Column::new("epoch", DataType::Int32, "epoch of the signal"),
            Column::new("cycle", DataType::Int32, "number of the cycle in its signal, from 0"),
            time("start_ms", "its first extremum, on the clock of the signals"),
            time("center_ms", "the opposite extremum"),
            time("end_ms", "its last extremum"),
            time("period_ms", "from start to end"),
            number("amplitude", "from trough to peak, mean of both flanks"),
            Column::new("unit", DataType::Utf8, "unit of the amplitude"),
            number("rise_decay_symmetry", "part of the cycle that rises"),
            number("peak_trough_symmetry", "part of the cycle about its peak"),
            number("amplitude_fraction", "rank of its amplitude, 0 to 1"),
            number("amplitude_consistency", "likeness of flanks to their neighbours, 0 to 1"),
            number("period_consistency", "likeness of its period to its neighbours', 0 to 1"),
            number("monotonicity", "part of steps that go the way of their flank"),
            Column::new("in_burst", DataType::Boolean, "whether it is part of a burst"),
        ],
    )
}

pub fn write(rows: &[CycleRow]) -> Result<RecordBatch, TableError> {
    let number =
        |of: fn(&CycleRow) -> f64| -> ArrayRef { Arc::new(Float64Array::from_iter_values(rows.iter().map(of))) };
    let whole = |of: fn(&CycleRow) -> i32| -> ArrayRef { Arc::new(Int32Array::from_iter_values(rows.iter().map(of))) };
    let text =
        |of: fn(&CycleRow) -> &String| -> ArrayRef { Arc::new(StringArray::from_iter_values(rows.iter().map(of))) };
    Ok(RecordBatch::try_new(
        schema().arrow,
        vec![
            text(|row| &row.channel),
            whole(|row| row.epoch),
            whole(|row| row.cycle),
            number(|row| row.start_ms),
            number(|row| row.center_ms),
            number(|row| row.end_ms),
            number(|row| row.end_ms - row.start_ms),
            number(|row| row.amplitude),
            text(|row| &row.unit),
            number(|row| row.rise_decay_symmetry),
            number(|row| row.peak_trough_symmetry),
            number(|row| row.amplitude_fraction),
            number(|row| row.amplitude_consistency),
            number(|row| row.period_consistency),
            number(|row| row.monotonicity),
            Arc::new(BooleanArray::from_iter(rows.iter().map(|row| Some(row.in_burst)))),
        ],
    )?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow_array::cast::AsArray;
    use arrow_array::types::Float64Type;

    use super::*;

    #[test]
    fn a_row_holds_what_was_measured() {
        let row = CycleRow {
            channel: "Oz".to_owned(),
            epoch: 2,
            cycle: 0,
            start_ms: 40.0,
            center_ms: 100.0,
            end_ms: 140.0,
            amplitude: 7.0,
            unit: "uV".to_owned(),
            rise_decay_symmetry: 0.6,
            peak_trough_symmetry: 0.5,
            amplitude_fraction: 1.0,
            amplitude_consistency: f64::NAN,
            period_consistency: f64::NAN,
            monotonicity: 0.9,
            in_burst: true,
        };
        let table = write(&[row]).unwrap();
        assert_eq!(table.schema(), schema().arrow);
        let number = |name: &str| table.column_by_name(name).unwrap().as_primitive::<Float64Type>().value(0);
        assert_eq!((number("period_ms"), number("amplitude")), (100.0, 7.0));
        assert!(number("period_consistency").is_nan());
        assert!(table.column_by_name("in_burst").unwrap().as_boolean().value(0));
        assert_eq!(write(&[]).unwrap().num_rows(), 0);
    }
}
