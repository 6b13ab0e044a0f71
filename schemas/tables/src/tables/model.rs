//! **model**: a trained inverse model as one JSON document: readable, nothing executable.
//!
//! | column | type | meaning |
//! |---|---|---|
//! | document | Utf8 | the model |

use std::sync::Arc;

use arrow_array::{RecordBatch, StringArray};
use arrow_schema::DataType;

use super::{TableError, text_column};
use crate::schema::{Column, TableSchema};

pub const TABLE: &str = "model";

pub fn schema() -> TableSchema {
    TableSchema::new(TABLE, &[], [Column::new("document", DataType::Utf8, "the model as JSON")])
}

pub fn write(document: &str) -> Result<RecordBatch, TableError> {
    Ok(RecordBatch::try_new(schema().arrow, vec![Arc::new(StringArray::from_iter_values([document]))])?)
}

/// The documents of the table; a trained model has one.
pub fn read(batch: &RecordBatch) -> Result<Vec<String>, TableError> {
    let document = text_column(TABLE, batch, "document")?;
    Ok((0..batch.num_rows()).map(|row| document.value(row).to_owned()).collect())
}
