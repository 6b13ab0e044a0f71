//! Neural masses of different models through a pipeline: values, units, sweeps, connectomes, mistakes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use support::{Ran, bind, floats, lists, ran, ran_on, refused_in, texts};
use tempfile::TempDir;

/// Two cortical nodes and a thalamus that is 26 mm from one of them.
const CONNECTOME: &str = "source,target,weight,length_mm
left,right,0.5,30
right,left,0.25,30
left,relay,1,26
relay,left,0.5,26
";
const NETWORK: &str = "  connectome:\n    kind: import.table\n    path: connectome.csv\n    table: connectome\n";

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("connectome.csv"), CONNECTOME).unwrap();
    folder
}

fn stage(inputs: &str, groups: &str, projections: &str, rest: &str) -> String {
    format!(
        "  masses:\n    kind: simulate.mixed_neural_mass\n    inputs: {{ {inputs} }}\n    groups: {{ {groups} }}\n    projections: {{ {projections} }}\n    duration: 200 ms\n    time_step: 0.1 ms\n{rest}"
    )
}

const CORTEX: &str = "cortex: { model: aln, parameters: { mue_ext_mean: 2 mV/ms, sigma_ou: 0.1 mV/ms^3/2 } }";
const THALAMUS: &str = "thalamus: { model: thalamus, record: [Q_t, V_t] }";
const DOWN: &str = "down: { from: cortex.rates_exc, to: thalamus.ext_rate_t, weight: 1.2, delay: 13 ms }";
const UP: &str = "up: { from: thalamus.Q_t, to: cortex.coupling, weight: 0.15, delay: 13 ms }";

fn circuit(rest: &str) -> String {
    stage("", &format!("{CORTEX}, {THALAMUS}"), &format!("{DOWN}, {UP}"), rest).replace("    inputs: {  }\n", "")
}

fn swept(sweep: &str) -> String {
    let grid = format!("  points:\n    kind: parameters.grid\n    sweep: {sweep}\n");
    grid + &stage("parameters: points", &format!("{CORTEX}, {THALAMUS}"), &format!("{DOWN}, {UP}"), "")
}

fn values(ran: &Ran, output: usize) -> Vec<Vec<f64>> {
    assert!(ran.failures().is_empty(), "{:?}", ran.failures());
    lists(&ran.output("masses", output), "values")
}

#[test]
fn outputs_are_those_of_groups_and_channels_are_nodes() {
    let folder = folder();
    let text = circuit("    transient: 50 ms\n    record_dt: 0.5 ms\n");
    let (_, graph) = bind(&text, folder.path()).unwrap();
    let outputs = &graph.stages[graph.stage("masses").unwrap()].bound().outputs;
    let names: Vec<&str> = outputs.iter().map(|output| output.name.as_str()).collect();
    assert_eq!(names, ["cortex_rates_exc", "thalamus_Q_t", "thalamus_V_t"]);
    let ran = ran(&text, folder.path());
    for (output, (channel, unit)) in [("cortex", "Hz"), ("thalamus", "Hz"), ("thalamus", "mV")].into_iter().enumerate()
    {
        let table = ran.output("masses", output);
        assert_eq!(
            (texts(&table, "channel"), texts(&table, "unit")),
            (vec![channel.to_owned()], vec![unit.to_owned()])
        );
        assert_eq!((floats(&table, "t0")[0], floats(&table, "dt")[0]), (50.5, 0.5));
        assert_eq!(values(&ran, output)[0].len(), 300);
    }
}

