//! UNION ALL one part after the other.
//!
//! DataFusion reads the parts side by side and takes rows as they come; sums, `array_agg` and row numbers over them then depend on how
//! long the parts are.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatchOptions;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning,
    PhysicalExpr, PlanProperties, ReplaceChildrenOptions,
};
use futures::{StreamExt, TryStreamExt, stream};

/// Puts an [`InOrderExec`] in the place of every union.
#[derive(Debug)]
pub(crate) struct UnionsInOrder;

impl PhysicalOptimizerRule for UnionsInOrder {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let in_order = |node: Arc<dyn ExecutionPlan>| {
            Ok(match node.downcast_ref::<UnionExec>() {
                Some(union) => Transformed::yes(
                    Arc::new(InOrderExec::new(union.inputs().to_vec(), union.schema())) as Arc<dyn ExecutionPlan>
                ),
                None => Transformed::no(node),
            })
        };
        Ok(plan.transform_up(in_order)?.data)
    }

    fn name(&self) -> &str {
        "unions_in_order"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

#[derive(Debug)]
struct InOrderExec {
    parts: Vec<Arc<dyn ExecutionPlan>>,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
}

impl InOrderExec {
    fn new(parts: Vec<Arc<dyn ExecutionPlan>>, schema: SchemaRef) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema.clone()),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self { parts, schema, properties: Arc::new(properties) }
    }
}

impl DisplayAs for InOrderExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "InOrderExec")
    }
}

impl ExecutionPlan for InOrderExec {
    fn name(&self) -> &str {
        "InOrderExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.parts.iter().collect()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        parts: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self { parts, schema: self.schema.clone(), properties: self.properties.clone() }))
    }

    fn with_new_children(self: Arc<Self>, parts: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(parts, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Keep))
    }

    fn execute(&self, _: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let pieces = self.parts.iter().flat_map(|part| {
            (0..part.output_partitioning().partition_count()).map(|partition| (part.clone(), partition))
        });
        let pieces: Vec<_> = pieces.collect();
        let schema = self.schema.clone();
        let rows = stream::iter(pieces).then(move |(part, partition)| {
            let context = context.clone();
            async move { part.execute(partition, context) }
        });
        let rows = rows.try_flatten().map(move |batch| {
            let batch = batch?;
            // Parts may call their columns otherwise.
            let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
            Ok(RecordBatch::try_new_with_options(schema.clone(), batch.columns().to_vec(), &options)?)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), rows)))
    }
}
