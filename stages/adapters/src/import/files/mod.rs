//! Files of users: whatever their bytes, a table or an error that names the file.

mod arrow;
pub(crate) mod column;
mod parquet;
pub(crate) mod text;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType, SchemaRef};
use lapicque_pipeline::{ConfigError, FileRef};

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

/// Whether a file of this extension holds columns of Arrow types.
pub(crate) fn has_columns(extension: &str) -> bool {
    COLUMNAR.contains(&extension)
}

/// Extensions of such files.
pub(crate) const COLUMNAR: [&str; 3] = ["parquet", "arrow", "feather"];

/// Reads all of a file of columns.
pub(crate) fn read_columns(file: &FileRef, field: &str) -> Result<Chunks, ConfigError> {
    read_rows(file, None).map_err(|message| file_error(field, file, message))
}

/// Reads some rows of a file of columns, by rising numbers from 0; all where none are given.
pub(crate) fn read_rows(file: &FileRef, rows: Option<&[u64]>) -> Result<Chunks, String> {
    match file.extension().as_str() {
        "parquet" => parquet::read_rows(file, rows),
        _ => arrow::read_rows(file, rows),
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
