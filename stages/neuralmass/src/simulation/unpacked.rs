//! What a run starts from, node by node, checked and derived as for [`super::simulate`]: for those who step it
//! otherwise.

use super::prepare;
use super::setting::{Initial, Input, InputTime, Set, Settings, SimulationError};
use crate::network::Network;
use crate::{Lanes, Model, WIDTH};

/// Arrays are `[node * count + k]`.
#[derive(Debug, Clone)]
pub(crate) struct Unpacked {
    pub first_step: u64,
    pub derived: Vec<f64>,
    pub states: Vec<f64>,
    pub algebraic: Vec<f64>,
    pub noise: Vec<f64>,
    pub noise_means: Vec<f64>,
    /// Of the Ornstein-Uhlenbeck processes of each node.
    pub noise_factors: Vec<[f64; 2]>,
    pub noisy: bool,
    pub weight_sums: Vec<f64>,
    /// In steps.
    pub own_delays: Vec<usize>,
    /// How many values each source keeps.
    pub kept: usize,
    /// `[(source * nodes + node) * kept + k]`, the newest last.
    pub history: Vec<f64>,
}

pub(crate) fn unpack<M: Model>(
    model: &M,
    network: &Network,
    set: &Set,
    settings: &Settings,
    steps: u64,
) -> Result<Unpacked, SimulationError> {
    let engine = prepare::prepare(model, network, std::slice::from_ref(set), settings, steps, 0)?;
    let nodes = network.nodes();
    let by_node = |lanes: &[Lanes]| -> Vec<f64> {
        let count = lanes.len() / engine.blocks;
        let of = |node: usize, k: usize| lanes[node / WIDTH * count + k].0[node % WIDTH];
        (0..nodes).flat_map(|node| (0..count).map(move |k| of(node, k))).collect()
    };
    let rows = engine.history.chunks(engine.capacity.max(1));
    Ok(Unpacked {
        first_step: match &set.initial {
            Initial::Continued(state) => state.step,
            Initial::Drawn(_) | Initial::Given(_) => 0,
        },
        derived: by_node(&engine.derived),
        states: by_node(&engine.states),
        algebraic: by_node(&engine.algebraic),
        noise: by_node(&engine.noise),
        noise_means: by_node(&engine.noise_means),
        noise_factors: (0..nodes).map(|n| engine.noise_factors[n / WIDTH].map(|f| f.0[n % WIDTH])).collect(),
        noisy: engine.noisy,
        weight_sums: by_node(&engine.weight_sums),
        own_delays: engine.own_delays[..nodes * engine.description.delayed.len()].to_vec(),
        kept: engine.kept,
        history: rows.flat_map(|row| &row[..engine.kept]).copied().collect(),
    })
}

/// The inputs that a node has in the step after `step` steps.
pub(crate) fn inputs_at(set: &Set, input_time: InputTime, step: usize, node: usize, values: &mut [f64]) {
    let sample = |samples: &[f64]| match input_time {
        InputTime::End => samples[step],
        InputTime::Begin => samples[step.saturating_sub(1)],
        InputTime::BeginAndLastFirst if step == 0 => samples[samples.len() - 1],
        InputTime::BeginAndLastFirst => samples[step - 1],
    };
    for (value, input) in values.iter_mut().zip(&set.inputs) {
        *value = match input {
            Input::Constant(value) => *value,
            Input::PerNode(values) => values[node],
            Input::OverTime(samples) => sample(samples),
            Input::PerNodeOverTime(rows) => sample(&rows[node]),
        };
    }
}
