//! The thalamocortical loop.

use std::path::Path;

use lapicque_neuralmass::mixed::{Group, Link, Projection, Target};
use lapicque_neuralmass::registry::ModelName;
use lapicque_neuralmass::simulation::{Initial, Start, Values};
use serde_json::Value;

use super::{EULER, any, group, run, uncoupled};

/// Cortex and thalamus, a node each; weights and delays in steps to the thalamus and back.
fn pair(
    cortex: &[(&str, f64)],
    thalamus: &[(&str, f64)],
    (down, up): (f64, f64),
    (down_steps, up_steps): (usize, usize),
) -> (Vec<Group>, Vec<Projection>) {
    let groups = vec![
        group(&any(ModelName::Aln), uncoupled(1), cortex, 11),
        group(&any(ModelName::Thalamus), uncoupled(1), thalamus, 12),
    ];
    let one = |weight, delay| vec![Link { source: 0, target: 0, weight, delay }];
    let to = |input| Projection {
        from: 0,
        output: 0,
        to: 1,
        target: Target::Input(input),
        factor: 1e-3,
        links: one(down, down_steps),
    };
    let back =
        Projection { from: 1, output: 0, to: 0, target: Target::Coupling, factor: 1.0, links: one(up, up_steps) };
    (groups, vec![to(2), to(3), back])
}

fn golden() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/neuralmass/mixed/loop.json");
    serde_json::from_str(&std::fs::read_to_string(Path::new(path)).unwrap()).unwrap()
}

#[test]
fn the_loop_of_multimodel() {
    let golden = golden();
    let mean = [("mue_ext_mean", 3.2), ("mui_ext_mean", 3.0)];
    let cortex: Vec<(&str, f64)> = [("c_gl", 0.4), ("a", 15.0), ("b", 40.0)].into_iter().chain(mean).collect();
    // There rates of the thalamus are a step late.
    let (mut groups, projections) = pair(&cortex, &[("g_LK", 0.032)], (1.2, 0.15), (130, 131));
    for (group, name) in groups.iter_mut().zip(["cortex", "thalamus"]) {
        let of = group.model.description();
        let states = of.states.iter().map(|state| Values::Same(golden[name][state.name].as_f64().unwrap())).collect();
        let algebraic = (0..of.algebraic.len()).map(|k| Values::Same(golden["rates"][k].as_f64().unwrap())).collect();
        group.set.initial = Initial::Given(Start { states, algebraic, noise: None });
    }
    let every = golden["every_steps"].as_u64().unwrap() as usize;
    let traces = run(&groups, &projections, &EULER, 12_000);
    let mut compared = 0;
    for (group, traces) in groups.iter().zip(&traces) {
        for (output, trace) in group.model.description().outputs.iter().zip(traces) {
            let Some(expected) = golden["outputs"][output.name].as_array() else { continue };
            assert_eq!(expected.len(), 12_000 / every);
            for (k, expected) in expected.iter().map(|value| value.as_f64().unwrap()).enumerate() {
                let found = trace[(k + 1) * every - 1];
                let error = (found - expected).abs();
                assert!(error <= 1e-9 * expected.abs() + 1e-9, "{} at {k}: {found} instead of {expected}", output.name);
            }
            compared += 1;
        }
    }
    assert_eq!(compared, 5);
}

/// Steps at which a trace rises to a level, from 2 s on.
fn rises(trace: &[f64], level: f64) -> Vec<usize> {
    (20_000..trace.len()).filter(|&k| trace[k - 1] < level && trace[k] >= level).collect()
}

/// Onsets of cortical up states and of bursts of relay cells within 10 s; adaptation makes the cortex oscillate slowly.
fn onsets(potassium_leak: f64, weights: (f64, f64)) -> (Vec<usize>, Vec<usize>) {
    let cortex =
        [("c_gl", 0.4), ("b", 40.0), ("tauA", 600.0), ("mue_ext_mean", 3.2), ("mui_ext_mean", 3.5), ("sigma_ou", 0.1)];
    let (groups, projections) = pair(&cortex, &[("g_LK", potassium_leak)], weights, (130, 130));
    let traces = run(&groups, &projections, &EULER, 100_000);
    (rises(&traces[0][0], 5.0), rises(&traces[1][2], -55.0))
}

/// As in Jajcay et al. 2022: the thalamus bursts at the begin of an up state, and its bursts help the next to begin.
#[test]
fn each_up_state_makes_a_silent_thalamus_burst() {
    // Up states of the first bursts may have begun before what is looked at.
    let follows =
        |ups: &[usize], burst: usize| burst < 22_000 || ups.iter().any(|&up| (up..up + 2000).contains(&burst));
    let (slow, silent) = onsets(0.07, (0.0, 0.0));
    assert!(silent.is_empty() && slow.len() >= 5, "{slow:?} {silent:?}");
    let (ups, bursts) = onsets(0.07, (3.0, 0.0));
    assert_eq!((ups.len(), &ups), (bursts.len(), &slow));
    assert!(bursts.iter().all(|&burst| follows(&ups, burst)));
    let (ups, bursts) = onsets(0.07, (3.0, 0.15));
    assert!(ups.len() > slow.len() && !bursts.is_empty(), "{ups:?} {bursts:?}");
    assert!(bursts.iter().all(|&burst| follows(&ups, burst)), "{ups:?} {bursts:?}");
}

#[test]
fn up_states_start_trains_of_bursts_at_the_frequency_of_spindles() {
    let (_, alone) = onsets(0.035, (0.0, 0.0));
    let (_, bursts) = onsets(0.035, (6.0, 0.0));
    assert!(alone.len() <= 1 && bursts.len() >= 10, "{alone:?} {bursts:?}");
    let within: Vec<f64> = bursts
        .windows(2)
        .map(|pair| 1e4 / (pair[1] - pair[0]) as f64)
        .filter(|&frequency_hz| frequency_hz > 6.0)
        .collect();
    assert!(within.len() >= 8 && within.iter().all(|frequency_hz| (10.0..16.0).contains(frequency_hz)), "{within:?}");
}
