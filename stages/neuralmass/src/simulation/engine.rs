//! The loop over steps: eight nodes, or eight sets of one node, at a time.
//!
//! History lies by source and node, time last, in a buffer that is moved back to its begin when it is full. Sums over
//! connections with long delays are made for eight steps at once; their order is the same in every case.

use lapicque_numerics::vectorise::{Kernel, vectorise};

use super::coupling::Links;
use super::setting::{Block, Initial, Input, InputTime, Scheme, Set, Settings, SimulationError, State};
use crate::network::{AHEAD, Network};
use crate::noise::{self, BLOCK};
use crate::{Arriving, Description, Lanes, Model, Real, WIDTH};

/// Records that are handed over at once, at most.
const RECORDS: usize = 256;

/// What a lane stands for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lane {
    pub set: usize,
    pub node: usize,
    /// Others fill up.
    pub real: bool,
}

/// Arrays of lanes are `[block * count + k]`.
pub(super) struct Engine<'a> {
    pub network: &'a Network,
    pub sets: &'a [Set],
    pub settings: &'a Settings,
    pub first_set: usize,
    pub side_by_side: bool,
    pub blocks: usize,
    pub step: u64,
    pub description: Description,
    pub lanes: Vec<Lane>,
    pub derived: Vec<Lanes>,
    pub states: Vec<Lanes>,
    pub algebraic: Vec<Lanes>,
    pub noise: Vec<Lanes>,
    pub noise_means: Vec<Lanes>,
    pub noise_factors: Vec<[Lanes; 2]>,
    pub weight_sums: Vec<Lanes>,
    pub inputs: Vec<Lanes>,
    pub coupling: Vec<Lanes>,
    pub links: Links,
    /// `[step * coupling.len() + ...]`
    pub ahead: Vec<Lanes>,
    pub ahead_left: usize,
    /// `[(step of the block * processes + process) * blocks + block]`
    pub normals: Vec<Lanes>,
    pub noisy: bool,
    pub inputs_change: bool,
    pub own_delays: Vec<usize>,
    /// Of each block and delay: where its lanes find them behind the oldest that is kept.
    pub own_offsets: Vec<[usize; WIDTH]>,
    pub kept: usize,
    pub capacity: usize,
    /// Where time t lies in the history.
    pub now: usize,
    pub width: usize,
    pub history: Vec<f64>,
    pub failures: Vec<Option<SimulationError>>,
    pub records: Vec<Lanes>,
    pub recorded: usize,
    pub first_record: u64,
    pub sums: Vec<Lanes>,
    pub scratch: Scratch,
}

/// What a step needs for itself.
#[derive(Default)]
pub(super) struct Scratch {
    rates: Vec<Lanes>,
    /// Rates and states of Heun's predictor.
    first: Vec<Lanes>,
    before: Vec<Lanes>,
    delayed: Vec<Lanes>,
    sent: Vec<Lanes>,
    white: Vec<Lanes>,
    outputs: Vec<Lanes>,
}

impl Scratch {
    pub(super) fn new(description: &Description, blocks: usize) -> Self {
        let zeros = |count: usize| vec![Lanes::of(0.0); count];
        let states = description.states.len();
        Self {
            rates: zeros(blocks * states),
            first: zeros(states),
            before: zeros(blocks * states),
            delayed: zeros(description.delayed.len()),
            sent: zeros(description.sources),
            white: zeros(description.white_noise.len()),
            outputs: zeros(description.outputs.len()),
        }
    }
}

struct Advance<'e, 'a, M> {
    engine: &'e mut Engine<'a>,
    model: &'e M,
    steps: u64,
}

impl<M: Model> Kernel for Advance<'_, '_, M> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let mut scratch = std::mem::take(&mut self.engine.scratch);
        for _ in 0..self.steps {
            self.engine.advance(self.model, &mut scratch);
        }
        self.engine.scratch = scratch;
    }
}