#[test]
fn one_group_is_what_the_kind_of_one_model_gives() {
    let folder = folder();
    std::fs::write(folder.path().join("connectome.csv"), CONNECTOME.replace("relay", "third")).unwrap();
    let common = "parameters: { sigma_ou: 0.1 1/ms^3/2, K_gl: 0.3 1/ms, a.left: 0.1 1/ms }, drive: { x_ext: 0.05 1/ms }, stimuli: [{ input: x_ext, waveform: { white_noise: { sigma: 0.01 } } }], coupling: additive";
    for rest in
        ["    sampling: mean\n    transient: 20 ms\n", "    integration: heun\n    noise: exact\n    speed: 5 m/s\n"]
    {
        let mixed = stage(
            "connectome: connectome",
            &format!("all: {{ model: hopf, nodes: [right, left, third], record: [x, y], {common} }}"),
            "",
            rest,
        );
        let alone = common.replace("}, ", "}\n    ").replace("], ", "]\n    ");
        let alone = format!(
            "  masses:\n    kind: simulate.neural_mass\n    model: hopf\n    inputs: {{ connectome: connectome }}\n    duration: 200 ms\n    record: [x, y]\n    {alone}\n{rest}"
        );
        let [mixed, alone] = [mixed, alone].map(|text| ran(&format!("{NETWORK}{text}"), folder.path()));
        for output in 0..2 {
            assert_eq!(texts(&alone.output("masses", output), "channel"), ["right", "left", "third"]);
            assert_eq!(values(&mixed, output), values(&alone, output));
        }
    }
}

#[test]
fn all_values_are_columns_and_points_are_what_they_are_alone() {
    let folder = folder();
    let (_, graph) = bind(&swept("{ seed: { values: [1] } }"), folder.path()).unwrap();
    let accepts = graph.stages[graph.stage("masses").unwrap()].bound().accepts.clone();
    for name in ["cortex.b", "thalamus.g_LK", "thalamus.initial.V_t", "up.weight", "down.delay", "speed", "seed"] {
        assert!(accepts.contains(&name.to_owned()), "{name}");
    }
    assert!(!accepts.contains(&"cortex.speed".to_owned()));
    let sweep = |weights: &str| {
        swept(&format!(
            "{{ up.weight: {{ values: [{weights}] }}, down.delay: {{ values: [5 ms] }}, thalamus.g_LK.thalamus: {{ values: [0.03 mS/cm^2] }} }}"
        ))
        .replace("weight: 0.15, ", "")
        .replace(", delay: 13 ms }, up", " }, up")
    };
    let all = ran(&sweep("0.05, 0.1, 0.2"), folder.path());
    let rates = values(&all, 0);
    assert_ne!(rates[0], rates[1]);
    assert_ne!(rates[1], rates[2]);
    for (point, weight) in ["0.05", "0.1", "0.2"].into_iter().enumerate() {
        let alone = ran_on(&sweep(weight), folder.path(), Default::default(), 1);
        assert_eq!(values(&alone, 0)[0], rates[point], "{weight}");
    }
    let backwards = values(&ran(&sweep("0.2, 0.1, 0.05"), folder.path()), 0);
    assert!((0..3).all(|point| backwards[point] == rates[2 - point]));
    let seeds = values(&ran(&swept("{ seed: { values: [1, 2] } }"), folder.path()), 0);
    assert_ne!(seeds[0], seeds[1]);
}

/// One Euler step shows what acted.
#[test]
fn units_become_those_of_what_is_reached() {
    let folder = folder();
    let still = "a: 0 1/ms, w: 0 1/ms, K_gl: 0 1/ms";
    let step = |projection: &str, more: &str| {
        let groups = format!(
            "v: {{ model: thalamus, record: [], initial: {{ V_t: -70 mV }} }}, r: {{ model: montbrio_pazo_roxin, record: [], initial: {{ r: 20 Hz, v: 0 }} }}, x: {{ model: hopf, parameters: {{ {still} }}, initial: {{ x: 0, y: 0 }} {more} }}"
        );
        let text = stage("", &groups, projection, "").replace("    inputs: {  }\n", "");
        let text = text.replace("200 ms", "1 ms").replace("0.1 ms", "1 ms");
        values(&ran(&text, folder.path()), 0)[0][0]
    };
    assert_eq!(step("", ""), 0.0);
    // Hz into 1/ms by themselves.
    assert!((step("p: { from: r.rate, to: x.x_ext, weight: 3 }", "") - 0.06).abs() < 1e-15);
    assert!((step("p: { from: v.V_t, to: x.x_ext, weight: 0.5 1/V/s }", "") + 0.5e-6 * 70.0).abs() < 1e-15);
    assert!(
        (step("p: { from: v.V_t, to: x.x_ext, weight: 2 1/mV/s }", ", drive: { x_ext: 1 1/ms }") - 0.86).abs() < 1e-12
    );
    assert_eq!(step("p: { from: x.x, to: x.coupling, weight: 2 }", ", drive: { x_ext: 1 1/ms }"), 1.0);
}

