//! A sweep edited in 17 steps against one store: what runs is what a peer's recording says (`tests/golden/house`).
//!
//! `sim`, `feat` and `predict` run per point, `fit` and `report` on all points; the code version of a stage is its `revision`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{Lab, Ran, numbers, texts};

#[derive(Deserialize)]
struct Recording {
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    step: String,
    rows: Vec<Row>,
    versions: BTreeMap<String, u64>,
    /// Stage -> the `g` of each call that ran; null for an aggregate.
    executed: BTreeMap<String, Vec<Option<i64>>>,
    report: String,
}

#[derive(Clone, Deserialize)]
struct Row {
    g: i64,
    tau: i64,
}

const POINTWISE: [&str; 3] = ["sim", "feat", "predict"];
const AGGREGATES: [&str; 2] = ["fit", "report"];

fn recording() -> Recording {
    serde_json::from_str(include_str!("../golden/house/incremental_a.json")).unwrap()
}

fn pipeline(step: &Step) -> Value {
    let rows: Vec<Value> = step.rows.iter().map(|row| json!({"g": row.g, "tau": row.tau})).collect();
    let sim = if step.versions["sim"] >= 3 { "CASE WHEN g > 3 THEN -g * tau ELSE g * tau END" } else { "g * tau" };
    let divisor = if step.versions["feat"] >= 3 { 8 } else { 4 };
    let stage = |name: &str, inputs: Value, grain: &str, query: String| json!({"kind": "sql", "inputs": inputs, "grain": grain, "query": query, "revision": step.versions[name]});
    json!({
        "lapicque": 1,
        "name": "incremental",
        "stages": {
            "parameters": {"kind": "parameters.list", "rows": rows},
            "sim": stage("sim", json!({"parameters": "parameters"}), "sample", format!("SELECT sample, g, {sim} AS s FROM parameters")),
            "feat": stage("feat", json!({"sim": "sim"}), "sample", format!("SELECT sample, g, CAST(floor(s / {divisor}.0) AS BIGINT) AS f FROM sim")),
            "fit": stage("fit", json!({"feat": "feat"}), "table", "SELECT CAST(floor(sum(f) / 10.0) AS BIGINT) AS m FROM feat".to_owned()),
            "predict": stage(
                "predict",
                json!({"feat": "feat", "fit": "fit"}),
                "sample",
                "SELECT sample, g, m + f AS p FROM feat CROSS JOIN fit".to_owned(),
            ),
            "report": stage("report", json!({"predict": "predict"}), "table", "SELECT string_agg(CAST(p AS VARCHAR), ',') AS text FROM predict".to_owned()),
        },
    })
}

/// The `g` of the samples that a stage computed.
fn executed(ran: &Ran, stage: &str) -> Vec<i64> {
    let parameters = ran.table("parameters");
    let g_of: BTreeMap<String, i64> = texts(&parameters, "sample").into_iter().zip(numbers(&parameters, "g")).collect();
    let mut executed: Vec<i64> = ran.stored(stage).iter().map(|label| g_of[label]).collect();
    executed.sort_unstable();
    assert_eq!(executed.len() as u64, ran.stage(stage).computed, "{stage}: the count of a run is what it stored");
    executed
}

#[test]
fn the_calls_that_run_are_those_of_the_recording() {
    let lab = Lab::new();
    let mut compared = 0;
    for step in recording().steps {
        let at = &step.step;
        let repeated =
            step.rows.iter().enumerate().find(|(i, row)| step.rows[..*i].iter().any(|other| other.g == row.g));
        if let Some((position, _)) = repeated {
            let problem = lab.bind(&pipeline(&step)).map(|_| ()).unwrap_err();
            assert!(problem.contains(&format!("points 1 and {}", position + 1)), "{at}: {problem}");
            continue;
        }
        let ran = lab.run(&pipeline(&step));
        assert!(ran.record.ok, "{at}: {:?}", ran.failures());
        assert_eq!(texts(&ran.table("report"), "text"), [step.report.as_str()], "{at}");
        for stage in POINTWISE {
            let mut due: Vec<i64> = step.executed.get(stage).into_iter().flatten().map(|g| g.unwrap()).collect();
            due.sort_unstable();
            assert_eq!(executed(&ran, stage), due, "{at}: {stage}");
        }
        for stage in AGGREGATES {
            let due = step.executed.get(stage).map_or(0, Vec::len) as u64;
            assert!(
                ran.stage(stage).computed <= due,
                "{at}: {stage} ran {} times, {due} at most",
                ran.stage(stage).computed
            );
            // Only a new order of the same rows may be seen through.
            if at != "reverse the order of the rows" {
                assert_eq!(ran.stage(stage).computed, due, "{at}: {stage}");
            }
        }
        compared += 1;
    }
    assert_eq!(compared, 16);
}

#[test]
fn a_second_process_finds_what_the_first_left() {
    let first = recording().steps.remove(0);
    let lab = Lab::new();
    assert_eq!(lab.run(&pipeline(&first)).computed().len(), 6);
    let copied = Lab::new();
    copy_folder(&lab.store_folder(), &copied.store_folder());
    let again = copied.run(&pipeline(&first));
    assert!(again.computed().is_empty(), "copying the folder copies the cache: {:?}", again.computed());
    assert_eq!(texts(&again.table("report"), "text"), [first.report.as_str()]);
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() { copy_folder(&path, &target) } else { std::fs::copy(&path, &target).map(|_| ()).unwrap() }
    }
}
