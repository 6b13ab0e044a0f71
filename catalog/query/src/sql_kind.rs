//! `sql`: a stage that derives a table from tables by a query.
//!
//! The ports are the query's tables. With `grain: table` it sees whole tables, in the order of the samples; with
//! `grain: sample` it gives what running it for each sample by itself would (see [`crate::grain`] and [`crate::together`]).
//! The query is planned when it is bound, on the columns of the ports as `lapicque sql` shows them, and this plan is run.
//!
//! | field | default | meaning |
//! |---|---|---|
//! | query | | one `SELECT`; without ORDER BY the rows are sorted by `key`, then by all columns |
//! | key | none | columns that name a row |

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use arrow::array::{Array, AsArray, RecordBatch, StringArray, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, LogicalPlan, Volatility};
use datafusion::prelude::SessionContext;
use lapicque_pipeline::config::{nearest, typed};
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Grain, Kind, Output, PortSchema, Ports, Read, SampleError,
    SampleOutput, Stage,
};
use lapicque_schemas::schema::DRAWN_FROM;
use lapicque_schemas::{TableSchema, sample_field, with_sample};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::grain::check_sample_grain;
use crate::messages::message;
use crate::need::needs;
use crate::results::{in_schema, sorted, stored_type};
use crate::session::{Prepared, is_ordered, optimized, parse, plan, register, runtime, session, tables_named};
use crate::tables::{Tables, stored_column, visible_schema, visible_table};
use crate::together::may_run_together;

/// DataFusion's major version and a number of our own: what a query gives may change with either.
const REVISION: u32 = major_version(datafusion::DATAFUSION_VERSION) * 1000 + 2;

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
    key: Vec<String>,
    /// Whether the rows come in the order that the query asks for.
    ordered: bool,
    /// Whether a batch may be computed at once.
    together: bool,
    session: SessionContext,
    plan: LogicalPlan,
    prepared: OnceLock<Result<Prepared, String>>,
    /// The result as the query gives it, in the types that are stored, with `sample` in sample grain.
    result: SchemaRef,
    /// The stored columns that are read of each sample-wise port.
    sample_wise: BTreeMap<String, SchemaRef>,
}

impl Kind for SqlKind {
    fn name(&self) -> &str {
        "sql"
    }

    fn summary(&self) -> &str {
        "Derive a table from tables by a query"
    }

    fn ports(&self) -> Ports<'_> {
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
            let schema = visible_schema(&labelled_schema(input));
            register(&session, &input.port, schema).map_err(|e| in_query(message(&e)))?;
        }
        let statement = parse(&session, &config.query).map_err(|e| in_query(message(&e)))?;
        let ports: Vec<&str> = request.inputs.iter().map(|input| input.port.as_str()).collect();
        let named = tables_named(&session, &statement, &ports).map_err(|e| in_query(message(&e)))?;
        let named: BTreeSet<String> = named.iter().map(ToString::to_string).collect();
        only_inputs(&named, request.inputs).map_err(in_query)?;
        let ordered = is_ordered(&statement);
        let query = plan(&session, statement).map_err(|e| in_query(message(&e)))?;
        no_volatile_functions(&query).map_err(in_query)?;
        let sample_wise: Vec<&str> = request.inputs.iter().filter(|p| p.sample_wise).map(|p| p.port.as_str()).collect();
        if grain == Grain::Sample {
            check_sample_grain(&query, &sample_wise).map_err(in_query)?;
        }
        let together = grain == Grain::Sample && may_run_together(&query, ordered);
        let accepts = columns_named(&query).map_err(|e| in_query(message(&e)))?;
        let plan = optimized(&session, &query).map_err(|e| in_query(message(&e)))?;
        let (result, output) = output_schema(plan.schema().as_arrow(), grain, &config.key)?;
        let mut needs = needs(&plan).map_err(|e| in_query(message(&e)))?;
        let mut reads = Vec::new();
        let mut sample_wise = BTreeMap::new();
        for input in request.inputs {
            if !named.contains(&input.port) {
                return Err(vec![ConfigError::at(
                    format!("inputs.{}", input.port),
                    format!("the query does not read `{}`", input.port),
                )]);
            }
            // What the optimiser finds needless is part of the query, but nothing is read of it.
            let visible = needs.remove(&input.port).unwrap_or_default().columns;
            let labels = visible.contains("sample") && input.sample_wise;
            let arrow = &input.schema.arrow;
            let stored: BTreeSet<&str> = visible.iter().map(|column| stored_column(arrow, column)).collect();
            let own = arrow.fields().iter().filter(|field| stored.contains(field.name().as_str()));
            let own: Vec<Field> = own.map(|field| field.as_ref().clone()).collect();
            let by_value = labels || (visible.contains("sample") && input.schema.references_samples());
            reads.push(Read {
                port: input.port.clone(),
                columns: Some(own.iter().map(|field| field.name().clone()).collect()),
                labels: by_value && grain == Grain::Table,
            });
            if input.sample_wise {
                sample_wise.insert(input.port.clone(), Arc::new(Schema::new(own)) as SchemaRef);
            }
        }
        let canonical = json!({"query": config.query, "key": config.key});
        let mut bound = Bound::new(REVISION, canonical, request.inputs, vec![Output::new("table", output)]);
        bound.reads = reads;
        bound.grain = grain;
        bound.order_sensitive = true;
        bound.accepts = accepts;
        let prepared = OnceLock::new();
        Ok(Box::new(SqlStage {
            bound,
            key: config.key,
            ordered,
            together,
            session,
            plan,
            prepared,
            result,
            sample_wise,
        }))
    }
}

