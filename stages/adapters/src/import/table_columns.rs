//! The columns of a user's table, in the types that its table has.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, Float64Array, RecordBatch, RecordBatchOptions};
use arrow_cast::cast;
use arrow_cast::display::array_value_to_string;
use arrow_schema::{DataType, Field, Schema};
use lapicque_pipeline::{ConfigError, FileRef};
use lapicque_schemas::content::SEMANTIC_KEYS;
use lapicque_schemas::schema::DESCRIPTION;
use lapicque_schemas::tables::{Further, NAMES, TableSpec, features, spikes};

use super::files::column::{Holds, TextCell, typed};
use super::files::text::{read_text, separator};
use super::files::{as_text, file_error, has_columns, read_columns};

/// A table as its file has it.
pub(super) struct UserTable {
    pub(super) batch: RecordBatch,
    /// Where each row stands in the file, as a person counts.
    pub(super) rows: RowNumbers,
    pub(super) notes: Vec<String>,
}

/// Numbers of rows as a person counts them.
pub(super) enum RowNumbers {
    /// Lines of a text, of which the header is the first.
    Lines(Vec<u64>),
    /// From 1.
    Counted,
}

impl RowNumbers {
    pub(super) fn of(&self, row: usize) -> u64 {
        match self {
            Self::Lines(lines) => lines.get(row).copied().unwrap_or(0),
            Self::Counted => row as u64 + 1,
        }
    }
}

/// Reads a table of this kind; a column that is no feature although the table is one of features is told.
pub(super) fn read_table(file: &FileRef, kind: &str) -> Result<UserTable, ConfigError> {
    match (separator(&file.extension()), file.extension().as_str()) {
        (Some(separator), _) => text_table(file, separator, kind),
        (None, extension) if has_columns(extension) => table_of_columns(file, kind),
        (None, other) => Err(file_error(
            "path",
            file,
            format!("`.{other}` is not read; .parquet, .arrow, .feather, .csv, .tsv and .json are"),
        )),
    }
}

/// What the table says of a column.
fn holds(kind: &str, name: &str) -> Holds {
    let by_type = |field: &Field| match field.data_type() {
        DataType::Utf8 | DataType::Dictionary(_, _) => Holds::Names,
        integer if integer.is_integer() => Holds::Wholes,
        DataType::Float64 if field.is_nullable() => Holds::NumbersOrNull,
        DataType::Float64 => Holds::Numbers,
        _ => Holds::Anything,
    };
    if NAMES.contains(&name) {
        return Holds::Names;
    }
    let Some(table) = TableSpec::of(kind) else {
        return Holds::Anything;
    };
    let further = if table.further == Further::Numbers { Holds::Features } else { Holds::Anything };
    table.schema().and_then(|schema| schema.column(name).map(by_type)).unwrap_or(further)
}

/// Whether metadata of a column is kept.
fn is_kept(key: &str) -> bool {
    SEMANTIC_KEYS.contains(&key) || [DESCRIPTION, features::WITHOUT_VALUES].contains(&key)
}

fn text_table(
    file: &FileRef,
    separator: lapicque_recording::delimited::Separator,
    kind: &str,
) -> Result<UserTable, ConfigError> {
    let table = read_text(file, separator, "path")?;
    let mut notes = table.notes;
    let mut fields = Vec::new();
    let mut arrays = Vec::new();
    for column in table.columns {
        let name = column.name;
        let holds = holds(kind, &name);
        let fail = |message: String| file_error("path", file, format!("column `{name}`, {message}"));
        let (array, first_text) = typed(&column.cells, &table.lines, holds).map_err(fail)?;
        let mut field = Field::new(&name, array.data_type().clone(), array.null_count() > 0);
        if let Some(cell) = first_text {
            field = with_reason(field, &cell, holds, &mut notes);
        }
        fields.push(field);
        arrays.push(array);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(table.lines.len()));
    let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options);
    let batch = batch.map_err(|error| file_error("path", file, error))?;
    Ok(UserTable { batch, rows: RowNumbers::Lines(table.lines), notes })
}

/// Tells of a column that is text, and keeps why for stages that look for a feature.
fn with_reason(field: Field, cell: &TextCell, holds: Holds, notes: &mut Vec<String>) -> Field {
    let reason = format!("`{}` in row {}", cell.text, cell.line);
    let consequence = if holds == Holds::Features { "is no feature" } else { "is not a column of numbers" };
    notes.push(format!("the column `{}` holds text, first {reason}, and {consequence}", field.name()));
    let mut metadata = field.metadata().clone();
    metadata.insert(features::FIRST_TEXT.to_owned(), reason);
    field.with_metadata(metadata)
}

