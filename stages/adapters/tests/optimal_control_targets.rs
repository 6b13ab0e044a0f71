//! Targets of optimal control, and what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod given;

use given::control::{alone, costs, coupled, failure, network, quantity, ran, signal, stage, target};
use given::{problems, run_stages};
use lapicque_neuralmass::registry::{AnyModel, ModelName, ModelOptions};
use lapicque_schemas::tables::signals::Signal;
use serde_json::{Map, Value, json};

#[test]
fn targets_of_tables_are_placed_by_channel_time_and_unit() {
    let wave: Vec<f64> = (0..=220).map(|k| 3.0 + (0.05 * f64::from(k)).sin()).collect();
    let description = AnyModel::new(ModelName::Aln, ModelOptions::default(), 1).unwrap().description();
    let initial: Map<String, Value> = (description.states.iter().chain(&description.algebraic))
        .map(|spec| (spec.name.to_owned(), quantity(0.5 * (spec.initial[0] + spec.initial[1]), spec.unit)))
        .collect();
    let with = |signals: &[Signal<'_>], changes: Value| {
        let mut changes = changes;
        changes["inputs"] = json!({"target": "t"});
        changes["model"] = json!("aln");
        changes["targets"] = Value::Null;
        changes["control"] = json!([{"input": "ext_exc_current"}]);
        changes["descent"] = json!({"iterations": 1});
        changes["initial"] = json!(initial);
        let stages = json!({"t": {"kind": "given.target"}, "o": stage(changes)});
        let ran = run_stages(&[target(signals)], &stages);
        assert!(ran.record.ok, "{}", ran.failures());
        (costs(&ran)[0], ran.notes())
    };
    let plain = with(&[signal("node", 0, (0.1, 0.1), "Hz", &wave[1..201])], json!({}));
    assert_eq!(plain.1, "");
    // The same in other clothes.
    for signals in [
        signal("rates_exc.node", 0, (0.1, 0.1), "Hz", &wave[1..201]),
        signal("node", 7, (0.0, 0.1), "Hz", &wave[..201]),
        signal("node", 0, (0.1, 0.1), "kHz", &wave[1..201].iter().map(|v| v * 1e-3).collect::<Vec<_>>()),
    ] {
        let found = with(&[signals], json!({}));
        assert!((found.0 - plain.0).abs() < 1e-12 * plain.0 && found.1.is_empty(), "{found:?}");
    }
    let longer = with(&[signal("node", 0, (0.0, 0.1), "Hz", &wave)], json!({}));
    assert_eq!(
        (longer.0, longer.1.as_str()),
        (plain.0, "the target goes on after 20 ms, where the run ends; that part does not count")
    );
    let other = with(&[signal("node", 0, (0.1, 0.1), "Hz", &wave[1..201])], json!({"target_output": "rates_inh"}));
    assert_ne!(other.0, plain.0);
    let both = [
        signal("node", 0, (0.1, 0.1), "Hz", &wave[1..201]),
        signal("rates_inh.node", 0, (0.1, 0.1), "Hz", &wave[1..201]),
    ];
    assert!((with(&both, json!({})).0 - (plain.0 + other.0)).abs() < 1e-12 * plain.0);
    // Only what counts has to be there.
    let part = json!({"cost": {"interval": ["5 ms", "10 ms"]}});
    let mut holes = wave.clone();
    (0..51).chain(101..221).for_each(|k| holes[k] = f64::NAN);
    let expected = with(&[signal("node", 0, (0.1, 0.1), "Hz", &wave[1..201])], part.clone()).0;
    assert_eq!(with(&[signal("node", 0, (0.0, 0.1), "Hz", &holes)], part.clone()).0, expected);
    assert_eq!(with(&[signal("node", 0, (5.1, 0.1), "Hz", &wave[51..101])], part).0, expected);
}

