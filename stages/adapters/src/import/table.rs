//! `import.table`: tables of users, as Parquet, CSV or a model document.
//!
//! A table with a `sample` column has samples, in order of first appearance; another exists once. In either case
//! results depend on the content, not on the file.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, UInt32Array};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, Schema};
use indexmap::IndexMap;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, FileRef, Kind, Output, Points, Ports, SampleError, SampleOutput,
    Stage, each_sample,
};
use lapicque_schemas::tables::{
    features, held_out, kernels, lead_field, metrics, model, parameters, populations, predictions, signals, spikes,
    spiking_features,
};
use lapicque_schemas::{TableSchema, content_digest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::files::{Chunks, as_text, csv, file_error, read_parquet};
use crate::inverse::read_model;
use crate::kind_config::{problem, read, schema_of};
use crate::parameters::list::file_columns;
use crate::source::{Rows, Source};

const REVISION: u32 = 1;
const SAMPLE: &str = "sample";
const FREE: &str = "table";
const TABLES: [&str; 12] = [
    FREE,
    features::TABLE,
    held_out::TABLE,
    kernels::TABLE,
    lead_field::TABLE,
    metrics::TABLE,
    model::TABLE,
    parameters::TABLE,
    populations::TABLE,
    predictions::TABLE,
    spikes::TABLE,
    spiking_features::TABLE,
];
/// Columns that are names, also where a file has numbers.
const NAMES: [&str; 9] = [SAMPLE, "channel", "population", "pre", "post", "probe", "unit", "electrode", "target"];
/// Metadata of columns and tables that is kept.
const KEPT_METADATA: [&str; 4] = ["unit", "description", "dt_ms", "definitions"];

pub(super) struct ImportTable;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The file: .parquet, .csv, or .json for a model.
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

impl Kind for ImportTable {
    fn name(&self) -> &str {
        "import.table"
    }

    fn summary(&self) -> &str {
        "A table from a Parquet, CSV or model file"
    }

    fn ports(&self) -> Ports {
        Ports::Named(&[])
    }

    fn config_schema(&self) -> Value {
        schema_of::<Config>()
    }

    fn bind(&self, request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        let config: Config = read(request)?;
        let file = request.open("path", &config.path).map_err(|error| vec![error])?;
        let is_json = file.extension() == "json";
        let kind = config.table.as_deref().unwrap_or(if is_json { model::TABLE } else { FREE });
        if kind == signals::TABLE {
            return problem("table", "signals are read by `import.recording`");
        }
        if !TABLES.contains(&kind) {
            return problem("table", format!("there is no table `{kind}`; allowed: {}", TABLES.join(", ")));
        }
        if is_json {
            return one(|| model_table(&file, kind)).and_then(|table| once(model::schema(), table));
        }
        let (mut table, mut notes) = match kind {
            parameters::TABLE => parameters_table(&file, &config.labels)?,
            _ => one(|| free_table(&file, kind))?,
        };
        let sample = one(|| take_sample(&mut table, kind))?;
        let schema = TableSchema { table: kind.to_owned(), key: Vec::new(), arrow: table.schema() };
        let Some(sample) = sample else {
            return once(schema, table);
        };
        let (labels, starts, table) = one(|| runs(&sample, table))?;
        if kind == parameters::TABLE
            && let Some(point) = starts.windows(2).position(|run| run[1] - run[0] > 1)
        {
            return problem(
                "path",
                format!("`{}`: the sample `{}` has several rows; parameters have one", file.name, labels[point]),
            );
        }
        let digests = starts
            .windows(2)
            .map(|run| content_digest(&schema.arrow, &[table.slice(run[0], run[1] - run[0])]))
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
        notes.dedup();
        Ok(Box::new(Source::new(REVISION, Output::new(FREE, schema), points, Rows::Runs(table, starts), notes)))
    }
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

fn once(schema: TableSchema, table: RecordBatch) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let content = content_digest(&schema.arrow, std::slice::from_ref(&table))
        .map_err(|error| vec![ConfigError::at("path", error)])?;
    let mut bound = Bound::new(REVISION, Value::Object(serde_json::Map::new()), &[], vec![Output::new(FREE, schema)]);
    bound.files = vec![("path".to_owned(), content)];
    Ok(Box::new(Once { bound, table }))
}

fn model_table(file: &FileRef, kind: &str) -> Result<RecordBatch, ConfigError> {
    if kind != model::TABLE {
        return Err(ConfigError::at("table", format!("a .json file is a model, no {kind} table")));
    }
    let text = file.text().map_err(|error| file_error("path", file, error))?;
    let document = read_model(&text).map_err(|message| file_error("path", file, message))?;
    document.check().map_err(|error| file_error("path", file, error))?;
    model::write(&text).map_err(|error| file_error("path", file, error))
}

type Table = (RecordBatch, Vec<String>);

/// Rows as the sources of parameters have them: units checked, seeds unsigned.
fn parameters_table(file: &FileRef, labels: &[String]) -> Result<Table, Vec<ConfigError>> {
    let columns = file_columns(file, "path", &|name| labels.iter().any(|label| label == name))?;
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns.into_iter().unzip();
    let unknown = labels.iter().enumerate().filter(|(_, label)| !fields.iter().any(|f| f.name() == *label));
    let problems: Vec<ConfigError> = unknown
        .map(|(i, label)| ConfigError::at(format!("labels.{i}"), format!("`{}` has no column `{label}`", file.name)))
        .collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let table = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
        .map_err(|error| vec![file_error("path", file, error)])?;
    Ok((table, Vec::new()))
}

/// Any table in the types that tables hold.
fn free_table(file: &FileRef, kind: &str) -> Result<Table, ConfigError> {
    let fail = |message: String| file_error("path", file, message);
    let chunks = match file.extension().as_str() {
        "parquet" => read_parquet(file, "path")?,
        "csv" => {
            let columns =
                csv::read_columns(file, "path")?.into_iter().map(|(name, column)| (name, column.array(), false));
            let batch = RecordBatch::try_from_iter_with_nullable(columns).map_err(|error| fail(error.to_string()))?;
            Chunks { schema: batch.schema(), batches: vec![batch] }
        }
        other => {
            return Err(fail(format!("`.{other}` is not read; .parquet, .csv and .json are")));
        }
    };
    let mut metadata = chunks.schema.metadata().clone();
    let table = chunks.join().map_err(|error| fail(error.to_string()))?;
    let mut fields = Vec::new();
    let mut arrays = Vec::new();
    let mut notes = Vec::new();
    for (field, array) in table.schema().fields().iter().zip(table.columns()) {
        let name = field.name();
        if name.starts_with("__index_level_") {
            notes.push(format!("the index `{name}` of a data frame is not read"));
            continue;
        }
        if fields.iter().any(|f: &Field| f.name() == name) {
            return Err(fail(format!("it has the column `{name}` twice")));
        }
        let array = normalised(kind, name, array).map_err(|message| fail(format!("column `{name}`: {message}")))?;
        let mut of_column = field.metadata().clone();
        of_column.retain(|key, _| KEPT_METADATA.contains(&key.as_str()));
        // Writers that cannot give metadata to a column give it to the table.
        if kind == spikes::TABLE
            && name == "step"
            && let Some(dt_ms) = metadata.get("dt_ms")
        {
            of_column.entry("dt_ms".to_owned()).or_insert_with(|| dt_ms.clone());
        }
        fields.push(Field::new(name, array.data_type().clone(), array.null_count() > 0).with_metadata(of_column));
        arrays.push(array);
    }
    metadata.retain(|key, _| key == features::DEFINITIONS);
    let schema = Arc::new(Schema::new_with_metadata(fields, metadata));
    let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(table.num_rows()));
    let table = RecordBatch::try_new_with_options(schema, arrays, &options).map_err(|error| fail(error.to_string()))?;
    Ok((table, notes))
}

