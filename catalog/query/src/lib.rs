//! SQL: over the tables of a run, and as stages of a pipeline.
//!
//! **Invariant:** DataFusion is known here and nowhere else; its futures run to their end inside this crate.

mod aggregates;
mod arithmetic;
mod canonical_results;
mod catalog;
mod conditions;
mod diff;
mod extremes;
mod grain;
mod in_order;
mod messages;
mod need;
mod numbers;
mod results;
mod session;
mod signed;
mod sliding;
mod sql_kind;
mod stable_sort;
mod sums;
mod system;
mod tables;
mod together;

pub use catalog::{Latest, check_ran, query, stages_read};
pub use diff::{Tolerance, diff};
pub use sql_kind::SqlKind;

/// The kinds that this crate adds.
pub fn kinds() -> Vec<Box<dyn lapicque_pipeline::Kind>> {
    vec![Box::new(SqlKind)]
}

/// A query that cannot be answered.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    #[error("{0}")]
    Sql(String),
    #[error("there is no table `{table}`{suggestion} (there are: {present})")]
    UnknownTable { table: String, suggestion: String, present: String },
    #[error("the rows of `{table}` are not kept (`keep: false`); computing them again{} is done by `--compute`", about(*seconds))]
    NotKept {
        table: String,
        stage: String,
        /// What computing all of its samples took.
        seconds: Option<f64>,
    },
    #[error("`{stage}` has no table: {}", why_not(failed.as_deref()))]
    NotRun {
        stage: String,
        /// What it failed with, if it ran.
        failed: Option<String>,
    },
    #[error("no run of the pipeline `{0}` is in the store; `lapicque run` makes one")]
    NoRun(String),
    #[error(transparent)]
    Store(#[from] lapicque_pipeline::StoreError),
}

fn why_not(failed: Option<&str>) -> String {
    match failed {
        Some(message) => format!("it failed: {message}"),
        None => "it did not run, since the run was interrupted or what it needs has no result; `lapicque run` tells"
            .to_owned(),
    }
}

fn about(seconds: Option<f64>) -> String {
    seconds.map(|seconds| format!(", about {seconds:.1} s of work,")).unwrap_or_default()
}

impl From<datafusion::error::DataFusionError> for QueryError {
    fn from(error: datafusion::error::DataFusionError) -> Self {
        Self::Sql(messages::message(&error))
    }
}

impl From<arrow::error::ArrowError> for QueryError {
    fn from(error: arrow::error::ArrowError) -> Self {
        Self::Sql(error.to_string())
    }
}
