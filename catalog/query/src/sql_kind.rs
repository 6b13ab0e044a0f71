//! `sql`: a stage that derives a table from tables by a query.
//!
//! The ports are the query's tables. With `grain: table` it sees whole tables, in the order of the samples; with
//! `grain: sample` it runs once per batch and gives what running it for each sample by itself would (see [`crate::grain`]).
//!
//! | field | default | meaning |
//! |---|---|---|
//! | query | | one `SELECT`; without ORDER BY or `key` the rows are sorted by all columns |
//! | key | none | columns that name a row, and by which rows are sorted |

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray, StringArray, UInt32Array};
use arrow::compute::{SortColumn, concat_batches, lexsort_to_indices, take_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan, Volatility};
use lapicque_pipeline::config::typed;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Grain, Kind, Output, PortSchema, Ports, Read, SampleError,
    SampleOutput, Stage, sample_field, with_sample,
};
use lapicque_schemas::TableSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::grain::check_sample_grain;
use crate::session::{collect, message, plan, register, session};

pub struct SqlKind;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    query: String,
    #[serde(default)]
    key: Vec<String>,
}

struct SqlStage {
    bound: Bound,
    config: Config,
    /// Whether the rows come in the order that the query asks for.
    ordered: bool,
    /// Output as the query gives it, with `sample` in sample grain.
    schema: SchemaRef,
    sample_wise_ports: BTreeMap<String, SchemaRef>,
}

impl Kind for SqlKind {
    fn name(&self) -> &str {
        "sql"
    }

    fn summary(&self) -> &str {
        "Derive a table from tables by a query"
    }

    fn ports(&self) -> Ports {
        Ports::Any
    }

    fn config_schema(&self) -> Value {
        json!({
            "type": "object",
            "required": ["query"],
            "additionalProperties": false,
            "properties": {
                "query": {"type": "string", "description": "one SELECT; the inputs are its tables"},
                "key": {"type": "array", "items": {"type": "string"}, "description": "columns that name a row; rows are sorted by them"},
            },
        })
    }

    fn bind(&self, request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        let config: Config = typed(request.config)?;
        let grain = request.grain.unwrap_or(Grain::Table);
        let in_query = |message: String| vec![ConfigError::at("query", message)];
        let session = session();
        for input in request.inputs {
            let schema = visible_schema(input);
            register(&session, &input.port, RecordBatch::new_empty(schema)).map_err(|e| in_query(message(&e)))?;
        }
        let plan = plan(&session, &config.query).map_err(|e| in_query(message(&e)))?;
        no_volatile_functions(&plan).map_err(in_query)?;
        let sample_wise: Vec<&str> = request.inputs.iter().filter(|p| p.sample_wise).map(|p| p.port.as_str()).collect();
        if grain == Grain::Sample {
            check_sample_grain(&plan, &sample_wise).map_err(in_query)?;
        }
        let ordered = matches!(plan, LogicalPlan::Sort(_))
            || matches!(&plan, LogicalPlan::Limit(l) if matches!(*l.input, LogicalPlan::Sort(_)));
        let schema: SchemaRef = Arc::new(plan.schema().as_arrow().clone());
        let output = output_schema(&schema, grain, &config.key)?;
        let scanned = columns_read(&session, &plan).map_err(|e| in_query(message(&e)))?;
        let mut reads = Vec::new();
        for input in request.inputs {
            let Some(columns) = scanned.get(&input.port) else {
                return Err(vec![ConfigError::at(
                    format!("inputs.{}", input.port),
                    format!("the query does not read `{}`", input.port),
                )]);
            };
            let labels = columns.iter().any(|c| c == "sample");
            let own = columns.iter().filter(|c| *c != "sample" || !input.sample_wise).cloned();
            reads.push(Read {
                port: input.port.clone(),
                columns: Some(own.collect()),
                labels: labels && grain == Grain::Table,
            });
        }
        let canonical = json!({"query": config.query, "key": config.key});
        let mut bound = Bound::new(1, canonical, request.inputs, vec![Output::new("table", output)]);
        bound.reads = reads;
        bound.grain = grain;
        bound.order_sensitive = true;
        let projected = request.inputs.iter().filter(|p| p.sample_wise).map(|input| {
            let read = bound.reads.iter().find(|r| r.port == input.port).and_then(|r| r.columns.as_ref());
            let fields = input.schema.arrow.fields().iter().filter(|f| read.is_some_and(|c| c.contains(f.name())));
            (input.port.clone(), Arc::new(Schema::new(fields.cloned().collect::<Vec<_>>())) as SchemaRef)
        });
        let sample_wise_ports = projected.collect();
        Ok(Box::new(SqlStage { bound, config, ordered, schema, sample_wise_ports }))
    }
}

