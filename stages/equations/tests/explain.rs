//! What is told of models: of good ones what they mean, of bad ones what is wrong and where.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_equations::network::Connections;
use lapicque_equations::network::explain::{Explanation, explain};
use lapicque_equations::network::file::ModelFile;

const CUBA: &str = include_str!("model_files/cuba.yaml");
const HODGKIN_HUXLEY: &str = include_str!("model_files/hodgkin_huxley.yaml");
const STDP: &str = include_str!("model_files/stdp.yaml");

fn explained(text: &str) -> Explanation {
    let file = ModelFile::parse(text, "mine.yaml").unwrap_or_else(|error| panic!("{error}"));
    explain(file.model(), None, None).unwrap_or_else(|errors| panic!("{}", file.located(&errors)))
}

fn refused(text: &str) -> String {
    let file = ModelFile::parse(text, "mine.yaml").unwrap_or_else(|error| panic!("{error}"));
    let errors = explain(file.model(), None, Some(4_000_000_000)).expect_err("this is a bad model");
    file.located(&errors).to_string()
}

/// The sections of a small model with a piece of it replaced.
fn small(from: &str, to: &str) -> String {
    const SMALL: &str = "equations: 1
constants: {tau: 10*ms, w: 0.5}
timed_arrays: {input: {values: [1, 2], time_step: 1*ms}}
neurons:
  A:
    size: 4
    equations: |
      dv/dt = (I - v)/tau : 1
      I : 1
    threshold: v > 1
    reset: v = 0
    initial: {I: 2}
  B: {size: 3, equations: \"x : 1\"}
synapses:
  S: {source: A, target: B, on_pre: x_post += w, connect: [{p: 0.5}]}
monitors:
  state: {v: {of: A, variables: [v], record: [0, 3]}}
duration: 10*ms
";
    assert!(from.is_empty() || SMALL.contains(from), "{from}");
    SMALL.replacen(from, to, 1)
}

fn remarks(explanation: &Explanation) -> String {
    let lines = explanation.remarks.iter().map(|remark| format!("{}: {}", remark.path, remark.text));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn equations_are_told_with_subexpressions_and_constants_put_in() {
    let text = small("dv/dt = (I - v)/tau : 1", "dv/dt = pull/tau : 1\n      pull = I + 2*w - v : 1");
    let found = explained(&text);
    let group = &found.groups[0];
    assert_eq!(group.equations[0].text, "dv/dt = (I + 1 - v)/0.01");
    let variables: Vec<_> = group.variables.iter().map(|v| (v.name.as_str(), v.kind, v.unit.as_str())).collect();
    assert_eq!(variables, [("v", "derivative", "1"), ("pull", "subexpression", "1"), ("I", "parameter", "1")]);
    let constants: Vec<_> = found.constants.iter().map(|c| (c.name.as_str(), c.value, c.unit.as_str())).collect();
    assert_eq!(constants, [("tau", 0.01, "second"), ("w", 0.5, "1")]);
}

#[test]
fn numbers_in_equations_are_rounded_for_reading() {
    let equation = &explained(HODGKIN_HUXLEY).groups[0].equations[0].text;
    assert!(equation.contains("- 0.00002*(m*m*m)*h*(v - 0.05)"), "{equation}");
}

#[test]
fn integrators_are_told_with_who_was_refused_and_why() {
    let linear = explained(CUBA);
    let integrator = linear.groups[0].integrator.as_ref().unwrap();
    assert_eq!((integrator.name.as_str(), integrator.named, integrator.refused.len()), ("exact", false, 0));
    let nonlinear = explained(HODGKIN_HUXLEY);
    let integrator = nonlinear.groups[0].integrator.as_ref().unwrap();
    assert_eq!(integrator.name, "euler");
    assert_eq!(integrator.refused[0].integrator, "exact");
    assert_eq!(integrator.refused[0].reason, "dv/dt is not linear in `v`, `m`, `h`, `n`");
    let noisy = explained(&small("(I - v)/tau : 1", "-v/tau + v*xi/tau**0.5 : 1"));
    let integrator = noisy.groups[0].integrator.as_ref().unwrap();
    let others: Vec<&str> = integrator.refused.iter().map(|refused| refused.integrator.as_str()).collect();
    assert_eq!((integrator.name.as_str(), others), ("heun", vec!["exact", "euler"]));
    let named = explained(&small("threshold", "integrator: rk4\n    threshold"));
    assert!(named.groups[0].integrator.as_ref().unwrap().named);
    let told = refused(
        &small("(I - v)/tau : 1\n", "(I - v**2)/tau : 1\n").replace("threshold", "integrator: exact\n    threshold"),
    );
    assert!(told.contains(":10:17: neurons.A.integrator: `exact`: the integrator `exact` does not take these equations: dv/dt is not linear in `v`"), "{told}");
    let told = refused(&small("threshold", "integrator: eular\n    threshold"));
    assert!(told.contains("there is no integrator `eular`; did you mean `euler`?"), "{told}");
}

#[test]
fn forward_euler_for_a_nonlinear_model_is_remarked_with_the_shortest_time_constant() {
    let found = explained(HODGKIN_HUXLEY);
    let shortest = found.groups[0].integrator.as_ref().unwrap().shortest_time_constant.clone().unwrap();
    // d(dm/dt)/dm = -(alpha + beta) at v = El: 1.28/exprel(3.75)/ms and 1.4/exprel(-8.4)/ms.
    let exprel = |x: f64| x.exp_m1() / x;
    let rate = 1280.0 / exprel(3.75) + 1400.0 / exprel(-8.4);
    assert_eq!(shortest.variable, "m");
    assert!((shortest.seconds * rate - 1.0).abs() < 1e-9, "{shortest:?} {rate}");
    assert!((shortest.steps - shortest.seconds / 50e-6).abs() < 1e-9, "{shortest:?}");
    let told = remarks(&found);
    assert!(
        told.contains("neurons.G.integrator: forward Euler is taken")
            && told.contains("`exponential_euler` takes these equations too"),
        "{told}"
    );
    assert!(told.contains("(1.684 steps, of `m`)"), "{told}");
    let coarse = remarks(&explained(&HODGKIN_HUXLEY.replace("time_step: 0.05*ms", "time_step: 0.5*ms")));
    assert!(coarse.contains("(0.168 steps, of `m`): steps of `euler` are unstable beyond twice that"), "{coarse}");
    assert_eq!(remarks(&explained(CUBA)), "");
}

#[test]
fn time_constants_that_depend_on_what_is_drawn_are_not_told() {
    let text = small("dv/dt = (I - v)/tau : 1", "dv/dt = (I - v*v)/tau : 1");
    let known = explained(&text.replace("{I: 2}", "{I: 2, v: 0.5}"));
    let shortest = known.groups[0].integrator.as_ref().unwrap().shortest_time_constant.clone().unwrap();
    assert!((shortest.seconds - 0.01).abs() < 1e-12, "{shortest:?}");
    let drawn = explained(&text.replace("{I: 2}", "{I: 2, v: rand()}"));
    assert_eq!(drawn.groups[0].integrator.as_ref().unwrap().shortest_time_constant, None);
}

#[test]
fn synapses_are_counted_without_being_made() {
    let number = |connect: &str| {
        let synapses = &explained(&small("[{p: 0.5}]", connect)).synapses[0];
        (synapses.expected, synapses.exact)
    };
    assert_eq!(number("[{}]"), (12.0, true));
    assert_eq!(number("[{p: 0.5}]"), (6.0, false));
    assert_eq!(number("[{n: 3}]"), (36.0, true));
    assert_eq!(number("[{condition: i == j}]"), (3.0, true));
    assert_eq!(number("[{condition: i != j}]"), (9.0, true));
    assert_eq!(number("[{condition: abs(i - j) <= 1}]"), (8.0, true));
    assert_eq!(number("[{condition: i < 2, p: 0.25}, {i: [0, 1], j: [1, 2]}]"), (3.5, false));
    assert_eq!(number("[{j: \"i + 1\", skip_if_invalid: true}]"), (4.0, true));
    assert_eq!(number("[{j: \"k for k in range(i)\"}]"), (6.0, true));
    assert_eq!(number("[{j: \"k for k in sample(N_post, p=0.5)\"}]"), (6.0, false));
    assert_eq!(number("[{i: \"k for k in sample(N_pre, size=2)\"}]"), (6.0, true));
    assert_eq!(number("[{condition: x_post > 0}]"), (12.0, false));
    // A ring of 2 neighbours in 10^5 neurons: 10^10 pairs are not gone through one by one.
    let large = small("size: 4", "size: 100000").replace("size: 3", "size: 100000");
    let ring = explained(&large.replace("{p: 0.5}", "{condition: i % 2 == j % 2}"));
    let share = ring.synapses[0].expected / 1e10;
    assert!((share - 0.5).abs() < 0.01 && !ring.synapses[0].exact, "{share}");
    let table = Connections { sources: vec![0, 1], targets: vec![0, 1], weights: vec![1.0, 1.0] };
    let file = ModelFile::parse(&small("{p: 0.5}", "{table: {}}"), "mine.yaml").unwrap();
    assert_eq!(explain(file.model(), Some(&table), None).unwrap().synapses[0].expected, 2.0);
}

#[test]
fn pathways_and_how_synapses_are_solved_are_told() {
    let found = explained(STDP);
    let synapses = &found.synapses[0];
    assert_eq!(synapses.event_driven, ["Apre", "Apost"]);
    assert_eq!(synapses.summed, ["total"]);
    assert!(synapses.clock_driven.is_empty());
    let delays: Vec<_> =
        synapses.pathways.iter().map(|p| (p.name.as_str(), p.shortest_delay_steps, p.longest_delay_steps)).collect();
    assert_eq!(delays, [("pre", Some(15), Some(15)), ("post", Some(0), Some(0))]);
    let delay = |delay: &str| {
        let found = explained(&small("connect", &format!("delay: {delay}, connect")));
        (found.synapses[0].pathways[0].shortest_delay_steps, found.synapses[0].pathways[0].longest_delay_steps)
    };
    assert_eq!(delay("0.25*ms"), (Some(3), Some(3)));
    assert_eq!(delay("{values: [1, 3, 2], unit: ms}"), (Some(10), Some(30)));
    assert_eq!(delay("rand()*ms"), (None, None));
}

#[test]
fn a_step_is_told_in_its_order() {
    let order = |text: &str| -> Vec<String> {
        explained(text).step.iter().map(|o| format!("{} {} {}", o.slot, o.order, o.name)).collect()
    };
    assert_eq!(
        order(STDP),
        [
            "start 0 w",
            "groups -1 S_total_post",
            "groups 0 N1_stateupdater",
            "thresholds 0 N1_spike_thresholder",
            "thresholds 0 input_spike_thresholder",
            "synapses -1 S_pre",
            "synapses 0 noise",
            "synapses 1 S_post",
            "resets 0 N1_spike_resetter",
            "end 0 input"
        ]
    );
    let other = small("duration", "schedule: [start, groups, synapses, thresholds, resets, end]\nduration");
    assert_eq!(
        order(&other),
        [
            "start 0 v",
            "groups 0 A_stateupdater",
            "synapses -1 S_pre",
            "thresholds 0 A_spike_thresholder",
            "resets 0 A_spike_resetter"
        ]
    );
    let told = refused(&small("duration", "schedule: [start, groups, synapses, resets]\nduration"));
    assert!(told.contains("the schedule has no slot `thresholds`, in which `A_spike_thresholder` happens"), "{told}");
    let told = refused(&small("duration", "schedule: [start, start]\nduration"));
    assert!(told.contains(":18:19: schedule.1: `start`: each slot once"), "{told}");
}

#[test]
fn runs_are_told_with_their_steps() {
    let found = explained(HODGKIN_HUXLEY);
    let steps: Vec<u64> = found.runs.iter().map(|run| run.steps).collect();
    assert_eq!(steps, [200, 400, 400]);
    assert_eq!(found.runs[1].changes, ["G.I = 1*nA"]);
    assert_eq!(found.runs[2].restore.as_deref(), Some("before"));
    assert_eq!(
        explained(&small("10*ms\n", "0.95*ms\n").replace("duration: 10*ms", "duration: 0.95*ms")).runs[0].steps,
        10
    );
    for (runs, expected) in [
        ("[{restore: x}]", "runs.0.restore: there is no stored state `x`"),
        ("[{set: {A.u: 1}}]", "runs.0.set.A.u: there is no variable `u`"),
        ("[{set: {C.v: 1}}]", "runs.0.set.C.v: there is no group or synapses `C`"),
        ("[{set: {v: 1}}]", "runs.0.set.v: `v`: a group and a variable of it: `G.v`"),
        ("[{set: {A.v: 1*mV}}]", "the value should have the unit 1, and has volt"),
        ("[{constants: {tua: 1*ms}}]", "runs.0.constants.tua: there is no constant `tua`; did you mean `tau`?"),
        ("[{constants: {tau: 1*mV}}]", "`tau` should have the unit second, and has volt"),
        ("[{duration: -1*ms}]", "runs.0.duration: -1*ms: a finite time of at least 0*second"),
        ("[{duration: 1e300*second}]", "runs.0.duration: 1.0000000000000001e304 steps: at most 1.099511627776e12"),
        ("[{time_step: 0*ms}]", "runs.0.time_step: 0*ms: a time above 0*second"),
    ] {
        let told = refused(&small("duration: 10*ms", &format!("runs: {runs}")));
        assert!(told.contains(expected), "{expected}\n{told}");
    }
    let told = refused(&small("duration: 10*ms", "duration: 10*ms\nruns: [{}]"));
    assert!(told.contains("duration: either `duration` or `runs`"), "{told}");
}

#[test]
fn what_is_wrong_has_a_place_and_what_is_allowed() {
    let mut wrong = Vec::new();
    for (from, to, expected) in [
        ("connect", "delay: -1*ms, connect", "15:57: synapses.S.delay: -1*ms: a delay of at least 0*ms"),
        (
            "connect",
            "delay: {values: [-1], unit: ms}, connect",
            "synapses.S.delay: a delay of -0.001 s: a delay of at least 0*ms",
        ),
        ("connect", "delay: 1*mV, connect", "the value should have the unit second, and has volt"),
        ("connect", "delay: 1e9*second, connect", "synapses.S.delay: 1e9*second: at most 4294967295 steps"),
        ("connect", "post_delay: 1*ms, connect", "there is no `on_post` that it could delay"),
        ("{p: 0.5}", "{i: [0, 4], j: 1}", "synapses.S.connect.0.i: 4 (place 1): numbers of neurons from 0 to 3"),
        ("{p: 0.5}", "{i: 0, j: -1}", "synapses.S.connect.0.j: -1 (place 0): numbers of neurons from 0 to 2"),
        (
            "{p: 0.5}",
            "{i: [0, 1], j: [0, 1, 2]}",
            "synapses.S.connect.0.j: 3 numbers, and 2 of `i`: as many as `i`, or one",
        ),
        ("{p: 0.5}", "{p: 1.5}", "synapses.S.connect.0.p: 1.5: a probability from 0 to 1"),
        ("{p: 0.5}", "{n: 1.5}", "synapses.S.connect.0.n: 1.5: a whole number of at least 0"),
        ("{p: 0.5}", "{condition: i + j}", "the condition should be true or false, and is a number"),
        ("{p: 0.5}", "{j: \"k for k in range(N_pst)\"}", "nothing has the name `N_pst`; did you mean `N_post`?"),
        ("v > 1", "v - 1", "10:16: neurons.A.threshold: the threshold should be true or false, and is a number"),
        ("v = 0", "v = 0*mV", "11:16: neurons.A.reset: what is written to `v` should have the unit 1, and has volt"),
        ("v = 0", "u = v; v /= 1 - 1", "11:24: neurons.A.reset: `1 - 1` is 0, and nothing can be divided by it"),
        ("tau: 10*ms", "tau: 10*ms/0", "2:24: constants.tau: `0` is 0, and nothing can be divided by it"),
        ("tau: 10*ms", "tau: 0*ms", "8:23: neurons.A.equations: `tau` is 0, and nothing can be divided by it"),
        ("tau: 10*ms", "tau: 10*ms*tau", "constants.tau: tau are made of each other"),
        ("tau: 10*ms", "ms: 10", "constants.ms: `ms`: it is a unit"),
        ("(I - v)", "(II - v)", "8:16: neurons.A.equations: nothing has the name `II`; did you mean `I`?"),
        ("(I - v)", "(input(t) - vv)", "8:27: neurons.A.equations: nothing has the name `vv`; did you mean `v`?"),
        ("(I - v)", "(inptu(t) - v)", "no function has the name `inptu`; did you mean `input`?"),
        ("target: B", "target: C", "15:26: synapses.S.target: there is no group `C`; did you mean `A`?"),
        (
            "target: B",
            "target: \"B[1:4]\"",
            "synapses.S.target: B[1:4]: a part is `B[START:STOP]` with START below STOP, and STOP at most 3",
        ),
        ("x_post += w", "x_pots += w", "`x_pots` is no variable; a new local variable begins with `x_pots = ...`"),
        ("size: 4", "size: 0", "6:11: neurons.A.size: 0: at least 1"),
        ("S: {", "A: {", "synapses.A: `A` is also the name of another object: neurons.A"),
        ("S: {", "a b: {", "synapses.a b: `a b`: names are made of letters, digits, `_` and `-`"),
        ("{I: 2}", "{I: [1, 2]}", "neurons.A.initial.I: 2 values: one for each of 4 elements"),
        ("{I: 2}", "{I: {at: [4], value: 2}}", "neurons.A.initial.I: element 4 (place 0): numbers below 4"),
        ("{I: 2}", "{J: 2}", "neurons.A.initial.J: there is no variable `J`; did you mean `I`?"),
        ("{I: 2}", "{I: 1/0}", "12:20: neurons.A.initial.I: `0` is 0, and nothing can be divided by it"),
        ("record: [0, 3]", "record: [0, 4]", "monitors.state.v.record: 4: numbers below 4"),
        ("variables: [v]", "variables: [v, u]", "17:37: monitors.state.v.variables.1: there is no variable `u`"),
        ("of: A", "of: C", "monitors.state.v.of: there is no group `C`"),
        ("record: [0, 3]", "every: 0*ms", "monitors.state.v.every: 0*ms: a time above 0*second"),
        (
            "reset: v = 0",
            "reset: v = 0\n    refractory: -1*ms",
            "12:17: neurons.A.refractory: -1*ms: a time of at least 0*second, or a condition",
        ),
        (
            "reset: v = 0",
            "reset: v = 0\n    refractory: 2*mV",
            "the refractory time should have the unit second, and has volt",
        ),
        (
            "reset: v = 0",
            "on_event: [{event: burst, code: v = 0}]",
            "neurons.A.on_event.0.event: there is no event `burst`",
        ),
        ("reset: v = 0", "run_regularly: [{code: v = 0, every: 1}]", "the time should have the unit second, and has 1"),
        (
            "      I : 1\n",
            "      I : 1 (linked)\n",
            "`I` has the flag `linked`, and `linked` does not say to which group",
        ),
        ("duration: 10*ms", "duration: 10", "18:11: duration: the time should have the unit second, and has 1"),
        ("duration", "time_step: -1*ms\nduration", "time_step: -1*ms: a time above 0*second"),
        (
            "duration",
            "poisson_inputs: {P: {target: B, variable: y, processes: 1, rate: 1*Hz, weight: 1}}\nduration",
            "poisson_inputs.P.variable: there is no variable `y`",
        ),
        (
            "duration",
            "poisson_inputs: {P: {target: B, variable: x, processes: 1, rate: -1*Hz, weight: 1}}\nduration",
            "poisson_inputs.P.rate: -1*Hz: a finite rate of at least 0*Hz",
        ),
        (
            "duration",
            "poisson: {P: {size: 1, rates: -1*Hz}}\nduration",
            "poisson.P.rates: -1 Hz: from 0 Hz to one spike in each step, ",
        ),
        (
            "duration",
            "spike_generators: {P: {size: 1, elements: [1], times: [1]}}\nduration",
            "spike_generators.P.elements: 1: numbers below 1",
        ),
        (
            "duration",
            "spike_generators: {P: {size: 1, elements: [0], times: [-1]}}\nduration",
            "spike_generators.P.times: -1: finite times of at least 0",
        ),
        (
            "duration",
            "spike_generators: {P: {size: 1, elements: [0], times: []}}\nduration",
            "spike_generators.P.times: 1 elements and 0 times: a time for each element",
        ),
    ] {
        let told = refused(&small(from, to));
        // Each has the line of the file with carets below.
        if !told.contains(expected) || !told.contains(" | ") || !told.contains('^') {
            wrong.push(format!("{expected}\n{told}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn all_that_is_wrong_is_told_at_once_up_to_20() {
    let told =
        refused(&small("v > 1", "v - 1").replace("v = 0", "v = 0*mV").replace("duration: 10*ms", "duration: 10"));
    assert_eq!(told.matches("mine.yaml:").count(), 3, "{told}");
    // What refers to a group that is refused already is not told of it again.
    let told = refused(&small("(I - v)/tau", "(I - u)/tau"));
    assert_eq!(told.matches("mine.yaml:").count(), 1, "{told}");
    let many: String =
        (0..100).map(|number| format!("  G{number}: {{size: 1, equations: \"dv/dt = w/second : 1\"}}\n")).collect();
    let told = refused(&format!("equations: 1\nneurons:\n{many}duration: 1*ms\n"));
    assert_eq!(told.matches("mine.yaml:").count(), 20, "{told}");
}

#[test]
fn a_thousand_million_synapses_are_refused_by_an_estimate() {
    let text = small("size: 4", "size: 100000").replace("size: 3", "size: 10000").replace("{p: 0.5}", "{}");
    let told = refused(&text);
    assert!(told.starts_with("mine.yaml:15:50: synapses.S.connect: this needs about "), "{told}");
    assert!(told.contains("MB for about 1.000e9 synapses and all else, and 4000 MB are allowed"), "{told}");
    let explanation = explained(&text);
    assert_eq!(explanation.synapses[0].expected, 1e9);
    assert!(explanation.memory.synapses_bytes > 1e10);
    let told = refused(&small("duration: 10*ms", "duration: 1e7*second").replace("record: [0, 3]", "record: all"));
    assert!(told.contains("monitors: this needs about") && told.contains("for what monitors record"), "{told}");
    let told = refused(
        &small("size: 4", "size: 4000000000")
            .replace("record: [0, 3]", "record: [0]")
            .replace("{p: 0.5}", "{i: 0, j: 0}"),
    );
    assert!(told.contains("neurons: this needs about") && told.contains("for the variables of all groups"), "{told}");
}

#[test]
fn resets_that_do_not_end_what_they_should_are_remarked() {
    for (reset, expected) in [
        ("v = 0", ""),
        ("v -= 1", ""),
        (
            "I = 0",
            "neurons.A.reset: the reset does not write `v`, which the threshold looks at: a neuron beyond it spikes in each step until its equations bring it back",
        ),
        (
            "v = 2",
            "neurons.A.reset: after the reset the threshold still holds, so a neuron that has spiked spikes again in each step",
        ),
        ("u = 1; v = u + 2*w", "neurons.A.reset: after the reset the threshold still holds"),
        ("u = 1; v = u", ""),
    ] {
        let told = remarks(&explained(&small("v = 0", reset)));
        assert!(told.starts_with(expected) && told.is_empty() == expected.is_empty(), "{reset}: {told}");
    }
    let told = remarks(&explained(&small("    reset: v = 0\n", "")));
    assert!(
        told.contains("there is no `reset`, so a neuron spikes in each step while `v` stays beyond the threshold"),
        "{told}"
    );
    let silent = small("    threshold: v > 1\n", "");
    assert!(
        refused(&silent).contains("synapses.S.on_pre: `A` never spikes: it has no `threshold`"),
        "{}",
        refused(&silent)
    );
    let told = remarks(&explained(&silent.replace("on_pre: x_post += w, ", "")));
    assert!(
        told.contains("neurons.A.reset: there is no `threshold`, so nothing spikes and this has no effect"),
        "{told}"
    );
}

#[test]
fn parameters_that_divide_and_are_0_are_remarked() {
    let text = small("(I - v)/tau : 1\n", "(I - v)/T : 1\n      T : second\n");
    let told = remarks(&explained(&text));
    assert!(told.contains("`T` divides in the equation of `v`, and is 0 unless `initial` says otherwise"), "{told}");
    assert_eq!(remarks(&explained(&text.replace("{I: 2}", "{I: 2, T: 1*ms}"))), "");
}

#[test]
fn an_explanation_is_a_page_and_a_document() {
    let found = explained(STDP);
    let page = found.page();
    for expected in [
        "steps of 0.1 ms\n",
        "  taue     5*ms    = 0.005 second\n",
        "N1: 1 neurons\n  threshold: v > vt\n  reset: v = vr\n",
        "input: 1000 Poisson processes\n",
        "S: about 8 synapses from input to N1\n",
        "  solved from event to event: Apre, Apost\n",
        "w = clip(w + Apost, 0, gmax) (spikes of pre, delay of 15 steps)\n",
        "  100 ms in 1000 steps of 0.1 ms\n",
        "memory: about ",
    ] {
        assert!(page.contains(expected), "{expected}\n{page}");
    }
    let document = serde_json::to_value(&found).unwrap();
    assert_eq!(document["synapses"][0]["pathways"][0]["longest_delay_steps"], 15);
    assert_eq!(document["groups"][1]["kind"], "poisson");
    assert_eq!(document["step"][1]["slot"], "groups");
}

#[test]
fn compartments_have_variables_besides_those_of_equations() {
    let model = |monitor: &str, set: &str| {
        ModelFile::parse(
            &format!(
                "equations: 1
spatial_neurons:
  cell:
    morphology: {{sections: [{{name: soma, soma: {{diameter: 20*um}}}}]}}
    capacitance: 1*uF/cm**2
    resistivity: 150*ohm*cm
    equations: 'Im = 1e-4*siemens/cm**2*(-70*mV - v) : amp/metre**2'
monitors: {{state: {{m: {{of: cell, variables: [{monitor}]}}}}}}
runs: [{{duration: 1*ms}}, {{set: {{{set}: -60*mV}}, duration: 1*ms}}]
"
            ),
            "cell.yaml",
        )
        .unwrap()
    };
    let explained = |monitor: &str, set: &str| explain(model(monitor, set).model(), None, None);
    assert!(explained("v, membrane_current, Ic, area, Im", "cell.v").is_ok());
    let told = |monitor: &str, set: &str| explained(monitor, set).unwrap_err()[0].to_string();
    assert!(told("membran_current", "cell.v").contains("there is no variable `membran_current`"));
    assert!(told("v", "cell.area").contains("there is no variable `area`"));
}
