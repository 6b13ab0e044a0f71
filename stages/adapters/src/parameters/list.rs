//! `parameters.list`: points as a list, in the pipeline file or in a table.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt64Type};
use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, UInt64Array};
use arrow_schema::{DataType, Field};
use lapicque_pipeline::{BindRequest, ConfigError, FileRef, Kind, Ports, Stage};
use lapicque_schemas::schema::UNIT;
use lapicque_schemas::tables::parameters::SEED;
use lapicque_units::Unit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::column::{Column, SAMPLE, check_name, column_of, field};
use super::points::{MOST_POINTS, Table, source};
use crate::import::files::csv::read_cells;
use crate::import::files::read_parquet;
use crate::kind_config::{problem, read, schema_of};

pub(super) struct List;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Maps of parameters and values, all with the same names; `sample` gives a point its label.
    #[serde(default)]
    #[schemars(with = "Option<Vec<std::collections::BTreeMap<String, Value>>>")]
    rows: Option<Vec<Map<String, Value>>>,
    /// A table of points instead: `.csv`, or `.parquet` with units in the metadata `unit` of its columns.
    #[serde(default)]
    file: Option<String>,
    /// Names of columns that no stage need read.
    #[serde(default)]
    labels: Vec<String>,
}

impl Kind for List {
    fn name(&self) -> &str {
        "parameters.list"
    }

    fn summary(&self) -> &str {
        "Points from a list or a table"
    }

    fn ports(&self) -> Ports {
        Ports::Named(&[])
    }

    fn config_schema(&self) -> Value {
        schema_of::<Config>()
    }

    fn bind(&self, request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        let config: Config = read(request)?;
        let is_label = |name: &str| config.labels.iter().any(|label| label == name);
        let (field, columns) = match (&config.rows, &config.file) {
            (Some(rows), None) => ("rows", rows_columns(rows, &is_label)?),
            (None, Some(file)) => {
                let file = request.open("file", file).map_err(|error| vec![error])?;
                let columns = file_columns(&file, "file", &is_label)?;
                ("file", columns)
            }
            _ => {
                return problem(
                    "rows",
                    "either `rows` or `file` is due, e.g. `rows: [{J_ext: 26 pA}, {J_ext: 32 pA}]`",
                );
            }
        };
        let mut columns = columns;
        let samples = match columns.iter().position(|(f, _)| f.name() == SAMPLE) {
            Some(position) => Some(sample_labels(&columns.remove(position).1, field).map_err(|error| vec![error])?),
            None => None,
        };
        if columns.is_empty() {
            return problem(field, "there is no column of parameters");
        }
        if columns[0].1.len() > MOST_POINTS {
            return problem(field, format!("{} points; at most {MOST_POINTS} are allowed", columns[0].1.len()));
        }
        let columns = columns.into_iter().map(|(field, array)| Column::of_rows(field, array)).collect();
        source(Table { columns, samples, labels: config.labels, field })
    }
}

/// Columns of parameters, and `sample` where there is one.
pub(crate) type Columns = Vec<(Field, ArrayRef)>;

/// The columns of a table of points.
pub(crate) fn file_columns(
    file: &FileRef,
    field: &str,
    is_label: &dyn Fn(&str) -> bool,
) -> Result<Columns, Vec<ConfigError>> {
    match file.extension().as_str() {
        "csv" => csv_columns(read_cells(file, field).map_err(|error| vec![error])?, field, is_label),
        "parquet" => {
            let table = read_parquet(file, field)
                .and_then(|chunks| chunks.join().map_err(|error| ConfigError::at(field, error)));
            parquet_columns(&table.map_err(|error| vec![error])?, field)
        }
        other => problem(field, format!("`{}` ends in `.{other}`; .csv and .parquet are read", file.name)),
    }
}

fn rows_columns(rows: &[Map<String, Value>], is_label: &dyn Fn(&str) -> bool) -> Result<Columns, Vec<ConfigError>> {
    let Some(first) = rows.first() else {
        return problem("rows", "there is no point; at least one is due");
    };
    let mut problems = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        let lacking =
            first.keys().find(|name| !row.contains_key(*name)).map(|name| format!("it has no `{name}`, but row 1 has"));
        let further = row.keys().find(|name| !first.contains_key(*name)).map(|name| format!("row 1 has no `{name}`"));
        problems.extend(lacking.or(further).map(|message| ConfigError::at(format!("rows.{i}"), message)));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut columns = Vec::new();
    for name in first.keys() {
        let values: Vec<Value> = rows.iter().map(|row| row[name].clone()).collect();
        let at = |i: usize| format!("rows.{i}.{name}");
        match named_column(name, is_label(name), &values, &at) {
            Ok(column) => columns.push(column),
            Err(error) => problems.push(error),
        }
    }
    if problems.is_empty() { Ok(columns) } else { Err(problems) }
}