/// A port's table as the query sees it.
fn visible_schema(input: &PortSchema) -> SchemaRef {
    if !input.sample_wise {
        return input.schema.arrow.clone();
    }
    let fields: Vec<Field> =
        std::iter::once(sample_field()).chain(input.schema.arrow.fields().iter().map(|f| f.as_ref().clone())).collect();
    Arc::new(Schema::new(fields))
}

fn output_schema(schema: &Schema, grain: Grain, key: &[String]) -> Result<TableSchema, Vec<ConfigError>> {
    let mut problems = Vec::new();
    let mut fields: Vec<Field> = Vec::new();
    for field in schema.fields() {
        if fields.iter().any(|f| f.name() == field.name()) {
            problems.push(ConfigError::at(
                "query",
                format!("two columns are called `{}`; rename one with AS", field.name()),
            ));
        }
        let data_type = stored_type(field.data_type()).unwrap_or_else(|| {
            let message = format!(
                "column `{}` is a {}, which tables do not hold; CAST it to a number or to text",
                field.name(),
                field.data_type()
            );
            problems.push(ConfigError::at("query", message));
            DataType::Null
        });
        fields.push(field.as_ref().clone().with_data_type(data_type));
    }
    if grain == Grain::Sample {
        match fields.iter().position(|f| f.name() == "sample") {
            Some(position) => {
                fields.remove(position);
            }
            None => problems.push(ConfigError::at("query", "with `grain: sample` the query must select `sample`")),
        }
    }
    for name in key.iter().filter(|name| !fields.iter().any(|f| f.name() == *name)) {
        problems.push(ConfigError::at("key", format!("the query has no column `{name}`")));
    }
    let mut table = TableSchema::free(Arc::new(Schema::new(fields)));
    table.key = key.to_vec();
    if problems.is_empty() { Ok(table) } else { Err(problems) }
}

/// The type in which tables hold a column; `None` where they have none for it.
fn stored_type(data_type: &DataType) -> Option<DataType> {
    Some(match data_type {
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::Decimal128(_, _) | DataType::Decimal256(_, _) => DataType::Float64,
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            DataType::List(Arc::new(item.as_ref().clone().with_data_type(stored_type(item.data_type())?)))
        }
        DataType::Dictionary(_, values) if **values == DataType::Utf8 => data_type.clone(),
        DataType::Float64 | DataType::Float32 | DataType::Utf8 | DataType::Boolean | DataType::Binary => {
            data_type.clone()
        }
        other if other.is_integer() => other.clone(),
        _ => return None,
    })
}

/// A stage gives the same for the same inputs: no clock, no dice.
fn no_volatile_functions(plan: &LogicalPlan) -> Result<(), String> {
    let mut found = None;
    let walked = plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expression| {
            expression.apply(|e| {
                if let Expr::ScalarFunction(function) = e
                    && function.func.signature().volatility != Volatility::Immutable
                {
                    found = Some(function.func.name().to_owned());
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    });
    walked.map_err(|error| message(&error))?;
    match found {
        Some(name) => {
            Err(format!("`{name}()` gives another value each time; a stage must give the same for the same inputs"))
        }
        None => Ok(()),
    }
}

/// The columns that the optimised plan scans, by table.
fn columns_read(
    session: &datafusion::prelude::SessionContext,
    plan: &LogicalPlan,
) -> datafusion::error::Result<BTreeMap<String, Vec<String>>> {
    let mut read: BTreeMap<String, Vec<String>> = BTreeMap::new();
    // Tables that optimisation makes unnecessary are part of the query all the same.
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            read.entry(scan.table_name.table().to_owned()).or_default();
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    session.state().optimize(plan)?.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            let columns = read.entry(scan.table_name.table().to_owned()).or_default();
            for field in scan.projected_schema.fields() {
                if !columns.contains(field.name()) {
                    columns.push(field.name().clone());
                }
            }
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(read)
}

impl Stage for SqlStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, _: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        if batch.samples.is_empty() {
            return Vec::new();
        }
        match self.tables(batch) {
            Ok(tables) => tables.into_iter().map(|table| Ok(SampleOutput::of(table))).collect(),
            // One bad sample must not take the others down with it.
            Err(_) if batch.samples.len() > 1 => batch
                .samples
                .iter()
                .flat_map(|sample| {
                    let one = Batch { samples: vec![sample.clone()], broadcast: batch.broadcast.clone() };
                    self.tables(&one).map_or_else(
                        |error| vec![Err(error)],
                        |tables| tables.into_iter().map(|t| Ok(SampleOutput::of(t))).collect(),
                    )
                })
                .collect(),
            Err(error) => vec![Err(error)],
        }
    }
}

