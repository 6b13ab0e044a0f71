//! **channels**: what the channels of a recording measure, and which are not to be relied on.
//!
//! | column | type | unit | meaning |
//! |---|---|---|---|
//! | channel | Utf8 | | as in the signals |
//! | type | Utf8, null | | e.g. `EEG`, `EOG`, `MEGMAG`; null: not known |
//! | unit | Utf8 | | of the values; empty: not known |
//! | status | Utf8, null | | `good` or `bad`; null: not known |
//! | description | Utf8, null | | what it is, or why it is bad |
//! | sampling_rate_hz | Float64 | Hz | |
//!
//! Key: sample, channel.

use std::sync::Arc;

use arrow_array::{Float64Array, RecordBatch, StringArray};
use arrow_schema::DataType;

use super::TableError;
use crate::schema::{Column, TableSchema};

pub const TABLE: &str = "channels";

#[derive(Debug, Clone, PartialEq)]
pub struct ChannelRow {
    pub channel: String,
    pub kind: Option<String>,
    pub unit: String,
    pub status: Option<String>,
    pub description: Option<String>,
    pub sampling_rate_hz: f64,
}

pub fn schema() -> TableSchema {
    let text = |name: &str, description: &str| Column::new(name, DataType::Utf8, description);
    TableSchema::new(
        TABLE,
        &["channel"],
        [
            text("channel", "as in the signals"),
            text("type", "what it measures, e.g. EEG; null: not known").nullable(),
            text("unit", "of the values; empty: not known"),
            text("status", "good or bad; null: not known").nullable(),
            text("description", "what it is, or why it is bad").nullable(),
            Column::new("sampling_rate_hz", DataType::Float64, "values per second").unit("Hz"),
        ],
    )
}

pub fn write(rows: &[ChannelRow]) -> Result<RecordBatch, TableError> {
    let text = |of: fn(&ChannelRow) -> &String| Arc::new(StringArray::from_iter_values(rows.iter().map(of)));
    let texts = |of: fn(&ChannelRow) -> Option<&str>| {
        Arc::new(StringArray::from(rows.iter().map(of).collect::<Vec<Option<&str>>>()))
    };
    Ok(RecordBatch::try_new(
        schema().arrow,
        vec![
            text(|row| &row.channel),
            texts(|row| row.kind.as_deref()),
            text(|row| &row.unit),
            texts(|row| row.status.as_deref()),
            texts(|row| row.description.as_deref()),
            Arc::new(Float64Array::from_iter_values(rows.iter().map(|row| row.sampling_rate_hz))),
        ],
    )?)
}
