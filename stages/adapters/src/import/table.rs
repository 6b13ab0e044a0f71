//! `import.table`: tables of users, as Parquet, Arrow, CSV or a model document.
//!
//! A table with a `sample` column has samples, in order of first appearance; another exists once. In either case
//! results depend on the content, not on the file.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, RecordBatch, UInt32Array};
use arrow_schema::{DataType, Field, Schema};
use indexmap::IndexMap;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, FileRef, Output, Points, SampleError, SampleOutput, Stage,
    each_sample,
};
use lapicque_schemas::tables::model::{ModelArray, ModelRows};
use lapicque_schemas::tables::{ALL, FREE, TableSpec, features, model, parameters};
use lapicque_schemas::{TableSchema, content_digest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::files::file_error;
use super::table_columns::{RowNumbers, UserTable, read_table};
use crate::inverse::{model_of, rows_of};
use crate::kind_config::{SimpleKind, problem, read, schema_of};
use crate::parameters::list::{Missing, file_columns};
use crate::source::{Rows, Source};

const REVISION: u32 = 1;
const SAMPLE: &str = "sample";
const OWN: &str = "import.table";

pub(super) const KIND: SimpleKind = SimpleKind {
    name: OWN,
    summary: "Read a table from a Parquet, Arrow, CSV, TSV or model file",
    ports: &[],
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The file: .parquet, .arrow, .feather, .csv, .tsv, or .json for a model. Names (`sample`, `channel`, ...) stay as written; whole numbers of a Parquet or Arrow file become decimal text.
    path: String,
    /// Which table it is, e.g. features, kernels, parameters, populations, spikes (default: table; model for .json).
    #[serde(default)]
    table: Option<String>,
    /// Columns of a parameters table that no stage need read.
    #[serde(default)]
    labels: Vec<String>,
    /// Whether further columns of a parameters table that no stage reads are refused (default) or allowed.
    #[serde(default)]
    extra_columns: ExtraColumns,
    /// Columns of a parameters table in which no value may be missing, where further columns are allowed (otherwise that holds for all).
    #[serde(default)]
    required: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ExtraColumns {
    #[default]
    Refuse,
    Allow,
}

/// A table that exists once.
struct Once {
    bound: Bound,
    table: RecordBatch,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let file = request.open("path", &config.path).map_err(|error| vec![error])?;
    let is_json = file.extension() == "json";
    let kind = config.table.as_deref().unwrap_or(if is_json { model::TABLE } else { FREE });
    match TableSpec::of(kind) {
        Some(table) if table.read_by == OWN => {}
        Some(table) => return problem("table", format!("{kind} are read by `{}`", table.read_by)),
        None => {
            let allowed: Vec<&str> = ALL.iter().filter(|table| table.read_by == OWN).map(|t| t.name).collect();
            return problem("table", format!("there is no table `{kind}`; allowed: {}", allowed.join(", ")));
        }
    }
    if is_json {
        return one(|| model_table(&file, kind)).and_then(|table| once(model::schema(), table, Vec::new()));
    }
    let mut table = match kind {
        parameters::TABLE => parameters_table(&file, &config)?,
        _ => one(|| read_table(&file, kind))?,
    };
    let sample = one(|| take_sample(&mut table, kind, &file))?;
    if kind == features::TABLE {
        table.notes.extend(sample.as_deref().and_then(|sample| repeated_row(sample, &table)));
    }
    let notes: Vec<String> = table.notes.iter().map(|note| format!("`{}`: {note}", file.name)).collect();
    let schema = TableSchema { table: kind.to_owned(), key: Vec::new(), arrow: table.batch.schema() };
    let Some(sample) = sample else {
        return once(schema, table.batch, notes);
    };
    let (labels, starts, batch) = one(|| runs(&sample, table.batch))?;
    if kind == parameters::TABLE
        && let Some(point) = starts.windows(2).position(|run| run[1] - run[0] > 1)
    {
        let rows = sample.iter().enumerate().filter(|(_, label)| **label == labels[point]);
        let rows: Vec<String> = rows.take(2).map(|(row, _)| table.rows.of(row).to_string()).collect();
        let message = format!(
            "`{}`: the sample `{}` has several rows ({}); parameters have one",
            file.name,
            labels[point],
            rows.join(", ")
        );
        return problem("path", message);
    }
    let digests = starts
        .windows(2)
        .map(|run| content_digest(&schema.arrow, &[batch.slice(run[0], run[1] - run[0])]))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| vec![file_error("path", &file, error)])?;
    if digests.is_empty() {
        return problem("path", format!("`{}` has no rows, so no samples", file.name));
    }
    let unread = match config.extra_columns {
        ExtraColumns::Allow => schema.column_names().map(str::to_owned).collect(),
        ExtraColumns::Refuse => config.labels,
    };
    let points = Points { labels: Some(labels), digests, unread };
    Ok(Box::new(Source::new(REVISION, Output::new(FREE, schema), points, Rows::Runs(batch, starts), notes)))
}

impl Stage for Once {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, _: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |_, _| Ok(SampleOutput::of(self.table.clone())))
    }
}