const fn major_version(version: &str) -> u32 {
    let (digits, mut major, mut i) = (version.as_bytes(), 0, 0);
    while i < digits.len() && digits[i] != b'.' {
        major = major * 10 + (digits[i] - b'0') as u32;
        i += 1;
    }
    major
}

/// A port's table with the labels of its samples.
fn labelled_schema(input: &PortSchema) -> SchemaRef {
    if !input.sample_wise {
        return input.schema.arrow.clone();
    }
    let fields: Vec<Field> =
        std::iter::once(sample_field()).chain(input.schema.arrow.fields().iter().map(|f| f.as_ref().clone())).collect();
    Arc::new(Schema::new(fields))
}

/// The result with its types as they are stored, and the table without `sample`.
fn output_schema(schema: &Schema, grain: Grain, key: &[String]) -> Result<(SchemaRef, TableSchema), Vec<ConfigError>> {
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
        let mut metadata = field.metadata().clone();
        // A query chooses rows, if no more: what is left was drawn from something else.
        metadata.remove(DRAWN_FROM);
        fields.push(field.as_ref().clone().with_data_type(data_type).with_metadata(metadata));
    }
    let result = Arc::new(Schema::new(fields.clone()));
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
    if problems.is_empty() { Ok((result, table)) } else { Err(problems) }
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

/// The columns that a query names, needed or not.
fn columns_named(plan: &LogicalPlan) -> Result<Vec<String>, DataFusionError> {
    let mut named = BTreeSet::new();
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expression| {
            named.extend(expression.column_refs().into_iter().map(|column| column.name.clone()));
            Ok(TreeNodeRecursion::Continue)
        })
    })?;
    Ok(named.into_iter().collect())
}

/// A query of a stage reads the inputs of the stage and nothing else.
fn only_inputs(named: &BTreeSet<String>, inputs: &[PortSchema]) -> Result<(), String> {
    let ports: Vec<&str> = inputs.iter().map(|input| input.port.as_str()).collect();
    match named.iter().find(|name| !ports.contains(&name.as_str())) {
        Some(name) => {
            let near = nearest(name, ports.iter().copied()).map(|n| format!("; did you mean `{n}`?"));
            let near = near.unwrap_or_default();
            Err(format!(
                "the query reads `{name}`, which is no input of the stage{near} (its inputs are: {})",
                ports.join(", ")
            ))
        }
        None => Ok(()),
    }
}

impl Stage for SqlStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        let all: Vec<usize> = (0..batch.samples.len()).collect();
        let ready = self.prepared().and_then(|prepared| {
            let runtime = runtime().map_err(SampleError::internal)?;
            Ok((prepared, runtime, self.broadcast(batch)?))
        });
        let (prepared, runtime, broadcast) = match ready {
            Ok(ready) => ready,
            Err(error) => return all.iter().map(|_| Err(error.clone())).collect(),
        };
        let of = |samples: &[usize]| self.tables(prepared, &runtime, &broadcast, batch, samples);
        if self.together
            && all.len() > 1
            && let Ok(tables) = of(&all)
        {
            return tables.into_iter().map(|table| Ok(SampleOutput::of(table))).collect();
        }
        // One bad sample must not take the others down with it.
        let alone = all.iter().map(|&sample| {
            if context.is_cancelled() {
                return Err(SampleError::cancelled());
            }
            let mut tables = of(&[sample])?;
            tables.pop().map(SampleOutput::of).ok_or_else(|| SampleError::internal("a sample without result"))
        });
        alone.collect()
    }
}

