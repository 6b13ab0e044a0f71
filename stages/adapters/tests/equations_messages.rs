//! What models of equations are refused for, by field, and samples that have no result.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::path::Path;

use support::{ran, refused};

fn here() -> &'static Path {
    Path::new(".")
}

/// A stage `s` with a model; `rest` is what stands beside the model.
fn stage(model: &str, rest: &str) -> String {
    let model: String = model.lines().map(|line| format!("      {line}\n")).collect();
    format!("  s:\n    kind: simulate.equations\n{rest}    model:\n{model}")
}

fn points(sweep: &str) -> String {
    format!("  p:\n    kind: parameters.grid\n    sweep: {sweep}\n")
}

const BY_POINTS: &str = "    inputs: { parameters: p }\n";

/// A leaky neuron that a constant current drives, and fires.
const LEAKY: &str = "constants: {R: 100*Mohm, I: 0.3*nA, tau: 10*ms}
neurons:
  G:
    size: 2
    equations: |
      dv/dt = (R*I*(1 + i) - v)/tau : volt (unless refractory)
    threshold: v > 20*mV
    reset: v = 0*mV
    refractory: 2*ms
monitors:
  spikes: {first: {of: 'G[0:1]'}, second: {of: 'G[1:2]'}}
  state: {v: {of: G, variables: [v]}}
  rate: {all: {of: G}}
  final: {end: {of: G, variables: [v, i]}}
duration: 100*ms
";

const NETWORK: &str = "constants: {w: 0.6*mV}
neurons:
  G:
    size: 20
    equations: 'dv/dt = (11*mV - v)/(10*ms) + 1*mV*xi/(2*ms)**0.5 : volt'
    threshold: v > 10*mV
    reset: v = 0*mV
    initial: {v: 10*mV*rand()}
synapses:
  S:
    source: G
    on_pre: v_post += w
    delay: 1*ms
    connect: [{condition: i != j, p: 0.2}]
monitors:
  spikes: {G: {of: G}}
  state: {v: {of: G, variables: [v], record: [3], every: 1*ms}}
duration: 200*ms
";

