//! Sessions: how SQL is read, planned and run here.
//!
//! Identifiers keep their case, text stays plain, and one partition keeps rows in order. What comes out is a function of the query and the
//! rows alone: no statistics reach the planner, equal rows are sorted as they come, and numbers mean what [`crate::numbers`] says.

use std::sync::{Arc, LazyLock};

use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{TableReference, plan_err};
use datafusion::error::Result;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::optimizer::{Analyzer, Optimizer, OptimizerRule};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::combine_partial_final_agg::CombinePartialFinalAggregate;
use datafusion::physical_optimizer::ensure_requirements::EnsureRequirements;
use datafusion::physical_optimizer::limit_pushdown::LimitPushdown;
use datafusion::physical_optimizer::limited_distinct_aggregation::LimitedDistinctAggregation;
use datafusion::physical_optimizer::output_requirements::OutputRequirements;
use datafusion::physical_optimizer::projection_pushdown::ProjectionPushdown;
use datafusion::physical_optimizer::sanity_checker::SanityCheckPlan;
use datafusion::physical_optimizer::update_aggr_exprs::OptimizeAggregateOrder;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::execution_plan::reset_plan_states;
use datafusion::prelude::{SQLOptions, SessionConfig, SessionContext};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast;
use tokio::runtime::Runtime;

use crate::aggregates::aggregate_functions;
use crate::canonical_results::CanonicalResults;
use crate::conditions::ConditionsDown;
use crate::in_order::UnionsInOrder;
use crate::numbers::{OneMeaning, SixtyFourBits};
use crate::signed::scalar_functions;
use crate::stable_sort::StableSorts;
use crate::tables::{NamedTable, Tables};

/// A query that would take more is refused instead of taking the machine down.
const MEMORY_BYTES: usize = 8 << 30;

static RUNTIME: LazyLock<Arc<RuntimeEnv>> = LazyLock::new(|| {
    let pool = Arc::new(GreedyMemoryPool::new(MEMORY_BYTES));
    RuntimeEnvBuilder::new().with_memory_pool(pool).build_arc().unwrap_or_default()
});

/// A session without tables.
pub(crate) fn session() -> SessionContext {
    let mut config = SessionConfig::new().with_target_partitions(1).with_information_schema(false);
    let options = config.options_mut();
    options.sql_parser.enable_ident_normalization = false;
    options.sql_parser.map_string_types_to_utf8view = false;
    options.execution.parquet.schema_force_view_types = false;
    // It refuses plans for metadata of columns that expressions keep or drop; types are held against each other row by row.
    options.execution.skip_physical_aggregate_schema_check = true;
    // These remember in the plan what they saw of the rows; a plan is run many times.
    options.optimizer.enable_dynamic_filter_pushdown = false;
    options.optimizer.enable_topk_dynamic_filter_pushdown = false;
    options.optimizer.enable_join_dynamic_filter_pushdown = false;
    options.optimizer.enable_aggregate_dynamic_filter_pushdown = false;
    options.optimizer.enable_physical_uncorrelated_scalar_subquery = false;
    let mut analyzer = Analyzer::new();
    // After types are settled.
    analyzer.rules.push(Arc::new(OneMeaning));
    let state = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(RUNTIME.clone())
        .with_expr_planners(vec![Arc::new(SixtyFourBits)])
        .with_default_features()
        .with_scalar_functions(scalar_functions())
        .with_aggregate_functions(aggregate_functions())
        .with_analyzer_rules(analyzer.rules)
        .with_optimizer_rules(logical_rules())
        .with_physical_optimizer_rules(physical_rules())
        .build();
    SessionContext::new_with_state(state)
}

/// DataFusion's rules, with one of ours in the place of one that gives rows of nothing.
fn logical_rules() -> Vec<Arc<dyn OptimizerRule + Send + Sync>> {
    let of_rule = |rule: Arc<dyn OptimizerRule + Send + Sync>| match rule.name() {
        "push_down_filter" => Arc::new(ConditionsDown::new()),
        _ => rule,
    };
    Optimizer::new().rules.into_iter().map(of_rule).collect()
}

/// DataFusion's rules without those that need statistics or more than one partition, or choose among equal rows.
fn physical_rules() -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    vec![
        Arc::new(UnionsInOrder),
        Arc::new(OutputRequirements::new_add_mode()),
        Arc::new(LimitedDistinctAggregation::new()),
        Arc::new(EnsureRequirements::new()),
        Arc::new(CombinePartialFinalAggregate::new()),
        Arc::new(OptimizeAggregateOrder::new()),
        Arc::new(OutputRequirements::new_remove_mode()),
        Arc::new(LimitPushdown::new()),
        Arc::new(ProjectionPushdown::new()),
        Arc::new(StableSorts),
        Arc::new(CanonicalResults),
        Arc::new(SanityCheckPlan::new()),
    ]
}

