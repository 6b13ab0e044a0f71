//! Models that cannot be: each is refused with its place in the file, what stands there and what may stand there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod specs;

use lapicque_equations::network::{NetworkError, NetworkProblem, Options, simulate};
use lapicque_numerics::random::StreamKey;
use serde_json::{Value as Json, json};
use specs::{model, run};

/// Two groups, an input, synapses and monitors.
fn network() -> Json {
    json!({
        "time_step": "0.1*ms",
        "constants": { "tau": "10*ms", "w": 0.5 },
        "timed_arrays": { "I": { "values": [1.0, 2.0], "time_step": "1*ms" } },
        "neurons": {
            "G": {
                "size": 4,
                "equations": "dv/dt = (x - v)/tau : 1 (unless refractory)\nx : 1\nu : volt\nc : 1 (constant)",
                "integrator": "exact",
                "threshold": "v > 1",
                "reset": "v = 0",
                "refractory": "2*ms",
                "initial": { "x": [1.5, 0.5, 0.0, 2.0] },
            },
        },
        "poisson": { "P": { "size": 3, "rates": "100*Hz" } },
        "spike_generators": { "inp": { "size": 2, "elements": [0, 1], "times": [1.0, 2.0] } },
        "synapses": {
            "S": {
                "source": "inp", "target": "G", "equations": "a : 1", "on_pre": "v_post += w*a", "delay": "1*ms",
                "connect": [{ "i": [0, 1], "j": [2, 3] }],
                "initial": { "a": [1.0, 2.0] },
            },
        },
        "poisson_inputs": {
            "PI": { "target": "G[0:2]", "variable": "x", "processes": 10, "rate": "1*Hz", "weight": 0.1 },
        },
        "monitors": {
            "spikes": { "G": { "of": "G" } },
            "state": { "v": { "of": "G", "variables": ["v"], "record": [0, 3] } },
        },
        "duration": "5*ms",
    })
}

/// What is said of a network in which the value at a place is another one.
fn refusal(place: &str, value: Json) -> NetworkError {
    let mut file = network();
    *file.pointer_mut(place).unwrap_or_else(|| panic!("{place}")) = value.clone();
    match run(&model(file), 1) {
        Err(error) => error,
        Ok(_) => panic!("{place} may be {value}"),
    }
}

/// Places, their values, and what the refusal says.
fn refusals(cases: &[(&str, Json, &[&str])]) {
    for (place, value, words) in cases {
        let said = refusal(place, value.clone()).to_string();
        for word in *words {
            assert!(said.contains(word), "{place} = {value} gives `{said}` without `{word}`");
        }
    }
}

#[test]
fn the_network_itself_runs() {
    let recording = run(&model(network()), 1).unwrap();
    assert!(!recording.spikes[0].elements.is_empty());
    assert_eq!(recording.states[0].times.len(), 50);
    assert!((recording.end - 5e-3).abs() < 1e-15);
}

