//! What a neural mass model is.
//!
//! In one step of length dt, from time t to t + dt, a node
//!
//! 1. sees what arrives ([`Arriving`]): sums over the network of what other nodes sent earlier, values that it had itself
//!    some time ago, inputs, and its own coloured noise (an Ornstein-Uhlenbeck process per noise, value at t);
//! 2. finds the derivatives of its states, and values that follow from them at once ([`Model::derivatives`]);
//! 3. moves: x(t + dt) = x(t) + dt x'(t) (Euler), plus white noise where it has some, then [`Model::constrain`];
//! 4. is observed ([`Model::outputs`]) and sends to others ([`Model::sources`]); both are values of time t + dt.
//!
//! A source that is read with no delay is that of time t: the last one that was sent.

use lapicque_units::Range;

use crate::Real;

/// A model of one node, with the options that choose between forms of its equations.
pub trait Model: Send + Sync {
    /// What it consists of. Everything that has a place in a slice below has it by the order of these lists.
    fn description(&self) -> Description;

    /// From parameters in the order of the description to the numbers that the equations use, e.g. reciprocals; once per
    /// node and run. The first of them may be the parameters themselves.
    ///
    /// `derived` has [`Description::derived`] places.
    fn derive(&self, parameters: &[f64], derived: &mut [f64]);

    /// Derivatives per ms of the states at time t, and the values that follow from states and what arrives.
    ///
    /// To be marked `#[inline(always)]`. `states` and `rates_of_change` have a place for each state, `algebraic` for each
    /// algebraic value: before the call those of the step before, afterwards the new ones.
    fn derivatives<R: Real>(
        &self,
        derived: &[R],
        states: &[R],
        arriving: &Arriving<'_, R>,
        rates_of_change: &mut [R],
        algebraic: &mut [R],
    );

    /// Brings new states back to where they may be: e.g. variances that are not negative, angles within a turn.
    #[inline(always)]
    fn constrain<R: Real>(&self, _derived: &[R], _states: &mut [R]) {}

    /// sd per sqrt(ms) of the white noise on the states of [`Description::white_noise`].
    #[inline(always)]
    fn white_noise<R: Real>(&self, _derived: &[R], _amplitudes: &mut [R]) {}

    /// What is recorded, from the new states and the algebraic values, in the units of the description.
    fn outputs<R: Real>(&self, derived: &[R], states: &[R], algebraic: &[R], outputs: &mut [R]);

    /// What other nodes, and later steps of its own, see of it.
    fn sources<R: Real>(&self, derived: &[R], states: &[R], algebraic: &[R], sources: &mut [R]);
}

/// What reaches a node at one time.
#[derive(Debug, Clone, Copy)]
pub struct Arriving<'a, R> {
    /// For each of [`Description::couplings`]: sum over nodes j of w_ij (or its square) times the source of j at
    /// t - d_ij.
    pub coupling: &'a [R],
    /// Sum over j of w_ij.
    pub weight_sum: R,
    /// For each of [`Description::delayed`]: a source of this node at t minus that delay.
    pub delayed: &'a [R],
    /// For each of [`Description::inputs`].
    pub inputs: &'a [R],
    /// For each of [`Description::noise`]: the Ornstein-Uhlenbeck process at t.
    pub noise: &'a [R],
}

/// The parts of a model. Names are those of the publication, in `snake_case`; units as the house writes them.
#[derive(Debug, Clone)]
pub struct Description {
    /// As configurations name it: `hopf`.
    pub name: &'static str,
    /// Default time step in ms.
    pub time_step_ms: f64,
    /// What can be set.
    pub parameters: Vec<ParameterSpec>,
    /// How many numbers [`Model::derive`] gives.
    pub derived: usize,
    /// What has a derivative.
    pub states: Vec<StateSpec>,
    /// What follows at once; has a value from before the first step, as states have.
    pub algebraic: Vec<StateSpec>,
    /// How many values a node sends.
    pub sources: usize,
    /// Sums over the network that a node sees.
    pub couplings: Vec<Coupling>,
    /// Sources of its own that a node sees later: which one, and the place of the parameter that is the delay in ms.
    pub delayed: Vec<(usize, usize)>,
    /// Inputs that may change with time.
    pub inputs: Vec<InputSpec>,
    /// Ornstein-Uhlenbeck processes: the place of the parameter that is the mean of each. Time constant and amplitude are
    /// the parameters `tau_ou` and `sigma_ou`.
    pub noise: Vec<usize>,
    /// States with white noise.
    pub white_noise: Vec<usize>,
    /// What can be recorded; the first is the default.
    pub outputs: Vec<OutputSpec>,
    /// What drives the BOLD signal: a place in `outputs`, factor and offset: factor (output + offset).
    pub bold: (usize, f64, f64),
}

/// A parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterSpec {
    /// As it is set.
    pub name: &'static str,
    /// `1` where there is none.
    pub unit: &'static str,
    /// In that unit.
    pub default: f64,
    /// What it may be.
    pub range: Range,
    /// One line.
    pub meaning: &'static str,
}

/// A state, or an algebraic value, with the interval that its first value is drawn from.
#[derive(Debug, Clone, PartialEq)]
pub struct StateSpec {
    /// As it is set.
    pub name: &'static str,
    /// `1` where there is none.
    pub unit: &'static str,
    /// Uniform between these, which may be equal.
    pub initial: [f64; 2],
}

/// An input.
#[derive(Debug, Clone, PartialEq)]
pub struct InputSpec {
    /// As it is set.
    pub name: &'static str,
    /// `1` where there is none.
    pub unit: &'static str,
    /// Where nothing is given.
    pub default: f64,
    /// One line.
    pub meaning: &'static str,
}

/// What can be recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputSpec {
    /// As it is named.
    pub name: &'static str,
    /// `1` where there is none.
    pub unit: &'static str,
    /// One line.
    pub meaning: &'static str,
}

/// A sum over the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coupling {
    /// Place of what is summed among the sources.
    pub source: usize,
    /// By what it is weighted.
    pub weight: Weight,
}

/// A power of the weights of a connectome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// w
    Linear,
    /// w^2
    Squared,
}
