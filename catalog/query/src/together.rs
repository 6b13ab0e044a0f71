//! Which queries with `grain: sample` may run once for a whole batch.
//!
//! All others run sample by sample, which gives the definition of a result and is slower. A batch must give the same bits: a query is
//! allowed here if each of its nodes gives, for each sample, the rows that it gives for that sample alone. Sums of floats and numbers
//! of rows also ask for their order; after a join that is no longer certain.

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::logical_expr::{Distinct, Expr, LogicalPlan, WindowFunctionDefinition};

/// Aggregates that do not depend on the order of rows.
const WITHOUT_ORDER: [&str; 5] = ["count", "min", "max", "bool_and", "bool_or"];
/// Aggregates that take the rows of a group one after the other.
const ONE_BY_ONE: [&str; 6] = ["sum", "avg", "var", "var_pop", "stddev", "stddev_pop"];
/// Functions over windows that depend on nothing but the order of rows.
const PLACES: [&str; 11] = [
    "row_number",
    "rank",
    "dense_rank",
    "percent_rank",
    "cume_dist",
    "ntile",
    "lag",
    "lead",
    "first_value",
    "last_value",
    "nth_value",
];

/// What is known of the rows of a sample among those of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rows {
    /// The same rows in another order.
    Same,
    /// The same rows in the same order.
    InOrder,
}

/// Whether a plan before optimisation may run for many samples at once; `ordered` if the order of its rows is part of the result.
pub(crate) fn may_run_together(plan: &LogicalPlan, ordered: bool) -> bool {
    rows(plan).is_some_and(|rows| !ordered || rows == Rows::InOrder)
}

/// `None` where a sample alone may give other rows.
fn rows(plan: &LogicalPlan) -> Option<Rows> {
    if has_subquery(plan) {
        return None;
    }
    let below = plan.inputs().into_iter().map(rows).collect::<Option<Vec<_>>>()?;
    let below = below.into_iter().min().unwrap_or(Rows::InOrder);
    match plan {
        LogicalPlan::TableScan(_)
        | LogicalPlan::Projection(_)
        | LogicalPlan::Filter(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::Unnest(_)
        | LogicalPlan::Union(_)
        | LogicalPlan::EmptyRelation(_)
        | LogicalPlan::Values(_)
        | LogicalPlan::Distinct(Distinct::All(_)) => Some(below),
        LogicalPlan::Join(_) => Some(Rows::Same),
        LogicalPlan::Sort(sort) => (sort.fetch.is_none() && below == Rows::InOrder).then_some(below),
        LogicalPlan::Aggregate(aggregate) => {
            let is_plain = !aggregate.group_expr.iter().any(|e| matches!(e, Expr::GroupingSet(_)));
            (is_plain && aggregate.aggr_expr.iter().all(|e| may_aggregate(e, below))).then_some(below)
        }
        LogicalPlan::Window(window) => {
            (below == Rows::InOrder && window.window_expr.iter().all(may_window)).then_some(below)
        }
        _ => None,
    }
}

fn may_aggregate(expression: &Expr, below: Rows) -> bool {
    let Expr::AggregateFunction(function) = strip(expression) else {
        return false;
    };
    let name = function.func.name();
    let in_any_order = WITHOUT_ORDER.contains(&name);
    let one_by_one = ONE_BY_ONE.contains(&name) && !function.params.distinct && below == Rows::InOrder;
    function.params.order_by.is_empty() && (in_any_order || one_by_one)
}

fn may_window(expression: &Expr) -> bool {
    let Expr::WindowFunction(function) = strip(expression) else {
        return false;
    };
    match &function.fun {
        WindowFunctionDefinition::WindowUDF(f) => PLACES.contains(&f.name()),
        WindowFunctionDefinition::AggregateUDF(f) => WITHOUT_ORDER.contains(&f.name()),
    }
}

fn strip(expression: &Expr) -> &Expr {
    match expression {
        Expr::Alias(alias) => strip(&alias.expr),
        other => other,
    }
}

fn has_subquery(plan: &LogicalPlan) -> bool {
    use datafusion::common::tree_node::TreeNode;
    let mut found = matches!(plan, LogicalPlan::Subquery(_));
    let walked = plan.apply_expressions(|expression| {
        expression.apply(|e| {
            found |=
                matches!(e, Expr::ScalarSubquery(_) | Expr::InSubquery(_) | Expr::Exists(_) | Expr::SetComparison(_));
            Ok(TreeNodeRecursion::Continue)
        })
    });
    found || walked.is_err()
}
