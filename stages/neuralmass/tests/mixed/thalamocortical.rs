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
