//! Sessions: how SQL is read and run here.
//!
//! Identifiers keep their case, text stays plain, and one partition keeps rows in order.

use std::sync::{Arc, LazyLock};

use arrow::record_batch::RecordBatch;
use datafusion::catalog::MemTable;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::{SQLOptions, SessionConfig, SessionContext};

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
    let state = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(RUNTIME.clone())
        .with_default_features()
        .build();
    SessionContext::new_with_state(state)
}

pub(crate) fn register(session: &SessionContext, name: &str, table: RecordBatch) -> Result<()> {
    let table = MemTable::try_new(table.schema(), vec![vec![table]])?;
    session.register_table(datafusion::common::TableReference::bare(name), Arc::new(table)).map(|_| ())
}

/// Plans one query; anything else than a query is refused.
pub(crate) fn plan(session: &SessionContext, sql: &str) -> Result<LogicalPlan> {
    let plan = block_on(session.state().create_logical_plan(sql))??;
    let only_queries = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    only_queries.verify_plan(&plan)?;
    Ok(plan)
}

/// The plan that will be run: with the columns and filters of each table where they are read.
pub(crate) fn optimized(session: &SessionContext, plan: &LogicalPlan) -> Result<LogicalPlan> {
    session.state().optimize(plan)
}

/// Runs a plan to its end.
pub(crate) fn collect(session: &SessionContext, plan: LogicalPlan) -> Result<Vec<RecordBatch>> {
    block_on(async { session.execute_logical_plan(plan).await?.collect().await })?
}

fn block_on<F: Future>(future: F) -> Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    Ok(runtime.block_on(future))
}

/// The message of an error without DataFusion's wrapping.
pub(crate) fn message(error: &DataFusionError) -> String {
    error.find_root().strip_backtrace()
}