#[test]
fn a_connectome_spans_all_groups() {
    let folder = folder();
    let groups = "cortex: { model: aln, nodes: [left, right], initial: { rates_exc: 20 Hz } }, thalamus: { model: thalamus, nodes: [relay], record: [V_t], initial: { V_t: -65 mV, V_r: -65 mV } }";
    let down = "down: { from: cortex.rates_exc, to: thalamus.ext_rate_t, weight: 10 }";
    let up = "up: { from: thalamus.Q_t, to: cortex.coupling }";
    let with = |projections: &str, rest: &str| {
        ran(&format!("{NETWORK}{}", stage("connectome: connectome", groups, projections, rest)), folder.path())
    };
    let whole = with(&format!("{down}, {up}"), "    speed: 2 m/s\n");
    // The fibres take 13 ms, beside which there is nothing; the right node sends to no relay.
    let by_hand = "down: { from: cortex.rates_exc, to: thalamus.ext_rate_t, weight: 10, delay: 13 ms, pairs: all }";
    let other = |nodes: &str| {
        let groups = format!(
            "cortex: {{ model: aln, nodes: [{nodes}], initial: {{ rates_exc: 20 Hz }} }}, thalamus: {{ model: thalamus, nodes: [relay], record: [V_t], initial: {{ V_t: -65 mV, V_r: -65 mV }} }}"
        );
        ran(&stage("", &groups, by_hand, "").replace("    inputs: {  }\n", ""), folder.path())
    };
    let [one, two] = [other("left"), other("left, right")].map(|ran| values(&ran, 1)[0][12]);
    assert_eq!(values(&whole, 1)[0][12], one);
    assert_ne!(one, two);
    let message = |projections: &str, rest: &str| with(projections, rest).failures().join("\n");
    assert!(message(down, "").contains("the connectome connects `relay` to `left`, but no projection"));
    let both = format!("{down}, {up}");
    assert!(message(&both, "    speed: 1 km/s\n").contains("is below the time step of 0.1 ms"));
    assert!(message(&both, "    speed: 0.1 m/s\n").contains("is no shorter than the run of 200 ms"));
    assert_eq!(with(&both, "    speed: 3 m/s\n").notes("masses").lines().count(), 2);
    for (from, to, expected) in [
        (
            "left,relay,1",
            "left,relay,NaN",
            "the projection `down` from `left` to `relay`: the connectome's weight is NaN",
        ),
        ("left,right,0.5,30", "left,right,0.5,-30", "the connectome's lengths from `left` to `right` is -30"),
        ("relay,left", "rely,left", "the node `rely`, which is in no group"),
        ("right,left,0.25,30", "relay,relay,0.25,30", "nothing couples nodes of the model"),
    ] {
        std::fs::write(folder.path().join("connectome.csv"), CONNECTOME.replace(from, to)).unwrap();
        let message = message(&both, "");
        assert!(message.contains(expected), "{to}: {message}");
    }
}

