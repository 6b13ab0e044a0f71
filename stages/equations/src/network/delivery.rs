//! Statements for one synapse after the other, computed as vectors.
//!
//! Code of a pathway runs for each event in order, and each event sees what earlier ones have written. Two things make that
//! many events at once:
//!
//! - *Sums.* Statements `x_post += EXPR` on variables of neurons that nothing else in the code reads or writes. EXPR is
//!   computed for all events, then added event by event, in their order.
//! - *Batches.* For all else, events one after the other of which none reads or writes a variable of a neuron that one
//!   before it has written. Variables of synapses are no reason to part: a synapse is in a batch once.
//!
//! A synapse from a neuron to itself has one variable under two names, `v_pre` and `v_post`. Where that matters it has a
//! program of its own, in which both are one.
//!
//! Variables `unless refractory` are written where the neuron is not refractory.

mod compile;
mod sum;

use std::sync::Arc;

use super::object::Code;
use crate::engine::{EngineError, State};

pub(crate) use compile::{Built, Coded};
pub(crate) use sum::{Amount, Ordered, Sum};

/// What code does.
#[derive(Clone, Debug)]
pub(crate) enum Effect {
    /// It adds numbers that need no program to variables of neurons.
    Sums(Vec<Sum>),
    /// Anything else.
    Program(Box<Batches>),
}

impl Effect {
    /// Runs it for synapses of which each occurs once, in their order.
    ///
    /// # Errors
    /// Those of [`Code::run_at`].
    pub(crate) fn run(&mut self, states: &mut [State], step: u64, synapses: &[u32]) -> Result<(), EngineError> {
        match self {
            Self::Sums(sums) => {
                sums.iter().for_each(|sum| sum.add(states, synapses.iter().copied()));
                Ok(())
            }
            Self::Program(batches) => batches.run(states, step, synapses),
        }
    }
}

/// A variable of neurons that some events write, as it is read or written by the code.
#[derive(Clone, Debug)]
struct Access {
    /// Number among all such variables.
    variable: usize,
    /// The neuron of each synapse.
    elements: Arc<[u32]>,
    writes: bool,
}

/// A program that runs in batches.
#[derive(Clone, Debug)]
pub(crate) struct Batches {
    code: Code,
    /// For synapses from a neuron to itself, where it is another one.
    of_loops: Option<Loops>,
    sums: Vec<Sum>,
    accesses: Vec<Access>,
    /// For each variable, in which batch each neuron's was last written.
    written: Vec<Vec<u64>>,
    batch: u64,
    ascending: Vec<u32>,
}

/// Synapses from a neuron to itself.
#[derive(Clone, Debug)]
struct Loops {
    code: Code,
    pre: Arc<[u32]>,
    post: Arc<[u32]>,
}

impl Batches {
    fn run(&mut self, states: &mut [State], step: u64, synapses: &[u32]) -> Result<(), EngineError> {
        if self.accesses.is_empty() {
            return self.batch(states, step, synapses, false);
        }
        let mut start = 0;
        let mut is_loop = false;
        self.batch += 1;
        for (place, &synapse) in synapses.iter().enumerate() {
            let at = synapse as usize;
            let own_loop = self.of_loops.as_ref().is_some_and(|loops| loops.pre[at] == loops.post[at]);
            let written = |access: &Access| self.written[access.variable][access.elements[at] as usize] == self.batch;
            if place > start && (own_loop != is_loop || self.accesses.iter().any(written)) {
                self.batch(states, step, &synapses[start..place], is_loop)?;
                start = place;
                self.batch += 1;
            }
            is_loop = own_loop;
            for access in self.accesses.iter().filter(|access| access.writes) {
                self.written[access.variable][access.elements[at] as usize] = self.batch;
            }
        }
        self.batch(states, step, &synapses[start..], is_loop)
    }

    fn batch(&mut self, states: &mut [State], step: u64, synapses: &[u32], is_loop: bool) -> Result<(), EngineError> {
        let code = match &mut self.of_loops {
            Some(loops) if is_loop => &mut loops.code,
            _ => &mut self.code,
        };
        if synapses.is_sorted() {
            code.run_at(states, step, synapses)?;
        } else {
            self.ascending.clear();
            self.ascending.extend_from_slice(synapses);
            self.ascending.sort_unstable();
            code.run_at(states, step, &self.ascending)?;
        }
        // Each goes to another variable.
        self.sums.iter().for_each(|sum| sum.add(states, synapses.iter().copied()));
        Ok(())
    }
}
