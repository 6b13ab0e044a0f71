//! A run under control that keeps all that the way back needs; its bits are those of [`crate::simulation::simulate`].

use super::problem::{ControlError, Prepared};
use crate::network::{Connection, Network};
use crate::noise::{self, BLOCK};
use crate::simulation::{SimulationError, Unpacked, inputs_at};
use crate::{Arriving, Description, Model, Real, Weight};

/// One run; index k of time stands for k dt.
#[derive(Debug, Default)]
pub(super) struct Trajectory {
    /// `[(k * nodes + node) * states + v]`
    pub states: Vec<f64>,
    /// `[(k * nodes + node) * values + v]`
    pub algebraic: Vec<f64>,
    /// `[(k * nodes + node) * processes + p]`
    pub noise: Vec<f64>,
    /// Normal numbers of white noise, `[(k * nodes + node) * count + w]`.
    pub kicks: Vec<f64>,
    /// `[(source * nodes + node) * (kept + steps) + kept - 1 + k]`
    pub sent: Vec<f64>,
    /// `[(output * nodes + node) * steps + k - 1]`
    pub outputs: Vec<f64>,
}

/// What reaches a node in one step.
#[derive(Debug, Clone)]
pub(super) struct Reaching {
    pub coupling: Vec<f64>,
    pub delayed: Vec<f64>,
    pub inputs: Vec<f64>,
}

impl Reaching {
    pub(super) fn new(description: &Description) -> Self {
        Self {
            coupling: vec![0.0; description.couplings.len()],
            delayed: vec![0.0; description.delayed.len()],
            inputs: vec![0.0; description.inputs.len()],
        }
    }

    /// That of a node in step k.
    pub(super) fn look<M: Model>(
        &mut self,
        prepared: &Prepared<'_, M>,
        set: usize,
        sent: &[f64],
        control: &[f64],
        k: usize,
        node: usize,
    ) {
        let Prepared { problem, description, nodes, starts } = prepared;
        let (start, length) = (&starts[set], starts[set].kept + problem.steps);
        let now = start.kept - 1 + k;
        for (sum, coupling) in self.coupling.iter_mut().zip(&description.couplings) {
            *sum = 0.0;
            for connection in problem.network.sources_of(node) {
                let at = (coupling.source * nodes + connection.source) * length + now - connection.delay;
                *sum += power(connection, coupling.weight) * sent[at];
            }
        }
        let delays = &start.own_delays[node * self.delayed.len()..];
        for ((value, &(source, _)), delay) in self.delayed.iter_mut().zip(&description.delayed).zip(delays) {
            *value = sent[(source * nodes + node) * length + now - delay];
        }
        let step = start.first_step as usize + k;
        inputs_at(&problem.sets[set], problem.input_time, step, node, &mut self.inputs);
        for (input, value) in self.inputs.iter_mut().enumerate() {
            *value += control[(input * nodes + node) * problem.steps + k];
        }
    }
}

pub(super) fn power(connection: &Connection, weight: Weight) -> f64 {
    match weight {
        Weight::Linear => connection.weight,
        Weight::Squared => connection.weight * connection.weight,
    }
}

/// One step of one node, in any numbers; `rates` and `white` are room to work in.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "they are the step")]
pub(super) fn advance<M: Model, R: Real>(
    model: &M,
    white_states: &[usize],
    time_step_ms: f64,
    derived: &[R],
    arriving: &Arriving<'_, R>,
    kicks: &[f64],
    states: &mut [R],
    algebraic: &mut [R],
    rates: &mut [R],
    white: &mut [R],
) {
    model.derivatives(derived, states, arriving, rates, algebraic);
    for (state, rate) in states.iter_mut().zip(rates.iter()) {
        *state += *rate * time_step_ms;
    }
    if !white_states.is_empty() {
        model.white_noise(derived, white);
        for ((&amplitude, &state), &kick) in white.iter().zip(white_states).zip(kicks) {
            states[state] += amplitude * time_step_ms.sqrt() * kick;
        }
    }
    model.constrain(derived, states);
}

