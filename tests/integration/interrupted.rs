//! Runs that are killed, interrupted or not alone: what was finished is not computed again, and the tables come out the same.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::support::{Lab, lapicque};

const SAMPLES: u64 = 24;

/// Simulations of a few hundredths of a second, each a batch of its own.
fn bench() -> Lab {
    let lab = Lab::new();
    lab.write("tiny.yaml", include_str!("../golden/house/tiny_network.yaml"));
    let pipeline = format!(
        "lapicque: 1\nname: long\nseed: 1\nstages:\n\
         \x20 parameters: {{kind: parameters.grid, sweep: {{J_ext: {{linspace: [30 pA, 35 pA, {SAMPLES}]}}}}}}\n\
         \x20 spikes: {{kind: simulate.spiking, inputs: {{parameters: parameters}}, network: tiny.yaml, duration: 2 s, batch: 1}}\n\
         \x20 rates: {{kind: features.spiking, inputs: {{spikes: spikes, populations: spikes.populations}}, batch: 1}}\n\
         \x20 mean: {{kind: sql, inputs: {{r: rates}}, query: 'SELECT population, avg(rate_hz) AS rate FROM r GROUP BY population'}}\n"
    );
    lab.write("pipeline.yaml", pipeline);
    lab
}

fn start(lab: &Lab, store: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lapicque"));
    command
        .current_dir(lab.folder())
        .args(["run", ".", "--json", "--jobs", "1", "--store", store])
        .env_remove("LAPICQUE_STORE");
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

fn published(lab: &Lab, store: &str) -> usize {
    let finished = |path: &Path| path.extension().is_some_and(|e| e == "parquet");
    std::fs::read_dir(lab.folder().join(store).join("actions"))
        .map_or(0, |dir| dir.filter(|entry| finished(&entry.as_ref().unwrap().path())).count())
}

/// Waits until so many batches are published, or the run is over.
fn wait_for(lab: &Lab, store: &str, batches: usize, child: &mut Child) {
    while published(lab, store) < batches && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn run(lab: &Lab, store: &str) -> Value {
    lapicque(lab.folder(), &["run", ".", "--json", "--jobs", "2", "--store", store]).ok().json()
}

fn computed(run: &Value) -> u64 {
    run["stages"].as_array().unwrap().iter().map(|stage| stage["computed"].as_u64().unwrap()).sum()
}

fn tables(lab: &Lab, store: &str) -> [Value; 2] {
    let ask = |query: &str| lapicque(lab.folder(), &["sql", "-p", ".", query, "--json", "--store", store]).ok().json();
    [ask("SELECT * FROM mean"), ask("SELECT * FROM rates_with_parameters ORDER BY sample, population")]
}

#[test]
fn a_killed_run_loses_at_most_what_was_running() {
    let lab = bench();
    let all = computed(&run(&lab, "whole"));
    assert_eq!(all, 3 * SAMPLES + 1);
    let due = tables(&lab, "whole");
    for batches in [1, 4, 15, 27] {
        let store = format!("killed_{batches}");
        let mut child = start(&lab, &store);
        wait_for(&lab, &store, batches, &mut child);
        child.kill().unwrap();
        child.wait().unwrap();
        let plan = lapicque(lab.folder(), &["plan", ".", "--json", "--store", &store]).ok().json();
        let known: u64 = plan["stages"].as_array().unwrap().iter().map(|stage| stage["cached"].as_u64().unwrap()).sum();
        assert!(known >= batches as u64, "{known} results of {batches} batches");
        assert_eq!(computed(&run(&lab, &store)), all - known, "what is stored is not computed again");
        assert_eq!(tables(&lab, &store), due);
        assert_eq!(computed(&run(&lab, &store)), 0);
    }
}

#[test]
fn an_interrupted_run_ends_in_order() {
    let lab = bench();
    // Hours of simulation: it is certain to be under way.
    let long = std::fs::read_to_string(lab.folder().join("pipeline.yaml"))
        .unwrap()
        .replace("duration: 2 s", "duration: 5000 s");
    lab.write("pipeline.yaml", long);
    let mut child = start(&lab, "store");
    wait_for(&lab, "store", 1, &mut child);
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["ok"], false);
    let plan = lapicque(lab.folder(), &["plan", ".", "--json", "--store", "store"]).ok().json();
    let stages = |answer: &Value, field: &str| {
        answer["stages"].as_array().unwrap().iter().map(|stage| stage[field].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(
        stages(&told, "computed"),
        stages(&plan, "cached"),
        "what was told to be computed is there, and nothing else"
    );
    assert_eq!(stages(&told, "failed"), [0; 4]);
    let runs = lapicque(lab.folder(), &["sql", "-p", ".", "SELECT ok FROM system.runs", "--json", "--store", "store"]);
    assert_eq!(runs.ok().json(), serde_json::json!([{"ok": false}]));
}

#[test]
fn two_runs_at_once_agree() {
    let lab = bench();
    run(&lab, "alone");
    let children = [start(&lab, "both"), start(&lab, "both")];
    let mut sum = 0;
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        sum += computed(&serde_json::from_slice(&output.stdout).unwrap());
    }
    assert_eq!(sum, 3 * SAMPLES + 1, "nothing is computed twice");
    assert_eq!(tables(&lab, "both"), tables(&lab, "alone"));
    assert_eq!(computed(&run(&lab, "both")), 0);
}
