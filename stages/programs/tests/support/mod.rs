//! Pipelines in a folder of their own, with scripts beside them, run in this process on a store in memory.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use lapicque_pipeline::{
    Event, Graph, MemoryStore, Pipeline, Registry, RunOptions, RunRecord, StageRun, read_output, run,
};
use tempfile::TempDir;

pub(crate) struct Lab {
    folder: TempDir,
    store: MemoryStore,
}

pub(crate) struct Ran<'a> {
    pub(crate) record: RunRecord,
    store: &'a MemoryStore,
}

/// Whether a Python with these packages is here; says so where a test is skipped.
pub(crate) fn has_python(packages: &[&str]) -> bool {
    let imports: Vec<String> = ["pyarrow"].iter().chain(packages).map(|name| format!("import {name}")).collect();
    let python = std::env::var("LAPICQUE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let answer = Command::new(&python).arg("-c").arg(imports.join("\n")).output();
    let has = answer.is_ok_and(|answer| answer.status.success());
    if !has {
        eprintln!("skipped: `{python}` has not all of pyarrow {packages:?} (LAPICQUE_PYTHON names another)");
    }
    has
}

/// Whether the Python here has what most tests need.
pub(crate) fn python() -> bool {
    static HAS: OnceLock<bool> = OnceLock::new();
    *HAS.get_or_init(|| has_python(&["numpy"]))
}

fn registry() -> Registry {
    let mut kinds = lapicque_stages::kinds();
    kinds.extend(lapicque_programs::kinds());
    Registry::new(kinds)
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), store: MemoryStore::default() }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Stages, bound; problems as text.
    pub(crate) fn bind(&self, stages: &str) -> Result<(Pipeline, Graph), String> {
        let text = format!("lapicque: 1\nname: test\nstages:\n{stages}");
        let pipeline = Pipeline::parse(text, None, self.folder().to_owned(), &[]).map_err(|error| error.to_string())?;
        let graph = Graph::bind(&pipeline, &registry()).map_err(|error| error.to_string())?;
        Ok((pipeline, graph))
    }

    pub(crate) fn run(&self, stages: &str) -> Ran<'_> {
        self.run_until(stages, &AtomicBool::new(false))
    }

    pub(crate) fn run_until(&self, stages: &str, cancelled: &AtomicBool) -> Ran<'_> {
        let (pipeline, graph) = self.bind(stages).unwrap_or_else(|problems| panic!("{problems}"));
        self.run_bound(&pipeline, &graph, cancelled)
    }

    pub(crate) fn run_bound(&self, pipeline: &Pipeline, graph: &Graph, cancelled: &AtomicBool) -> Ran<'_> {
        let options = RunOptions {
            jobs: 2,
            executor: None,
            retry_failed: false,
            verify: None,
            cancelled,
            store_uri: String::new(),
            settings: Vec::new(),
        };
        let record = run(pipeline, graph, &self.store, &options, &|_| {}).unwrap();
        Ran { record, store: &self.store }
    }

    /// What is said of stages that cannot be bound.
    pub(crate) fn refused(&self, stages: &str) -> String {
        match self.bind(stages) {
            Ok(_) => panic!("it was bound"),
            Err(problems) => problems,
        }
    }
}

impl Ran<'_> {
    pub(crate) fn stage(&self, name: &str) -> &StageRun {
        self.record.stages.iter().find(|stage| stage.stage == name).unwrap()
    }

    pub(crate) fn table(&self, stage: &str) -> RecordBatch {
        read_output(self.store, self.stage(stage), 0, None).unwrap()
    }

    pub(crate) fn output(&self, stage: &str, output: usize) -> RecordBatch {
        read_output(self.store, self.stage(stage), output, None).unwrap()
    }

    /// A column of numbers.
    pub(crate) fn floats(&self, stage: &str, column: &str) -> Vec<f64> {
        let table = self.table(stage);
        let column = table.column_by_name(column).unwrap_or_else(|| panic!("no {column}: {:?}", table.schema()));
        column.as_primitive::<Float64Type>().values().to_vec()
    }

    /// Names of failed samples with what is said of them, in order of their names.
    pub(crate) fn failures(&self) -> Vec<(String, String)> {
        let failure = |event: &Event| match event {
            Event::SampleFailed { sample, message, .. } => Some((sample.clone(), message.clone())),
            _ => None,
        };
        let mut failures: Vec<_> = self.record.events.iter().filter_map(|timed| failure(&timed.event)).collect();
        failures.sort();
        failures
    }

    pub(crate) fn notes(&self, stage: &str) -> Vec<String> {
        self.stage(stage).notes.iter().map(|(note, _)| note.clone()).collect()
    }

    pub(crate) fn computed(&self, stage: &str) -> u64 {
        self.stage(stage).computed
    }
}

/// The text of a column.
pub(crate) fn texts(table: &RecordBatch, column: &str) -> Vec<String> {
    let column = arrow_cast::cast(table.column_by_name(column).unwrap(), &arrow_schema::DataType::Utf8).unwrap();
    column.as_string::<i32>().iter().map(|text| text.unwrap_or("missing").to_owned()).collect()
}

/// Samples `a`, `b`, ... with these values of `g`.
pub(crate) fn points(values: &[f64]) -> String {
    let names = ["a", "b", "c", "d", "e", "f"];
    let rows: Vec<String> = values.iter().zip(names).map(|(g, name)| format!("{{sample: {name}, g: {g}}}")).collect();
    format!("  points: {{kind: parameters.list, rows: [{}]}}\n", rows.join(", "))
}
