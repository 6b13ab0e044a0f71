//! `lapicque sql`: query the tables of the latest run.

use std::collections::BTreeSet;

use arrow::record_batch::RecordBatch;
use lapicque_pipeline::{Graph, Overlay, Pipeline, RunOptions, RunRecord, Store};
use lapicque_query::{Latest, QueryError};
use lapicque_store::ParquetStore;

use crate::answering::{is_plain, tell_run};
use crate::arguments::{Format, Shared, Sql};
use crate::error::CommandError;
use crate::progress::Progress;
use crate::project::{jobs, latest_run, no_run, open_store, pipeline_file};
use crate::run::{cancelled, interruptible};
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
    store: &ParquetStore,
    compute: bool,
    shared: &Shared,
) -> Result<RecordBatch, CommandError> {
    let run = latest_run(store, pipeline)?;
    let latest = run.as_ref().map_or(Latest::NoRun(&pipeline.name), Latest::Run);
    let rows = match (lapicque_query::query(store, latest, query), &run) {
        (Err(QueryError::NotKept { stage, .. }), Some(run)) if compute => {
            with_rows_of(stage, pipeline, run, store, query, shared)?
        }
        (Err(QueryError::NoRun(_)), _) => return Err(no_run(store, pipeline)),
        (Err(error), Some(run)) => {
            // What is wrong may follow from which run it is.
            tell_run(run, pipeline, false, None, shared);
            return Err(error.into());
        }
        (other, _) => other?,
    };
    if let Some(run) = run.as_ref().filter(|run| !is_plain(run, pipeline)) {
        let stages = lapicque_query::stages_read(run, query)?;
        if !stages.is_empty() {
            tell_run(run, pipeline, false, Some(&stages), shared);
        }
    }
    Ok(rows)
}

/// Answers a query that needs rows which are not kept: what the latest run did is done again, in memory, with those rows.
fn with_rows_of(
    stage: String,
    pipeline: &Pipeline,
    run: &RunRecord,
    store: &dyn Store,
    query: &str,
    shared: &Shared,
) -> Result<RecordBatch, CommandError> {
    let mut keep = BTreeSet::from([stage]);
    interruptible();
    loop {
        let folder = pipeline.source.folder.clone();
        let mut again = Pipeline::parse(run.text.clone(), pipeline.source.path.clone(), folder, &run.settings)?;
        // The text is that of the run, the files that it names are those of today, and so is the program.
        if Graph::bind(&again, &lapicque::registry())?.identity() != run.identity {
            return Err(CommandError::Input(format!(
                "--compute: run {} cannot be repeated, since files that it read, or lapicque, have changed; `lapicque run` makes a new one",
                run.id
            )));
        }
        for name in &keep {
            if let Some(stage) = again.stages.get_mut(name) {
                stage.keep = true;
            }
        }
        let mut graph = Graph::bind(&again, &lapicque::registry())?;
        graph.file = run.file.clone();
        let overlay = Overlay::over(store);
        let progress = Progress::new(shared.quiet);
        let options = RunOptions {
            jobs: jobs(shared),
            executor: None,
            retry_failed: false,
            verify: None,
            cancelled: cancelled(),
            store_uri: "memory".to_owned(),
            settings: run.settings.clone(),
        };
        let repeated = lapicque_pipeline::run(&again, &graph, &overlay, &options, &|event| progress.hear(event))?;
        progress.finish();
        if cancelled().load(std::sync::atomic::Ordering::Relaxed) {
            return Err(CommandError::Interrupted);
        }
        match lapicque_query::query(&overlay, Latest::Run(&repeated), query) {
            Err(QueryError::NotKept { stage, .. }) if keep.insert(stage.clone()) => {}
            other => return Ok(other?),
        }
    }
}
