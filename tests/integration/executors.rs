//! Batches in processes of their own give what they give here, also when these are killed.

use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use lapicque_pipeline::task::BatchTask;
use lapicque_pipeline::worker::work;
use lapicque_pipeline::{Done, Executor, Outcome, StageRun, Store};
use lapicque_store::ParquetStore;
use serde_json::{Value, json};

use crate::conformance;
use crate::support::{Lab, Processes, Settings, VARIABLE, numbers};

/// Those that ask what is computed, and what comes out. Other tests of `conformance` bind stages or call them here, whatever an executor does.
const SUITES: [&str; 5] = ["conformance::defaults::", "conformance::results::", "edits::", "incremental::", "sweep::"];

/// Rows that are not kept are handed from batch to batch in memory; processes compute them again.
const IN_ONE_PROCESS: &str = "one_circuit_is_simulated_once_though_its_rows_are_not_kept";

#[test]
fn the_suites_pass_in_processes_of_their_own() {
    let mut again = Command::new(std::env::current_exe().unwrap());
    let answer = again.args(SUITES).args(["--skip", IN_ONE_PROCESS]).env(VARIABLE, "processes").output().unwrap();
    let told = String::from_utf8_lossy(&answer.stdout).into_owned();
    assert!(answer.status.success(), "{told}\n{}", String::from_utf8_lossy(&answer.stderr));
    for suite in SUITES {
        assert!(told.contains(&format!("test {suite}")), "no test is called {suite}\n{told}");
    }
    assert!(told.contains("incremental::the_calls_that_run_are_those_of_the_recording ... ok"), "{told}");
}

#[test]
fn whoever_is_killed_the_results_are_the_same() {
    let here = conformance::reference();
    let mut kills = 0;
    for seed in 0..2 {
        let lab = conformance::lab();
        let processes = Processes::new(Some(seed));
        let ran = lab.run_by(&conformance::every_kind(), Settings::default(), Some(&processes));
        assert!(ran.record.ok, "{:?}", ran.failures());
        assert_eq!(ran.record.stages.len(), here.record.stages.len());
        for StageRun { stage, .. } in &here.record.stages {
            assert_eq!(ran.contents(stage), *here.contents(stage), "{stage}");
        }
        assert!(lab.run(&conformance::every_kind()).computed().is_empty());
        kills += processes.kills();
    }
    assert!(kills > 0);
}

#[test]
fn the_command_computes_a_task() {
    let lab = Lab::new();
    let here = lab.run(&pipeline());
    let task = task_of(&lab, &json!("SELECT sum(s) + 1 AS t FROM q"));
    let file = lab.write("task.json", &task);
    let worker = |file: &std::path::Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lapicque"));
        command.arg("worker").stdin(std::fs::File::open(file).unwrap()).output().unwrap()
    };
    let answer = worker(&file);
    assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
    let reply: Value = serde_json::from_slice(&answer.stdout).unwrap();
    assert_eq!(reply["computed"]["members"][0]["units"][0]["computed"], true);
    assert_eq!(numbers(&here.table("total"), "t"), [55]);
    let answer = worker(&lab.write("no_task.json", "{}"));
    assert_eq!(answer.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&answer.stderr).contains("the task cannot be read"));
}

fn pipeline() -> Value {
    let rows: Vec<Value> = (1..=5).map(|g| json!({"sample": format!("s{g}"), "g": g})).collect();
    json!({
        "lapicque": 1,
        "name": "lost",
        "stages": {
            "p": {"kind": "parameters.list", "rows": rows},
            "squares": {"kind": "sql", "grain": "sample", "inputs": {"p": "p"}, "query": "SELECT sample, g * g AS s FROM p"},
            "total": {
                "kind": "sql", "inputs": {"q": "squares"}, "query": "SELECT sum(s) AS t FROM q", "on_error": "skip",
            },
        },
    })
}

/// Loses every batch in which a certain sample is, and computes the others.
struct Poisoned {
    sample: &'static str,
    lost: AtomicUsize,
    given: AtomicUsize,
}

