//! **recordings**: of whom and of what the samples of a study are, a row each.
//!
//! | column | type | unit | meaning |
//! |---|---|---|---|
//! | file | Utf8 | | from the folder of the dataset |
//! | subject | Utf8 | | |
//! | session, task, run, acquisition | Utf8, null | | null: the file does not say |
//! | datatype | Utf8 | | e.g. `eeg` |
//! | group | Utf8, null | | null: not known |
//! | sampling_rate_hz | Float64, null | Hz | null: its channels differ |
//! | channels | Int64 | | how many there are |
//! | duration_s | Float64 | s | of the longest channel |
//! | power_line_frequency_hz | Float64, null | Hz | |
//! | reference | Utf8, null | | of its electrodes |
//! | digest | Utf8 | | of the content of its files |
//! | one per column that the study has of its subjects | Float64 or Utf8, null | | e.g. age |
//!
//! Key: sample.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::DataType;

use super::TableError;
use crate::schema::{Column, TableSchema};

pub const TABLE: &str = "recordings";

/// The columns that every such table has.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordingRow {
    pub file: String,
    pub subject: String,
    pub session: Option<String>,
    pub task: Option<String>,
    pub run: Option<String>,
    pub acquisition: Option<String>,
    pub datatype: String,
    pub group: Option<String>,
    pub sampling_rate_hz: Option<f64>,
    pub channels: u32,
    pub duration_s: f64,
    pub power_line_frequency_hz: Option<f64>,
    pub reference: Option<String>,
    pub digest: String,
}

/// A column that a study has of its subjects.
#[derive(Debug, Clone, PartialEq)]
pub struct Further {
    pub name: String,
    pub values: Values,
}

/// Null where one is missing.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    Numbers(Vec<Option<f64>>),
    Texts(Vec<Option<String>>),
}

impl Values {
    fn data_type(&self) -> DataType {
        match self {
            Self::Numbers(_) => DataType::Float64,
            Self::Texts(_) => DataType::Utf8,
        }
    }

    fn array(&self) -> ArrayRef {
        match self {
            Self::Numbers(values) => Arc::new(Float64Array::from(values.clone())),
            Self::Texts(values) => Arc::new(StringArray::from(values.clone())),
        }
    }
}

/// With these columns behind those that every such table has; theirs are not among them.
pub fn schema(further: &[Further]) -> TableSchema {
    let text = |name: &str, description: &str| Column::new(name, DataType::Utf8, description);
    let mut columns = vec![
        text("file", "from the folder of the dataset"),
        text("subject", "who was recorded"),
        text("session", "null: the file does not say").nullable(),
        text("task", "null: the file does not say").nullable(),
        text("run", "null: the file does not say").nullable(),
        text("acquisition", "null: the file does not say").nullable(),
        text("datatype", "what was recorded, e.g. eeg"),
        text("group", "group of the subject; null: not known").nullable(),
        Column::new("sampling_rate_hz", DataType::Float64, "null: its channels differ").unit("Hz").nullable(),
        Column::new("channels", DataType::Int64, "how many there are"),
        Column::new("duration_s", DataType::Float64, "of the longest channel").unit("s"),
        Column::new("power_line_frequency_hz", DataType::Float64, "of the mains; null: not known")
            .unit("Hz")
            .nullable(),
        text("reference", "of its electrodes; null: not known").nullable(),
        text("digest", "of the content of its files"),
    ];
    columns.extend(further.iter().map(|column| {
        Column::new(&column.name, column.values.data_type(), "as the table of participants has it").nullable()
    }));
    TableSchema::new(TABLE, &[], columns)
}

/// The rows of all recordings; `further` has a value for each.
pub fn write(rows: &[RecordingRow], further: &[Further]) -> Result<RecordBatch, TableError> {
    let text = |of: fn(&RecordingRow) -> &String| Arc::new(StringArray::from_iter_values(rows.iter().map(of)));
    let texts = |of: fn(&RecordingRow) -> Option<&str>| {
        Arc::new(StringArray::from(rows.iter().map(of).collect::<Vec<Option<&str>>>()))
    };
    let mut columns: Vec<ArrayRef> = vec![
        text(|row| &row.file),
        text(|row| &row.subject),
        texts(|row| row.session.as_deref()),
        texts(|row| row.task.as_deref()),
        texts(|row| row.run.as_deref()),
        texts(|row| row.acquisition.as_deref()),
        text(|row| &row.datatype),
        texts(|row| row.group.as_deref()),
        Arc::new(Float64Array::from_iter(rows.iter().map(|row| row.sampling_rate_hz))),
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| i64::from(row.channels)))),
        Arc::new(Float64Array::from_iter_values(rows.iter().map(|row| row.duration_s))),
        Arc::new(Float64Array::from_iter(rows.iter().map(|row| row.power_line_frequency_hz))),
        texts(|row| row.reference.as_deref()),
        text(|row| &row.digest),
    ];
    columns.extend(further.iter().map(|column| column.values.array()));
    Ok(RecordBatch::try_new(schema(further).arrow, columns)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow_array::Array;

    use super::*;

    #[test]
    fn what_is_not_known_is_null() {
        let row = |session: Option<&str>, rate: Option<f64>| RecordingRow {
            file: "sub-01/eeg/sub-01_eeg.edf".to_owned(),
            subject: "01".to_owned(),
            session: session.map(str::to_owned),
            task: None,
            run: None,
            acquisition: None,
            datatype: "eeg".to_owned(),
            group: None,
            sampling_rate_hz: rate,
            channels: 2,
            duration_s: 1.5,
            power_line_frequency_hz: None,
            reference: None,
            digest: "00".to_owned(),
        };
        let age = Further { name: "age".to_owned(), values: Values::Numbers(vec![Some(34.0), None]) };
        let table = write(&[row(None, Some(256.0)), row(Some("1"), None)], &[age]).unwrap();
        let nulls = |name: &str| table.column_by_name(name).unwrap().null_count();
        assert_eq!(["session", "task", "sampling_rate_hz", "age", "file"].map(nulls), [1, 2, 1, 1, 0]);
    }
}
