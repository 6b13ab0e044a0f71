//! Points from a table of a user: the columns of a file, in the types that parameters have.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt64Type};
use arrow_array::{Array, ArrayRef, Float64Array, Int64Array, RecordBatch, UInt64Array};
use arrow_cast::cast;
use arrow_cast::display::array_value_to_string;
use arrow_schema::{DataType, Field};
use lapicque_pipeline::{ConfigError, FileRef};
use lapicque_recording::delimited::{Number, is_missing, number, shortened};
use lapicque_schemas::schema::UNIT;
use lapicque_schemas::tables::parameters::SEED;
use lapicque_units::{Quantity, Unit};
use serde_json::Value;

use super::column::{SAMPLE, check_name, column_of, field, label_column, text_column};
use crate::import::files::column::is_name_of_digits;
use crate::import::files::text::{TextTable, read_text, separator};
use crate::import::files::{as_text, has_columns, read_columns};
use crate::kind_config::problem;

/// Columns of parameters, and `sample` where there is one.
pub(crate) type Columns = Vec<(Field, ArrayRef)>;

/// The columns of a file.
pub(crate) struct TableOfPoints {
    pub(crate) columns: Columns,
    /// Lines of the rows, where the file is text.
    pub(crate) lines: Option<Vec<u64>>,
    pub(crate) notes: Vec<String>,
}

/// What becomes of a parameter without a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It is an error: a point has a value of each parameter.
    Refuse,
    /// It is NaN, and a column that is neither numbers nor names is text; both are told. For tables of which a few columns are read.
    Allow,
}

/// Reads the columns of a table of points; `missing` says of each column what becomes of a value that is not there.
pub(crate) fn file_columns(
    file: &FileRef,
    at_field: &str,
    is_label: &dyn Fn(&str) -> bool,
    missing: &dyn Fn(&str) -> Missing,
) -> Result<TableOfPoints, Vec<ConfigError>> {
    let extension = file.extension();
    if let Some(separator) = separator(&extension) {
        let table = read_text(file, separator, at_field).map_err(|error| vec![error])?;
        return text_columns(table, file, at_field, is_label, missing);
    }
    if has_columns(&extension) {
        let table = read_columns(file, at_field)
            .and_then(|chunks| chunks.join().map_err(|error| ConfigError::at(at_field, error)));
        return parquet_columns(&table.map_err(|error| vec![error])?, file, at_field, missing);
    }
    problem(
        at_field,
        format!("`{}` ends in `.{extension}`; .csv, .tsv, .parquet, .arrow and .feather are read", file.name),
    )
}

/// The labels of samples.
pub(super) fn sample_labels(array: &ArrayRef, field: &str) -> Result<Vec<String>, ConfigError> {
    let text = cast(array, &DataType::Utf8).map_err(|error| ConfigError::at(field, error))?;
    Ok(text.as_string::<i32>().iter().map(|label| label.unwrap_or_default().to_owned()).collect())
}

fn text_columns(
    table: TextTable,
    file: &FileRef,
    at_field: &str,
    is_label: &dyn Fn(&str) -> bool,
    missing: &dyn Fn(&str) -> Missing,
) -> Result<TableOfPoints, Vec<ConfigError>> {
    let mut problems = Vec::new();
    let mut columns = Vec::new();
    let mut notes = table.notes;
    let lines = table.lines;
    for column in table.columns {
        let (name, cells) = (column.name.as_str(), column.cells.as_slice());
        let at = |row: usize| format!("row {}, column `{name}`", lines.get(row).copied().unwrap_or(0));
        let read = if name == SAMPLE {
            distinct(cells, &at).map(|()| text_column(SAMPLE, cells.iter().map(String::as_str)))
        } else if let Err(error) = check_name(name, &at(0)) {
            Err(error)
        } else if is_label(name) {
            Ok(label_column(name, cells))
        } else {
            parameter(name, cells, &at, missing(name), &mut notes)
        };
        match read {
            Ok(column) => columns.push(column),
            // Rows of a file have no path in the configuration.
            Err(error) => {
                problems.push(ConfigError::at(at_field, format!("`{}`: {}: {}", file.name, error.field, error.message)))
            }
        }
    }
    match problems.is_empty() {
        true => Ok(TableOfPoints { columns, lines: Some(lines), notes }),
        false => Err(problems),
    }
}

/// Labels must be there, and differ.
fn distinct(labels: &[String], at: &dyn Fn(usize) -> String) -> Result<(), ConfigError> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for (row, label) in labels.iter().enumerate() {
        if label.is_empty() {
            return Err(ConfigError::at(at(row), "it is empty; every sample has a name"));
        }
        if let Some(first) = seen.insert(label, row) {
            return Err(ConfigError::at(at(row), format!("`{label}` is the sample of {} as well", at(first))));
        }
    }
    Ok(())
}

