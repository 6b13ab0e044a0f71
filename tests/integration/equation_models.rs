//! `lapicque model check`: models that are written as equations.

use serde_json::Value;

use crate::support::{Lab, lapicque};

const SMALL: &str = "equations: 1
name: three cells
constants: {tau: 10*ms}
neurons:
  G:
    size: 3
    equations: |
      dv/dt = (I - v)/tau : 1
      I : 1
    threshold: v > 1
    reset: v = 0
    initial: {I: 1.5}
synapses:
  S: {source: G, on_pre: v_post += 0.1, delay: 1*ms, connect: [{condition: i != j}]}
duration: 100*ms
";

#[test]
fn model_check_explains_a_model_of_equations() {
    let lab = Lab::new();
    lab.write("small.yaml", SMALL);
    let page = lapicque(lab.folder(), &["model", "check", "small.yaml"]).ok().stdout;
    for expected in [
        "three cells\n\nsteps of 0.1 ms\n",
        "G: 3 neurons\n",
        "dv/dt = (I - v)/0.01\n",
        "integrator: exact (the first that takes the equations)",
        "S: 6 synapses from G to G\n",
        "delay of 10 steps",
        "100 ms in 1000 steps of 0.1 ms",
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    let report = lapicque(lab.folder(), &["model", "check", "small.yaml", "--json"]).ok().json();
    assert_eq!((&report["ok"], &report["model"]["synapses"][0]["expected"]), (&true.into(), &6.0.into()));
}

#[test]
fn model_check_tells_all_that_is_wrong_by_line() {
    let lab = Lab::new();
    lab.write("bad.yaml", SMALL.replace("v > 1", "v - 1").replace("delay: 1*ms", "delay: -1*ms"));
    let answer = lapicque(lab.folder(), &["model", "check", "bad.yaml"]);
    assert_eq!((answer.code, answer.stdout.as_str()), (2, ""));
    for expected in [
        "bad.yaml:10:16: neurons.G.threshold: the threshold should be true or false, and is a number",
        "10 |     threshold: v - 1\n   |                ^^^^^",
        "bad.yaml:14:48: synapses.S.delay: -1*ms: a delay of at least 0*ms",
    ] {
        assert!(answer.says(expected), "{expected}: {}", answer.stderr);
    }
    let answer = lapicque(lab.folder(), &["model", "check", "bad.yaml", "--json"]);
    let document = answer.json();
    assert_eq!((answer.code, &document["ok"], &document["errors"][0]["line"]), (2, &false.into(), &10.into()));
    assert_eq!(document["errors"][1]["field"], "synapses.S.delay");
    let missing = lapicque(lab.folder(), &["model", "check", "no.yaml"]);
    assert!(missing.code == 2 && missing.says("`no.yaml` cannot be read"), "{}", missing.stderr);
}

#[test]
fn model_check_prints_the_schema() {
    let lab = Lab::new();
    let schema: Value = lapicque(lab.folder(), &["model", "check", "--schema"]).ok().json();
    assert_eq!((&schema["required"][0], &schema["properties"]["equations"]["const"]), (&"equations".into(), &1.into()));
    assert!(schema["properties"]["neurons"].is_object());
}
