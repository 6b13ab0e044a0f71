//! Runs pipelines of these kinds on a store in memory.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{RecordBatch, StringArray};
use lapicque_pipeline::{Graph, MemoryStore, Pipeline, Registry, RunOptions, RunRecord, Store, run};
use lapicque_schemas::with_sample;

pub struct Ran {
    pub store: MemoryStore,
    pub record: RunRecord,
}

/// Reads and binds; problems as text.
pub fn bind(text: &str, folder: &Path) -> Result<(Pipeline, Graph), String> {
    let text = format!("lapicque: 1\nseed: 1\nstages:\n{text}");
    let pipeline = Pipeline::parse(text, None, folder.to_owned(), &[]).map_err(|error| error.to_string())?;
    let graph = Graph::bind(&pipeline, &Registry::new(lapicque_stages::kinds())).map_err(|error| error.to_string())?;
    Ok((pipeline, graph))
}

/// What binding refuses.
pub fn refused(text: &str) -> String {
    refused_in(text, Path::new("."))
}

pub fn refused_in(text: &str, folder: &Path) -> String {
    match bind(text, folder) {
        Ok(_) => panic!("bound without a problem: {text}"),
        Err(error) => error,
    }
}

pub fn ran(text: &str, folder: &Path) -> Ran {
    ran_on(text, folder, MemoryStore::default(), 2)
}

pub fn ran_on(text: &str, folder: &Path, store: MemoryStore, jobs: usize) -> Ran {
    let (pipeline, graph) = bind(text, folder).unwrap_or_else(|error| panic!("{error}"));
    let cancelled = AtomicBool::new(false);
    let options = RunOptions {
        jobs,
        executor: None,
        retry_failed: false,
        verify: None,
        cancelled: &cancelled,
        store_uri: String::new(),
        settings: Vec::new(),
    };
    let record = run(&pipeline, &graph, &store, &options, &|_| {}).unwrap();
    Ran { store, record }
}

impl Ran {
    pub fn table(&self, stage: &str) -> RecordBatch {
        self.output(stage, 0)
    }

    /// All rows of one output, behind a `sample` column of labels where samples have rows of their own.
    pub fn output(&self, stage: &str, output: usize) -> RecordBatch {
        let stage = self.record.stages.iter().find(|s| s.stage == stage).unwrap();
        let binding = self.store.binding(stage.binding).unwrap();
        let schema = &stage.outputs[output].schema;
        let mut tables = Vec::new();
        let mut labels = Vec::new();
        for (i, key) in binding.keys.iter().enumerate() {
            let done = key
                .and_then(|key| self.store.find(&[key]).unwrap().remove(0))
                .is_some_and(|found| found.failure().is_none());
            if !done {
                continue;
            }
            let table = self.store.read(output, schema, &[key.unwrap()], None).unwrap().remove(0);
            let label = binding.samples.get(i).unwrap_or_default();
            labels.extend(std::iter::repeat_n(label, table.num_rows()));
            tables.push(table);
        }
        let joined = arrow_select::concat::concat_batches(&schema.arrow, &tables).unwrap();
        if stage.sample_wise { with_sample(&joined, Arc::new(StringArray::from(labels))).unwrap() } else { joined }
    }

    /// (computed, cached, failed) of a stage.
    pub fn counts(&self, stage: &str) -> (u64, u64, u64) {
        let stage = self.record.stages.iter().find(|s| s.stage == stage).unwrap();
        (stage.computed, stage.cached, stage.failed)
    }

    /// What a stage remarked, a line each.
    pub fn notes(&self, stage: &str) -> String {
        let stage = self.record.stages.iter().find(|s| s.stage == stage).unwrap();
        stage.notes.iter().map(|(note, _)| note.as_str()).collect::<Vec<_>>().join("\n")
    }

    /// Messages of samples that failed.
    pub fn failures(&self) -> Vec<String> {
        let message = |event: &lapicque_pipeline::TimedEvent| match &event.event {
            lapicque_pipeline::Event::SampleFailed { message, .. } => Some(message.clone()),
            _ => None,
        };
        self.record.events.iter().filter_map(message).collect()
    }
}

pub fn floats(table: &RecordBatch, column: &str) -> Vec<f64> {
    table.column_by_name(column).unwrap().as_primitive::<Float64Type>().values().to_vec()
}

pub fn integers(table: &RecordBatch, column: &str) -> Vec<i64> {
    table.column_by_name(column).unwrap().as_primitive::<Int64Type>().values().to_vec()
}

pub fn texts(table: &RecordBatch, column: &str) -> Vec<String> {
    let text = arrow_cast::cast(table.column_by_name(column).unwrap(), &arrow_schema::DataType::Utf8).unwrap();
    text.as_string::<i32>().iter().map(|t| t.unwrap().to_owned()).collect()
}

pub fn lists(table: &RecordBatch, column: &str) -> Vec<Vec<f64>> {
    let list = table.column_by_name(column).unwrap().as_list::<i32>().clone();
    list.iter().map(|values| values.unwrap().as_primitive::<Float64Type>().values().to_vec()).collect()
}