impl SqlStage {
    /// The plan as it is run; made once, as checking a file does not need it.
    fn prepared(&self) -> Result<&Prepared, SampleError> {
        let prepared = self.prepared.get_or_init(|| Prepared::new(&self.session, &self.plan).map_err(|e| message(&e)));
        prepared.as_ref().map_err(SampleError::input)
    }

    /// The tables that are the same for all samples.
    fn broadcast(&self, batch: &Batch) -> Result<Tables, SampleError> {
        let mut tables = Tables::default();
        for (port, table) in &batch.broadcast {
            tables.insert(port, visible_table(table).map_err(failed)?);
        }
        Ok(tables)
    }

    /// The results of some samples of a batch, computed at once.
    fn tables(
        &self,
        prepared: &Prepared,
        runtime: &Runtime,
        broadcast: &Tables,
        batch: &Batch,
        samples: &[usize],
    ) -> Result<Vec<RecordBatch>, SampleError> {
        let mut tables = broadcast.clone();
        if self.bound.grain == Grain::Sample {
            for (port, schema) in &self.sample_wise {
                let rows = samples.iter().enumerate().map(|(place, &i)| labelled(batch, i, place, port, schema));
                let rows = rows.collect::<Result<Vec<_>, _>>()?;
                let Some(first) = rows.first() else {
                    continue;
                };
                let rows = concat_batches(&first.schema(), &rows).map_err(SampleError::internal)?;
                tables.insert(port, visible_table(&rows).map_err(failed)?);
            }
        }
        let rows = prepared.run(runtime, tables).map_err(failed)?;
        let rows = in_schema(&rows, &self.result).map_err(failed)?;
        let parts = if self.bound.grain == Grain::Sample { split(&rows, samples.len())? } else { vec![rows] };
        let in_order = |part| if self.ordered { Ok(part) } else { sorted(&part, &self.key).map_err(failed) };
        parts.into_iter().map(in_order).collect()
    }
}

fn failed(error: DataFusionError) -> SampleError {
    SampleError::input(message(&error))
}

/// A sample's rows, with its place for a label: labels are no values in sample grain.
fn labelled(
    batch: &Batch,
    sample: usize,
    place: usize,
    port: &str,
    schema: &SchemaRef,
) -> Result<RecordBatch, SampleError> {
    let empty = RecordBatch::new_empty(schema.clone());
    let own = batch.samples[sample].tables.iter().find(|(name, _)| name == port).map(|(_, table)| table);
    let table = own.unwrap_or(&empty);
    let label = place.to_string();
    let labels = StringArray::from_iter_values(std::iter::repeat_n(&label, table.num_rows()));
    with_sample(table, Arc::new(labels)).map_err(SampleError::internal)
}

/// The rows of each sample, without its label.
fn split(table: &RecordBatch, samples: usize) -> Result<Vec<RecordBatch>, SampleError> {
    let missing = || SampleError::internal("the query lost the column `sample`");
    let position = table.schema().index_of("sample").map_err(|_| missing())?;
    let labels = table.column(position).as_string_opt::<i32>().ok_or_else(missing)?;
    if labels.null_count() > 0 {
        return Err(SampleError::input(
            "`sample` is null in a row of the result; join so that every row has its sample",
        ));
    }
    let mut rows: Vec<Vec<u32>> = vec![Vec::new(); samples];
    for (row, label) in labels.iter().enumerate() {
        let sample = label.and_then(|label| label.parse::<usize>().ok()).filter(|&sample| sample < samples);
        rows[sample.ok_or_else(missing)?].push(row as u32);
    }
    let mut rest = table.clone();
    rest.remove_column(position);
    if samples == 1 {
        return Ok(vec![rest]);
    }
    let part = |rows| take_record_batch(&rest, &UInt32Array::from(rows)).map_err(SampleError::internal);
    rows.into_iter().map(part).collect()
}
