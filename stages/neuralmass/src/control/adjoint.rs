//! The way back through a run: from derivatives of the cost in all that came out of each step to those in all that
//! went in.
//!
//! The Jacobian of each step of each node comes from dual numbers, [`SEEDS`] variables at a time, and is contracted
//! at once.

use super::dual::Dual;
use super::forward::{Reaching, Trajectory, advance, power};
use super::problem::{ControlError, Prepared};
use crate::{Arriving, Model, Real};

/// Variables per pass.
const SEEDS: usize = 8;

type Number = Dual<SEEDS>;

/// Adds dF/du of one set's run to `gradient`; `pull` is dF by the outputs, in the order of [`Trajectory::outputs`].
pub(super) fn sweep<M: Model>(
    prepared: &Prepared<'_, M>,
    set: usize,
    control: &[f64],
    trajectory: &Trajectory,
    pull: &[f64],
    gradient: &mut [f64],
    proceed: &mut dyn FnMut() -> bool,
) -> Result<(), ControlError> {
    let Prepared { problem, description, nodes, starts } = prepared;
    let (nodes, start, steps) = (*nodes, &starts[set], problem.steps);
    let (ns, na, no) = (description.states.len(), description.algebraic.len(), description.noise.len());
    let (nc, nl, ni) = (description.couplings.len(), description.delayed.len(), description.inputs.len());
    let variables = ns + na + nc + nl + ni;
    let length = start.kept + steps;
    let mut of_states = vec![0.0; nodes * ns];
    let mut of_algebraic = vec![0.0; nodes * na];
    let mut of_sent = vec![0.0; trajectory.sent.len()];
    let mut reaching = Reaching::new(description);
    let mut node_step = NodeStep::new(prepared);
    let mut back = vec![0.0; variables.next_multiple_of(SEEDS)];
    for k in (0..steps).rev() {
        if k % 64 == 0 && !proceed() {
            return Err(Prepared::<M>::cancelled());
        }
        for node in 0..nodes {
            reaching.look(prepared, set, &trajectory.sent, control, k, node);
            let at = k * nodes + node;
            node_step.weights.clear();
            node_step.weights.extend_from_slice(&of_states[node * ns..(node + 1) * ns]);
            node_step.weights.extend_from_slice(&of_algebraic[node * na..(node + 1) * na]);
            let sent = |source: usize| of_sent[(source * nodes + node) * length + start.kept + k];
            node_step.weights.extend((0..description.sources).map(sent));
            let output = |output: usize| pull[(output * nodes + node) * steps + k];
            node_step.weights.extend((0..description.outputs.len()).map(output));
            let values = trajectory.states[at * ns..(at + 1) * ns].iter();
            let values = values.chain(&trajectory.algebraic[at * na..(at + 1) * na]);
            let values = values.chain(&reaching.coupling).chain(&reaching.delayed).chain(&reaching.inputs);
            node_step.values.clear();
            node_step.values.extend(values);
            for (pass, back) in back.chunks_mut(SEEDS).enumerate() {
                let noise = &trajectory.noise[at * no..(at + 1) * no];
                back.copy_from_slice(&node_step.back(prepared, set, trajectory, noise, at, pass * SEEDS));
            }
            of_states[node * ns..(node + 1) * ns].copy_from_slice(&back[..ns]);
            of_algebraic[node * na..(node + 1) * na].copy_from_slice(&back[ns..ns + na]);
            let now = start.kept - 1 + k;
            for (coupling, &slope) in description.couplings.iter().zip(&back[ns + na..]) {
                for connection in problem.network.sources_of(node) {
                    let row = (coupling.source * nodes + connection.source) * length;
                    of_sent[row + now - connection.delay] += power(connection, coupling.weight) * slope;
                }
            }
            for (l, (&(source, _), &slope)) in description.delayed.iter().zip(&back[ns + na + nc..]).enumerate() {
                of_sent[(source * nodes + node) * length + now - start.own_delays[node * nl + l]] += slope;
            }
            for (input, &slope) in back[variables - ni..variables].iter().enumerate() {
                gradient[(input * nodes + node) * steps + k] += slope;
            }
        }
    }
    Ok(())
}

/// Room for one step of one node in dual numbers.
struct NodeStep {
    /// All that goes in and may depend on the control: states, algebraic values, couplings, own past, inputs.
    values: Vec<f64>,
    /// dF by all that comes out: states, algebraic values, sources, outputs.
    weights: Vec<f64>,
    numbers: Vec<Number>,
    derived: Vec<Number>,
    noise: Vec<Number>,
    rates: Vec<Number>,
    white: Vec<Number>,
    sources: Vec<Number>,
    outputs: Vec<Number>,
}

impl NodeStep {
    fn new<M: Model>(prepared: &Prepared<'_, M>) -> Self {
        let description = &prepared.description;
        let room = |count: usize| vec![Number::of(0.0); count];
        Self {
            values: Vec::new(),
            weights: Vec::new(),
            numbers: Vec::new(),
            derived: room(description.derived),
            noise: room(description.noise.len()),
            rates: room(description.states.len()),
            white: room(description.white_noise.len()),
            sources: room(description.sources),
            outputs: room(description.outputs.len()),
        }
    }

    /// dF by the variables from `first` on.
    fn back<M: Model>(
        &mut self,
        prepared: &Prepared<'_, M>,
        set: usize,
        trajectory: &Trajectory,
        noise: &[f64],
        at: usize,
        first: usize,
    ) -> [f64; SEEDS] {
        let (description, start, model) = (&prepared.description, &prepared.starts[set], prepared.problem.model);
        let (ns, na, nc, nl) = (
            description.states.len(),
            description.algebraic.len(),
            description.couplings.len(),
            description.delayed.len(),
        );
        let (nd, nw, node) = (description.derived, description.white_noise.len(), at % prepared.nodes);
        let seeded = |(place, &value): (usize, &f64)| match place.checked_sub(first) {
            Some(seed) => Number::variable(value, seed),
            None => Number::of(value),
        };
        self.numbers.clear();
        self.numbers.extend(self.values.iter().enumerate().map(seeded));
        let constant = |numbers: &mut [Number], values: &[f64]| {
            numbers.iter_mut().zip(values).for_each(|(number, &value)| *number = Number::of(value));
        };
        constant(&mut self.derived, &start.derived[node * nd..(node + 1) * nd]);
        constant(&mut self.noise, noise);
        let (states, rest) = self.numbers.split_at_mut(ns);
        let (algebraic, rest) = rest.split_at_mut(na);
        let arriving = Arriving {
            coupling: &rest[..nc],
            weight_sum: Number::of(start.weight_sums[node]),
            delayed: &rest[nc..nc + nl],
            inputs: &rest[nc + nl..],
            noise: &self.noise,
        };
        let kicks = &trajectory.kicks[at * nw..(at + 1) * nw];
        let (dt, derived, white_states) = (prepared.problem.time_step_ms, &self.derived, &description.white_noise);
        let (rates, white) = (&mut self.rates, &mut self.white);
        advance(model, white_states, dt, derived, &arriving, kicks, states, algebraic, rates, white);
        model.sources(derived, states, algebraic, &mut self.sources);
        model.outputs(derived, states, algebraic, &mut self.outputs);
        let results = states.iter().chain(algebraic.iter()).chain(&self.sources).chain(&self.outputs);
        let mut slopes = [0.0; SEEDS];
        for (result, &weight) in results.zip(&self.weights).filter(|(_, weight)| **weight != 0.0) {
            for (slope, by) in slopes.iter_mut().zip(result.slopes) {
                *slope += weight * by;
            }
        }
        slopes
    }
}