fn table_of_columns(file: &FileRef, kind: &str) -> Result<UserTable, ConfigError> {
    let fail = |message: String| file_error("path", file, message);
    let chunks = read_columns(file, "path")?;
    let mut metadata = chunks.schema.metadata().clone();
    let table = chunks.join().map_err(|error| fail(error.to_string()))?;
    let mut fields = Vec::new();
    let mut arrays = Vec::new();
    let mut notes = Vec::new();
    let mut seen = HashSet::new();
    for (position, (field, array)) in table.schema().fields().iter().zip(table.columns()).enumerate() {
        let name = field.name();
        let is_unnamed = name.is_empty() || name.starts_with("Unnamed: ");
        if name.starts_with("__index_level_") || (position == 0 && is_unnamed && table.num_columns() > 1) {
            notes.push(format!("the index `{name}` of a data frame is not read"));
            continue;
        }
        if !seen.insert(name.clone()) {
            return Err(fail(format!("it has the column `{name}` twice")));
        }
        let holds = holds(kind, name);
        let array = normalised(holds, array).map_err(|message| fail(format!("column `{name}`: {message}")))?;
        let mut of_column = field.metadata().clone();
        of_column.retain(|key, _| is_kept(key));
        // Writers that cannot give metadata to a column give it to the table.
        if kind == spikes::TABLE
            && name == "step"
            && let Some(dt_ms) = metadata.get("dt_ms")
        {
            of_column.entry("dt_ms".to_owned()).or_insert_with(|| dt_ms.clone());
        }
        let mut field = Field::new(name, array.data_type().clone(), array.null_count() > 0).with_metadata(of_column);
        if holds == Holds::Features && !array.data_type().is_floating() {
            let row = (0..array.len()).find(|&row| array.is_valid(row)).unwrap_or(0);
            let text = match array.is_empty() {
                true => String::new(),
                false => array_value_to_string(&array, row).unwrap_or_default(),
            };
            let cell = TextCell { text: lapicque_recording::delimited::shortened(&text), line: row as u64 + 1 };
            field = with_reason(field, &cell, holds, &mut notes);
        }
        fields.push(field);
        arrays.push(array);
    }
    metadata.retain(|key, _| key == features::DEFINITIONS);
    let schema = Arc::new(Schema::new_with_metadata(fields, metadata));
    let options = RecordBatchOptions::new().with_row_count(Some(table.num_rows()));
    let batch = RecordBatch::try_new_with_options(schema, arrays, &options).map_err(|error| fail(error.to_string()))?;
    Ok(UserTable { batch, rows: RowNumbers::Counted, notes })
}

/// A column of a file in the types that tables hold.
fn normalised(holds: Holds, array: &ArrayRef) -> Result<ArrayRef, String> {
    let to = |due: &DataType| cast(array, due).map_err(|error| error.to_string());
    let found = array.data_type();
    match (holds, found) {
        (Holds::Names, _) => {
            let text = as_text(array).ok_or_else(|| format!("{found} values; text or whole numbers are due"))?;
            text.map_err(|error| error.to_string())
        }
        (Holds::Wholes, number) if number.is_floating() => wholes(&to(&DataType::Float64)?),
        (Holds::Features, number) if number.is_integer() || number.is_floating() => {
            // A feature whose values happen to be whole is still a number.
            let narrow = *number == DataType::Float32 || *number == DataType::Float16;
            let array = to(if narrow { &DataType::Float32 } else { &DataType::Float64 })?;
            if array.null_count() == 0 { Ok(array) } else { nan_for_null(&array) }
        }
        (Holds::Numbers, number) if number.is_floating() && array.null_count() > 0 => nan_for_null(array),
        (_, integer) if integer.is_integer() => Ok(array.clone()),
        (_, DataType::Float16) => to(&DataType::Float32),
        (_, DataType::Float32 | DataType::Float64 | DataType::Boolean | DataType::Utf8) => Ok(array.clone()),
        (_, DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(_, _)) => {
            to(&DataType::Utf8).map_err(|_| format!("{found} values; numbers, texts and lists of numbers are read"))
        }
        (_, DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _))
            if item.data_type().is_floating() || item.data_type().is_integer() =>
        {
            // Items of lists cannot be null; a missing number is NaN.
            let nulls = match found {
                DataType::List(_) => array.as_list::<i32>().values().null_count(),
                DataType::LargeList(_) => array.as_list::<i64>().values().null_count(),
                _ => array.as_fixed_size_list().values().null_count(),
            };
            match nulls {
                0 => to(&lapicque_schemas::schema::list_of(DataType::Float64)),
                nulls => Err(format!("{nulls} null values within its lists; write NaN")),
            }
        }
        (_, other) => Err(format!("{other} values; numbers, texts and lists of numbers are read")),
    }
}

/// Floats that are whole, as data frames have them where a value was missing once.
fn wholes(array: &ArrayRef) -> Result<ArrayRef, String> {
    let values = array.as_primitive::<Float64Type>();
    let odd = values.iter().position(|value| value.is_none_or(|value| value.fract() != 0.0));
    match odd {
        Some(row) => {
            let found = array_value_to_string(array, row).unwrap_or_default();
            Err(format!("row {}: `{found}`; a whole number is due", row + 1))
        }
        None => cast(array, &DataType::Int64).map_err(|error| error.to_string()),
    }
}

fn nan_for_null(array: &ArrayRef) -> Result<ArrayRef, String> {
    let floats = cast(array, &DataType::Float64).map_err(|error| error.to_string())?;
    let values = floats.as_primitive::<Float64Type>().iter().map(|value| Some(value.unwrap_or(f64::NAN)));
    cast(&(Arc::new(values.collect::<Float64Array>()) as ArrayRef), array.data_type())
        .map_err(|error| error.to_string())
}
