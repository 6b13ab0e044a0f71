//! **epochs**: the events that epochs of signals lie around.
//!
//! | column | type | unit | meaning |
//! |---|---|---|---|
//! | epoch | Int32 | | number of the epoch, as in the signals |
//! | onset_s | Float64 | s | when its event began, on the clock of the recording |
//! | kind | Utf8 | | what sort of event |
//! | value | Utf8 | | what the file says of it |
//!
//! Key: sample, epoch.

use std::sync::Arc;

use arrow_array::{Float64Array, Int32Array, RecordBatch, StringArray};
use arrow_schema::DataType;

use super::columns::narrow_column;
use super::{TableError, float_column, text_column};
use crate::schema::{Column, TableSchema};

pub const TABLE: &str = "epochs";

/// The event of an epoch.
#[derive(Debug, Clone, PartialEq)]
pub struct EpochEvent {
    pub epoch: i32,
    pub onset_s: f64,
    pub kind: String,
    pub value: String,
}

pub fn schema() -> TableSchema {
    TableSchema::new(
        TABLE,
        &["epoch"],
        [
            Column::new("epoch", DataType::Int32, "number of the epoch, as in the signals"),
            Column::new("onset_s", DataType::Float64, "when its event began, on the clock of the recording").unit("s"),
            Column::new("kind", DataType::Utf8, "what sort of event"),
            Column::new("value", DataType::Utf8, "what the file says of it"),
        ],
    )
}

pub fn write(epochs: &[EpochEvent]) -> Result<RecordBatch, TableError> {
    let text = |of: fn(&EpochEvent) -> &String| Arc::new(StringArray::from_iter_values(epochs.iter().map(of)));
    Ok(RecordBatch::try_new(
        schema().arrow,
        vec![
            Arc::new(Int32Array::from_iter_values(epochs.iter().map(|epoch| epoch.epoch))),
            Arc::new(Float64Array::from_iter_values(epochs.iter().map(|epoch| epoch.onset_s))),
            text(|epoch| &epoch.kind),
            text(|epoch| &epoch.value),
        ],
    )?)
}

pub fn read(batch: &RecordBatch) -> Result<Vec<EpochEvent>, TableError> {
    let epoch: Vec<i32> = narrow_column(TABLE, batch, "epoch")?;
    let onset_s = float_column(TABLE, batch, "onset_s")?;
    let kind = text_column(TABLE, batch, "kind")?;
    let value = text_column(TABLE, batch, "value")?;
    let event = |row: usize| EpochEvent {
        epoch: epoch[row],
        onset_s: onset_s[row],
        kind: kind.value(row).to_owned(),
        value: value.value(row).to_owned(),
    };
    Ok((0..batch.num_rows()).map(event).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn epochs_are_read_as_they_were_written() {
        let epoch = |epoch: i32, value: &str| EpochEvent {
            epoch,
            onset_s: 1.5 * f64::from(epoch),
            kind: "annotation".to_owned(),
            value: value.to_owned(),
        };
        let epochs = [epoch(0, "go"), epoch(3, "")];
        assert_eq!(read(&write(&epochs).unwrap()).unwrap(), epochs);
        assert_eq!(read(&write(&[]).unwrap()).unwrap(), []);
    }
}
