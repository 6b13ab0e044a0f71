//! A network stepped node by node from what the page of `model.rs` says: no lanes, no rings, no order but that of nodes.

use lapicque_neuralmass::noise::{Normals, OrnsteinUhlenbeck};
use lapicque_neuralmass::registry::AnyModel;
use lapicque_neuralmass::simulation::{Initial, Input, InputTime, Scheme, Set, Settings, Values};
use lapicque_neuralmass::{Arriving, Model, Weight};

/// What a run ended with and recorded at each step.
pub(crate) struct Outcome {
    /// `[node][state]`
    pub(crate) states: Vec<Vec<f64>>,
    /// `[step][node][output]`
    pub(crate) outputs: Vec<Vec<Vec<f64>>>,
}

/// Matrices as `[target * nodes + source]`; delays in steps. First values and normal numbers are given.
pub(crate) struct Problem<'a> {
    pub(crate) weights: &'a [f64],
    pub(crate) delays: &'a [usize],
    pub(crate) set: &'a Set,
    pub(crate) settings: &'a Settings,
    pub(crate) steps: usize,
    pub(crate) nodes: usize,
}

pub(crate) fn run_any(model: &AnyModel, problem: &Problem<'_>) -> Outcome {
    match model {
        AnyModel::Aln(model) => run(model, problem),
        AnyModel::Fhn(model) => run(model, problem),
        AnyModel::Hopf(model) => run(model, problem),
        AnyModel::JansenRit(model) => run(model, problem),
        AnyModel::Kuramoto(model) => run(model, problem),
        AnyModel::MontbrioPazoRoxin(model) => run(model, problem),
        AnyModel::Thalamus(model) => run(model, problem),
        AnyModel::Wc(model) => run(model, problem),
        AnyModel::Ww(model) => run(model, problem),
    }
}

fn at(values: &Values, node: usize) -> f64 {
    match values {
        Values::Same(value) => *value,
        Values::PerNode(values) => values[node],
    }
}

fn input(input: &Input, node: usize, sample: usize) -> f64 {
    match input {
        Input::Constant(value) => *value,
        Input::PerNode(values) => values[node],
        Input::OverTime(row) => row[sample],
        Input::PerNodeOverTime(rows) => rows[node][sample],
    }
}

