//! Tables as stages of a pipeline, and a pipeline run in memory.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub(crate) mod control;
pub(crate) mod tables;

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use arrow_array::RecordBatch;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Graph, Kind, MemoryStore, Output, Pipeline, Points, Ports,
    Registry, RunOptions, RunRecord, SampleError, SampleOutput, Samples, Stage, read_output, run,
};
use lapicque_schemas::{Digest, TableSchema};
use serde_json::{Value, json};

/// A kind that gives tables: whole ones, or one per sample.
#[derive(Clone)]
pub(crate) struct Given {
    kind: &'static str,
    outputs: Vec<(TableSchema, Vec<RecordBatch>)>,
    labels: Option<Vec<String>>,
}

impl Given {
    pub(crate) fn whole(kind: &'static str, table: &str, batch: RecordBatch) -> Self {
        Self { kind, outputs: vec![(named(table, &batch), vec![batch])], labels: None }
    }

    /// Samples `s0`, `s1`, ... with a batch each.
    pub(crate) fn samples(kind: &'static str, table: &str, batches: Vec<RecordBatch>) -> Self {
        let labels = (0..batches.len()).map(|i| format!("s{i}")).collect();
        Self { kind, outputs: vec![(named(table, &batches[0]), batches)], labels: Some(labels) }
    }

    /// The same tables as another kind.
    pub(crate) fn named(self, kind: &'static str) -> Self {
        Self { kind, ..self }
    }

    /// The same samples in reverse order.
    pub(crate) fn reverse(&mut self) {
        self.labels.iter_mut().for_each(|labels| labels.reverse());
        self.outputs.iter_mut().for_each(|(_, tables)| tables.reverse());
    }
}

fn named(table: &str, batch: &RecordBatch) -> TableSchema {
    TableSchema { table: table.to_owned(), key: Vec::new(), arrow: batch.schema() }
}

struct GivenStage {
    bound: Bound,
    given: Given,
}

impl Kind for Given {
    fn name(&self) -> &str {
        self.kind
    }

    fn summary(&self) -> &str {
        "Tables of a test"
    }

    fn ports(&self) -> Ports<'_> {
        Ports::Named(&[])
    }

    fn config_schema(&self) -> Value {
        json!({})
    }

    fn bind(&self, request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        let outputs =
            self.outputs.iter().enumerate().map(|(i, (schema, _))| Output::new(&format!("output{i}"), schema.clone()));
        let mut bound = Bound::new(1, request.config.clone(), request.inputs, outputs.collect());
        if let Some(labels) = &self.labels {
            bound.samples = Samples::Known(Points {
                labels: Some(labels.clone()),
                digests: (0..labels.len()).map(|i| Digest::of("given", &i.to_le_bytes())).collect(),
                unread: self.outputs[0].0.column_names().map(str::to_owned).collect(),
            });
        }
        Ok(Box::new(GivenStage { bound, given: self.clone() }))
    }
}

impl Stage for GivenStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, _: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        let tables = |point: usize| self.given.outputs.iter().map(|(_, tables)| tables[point].clone()).collect();
        batch
            .samples
            .iter()
            .map(|sample| Ok(SampleOutput { tables: tables(sample.point), notes: Vec::new() }))
            .collect()
    }
}

/// A pipeline that was run.
pub(crate) struct Ran {
    pub record: RunRecord,
    store: MemoryStore,
}

impl Ran {
    pub(crate) fn table(&self, stage: &str, output: usize) -> RecordBatch {
        let stage = self.record.stages.iter().find(|s| s.stage == stage).unwrap();
        read_output(&self.store, stage, output, None).unwrap()
    }

    /// What the last stage gave.
    pub(crate) fn result(&self) -> RecordBatch {
        let last = self.record.stages.last().unwrap().stage.clone();
        assert!(self.record.ok, "{}", self.failures());
        self.table(&last, 0)
    }

    pub(crate) fn failures(&self) -> String {
        format!("{:?}", self.record.events)
    }

    pub(crate) fn notes(&self) -> String {
        self.record.stages.iter().flat_map(|s| &s.notes).map(|(note, _)| note.clone()).collect::<Vec<_>>().join("\n")
    }
}

pub(crate) fn bind(given: &[Given], stages: &Value) -> Result<(Pipeline, Graph), String> {
    bind_kinds(given.iter().map(|one| Box::new(one.clone()) as Box<dyn Kind>), stages)
}

/// With kinds of a test beside those of the crate.
pub(crate) fn bind_kinds(
    of_test: impl IntoIterator<Item = Box<dyn Kind>>,
    stages: &Value,
) -> Result<(Pipeline, Graph), String> {
    let mut kinds = lapicque_stages::kinds();
    kinds.extend(of_test);
    let text = json!({"lapicque": 1, "name": "test", "seed": 1, "stages": stages}).to_string();
    let pipeline = Pipeline::parse(text, None, PathBuf::from("."), &[]).map_err(|error| error.to_string())?;
    let graph = Graph::bind(&pipeline, &Registry::new(kinds)).map_err(|error| error.to_string())?;
    Ok((pipeline, graph))
}

/// All problems of a pipeline that has some.
pub(crate) fn problems(given: &[Given], stages: &Value) -> String {
    match bind(given, stages) {
        Ok(_) => panic!("bound without a problem"),
        Err(problems) => problems,
    }
}

pub(crate) fn run_stages(given: &[Given], stages: &Value) -> Ran {
    run_with(given, stages, 2)
}

pub(crate) fn run_with(given: &[Given], stages: &Value, jobs: usize) -> Ran {
    run_bound(bind(given, stages), jobs)
}

pub(crate) fn run_bound(bound: Result<(Pipeline, Graph), String>, jobs: usize) -> Ran {
    let (pipeline, graph) = bound.unwrap_or_else(|problems| panic!("{problems}"));
    let store = MemoryStore::default();
    let cancelled = AtomicBool::new(false);
    let options = RunOptions {
        jobs,
        executor: None,
        retry_failed: false,
        verify: None,
        cancelled: &cancelled,
        store_uri: "memory".to_owned(),
        settings: Vec::new(),
    };
    let record = run(&pipeline, &graph, &store, &options, &|_| {}).unwrap();
    Ran { record, store }
}
