//! Files of a store that are not what was written: the damage is told, and only what is lost is computed again.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{Lab, Ran, lapicque};

/// A source, two sample-wise stages in batches of 5, and one that needs all.
fn pipeline() -> Value {
    let rows: Vec<Value> = (1..=20).map(|g| json!({"g": g})).collect();
    json!({
        "lapicque": 1,
        "name": "damage",
        "stages": {
            "parameters": {"kind": "parameters.list", "rows": rows, "batch": 5},
            "square": {
                "kind": "sql", "inputs": {"p": "parameters"}, "grain": "sample", "batch": 5,
                "query": "SELECT sample, g, g * g AS s FROM p",
            },
            "half": {
                "kind": "sql", "inputs": {"s": "square"}, "grain": "sample", "batch": 5,
                "query": "SELECT sample, s / 2.0 AS h FROM s",
            },
            "total": {"kind": "sql", "inputs": {"h": "half"}, "query": "SELECT sum(h) AS total FROM h"},
        },
    })
}

fn files(lab: &Lab, folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(lab.store_folder().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
}

fn flip(path: &Path, byte: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    let byte = byte % bytes.len();
    bytes[byte] ^= 0x10;
    std::fs::remove_file(path).unwrap();
    std::fs::write(path, bytes).unwrap();
}

fn contents(ran: &Ran) -> Vec<Value> {
    ["square", "half", "total"].map(|stage| json!(format!("{:?}", ran.contents(stage)))).to_vec()
}

fn is_told(ran: &Ran) -> bool {
    ran.record.events.iter().any(|e| matches!(e.event, lapicque_pipeline::Event::Damaged { .. }))
}

/// Needs the rows of all samples of `square`, and keeps the run from finding everything unchanged.
fn with_reader(n: u64) -> Value {
    let mut pipeline = pipeline();
    pipeline["stages"]["reader"] = json!({"kind": "sql", "inputs": {"s": "square"}, "revision": n, "query": "SELECT count(*) AS n, sum(s) AS t FROM s"});
    pipeline
}

#[test]
fn a_flipped_byte_of_a_segment_costs_that_segment() {
    let mut told = 0;
    for n in 0..24 {
        let lab = Lab::new();
        let due = contents(&lab.run(&pipeline()));
        let all = files(&lab, "segments");
        assert!(all.len() >= 13, "{all:?}");
        let path = &all[n % all.len()];
        // Somewhere among the values, in a header, in the footer.
        flip(path, [7, 40, 3000, 150][n % 4] + 13 * n);
        let ran = lab.run(&with_reader(1));
        assert!(ran.record.ok, "{path:?}: {:?}", ran.failures());
        assert_eq!(contents(&ran), due);
        let again: u64 = ["parameters", "square", "half", "total"].iter().map(|stage| ran.stage(stage).computed).sum();
        match is_told(&ran) {
            true => assert!((1..=5).contains(&again), "{path:?}: {again} results computed again"),
            // Nobody needed its rows.
            false => assert_eq!(again, 0, "{path:?}"),
        }
        told += u64::from(is_told(&ran));
    }
    assert!(told > 0, "some segment was of the stage that is read");
}

#[test]
fn a_segment_that_is_gone_is_computed_again() {
    let lab = Lab::new();
    let due = contents(&lab.run(&pipeline()));
    for path in files(&lab, "segments") {
        std::fs::remove_file(path).unwrap();
    }
    let ran = lab.run(&with_reader(1));
    assert!(ran.record.ok && is_told(&ran));
    assert_eq!(contents(&ran), due);
    for (stage, samples) in [("square", 20), ("half", 20), ("total", 1)] {
        assert_eq!(ran.stage(stage).computed, samples, "{stage}");
    }
    // And so that every table can be read again, without more ado.
    assert!(lab.run(&with_reader(1)).computed().is_empty());
    assert_eq!(ran.table("total").num_rows(), 1);
}

#[test]
fn a_damaged_manifest_loses_the_batch_that_it_is_about() {
    // A store of its own for each: runs add manifests, and many small ones are merged.
    for n in 0..13 {
        let lab = Lab::new();
        let due = contents(&lab.run(&pipeline()));
        let all = files(&lab, "actions");
        assert!(all.len() >= 13, "{all:?}");
        let path = &all[n * all.len() / 13];
        flip(path, 31 + 17 * n);
        let ran = lab.run(&with_reader(1));
        assert!(ran.record.ok && is_told(&ran), "{path:?}");
        assert_eq!(contents(&ran), due);
        let again: u64 = ["parameters", "square", "half", "total"].iter().map(|stage| ran.stage(stage).computed).sum();
        assert!((1..=5).contains(&again), "{path:?}: {again} results computed again");
    }
}

#[test]
fn records_bindings_labels_and_ingredients_are_held_against_what_was_written() {
    for folder in ["runs", "bindings", "labels", "ingredients"] {
        let lab = Lab::new();
        let due = contents(&lab.run(&pipeline()));
        for path in files(&lab, folder) {
            let size = std::fs::metadata(&path).unwrap().len() as usize;
            flip(&path, size / 2);
        }
        let ran = lab.run(&with_reader(1));
        assert!(ran.record.ok, "{folder}");
        assert_eq!(contents(&ran), due, "{folder}");
        assert_eq!(ran.stage("square").computed, 0, "{folder}: results are where they were");
        let again = lab.run(&with_reader(1));
        assert!(again.computed().is_empty());
    }
}

#[test]
fn ingredients_that_are_no_text_any_more_are_damage() {
    let lab = Lab::new();
    lab.run(&pipeline());
    for file in files(&lab, "ingredients") {
        std::fs::remove_file(&file).unwrap();
        std::fs::write(&file, [0xff, 0xfe, b'{']).unwrap();
    }
    // They serve explanations only.
    let mut changed = pipeline();
    changed["stages"]["half"]["query"] = json!("SELECT sample, s / 4.0 AS h FROM s");
    assert!(!lab.plan(&changed).is_empty());
    assert!(lab.run(&changed).record.ok);
}

#[test]
fn a_query_names_the_damaged_file_and_the_next_run_heals_it() {
    let lab = Lab::new();
    lab.write("pipeline.yaml", pipeline().to_string());
    lapicque(lab.folder(), &["run", "."]).ok();
    for path in files(&lab, "segments") {
        flip(&path, 9);
    }
    let query = ["sql", "-p", ".", "SELECT sum(s) AS t FROM square", "--json"];
    let answer = lapicque(lab.folder(), &query);
    assert_eq!(answer.code, 1);
    assert!(answer.says("segments/") && answer.says("not those that were written"), "{}", answer.stderr);
    lapicque(lab.folder(), &["run", "."]).ok();
    assert_eq!(lapicque(lab.folder(), &query).ok().json(), json!([{"t": 2870}]));
}

#[test]
fn stores_of_other_formats_are_refused_in_a_sentence() {
    let lab = Lab::new();
    lab.write("pipeline.yaml", pipeline().to_string());
    lapicque(lab.folder(), &["run", "."]).ok();
    let format = lab.store_folder().join("format");
    for (text, told) in
        [("99\n", "a newer version of lapicque wrote it"), ("1\n", "can be computed again"), ("x", "damaged")]
    {
        std::fs::write(&format, text).unwrap();
        let answer = lapicque(lab.folder(), &["plan", "."]);
        assert_eq!(answer.code, 2);
        assert!(answer.says(told) && answer.says("this version reads format"), "{}", answer.stderr);
    }
}
