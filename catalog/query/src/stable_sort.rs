//! Sorting in which equal rows stay in the order in which they came.
//!
//! DataFusion's sorts leave it to chance of size and piece which of two equal rows is first; row numbers, `lag`, `first_value` and LIMIT
//! then depend on it. Here rows are sorted by their key and, where that is equal, by their number.

use std::fmt;
use std::sync::Arc;

use arrow::array::UInt32Array;
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use arrow::row::{RowConverter, SortField};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Result, exec_err};
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::LexOrdering;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties, ReplaceChildrenOptions,
};
use futures::{StreamExt, TryStreamExt, stream};

/// Puts a stable sort in the place of every sort.
#[derive(Debug)]
pub(crate) struct StableSorts;

impl PhysicalOptimizerRule for StableSorts {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let stable = |node: Arc<dyn ExecutionPlan>| {
            Ok(match node.downcast_ref::<SortExec>() {
                Some(sort) => Transformed::yes(Arc::new(StableSortExec {
                    key: sort.expr().clone(),
                    fetch: sort.fetch(),
                    input: sort.input().clone(),
                    properties: sort.properties().clone(),
                }) as Arc<dyn ExecutionPlan>),
                None => Transformed::no(node),
            })
        };
        Ok(plan.transform_up(stable)?.data)
    }

    fn name(&self) -> &str {
        "stable_sorts"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

#[derive(Debug)]
struct StableSortExec {
    key: LexOrdering,
    /// How many of the first rows are wanted.
    fetch: Option<usize>,
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
}

impl DisplayAs for StableSortExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "StableSortExec: [{}]", self.key)?;
        self.fetch.map_or(Ok(()), |fetch| write!(f, " fetch={fetch}"))
    }
}

impl ExecutionPlan for StableSortExec {
    fn name(&self) -> &str {
        "StableSortExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        datafusion::physical_plan::apply_expression_roots(self.key.iter().map(|key| &key.expr), f)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let input = children.swap_remove(0);
        let properties = self.properties.clone();
        Ok(Arc::new(Self { key: self.key.clone(), fetch: self.fetch, input, properties }))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let keep = datafusion::physical_plan::ChildrenPropertiesMode::Keep;
        self.replace_children(children, ReplaceChildrenOptions::new(keep))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, context.clone())?;
        let (schema, key, fetch) = (self.schema(), self.key.clone(), self.fetch);
        let rows_at_a_time = context.session_config().batch_size();
        let pieces = {
            let schema = schema.clone();
            async move { sorted(input, schema, &key, fetch, rows_at_a_time, &context).await }
        };
        let rows = stream::once(pieces).map_ok(|pieces| stream::iter(pieces.into_iter().map(Ok))).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }
}

/// All rows of a stream in their order, in pieces.
async fn sorted(
    mut input: SendableRecordBatchStream,
    schema: SchemaRef,
    key: &LexOrdering,
    fetch: Option<usize>,
    rows_at_a_time: usize,
    context: &TaskContext,
) -> Result<Vec<RecordBatch>> {
    let memory = MemoryConsumer::new("StableSortExec").register(context.memory_pool());
    let mut pieces = Vec::new();
    while let Some(piece) = input.next().await {
        let piece = piece?;
        // The rows themselves, their keys, and the rows once more as they go out.
        memory.try_grow(3 * piece.get_array_memory_size())?;
        pieces.push(piece);
    }
    let rows = concat_batches(&schema, &pieces)?;
    drop(pieces);
    if u32::try_from(rows.num_rows()).is_err() {
        return exec_err!("{} rows are more than can be sorted", rows.num_rows());
    }
    let columns =
        key.iter().map(|k| k.expr.evaluate(&rows)?.into_array(rows.num_rows())).collect::<Result<Vec<_>>>()?;
    let fields = key.iter().zip(&columns).map(|(k, c)| SortField::new_with_options(c.data_type().clone(), k.options));
    let keys = RowConverter::new(fields.collect())?.convert_columns(&columns)?;
    let mut order: Vec<u32> = (0..rows.num_rows() as u32).collect();
    let by_key = |&a: &u32, &b: &u32| keys.row(a as usize).cmp(&keys.row(b as usize)).then(a.cmp(&b));
    if let Some(fetch) = fetch.filter(|&fetch| fetch < order.len()) {
        if fetch > 0 {
            order.select_nth_unstable_by(fetch - 1, by_key);
        }
        order.truncate(fetch);
    }
    order.sort_unstable_by(by_key);
    let pieces = order.chunks(rows_at_a_time).map(|piece| take_record_batch(&rows, &UInt32Array::from(piece.to_vec())));
    Ok(pieces.collect::<std::result::Result<_, _>>()?)
}