fn one<T>(work: impl FnOnce() -> Result<T, ConfigError>) -> Result<T, Vec<ConfigError>> {
    work().map_err(|error| vec![error])
}

fn once(schema: TableSchema, table: RecordBatch, notes: Vec<String>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let content = content_digest(&schema.arrow, std::slice::from_ref(&table))
        .map_err(|error| vec![ConfigError::at("path", error)])?;
    let mut bound = Bound::new(REVISION, Value::Object(serde_json::Map::new()), &[], vec![Output::new(FREE, schema)]);
    bound.files = vec![("path".to_owned(), content)];
    bound.notes = notes;
    Ok(Box::new(Once { bound, table }))
}

fn model_table(file: &FileRef, kind: &str) -> Result<RecordBatch, ConfigError> {
    if kind != model::TABLE {
        return Err(ConfigError::at("table", format!("a .json file is a model, no {kind} table")));
    }
    let text = file.text().map_err(|error| file_error("path", file, error))?;
    let rows = exported(text).map_err(|message| file_error("path", file, message))?;
    let model = model_of(&rows).map_err(|message| file_error("path", file, message))?;
    let rows = rows_of(&model).map_err(|message| file_error("path", file, message))?;
    model::write(&rows).map_err(|error| file_error("path", file, error))
}

/// The document that the file is, or the rows of the table that `lapicque sql` writes.
fn exported(text: String) -> Result<ModelRows, String> {
    const DOCUMENT: &str = "document";
    if !text.trim_start().starts_with('[') {
        return Ok(ModelRows { head: text, arrays: Vec::new() });
    }
    let rows: Vec<HashMap<String, Value>> = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let heads: Vec<&str> = rows.iter().filter_map(|row| row.get(DOCUMENT).and_then(Value::as_str)).collect();
    let [head] = heads.as_slice() else {
        return Err(match heads.len() {
            0 if !rows.is_empty() => format!("the table has no column `{DOCUMENT}` with a model"),
            models => format!("the table has {models} models; one is due"),
        });
    };
    let arrays = rows.iter().filter(|row| row.get(DOCUMENT).is_none_or(Value::is_null)).map(|row| {
        let name = row.get("part").and_then(Value::as_str).ok_or("a row has neither `document` nor `part`")?;
        let numbers = |column: &str| {
            let numbers = row.get(column).and_then(Value::as_array).into_iter().flatten();
            numbers.map(|number| number.as_f64().unwrap_or(f64::NAN)).collect::<Vec<f64>>()
        };
        let shape = numbers("shape").into_iter().map(|length| length as u32).collect();
        Ok(ModelArray { name: name.to_owned(), shape, values: numbers("values") })
    });
    Ok(ModelRows { head: (*head).to_owned(), arrays: arrays.collect::<Result<_, String>>()? })
}