#[test]
fn groups_are_refused_with_their_place() {
    refusals(&[
        ("/neurons/G/size", json!(0), &["neurons.G"]),
        ("/neurons/G/equations", json!("dv/dt = (x - v)/tau : 1\nx : volt"), &["neurons.G.equations", "volt"]),
        ("/neurons/G/equations", json!("dv/dt = (xx - v)/tau : 1\nx : 1"), &["neurons.G.equations", "xx"]),
        ("/neurons/G/equations", json!("dv/dt = : 1"), &["neurons.G.equations"]),
        ("/neurons/G/equations", json!("v = y : 1\ny = v : 1\nx : 1"), &["neurons.G.equations"]),
        ("/neurons/G/integrator", json!("rk5"), &["neurons.G.integrator", "rk5", "rk4"]),
        ("/neurons/G/threshold", json!("v"), &["neurons.G.threshold"]),
        ("/neurons/G/threshold", json!("u > 1"), &["neurons.G.threshold", "volt"]),
        ("/neurons/G/threshold", json!("vv > 1"), &["neurons.G.threshold", "vv"]),
        ("/neurons/G/reset", json!("v = 1*mV"), &["neurons.G.reset"]),
        ("/neurons/G/reset", json!("v > 0"), &["neurons.G.reset"]),
        ("/neurons/G/reset", json!("c = 1"), &["neurons.G.reset", "c"]),
        ("/neurons/G/refractory", json!("2"), &["neurons.G.refractory"]),
        ("/neurons/G/refractory", json!("2*mV"), &["neurons.G.refractory"]),
        ("/neurons/G/initial/x", json!([1.0, 2.0]), &["neurons.G.initial.x", "2 values", "4"]),
        ("/neurons/G/initial/x", json!("1*mV"), &["neurons.G.initial.x"]),
        ("/neurons/G/initial/x", json!({ "at": [4], "value": 1 }), &["neurons.G.initial.x", "4"]),
        ("/neurons/G/initial", json!({ "z": 1 }), &["neurons.G.initial.z", "z"]),
        ("/poisson/P/size", json!(0), &["poisson.P"]),
        ("/poisson/P/rates", json!("100"), &["poisson.P.rates"]),
        ("/spike_generators/inp/elements", json!([0, 2]), &["spike_generators.inp", "2"]),
        ("/spike_generators/inp/elements", json!([0]), &["spike_generators.inp"]),
        ("/spike_generators/inp/times", json!([-1.0, 2.0]), &["spike_generators.inp", "-1"]),
    ]);
    // Twice in one step.
    let mut file = network();
    file["spike_generators"]["inp"] = json!({ "size": 2, "elements": [0, 0], "times": [1.0, 1.01] });
    let said = run(&model(file), 1).unwrap_err().to_string();
    assert!(said.contains("spike_generators.inp"), "{said}");
}

#[test]
fn synapses_are_refused_with_their_place() {
    refusals(&[
        ("/synapses/S/source", json!("in"), &["synapses.S.source", "`in`"]),
        ("/synapses/S/source", json!("inp[0:3]"), &["synapses.S.source", "inp[0:3]", "2"]),
        ("/synapses/S/source", json!("inp[1:1]"), &["synapses.S.source", "inp[1:1]"]),
        ("/synapses/S/target", json!("S"), &["synapses.S.target"]),
        ("/synapses/S/on_pre", json!("vv_post += 1"), &["synapses.S.on_pre", "vv"]),
        ("/synapses/S/on_pre", json!("v_post += 1*mV"), &["synapses.S.on_pre"]),
        ("/synapses/S/on_pre", json!("v_post +="), &["synapses.S.on_pre"]),
        ("/synapses/S/delay", json!("-1*ms"), &["synapses.S.delay", "-1 ms"]),
        ("/synapses/S/delay", json!({ "values": [1.0, -1.0], "unit": "ms" }), &["synapses.S.delay", "-"]),
        ("/synapses/S/delay", json!("1*mV"), &["synapses.S.delay"]),
        ("/synapses/S/delay", json!("1e300*second"), &["synapses.S.delay"]),
        ("/synapses/S/delay", json!("101*second"), &["synapses.S.delay", "101000 ms", "1000000 steps"]),
        ("/synapses/S/delay", json!("2*delay"), &["synapses.S.delay", "`delay`"]),
        ("/synapses/S/connect", json!([{ "i": [0, 1], "j": [2, 4] }]), &["synapses.S.connect", "4"]),
        ("/synapses/S/connect", json!([{ "i": [0, 2], "j": [2, 3] }]), &["synapses.S.connect", "2"]),
        ("/synapses/S/connect", json!([{ "i": [-1, 0], "j": [2, 3] }]), &["synapses.S.connect", "-1"]),
        ("/synapses/S/connect", json!([{ "i": [0, 1, 1], "j": [2, 3] }]), &["synapses.S.connect"]),
        ("/synapses/S/connect", json!([{ "p": 1.5 }]), &["synapses.S.connect", "1.5"]),
        ("/synapses/S/connect", json!([{ "p": -0.1 }]), &["synapses.S.connect", "-0.1"]),
        ("/synapses/S/connect", json!([{ "n": -1 }]), &["synapses.S.connect", "-1"]),
        ("/synapses/S/connect", json!([{ "j": "i + 100" }]), &["synapses.S.connect", "100"]),
        ("/synapses/S/connect", json!([{ "table": {} }]), &["synapses.S.connect"]),
        ("/synapses/S/initial/a", json!([1.0, 2.0, 3.0]), &["synapses.S.initial.a", "3 values", "2"]),
        ("/synapses/S/equations", json!("da/dt = -a**2/tau : 1 (event-driven)"), &["synapses.S.equations"]),
        ("/synapses/S/equations", json!("a : 1\ni : 1"), &["synapses.S.equations", "i"]),
    ]);
}

