//! From parameters to predictions, again and again: what a change of the sweep, of a configuration or of nothing reruns.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{Lab, Ran, texts};

/// The main job on a network of 100 neurons.
fn circuit(lab: &Lab, weights_pa: &[f64]) -> Value {
    lab.write("tiny.yaml", include_str!("../golden/house/tiny_network.yaml"));
    let rows: Vec<Value> = weights_pa.iter().map(|w| json!({"J_ext": format!("{w} pA")})).collect();
    json!({
        "lapicque": 1,
        "name": "sweep",
        "seed": 1,
        "stages": {
            "parameters": {"kind": "parameters.list", "rows": rows},
            "spikes": {
                "kind": "simulate.spiking", "inputs": {"parameters": "parameters"}, "keep": false,
                "network": "tiny.yaml", "duration": "250 ms", "transient": "50 ms",
            },
            "rates": {"kind": "features.spiking", "inputs": {"spikes": "spikes", "populations": "spikes.populations"}},
            "kernels": {"kind": "potential.kernels", "network": "tiny.yaml", "probes": ["dipole_z"]},
            "dipole": {
                "kind": "potential.from_spikes", "decimate": 10,
                "inputs": {"spikes": "spikes", "populations": "spikes.populations", "kernels": "kernels"},
            },
            "eeg": {"kind": "potential.head", "inputs": {"signals": "dipole"}},
            "features": {"kind": "features.catch22", "inputs": {"signals": "eeg"}},
            "model": {
                "kind": "inverse.train", "inputs": {"features": "features", "parameters": "parameters"},
                "targets": ["J_ext"], "standardize": true, "estimator": {"ridge": {"alpha": 1.0}},
                "validation": {"repeated_kfold": {"folds": 3, "repeats": 2}},
            },
            "predictions": {"kind": "inverse.predict", "inputs": {"model": "model", "features": "features"}},
        },
    })
}

const WEIGHTS: [f64; 6] = [30.0, 31.0, 32.0, 33.0, 34.0, 35.0];
const SAMPLE_WISE: [&str; 6] = ["parameters", "spikes", "rates", "dipole", "eeg", "features"];

fn counts<'a>(pairs: impl IntoIterator<Item = (&'a str, u64)>) -> BTreeMap<&'a str, u64> {
    pairs.into_iter().collect()
}

fn ok(ran: Ran) -> Ran {
    assert!(ran.record.ok, "{:?}", ran.failures());
    ran
}

#[test]
fn one_circuit_is_simulated_once_though_its_rows_are_not_kept() {
    let lab = Lab::new();
    let mut pipeline = circuit(&lab, &WEIGHTS);
    let stages = pipeline["stages"].as_object_mut().unwrap();
    for learning in ["parameters", "model", "predictions"] {
        stages.remove(learning);
    }
    stages["spikes"].as_object_mut().unwrap().remove("inputs");
    stages["dipole"]["keep"] = json!(false);
    stages["eeg"]["keep"] = json!(false);
    let ran = ok(lab.run(&pipeline));
    let due = SAMPLE_WISE.iter().skip(1).map(|&stage| (stage, 1)).chain([("kernels", 1)]);
    assert_eq!(ran.computed(), counts(due));
}

#[test]
fn a_second_run_computes_nothing() {
    let lab = Lab::new();
    let pipeline = circuit(&lab, &WEIGHTS);
    let first = ok(lab.run(&pipeline));
    let due = SAMPLE_WISE.iter().map(|&s| (s, 6)).chain([("kernels", 1), ("model", 1), ("predictions", 6)]);
    assert_eq!(first.computed(), counts(due));
    assert_eq!(first.table("predictions").num_rows(), 6);
    assert_eq!(texts(&first.output("model", 1), "target").len(), 7, "6 folds and the pooled row");

    assert!(lab.plan(&pipeline).iter().all(|stage| stage.to_run == 0));
    let second = ok(lab.run(&pipeline));
    assert_eq!(second.computed(), counts([]));
    assert!(second.record.stages.iter().all(|s| s.cached == s.samples && s.cut_off == 0));
    assert_eq!(second.contents("predictions"), first.contents("predictions"));
}

