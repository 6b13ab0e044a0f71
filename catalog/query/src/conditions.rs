//! Where conditions go in a plan: not below an aggregate that gives a row of nothing.
//!
//! `SELECT n FROM (SELECT 5 AS c, count(*) AS n FROM t) WHERE c = 3` has no row. DataFusion 55 puts `5 = 3`, which names no column, below the
//! aggregate, and a count of no rows is a row. The same with ROLLUP, CUBE and GROUPING SETS.

use datafusion::common::Result;
use datafusion::common::tree_node::Transformed;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::optimizer::optimizer::ApplyOrder;
use datafusion::optimizer::push_down_filter::PushDownFilter;
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};

/// DataFusion's rule, which leaves conditions on such aggregates where they are.
#[derive(Debug)]
pub(crate) struct ConditionsDown(PushDownFilter);

impl ConditionsDown {
    pub(crate) fn new() -> Self {
        Self(PushDownFilter::new())
    }
}

impl OptimizerRule for ConditionsDown {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        self.0.apply_order()
    }

    fn rewrite(&self, plan: LogicalPlan, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        if is_above_row_of_nothing(&plan) { Ok(Transformed::no(plan)) } else { self.0.rewrite(plan, config) }
    }
}

fn is_above_row_of_nothing(plan: &LogicalPlan) -> bool {
    let LogicalPlan::Filter(filter) = plan else {
        return false;
    };
    match filter.input.as_ref() {
        LogicalPlan::Aggregate(aggregate) => {
            aggregate.group_expr.is_empty() || aggregate.group_expr.iter().any(|e| matches!(e, Expr::GroupingSet(_)))
        }
        other => is_above_row_of_nothing(other),
    }
}
