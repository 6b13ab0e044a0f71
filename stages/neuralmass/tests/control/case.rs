//! A problem with all that it borrows.

use std::ops::Range;

use lapicque_neuralmass::Model;
use lapicque_neuralmass::control::{Actuators, Costs, Objective, Problem, costs, gradient};
use lapicque_neuralmass::network::Network;
use lapicque_neuralmass::noise::{Normals, OrnsteinUhlenbeck};
use lapicque_neuralmass::simulation::{Initial, Input, InputTime, Set, Values};
use lapicque_numerics::random::StreamKey;

pub(crate) struct Case<M> {
    pub model: M,
    pub network: Network,
    pub sets: Vec<Set>,
    pub time_step_ms: f64,
    pub steps: usize,
    pub target: Vec<f64>,
    pub cost_matrix: Vec<f64>,
    pub cost_interval: Range<usize>,
    pub weights: [f64; 3],
    pub control_matrix: Vec<bool>,
    pub control_interval: Range<usize>,
    pub limits: Vec<f64>,
}

/// Numbers between -1 and 1.
pub(crate) fn random(name: &str, count: usize) -> Vec<f64> {
    let mut generator = StreamKey::new([3; 16]).stream(name, 0);
    (0..count).map(|_| 2.0 * generator.uniform() - 1.0).collect()
}

/// Weights below 1 and delays of 0 to 40 steps.
pub(crate) fn network(nodes: usize, time_step_ms: f64) -> Network {
    if nodes == 1 {
        return Network::single();
    }
    let weights: Vec<f64> = random("weights", nodes * nodes)
        .into_iter()
        .enumerate()
        .map(|(k, w)| if k / nodes == k % nodes { 0.0 } else { w.abs() })
        .collect();
    let lengths: Vec<f64> = random("lengths", nodes * nodes).into_iter().map(|l| 40.0 * l.abs()).collect();
    Network::new(nodes, &weights, &lengths, Some(1.0 / time_step_ms), time_step_ms).unwrap()
}

pub(crate) fn set<M: Model>(model: &M, changes: &[(&str, f64)], seed: u8) -> Set {
    let description = model.description();
    let value = |name: &str, default| changes.iter().find(|c| c.0 == name).map_or(default, |c| c.1);
    for (name, _) in changes {
        assert!(description.parameters.iter().any(|p| p.name == *name), "{name}");
    }
    Set {
        parameters: description.parameters.iter().map(|p| Values::Same(value(p.name, p.default))).collect(),
        inputs: description.inputs.iter().map(|i| Input::Constant(i.default)).collect(),
        initial: Initial::Drawn(StreamKey::new([seed; 16])),
        normals: Normals::Key(StreamKey::new([seed + 100; 16])),
    }
}

impl<M: Model> Case<M> {
    /// Everything counts and is controlled.
    pub(crate) fn new(model: M, nodes: usize, steps: usize, changes: &[(&str, f64)]) -> Self {
        let description = model.description();
        let (outputs, inputs) = (description.outputs.len() * nodes, description.inputs.len() * nodes);
        Self {
            network: network(nodes, description.time_step_ms),
            sets: vec![set(&model, changes, 1)],
            time_step_ms: description.time_step_ms,
            steps,
            target: random("target", outputs * steps),
            cost_matrix: vec![1.0; outputs],
            cost_interval: 0..steps,
            weights: [1.0, 0.0, 0.0],
            control_matrix: vec![true; inputs],
            control_interval: 0..steps,
            limits: vec![f64::INFINITY; inputs],
            model,
        }
    }

    pub(crate) fn problem(&self) -> Problem<'_, M> {
        Problem {
            model: &self.model,
            network: &self.network,
            sets: &self.sets,
            time_step_ms: self.time_step_ms,
            noise: OrnsteinUhlenbeck::EulerMaruyama,
            input_time: InputTime::Begin,
            steps: self.steps,
            objective: Objective {
                target: &self.target,
                matrix: &self.cost_matrix,
                interval: self.cost_interval.clone(),
                precision: self.weights[0],
                energy: self.weights[1],
                sparsity: self.weights[2],
            },
            actuators: Actuators {
                matrix: &self.control_matrix,
                interval: self.control_interval.clone(),
                limits: &self.limits,
            },
        }
    }

    pub(crate) fn nodes(&self) -> usize {
        self.network.nodes()
    }

    pub(crate) fn zeros(&self) -> Vec<f64> {
        vec![0.0; self.control_matrix.len() * self.steps]
    }

    /// Random where there is control, of the size of `scales` by input.
    pub(crate) fn random_control(&self, name: &str, scales: &[f64]) -> Vec<f64> {
        let mut control = random(name, self.zeros().len());
        for (place, value) in control.iter_mut().enumerate() {
            let (row, step) = (place / self.steps, place % self.steps);
            let controlled = self.control_matrix[row] && self.control_interval.contains(&step);
            *value *= if controlled { scales[row / self.nodes()] } else { 0.0 };
        }
        control
    }

    pub(crate) fn costs(&self, control: &[f64]) -> Costs {
        costs(&self.problem(), control, &mut || true).unwrap()
    }

    pub(crate) fn gradient(&self, control: &[f64]) -> Vec<f64> {
        gradient(&self.problem(), control, &mut || true).unwrap().1
    }
}