#[test]
fn one_more_point_is_one_more_simulation() {
    let lab = Lab::new();
    ok(lab.run(&circuit(&lab, &WEIGHTS[1..])));
    // From the front: positions of all others change, their results do not.
    let grown = ok(lab.run(&circuit(&lab, &WEIGHTS)));
    let new = SAMPLE_WISE.iter().map(|&s| (s, 1));
    assert_eq!(grown.computed(), counts(new.chain([("model", 1), ("predictions", 6)])));
    let first = &texts(&grown.table("parameters"), "sample")[..1];
    for stage in ["features", "eeg"] {
        assert_eq!(grown.stored(stage), first, "{stage}");
    }
    // And as if it had been there from the start.
    let other = Lab::new();
    let at_once = ok(other.run(&circuit(&other, &WEIGHTS)));
    for stage in ["features", "model", "predictions"] {
        assert_eq!(grown.contents(stage), at_once.contents(stage), "{stage}");
    }
    // Back to the smaller sweep, all is known; its order says nothing to a model.
    assert_eq!(ok(lab.run(&circuit(&lab, &WEIGHTS[1..]))).computed(), counts([]));
    let reversed: Vec<f64> = WEIGHTS.into_iter().rev().collect();
    assert_eq!(ok(lab.run(&circuit(&lab, &reversed))).computed(), counts([]));
}

#[test]
fn a_new_setting_reruns_its_stage_and_what_reads_it() {
    let lab = Lab::new();
    let pipeline = circuit(&lab, &WEIGHTS);
    let first = ok(lab.run(&pipeline));
    let with = |stage: &str, field: &str, value: Value| {
        let mut changed = pipeline.clone();
        changed["stages"][stage][field] = value;
        changed
    };
    let alpha = ok(lab.run(&with("model", "estimator", json!({"ridge": {"alpha": 10.0}}))));
    assert_eq!(alpha.computed(), counts([("model", 1), ("predictions", 6)]));

    // The same written otherwise is the same.
    let spelt = with("spikes", "duration", json!("0.25 s"));
    assert_eq!(ok(lab.run(&spelt)).computed(), counts([]));
    let default = with("features", "definitions", json!("v1"));
    assert_eq!(ok(lab.run(&default)).computed(), counts([]));
    let mut renamed = pipeline.clone();
    renamed["name"] = json!("another name");
    assert_eq!(ok(lab.run(&renamed)).computed(), counts([]));

    // The seed enters where random numbers are drawn; what follows has new inputs.
    let mut seeded = pipeline.clone();
    seeded["seed"] = json!(2);
    let seeded = ok(lab.run(&seeded));
    let again = ["spikes", "rates", "dipole", "eeg", "features"].map(|s| (s, 6));
    assert_eq!(seeded.computed(), counts(again.into_iter().chain([("model", 1), ("predictions", 6)])));
    assert_ne!(seeded.contents("spikes"), first.contents("spikes"));

    assert_eq!(ok(lab.run(&pipeline)).computed(), counts([]), "going back computes nothing");
}

#[test]
fn a_column_that_nobody_reads_reruns_nothing() {
    let lab = Lab::new();
    let pipeline = circuit(&lab, &WEIGHTS);
    let first = ok(lab.run(&pipeline));
    let mut labelled = pipeline.clone();
    for (i, row) in labelled["stages"]["parameters"]["rows"].as_array_mut().unwrap().iter_mut().enumerate() {
        row["subject"] = json!(format!("subject {i}"));
    }
    assert!(lab.bind(&labelled).map(|_| ()).unwrap_err().contains("subject"), "a column that nobody reads is named");
    labelled["stages"]["parameters"]["labels"] = json!(["subject"]);
    let second = ok(lab.run(&labelled));
    assert_eq!(second.computed(), counts([("parameters", 6)]), "the points are rows of their own, all else is known");
    let predictions = |ran: &Ran| ran.contents("predictions").into_values().collect::<Vec<_>>();
    let (mut a, mut b) = (predictions(&first), predictions(&second));
    a.sort();
    b.sort();
    assert_eq!(a, b);
    let names = |ran: &Ran| ran.contents("parameters").into_keys().collect::<Vec<_>>();
    assert_eq!(names(&first), names(&second), "points are named by what they are, not by their labels");
    assert_eq!(second.table("features").num_rows(), 6);
}