#[test]
fn targets_that_do_not_fit_fail_their_sample() {
    let wave = vec![0.1; 200];
    let fails = |signals: &[Signal<'_>], changes: Value, expected: &str| {
        let mut changes = changes;
        changes["inputs"] = json!({"connectome": "c", "target": "t"});
        if changes.get("targets").is_none() {
            changes["targets"] = Value::Null;
        }
        let stages = json!({"t": {"kind": "given.target"}, "c": {"kind": "given.connectome"}, "o": stage(changes)});
        let message = failure(&[network(), target(signals)], &stages);
        assert!(message.contains(expected), "{expected}: {message}");
    };
    let left = |t0: f64, dt: f64, unit: &str, values: &[f64]| [signal("left", 0, (t0, dt), unit, values)];
    fails(
        &left(0.1, 0.1, "1", &wave[1..]),
        json!({}),
        "the target of `x` of node `left` has 199 values from 0.1 ms on; it must reach from 0.1 to 20 ms",
    );
    fails(&left(0.2, 0.1, "1", &wave), json!({}), "has 200 values from 0.2 ms on; it must reach");
    fails(&left(0.13, 0.1, "1", &wave), json!({}), "they must lie at whole time steps of 0.1 ms");
    fails(&left(f64::NAN, 0.1, "1", &wave), json!({}), "they must lie at whole time steps");
    fails(&left(0.1, 1.0, "1", &wave), json!({}), "has a value every 1 ms; one for each time step of 0.1 ms is due");
    fails(&left(0.1, 0.1, "mV", &wave), json!({}), "the target of `x` of node `left` is in mV; 1 is due");
    let mut missing = wave.clone();
    missing[5] = f64::NAN;
    fails(
        &left(0.1, 0.1, "1", &missing),
        json!({}),
        "the target of `x` of node `left` at step 5 is NaN: it must be a number",
    );
    let named = |channel: &str| [signal(channel, 0, (0.1, 0.1), "1", &wave)];
    fails(&named("lefd"), json!({}), "the target has a channel `lefd`, which is no node; did you mean `left`?");
    fails(&named("z.left"), json!({}), "with an output of x, y");
    let twice = [signal("left", 0, (0.1, 0.1), "1", &wave), signal("x.left", 1, (0.1, 0.1), "1", &wave)];
    fails(&twice, json!({}), "the target of `x` of node `left` is there twice");
    fails(&[], json!({}), "the target has no rows");
    fails(&named("left"), json!({"cost": {"outputs": {"x": 0}}}), "`cost.outputs` is 0 wherever there is a target");
    fails(&named("left"), json!({"cost": {"outputs": {"x": {"hub": 1}}}}), "`x` of node `hub` has no target");
    fails(
        &named("left"),
        json!({"cost": {"outputs": {"x": {"hup": 1}}}}),
        "there is no node `hup`; did you mean `hub`?",
    );
    fails(&named("left"), json!({"cost": {"outputs": {"y": 1}}}), "`y` has no target");
    let wave_too = json!({"targets": [{"output": "x", "nodes": ["left"], "waveform": {"step": {"amplitude": 0.1}}}]});
    fails(&named("left"), wave_too, "is given by the input `target` and by `targets.0`");
}

#[test]
fn samples_fail_by_the_names_of_nodes() {
    let fails = |changes: Value, expected: &str| {
        let message = failure(&[network()], &coupled(changes));
        assert!(message.contains(expected), "{expected}: {message}");
    };
    fails(
        json!({"control": [{"input": "x_ext", "nodes": ["lefd"]}]}),
        "`control.0.nodes`: there is no node `lefd`; did you mean `left`?",
    );
    fails(
        json!({"targets": [{"output": "x", "nodes": ["huj"], "waveform": {"step": {"amplitude": 1}}}]}),
        "`targets.0.nodes`: there is no node `huj`",
    );
    let pulse = |nodes: &str, end: &str| json!([{"input": "x_ext", "nodes": [nodes], "waveform": {"step": {"amplitude": 0.1, "start": "4 ms", "end": end}}}]);
    fails(
        json!({"start": pulse("hub", "9 ms")}),
        "the control of `x_ext` of node `hub` at step 40 is 0.1: it must be 0, because it is not controlled",
    );
    fails(
        json!({"start": pulse("left", "9 ms"), "control_interval": ["1 ms", "8 ms"]}),
        "of node `left` at step 80 is 0.1: it must be 0",
    );
    fails(
        json!({"start": pulse("left", "9 ms"), "control": [{"input": "x_ext", "limit": 0.05}]}),
        "it must lie between -0.05 and 0.05",
    );
    fails(json!({"parameters": {"a.right": "1e6 1/ms"}}), "of node `right` is");
    fails(json!({"stimuli": [{"input": "x_ext", "nodes": ["r"], "waveform": {"zero": {}}}]}), "there is no node `r`");
    // Delays that are longer than the run are worth a remark.
    let slow = ran(&coupled(json!({"speed": "0.1 m/s"})));
    assert!(
        slow.notes().contains("the longest delay, 300 ms, is no shorter than the run of 20 ms"),
        "{}",
        slow.notes()
    );
}

