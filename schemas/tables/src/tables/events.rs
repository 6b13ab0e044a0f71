//! **events**: what happened when in a recording: annotations, stimuli, trials, bad stretches.
//!
//! | column | type | unit | meaning |
//! |---|---|---|---|
//! | onset_s | Float64 | s | when it began, on the clock of `t0` of the signals |
//! | duration_s | Float64, null | s | null: the file does not say |
//! | kind | Utf8 | | what sort of event, e.g. `annotation` |
//! | value | Utf8 | | what the file says of it |
//! | channel | Utf8 | | the channel that it is about; empty: the whole recording |
//!
//! Rows have no key: several events may begin at once. They stand in the order of the file.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, Float64Array, RecordBatch, StringArray};
use arrow_schema::DataType;

use super::{TableError, float_column, text_column};
use crate::schema::{Column, TableSchema};

pub const TABLE: &str = "events";

#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub onset_s: f64,
    pub duration_s: Option<f64>,
    pub kind: String,
    pub value: String,
    pub channel: String,
}

pub fn schema() -> TableSchema {
    TableSchema::new(
        TABLE,
        &[],
        [
            Column::new("onset_s", DataType::Float64, "when it began, on the clock of the signals").unit("s"),
            Column::new("duration_s", DataType::Float64, "how long it lasted; null: the file does not say")
                .unit("s")
                .nullable(),
            Column::new("kind", DataType::Utf8, "what sort of event"),
            Column::new("value", DataType::Utf8, "what the file says of it"),
            Column::new("channel", DataType::Utf8, "the channel that it is about; empty: the whole recording"),
        ],
    )
}

pub fn write(events: &[Event]) -> Result<RecordBatch, TableError> {
    let text = |of: fn(&Event) -> &String| Arc::new(StringArray::from_iter_values(events.iter().map(of)));
    Ok(RecordBatch::try_new(
        schema().arrow,
        vec![
            Arc::new(Float64Array::from_iter_values(events.iter().map(|event| event.onset_s))),
            Arc::new(Float64Array::from_iter(events.iter().map(|event| event.duration_s))),
            text(|event| &event.kind),
            text(|event| &event.value),
            text(|event| &event.channel),
        ],
    )?)
}

pub fn read(batch: &RecordBatch) -> Result<Vec<Event>, TableError> {
    let onset_s = float_column(TABLE, batch, "onset_s")?;
    let duration = batch.column_by_name("duration_s").and_then(|column| column.as_primitive_opt::<Float64Type>());
    let kind = text_column(TABLE, batch, "kind")?;
    let value = text_column(TABLE, batch, "value")?;
    let channel = text_column(TABLE, batch, "channel")?;
    let event = |row: usize| Event {
        onset_s: onset_s[row],
        duration_s: duration.filter(|d| d.is_valid(row)).map(|d| d.value(row)).filter(|d| !d.is_nan()),
        kind: kind.value(row).to_owned(),
        value: value.value(row).to_owned(),
        channel: channel.value(row).to_owned(),
    };
    Ok((0..batch.num_rows()).map(event).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_as_they_were_written() {
        let event = |onset_s: f64, duration_s: Option<f64>, channel: &str| Event {
            onset_s,
            duration_s,
            kind: "annotation".to_owned(),
            value: "eyes closed".to_owned(),
            channel: channel.to_owned(),
        };
        let events = [event(-0.5, None, ""), event(2.0, Some(0.0), "Cz"), event(2.0, Some(30.0), "")];
        let table = write(&events).unwrap();
        assert_eq!(table.column(1).null_count(), 1);
        assert_eq!(read(&table).unwrap(), events);
        assert_eq!(read(&write(&[]).unwrap()).unwrap(), []);
    }
}
