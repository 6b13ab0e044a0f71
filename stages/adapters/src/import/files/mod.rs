//! Files of users: whatever their bytes, a table or an error that names the file.

pub(crate) mod column;
mod parquet;
pub(crate) mod text;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType, SchemaRef};
use lapicque_pipeline::{ConfigError, FileRef};

pub(crate) use parquet::{read_parquet, read_rows};

/// A table in chunks.
pub(crate) struct Chunks {
    pub(crate) schema: SchemaRef,
    pub(crate) batches: Vec<RecordBatch>,
}

impl Chunks {
    pub(crate) fn join(self) -> Result<RecordBatch, ArrowError> {
        arrow_select::concat::concat_batches(&self.schema, &self.batches)
    }
}

/// A problem of a file that the configuration names at `field`.
pub(super) fn file_error(field: &str, file: &FileRef, message: impl std::fmt::Display) -> ConfigError {
    ConfigError::at(field, format!("`{}`: {message}", file.name))
}

/// A column of texts whatever their layout, or of whole numbers as decimal text; `None` for other types.
pub(crate) fn as_text(array: &ArrayRef) -> Option<Result<ArrayRef, ArrowError>> {
    let is_name = |data_type: &DataType| {
        data_type.is_integer() || matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
    };
    let text = match array.data_type() {
        DataType::Dictionary(_, values) => is_name(values),
        other => is_name(other),
    };
    text.then(|| cast(array, &DataType::Utf8))
}
