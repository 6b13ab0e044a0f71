//! Samples that fail: told, stored, left out or in the way of what needs all samples, and tried again when asked for.

use serde_json::{Value, json};

use crate::support::{Lab, Ran, Settings, floats, numbers};

/// Point 3 divides by zero; `total` needs all points.
fn pipeline(on_error: &str) -> Value {
    let rows: Vec<Value> = (1..=5).map(|g| json!({"g": g})).collect();
    json!({
        "lapicque": 1,
        "name": "failures",
        "stages": {
            "parameters": {"kind": "parameters.list", "rows": rows},
            "ratio": {
                "kind": "sql", "inputs": {"p": "parameters"}, "grain": "sample", "on_error": on_error,
                "query": "SELECT sample, g, 12 / (g - 3) AS r FROM p",
            },
            "double": {"kind": "sql", "inputs": {"r": "ratio"}, "grain": "sample", "query": "SELECT sample, g, 2 * r AS d FROM r"},
            "total": {"kind": "sql", "inputs": {"d": "double"}, "query": "SELECT sum(d) AS total, count(*) AS n FROM d"},
        },
    })
}

fn failed(ran: &Ran) -> Vec<u64> {
    ["ratio", "double", "total"].map(|stage| ran.stage(stage).failed).to_vec()
}

#[test]
fn with_fail_the_others_finish_and_nothing_runs_on_part_of_the_samples() {
    let lab = Lab::new();
    let ran = lab.run(&pipeline("fail"));
    assert!(!ran.record.ok);
    assert_eq!(failed(&ran), [1, 1, 1], "the sample, what waits for it, and what needs all");
    assert_eq!((ran.stage("ratio").computed, ran.stage("double").computed, ran.stage("total").computed), (5, 4, 0));
    assert_eq!(ran.failures().len(), 1, "{:?}", ran.failures());
    assert!(ran.failures()[0].to_lowercase().contains("divide by zero"), "{:?}", ran.failures());
    let blocked = ran
        .record
        .events
        .iter()
        .any(|e| matches!(&e.event, lapicque_pipeline::Event::StageBlocked { stage, .. } if stage == "total"));
    assert!(blocked);
    assert_eq!(numbers(&ran.table("double"), "g"), [1, 2, 4, 5]);
}

#[test]
fn with_skip_the_rest_runs_on_what_exists() {
    let lab = Lab::new();
    let ran = lab.run(&pipeline("skip"));
    assert!(ran.record.ok, "{:?}", ran.failures());
    assert_eq!(failed(&ran), [1, 1, 0]);
    // 2 * (-6 - 12 + 12 + 6)
    assert_eq!(floats(&ran.table("total"), "total"), [0.0]);
    assert_eq!(numbers(&ran.table("total"), "n"), [4]);
}

#[test]
fn a_failure_is_stored_until_it_is_to_be_tried_again() {
    let lab = Lab::new();
    lab.run(&pipeline("fail"));
    let again = lab.run(&pipeline("fail"));
    assert!(!again.record.ok);
    assert!(again.computed().is_empty(), "{:?}", again.computed());
    assert_eq!(failed(&again), [1, 1, 1]);
    let retried = lab.run_with(&pipeline("fail"), Settings { retry_failed: true, ..Settings::default() });
    assert_eq!(retried.stage("ratio").computed, 1);
    assert_eq!(failed(&retried), [1, 1, 1]);
    // Whether failures stop a run is no ingredient of results.
    let skipping = lab.run(&pipeline("skip"));
    assert_eq!(skipping.computed().into_iter().collect::<Vec<_>>(), [("total", 1)]);
    // Without the point that fails, only the total is new.
    let mut without = pipeline("fail");
    without["stages"]["parameters"]["rows"].as_array_mut().unwrap().remove(2);
    let ran = lab.run(&without);
    assert!(ran.record.ok);
    assert_eq!(
        ran.computed().into_iter().collect::<Vec<_>>(),
        [("total", 1)],
        "a total that lacks a sample is another result"
    );
}
