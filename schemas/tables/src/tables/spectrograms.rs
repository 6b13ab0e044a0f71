//! **spectrograms**: power over frequency and time, a row per segment of a signal.
//!
//! | column | type | unit | meaning |
//! |---|---|---|---|
//! | channel, epoch | Utf8, Int32 | | of the signal |
//! | time_s | Float64 | s | the middle of the segment, on the clock of `t0` of the signals |
//! | unit | Utf8 | | unit of `power`, e.g. `uV^2/Hz` |
//! | frequencies_hz | List(Float64) | Hz | where the power is known, rising |
//! | power | List(Float64) | see `unit` | at each of `frequencies_hz`; as many |
//!
//! Key: sample, channel, epoch, time_s.

use std::sync::Arc;

use arrow_array::{Float64Array, Int32Array, ListArray, RecordBatch, StringArray};
use arrow_buffer::OffsetBuffer;
use arrow_schema::DataType;

use super::TableError;
use crate::schema::{Column, TableSchema, list_of};

pub const TABLE: &str = "spectrograms";

/// The segments of one signal, in time.
#[derive(Debug, Clone, PartialEq)]
pub struct Spectrogram {
    pub channel: String,
    pub epoch: i32,
    /// Of `power`.
    pub unit: String,
    pub frequencies_hz: Vec<f64>,
    /// The middle of each segment, and its power at each frequency.
    pub segments: Vec<(f64, Vec<f64>)>,
}

pub fn schema() -> TableSchema {
    TableSchema::new(
        TABLE,
        &["channel", "epoch", "time_s"],
        [
            Column::new("channel", DataType::Utf8, "channel of the signal"),
            Column::new("epoch", DataType::Int32, "epoch of the signal"),
            Column::new("time_s", DataType::Float64, "the middle of the segment, on the clock of the signals")
                .unit("s"),
            Column::new("unit", DataType::Utf8, "unit of the power"),
            Column::new("frequencies_hz", list_of(DataType::Float64), "where the power is known, rising").unit("Hz"),
            Column::new("power", list_of(DataType::Float64), "at each of the frequencies"),
        ],
    )
}

pub fn write(spectrograms: &[Spectrogram]) -> Result<RecordBatch, TableError> {
    let rows: Vec<(&Spectrogram, f64, &[f64])> = spectrograms
        .iter()
        .flat_map(|all| all.segments.iter().map(move |(time_s, power)| (all, *time_s, power.as_slice())))
        .collect();
    if let Some((row, (all, _, power))) =
        rows.iter().enumerate().find(|(_, (all, _, power))| power.len() != all.frequencies_hz.len())
    {
        return Err(TableError::Lengths {
            row: row + 1,
            columns: ("frequencies_hz", "power"),
            lengths: (all.frequencies_hz.len(), power.len()),
        });
    }
    let channels: Vec<&str> = rows.iter().map(|(all, ..)| all.channel.as_str()).collect();
    let units: Vec<&str> = rows.iter().map(|(all, ..)| all.unit.as_str()).collect();
    let frequencies: Vec<&[f64]> = rows.iter().map(|(all, ..)| all.frequencies_hz.as_slice()).collect();
    let powers: Vec<&[f64]> = rows.iter().map(|(.., power)| *power).collect();
    Ok(RecordBatch::try_new(
        schema().arrow,
        vec![
            Arc::new(StringArray::from(channels)),
            Arc::new(Int32Array::from_iter_values(rows.iter().map(|(all, ..)| all.epoch))),
            Arc::new(Float64Array::from_iter_values(rows.iter().map(|(_, time_s, _)| *time_s))),
            Arc::new(StringArray::from(units)),
            Arc::new(lists(&frequencies)?),
            Arc::new(lists(&powers)?),
        ],
    )?)
}

fn lists(rows: &[&[f64]]) -> Result<ListArray, TableError> {
    let DataType::List(item) = list_of(DataType::Float64) else {
        return Err(TableError::Build("`power` is no list".to_owned()));
    };
    let total: usize = rows.iter().map(|row| row.len()).sum();
    if i32::try_from(total).is_err() {
        return Err(TableError::Build(format!("{total} values in one table; at most {} are allowed", i32::MAX)));
    }
    let offsets = OffsetBuffer::from_lengths(rows.iter().map(|row| row.len()));
    Ok(ListArray::try_new(item, offsets, Arc::new(Float64Array::from(rows.concat())), None)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn each_segment_is_a_row_with_a_power_for_each_frequency() {
        let spectrogram = |power: Vec<f64>| Spectrogram {
            channel: "Cz".to_owned(),
            epoch: 2,
            unit: "uV^2/Hz".to_owned(),
            frequencies_hz: vec![0.0, 1.0],
            segments: vec![(0.5, vec![3.0, 4.0]), (1.5, power)],
        };
        let table = write(&[spectrogram(vec![5.0, 6.0])]).unwrap();
        assert_eq!((table.num_rows(), table.schema()), (2, schema().arrow));
        let message = write(&[spectrogram(vec![5.0])]).unwrap_err().to_string();
        assert_eq!(message, "row 2 has 2 values in `frequencies_hz` and 1 in `power`; as many are due");
        assert_eq!(write(&[]).unwrap().num_rows(), 0);
    }
}
