//! `lapicque audit`, and the check that every whole read makes: a store that gives rows of other samples is found out.

use std::sync::atomic::AtomicBool;

use arrow::array::RecordBatch;
use lapicque_pipeline::{
    Action, Binding, Found, MemoryStore, NewBatch, RunOptions, RunRecord, Store, StoreError, audit, read_output,
};
use lapicque_schemas::{Digest, TableSchema};
use serde_json::{Value, json};

use crate::support::{Lab, lapicque};

fn pipeline() -> Value {
    let rows: Vec<Value> = (1..=6).map(|g| json!({"sample": format!("p{g}"), "g": g})).collect();
    json!({
        "lapicque": 1,
        "name": "audit",
        "stages": {
            "parameters": {"kind": "parameters.list", "rows": rows},
            "square": {
                "kind": "sql", "inputs": {"p": "parameters"}, "grain": "sample", "batch": 2,
                "query": "SELECT sample, g, g * g AS s, 1.5 * g AS h FROM p",
            },
            "total": {"kind": "sql", "inputs": {"s": "square"}, "query": "SELECT sample, sum(s) AS total FROM s GROUP BY sample"},
        },
    })
}

/// A store whose whole reads give each sample the rows of the next one.
struct Shifted<'a>(&'a MemoryStore);

impl Store for Shifted<'_> {
    fn find(&self, keys: &[Digest]) -> Result<Vec<Option<Found>>, StoreError> {
        self.0.find(keys)
    }

    fn actions(&self, keys: &[Digest]) -> Result<Vec<Option<Action>>, StoreError> {
        self.0.actions(keys)
    }

    fn publish(&self, batch: &NewBatch<'_>) -> Result<u64, StoreError> {
        self.0.publish(batch)
    }

    fn read(
        &self,
        output: usize,
        schema: &TableSchema,
        keys: &[Digest],
        columns: Option<&[String]>,
    ) -> Result<Vec<RecordBatch>, StoreError> {
        self.0.read(output, schema, keys, columns)
    }

    fn read_joined(
        &self,
        output: usize,
        schema: &TableSchema,
        keys: &[Digest],
        columns: Option<&[String]>,
    ) -> Result<(RecordBatch, Vec<u64>), StoreError> {
        let mut turned = keys.to_vec();
        turned.rotate_left(keys.len().min(1));
        self.0.read_joined(output, schema, &turned, columns)
    }

    fn ingredients(&self, digest: Digest) -> Result<Option<Value>, StoreError> {
        self.0.ingredients(digest)
    }

    fn save_binding(&self, binding: &Binding) -> Result<Digest, StoreError> {
        self.0.save_binding(binding)
    }

    fn binding(&self, digest: Digest) -> Result<Binding, StoreError> {
        self.0.binding(digest)
    }

    fn save_run(&self, run: &RunRecord) -> Result<(), StoreError> {
        self.0.save_run(run)
    }

    fn runs(&self) -> Result<Vec<RunRecord>, StoreError> {
        self.0.runs()
    }
}

fn ran(store: &dyn Store) -> Result<RunRecord, StoreError> {
    let (pipeline, graph) = Lab::new().bind(&pipeline()).unwrap();
    let options = RunOptions {
        jobs: 1,
        executor: None,
        retry_failed: false,
        verify: None,
        cancelled: &AtomicBool::new(false),
        store_uri: "memory".to_owned(),
        settings: Vec::new(),
    };
    lapicque_pipeline::run(&pipeline, &graph, store, &options, &|_| {})
}

#[test]
fn rows_of_other_samples_are_refused_where_they_are_read_and_found_by_the_audit() {
    let store = MemoryStore::default();
    let record = ran(&store).unwrap();
    assert!(audit(&store, std::slice::from_ref(&record), &mut |_| {}).unwrap().iter().all(|t| t.faults.is_empty()));

    let shifted = Shifted(&store);
    let stage = record.stages.iter().find(|stage| stage.stage == "square").unwrap();
    for columns in [None, Some(vec!["s".to_owned()])] {
        let refused = read_output(&shifted, stage, 0, columns.as_deref()).unwrap_err();
        assert!(matches!(refused, StoreError::WrongRows { .. }), "{refused}");
    }
    let audited = audit(&shifted, std::slice::from_ref(&record), &mut |_| {}).unwrap();
    let square = audited.iter().find(|table| table.table == "square").unwrap();
    assert!(!square.faults.is_empty());
    // Nothing is aggregated or trained from them.
    let empty = MemoryStore::default();
    let refused = ran(&Shifted(&empty)).unwrap_err();
    assert!(matches!(refused, StoreError::WrongRows { .. }), "{refused}");
}

#[test]
fn the_command_tells_what_is_lost_and_is_content_when_it_is_back() {
    let lab = Lab::new();
    lab.write("pipeline.yaml", pipeline().to_string());
    assert_eq!(lapicque(lab.folder(), &["audit", "."]).code, 2, "there is no run yet");
    lapicque(lab.folder(), &["run", "."]).ok();
    let sound = lapicque(lab.folder(), &["audit", ".", "--json"]).ok().json();
    assert_eq!(sound["ok"], json!(true));
    let tables = sound["tables"].as_array().unwrap();
    let counts: Vec<_> =
        tables.iter().map(|t| (t["table"].as_str().unwrap(), t["samples"].as_u64().unwrap())).collect();
    assert_eq!(counts, [("parameters", 6), ("square", 6), ("total", 1)]);

    let segments = std::fs::read_dir(lab.store_folder().join("segments")).unwrap();
    let path = segments.map(|entry| entry.unwrap().path()).min().unwrap();
    std::fs::remove_file(path).unwrap();
    let told = lapicque(lab.folder(), &["audit", "."]);
    assert_eq!(told.code, 1);
    assert!(told.says("no longer in the store"), "{}", told.stderr);
    lapicque(lab.folder(), &["run", "."]).ok();
    lapicque(lab.folder(), &["audit", "."]).ok();
}