/// Rows as the sources of parameters have them: units checked, seeds unsigned.
fn parameters_table(file: &FileRef, config: &Config) -> Result<UserTable, Vec<ConfigError>> {
    let is_required = |name: &str| config.required.iter().any(|required| required == name);
    let missing = |name: &str| match config.extra_columns {
        ExtraColumns::Allow if !is_required(name) => Missing::Allow,
        _ => Missing::Refuse,
    };
    let labels = &config.labels;
    let read = file_columns(file, "path", &|name| labels.iter().any(|label| label == name), &missing)?;
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = read.columns.into_iter().unzip();
    let unknown = labels.iter().enumerate().filter(|(_, label)| !fields.iter().any(|f| f.name() == *label));
    let problems: Vec<ConfigError> = unknown
        .map(|(i, label)| ConfigError::at(format!("labels.{i}"), format!("`{}` has no column `{label}`", file.name)))
        .collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
        .map_err(|error| vec![file_error("path", file, error)])?;
    let rows = read.lines.map_or(RowNumbers::Counted, RowNumbers::Lines);
    Ok(UserTable { batch, rows, notes: read.notes })
}

/// Removes the labels of samples. Features and parameters without them have a sample per row.
fn take_sample(table: &mut UserTable, kind: &str, file: &FileRef) -> Result<Option<Vec<String>>, ConfigError> {
    let Ok(position) = table.batch.schema().index_of(SAMPLE) else {
        let numbered = [features::TABLE, parameters::TABLE].contains(&kind);
        return Ok(numbered.then(|| (0..table.batch.num_rows()).map(|row| row.to_string()).collect()));
    };
    let sample = table.batch.remove_column(position);
    let labels = sample.as_string::<i32>();
    if let Some(row) = labels.iter().position(|label| label.is_none_or(str::is_empty)) {
        let message = format!("row {} has no `sample`; every row must name one", table.rows.of(row));
        return Err(file_error("path", file, message));
    }
    if table.batch.num_columns() == 0 {
        return Err(file_error("path", file, "`sample` is the only column"));
    }
    Ok(Some(labels.iter().flatten().map(str::to_owned).collect()))
}

/// Two rows of features that say the same sample, channel and epoch, where the table tells epochs apart.
fn repeated_row(sample: &[String], table: &UserTable) -> Option<String> {
    let epoch = arrow_cast::cast(table.batch.column_by_name("epoch")?, &DataType::Int64).ok()?;
    let epoch = epoch.as_primitive::<Int64Type>();
    let channel = table.batch.column_by_name("channel").and_then(|c| c.as_string_opt::<i32>()).cloned();
    let mut seen: HashMap<(&str, &str, i64), usize> = HashMap::new();
    for (row, label) in sample.iter().enumerate() {
        let channel = channel.as_ref().map_or("", |channel| channel.value(row));
        if let Some(first) = seen.insert((label, channel, epoch.value(row)), row) {
            return Some(format!(
                "rows {} and {} have the same sample, channel and epoch: `{label}`, `{channel}`, {}",
                table.rows.of(first),
                table.rows.of(row),
                epoch.value(row)
            ));
        }
    }
    None
}

/// Brings the rows of each sample together, in order of first appearance: labels, first rows (and the end), table.
fn runs(sample: &[String], table: RecordBatch) -> Result<(Vec<String>, Vec<usize>, RecordBatch), ConfigError> {
    let mut rows: IndexMap<&str, Vec<u32>> = IndexMap::new();
    for (row, label) in sample.iter().enumerate() {
        rows.entry(label).or_default().push(row as u32);
    }
    let mut starts = vec![0];
    for rows in rows.values() {
        starts.push(starts.last().copied().unwrap_or(0) + rows.len());
    }
    let labels = rows.keys().map(|&label| label.to_owned()).collect();
    let order: Vec<u32> = rows.into_values().flatten().collect();
    let table = if order.is_sorted() {
        table
    } else {
        let taken = arrow_select::take::take_record_batch(&table, &UInt32Array::from(order));
        taken.map_err(|error| ConfigError::at("path", error))?
    };
    Ok((labels, starts, table))
}
