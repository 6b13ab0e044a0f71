//! One node after another, one step after another, from what the page of `model.rs` says: no lanes, no rings.

use lapicque_neuralmass::{Arriving, Description, Model, Weight};

/// A network with all that it needs; first index is the node.
pub(crate) struct Run {
    pub(crate) time_step_ms: f64,
    pub(crate) steps: usize,
    pub(crate) weights: Vec<Vec<f64>>,
    pub(crate) delays: Vec<Vec<usize>>,
    pub(crate) parameters: Vec<Vec<f64>>,
    pub(crate) initial: Vec<Vec<f64>>,
    pub(crate) inputs: Vec<Vec<f64>>,
    /// First values of the Ornstein-Uhlenbeck processes; their means where none are given.
    pub(crate) first_noise: Vec<Vec<f64>>,
    /// Standard normal numbers per process, node and step; no noise where there are none.
    pub(crate) noise: Vec<Vec<Vec<f64>>>,
    pub(crate) white: Vec<Vec<Vec<f64>>>,
}

/// One uncoupled node with what the description says.
pub(crate) fn alone(description: &Description, steps: usize, initial: Vec<f64>) -> Run {
    Run {
        time_step_ms: description.time_step_ms,
        steps,
        weights: vec![vec![0.0]],
        delays: vec![vec![0]],
        parameters: vec![description.parameters.iter().map(|parameter| parameter.default).collect()],
        initial: vec![initial],
        inputs: vec![description.inputs.iter().map(|input| input.default).collect()],
        first_noise: Vec::new(),
        noise: Vec::new(),
        white: Vec::new(),
    }
}

/// Calls `see` with step (from 1), node and outputs; gives the last states.
pub(crate) fn run<M: Model>(model: &M, run: &Run, mut see: impl FnMut(usize, usize, &[f64])) -> Vec<Vec<f64>> {
    let description = model.description();
    assert!(description.delayed.is_empty(), "this stepper knows no delays within a node");
    let nodes = run.initial.len();
    let place = |name: &str| description.parameters.iter().position(|parameter| parameter.name == name);
    let derived: Vec<Vec<f64>> = run
        .parameters
        .iter()
        .map(|parameters| {
            let mut derived = vec![0.0; description.derived];
            model.derive(parameters, &mut derived);
            derived
        })
        .collect();
    let mut states = run.initial.clone();
    let first =
        |node: usize| -> Vec<f64> { description.noise.iter().map(|&mean| run.parameters[node][mean]).collect() };
    let mut noise = run.first_noise.clone();
    if noise.is_empty() {
        noise = (0..nodes).map(first).collect();
    }
    let mut algebraic = vec![description.algebraic.iter().map(|state| state.initial[0]).collect::<Vec<f64>>(); nodes];
    let send = |states: &[Vec<f64>], algebraic: &[Vec<f64>]| -> Vec<Vec<f64>> {
        (0..nodes)
            .map(|node| {
                let mut sources = vec![0.0; description.sources];
                model.sources(&derived[node], &states[node], &algebraic[node], &mut sources);
                sources
            })
            .collect()
    };
    // At place k: what was sent at time k dt.
    let mut sent = vec![send(&states, &algebraic)];
    let mut outputs = vec![0.0; description.outputs.len()];
    for step in 1..=run.steps {
        for node in 0..nodes {
            let sum = |coupling: &lapicque_neuralmass::Coupling| -> f64 {
                (0..nodes)
                    .map(|other| {
                        let weight = run.weights[node][other];
                        let weight = if coupling.weight == Weight::Squared { weight * weight } else { weight };
                        let when = (step - 1).saturating_sub(run.delays[node][other]);
                        weight * sent[when][other][coupling.source]
                    })
                    .sum()
            };
            let coupling: Vec<f64> = description.couplings.iter().map(sum).collect();
            let arriving = Arriving {
                coupling: &coupling,
                weight_sum: run.weights[node].iter().sum(),
                delayed: &[],
                inputs: &run.inputs[node],
                noise: &noise[node],
            };
            let mut rates = vec![0.0; description.states.len()];
            model.derivatives(&derived[node], &states[node], &arriving, &mut rates, &mut algebraic[node]);
            for (state, rate) in states[node].iter_mut().zip(rates) {
                *state += run.time_step_ms * rate;
            }
            if !run.white.is_empty() {
                let mut amplitudes = vec![0.0; description.white_noise.len()];
                model.white_noise(&derived[node], &mut amplitudes);
                for (process, &state) in description.white_noise.iter().enumerate() {
                    states[node][state] +=
                        amplitudes[process] * run.time_step_ms.sqrt() * run.white[process][node][step - 1];
                }
            }
            model.constrain(&derived[node], &mut states[node]);
            for (process, &mean) in description.noise.iter().enumerate() {
                let parameter = |name: &str| run.parameters[node][place(name).unwrap()];
                let xi = run.noise.get(process).map_or(0.0, |tape| tape[node][step - 1]);
                let value = noise[node][process];
                noise[node][process] += (run.parameters[node][mean] - value) * run.time_step_ms / parameter("tau_ou")
                    + parameter("sigma_ou") * run.time_step_ms.sqrt() * xi;
            }
        }
        sent.push(send(&states, &algebraic));
        for node in 0..nodes {
            model.outputs(&derived[node], &states[node], &algebraic[node], &mut outputs);
            see(step, node, &outputs);
        }
    }
    states
}