fn run<M: Model>(model: &M, problem: &Problem<'_>) -> Outcome {
    let Problem { weights, delays, set, settings, steps, nodes } = *problem;
    let description = model.description();
    let dt = settings.time_step_ms;
    let Initial::Given(start) = &set.initial else { panic!("first values are given") };
    let Normals::Tape { values: tape, steps: taped } = &set.normals else { panic!("normal numbers are given") };
    let parameters: Vec<Vec<f64>> =
        (0..nodes).map(|node| set.parameters.iter().map(|values| at(values, node)).collect()).collect();
    let parameter = |node: usize, name: &str| {
        parameters[node][description.parameters.iter().position(|spec| spec.name == name).unwrap()]
    };
    let derived: Vec<Vec<f64>> = parameters
        .iter()
        .map(|parameters| {
            let mut derived = vec![f64::NAN; description.derived];
            model.derive(parameters, &mut derived);
            derived
        })
        .collect();
    let first = |values: &[Values]| -> Vec<Vec<f64>> {
        (0..nodes).map(|node| values.iter().map(|values| at(values, node)).collect()).collect()
    };
    let (mut states, mut algebraic) = (first(&start.states), first(&start.algebraic));
    let mut noise: Vec<Vec<f64>> = match &start.noise {
        Some(noise) => first(noise),
        None => parameters.iter().map(|of| description.noise.iter().map(|&mean| of[mean]).collect()).collect(),
    };
    let send = |states: &[Vec<f64>], algebraic: &[Vec<f64>]| -> Vec<Vec<f64>> {
        let of = |node: usize| {
            let mut sent = vec![f64::NAN; description.sources];
            model.sources(&derived[node], &states[node], &algebraic[node], &mut sent);
            sent
        };
        (0..nodes).map(of).collect()
    };
    let own_delay = |node: usize, place: usize| (parameters[node][place] / dt).round_ties_even() as usize;
    // Derivatives at the time of the last of what was sent.
    let derivatives = |states: &[Vec<f64>],
                       algebraic: &mut [Vec<f64>],
                       noise: &[Vec<f64>],
                       sent: &[Vec<Vec<f64>>],
                       sample: usize|
     -> Vec<Vec<f64>> {
        let now = sent.len() - 1;
        (0..nodes)
            .map(|node| {
                let row = node * nodes..(node + 1) * nodes;
                let coupling = description.couplings.iter().map(|coupling| {
                    let from = |other: usize| {
                        let weight = weights[node * nodes + other];
                        let weight = if coupling.weight == Weight::Squared { weight * weight } else { weight };
                        let when = now.saturating_sub(delays[node * nodes + other]);
                        weight * sent[when][other][coupling.source]
                    };
                    (0..nodes).map(from).sum()
                });
                let delayed = description
                    .delayed
                    .iter()
                    .map(|&(source, place)| sent[now.saturating_sub(own_delay(node, place))][node][source]);
                let arriving = Arriving {
                    coupling: &coupling.collect::<Vec<f64>>(),
                    weight_sum: weights[row].iter().sum(),
                    delayed: &delayed.collect::<Vec<f64>>(),
                    inputs: &set.inputs.iter().map(|of| input(of, node, sample)).collect::<Vec<f64>>(),
                    noise: &noise[node],
                };
                let mut rates = vec![f64::NAN; description.states.len()];
                model.derivatives(&derived[node], &states[node], &arriving, &mut rates, &mut algebraic[node]);
                rates
            })
            .collect()
    };
    let xi = |process: usize, node: usize, step: usize| tape[process][node * taped + step];
    // From `begin` by `rates`, and what white noise adds.
    let moved = |begin: &[Vec<f64>], rates: &[Vec<f64>], step: usize| -> Vec<Vec<f64>> {
        (0..nodes)
            .map(|node| {
                let mut states: Vec<f64> =
                    begin[node].iter().zip(&rates[node]).map(|(state, rate)| state + dt * rate).collect();
                let mut amplitudes = vec![0.0; description.white_noise.len()];
                model.white_noise(&derived[node], &mut amplitudes);
                for (white, &state) in description.white_noise.iter().enumerate() {
                    states[state] += amplitudes[white] * dt.sqrt() * xi(description.noise.len() + white, node, step);
                }
                model.constrain(&derived[node], &mut states);
                states
            })
            .collect()
    };
    let mut sent = vec![send(&states, &algebraic)];
    let mut outputs = Vec::new();
    for step in 0..steps {
        let sample = match settings.input_time {
            InputTime::Begin => step.saturating_sub(1),
            InputTime::BeginAndLastFirst => (step + taped - 1) % taped,
            InputTime::End => step,
        };
        let mut rates = derivatives(&states, &mut algebraic, &noise, &sent, sample);
        for (node, noise) in noise.iter_mut().enumerate() {
            for (process, value) in noise.iter_mut().enumerate() {
                let (tau, sigma) = (parameter(node, "tau_ou"), parameter(node, "sigma_ou"));
                let mean = parameters[node][description.noise[process]];
                let xi = xi(process, node, step);
                *value = match settings.noise {
                    OrnsteinUhlenbeck::EulerMaruyama => *value + (mean - *value) * dt / tau + sigma * dt.sqrt() * xi,
                    OrnsteinUhlenbeck::Exact => {
                        let decay = (-dt / tau).exp();
                        mean + (*value - mean) * decay + sigma * (0.5 * tau * (1.0 - decay * decay)).sqrt() * xi
                    }
                };
            }
        }
        let mut next = moved(&states, &rates, step);
        sent.push(send(&next, &algebraic));
        if settings.scheme == Scheme::Heun {
            let at_end = derivatives(&next, &mut algebraic, &noise, &sent, step);
            for (rates, at_end) in rates.iter_mut().zip(&at_end) {
                rates.iter_mut().zip(at_end).for_each(|(rate, end)| *rate = 0.5 * (*rate + end));
            }
            next = moved(&states, &rates, step);
            sent.pop();
            sent.push(send(&next, &algebraic));
        }
        states = next;
        let of = |node: usize| {
            let mut outputs = vec![f64::NAN; description.outputs.len()];
            model.outputs(&derived[node], &states[node], &algebraic[node], &mut outputs);
            outputs
        };
        outputs.push((0..nodes).map(of).collect());
    }
    Outcome { states, outputs }
}