#[test]
fn mistakes_are_found_before_anything_runs() {
    let folder = folder();
    let change = |from: &str, to: &str| {
        let text = circuit("");
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    };
    for (text, expected) in [
        (change("from: cortex.", "from: cortx."), "there is no group `cortx`; did you mean `cortex`?"),
        (change("cortex.rates_exc", "cortex.rate_exc"), "aln has no output `rate_exc`; did you mean `rates_exc`?"),
        (change("thalamus.ext_rate_t", "thalamus.ext_rate"), "projections.down.to: thalamus has no input `ext_rate`"),
        (change("thalamus.ext_rate_t", "thalamus.coupling"), "nodes of thalamus have no coupling"),
        (change("thalamus.ext_rate_t", "thalamus"), "such as `GROUP.NAME`"),
        (change("weight: 1.2", "weight: 1.2 mV"), "projections.down.weight"),
        (change("thalamus.ext_rate_t", "thalamus.ext_current_t"), "write e.g. `1.2 mV/Hz`"),
        (change("delay: 13 ms }, up", "delay: -13 ms }, up"), "projections.down.delay"),
        (change("delay: 13 ms }, up", "delay: 13 }, up"), "projections.down.delay: `13` has no unit"),
        (change("delay: 13 ms }, up", "pairs: connectome }, up"), "there is no connectome"),
        (change("model: aln,", "model: aln, nodes: [thalamus],"), "the node `thalamus` is there twice"),
        (change("model: aln,", "model: aln, nodes: [a, a],"), "the node `a` is there twice"),
        (change("model: aln,", "model: aln, nodes: [],"), "at least one node"),
        (change("model: aln,", "model: aln, coupling: additive,"), "groups.cortex.coupling"),
        (change("model: aln,", "model: aln, record: [V],"), "groups.cortex.record"),
        (change("model: aln,", "model: aln, drive: { x: 1 },"), "groups.cortex.drive.x"),
        (change("sigma_ou: 0.1 mV", "sigma_oo: 0.1 mV"), "groups.cortex.parameters.sigma_oo"),
        (change("mue_ext_mean: 2 mV/ms", "mue_ext_mean: 2 mV"), "groups.cortex.parameters.mue_ext_mean"),
        (change("cortex: {", "cor-tex: {"), "a name begins with a letter"),
        (change("up: {", "cortex: {"), "a group has this name"),
        (change("time_step: 0.1 ms", "time_step: 0.3 ms"), "not a whole number of steps"),
        (circuit("    speed: 2 m/s\n"), "there are no fibres"),
        (circuit("    record_dt: 0 ms\n"), "at least one time step"),
        (circuit("    record_dt: 0.1 ms\n").replace("200 ms", "3e8 ms"), "A longer `record_dt` needs less"),
        (
            change("thalamus, record: [Q_t, V_t]", "thalamus, record: [], nodes: [a, b]")
                .replace("delay: 13 ms }, up", "pairs: one_to_one }, up"),
            "1 nodes cannot go one by one to 2",
        ),
        (change("model: aln,", "model: aln, record: [],").replace("[Q_t, V_t]", "[]"), "nothing is recorded"),
        (stage("", "", "", "").replace("    inputs: {  }\n", ""), "groups: there is none"),
        (swept("{ duration: { values: [1 s] } }"), "cannot be swept"),
        (swept("{ cortex.b: { values: [1 mV] } }"), "is expected"),
        (swept("{ down.weight: { values: [1] } }"), "both set `down.weight`"),
    ] {
        let message = refused_in(&text, folder.path());
        assert!(message.contains(expected), "{text}: {message}");
    }
}

#[test]
fn what_fails_fails_alone_and_says_where() {
    let folder = folder();
    let text = swept("{ thalamus.g_L: { values: [1, 1e9] }, down.delay: { values: [13 ms] } }");
    let text = text.replace(", delay: 13 ms }, up", " }, up");
    let ran = ran(&text, folder.path());
    assert_eq!(ran.counts("masses"), (2, 0, 1));
    let failure = ran.failures().remove(0);
    assert!(failure.contains("of node `thalamus` is") && failure.contains("time step is too long"), "{failure}");
    let heun = circuit("    integration: heun\n").replace(", delay: 13 ms }, up", " }, up");
    let ran = support::ran(&heun, folder.path());
    assert!(ran.failures()[0].contains("heun needs a delay of at least the time step"), "{:?}", ran.failures());
}
