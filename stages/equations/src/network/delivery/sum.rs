//! `x_post += amount`, event by event.

use std::sync::Arc;

use super::super::queue::Runs;
use crate::engine::State;

/// What is added.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Amount {
    /// A number.
    Constant(f64),
    /// A variable of the synapses, by its column.
    Column(usize),
}

/// An addition to a variable of neurons.
#[derive(Clone, Debug)]
pub(crate) struct Sum {
    /// The number of the synapses among all objects.
    pub number: usize,
    /// The object of the neurons.
    pub object: usize,
    /// Their variable.
    pub column: usize,
    /// Where the variable must not be 0, if it is not written everywhere.
    pub free: Option<usize>,
    /// Whether the variable is a whole number.
    pub whole: bool,
    /// The neuron of each synapse.
    pub elements: Arc<[u32]>,
    /// What is added.
    pub amount: Amount,
}

impl Sum {
    /// Adds for each of the synapses.
    pub(crate) fn add(&self, states: &mut [State], synapses: impl Iterator<Item = u32>) {
        let mut there = std::mem::take(states[self.object].whole_column_mut(self.column));
        let element = |synapse: u32| self.elements[synapse as usize];
        match self.amount {
            Amount::Constant(amount) => {
                self.add_each(states, &mut there, synapses.map(|synapse| (element(synapse), amount)));
            }
            Amount::Column(column) => {
                let amounts = states[self.number].column(column);
                let each = synapses.map(|synapse| (element(synapse), amounts[synapse as usize]));
                self.add_each(states, &mut there, each);
            }
        }
        *states[self.object].whole_column_mut(self.column) = there;
    }

    /// Adds for all synapses of some runs. `ordered` are the neurons of synapses in the order of runs.
    pub(crate) fn add_runs(&self, states: &mut [State], runs: &Runs, due: &[u32], ordered: &Ordered) {
        let mut there = std::mem::take(states[self.object].whole_column_mut(self.column));
        for &run in due {
            let places = runs.places(run);
            let elements = ordered.elements.get(places.clone()).unwrap_or(&[]).iter().copied();
            match self.amount {
                Amount::Constant(amount) => {
                    self.add_each(states, &mut there, elements.map(|element| (element, amount)));
                }
                Amount::Column(column) => {
                    let amounts = states[self.number].column(column);
                    if ordered.by_number {
                        let amounts = amounts.get(places).unwrap_or(&[]).iter().copied();
                        self.add_each(states, &mut there, elements.zip(amounts));
                    } else {
                        let amounts = runs.of(run).iter().map(|&synapse| amounts[synapse as usize]);
                        self.add_each(states, &mut there, elements.zip(amounts));
                    }
                }
            }
        }
        *states[self.object].whole_column_mut(self.column) = there;
    }

    /// Adds amounts to elements, one after the other. A loop of its own for each case, as this is where networks spend
    /// their time.
    #[inline]
    fn add_each(&self, states: &[State], there: &mut [f64], each: impl Iterator<Item = (u32, f64)>) {
        let free = self.free.map(|column| states[self.object].column(column));
        match (free, self.whole) {
            (None, false) => {
                for (element, amount) in each {
                    there[element as usize] += amount;
                }
            }
            (Some(free), false) => {
                for (element, amount) in each {
                    if free[element as usize] != 0.0 {
                        there[element as usize] += amount;
                    }
                }
            }
            (free, true) => {
                for (element, amount) in each {
                    let element = element as usize;
                    if free.is_none_or(|free| free[element] != 0.0) {
                        there[element] = (there[element] + amount).trunc();
                    }
                }
            }
        }
    }
}

/// The neurons that synapses write to, in the order of runs.
#[derive(Clone, Debug)]
pub(crate) struct Ordered {
    elements: Arc<[u32]>,
    /// Whether that is the order of the numbers of synapses.
    by_number: bool,
}

impl Ordered {
    /// Of the neuron of each synapse.
    pub(crate) fn new(runs: &Runs, elements: &Arc<[u32]>) -> Self {
        let order = runs.synapses();
        let by_number = order.iter().enumerate().all(|(place, &synapse)| place == synapse as usize);
        let elements = if by_number {
            elements.clone()
        } else {
            order.iter().map(|&synapse| elements[synapse as usize]).collect()
        };
        Self { elements, by_number }
    }
}