fn csv_columns(
    cells: Vec<(String, Vec<Value>)>,
    at_field: &str,
    is_label: &dyn Fn(&str) -> bool,
) -> Result<Columns, Vec<ConfigError>> {
    let mut problems = Vec::new();
    let mut columns = Vec::new();
    for (name, values) in &cells {
        let column = named_column(name, is_label(name), values, &|i| format!("row {}, column `{name}`", i + 1));
        match column {
            Ok(column) => columns.push(column),
            // Rows of a file have no path in the configuration.
            Err(error) => problems.push(ConfigError::at(at_field, format!("{}: {}", error.field, error.message))),
        }
    }
    if problems.is_empty() { Ok(columns) } else { Err(problems) }
}

fn named_column(
    name: &str,
    is_label: bool,
    values: &[Value],
    at: &dyn Fn(usize) -> String,
) -> Result<(Field, ArrayRef), ConfigError> {
    if name == SAMPLE {
        let text = |(i, value): (usize, &Value)| match value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            other => Err(ConfigError::at(at(i), format!("{other} is no label; text or a number is due"))),
        };
        let labels: Vec<String> = values.iter().enumerate().map(text).collect::<Result<_, _>>()?;
        return Ok((field(SAMPLE, DataType::Utf8, None), Arc::new(arrow_array::StringArray::from(labels))));
    }
    check_name(name, &at(0))?;
    column_of(name, is_label, values, at)
}

/// Columns as a Parquet file has them, in the types that parameters have.
fn parquet_columns(table: &RecordBatch, at_field: &str) -> Result<Columns, Vec<ConfigError>> {
    let mut problems = Vec::new();
    let mut columns = Vec::new();
    let schema = table.schema();
    for (field, array) in schema.fields().iter().zip(table.columns()) {
        match parquet_column(field, array) {
            Ok((found, _)) if columns.iter().any(|(f, _): &(Field, ArrayRef)| f.name() == found.name()) => {
                problems.push(ConfigError::at(at_field, format!("column `{}` is there twice", field.name())));
            }
            Ok(column) => columns.push(column),
            Err(message) => problems.push(ConfigError::at(at_field, format!("column `{}`: {message}", field.name()))),
        }
    }
    if problems.is_empty() { Ok(columns) } else { Err(problems) }
}

fn parquet_column(found: &Field, array: &ArrayRef) -> Result<(Field, ArrayRef), String> {
    let name = found.name();
    if name != SAMPLE {
        check_name(name, "").map_err(|error| error.message)?;
    }
    if array.null_count() > 0 {
        return Err(format!("{} null values; none are allowed", array.null_count()));
    }
    let unit = match found.metadata().get(UNIT) {
        Some(unit) => Some(Unit::parse(unit).map_err(|error| error.to_string())?),
        None => None,
    };
    let due = match array.data_type() {
        _ if name == SEED => DataType::UInt64,
        DataType::UInt64 | DataType::Int64 if unit.is_some() => DataType::Float64,
        integer if integer.is_integer() => DataType::Int64,
        DataType::Float16 | DataType::Float32 | DataType::Float64 => DataType::Float64,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(_, _) => DataType::Utf8,
        other => return Err(format!("{other} values; numbers and texts are read")),
    };
    let array = match (&due, array.data_type()) {
        (DataType::UInt64, found) if !found.is_integer() => {
            return Err(format!("{found} values; seeds are whole numbers"));
        }
        // A cast would turn what does not fit into nulls.
        (DataType::UInt64, DataType::Int64) => seeds(array)?,
        (DataType::Int64, DataType::UInt64) => fitting(array)?,
        _ => arrow_cast::cast(array, &due).map_err(|error| error.to_string())?,
    };
    if array.null_count() > 0 {
        return Err(format!("{} values do not fit {due}", array.null_count()));
    }
    if let Some(values) = array.as_primitive_opt::<Float64Type>()
        && let Some(row) = values.values().iter().position(|v| !v.is_finite())
    {
        return Err(format!("{} in row {} is not finite", values.value(row), row + 1));
    }
    Ok((field(name, due, unit.as_ref()), array))
}

fn seeds(array: &ArrayRef) -> Result<ArrayRef, String> {
    let seed = |&v: &i64| u64::try_from(v).map_err(|_| format!("{v} is no seed: a whole number from 0 is due"));
    let seeds: Vec<u64> = array.as_primitive::<Int64Type>().values().iter().map(seed).collect::<Result<_, _>>()?;
    Ok(Arc::new(UInt64Array::from(seeds)))
}

fn fitting(array: &ArrayRef) -> Result<ArrayRef, String> {
    let fit = |&v: &u64| i64::try_from(v).map_err(|_| format!("{v} is above {}", i64::MAX));
    let values: Vec<i64> = array.as_primitive::<UInt64Type>().values().iter().map(fit).collect::<Result<_, _>>()?;
    Ok(Arc::new(Int64Array::from(values)))
}

fn sample_labels(array: &ArrayRef, field: &str) -> Result<Vec<String>, ConfigError> {
    let text = arrow_cast::cast(array, &DataType::Utf8).map_err(|error| ConfigError::at(field, error))?;
    Ok(text.as_string::<i32>().iter().map(|label| label.unwrap_or_default().to_owned()).collect())
}
