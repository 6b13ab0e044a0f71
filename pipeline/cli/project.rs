//! The pipeline file and its store, as a command names them.

use std::path::{Path, PathBuf};

use lapicque_pipeline::{FileMemo, Graph, Pipeline, RunRecord, Store};
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
    open_with(on, shared, false)
}

/// With `rehash`, all files are read again, also those that look unchanged.
pub(crate) fn open_with(on: &OnPipeline, shared: &Shared, rehash: bool) -> Result<Project, CommandError> {
    let (pipeline, mut graph) = bind(on, shared, rehash)?;
    if !shared.quiet {
        for stage in &graph.stages {
            for note in &stage.bound().notes {
                tell(&format!("note: {}: {note}", stage.name));
            }
        }
    }
    let store = open_store(&pipeline, shared)?;
    graph.file = known_file(&pipeline, &store);
    Ok(Project { pipeline, graph, store })
}

/// The pipeline file as the store knows it: from the folder of the store, where it lies there, so that both can be moved together; else by its whole path.
pub(crate) fn known_file(pipeline: &Pipeline, store: &ParquetStore) -> String {
    let Some(path) = &pipeline.source.path else {
        return String::new();
    };
    let whole = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let beside = store.folder().parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (path, beside) = (whole(path), whole(beside));
    path.strip_prefix(&beside).unwrap_or(&path).display().to_string()
}

/// The latest run of the pipeline, of this very file.
pub(crate) fn latest_run(store: &ParquetStore, pipeline: &Pipeline) -> Result<Option<RunRecord>, CommandError> {
    Ok(store.latest_run(&pipeline.name, Some(&known_file(pipeline, store)))?)
}

/// What to say where the pipeline was not run; runs of another file of this name are told.
pub(crate) fn no_run(store: &ParquetStore, pipeline: &Pipeline) -> CommandError {
    let other = store.latest_run(&pipeline.name, None).ok().flatten();
    match (other, &pipeline.source.path) {
        (Some(other), Some(path)) => CommandError::Input(format!(
            "no run of `{}` is in the store; it has runs of another file of the name `{}`: {}; `lapicque run {}` makes one",
            path.display(),
            pipeline.name,
            if other.file.is_empty() { "(not known)" } else { &other.file },
            path.display()
        )),
        _ => CommandError::Query(QueryError::NoRun(pipeline.name.clone())),
    }
}

pub(crate) fn bind(on: &OnPipeline, shared: &Shared, rehash: bool) -> Result<(Pipeline, Graph), CommandError> {
    let pipeline = Pipeline::read(&pipeline_file(&on.pipeline), &on.set)?;
    let folder = store_folder(&pipeline, shared);
    let memo = if rehash { FileMemo::anew(&folder) } else { FileMemo::open(&folder) };
    let graph = Graph::bind_with(&pipeline, &lapicque::registry(), &memo);
    memo.save();
    Ok((pipeline, graph?))
}

fn store_folder(pipeline: &Pipeline, shared: &Shared) -> PathBuf {
    shared.store.clone().unwrap_or_else(|| pipeline.source.folder.join(".lapicque"))
}

pub(crate) fn open_store(pipeline: &Pipeline, shared: &Shared) -> Result<ParquetStore, CommandError> {
    let folder = store_folder(pipeline, shared);
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
        return latest_run(store, pipeline)?.ok_or_else(|| no_run(store, pipeline));
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