fn normalised(kind: &str, name: &str, array: &ArrayRef) -> Result<ArrayRef, String> {
    let to = |due: &DataType| cast(array, due).map_err(|error| error.to_string());
    let found = array.data_type();
    if NAMES.contains(&name) {
        let text = as_text(array).ok_or_else(|| format!("{found} values; text is due"))?;
        return text.map_err(|error| error.to_string());
    }
    match found {
        integer if integer.is_integer() => {
            // A feature whose values happen to be whole is still a number.
            let is_feature = kind == features::TABLE && name != "epoch";
            if is_feature { to(&DataType::Float64) } else { Ok(array.clone()) }
        }
        DataType::Float16 => to(&DataType::Float32),
        DataType::Float32 | DataType::Float64 | DataType::Boolean | DataType::Utf8 => Ok(array.clone()),
        DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(_, _) => {
            to(&DataType::Utf8).map_err(|_| format!("{found} values; numbers, texts and lists of numbers are read"))
        }
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _)
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
        other => Err(format!("{other} values; numbers, texts and lists of numbers are read")),
    }
}

/// Removes the labels of samples. Features and parameters without them have a sample per row.
fn take_sample(table: &mut RecordBatch, kind: &str) -> Result<Option<Vec<String>>, ConfigError> {
    let Ok(position) = table.schema().index_of(SAMPLE) else {
        let numbered = [features::TABLE, parameters::TABLE].contains(&kind);
        return Ok(numbered.then(|| (0..table.num_rows()).map(|row| row.to_string()).collect()));
    };
    let sample = table.remove_column(position);
    if sample.null_count() > 0 {
        return Err(ConfigError::at(
            "path",
            format!("`sample` has {} null values; none are allowed", sample.null_count()),
        ));
    }
    if table.num_columns() == 0 {
        return Err(ConfigError::at("path", "`sample` is the only column"));
    }
    Ok(Some(sample.as_string::<i32>().iter().flatten().map(str::to_owned).collect()))
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