#[test]
fn what_cannot_be_is_told_by_field() {
    let mut others = Vec::new();
    let changed = |from: &str, to: &str| {
        assert!(LEAKY.contains(from), "{from}");
        stage(&LEAKY.replace(from, to), "")
    };
    let beside = |rest: &str| stage(LEAKY, rest);
    for (text, expected) in [
        ("  s: { kind: simulate.equations }\n".to_owned(), "model"),
        (
            "  s: { kind: simulate.equations, model: 5 }\n".to_owned(),
            "the sections of a model, or the path of a model file",
        ),
        (changed("v > 20*mV", "v > 20*nA"), "model.neurons.G.threshold: "),
        (changed("v > 20*mV", "w > 20*mV"), "nothing has the name `w`"),
        (changed("R*I*(1 + i)", "R*I*(1 + i"), "model.neurons.G.equations: "),
        (changed("of: 'G[1:2]'", "of: 'G[1:3]'"), "model.monitors.spikes.second"),
        (changed("variables: [v]}}\n  rate", "variables: [w]}}\n  rate"), "model.monitors.state.v"),
        (changed("{all: {of: G}}", "{all: {of: H}}"), "H"),
        (changed("0.3*nA", "0.3*nF"), "model.neurons.G.equations"),
        (changed("duration: 100*ms", "duration: 100*mV"), "model.duration"),
        (changed("duration: 100*ms", "time_step: 0*ms\nduration: 100*ms"), "a time above 0*second"),
        (changed("refractory: 2*ms", "refractory: 2*mV"), "model.neurons.G.refractory"),
        (
            stage(&(LEAKY.split("monitors:").next().unwrap().to_owned() + "duration: 1*ms\n"), ""),
            "nothing is recorded; give a monitor",
        ),
        (beside("    parameters: { J: 1 nA }\n"), "parameters.J: the model has no value `J`"),
        (beside("    parameters: { taus: 1 ms }\n"), "did you mean `tau`?"),
        (beside("    parameters: { tau: 1 mV }\n"), "`1 mV` is a voltage; a time such as `1 ms` is expected"),
        (beside("    parameters: { tau: 5 }\n"), "`5` has no unit; write e.g. `5 ms`"),
        (beside("    parameters: { neurons.G.size: 2.5 }\n"), "whole number from 0 to"),
        (beside("    parameters: { tau: 1 ms, constants.tau: 2 ms }\n"), "`constants.tau` is set twice"),
        (beside("    stimuli: { I: { stimulus: { step: { amplitude: 1 nF } }, unit: nA } }\n"), "nF"),
        (beside("    stimuli: { I: { stimulus: { step: { amplitude: 1 } }, unit: nX } }\n"), "stimuli.I.unit"),
        (beside("    stimuli: { I: { stimulus: { step: { amplitude: 1 } }, unit: min } }\n"), "no decimal multiple"),
        (beside("    stimuli: { x: { stimulus: { step: { amplitude: 1, start: 1 h } } } }\n"), "stimuli.x.stimulus"),
        (
            beside("    stimuli: { x: { stimulus: { sinusoid: { amplitude: 1, frequency: 9000 Hz } } } }\n"),
            "stimuli.x.stimulus",
        ),
        (
            stage(
                &format!("timed_arrays: {{x: {{values: [1], time_step: 1*ms}}}}\n{LEAKY}"),
                "    stimuli: { x: { stimulus: { step: { amplitude: 1 } } } }\n",
            ),
            "`x` is also an array over time of the model",
        ),
        (points("{ time_step: { values: [1 ms] } }") + &beside(BY_POINTS), "`time_step` cannot be swept"),
        (points("{ tauu: { values: [1 ms] } }") + &beside(BY_POINTS), "did you mean `tau`?"),
        (
            points("{ tau: { values: [1 mV] } }") + &beside(BY_POINTS),
            "the column `tau` is in `mV`, a voltage; a time is expected",
        ),
        (points("{ neurons.G.initial.v: { values: [1 ms] } }") + &beside(BY_POINTS), "a voltage is expected"),
        (
            points("{ tau: { values: [1 ms] }, constants.tau: { values: [1 ms] } }") + &beside(BY_POINTS),
            "`constants.tau` is set twice",
        ),
        (
            stage(
                &format!(
                    "{}poisson: {{P: {{size: 1, rates: 1*Hz, time_step: 0.15*ms}}}}\n",
                    LEAKY.replace("first: {of: 'G[0:1]'}", "first: {of: P}")
                ),
                "",
            ),
            "spikes of one table need steps that are multiples of the shortest",
        ),
    ] {
        let message = refused(&text);
        if !message.contains(expected) {
            others.push(format!("{expected}\n  {message}"));
        }
    }
    assert!(others.is_empty(), "{}", others.join("\n"));
}

#[test]
fn samples_without_a_result_say_why() {
    let wild = "constants: {a: 1/second}
neurons: {G: {size: 1, equations: 'dv/dt = a*v**3 : 1', integrator: euler, initial: {v: 10}}}
monitors: {state: {v: {of: G, variables: [v], every: 1*ms}}}
duration: 20*ms
";
    let text = points("{ a: { values: [0.001 1/s, 1e6 1/s] } }") + &stage(wild, BY_POINTS);
    let found = ran(&text, here());
    assert_eq!(found.counts("s"), (2, 0, 1));
    let told = found.failures().remove(0);
    assert!(told.contains("`v` of element 0") && told.contains("after step"), "{told}");
    let text =
        points("{ w: { values: [0.5 mV] }, neurons.G.size: { values: [20, 4000000] } }") + &stage(NETWORK, BY_POINTS);
    let found = ran(&text, here());
    assert_eq!(found.counts("s"), (2, 0, 1));
    let told = found.failures().remove(0);
    assert!(told.contains("MB"), "{told}");
    let changing = "neurons: {G: {size: 1, equations: 'v : 1', threshold: v > 1}}
monitors: {spikes: {G: {of: G}}}
runs: [{duration: 1*ms}, {time_step: 0.2*ms, duration: 1*ms}]
";
    let found = ran(&stage(changing, ""), here());
    assert!(found.failures()[0].contains("its step changed from one run to the next"), "{:?}", found.failures());
    let found =
        ran(&stage(&changing.replace("spikes: {G: {of: G}}", "state: {G: {of: G, variables: [v]}}"), ""), here());
    assert!(found.failures()[0].contains("its times have no common step"), "{:?}", found.failures());
}