impl Executor for Poisoned {
    fn slots(&self) -> usize {
        3
    }

    fn submit(&self, task: Arc<BatchTask>, done: Done) {
        self.given.fetch_add(1, Ordering::Relaxed);
        if task.labels.iter().any(|label| label == self.sample) {
            self.lost.fetch_add(1, Ordering::Relaxed);
            // Nothing is told: the batch is lost with `done`.
            return;
        }
        let text = serde_json::to_string(&*task).unwrap();
        let open = |place: &str| Ok(Box::new(ParquetStore::open(place.as_ref())?) as Box<dyn Store>);
        let cancelled = AtomicBool::new(false);
        let report = work(text.as_bytes(), &lapicque::registry(), open, 1, &cancelled);
        done.tell(Outcome::Computed(report.unwrap()));
    }
}

#[test]
fn a_sample_that_no_process_survives_fails_alone_and_is_tried_again() {
    let lab = Lab::new();
    let poisoned = Poisoned { sample: "s3", lost: AtomicUsize::new(0), given: AtomicUsize::new(0) };
    let ran = lab.run_by(&pipeline(), Settings::default(), Some(&poisoned));
    let squares = ran.stage("squares");
    assert_eq!((squares.done, squares.failed, squares.to_retry), (4, 1, 1));
    assert!(poisoned.lost.load(Ordering::Relaxed) >= 3);
    let failures = ran.failures();
    assert_eq!(failures.len(), 1);
    assert!(failures[0].contains("given out 3 times"), "{failures:?}");
    let healed = lab.run(&pipeline());
    assert!(healed.record.ok);
    assert_eq!(healed.stage("squares").computed, 1);
    assert_eq!(numbers(&healed.table("total"), "t"), [55]);
}

/// Takes note of the tasks that it is given, and computes none.
struct Keeps(Mutex<Vec<String>>);

impl Executor for Keeps {
    fn slots(&self) -> usize {
        1
    }

    fn submit(&self, task: Arc<BatchTask>, _: Done) {
        self.0.lock().unwrap().push(serde_json::to_string(&*task).unwrap());
    }
}

/// The task of computing `total` with another query.
fn task_of(lab: &Lab, query: &Value) -> String {
    let mut changed = pipeline();
    changed["stages"]["total"]["query"] = query.clone();
    let keeps = Keeps(Mutex::default());
    lab.run_by(&changed, Settings::default(), Some(&keeps));
    keeps.0.into_inner().unwrap().remove(0)
}

#[test]
fn a_worker_reads_rows_without_the_index_and_refuses_another_stage() {
    let lab = Lab::new();
    assert!(lab.run(&pipeline()).record.ok);
    let task = task_of(&lab, &json!("SELECT sum(s) + 1 AS t FROM q"));
    // With the manifests out of the way, only what the task says can be found.
    std::fs::rename(lab.store_folder().join("actions"), lab.store_folder().join("away")).unwrap();
    let open = |place: &str| Ok(Box::new(ParquetStore::open(place.as_ref())?) as Box<dyn Store>);
    let cancelled = AtomicBool::new(false);
    let compute = |task: &str| work(task.as_bytes(), &lapicque::registry(), open, 1, &cancelled);
    let report = compute(&task).unwrap();
    let entries = report.members[0].units[0].as_ref().unwrap().outcome.as_ref().unwrap();
    assert_eq!(entries[0].rows, 1);
    // The binding has another query than the ingredients of the keys.
    let (binding, common) = task.split_once("\"common\"").unwrap();
    let told = compute(&format!("{}\"common\"{common}", binding.replace("+ 1", "+ 2"))).unwrap_err().to_string();
    assert!(told.contains("stage `total` is another one here") && told.contains("`config` differs"), "{told}");
    let told = compute(&task.replace("\"kind\":\"sql\"", "\"kind\":\"sq\"")).unwrap_err().to_string();
    assert!(told.contains("there is no kind `sq`"), "{told}");
}
