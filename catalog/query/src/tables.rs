//! Tables as SQL sees them, and the node of a plan that reads them.
//!
//! A plan names its tables and knows their columns; the rows are handed in when it is run, so one plan serves many samples. The planner
//! learns nothing of sizes: the sides of a join, and with them the order of rows and the last digits of sums, are those of the query.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, exec_datafusion_err, exec_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType, SchedulingType};
use datafusion::physical_plan::memory::MemoryStream;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PhysicalExpr, PlanProperties, ReplaceChildrenOptions,
};
use lapicque_schemas::canonical_floats;

/// Rows that a node of a plan takes and hands on at a time.
const ROWS_AT_A_TIME: usize = 8192;

pub(crate) const STEP: &str = "step";
pub(crate) const TIME: &str = "time_ms";
const DT: &str = "dt_ms";

/// The columns of a table as SQL sees them: whole numbers have 64 bits, text is plain, and spikes have a time beside their step.
pub(crate) fn visible_schema(schema: &Schema) -> SchemaRef {
    let wide = |field: &Arc<Field>| field.as_ref().clone().with_data_type(wide_type(field.data_type()));
    let mut fields: Vec<Field> = schema.fields().iter().map(wide).collect();
    if let Some(time) = time_field(schema) {
        fields.push(time);
    }
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

/// The rows of a table as SQL sees them.
pub(crate) fn visible_table(table: &RecordBatch) -> Result<RecordBatch> {
    let schema = visible_schema(&table.schema());
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
    for (field, column) in schema.fields().iter().zip(table.columns()) {
        columns.push(wide_column(field.name(), column, field.data_type())?);
    }
    if let (Some(step), Some((_, dt_ms))) = (schema.index_of(STEP).ok(), step_and_dt(&table.schema()))
        && columns.len() < schema.fields().len()
    {
        let times = columns[step].as_primitive::<Int64Type>().unary(|step| step as f64 * dt_ms);
        columns.push(Arc::new(times) as Arc<Float64Array>);
    }
    let rows = RecordBatchOptions::new().with_row_count(Some(table.num_rows()));
    Ok(canonical_floats(&RecordBatch::try_new_with_options(schema, columns, &rows)?)?)
}

/// The stored column that a visible one is made of.
pub(crate) fn stored_column<'a>(schema: &Schema, visible: &'a str) -> &'a str {
    if visible == TIME && time_field(schema).is_some() { STEP } else { visible }
}

/// The type that SQL gives a stored one.
fn wide_type(data_type: &DataType) -> DataType {
    match data_type {
        whole if whole.is_integer() => DataType::Int64,
        // Functions of text would give dictionaries of numbers.
        DataType::Dictionary(_, values) if **values == DataType::Utf8 => DataType::Utf8,
        DataType::List(item) => {
            let wide = item.as_ref().clone().with_data_type(wide_type(item.data_type()));
            DataType::List(Arc::new(wide))
        }
        other => other.clone(),
    }
}

/// A column in the type that SQL gives it; an error where a number does not fit.
pub(crate) fn wide_column(name: &str, column: &ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
    if column.data_type() == data_type {
        return Ok(column.clone());
    }
    let exact = CastOptions { safe: false, ..Default::default() };
    cast_with_options(column, data_type, &exact).map_err(|error| {
        exec_datafusion_err!("column `{name}` holds a number beyond the whole numbers of SQL (64 bits): {error}")
    })
}

/// Spikes are stored as steps; people think in milliseconds.
fn time_field(schema: &Schema) -> Option<Field> {
    let has_time = schema.fields().iter().any(|field| field.name() == TIME);
    let (step, _) = step_and_dt(schema).filter(|_| !has_time)?;
    let unit = HashMap::from([("unit".to_owned(), "ms".to_owned())]);
    Some(Field::new(TIME, DataType::Float64, step.is_nullable()).with_metadata(unit))
}

fn step_and_dt(schema: &Schema) -> Option<(&Field, f64)> {
    let step = schema.field_with_name(STEP).ok().filter(|field| field.data_type().is_integer())?;
    Some((step, step.metadata().get(DT)?.parse().ok()?))
}

/// The rows of the tables of one query, by the name that its plan knows them under.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tables(BTreeMap<String, RecordBatch>);

impl Tables {
    /// Adds a table in its visible form, whole or the columns that are read.
    pub(crate) fn insert(&mut self, name: impl Into<String>, rows: RecordBatch) {
        self.0.insert(name.into(), rows);
    }
}

/// A table of which the columns are known; its rows are those that a query is run on.
#[derive(Debug)]
pub(crate) struct NamedTable {
    name: String,
    schema: SchemaRef,
}

impl NamedTable {
    /// A table with visible columns.
    pub(crate) fn new(name: impl Into<String>, schema: SchemaRef) -> Self {
        Self { name: name.into(), schema }
    }
}

#[async_trait]
impl TableProvider for NamedTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(projection) => Arc::new(self.schema.project(projection)?),
            None => self.schema.clone(),
        };
        Ok(Arc::new(TableExec::new(self.name.clone(), schema)))
    }

    /// Filters are looked at for what they say of samples; the query applies them itself.
    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }
}

/// Reads some columns of a table of [`Tables`].
#[derive(Debug)]
struct TableExec {
    name: String,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
}

impl TableExec {
    fn new(name: String, schema: SchemaRef) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema.clone()),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        )
        .with_scheduling_type(SchedulingType::Cooperative);
        Self { name, schema, properties: Arc::new(properties) }
    }

    fn rows(&self, tables: &Tables) -> Result<RecordBatch> {
        let Some(rows) = tables.0.get(&self.name) else {
            return exec_err!("the table `{}` was not read", self.name);
        };
        let columns = self.schema.fields().iter().map(|field| match rows.column_by_name(field.name()) {
            Some(column) => wide_column(field.name(), column, field.data_type()),
            None if rows.num_rows() == 0 => Ok(new_null_array(field.data_type(), 0)),
            None => exec_err!("the column `{}` of `{}` was not read", field.name(), self.name),
        });
        let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
        Ok(RecordBatch::try_new_with_options(self.schema.clone(), columns.collect::<Result<_>>()?, &options)?)
    }
}

impl DisplayAs for TableExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        let columns: Vec<&str> = self.schema.fields().iter().map(|field| field.name().as_str()).collect();
        write!(f, "TableExec: {} [{}]", self.name, columns.join(", "))
    }
}

impl ExecutionPlan for TableExec {
    fn name(&self) -> &str {
        "TableExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn with_new_children(self: Arc<Self>, _: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, _: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let Some(tables) = context.session_config().get_extension::<Tables>() else {
            return exec_err!("the query is run without tables");
        };
        let rows = self.rows(&tables)?;
        let starts = (0..rows.num_rows()).step_by(ROWS_AT_A_TIME);
        let pieces = starts.map(|start| rows.slice(start, ROWS_AT_A_TIME.min(rows.num_rows() - start))).collect();
        Ok(Box::pin(MemoryStream::try_new(pieces, self.schema.clone(), None)?))
    }
}
