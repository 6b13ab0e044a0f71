//! Random numbers of a network belong to its objects: they change with the seed, and with nothing else that is in the model.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod specs;

use lapicque_equations::network::Recording;
use serde_json::{Value as Json, json};
use specs::{model, run};

/// Noise, Poisson processes, random connections, weights and failures: all that draws.
fn network() -> Json {
    json!({
        "constants": { "tau": "10*ms" },
        "neurons": {
            "G": {
                "size": 40,
                "equations": "dv/dt = (1.02 - v)/tau + 0.2*tau**-0.5*xi : 1\nx : 1",
                "threshold": "v > 1", "reset": "v = 0.1*rand()", "initial": { "v": "rand()", "x": "randn()" },
                "run_regularly": [{ "code": "x += randn()", "every": "1*ms" }],
            },
        },
        "poisson": { "P": { "size": 30, "rates": "200*Hz" } },
        "poisson_inputs": {
            "I": { "target": "G", "variable": "v", "processes": 50, "rate": "20*Hz", "weight": 0.01 },
        },
        "synapses": {
            "S": {
                "source": "P", "target": "G", "equations": "w : 1", "on_pre": "v_post += w*int(rand() < 0.5)",
                "connect": [{ "p": 0.2 }], "initial": { "w": "0.1*rand()" }, "delay": "3*ms*rand()",
            },
        },
        "monitors": {
            "spikes": { "G": { "of": "G" }, "P": { "of": "P" } },
            "final": { "G": { "of": "G", "variables": ["v", "x"] }, "S": { "of": "S", "variables": ["i", "j", "w"] } },
        },
        "duration": "50*ms",
    })
}

fn recording(file: &Json, seed: u8) -> Recording {
    run(&model(file.clone()), seed).unwrap()
}

#[test]
fn a_seed_gives_the_same_again_and_another_seed_something_else() {
    let file = network();
    let first = recording(&file, 1);
    assert!(first.spikes.iter().all(|record| record.elements.len() > 50));
    assert_eq!(first, recording(&file, 1));
    let other = recording(&file, 2);
    assert_ne!(first.spikes[0].steps, other.spikes[0].steps);
    assert_ne!(first.spikes[1].steps, other.spikes[1].steps);
    assert_ne!(first.last[1].variables[1].values, other.last[1].variables[1].values);
}

#[test]
fn what_else_is_in_a_model_changes_no_draw() {
    let file = network();
    let mut larger = file.clone();
    for section in ["neurons", "poisson", "synapses", "poisson_inputs"] {
        let objects = larger[section].as_object_mut().unwrap();
        for (name, described) in objects.clone() {
            objects.insert(format!("A_{name}"), described.clone());
            objects.insert(format!("Z_{name}"), described);
        }
    }
    for (section, field, of) in
        [("synapses", "source", "P"), ("synapses", "target", "G"), ("poisson_inputs", "target", "G")]
    {
        for part in ["A", "Z"] {
            let name = if section == "synapses" { "S" } else { "I" };
            larger[section][format!("{part}_{name}")][field] = json!(format!("{part}_{of}"));
        }
    }
    larger["monitors"]["state"] = json!({ "v": { "of": "G", "variables": ["v"], "record": [7, 3], "when": "end" } });
    let (alone, among) = (recording(&file, 1), recording(&larger, 1));
    assert_eq!(alone.spikes, among.spikes);
    assert_eq!(alone.last, among.last);
    // Nor do equal objects draw equal numbers.
    larger["monitors"]["spikes"] = json!({ "A": { "of": "A_G" }, "B": { "of": "A_P" } });
    let others = recording(&larger, 1);
    assert_ne!(others.spikes[0].steps, alone.spikes[0].steps);
    assert_ne!(others.spikes[1].steps, alone.spikes[1].steps);
}

#[test]
fn two_runs_give_what_one_gives() {
    let mut file = network();
    let one = recording(&file, 1);
    file["duration"] = Json::Null;
    for parts in [&["20*ms", "30*ms"][..], &["0.1*ms", "49.8*ms", "0*ms", "0.1*ms"]] {
        file["runs"] = parts.iter().map(|duration| json!({ "duration": duration })).collect();
        let several = recording(&file, 1);
        assert_eq!(one.spikes, several.spikes);
        assert_eq!(one.last, several.last);
        assert_eq!(one.end, several.end);
    }
}

#[test]
fn what_was_stored_goes_on_with_other_noise() {
    let mut file = network();
    let one = recording(&file, 1);
    file["duration"] = Json::Null;
    file["runs"] = json!([
        { "duration": "20*ms", "store": "here" },
        { "set": { "G.v": "0.5*rand()" }, "duration": "11*ms" },
        { "restore": "here", "duration": "30*ms" },
    ]);
    let again = recording(&file, 1);
    let before = |recording: &Recording| recording.spikes[1].times.partition_point(|time| *time < 0.02 - 1e-9);
    assert_eq!(one.spikes[1].elements[..before(&one)], again.spikes[1].elements[..before(&again)]);
    assert_ne!(one.spikes[1].steps, again.spikes[1].steps);
    // Connections and their weights are the same.
    assert_eq!(one.last[1], again.last[1]);
    assert_eq!((one.end, again.end), (0.05, 0.05));
}