#[test]
fn inputs_monitors_and_runs_are_refused_with_their_place() {
    refusals(&[
        ("/poisson_inputs/PI/target", json!("G[0:9]"), &["poisson_inputs.PI.target", "G[0:9]"]),
        ("/poisson_inputs/PI/variable", json!("y"), &["poisson_inputs.PI.variable", "y"]),
        ("/poisson_inputs/PI/weight", json!("1*mV"), &["poisson_inputs.PI.weight"]),
        ("/poisson_inputs/PI/rate", json!("-1*Hz"), &["poisson_inputs.PI.rate", "-1*Hz"]),
        ("/poisson_inputs/PI/rate", json!("1e6*Hz"), &["poisson_inputs.PI.rate"]),
        ("/monitors/spikes/G/of", json!("H"), &["monitors.spikes.G.of", "H"]),
        ("/monitors/state/v/of", json!("H"), &["monitors.state.v.of", "H"]),
        ("/monitors/state/v/variables", json!(["vv"]), &["monitors.state.v.variables", "vv"]),
        ("/monitors/state/v/record", json!([0, 4]), &["monitors.state.v.record", "4"]),
        ("/time_step", json!("0*ms"), &["time_step", "0*ms"]),
        ("/time_step", json!("1*mV"), &["time_step"]),
        ("/time_step", json!(0.1), &["time_step"]),
        ("/duration", json!("-1*ms"), &["duration", "-1*ms"]),
        ("/duration", json!("1e300*second"), &["duration"]),
        ("/duration", Json::Null, &["duration"]),
        ("/constants/tau", json!("10*mss"), &["constants.tau", "mss"]),
        ("/constants/tau", json!("w*tau"), &["constants", "tau"]),
        ("/constants/tau", json!("0*ms"), &["v", "neurons.G"]),
        ("/timed_arrays/I/values", json!([]), &["timed_arrays.I"]),
    ]);
    for (key, value, words) in [
        ("schedule", json!(["start", "groups"]), "schedule"),
        ("schedule", json!(["start", "groups", "groups", "thresholds", "synapses", "resets", "end"]), "schedule"),
        ("runs", json!([{ "duration": "1*ms" }]), "runs"),
    ] {
        let mut file = network();
        file[key] = value;
        let said = run(&model(file), 1).unwrap_err().to_string();
        assert!(said.contains(words), "{said}");
    }
    for (runs, word) in [
        (json!([{ "restore": "a", "duration": "1*ms" }]), "a"),
        (json!([{ "set": { "G.y": 1 }, "duration": "1*ms" }]), "G.y"),
        (json!([{ "set": { "H.x": 1 }, "duration": "1*ms" }]), "H"),
        (json!([{ "constants": { "taux": "1*ms" }, "duration": "1*ms" }]), "taux"),
        (json!([{ "duration": "0.3*ms" }, { "time_step": "0.2*ms", "duration": "1*ms" }]), "time_step"),
    ] {
        let mut file = network();
        file["duration"] = Json::Null;
        file["runs"] = runs;
        let said = run(&model(file), 1).unwrap_err().to_string();
        assert!(said.contains("runs") && said.contains(word), "{said} without {word}");
    }
}

