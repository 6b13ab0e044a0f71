//! `parameters.list`: points as a list, in the pipeline file or in a table.

use lapicque_pipeline::{BindRequest, ConfigError, Stage, Written};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::column::{Column, SAMPLE, check_name, column_of, label_column, names, text_column};
use super::points::{MOST_POINTS, Table, source};
use super::table::{Columns, sample_labels};
pub(crate) use super::table::{Missing, file_columns};
use crate::kind_config::{SimpleKind, problem, read, schema_of};

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "parameters.list",
    summary: "Take points from a list or a table",
    ports: &[],
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Maps of parameters and values, all with the same names; `sample` gives a point its label.
    #[serde(default)]
    #[schemars(with = "Option<Vec<std::collections::BTreeMap<String, Value>>>")]
    rows: Option<Vec<Map<String, Value>>>,
    /// A table of points instead: `.csv`, `.tsv`, or `.parquet` with units in the metadata `unit` of its columns.
    #[serde(default)]
    file: Option<String>,
    /// Names of columns that no stage need read.
    #[serde(default)]
    labels: Vec<String>,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let is_label = |name: &str| config.labels.iter().any(|label| label == name);
    let (field, columns, notes) = match (&config.rows, &config.file) {
        (Some(rows), None) => ("rows", rows_columns(rows, request.written, &is_label)?, Vec::new()),
        (None, Some(file)) => {
            let file = request.open("file", file).map_err(|error| vec![error])?;
            let read = file_columns(&file, "file", &is_label, &|_| Missing::Refuse)?;
            let notes = read.notes.iter().map(|note| format!("`{}`: {note}", file.name)).collect();
            ("file", read.columns, notes)
        }
        _ => {
            return problem("rows", "give either `rows` or `file`, e.g. `rows: [{J_ext: 26 pA}, {J_ext: 32 pA}]`");
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
    source(Table { columns, samples, labels: config.labels, field, notes })
}

fn rows_columns(
    rows: &[Map<String, Value>],
    written: &Written,
    is_label: &dyn Fn(&str) -> bool,
) -> Result<Columns, Vec<ConfigError>> {
    let Some(first) = rows.first() else {
        return problem("rows", "no points; give at least one");
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
        let column = match name.as_str() {
            SAMPLE => names(&values, written, &at).map(|texts| text_column(SAMPLE, texts.iter().map(String::as_str))),
            _ => check_name(name, &at(0)).and_then(|()| match is_label(name) {
                true => names(&values, written, &at).map(|texts| label_column(name, &texts)),
                false => column_of(name, &values, &at),
            }),
        };
        match column {
            Ok(column) => columns.push(column),
            Err(error) => problems.push(error),
        }
    }
    if problems.is_empty() { Ok(columns) } else { Err(problems) }
}
