//! `lapicque sql`: query the tables of the latest run.

use std::collections::BTreeSet;

use arrow::record_batch::RecordBatch;
use lapicque_pipeline::{Graph, Overlay, Pipeline, RunOptions, Store};
use lapicque_query::QueryError;

use crate::arguments::{Format, Shared, Sql};
use crate::error::CommandError;
use crate::progress::Progress;
use crate::project::{jobs, open_store, pipeline_file};
use crate::run::{cancelled, interruptible, on_threads};
use crate::table_output::{format_of, write};

pub(crate) fn sql(command: &Sql, shared: &Shared) -> Result<(), CommandError> {
    let pipeline = Pipeline::read(&pipeline_file(&command.pipeline), &[])?;
    let store = open_store(&pipeline, shared)?;
    let format = format_of(command.format.or(shared.json.then_some(Format::Json)), command.output.as_deref())?;
    let result = answer(&command.query, &pipeline, &store, command.compute, shared)?;
    write(&result, format, command.output.as_deref())
}

/// The result of a query; `compute` if rows that are not kept may be computed again.
pub(crate) fn answer(
    query: &str,
    pipeline: &Pipeline,
    store: &dyn Store,
    compute: bool,
    shared: &Shared,
) -> Result<RecordBatch, CommandError> {
    match lapicque_query::query(store, &pipeline.name, query) {
        Err(QueryError::NotKept { stage, .. }) if compute => with_rows_of(stage, pipeline, store, query, shared),
        other => Ok(other?),
    }
}

/// Answers a query that needs rows which are not kept: what the latest run did is done again, in memory, with those rows.
fn with_rows_of(
    stage: String,
    pipeline: &Pipeline,
    store: &dyn Store,
    query: &str,
    shared: &Shared,
) -> Result<RecordBatch, CommandError> {
    let run = store.latest_run(&pipeline.name)?.ok_or_else(|| QueryError::NoRun(pipeline.name.clone()))?;
    let mut keep = BTreeSet::from([stage]);
    interruptible();
    loop {
        let folder = pipeline.source.folder.clone();
        let mut again = Pipeline::parse(run.text.clone(), pipeline.source.path.clone(), folder, &run.settings)?;
        for name in &keep {
            if let Some(stage) = again.stages.get_mut(name) {
                stage.keep = true;
            }
        }
        let graph = Graph::bind(&again, &lapicque::registry())?;
        let overlay = Overlay::over(store);
        let progress = Progress::new(shared.quiet);
        let options = RunOptions {
            jobs: jobs(shared),
            retry_failed: false,
            verify: None,
            cancelled: cancelled(),
            store_uri: "memory".to_owned(),
            settings: run.settings.clone(),
        };
        on_threads(options.jobs, || {
            lapicque_pipeline::run(&again, &graph, &overlay, &options, &|event| progress.hear(event))
        })??;
        progress.finish();
        if cancelled().load(std::sync::atomic::Ordering::Relaxed) {
            return Err(CommandError::Interrupted);
        }
        match lapicque_query::query(&overlay, &pipeline.name, query) {
            Err(QueryError::NotKept { stage, .. }) if keep.insert(stage.clone()) => {}
            other => return Ok(other?),
        }
    }
}