#[test]
fn what_stops_being_a_number_is_named_with_its_step() {
    let file = json!({
        "constants": { "tau": "10*ms" },
        "neurons": {
            "G": {
                "size": 3, "equations": "dv/dt = 1/(5 - x)/tau : 1\nx : 1", "integrator": "euler",
                "run_regularly": [{ "code": "x += int(i == 2)" }],
            },
        },
        "duration": "1*ms",
    });
    let error = run(&model(file), 1).unwrap_err();
    let NetworkProblem::NotFinite { variable, element, value, step, time_ms } = &error.problem else {
        panic!("{error}");
    };
    assert_eq!((variable.as_str(), *element, *value, *step), ("v", 2, f64::INFINITY, 4));
    assert!((time_ms - 0.4).abs() < 1e-12);
    assert!(error.path.contains("neurons.G"), "{error}");
}

#[test]
fn a_reset_that_lowers_nothing_spikes_in_each_step() {
    let file = json!({
        "neurons": {
            "G": { "size": 2, "equations": "v : 1", "threshold": "v > 1", "reset": "v = 2", "initial": { "v": [2, 0] } },
        },
        "monitors": { "spikes": { "G": { "of": "G" } } },
        "duration": "10*ms",
    });
    let recording = run(&model(file), 1).unwrap();
    assert_eq!(recording.spikes[0].elements, vec![0; 100]);
    assert_eq!(recording.spikes[0].steps, (0..100).collect::<Vec<u64>>());
}

#[test]
fn what_needs_too_much_memory_is_refused_with_an_estimate() {
    let file = json!({
        "neurons": { "G": { "size": 40_000, "equations": "v : 1", "threshold": "v > 1" } },
        "synapses": { "S": { "source": "G", "on_pre": "v_post += 1", "connect": [{}] } },
        "duration": "1*ms",
    });
    let mut generated = file.clone();
    generated["synapses"]["S"]["connect"] = json!([{ "j": "k for k in range(N_post)" }]);
    let mut many = file.clone();
    many["synapses"]["S"]["connect"] = json!([{ "i": [0], "j": [1], "n": 1_600_000_000 }]);
    let mut recorded = file.clone();
    recorded["synapses"] = json!({});
    recorded["monitors"] = json!({ "state": { "v": { "of": "G", "variables": ["v"] } } });
    recorded["duration"] = json!("1000*second");
    for file in [file, generated, many, recorded] {
        let options = Options { memory_limit_bytes: Some(2_000_000_000) };
        let key = StreamKey::new([1; 16]);
        let result = simulate(&model(file.clone()), None, &options, &key, &|| false, &mut |_| {});
        match result.map_err(|error| error.problem) {
            Err(NetworkProblem::Memory { needed_mb, allowed_mb, .. }) => {
                assert!(needed_mb > 2000.0 && allowed_mb == 2000.0, "{needed_mb} {allowed_mb}: {file}");
            }
            other => panic!("{file}: {other:?}"),
        }
    }
}

#[test]
fn a_run_can_be_cancelled() {
    let mut file = network();
    file["duration"] = json!("1e6*second");
    file["monitors"] = json!({});
    let key = StreamKey::new([1; 16]);
    let asked = std::cell::Cell::new(0_u32);
    let cancelled = || {
        asked.set(asked.get() + 1);
        asked.get() > 3
    };
    let error = simulate(&model(file), None, &Options::default(), &key, &cancelled, &mut |_| {}).unwrap_err();
    assert_eq!(error.problem, NetworkProblem::Cancelled);
}

#[test]
fn progress_rises_to_one() {
    let mut heard = Vec::new();
    let key = StreamKey::new([1; 16]);
    simulate(&model(network()), None, &Options::default(), &key, &|| false, &mut |part| heard.push(part)).unwrap();
    assert!(heard.windows(2).all(|two| two[0] <= two[1]), "{heard:?}");
    assert_eq!(heard.last(), Some(&1.0));
}