#[test]
fn rows_that_are_not_kept_come_back_for_who_needs_them() {
    let lab = Lab::new();
    let pipeline = circuit(&lab, &WEIGHTS);
    ok(lab.run(&pipeline));
    let mut finer = pipeline.clone();
    finer["stages"]["dipole"]["decimate"] = json!(5);
    let again = ok(lab.run(&finer));
    let not_reproduced =
        |ran: &Ran| ran.record.events.iter().any(|e| matches!(e.event, lapicque_pipeline::Event::NotReproduced { .. }));
    assert!(!not_reproduced(&again), "a simulation gives the same spikes again");
    let due = ["spikes", "dipole", "eeg", "features"].map(|s| (s, 6));
    assert_eq!(
        again.computed(),
        counts(due.into_iter().chain([("model", 1), ("predictions", 6)])),
        "one simulation serves, rates are known"
    );

    // Kept from the start, everything comes out the same.
    let kept = Lab::new();
    let mut keeping = circuit(&kept, &WEIGHTS);
    keeping["stages"]["spikes"].as_object_mut().unwrap().remove("keep");
    keeping["stages"]["dipole"]["decimate"] = json!(5);
    let keeping = ok(kept.run(&keeping));
    for stage in ["spikes", "rates", "dipole", "predictions"] {
        assert_eq!(keeping.contents(stage), again.contents(stage), "{stage}");
    }
    assert!(keeping.table("spikes").num_rows() > 100);

    // To keep now what was not kept before computes it again, and nothing else.
    let mut keep_now = finer.clone();
    keep_now["stages"]["spikes"]["keep"] = json!(true);
    let kept_now = ok(lab.run(&keep_now));
    assert_eq!(kept_now.computed(), counts([("spikes", 6)]));
    assert_eq!(kept_now.table("spikes").num_rows(), keeping.table("spikes").num_rows());
    assert_eq!(ok(lab.run(&keep_now)).computed(), counts([]));
}

#[test]
fn replicates_differ_by_their_seed_alone() {
    let lab = Lab::new();
    let mut pipeline = circuit(&lab, &WEIGHTS);
    let rows =
        [(30.0, 1), (30.0, 2), (34.0, 1), (34.0, 2)].map(|(w, seed)| json!({"J_ext": format!("{w} pA"), "seed": seed}));
    pipeline["stages"]["parameters"]["rows"] = json!(rows);
    pipeline["stages"]["model"]["validation"] = json!("none");
    let ran = ok(lab.run(&pipeline));
    assert_eq!(ran.stage("spikes").computed, 4);
    let contents: Vec<_> = ran.contents("spikes").into_values().collect();
    assert!((1..4).all(|i| !contents[..i].contains(&contents[i])), "four samples, four results");
    pipeline["stages"]["parameters"]["rows"].as_array_mut().unwrap().push(json!({"J_ext": "34 pA", "seed": 3}));
    assert_eq!(ok(lab.run(&pipeline)).stage("spikes").computed, 1);
}

#[test]
fn points_that_a_stage_cannot_tell_apart_are_computed_once() {
    let lab = Lab::new();
    let mut pipeline = circuit(&lab, &WEIGHTS);
    let rows = [(30.0, "a"), (30.0, "b"), (34.0, "c")]
        .map(|(w, subject)| json!({"J_ext": format!("{w} pA"), "subject": subject}));
    pipeline["stages"]["parameters"]["rows"] = json!(rows);
    pipeline["stages"]["parameters"]["labels"] = json!(["subject"]);
    pipeline["stages"]["model"]["validation"] = json!("none");
    let ran = ok(lab.run(&pipeline));
    assert_eq!((ran.stage("spikes").samples, ran.stage("spikes").computed), (3, 2));
    assert_eq!(ran.table("features").num_rows(), 3, "each sample has its rows");
    assert_eq!(ok(lab.run(&pipeline)).computed(), counts([]));
}

#[test]
fn a_store_in_memory_remembers_as_one_on_disk_does() {
    let lab = Lab::new();
    let not_kept = circuit(&lab, &WEIGHTS);
    let mut kept = not_kept.clone();
    kept["stages"]["spikes"]["keep"] = json!(true);
    let store = lapicque_pipeline::MemoryStore::default();
    let run = |pipeline: &Value| {
        let (pipeline, graph) = lab.bind(pipeline).unwrap();
        lapicque::run_to_end(&pipeline, &graph, &store, 2).unwrap()
    };
    let computed = |record: &lapicque_pipeline::RunRecord| record.stages.iter().map(|s| s.computed).sum::<u64>();
    assert_eq!(computed(&run(&not_kept)), 6 * 7 + 2);
    assert_eq!(computed(&run(&kept)), 6, "rows that are to be kept now are computed again");
    let record = run(&kept);
    assert_eq!(computed(&record), 0);
    let spikes = record.stages.iter().find(|s| s.stage == "spikes").unwrap();
    assert!(lapicque_pipeline::read_output(&store, spikes, 0, None).unwrap().num_rows() > 100);
}