impl SqlStage {
    fn tables(&self, batch: &Batch) -> Result<Vec<RecordBatch>, SampleError> {
        let failed = |error: datafusion::error::DataFusionError| SampleError::input(message(&error));
        let arrow = SampleError::internal;
        let session = session();
        for (port, table) in &batch.broadcast {
            register(&session, port, table.clone()).map_err(failed)?;
        }
        if self.bound.grain == Grain::Sample {
            for (port, schema) in &self.sample_wise_ports {
                let rows = batch.samples.iter().enumerate().map(|(i, _)| labelled(batch, i, port, schema));
                let rows = rows.collect::<Result<Vec<_>, _>>()?;
                let joined = match rows.first() {
                    Some(first) => concat_batches(&first.schema(), &rows).map_err(|e| arrow(e.to_string()))?,
                    None => continue,
                };
                register(&session, port, joined).map_err(failed)?;
            }
        }
        let plan = plan(&session, &self.config.query).map_err(failed)?;
        let rows = collect(&session, plan).map_err(failed)?;
        let table = concat_batches(
            &self.schema,
            rows.iter().map(|r| with_schema(r, &self.schema)).collect::<Result<Vec<_>, _>>()?.iter(),
        );
        let table = table.map_err(|e| arrow(e.to_string()))?;
        let parts = if self.bound.grain == Grain::Sample { split(&table, batch.samples.len())? } else { vec![table] };
        parts.into_iter().map(|part| self.finished(&part)).collect()
    }

    /// Columns as promised, rows in their order.
    fn finished(&self, table: &RecordBatch) -> Result<RecordBatch, SampleError> {
        let table = with_schema(table, &self.bound.outputs[0].schema.arrow)?;
        if self.ordered || table.num_rows() < 2 {
            return Ok(table);
        }
        let by_key = self.config.key.iter().filter_map(|name| table.column_by_name(name));
        let columns: Vec<_> =
            if self.config.key.is_empty() { table.columns().iter().collect() } else { by_key.collect() };
        let sortable = columns.into_iter().filter(|c| !matches!(c.data_type(), DataType::List(_)));
        let columns: Vec<SortColumn> = sortable.map(|c| SortColumn { values: c.clone(), options: None }).collect();
        if columns.is_empty() {
            return Ok(table);
        }
        let order = lexsort_to_indices(&columns, None).map_err(SampleError::internal)?;
        take_record_batch(&table, &order).map_err(SampleError::internal)
    }
}

/// A sample's rows, with its number in the batch for a label: labels are no values in sample grain.
fn labelled(batch: &Batch, sample: usize, port: &str, schema: &SchemaRef) -> Result<RecordBatch, SampleError> {
    let empty = RecordBatch::new_empty(schema.clone());
    let own = batch.samples[sample].tables.iter().find(|(name, _)| name == port).map(|(_, table)| table);
    let table = own.unwrap_or(&empty);
    let label = sample.to_string();
    let labels = StringArray::from_iter_values(std::iter::repeat_n(&label, table.num_rows()));
    with_sample(table, Arc::new(labels)).map_err(SampleError::internal)
}

fn split(table: &RecordBatch, samples: usize) -> Result<Vec<RecordBatch>, SampleError> {
    let missing = || SampleError::internal("the query lost the column `sample`");
    let labels = table.column_by_name("sample").and_then(|c| c.as_string_opt::<i32>()).ok_or_else(missing)?;
    let mut rows: Vec<Vec<u32>> = vec![Vec::new(); samples];
    for row in 0..table.num_rows() {
        if labels.is_null(row) {
            return Err(SampleError::input(
                "`sample` is null in a row of the result; join so that every row has its sample",
            ));
        }
        let sample = labels.value(row).parse::<usize>().ok().filter(|&s| s < samples);
        rows[sample.ok_or_else(missing)?].push(row as u32);
    }
    rows.into_iter()
        .map(|rows| take_record_batch(table, &UInt32Array::from(rows)).map_err(SampleError::internal))
        .collect()
}

/// The columns of a schema, by name; types were settled when the query was planned.
fn with_schema(table: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, SampleError> {
    let column = |f: &Arc<Field>| {
        let column = table
            .column_by_name(f.name())
            .ok_or_else(|| SampleError::internal(format!("the query lost the column `{}`", f.name())))?;
        arrow::compute::cast(column, f.data_type()).map_err(SampleError::internal)
    };
    let columns = schema.fields().iter().map(column).collect::<Result<Vec<_>, _>>()?;
    let rows = arrow::record_batch::RecordBatchOptions::new().with_row_count(Some(table.num_rows()));
    RecordBatch::try_new_with_options(schema.clone(), columns, &rows).map_err(SampleError::internal)
}
