//! `parameters.from_table`: the rows of any table become samples, once they are there.
//!
//! Draws from a posterior, "the 50 best by SQL", what a model has predicted of recordings: what was computed decides what
//! is computed next. A point is keyed by its values alone, so it shares results with those of grids and lists.

use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, Schema};
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Grain, Output, PortMode, PortSpec, Read, Rounds, SampleError,
    SampleOutput, Samples, Stage,
};
use lapicque_schemas::TableSchema;
use lapicque_schemas::tables::parameters;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::column::{SAMPLE, check_name};
use super::points::MOST_POINTS;
use crate::kind_config::{SimpleKind, problem, read, schema_of};

const REVISION: u32 = 1;
const TABLE: &str = "table";
const PORTS: &[PortSpec] = &[PortSpec::new(TABLE, "table", PortMode::Either, true)];

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "parameters.from_table",
    summary: "Take points from the rows of a table that other stages compute",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The columns that are parameters (default: all but `sample`).
    #[serde(default)]
    columns: Option<Vec<String>>,
    /// Names of columns that no stage need read.
    #[serde(default)]
    labels: Vec<String>,
    /// More rows than that are refused (default and at most 10 million).
    #[serde(default)]
    most: Option<u64>,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let Some(input) = request.input(TABLE) else {
        return problem("inputs", "the input `table` is missing; e.g. `table: STAGE`");
    };
    let arrow = &input.schema.arrow;
    let known: Vec<&str> = input.schema.column_names().filter(|name| *name != SAMPLE).collect();
    let names: Vec<&str> = match &config.columns {
        None => known.clone(),
        Some(columns) => columns.iter().map(String::as_str).collect(),
    };
    let mut problems = Vec::new();
    let told = || known.join(", ");
    for (i, name) in names.iter().enumerate() {
        let field = if config.columns.is_some() { format!("columns.{i}") } else { format!("inputs.{TABLE}") };
        if !known.contains(name) {
            problems.push(ConfigError::at(&field, format!("there is no column `{name}` (columns: {})", told())));
            continue;
        }
        if names[..i].contains(name) {
            problems.push(ConfigError::at(&field, format!("the column `{name}` stands here twice")));
        }
        problems.extend(check_name(name, &field).err());
        if arrow.field_with_name(name).is_ok_and(|column| !is_value(column.data_type())) {
            let message =
                format!("the column `{name}` holds no numbers, texts or truth values; name others by `columns`");
            problems.push(ConfigError::at(&field, message));
        }
    }
    if names.is_empty() {
        problems.push(ConfigError::at("columns", format!("there is no column of parameters (columns: {})", told())));
    }
    for (i, label) in config.labels.iter().enumerate().filter(|(_, label)| !names.contains(&label.as_str())) {
        let message = format!("there is no column `{label}` (columns: {})", names.join(", "));
        problems.push(ConfigError::at(format!("labels.{i}"), message));
    }
    let most = config.most.unwrap_or(MOST_POINTS as u64);
    if most == 0 || most > MOST_POINTS as u64 {
        problems.push(ConfigError::at("most", format!("{most} points; 1 to {MOST_POINTS} are allowed")));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let fields: Vec<_> = names.iter().filter_map(|name| arrow.field_with_name(name).ok()).cloned().collect();
    let schema = TableSchema {
        table: parameters::TABLE.to_owned(),
        key: Vec::new(),
        arrow: std::sync::Arc::new(Schema::new(
            fields.into_iter().map(|field| field.with_nullable(false)).collect::<Vec<_>>(),
        )),
    };
    let columns: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let output = Output::new("parameters", schema);
    let config_of_key = serde_json::Value::Object(serde_json::Map::new());
    let mut bound = Bound::new(REVISION, config_of_key, request.inputs, vec![output]);
    bound.grain = Grain::Table;
    bound.reads = vec![Read::columns(TABLE, columns.iter().cloned())];
    bound.samples = Samples::Made(Rounds { most_rounds: 1, most_points: most, unread: config.labels });
    Ok(Box::new(FromTable { bound, columns }))
}

/// Whether a column can be one of parameters.
fn is_value(data_type: &DataType) -> bool {
    data_type.is_numeric() || matches!(data_type, DataType::Utf8 | DataType::Boolean)
}

struct FromTable {
    bound: Bound,
    columns: Vec<String>,
}

impl Stage for FromTable {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, _: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        let points = batch.whole(TABLE).ok_or_else(|| SampleError::internal("there is no table"));
        let points = points.and_then(|table| self.points(table));
        batch.samples.iter().map(|_| points.clone().map(SampleOutput::of)).collect()
    }
}

impl FromTable {
    fn points(&self, table: &RecordBatch) -> Result<RecordBatch, SampleError> {
        let mut columns = Vec::with_capacity(self.columns.len());
        for name in &self.columns {
            let column = table.column_by_name(name);
            let column = column.ok_or_else(|| SampleError::internal(format!("there is no column `{name}`")))?;
            if let Some(row) = (0..column.len()).find(|&row| column.is_null(row)) {
                return Err(SampleError::input(format!(
                    "row {} has no value of `{name}`; a point has one of each parameter",
                    row + 1
                )));
            }
            columns.push(column.clone());
        }
        RecordBatch::try_new(self.bound.outputs[0].schema.arrow.clone(), columns).map_err(SampleError::internal)
    }
}
