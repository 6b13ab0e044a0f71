//! The pipeline file and its store, as a command names them.

use std::path::{Path, PathBuf};

use lapicque_pipeline::{Graph, Pipeline, RunRecord, Store};
use lapicque_query::QueryError;
use lapicque_store::ParquetStore;

use crate::arguments::{OnPipeline, Shared};
use crate::error::CommandError;
use crate::tell;

/// A pipeline that was read and bound, and its store.
pub(crate) struct Project {
    pub(crate) pipeline: Pipeline,
    pub(crate) graph: Graph,
    pub(crate) store: ParquetStore,
}

pub(crate) fn open(on: &OnPipeline, shared: &Shared) -> Result<Project, CommandError> {
    let (pipeline, graph) = bind(on)?;
    if !shared.quiet {
        for stage in &graph.stages {
            for note in &stage.bound().notes {
                tell(&format!("note: {}: {note}", stage.name));
            }
        }
    }
    let store = open_store(&pipeline, shared)?;
    Ok(Project { pipeline, graph, store })
}

pub(crate) fn bind(on: &OnPipeline) -> Result<(Pipeline, Graph), CommandError> {
    let pipeline = Pipeline::read(&pipeline_file(&on.pipeline), &on.set)?;
    let graph = Graph::bind(&pipeline, &lapicque::registry())?;
    Ok((pipeline, graph))
}

pub(crate) fn open_store(pipeline: &Pipeline, shared: &Shared) -> Result<ParquetStore, CommandError> {
    let folder = shared.store.clone().unwrap_or_else(|| pipeline.source.folder.join(".lapicque"));
    if folder.exists() && !folder.is_dir() {
        return Err(CommandError::Input(format!("--store: `{}` is no folder", folder.display())));
    }
    Ok(ParquetStore::open(&folder)?)
}

/// The run of the pipeline whose id begins like this, or that is pinned under this name; the latest one if none is named.
pub(crate) fn chosen_run(
    store: &ParquetStore,
    pipeline: &Pipeline,
    given: Option<&str>,
) -> Result<RunRecord, CommandError> {
    let Some(given) = given else {
        let latest = store.latest_run(&pipeline.name)?;
        return latest.ok_or_else(|| CommandError::Query(QueryError::NoRun(pipeline.name.clone())));
    };
    let pinned = store.pins()?.into_iter().find(|pin| pin.name == given).map(|pin| pin.run);
    let id = pinned.as_deref().unwrap_or(given);
    let mut runs = store.runs()?;
    runs.retain(|run| run.id.starts_with(id));
    match runs.len() {
        1 => Ok(runs.remove(0)),
        0 => Err(CommandError::Input(format!("there is no run `{given}`; `SELECT run FROM system.runs` lists them"))),
        n => Err(CommandError::Input(format!("{n} runs begin with `{given}`; give more of the id"))),
    }
}

/// A folder stands for the pipeline.yaml in it.
pub(crate) fn pipeline_file(path: &Path) -> PathBuf {
    if path.is_dir() { path.join("pipeline.yaml") } else { path.to_owned() }
}

pub(crate) fn jobs(shared: &Shared) -> usize {
    shared.jobs.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from)
}