/// Makes the columns of a table known, in their visible form.
pub(crate) fn register(session: &SessionContext, name: &str, schema: SchemaRef) -> Result<()> {
    let table = NamedTable::new(name, schema);
    session.register_table(TableReference::bare(name), Arc::new(table)).map(|_| ())
}

/// Reads one statement.
pub(crate) fn parse(session: &SessionContext, sql: &str) -> Result<Statement> {
    let state = session.state_ref();
    let state = state.read();
    state.sql_to_statement(sql, &state.config().options().sql_parser.dialect)
}

/// The tables that a statement names, but for those that it makes itself, by WITH or by functions such as `range(0, 3)`.
///
/// `known` are tables whose name may be that of a function, too.
pub(crate) fn tables_named(
    session: &SessionContext,
    statement: &Statement,
    known: &[&str],
) -> Result<Vec<TableReference>> {
    let state = session.state_ref();
    let state = state.read();
    let mut named = state.resolve_table_references(statement)?;
    let is_function = |table: &TableReference| {
        table.schema().is_none()
            && state.table_functions().contains_key(table.table())
            && !known.contains(&table.table())
    };
    named.retain(|table| !is_function(table));
    Ok(named)
}

/// Whether a query says how its rows are ordered: whether ORDER BY stands at its end, not in a part of it.
pub(crate) fn is_ordered(statement: &Statement) -> bool {
    let Statement::Statement(statement) = statement else {
        return false;
    };
    let ast::Statement::Query(query) = statement.as_ref() else {
        return false;
    };
    let mut query = query;
    while query.order_by.is_none() {
        // Brackets around all of it.
        let ast::SetExpr::Query(inner) = query.body.as_ref() else {
            return false;
        };
        query = inner;
    }
    true
}

/// Plans one query; anything else than a query is refused.
pub(crate) fn plan(session: &SessionContext, statement: Statement) -> Result<LogicalPlan> {
    let state = session.state_ref();
    let state = state.read();
    let plan = block_on(state.statement_to_plan(statement))??;
    let only_queries = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    only_queries.verify_plan(&plan)?;
    Ok(plan)
}

/// The plan that will be run: with the columns and filters of each table where they are read.
pub(crate) fn optimized(session: &SessionContext, plan: &LogicalPlan) -> Result<LogicalPlan> {
    let plan = session.state_ref().read().optimize(plan)?;
    no_open_subqueries(&plan)?;
    Ok(plan)
}

/// What the optimiser leaves of subqueries cannot be run: better said now than when the first sample is computed.
fn no_open_subqueries(plan: &LogicalPlan) -> Result<()> {
    let mut open = false;
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expression| {
            expression.apply(|e| {
                open |= matches!(
                    e,
                    Expr::OuterReferenceColumn(..)
                        | Expr::ScalarSubquery(_)
                        | Expr::InSubquery(_)
                        | Expr::Exists(_)
                        | Expr::SetComparison(_)
                );
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    if open {
        plan_err!("a subquery refers to the query around it in a way that cannot be answered; write it as a join")
    } else {
        Ok(())
    }
}

/// A query that can be run, on any rows of its tables and any number of times.
#[derive(Debug)]
pub(crate) struct Prepared {
    plan: Arc<dyn ExecutionPlan>,
    config: SessionConfig,
}

impl Prepared {
    /// From an optimised plan.
    pub(crate) fn new(session: &SessionContext, plan: &LogicalPlan) -> Result<Self> {
        let state = session.state_ref();
        let state = state.read();
        let plan = block_on(state.query_planner().create_physical_plan(plan, &*state))??;
        Ok(Self { plan, config: state.config().clone() })
    }

    pub(crate) fn run(&self, runtime: &Runtime, tables: Tables) -> Result<RecordBatch> {
        // Joins keep their first side in the plan.
        let plan = reset_plan_states(self.plan.clone())?;
        let none = Default::default;
        let config = self.config.clone().with_extension(Arc::new(tables));
        let context = TaskContext::new(
            None,
            String::new(),
            config,
            none(),
            Default::default(),
            Default::default(),
            Default::default(),
            RUNTIME.clone(),
        );
        let rows = runtime.block_on(datafusion::physical_plan::collect(plan.clone(), Arc::new(context)))?;
        Ok(concat_batches(&plan.schema(), &rows)?)
    }
}

/// What a query runs on: this thread.
pub(crate) fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().build()?)
}

fn block_on<F: Future>(future: F) -> Result<F::Output> {
    Ok(runtime()?.block_on(future))
}
