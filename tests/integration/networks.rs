//! `lapicque network`, and how `why` and `plan` tell of a changed network file.

use serde_json::Value;

use crate::support::{Lab, lapicque};

const SMALL: &str = "network: 1
name: small
description: Two populations for tests
populations:
  E: {size: 40, model: iaf_psc_exp, drive: {kind: poisson, rate: 8000 Hz, weight: 60 pA}}
  I: {size: 10, model: iaf_psc_exp, t_ref: 0.35 ms}
connections:
  E_to_I: {pre: E, post: I, rule: {probability: 0.25}, weight: 10 pA, delay: 1.5 ms}
";

#[test]
fn the_shipped_networks_are_listed_and_printed() {
    let lab = Lab::new();
    let listed = lapicque(lab.folder(), &["network"]).ok().stdout;
    let rows = lapicque(lab.folder(), &["network", "--json"]).ok().json();
    let rows = rows.as_array().unwrap();
    let names: Vec<&str> = rows.iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["bos2016", "brunel", "hagen", "potjans_diesmann", "senk2020"]);
    for row in rows {
        for key in ["name", "description", "reference"] {
            let text = row[key].as_str().unwrap();
            assert!(listed.contains(text), "{key} {text}: {listed}");
        }
    }
    assert_eq!((&rows[2]["neurons"], &rows[2]["populations"]), (&9216.into(), &serde_json::json!(["E", "I"])));
    assert_eq!(rows[2]["synapses"], 0.2 * 9216.0 * 9216.0);
    // What is printed is a network file, the one that is shipped.
    let text = lapicque(lab.folder(), &["network", "hagen"]).ok().stdout;
    lab.write("copy.yaml", &text);
    let [copy, shipped] =
        ["copy.yaml", "hagen"].map(|file| lapicque(lab.folder(), &["network", "check", file, "--json"]).ok().json());
    assert_eq!(copy, shipped);
    let unknown = lapicque(lab.folder(), &["network", "hagne"]);
    assert_eq!((unknown.code, unknown.stdout.as_str()), (2, ""));
    assert!(unknown.says("did you mean `hagen`?") && unknown.says("potjans_diesmann"), "{}", unknown.stderr);
    let file = lapicque(lab.folder(), &["network", "copy.yaml"]);
    assert!(file.code == 2 && file.says("lapicque network check copy.yaml"), "{}", file.stderr);
}

#[test]
fn the_schema_is_that_of_the_repository() {
    let lab = Lab::new();
    let printed = lapicque(lab.folder(), &["network", "--schema"]).ok().json();
    let kept = include_str!("../../stages/network/networks/network.schema.json");
    assert_eq!(printed, serde_json::from_str::<Value>(kept).unwrap());
}

#[test]
fn a_network_file_is_explained() {
    let lab = Lab::new();
    lab.write("small.yaml", SMALL);
    let page = lapicque(lab.folder(), &["network", "check", "small.yaml"]).ok().stdout;
    for expected in [
        "Two populations for tests",
        "50 neurons, about 100 synapses",
        "E           40       iaf_psc_exp  poisson 1 x 8000 Hz",
        "E_to_I      E     I     probability 0.25  100       10",
        "of memory, and 12 bytes for each recorded spike",
        "at steps of 0.0625 ms, populations.I.t_ref: 0.35 ms becomes 0.375 ms",
        "populations.E.drive.weight",
        "60 pA",
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    let report = lapicque(lab.folder(), &["network", "check", "small.yaml", "--json"]).ok().json();
    assert_eq!((&report["ok"], &report["connections"][0]["synapses"]), (&true.into(), &100.0.into()));
    assert!(report["simulation"]["memory_bytes"].as_f64().unwrap() > 0.0);
    let large = lapicque(lab.folder(), &["network", "check", "potjans_diesmann", "--json"]).ok().json();
    let bytes = large["simulation"]["memory_bytes"].as_f64().unwrap();
    assert!((0.6e9..2e9).contains(&bytes), "{bytes}");
    let space = lapicque(lab.folder(), &["network", "check", "senk2020"]).ok().stdout;
    assert!(space.contains("simulation: refused: `connections.E_to_E.profile`"), "{space}");
}

#[test]
fn all_problems_of_a_network_file_are_told_by_line() {
    let lab = Lab::new();
    lab.write("bad.yaml", SMALL.replace("size: 40", "size: 0").replace("post: I", "post: X").replace("10 pA", "10"));
    let answer = lapicque(lab.folder(), &["network", "check", "bad.yaml"]);
    assert_eq!((answer.code, answer.stdout.as_str()), (2, ""));
    for expected in ["bad.yaml:5:", "bad.yaml:8:", "populations.E.size", "there is no population `X`", "from 1 to"] {
        assert!(answer.says(expected), "{expected}: {}", answer.stderr);
    }
    let answer = lapicque(lab.folder(), &["network", "check", "bad.yaml", "--json"]);
    assert_eq!(answer.code, 2);
    let document = answer.json();
    assert_eq!((&document["ok"], &document["errors"][0]["line"]), (&false.into(), &5.into()));
    assert_eq!(document["errors"][0]["field"], "populations.E.size");
    let missing = lapicque(lab.folder(), &["network", "check", "no.yaml"]);
    assert!(missing.code == 2 && missing.says("there is no file `no.yaml`"), "{}", missing.stderr);
}

#[test]
fn a_changed_network_file_is_explained_by_paths() {
    let lab = Lab::new();
    lab.write("small.yaml", SMALL);
    lab.write(
        "pipeline.yaml",
        "lapicque: 1\nname: small\nstages:\n  \
         spikes: {kind: simulate.spiking, network: small.yaml, duration: 100 ms}\n  \
         rates: {kind: features.spiking, inputs: {spikes: spikes, populations: spikes.populations}}\n",
    );
    lapicque(lab.folder(), &["run", ".", "--quiet"]).ok();
    lab.write("small.yaml", SMALL.replace("weight: 10 pA", "weight: 12 pA").replace("size: 10", "size: 11"));
    let why = lapicque(lab.folder(), &["why", ".", "spikes"]).ok().stdout;
    assert!(why.contains("connections.E_to_I.weight: 10 pA -> 12 pA\n"), "{why}");
    assert!(why.contains("populations.I.size: 10 -> 11\n"), "{why}");
    assert!(!why.contains('{') && !why.contains("tau_m"), "{why}");
    let plan = lapicque(lab.folder(), &["plan", "."]).ok().stdout;
    assert!(plan.contains("connections.E_to_I.weight: 10 pA -> 12 pA, "), "{plan}");
    let changed = lapicque(lab.folder(), &["why", ".", "spikes", "--json"]).ok().json();
    assert_eq!(changed["changed"].as_array().unwrap().len(), 2, "{changed}");
    assert_eq!((&changed["changed"][0]["old"], &changed["changed"][0]["new"]), (&"10 pA".into(), &"12 pA".into()));
    // A population more is told as such.
    let more = SMALL.replace("connections:\n", "  X: {size: 3, model: iaf_psc_delta}\nconnections:\n");
    lab.write("small.yaml", more);
    let why = lapicque(lab.folder(), &["why", ".", "spikes"]).ok().stdout;
    assert!(why.contains("populations.X.size: not there -> 3\n"), "{why}");
}
