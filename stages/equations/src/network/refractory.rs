//! Refractoriness: for how long after a spike a neuron cannot spike again.
//!
//! | refractory | `not_refractory` at a state update |
//! |---|---|
//! | a time R | timestep(t - lastspike, dt) >= timestep(R, dt) |
//! | a condition C | what it was, or not C |
//!
//! with timestep(x, dt) = trunc((x + dt/1000)/dt). A spike makes `not_refractory` false and sets `lastspike`. A time that
//! depends on variables is looked at in each step, so it may end early or begin again; so is a condition.

use std::collections::VecDeque;

use super::context::{expression, not_allowed};
use super::error::NetworkError;
use super::groups::{LAST_SPIKE, NOT_REFRACTORY, column_of};
use super::object::Object;
use crate::engine::{Bindings, EngineError, Graph, Operation, State, Value};
use crate::language::check::{self, check_refractory, fixed_value};
use crate::language::expression::Expression;
use crate::maths::rounding::timestep;

/// How a model says it.
#[derive(Clone, Debug)]
pub(crate) enum Refractoriness {
    /// For a time that is known before the simulation, in s.
    Fixed(f64),
    /// For a time that is computed.
    Time(Expression),
    /// As long as this holds.
    Condition(Expression),
}

impl Refractoriness {
    /// Reads what a model says.
    ///
    /// # Errors
    /// What is neither a time nor a condition, and times below 0.
    pub(crate) fn new(object: &Object, path: &str, text: &str) -> Result<Self, NetworkError> {
        let located = |error| NetworkError::language(path, error, text);
        let parsed = expression(path, text)?;
        let kind = check_refractory(&parsed, &object.names).map_err(located)?;
        let inlined = object.inline(&parsed).map_err(located)?;
        Ok(match kind {
            check::Refractoriness::Condition => Self::Condition(inlined),
            check::Refractoriness::Time => match fixed_value(&parsed, &object.names) {
                Ok(time) if time.value >= 0.0 => Self::Fixed(time.value),
                Ok(time) => return Err(not_allowed(path, format!("{} s", time.value), "a time from 0 s".to_owned())),
                Err(_) => Self::Time(inlined),
            },
        })
    }

    /// What `not_refractory` becomes.
    ///
    /// # Errors
    /// What cannot be computed.
    pub(crate) fn not_refractory(&self, graph: &mut Graph<'_>) -> Result<Value, EngineError> {
        let time = match self {
            Self::Condition(condition) => {
                let condition = graph.expression(condition, &Bindings::new(), false)?;
                let before = named(graph, NOT_REFRACTORY)?;
                let ends = graph.apply(Operation::Not, &[condition]);
                return Ok(graph.apply(Operation::Or, &[before, ends]));
            }
            Self::Fixed(time) => graph.constant(*time),
            Self::Time(time) => graph.expression(time, &Bindings::new(), false)?,
        };
        let (now, last) = (graph.time(), named(graph, LAST_SPIKE)?);
        let since = graph.difference(now, last);
        let dt = graph.constant(graph.dt());
        let since = graph.apply(Operation::Timestep, &[since, dt]);
        let length = graph.apply(Operation::Timestep, &[time, dt]);
        Ok(graph.apply(Operation::LessOrEqual, &[length, since]))
    }
}

fn named(graph: &mut Graph<'_>, name: &str) -> Result<Value, EngineError> {
    let number = graph.layout().number(name);
    let number = number.ok_or_else(|| EngineError::UnknownName { name: name.to_owned() })?;
    Ok(graph.column(number))
}

/// Who is refractory, where all are for one fixed time: those who spiked first are free first, so that no step has to
/// look at all neurons. Gives the same as [`Refractoriness::not_refractory`].
#[derive(Clone, Debug)]
pub(crate) struct Release {
    dt: f64,
    /// timestep(R, dt)
    length: f64,
    not_refractory: usize,
    last_spike: usize,
    /// Who is refractory, in the order of their last spikes.
    waiting: VecDeque<u32>,
    /// Whether `waiting` is what the state says.
    known: bool,
}

impl Release {
    /// For neurons that are refractory for `time` s.
    ///
    /// # Errors
    /// An object without refractoriness.
    pub(crate) fn new(object: &Object, time: f64) -> Result<Self, NetworkError> {
        Ok(Self {
            dt: object.dt,
            length: timestep(time, object.dt),
            not_refractory: column_of(object, NOT_REFRACTORY)?,
            last_spike: column_of(object, LAST_SPIKE)?,
            waiting: VecDeque::new(),
            known: false,
        })
    }

    /// Says that the state was changed from outside.
    pub(crate) fn forget(&mut self) {
        self.known = false;
    }

    /// Brings `not_refractory` to step `step`.
    pub(crate) fn step(&mut self, state: &mut State, step: u64) {
        let now = step as f64 * self.dt;
        let (dt, length) = (self.dt, self.length);
        let is_free = |last: f64| timestep(now - last, dt) >= length;
        if !self.known {
            let last_spikes = state.column(self.last_spike).to_vec();
            let free = state.column_mut(self.not_refractory);
            let mut waiting: Vec<u32> = Vec::new();
            for (neuron, (free, &last)) in free.iter_mut().zip(&last_spikes).enumerate() {
                *free = f64::from(u8::from(is_free(last)));
                if *free == 0.0 {
                    waiting.push(neuron as u32);
                }
            }
            waiting.sort_by(|&a, &b| last_spikes[a as usize].total_cmp(&last_spikes[b as usize]));
            self.waiting = waiting.into();
            self.known = true;
            return;
        }
        while let Some(&neuron) = self.waiting.front()
            && is_free(state.column(self.last_spike)[neuron as usize])
        {
            state.column_mut(self.not_refractory)[neuron as usize] = 1.0;
            self.waiting.pop_front();
        }
    }

    /// Takes in who has spiked.
    pub(crate) fn spiked(&mut self, neurons: &[u32]) {
        self.waiting.extend(neurons);
    }
}