#[test]
fn mistakes_are_found_before_anything_runs() {
    let wave = json!({"step": {"amplitude": 0.1}});
    for (changes, expected) in [
        (json!({"control": []}), "control: no input is controlled; hopf has x_ext, y_ext"),
        (json!({"control": [{"input": "z_ext"}]}), "control.0.input: hopf has no input `z_ext`; it has x_ext, y_ext"),
        (json!({"control": [{"input": "x_ext", "nodes": []}]}), "control.0.nodes: there is no node in it"),
        (
            json!({"control": [{"input": "x_ext"}, {"input": "x_ext", "nodes": ["hub"]}]}),
            "control.1: `x_ext` of `hub` is controlled already",
        ),
        (json!({"control": [{"input": "x_ext", "limit": 0}]}), "control.0.limit: 0; it must be above 0"),
        (json!({"control": [{"input": "x_ext", "limit": "1 mV"}]}), "control.0.limit"),
        (json!({"duration": "0 ms"}), "duration: 0 ms; it must be at least one time step"),
        (json!({"duration": "20.05 ms"}), "is not a whole number of steps"),
        (json!({"duration": "1000 s", "time_step": "0.001 ms"}), "GB of memory"),
        (json!({"time_step": "0 ms"}), "time_step: 0 ms"),
        (json!({"targets": null}), "targets: there is no target"),
        (
            json!({"targets": [{"output": "z", "waveform": wave}]}),
            "targets.0.output: hopf has no output `z`; it has x, y",
        ),
        (
            json!({"targets": [{"output": "x", "waveform": {"step": {"amplitude": "1 mV"}}}]}),
            "targets.0.waveform.step.amplitude",
        ),
        (json!({"target_output": "x"}), "target_output: the input `target` is not connected"),
        (json!({"start": [{"input": "y_ext", "waveform": wave}]}), "start.0.input: `y_ext` is not controlled"),
        (json!({"control_interval": ["5 ms", "5 ms"]}), "control_interval: [5 ms, 5 ms]; it must end after it begins"),
        (json!({"control_interval": ["5 ms", "25 ms"]}), "the run ends at 20 ms"),
        (json!({"cost": {"interval": ["5 ms", "6.05 ms"]}}), "cost.interval: 6.05 ms is not a whole number"),
        (json!({"cost": {"precision": 0}}), "cost.precision"),
        (json!({"cost": {"energy": -1}}), "cost.energy"),
        (json!({"cost": {"sparsity": -0.1}}), "cost.sparsity"),
        (json!({"cost": {"outputs": {"x": -1}}}), "cost.outputs.x: -1; it must be a number, not below 0"),
        (json!({"cost": {"outputs": {"x": {"hub": "a"}}}}), "cost.outputs.x.hub"),
        (json!({"cost": {"outputs": {"z": 1}}}), "hopf has no output `z`"),
        (json!({"cost": {"outputs": {"y": 1}}}), "cost.outputs.y: `y` has no target"),
        (json!({"descent": {"first_step": 0}}), "descent.first_step: 0; it must be a number above 0"),
        (json!({"descent": {"tolerance": 1}}), "descent.tolerance: 1; it must be from 0 to below 1"),
        (json!({"realisations": 0}), "realisations: 0; it must be at least 1"),
        (json!({"realisations": 3}), "realisations: there is no noise (`sigma_ou` is 0)"),
        (json!({"parameters": {"cost.energy": 1}}), "it is a field of its own"),
        (json!({"parameters": {"K_gk": "1 1/ms"}}), "did you mean `K_gl`?"),
        (json!({"drive": {"x_exd": "1 1/ms"}}), "did you mean `x_ext`?"),
        (json!({"record": ["z"]}), "hopf has no output `z`"),
        (json!({"model": "thalamus"}), "are not coupled; leave the connectome out"),
    ] {
        let message = problems(&[network()], &coupled(changes.clone()));
        assert!(message.contains(expected), "{changes}: {message}");
    }
    let message = problems(&[], &alone(json!({"speed": "20 m/s"})));
    assert!(message.contains("one node alone is not coupled"), "{message}");
    let swept = |name: &str, cost: Value| {
        let stages = json!({
            "p": {"kind": "parameters.grid", "sweep": {name: {"values": [1]}}},
            "o": alone(json!({"inputs": {"parameters": "p"}, "cost": cost}))["o"],
        });
        problems(&[], &stages)
    };
    assert!(swept("duration", json!({})).contains("`duration` cannot be swept"));
    assert!(swept("cost.energy", json!({"energy": 1})).contains("both set `cost.energy`"));
}