/// A column that may set a parameter: numbers, quantities, or names of groups.
fn parameter(
    name: &str,
    cells: &[String],
    at: &dyn Fn(usize) -> String,
    missing: Missing,
    notes: &mut Vec<String>,
) -> Result<(Field, ArrayRef), ConfigError> {
    let text = || text_column(name, cells.iter().map(String::as_str));
    let is_number = |cell: &&String| matches!(number(cell), Some(Number::Value(_)));
    let is_quantity = |cell: &&String| cell.parse::<Quantity>().is_ok();
    if name != SEED && cells.iter().any(|cell| is_name_of_digits(cell)) {
        return Ok(text());
    }
    let has_numbers = cells.iter().any(|cell| is_number(&cell) || is_quantity(&cell));
    let first_missing = cells.iter().position(|cell| is_missing(cell));
    let is_of_numbers = has_numbers || name == SEED || cells.iter().all(|cell| is_missing(cell));
    let values = cells.iter().map(|cell| value(cell));
    match (first_missing.filter(|_| is_of_numbers), missing) {
        (Some(row), Missing::Refuse) => {
            let found =
                if cells[row].is_empty() { "it is empty".to_owned() } else { format!("`{}` is no value", cells[row]) };
            let message = format!("{found}; a parameter has a value in every row");
            Err(ConfigError::at(at(row), message))
        }
        (Some(first), Missing::Allow) => {
            let present: Vec<usize> = (0..cells.len()).filter(|&row| !is_missing(&cells[row])).collect();
            let values: Vec<Value> = present.iter().map(|&row| value(&cells[row])).collect();
            match super::column::numbers(&values, &|i| at(present[i])) {
                Ok(found) => {
                    notes.push(format!("{} has no value: it is NaN", at(first)));
                    let mut all = vec![f64::NAN; cells.len()];
                    for (&row, &value) in present.iter().zip(&found.values) {
                        all[row] = value;
                    }
                    Ok((field(name, DataType::Float64, found.unit.as_ref()), Arc::new(Float64Array::from(all))))
                }
                Err(error) => {
                    notes.push(told_as_text(name, &error));
                    Ok(text())
                }
            }
        }
        (None, _) => match (column_of(name, &values.collect::<Vec<_>>(), at), missing) {
            (Err(error), Missing::Allow) if name != SEED => {
                notes.push(told_as_text(name, &error));
                Ok(text())
            }
            (read, _) => read,
        },
    }
}

fn told_as_text(name: &str, error: &ConfigError) -> String {
    format!("the column `{name}` is text ({}: {})", error.field, error.message)
}

/// A cell as a configuration would have it.
fn value(cell: &str) -> Value {
    if let Ok(whole) = cell.parse::<i64>() {
        return whole.into();
    }
    if let Ok(whole) = cell.parse::<u64>() {
        return whole.into();
    }
    match number(cell) {
        Some(Number::Value(number)) if number.is_finite() => number.into(),
        _ => cell.into(),
    }
}

/// Columns as a Parquet file has them, in the types that parameters have.
fn parquet_columns(
    table: &RecordBatch,
    file: &FileRef,
    at_field: &str,
    missing: &dyn Fn(&str) -> Missing,
) -> Result<TableOfPoints, Vec<ConfigError>> {
    let mut problems = Vec::new();
    let mut columns: Columns = Vec::new();
    let mut notes = Vec::new();
    let schema = table.schema();
    for (position, (field, array)) in schema.fields().iter().zip(table.columns()).enumerate() {
        let name = field.name();
        let is_unnamed = position == 0 && (name.is_empty() || name.starts_with("Unnamed: "));
        if name.starts_with("__index_level_") || is_unnamed {
            notes.push(format!("the index `{name}` of a data frame is not read"));
            continue;
        }
        let read = match columns.iter().any(|(known, _)| known.name() == name) {
            true => Err("it is there twice".to_owned()),
            false => parquet_column(field, array, missing(name), &mut notes),
        };
        match read {
            Ok(column) => columns.push(column),
            Err(message) => {
                problems.push(ConfigError::at(at_field, format!("`{}`: column `{name}`: {message}", file.name)));
            }
        }
    }
    if problems.is_empty() { Ok(TableOfPoints { columns, lines: None, notes }) } else { Err(problems) }
}

