//! Models of equations through a pipeline: numbers, sweeps, stimuli, tables, and what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use lapicque_pipeline::MemoryStore;
use lapicque_schemas::tables::{events, populations};
use support::{Ran, bind, floats, lists, ran, ran_on, refused, refused_in, texts};
use tempfile::TempDir;

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

/// The table of an output by its name.
fn output(ran: &Ran, name: &str) -> arrow_array::RecordBatch {
    let stage = ran.record.stages.iter().find(|stage| stage.stage == "s").unwrap();
    let number = stage.outputs.iter().position(|output| output.name == name);
    ran.output("s", number.unwrap_or_else(|| panic!("no output `{name}`")))
}

fn done(text: &str) -> Ran {
    let ran = ran(text, here());
    assert_eq!(ran.counts("s").2, 0, "{:?}", ran.failures());
    ran
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

fn numbers(table: &arrow_array::RecordBatch, name: &str) -> Vec<u32> {
    table.column_by_name(name).unwrap().as_primitive::<UInt32Type>().values().to_vec()
}

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

/// Steps of spikes of a leaky neuron that goes to `v_inf` in mV: exact, and by steps of 0.1 ms, whose ends are counted.
fn leaky(v_inf: f64, steps: u32) -> (Vec<f64>, Vec<u32>) {
    let (mut v, mut last, mut trace, mut spikes) = (0.0_f64, -1000_i64, Vec::new(), Vec::new());
    for step in 0..steps {
        trace.push(v);
        if i64::from(step) - last >= 20 {
            v = v_inf + (v - v_inf) * (-0.01_f64).exp();
        }
        if v > 20.0 {
            spikes.push(step + 1);
            last = i64::from(step);
            v = 0.0;
        }
    }
    trace.push(v);
    (trace, spikes)
}

#[test]
fn spikes_and_traces_are_those_of_the_equations() {
    let ran = done(&stage(LEAKY, ""));
    let table = output(&ran, "spikes");
    let found: Vec<(String, u32, u32)> = texts(&table, "population")
        .into_iter()
        .zip(numbers(&table, "neuron"))
        .zip(numbers(&table, "step"))
        .map(|((population, neuron), step)| (population, neuron, step))
        .collect();
    let ((first, one), (second, two)) = (leaky(30.0, 1000), leaky(60.0, 1000));
    let expected: Vec<(String, u32, u32)> = one
        .iter()
        .map(|step| ("first".to_owned(), 0, *step))
        .chain(two.iter().map(|step| ("second".to_owned(), 0, *step)))
        .collect();
    assert!(one.len() > 5 && two.len() > one.len());
    assert_eq!(found, expected);
    let state = output(&ran, "state");
    assert_eq!(texts(&state, "channel"), ["v.v.0", "v.v.1"]);
    assert_eq!(texts(&state, "unit"), ["mV", "mV"]);
    assert_eq!((floats(&state, "t0"), floats(&state, "dt")), (vec![0.0; 2], vec![0.1; 2]));
    for (trace, expected) in lists(&state, "values").iter().zip([&first, &second]) {
        assert_eq!(trace.len(), 1000);
        for (value, expected) in trace.iter().zip(expected) {
            assert!((value - expected).abs() < 1e-9, "{value} {expected}");
        }
    }
    let rows = populations::read(&output(&ran, "populations")).unwrap();
    assert_eq!(rows[0].population, "first");
    assert_eq!((rows[0].size, rows[0].t_start_ms, rows[0].t_stop_ms), (1, 0.0, 100.0));
    assert!((rows[1].rate_hz - two.len() as f64 / 0.1).abs() < 1e-9);
    let rate = output(&ran, "rate");
    assert_eq!((texts(&rate, "channel"), texts(&rate, "unit")), (vec!["all".to_owned()], vec!["Hz".to_owned()]));
    let rates = lists(&rate, "values").remove(0);
    let total = (one.len() + two.len()) as f64;
    assert!((rates.iter().sum::<f64>() * 1e-4 - total / 2.0).abs() < 1e-9, "{total}");
    let last = output(&ran, "final");
    assert_eq!(texts(&last, "variable"), ["v", "v", "i", "i"]);
    assert_eq!(
        (texts(&last, "unit"), numbers(&last, "element")),
        (["mV", "mV", "1", "1"].map(str::to_owned).to_vec(), vec![0, 1, 0, 1])
    );
    let values = floats(&last, "value");
    assert!((values[0] - first[1000]).abs() < 1e-9 && (values[1] - second[1000]).abs() < 1e-9, "{values:?}");
    assert_eq!(values[2..], [0.0, 1.0]);
}

#[test]
fn outputs_are_those_that_monitors_ask_for() {
    let outputs = |monitors: &str| {
        let model = LEAKY.split("monitors:").next().unwrap().to_owned() + monitors + "duration: 10*ms\n";
        let (_, graph) = bind(&stage(&model, ""), here()).unwrap();
        let bound = graph.stages.iter().find(|stage| stage.name == "s").unwrap().bound().clone();
        bound.outputs.into_iter().map(|output| output.name).collect::<Vec<_>>()
    };
    assert_eq!(outputs("monitors: {spikes: {G: {of: G}}}\n"), ["spikes", "populations"]);
    assert_eq!(outputs("monitors: {state: {G: {of: G, variables: [v]}}}\n"), ["state"]);
    assert_eq!(outputs("monitors: {rate: {G: {of: G}}}\n"), ["rate"]);
    assert_eq!(outputs("monitors: {final: {G: {of: G, variables: [v]}}}\n"), ["final"]);
    assert_eq!(
        outputs("monitors: {spikes: {G: {of: G, variables: [v]}}}\n"),
        ["spikes", "populations", "event_values"]
    );
    assert_eq!(outputs("monitors: {events: {G: {of: G, event: spike}}}\n"), ["events"]);
}

#[test]
fn events_have_times_and_values() {
    let model = "neurons:
  G:
    size: 2
    equations: |
      dx/dt = (1 + i)*10/second : 1
      k : 1
    threshold: x > 0.5
    reset: x = 0
    events: {near: {condition: x > 0.25 and x <= 0.27}}
    initial: {k: 7 + i}
monitors:
  spikes: {G: {of: G, variables: [x]}}
  events: {n: {of: G, event: near, variables: [k]}}
time_step: 1*ms
duration: 52*ms
";
    let ran = done(&stage(model, ""));
    // Element 1 goes by 0.02 a step, element 0 by 0.01: 0.26 at 13 and 26 ms, and 0.27 at 27 ms.
    let rows = events::read(&output(&ran, "events")).unwrap();
    let found: Vec<(f64, String)> = rows.iter().map(|row| (row.onset_s, row.channel.clone())).collect();
    assert!(found.contains(&(0.013, "n.1".to_owned())) && found.contains(&(0.026, "n.0".to_owned())), "{found:?}");
    assert!(rows.iter().all(|row| row.kind == "near" && row.value == "n" && row.duration_s == Some(0.0)));
    let values = output(&ran, "event_values");
    let of = |event: &str, column: &str| -> Vec<f64> {
        let kinds = texts(&values, "event");
        floats(&values, column)
            .into_iter()
            .zip(kinds)
            .filter(|(_, kind)| kind == event)
            .map(|(value, _)| value)
            .collect()
    };
    assert_eq!(of("near", "value").len(), rows.len());
    assert_eq!(of("near", "value")[0], 8.0);
    assert_eq!(of("near", "time_ms")[0], 13.0);
    // Before the reset.
    let spikes = of("spike", "value");
    assert!(!spikes.is_empty() && spikes.iter().all(|x| *x > 0.5 && *x < 0.53), "{spikes:?}");
    assert_eq!(texts(&values, "monitor").into_iter().filter(|name| name == "G").count(), spikes.len());
}

#[test]
fn columns_set_constants_and_paths_in_their_units() {
    let ends = |sweep: &str, rest: &str| {
        let ran = done(&(points(sweep) + &stage(LEAKY, &format!("{BY_POINTS}{rest}"))));
        let table = output(&ran, "state");
        lists(&table, "values")
            .into_iter()
            .zip(texts(&table, "channel"))
            .filter(|(_, name)| name == "v.v.0")
            .map(|(v, _)| v)
            .collect::<Vec<_>>()
    };
    let reach = |v_inf: f64, tau: f64, step: usize| v_inf * (1.0 - (-0.1 * step as f64 / tau).exp());
    for (sweep, v_inf, tau) in [
        ("{ I: { values: [100 pA, 0.15 nA] } }", [10.0, 15.0], [10.0; 2]),
        ("{ constants.I: { values: [100 pA, 150 pA] } }", [10.0, 15.0], [10.0; 2]),
        ("{ tau: { values: [0.02 s, 5 ms] } }", [18.0; 2], [20.0, 5.0]),
    ] {
        let traces = ends(sweep, if sweep.contains("tau") { "    parameters: { I: 0.18 nA }\n" } else { "" });
        for (number, trace) in traces.iter().enumerate() {
            let expected = reach(v_inf[number], tau[number], 200);
            assert!((trace[200] - expected).abs() < 1e-9, "{sweep}: {} {expected}", trace[200]);
        }
    }
    let starts = ends("{ neurons.G.initial.v: { values: [5 mV, 0.01 V] } }", "");
    assert_eq!((starts[0][0], starts[1][0]), (5.0, 10.0));
    let lengths: Vec<usize> = ends("{ duration: { values: [10 ms, 0.02 s] } }", "").iter().map(Vec::len).collect();
    assert_eq!(lengths, [100, 200]);
    let count = |sweep: &str| {
        let ran = done(&(points(sweep) + &stage(LEAKY, BY_POINTS)));
        let table = output(&ran, "populations");
        floats(&table, "rate_hz")
    };
    let rates = count("{ neurons.G.refractory: { values: [0.1 ms, 5 ms] } }");
    assert!(rates[0] > rates[2] && rates[1] > rates[3], "{rates:?}");
}

#[test]
fn a_swept_value_is_the_value_that_is_written() {
    let written = done(&stage(&LEAKY.replace("0.3*nA", "310*pA").replace("2*ms", "3*ms"), ""));
    let swept = done(
        &(points("{ I: { values: [0.31 nA] }, neurons.G.refractory: { values: [0.003 s] } }")
            + &stage(LEAKY, BY_POINTS)),
    );
    let fixed = done(&stage(LEAKY, "    parameters: { I: 0.31 nA, neurons.G.refractory: 3 ms }\n"));
    let all = |ran: &Ran| {
        ["spikes", "state", "rate", "final"].map(|name| {
            let table = output(ran, name);
            let kept: Vec<usize> =
                (0..table.num_columns()).filter(|column| table.schema().field(*column).name() != "sample").collect();
            table.project(&kept).unwrap()
        })
    };
    assert_eq!(all(&swept), all(&written));
    assert_eq!(all(&fixed), all(&written));
}

#[test]
fn stimuli_are_arrays_over_time() {
    let model = "constants: {C: 10*pF}
neurons: {G: {size: 1, equations: 'dv/dt = I(t)/C : volt'}}
monitors: {state: {v: {of: G, variables: [v]}}}
time_step: 0.5*ms
duration: 10*ms
";
    let of = |unit: &str, amplitude: &str| {
        let rest = format!(
            "    stimuli:\n      I: {{ stimulus: {{ step: {{ amplitude: {amplitude}, start: 2 ms, end: 4 ms }} }}, unit: {unit} }}\n"
        );
        lists(&output(&done(&stage(model, &rest)), "state"), "values").remove(0)
    };
    let trace = of("pA", "5");
    // 5 pA for 2 ms into 10 pF are 1 mV.
    assert_eq!(trace.len(), 20);
    for (step, value) in trace.iter().enumerate() {
        let expected = (0.5 * step as f64 - 2.0).clamp(0.0, 2.0) * 0.5;
        assert!((value - expected).abs() < 1e-12, "{step}: {value} {expected}");
    }
    for (unit, amplitude) in [("nA", "0.005"), ("nA", "5 pA"), ("'V/Gohm'", "0.005"), ("uA", "5e-6")] {
        let other = of(unit, amplitude);
        assert!(other.iter().zip(&trace).all(|(a, b)| (a - b).abs() < 1e-12), "{unit}");
    }
}

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
fn results_do_not_depend_on_batches_or_threads() {
    let text = |seeds: &str| {
        points(&format!("{{ seed: {{ values: [{seeds}] }}, w: {{ values: [0.5 mV] }} }}")) + &stage(NETWORK, BY_POINTS)
    };
    let of = |jobs| {
        let ran = ran_on(&text("1, 2, 3, 4, 5, 6"), here(), MemoryStore::default(), jobs);
        assert_eq!(ran.counts("s"), (6, 0, 0), "{:?}", ran.failures());
        ["spikes", "populations", "state"].map(|name| output(&ran, name))
    };
    let alone = of(1);
    assert_eq!(of(4), alone);
    assert!(floats(&alone[1], "rate_hz").windows(2).any(|pair| pair[0] != pair[1]));
    let one = ran(&text("4"), here());
    let label = texts(&output(&one, "state"), "sample").remove(0);
    let row = texts(&alone[2], "sample").iter().position(|name| *name == label).unwrap();
    assert_eq!(alone[2].slice(row, 1), output(&one, "state"));
}

#[test]
fn connections_come_from_a_table() {
    let folder = folder(&[("w.csv", "presynaptic,postsynaptic,weight\n0,1,3\n0,2,-1.5\n")]);
    let model = "spike_generators: {P: {size: 1, elements: [0], times: [1]}}
neurons: {G: {size: 3, equations: 'v : volt'}}
synapses:
  S:
    source: P
    target: G
    equations: 'w : volt'
    on_pre: v_post += w
    delay: 2*ms
    connect: [{table: {weight: w, unit: mV}}]
monitors: {state: {v: {of: G, variables: [v], every: 1*ms}}}
duration: 6*ms
";
    let text = "  c: { kind: connectivity.import, path: w.csv }\n".to_owned()
        + &stage(model, "    inputs: { connectivity: c }\n");
    let ran = ran(&text, folder.path());
    assert_eq!(ran.counts("s").2, 0, "{:?}", ran.failures());
    let traces = lists(&output(&ran, "state"), "values");
    assert_eq!(traces[0], [0.0; 6]);
    for (trace, weight) in traces[1..].iter().zip([3.0, -1.5]) {
        for (step, value) in trace.iter().enumerate() {
            // At 3 ms it comes, after the record of this step.
            let expected = if step > 3 { weight } else { 0.0 };
            assert!((value - expected).abs() < 1e-12, "{step}: {value}");
        }
    }
    let message = refused(&stage(model, ""));
    assert!(message.contains("`synapses.S` takes the table `connectivity`; connect it as an input"), "{message}");
    let useless = "  c: { kind: connectivity.import, path: w.csv }\n".to_owned()
        + &stage(LEAKY, "    inputs: { connectivity: c }\n");
    let message = refused_in(&useless, folder.path());
    assert!(message.contains("no synapses take it"), "{message}");
}

#[test]
fn a_model_file_is_the_model_that_it_holds() {
    let folder = folder(&[
        ("leaky.yaml", &format!("equations: 1\nname: leaky\n{LEAKY}")),
        ("wrong.yaml", &format!("equations: 1\n{}", LEAKY.replace("threshold: v > 20*mV", "threshold: v > 20*nA"))),
        ("field.yaml", &format!("equations: 1\n{}", LEAKY.replace("threshold:", "treshold:"))),
    ]);
    let of = |path: &str| format!("  s:\n    kind: simulate.equations\n    model: {path}\n");
    let from_file = ran(&of("leaky.yaml"), folder.path());
    let written = done(&stage(LEAKY, ""));
    assert_eq!(output(&from_file, "state"), output(&written, "state"));
    let key = |text: &str, folder: &Path| bind(text, folder).unwrap().1.stages[0].bound().config.clone();
    assert_eq!(key(&of("leaky.yaml"), folder.path()), key(&stage(LEAKY, ""), here()));
    let message = refused_in(&of("wrong.yaml"), folder.path());
    assert!(message.contains("wrong.yaml:8:") && message.contains("neurons.G.threshold"), "{message}");
    assert!(message.contains("volt") && message.contains("amp") && message.contains('^'), "{message}");
    let message = refused_in(&of("field.yaml"), folder.path());
    assert!(message.contains("treshold") && message.contains("did you mean `threshold`?"), "{message}");
    let message = refused_in(&of("nowhere.yaml"), folder.path());
    assert!(message.contains("there is no file"), "{message}");
}

#[test]
fn a_choice_that_is_made_for_the_user_is_noted() {
    let model = "neurons: {G: {size: 1, equations: 'dv/dt = -v**3/(10*ms) : 1', initial: {v: 1}}}
monitors: {final: {v: {of: G, variables: [v]}}}
duration: 1*ms
";
    let notes = done(&stage(model, "")).notes("s");
    assert!(notes.contains("euler") || notes.contains("Euler"), "{notes}");
}

#[test]
fn groups_with_other_steps_share_a_table() {
    let model = "neurons:
  slow: {size: 1, equations: 'x : 1', threshold: 'True', time_step: 0.5*ms}
  fast: {size: 1, equations: 'x : 1', threshold: 'True', time_step: 0.25*ms}
monitors: {spikes: {slow: {of: slow}, fast: {of: fast}}}
time_step: 1*ms
duration: 2*ms
";
    let ran = done(&stage(model, ""));
    let table = output(&ran, "spikes");
    let dt = table.schema().field_with_name("step").unwrap().metadata()["dt_ms"].clone();
    assert_eq!(dt, "0.25");
    let steps = numbers(&table, "step");
    assert_eq!(steps, [1, 2, 3, 4, 5, 6, 7, 8, 2, 4, 6, 8]);
}
