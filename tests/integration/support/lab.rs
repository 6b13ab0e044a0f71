//! Pipelines run in this process, each time on a store that is opened anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use arrow::array::RecordBatch;
use lapicque_pipeline::{
    Action, Event, Executor, Graph, Pipeline, Registry, RunOptions, RunRecord, StagePlan, StageRun, Store, plan,
    read_output,
};
use lapicque_schemas::Digest;
use lapicque_store::ParquetStore;
use serde_json::Value;
use tempfile::TempDir;

use super::processes::{Processes, VARIABLE};
use super::recorder::Recorder;

pub(crate) struct Lab {
    folder: TempDir,
    registry: fn() -> Registry,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) jobs: usize,
    pub(crate) retry_failed: bool,
    pub(crate) verify: Option<f64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { jobs: 2, retry_failed: false, verify: None }
    }
}

/// A run, and the store as it was left.
pub(crate) struct Ran {
    pub(crate) record: RunRecord,
    store: ParquetStore,
    published: BTreeSet<Digest>,
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self::with_kinds(lapicque::registry)
    }

    pub(crate) fn with_kinds(registry: fn() -> Registry) -> Self {
        Self { folder: TempDir::new().unwrap(), registry }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn store_folder(&self) -> PathBuf {
        self.folder().join(".lapicque")
    }

    /// Writes a file of the folder.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Reads and binds a pipeline; problems as text.
    pub(crate) fn bind(&self, pipeline: &Value) -> Result<(Pipeline, Graph), String> {
        self.bind_with(pipeline, &(self.registry)())
    }

    /// As [`Self::bind`], with these kinds.
    pub(crate) fn bind_with(&self, pipeline: &Value, kinds: &Registry) -> Result<(Pipeline, Graph), String> {
        let parsed = Pipeline::parse(pipeline.to_string(), None, self.folder().to_owned(), &[])
            .map_err(|error| error.to_string())?;
        let graph = Graph::bind(&parsed, kinds).map_err(|error| error.to_string())?;
        Ok((parsed, graph))
    }

    pub(crate) fn run(&self, pipeline: &Value) -> Ran {
        self.run_with(pipeline, Settings::default())
    }

    pub(crate) fn run_with(&self, pipeline: &Value, settings: Settings) -> Ran {
        let elsewhere = std::env::var_os(VARIABLE).map(|_| Processes::new(None));
        let executor = elsewhere.as_ref().map(|processes| processes as &dyn Executor);
        let mut ran = self.run_by(pipeline, settings, executor);
        ran.published.extend(elsewhere.iter().flat_map(Processes::computed));
        ran
    }

    /// Runs a pipeline whose batches an executor computes.
    pub(crate) fn run_by(&self, pipeline: &Value, settings: Settings, executor: Option<&dyn Executor>) -> Ran {
        let (pipeline, graph) = self.bind(pipeline).unwrap_or_else(|problems| panic!("{problems}"));
        let store = ParquetStore::open(&self.store_folder()).unwrap();
        let recorder = Recorder::new(&store);
        let options = RunOptions {
            jobs: settings.jobs,
            executor,
            retry_failed: settings.retry_failed,
            verify: settings.verify,
            cancelled: &AtomicBool::new(false),
            store_uri: self.store_folder().display().to_string(),
            settings: Vec::new(),
        };
        let record = lapicque_pipeline::run(&pipeline, &graph, &recorder, &options, &|_| {}).unwrap();
        let published = recorder.published();
        Ran { record, store, published }
    }

    pub(crate) fn plan(&self, pipeline: &Value) -> Vec<StagePlan> {
        let (_, graph) = self.bind(pipeline).unwrap();
        let store = ParquetStore::open(&self.store_folder()).unwrap();
        plan(&graph, &store).unwrap()
    }

    /// What lies in the store: names of files and their content.
    pub(crate) fn store_digest(&self) -> Digest {
        folder_digest(&self.store_folder())
    }
}

/// The digest of all files below a folder, with their names.
pub(crate) fn folder_digest(folder: &Path) -> Digest {
    let mut builder = lapicque_schemas::DigestBuilder::new("folder");
    let mut folders = vec![folder.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    for file in files {
        builder.text(&file.display().to_string()).bytes(&std::fs::read(&file).unwrap());
    }
    builder.finish()
}

impl Ran {
    pub(crate) fn stage(&self, name: &str) -> &StageRun {
        self.record.stages.iter().find(|s| s.stage == name).unwrap_or_else(|| panic!("no stage {name}"))
    }

    /// How often the function of each stage ran, where it ran.
    pub(crate) fn computed(&self) -> BTreeMap<&str, u64> {
        self.record.stages.iter().filter(|s| s.computed > 0).map(|s| (s.stage.as_str(), s.computed)).collect()
    }

    /// The samples of a stage whose results this run stored; one empty label where a stage that runs once ran.
    pub(crate) fn stored(&self, stage: &str) -> Vec<String> {
        let binding = self.store.binding(self.stage(stage).binding).unwrap();
        let label = |i: usize| binding.samples.get(i).unwrap_or_default().to_owned();
        let is_new = |key: &Option<Digest>| key.is_some_and(|key| self.published.contains(&key));
        binding.keys.iter().enumerate().filter(|(_, key)| is_new(key)).map(|(i, _)| label(i)).collect()
    }

    /// Label, key and action of each sample of a stage.
    pub(crate) fn actions(&self, stage: &str) -> Vec<(String, Digest, Action)> {
        let binding = self.store.binding(self.stage(stage).binding).unwrap();
        let known = binding
            .keys
            .iter()
            .enumerate()
            .filter_map(|(i, key)| Some((binding.samples.get(i).unwrap_or_default().to_owned(), (*key)?)));
        known.map(|(label, key)| (label, key, self.store.action(key).unwrap().unwrap())).collect()
    }

    /// The content of each output of each sample; the failure where there is none.
    pub(crate) fn contents(&self, stage: &str) -> BTreeMap<String, Result<Vec<Digest>, String>> {
        let content = |action: Action| match action.outcome {
            Ok(outputs) => Ok(outputs.iter().map(|o| o.content).collect()),
            Err(error) => Err(error.message),
        };
        self.actions(stage).into_iter().map(|(label, _, action)| (label, content(action))).collect()
    }

    pub(crate) fn table(&self, stage: &str) -> RecordBatch {
        self.output(stage, 0)
    }

    pub(crate) fn output(&self, stage: &str, output: usize) -> RecordBatch {
        read_output(&self.store, self.stage(stage), output, None).unwrap()
    }

    /// Messages of samples that failed.
    pub(crate) fn failures(&self) -> Vec<String> {
        let message = |event: &Event| match event {
            Event::SampleFailed { stage, message, .. } => Some(format!("{stage}: {message}")),
            _ => None,
        };
        self.record.events.iter().filter_map(|timed| message(&timed.event)).collect()
    }
}
