//! Results of aggregates and windows with one zero and one NaN.
//!
//! inf - inf is a NaN with a sign on one processor and without on another, and a mean may underflow to -0.0.
//! What such nodes give is brought into one form before anything compares or groups it.

use std::fmt;
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec};
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties,
    ReplaceChildrenOptions,
};
use futures::StreamExt;
use lapicque_schemas::canonical_floats;

use crate::arithmetic::has_floats;

/// Puts a [`CanonicalExec`] above every node that computes floats outside of expressions.
#[derive(Debug)]
pub(crate) struct CanonicalResults;

impl PhysicalOptimizerRule for CanonicalResults {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let canonical = |node: Arc<dyn ExecutionPlan>| {
            Ok(if computes_floats(&node) {
                Transformed::yes(Arc::new(CanonicalExec { input: node }) as Arc<dyn ExecutionPlan>)
            } else {
                Transformed::no(node)
            })
        };
        Ok(plan.transform_up(canonical)?.data)
    }

    fn name(&self) -> &str {
        "canonical_results"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn computes_floats(node: &Arc<dyn ExecutionPlan>) -> bool {
    let is_window = node.is::<WindowAggExec>() || node.is::<BoundedWindowAggExec>();
    let has_results = |aggregate: &AggregateExec| {
        // Partial results are no values yet.
        !matches!(aggregate.mode(), AggregateMode::Partial | AggregateMode::PartialReduce)
            && !aggregate.aggr_expr().is_empty()
    };
    (is_window || node.downcast_ref::<AggregateExec>().is_some_and(has_results))
        && node.schema().fields().iter().any(|field| has_floats(field.data_type()))
}

#[derive(Debug)]
struct CanonicalExec {
    input: Arc<dyn ExecutionPlan>,
}

impl DisplayAs for CanonicalExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "CanonicalExec")
    }
}

impl ExecutionPlan for CanonicalExec {
    fn name(&self) -> &str {
        "CanonicalExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self { input: children.swap_remove(0) }))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Keep))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let rows = self.input.execute(partition, context)?;
        let rows = rows.map(|batch| Ok(canonical_floats(&batch?)?));
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }
}