fn parquet_column(
    found: &Field,
    array: &ArrayRef,
    missing: Missing,
    notes: &mut Vec<String>,
) -> Result<(Field, ArrayRef), String> {
    let name = found.name();
    if name == SAMPLE {
        let text =
            as_text(array).ok_or_else(|| format!("{} values; text or whole numbers are due", array.data_type()))?;
        let text = text.map_err(|error| error.to_string())?;
        let labels: Vec<String> = text.as_string::<i32>().iter().map(|l| l.unwrap_or_default().to_owned()).collect();
        distinct(&labels, &|row| format!("row {}", row + 1))
            .map_err(|error| format!("{}: {}", error.field, error.message))?;
        return Ok((field(SAMPLE, DataType::Utf8, None), text));
    }
    check_name(name, "").map_err(|error| error.message)?;
    if let Some(row) = (0..array.len()).find(|&row| array.is_null(row)) {
        let is_float = array.data_type().is_floating() || array.data_type().is_integer();
        if missing == Missing::Refuse || !is_float || name == SEED {
            return Err(format!("row {} is null; a parameter has a value in every row", row + 1));
        }
        notes.push(format!("row {}, column `{name}` has no value: it is NaN", row + 1));
    }
    let unit = match found.metadata().get(UNIT) {
        Some(unit) => Some(Unit::parse(unit).map_err(|error| error.to_string())?),
        None => None,
    };
    let due = match array.data_type() {
        _ if name == SEED => DataType::UInt64,
        DataType::UInt64 | DataType::Int64 if unit.is_some() => DataType::Float64,
        integer if integer.is_integer() && array.null_count() == 0 => DataType::Int64,
        number if number.is_integer() || number.is_floating() => DataType::Float64,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(_, _) => DataType::Utf8,
        other => return Err(format!("{other} values; numbers and texts are read")),
    };
    let array = match (&due, array.data_type()) {
        // A cast would turn what does not fit into nulls.
        (DataType::UInt64, _) => seeds(array)?,
        (DataType::Int64, DataType::UInt64) => fitting(array)?,
        _ => cast(array, &due).map_err(|error| error.to_string())?,
    };
    let array = match array.as_primitive_opt::<Float64Type>() {
        Some(values) if missing == Missing::Allow => {
            Arc::new(values.iter().map(|value| value.unwrap_or(f64::NAN)).map(Some).collect::<Float64Array>())
        }
        Some(values) => match values.values().iter().position(|v| !v.is_finite()) {
            Some(row) => return Err(format!("{} in row {} is not finite", values.value(row), row + 1)),
            None => array,
        },
        None if array.null_count() > 0 => return Err(format!("{} values do not fit {due}", array.null_count())),
        None => array,
    };
    Ok((field(name, due, unit.as_ref()), array))
}

/// Whole numbers from 0, also where a data frame has them as floats.
fn seeds(array: &ArrayRef) -> Result<ArrayRef, String> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let number = array.data_type();
    if !(number.is_integer() || number.is_floating()) {
        return Err(format!("{number} values; seeds are whole numbers"));
    }
    let refuse = |row: usize| {
        let found = array_value_to_string(array, row).unwrap_or_default();
        format!("row {}: {} is no seed: a whole number from 0 is due", row + 1, shortened(&found))
    };
    if array.data_type().is_floating() {
        let floats = cast(array, &DataType::Float64).map_err(|error| error.to_string())?;
        let floats = floats.as_primitive::<Float64Type>();
        let seed = |(row, &v): (usize, &f64)| {
            let is_whole = v.fract() == 0.0 && (0.0..=EXACT).contains(&v);
            is_whole.then_some(v as u64).ok_or_else(|| refuse(row))
        };
        return Ok(Arc::new(UInt64Array::from(
            floats.values().iter().enumerate().map(seed).collect::<Result<Vec<_>, _>>()?,
        )));
    }
    let seeds = cast(array, &DataType::UInt64).map_err(|error| error.to_string())?;
    match (0..seeds.len()).find(|&row| seeds.is_null(row)) {
        Some(row) => Err(refuse(row)),
        None => Ok(seeds),
    }
}

fn fitting(array: &ArrayRef) -> Result<ArrayRef, String> {
    let fit =
        |(row, &v): (usize, &u64)| i64::try_from(v).map_err(|_| format!("row {}: {v} is above {}", row + 1, i64::MAX));
    let values = array.as_primitive::<UInt64Type>().values();
    let values: Vec<i64> = values.iter().enumerate().map(fit).collect::<Result<_, _>>()?;
    let integers: arrow_array::PrimitiveArray<Int64Type> = Int64Array::from(values);
    Ok(Arc::new(integers))
}