/// Runs one set under a control.
pub(super) fn run<M: Model>(
    prepared: &Prepared<'_, M>,
    set: usize,
    control: &[f64],
    trajectory: &mut Trajectory,
    proceed: &mut dyn FnMut() -> bool,
) -> Result<(), ControlError> {
    let Prepared { problem, description, nodes, starts } = prepared;
    let (nodes, start, steps) = (*nodes, &starts[set], problem.steps);
    let (ns, na, no) = (description.states.len(), description.algebraic.len(), description.noise.len());
    let (nw, nd, length) = (description.white_noise.len(), description.derived, start.kept + steps);
    begin(description, problem.network, start, steps, trajectory);
    let normals = &problem.sets[set].normals;
    let mut numbers = vec![[0.0; BLOCK as usize]; if start.noisy { (no + nw) * nodes } else { 0 }];
    let mut reaching = Reaching::new(description);
    let mut noise = start.noise.clone();
    let (mut rates, mut white) = (vec![0.0; ns], vec![0.0; nw]);
    let (mut sent, mut outputs) = (vec![0.0; description.sources], vec![0.0; description.outputs.len()]);
    for k in 0..steps {
        let step = start.first_step + k as u64;
        if (k == 0 || step.is_multiple_of(BLOCK)) && start.noisy {
            for (place, numbers) in numbers.iter_mut().enumerate() {
                noise::fill(normals, place / nodes, place % nodes, step / BLOCK, numbers);
            }
        }
        if k % 256 == 0 && !proceed() {
            return Err(Prepared::<M>::cancelled());
        }
        let normal = |process: usize, node: usize| {
            if start.noisy { numbers[process * nodes + node][(step % BLOCK) as usize] } else { 0.0 }
        };
        for node in 0..nodes {
            reaching.look(prepared, set, &trajectory.sent, control, k, node);
            let at = k * nodes + node;
            for w in 0..nw {
                trajectory.kicks[at * nw + w] = normal(no + w, node);
            }
            trajectory.noise[at * no..(at + 1) * no].copy_from_slice(&noise[node * no..(node + 1) * no]);
            let next = at + nodes;
            trajectory.states.copy_within(at * ns..(at + 1) * ns, next * ns);
            trajectory.algebraic.copy_within(at * na..(at + 1) * na, next * na);
            let arriving = Arriving {
                coupling: &reaching.coupling,
                weight_sum: start.weight_sums[node],
                delayed: &reaching.delayed,
                inputs: &reaching.inputs,
                noise: &noise[node * no..(node + 1) * no],
            };
            let derived = &start.derived[node * nd..(node + 1) * nd];
            let states = &mut trajectory.states[next * ns..(next + 1) * ns];
            let algebraic = &mut trajectory.algebraic[next * na..(next + 1) * na];
            let kicks = &trajectory.kicks[at * nw..(at + 1) * nw];
            let (white_states, dt) = (&description.white_noise, problem.time_step_ms);
            advance(
                problem.model,
                white_states,
                dt,
                derived,
                &arriving,
                kicks,
                states,
                algebraic,
                &mut rates,
                &mut white,
            );
            refuse_failure(description, states, algebraic, step + 1, dt, node)?;
            for p in 0..no {
                let [pull, push] = start.noise_factors[node];
                let o = noise[node * no + p];
                let mut new = o + (start.noise_means[node * no + p] - o) * pull;
                if start.noisy {
                    new += push * normal(p, node);
                }
                noise[node * no + p] = new;
            }
            problem.model.sources(derived, states, algebraic, &mut sent);
            for (source, &value) in sent.iter().enumerate() {
                trajectory.sent[(source * nodes + node) * length + start.kept + k] = value;
            }
            problem.model.outputs(derived, states, algebraic, &mut outputs);
            for (output, &value) in outputs.iter().enumerate() {
                trajectory.outputs[(output * nodes + node) * steps + k] = value;
            }
        }
    }
    Ok(())
}

fn begin(description: &Description, network: &Network, start: &Unpacked, steps: usize, trajectory: &mut Trajectory) {
    let (nodes, length) = (network.nodes(), start.kept + steps);
    let resize = |values: &mut Vec<f64>, per_node: usize, times: usize| values.resize(per_node * nodes * times, 0.0);
    resize(&mut trajectory.states, description.states.len(), steps + 1);
    resize(&mut trajectory.algebraic, description.algebraic.len(), steps + 1);
    resize(&mut trajectory.noise, description.noise.len(), steps);
    resize(&mut trajectory.kicks, description.white_noise.len(), steps);
    resize(&mut trajectory.sent, description.sources, length);
    resize(&mut trajectory.outputs, description.outputs.len(), steps);
    trajectory.states[..start.states.len()].copy_from_slice(&start.states);
    trajectory.algebraic[..start.algebraic.len()].copy_from_slice(&start.algebraic);
    for (row, history) in trajectory.sent.chunks_mut(length).zip(start.history.chunks(start.kept)) {
        row[..start.kept].copy_from_slice(history);
    }
}

fn refuse_failure(
    description: &Description,
    states: &[f64],
    algebraic: &[f64],
    step: u64,
    time_step_ms: f64,
    node: usize,
) -> Result<(), SimulationError> {
    let values = states.iter().chain(algebraic);
    match values.zip(description.states.iter().chain(&description.algebraic)).find(|(value, _)| !value.is_finite()) {
        None => Ok(()),
        Some((&value, spec)) => {
            let time_ms = step as f64 * time_step_ms;
            Err(SimulationError::NotFinite { step, time_ms, node, variable: spec.name.to_owned(), value })
        }
    }
}