pub(super) type Sink<'s> = &'s mut dyn FnMut(&Block<'_>);

impl Engine<'_> {
    pub(super) fn run<M: Model>(
        &mut self,
        model: &M,
        steps: u64,
        sink: Sink<'_>,
        proceed: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Vec<Result<State, SimulationError>>, SimulationError> {
        let (begin, end) = (self.step, self.step.saturating_add(steps));
        self.fixed_inputs();
        self.fill_normals();
        while self.step < end && self.failures.iter().any(Option::is_none) {
            if self.step.is_multiple_of(BLOCK) {
                self.fill_normals();
                if !proceed(self.step - begin) {
                    return Err(SimulationError::Cancelled);
                }
            }
            let steps = (end - self.step).min(BLOCK - self.step % BLOCK);
            vectorise(Advance { engine: self, model, steps });
            if self.recorded >= RECORDS - BLOCK as usize {
                self.hand_over(sink);
            }
        }
        self.hand_over(sink);
        Ok((0..self.sets.len())
            .map(|set| match self.failures[set].take() {
                None => Ok(self.state(set)),
                Some(failure) => Err(failure),
            })
            .collect())
    }

    #[inline(always)]
    fn advance<M: Model>(&mut self, model: &M, scratch: &mut Scratch) {
        if self.now + 1 == self.capacity {
            self.move_back();
        }
        let now = self.now;
        if self.inputs_change {
            self.changing_inputs(false);
        }
        self.couple();
        let dt = self.settings.time_step_ms;
        let sqrt_dt = dt.sqrt();
        let (ns, na, no) = (self.description.states.len(), self.description.algebraic.len(), self.noise_processes());
        let (nw, nd) = (self.description.white_noise.len(), self.description.derived);
        let (nc, ni) = (self.description.couplings.len(), self.description.inputs.len());
        let heun = self.settings.scheme == Scheme::Heun;
        let within = (self.step % BLOCK) as usize * (no + nw);
        let Scratch { rates, first, before, delayed, sent, white, .. } = scratch;
        if heun {
            before.copy_from_slice(&self.states);
        }
        let last = usize::from(heun);
        let mut zero = Lanes::of(0.0);
        for pass in 0..=last {
            if pass == 1 {
                if self.inputs_change {
                    self.changing_inputs(true);
                }
                if !self.links.is_empty() {
                    self.links.all(&self.history, now + 1 - self.past(), &mut self.coupling);
                }
            }
            for b in 0..self.blocks {
                self.own_past(b, now + pass, delayed);
                let arriving = Arriving {
                    coupling: &self.coupling[b * nc..(b + 1) * nc],
                    weight_sum: self.weight_sums[b],
                    delayed,
                    inputs: &self.inputs[b * ni..(b + 1) * ni],
                    noise: &self.noise[b * no..(b + 1) * no],
                };
                let derived = &self.derived[b * nd..(b + 1) * nd];
                let states = &mut self.states[b * ns..(b + 1) * ns];
                let algebraic = &mut self.algebraic[b * na..(b + 1) * na];
                let rate = &mut rates[b * ns..(b + 1) * ns];
                if pass == 1 {
                    first.copy_from_slice(rate);
                }
                model.derivatives(derived, states, &arriving, rate, algebraic);
                if pass == 0 {
                    for (state, rate) in states.iter_mut().zip(rate.iter()) {
                        *state += *rate * dt;
                    }
                } else {
                    for v in 0..ns {
                        states[v] = before[b * ns + v] + (first[v] + rate[v]) * (0.5 * dt);
                    }
                }
                if nw > 0 {
                    model.white_noise(derived, white);
                    for (k, &v) in self.description.white_noise.iter().enumerate() {
                        states[v] += white[k] * sqrt_dt * self.normals[(within + no + k) * self.blocks + b];
                    }
                }
                model.constrain(derived, states);
                if pass == 0 {
                    let [pull, push] = self.noise_factors[b];
                    for p in 0..no {
                        let o = self.noise[b * no + p];
                        let mut new = o + (self.noise_means[b * no + p] - o) * pull;
                        if self.noisy {
                            new += push * self.normals[(within + p) * self.blocks + b];
                        }
                        self.noise[b * no + p] = new;
                    }
                }
                if pass == last {
                    let mut of_block = Lanes::of(0.0);
                    for value in states.iter().chain(algebraic.iter()) {
                        of_block += *value * 0.0;
                    }
                    zero += of_block;
                }
                model.sources(derived, states, algebraic, sent);
                self.send(b, now + 1, sent);
            }
        }
        self.now += 1;
        self.step += 1;
        if zero.0.iter().any(|z| z.is_nan()) {
            self.note_failures();
        }
        self.record(model, &mut scratch.outputs);
    }

    fn noise_processes(&self) -> usize {
        self.description.noise.len()
    }

    /// What nodes sent up to the begin.
    pub(super) fn fill_history<M: Model>(&mut self, model: &M) {
        let (ns, na, nd) = (self.description.states.len(), self.description.algebraic.len(), self.description.derived);
        let mut sent = vec![Lanes::of(0.0); self.description.sources];
        for b in 0..self.blocks {
            let (derived, states) = (&self.derived[b * nd..(b + 1) * nd], &self.states[b * ns..(b + 1) * ns]);
            model.sources(derived, states, &self.algebraic[b * na..(b + 1) * na], &mut sent);
            for time in 0..self.kept {
                self.send(b, time, &sent);
            }
        }
        let nodes = self.network.nodes();
        for (set, of) in self.sets.iter().enumerate() {
            let Initial::Continued(state) = &of.initial else { continue };
            let rows = self.description.sources * nodes;
            let length = state.history.len() / rows.max(1);
            for row in 0..rows {
                for time in 0..self.kept {
                    let back = (self.kept - 1 - time).min(length - 1);
                    self.history[(row * self.capacity + time) * self.width + set] =
                        state.history[(row + 1) * length - 1 - back];
                }
            }
        }
    }

    #[inline(always)]
    fn send(&mut self, block: usize, time: usize, sent: &[Lanes]) {
        let nodes = self.network.nodes();
        for (s, values) in sent.iter().enumerate() {
            if self.side_by_side {
                let at = ((s * nodes + block) * self.capacity + time) * WIDTH;
                self.history[at..at + WIDTH].copy_from_slice(&values.0);
            } else {
                for l in 0..WIDTH.min(nodes - block * WIDTH) {
                    self.history[(s * nodes + block * WIDTH + l) * self.capacity + time] = values.0[l];
                }
            }
        }
    }

    fn move_back(&mut self) {
        let (row, kept) = (self.capacity * self.width, self.kept * self.width);
        for values in self.history.chunks_mut(row) {
            values.copy_within(row - kept.., 0);
        }
        self.now = self.kept - 1;
    }

    #[inline(always)]
    fn own_past(&self, block: usize, time: usize, delayed: &mut [Lanes]) {
        let count = delayed.len();
        if count == 0 {
            return;
        }
        let sent = &self.history[(time - self.past()) * self.width..];
        for (k, values) in delayed.iter_mut().enumerate() {
            let offsets = &self.own_offsets[block * count + k];
            for (value, &offset) in values.0.iter_mut().zip(offsets) {
                *value = sent[offset];
            }
        }
    }

    #[inline(always)]
    fn couple(&mut self) {
        if self.links.is_empty() {
            return;
        }
        if self.settings.scheme == Scheme::Heun {
            return self.links.all(&self.history, self.now - self.past(), &mut self.coupling);
        }
        let (time, count) = (self.now - self.past(), self.coupling.len());
        if self.ahead_left == 0 {
            self.links.ahead(&self.history, time, &mut self.ahead);
            self.ahead_left = AHEAD;
        }
        let phase = AHEAD - self.ahead_left;
        self.ahead_left -= 1;
        self.coupling.copy_from_slice(&self.ahead[phase * count..(phase + 1) * count]);
        self.links.add_short(&self.history, time, &mut self.coupling);
    }

    /// Values of the history that are older than the newest.
    #[inline(always)]
    fn past(&self) -> usize {
        self.kept - 1
    }

    fn fixed_inputs(&mut self) {
        let count = self.description.inputs.len();
        for (k, lane) in self.lanes.iter().enumerate() {
            for (i, input) in self.sets[lane.set].inputs.iter().enumerate() {
                let place = &mut self.inputs[k / WIDTH * count + i].0[k % WIDTH];
                match input {
                    Input::Constant(value) => *place = *value,
                    Input::PerNode(values) => *place = values[lane.node],
                    Input::OverTime(_) | Input::PerNodeOverTime(_) => {}
                }
            }
        }
    }

    /// Those of the step's begin, or of its end for the corrector of Heun.
    #[inline(always)]
    fn changing_inputs(&mut self, end: bool) {
        let count = self.description.inputs.len();
        let step = self.step as usize;
        let sample = |samples: &[f64]| match self.settings.input_time {
            _ if end => samples[step],
            InputTime::End => samples[step],
            InputTime::Begin => samples[step.saturating_sub(1)],
            InputTime::BeginAndLastFirst if step == 0 => samples[samples.len() - 1],
            InputTime::BeginAndLastFirst => samples[step - 1],
        };
        for (k, lane) in self.lanes.iter().enumerate() {
            for (i, input) in self.sets[lane.set].inputs.iter().enumerate() {
                let place = &mut self.inputs[k / WIDTH * count + i].0[k % WIDTH];
                match input {
                    Input::Constant(_) | Input::PerNode(_) => {}
                    Input::OverTime(samples) => *place = sample(samples),
                    Input::PerNodeOverTime(rows) => *place = sample(&rows[lane.node]),
                }
            }
        }
    }

    fn fill_normals(&mut self) {
        if !self.noisy {
            return;
        }
        let processes = self.noise_processes() + self.description.white_noise.len();
        self.normals.resize(BLOCK as usize * processes * self.blocks, Lanes::of(0.0));
        let mut numbers = [0.0; BLOCK as usize];
        for (k, lane) in self.lanes.iter().enumerate().filter(|(_, lane)| lane.real) {
            for p in 0..processes {
                noise::fill(&self.sets[lane.set].normals, p, lane.node, self.step / BLOCK, &mut numbers);
                for (t, &number) in numbers.iter().enumerate() {
                    self.normals[(t * processes + p) * self.blocks + k / WIDTH].0[k % WIDTH] = number;
                }
            }
        }
    }

    #[cold]
    fn note_failures(&mut self) {
        let (ns, na) = (self.description.states.len(), self.description.algebraic.len());
        for k in 0..self.lanes.len() {
            let (block, l, lane) = (k / WIDTH, k % WIDTH, self.lanes[k]);
            let states = self.description.states.iter().zip(&mut self.states[block * ns..(block + 1) * ns]);
            let values = self.description.algebraic.iter().zip(&mut self.algebraic[block * na..(block + 1) * na]);
            for (spec, value) in states.chain(values) {
                let value = &mut value.0[l];
                if value.is_finite() {
                    continue;
                }
                let failure = &mut self.failures[lane.set];
                if lane.real && failure.is_none() {
                    *failure = Some(SimulationError::NotFinite {
                        step: self.step,
                        time_ms: self.step as f64 * self.settings.time_step_ms,
                        node: lane.node,
                        variable: spec.name.to_owned(),
                        value: *value,
                    });
                }
                // What has failed must not be found at every step again.
                *value = 0.0;
            }
        }
    }
}
