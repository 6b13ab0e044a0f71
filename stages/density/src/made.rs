//! Masked networks (Germain et al. 2015, arXiv:1502.03509): what is told of a value depends on the context and on values of lower rank alone.
//!
//! Each hidden unit has a degree from 0 to D - 1, the same in all layers, and sees values of rank below it, and units of at most its own degree; numbers for the
//! value of rank r see units of degree at most r. (nflows begins degrees at 1; the value of rank 0 then sees no context.) Hidden layers are bent by tanh; the
//! first adds a linear map of the context.

use lapicque_numerics::random::Generator;

use crate::layers::{Bend, Dense};
use crate::number::Number;

/// A masked network that gives `per_value` numbers for each of so many values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Made {
    value_count: usize,
    per_value: usize,
    /// Ranks fall with the number of the value, rather than to rise.
    reversed: bool,
    from_values: Dense,
    from_context: Dense,
    blocks: Vec<Dense>,
    last: Dense,
}

/// What came out of the hidden layers, bent.
pub(crate) type Hidden<T> = Vec<Vec<T>>;

impl Made {
    /// Its parameters begin at `start`.
    pub(crate) fn new(
        [value_count, context_count, per_value]: [usize; 3],
        [hidden, blocks]: [usize; 2],
        reversed: bool,
        start: usize,
    ) -> Self {
        let from_values = Dense { inputs: value_count, outputs: hidden, start };
        let from_context = Dense { inputs: context_count, outputs: hidden, start: from_values.end() };
        let size = (hidden + 1) * hidden;
        let block =
            |number: usize| Dense { inputs: hidden, outputs: hidden, start: from_context.end() + number * size };
        let blocks: Vec<Dense> = (0..blocks).map(block).collect();
        let start = from_context.end() + blocks.len() * size;
        let last = Dense { inputs: hidden, outputs: value_count * per_value, start };
        Self { value_count, per_value, reversed, from_values, from_context, blocks, last }
    }

    /// The first parameter after its own.
    pub(crate) fn end(&self) -> usize {
        self.last.end()
    }

    pub(crate) fn rank(&self, value: usize) -> usize {
        if self.reversed { self.value_count - 1 - value } else { value }
    }

    /// Ascending, and as many units of each degree as there can be.
    fn degree(&self, unit: usize) -> usize {
        unit * self.value_count / self.from_values.outputs
    }

    /// Weights as torch begins; those of the last layer a tenth of it, so that transforms begin near the identity.
    pub(crate) fn initialize<T: Number>(&self, parameters: &mut [T], generator: &mut Generator) {
        for layer in [&self.from_values, &self.from_context].into_iter().chain(&self.blocks) {
            layer.initialize(parameters, layer.default_bound(), generator);
        }
        self.last.initialize(parameters, 0.1 * self.last.default_bound(), generator);
    }

    /// Sets to zero the weights (or gradients) of connections that there are not.
    pub(crate) fn mask<T: Number>(&self, parameters: &mut [T]) {
        let clear = |parameters: &mut [T], layer: &Dense, sees: &dyn Fn(usize, usize) -> bool| {
            let weights = &mut parameters[layer.start..layer.biases().start];
            for (output, row) in weights.chunks_exact_mut(layer.inputs).enumerate() {
                for (input, weight) in row.iter_mut().enumerate() {
                    if !sees(output, input) {
                        *weight = T::ZERO;
                    }
                }
            }
        };
        clear(parameters, &self.from_values, &|unit, value| self.rank(value) < self.degree(unit));
        for block in &self.blocks {
            clear(parameters, block, &|unit, below| self.degree(below) <= self.degree(unit));
        }
        clear(parameters, &self.last, &|number, unit| self.degree(unit) <= self.rank(number / self.per_value));
    }

    pub(crate) fn hidden<T: Number>(&self, parameters: &[T], values: &[T], contexts: &[T], count: usize) -> Hidden<T> {
        let mut first = vec![T::ZERO; self.from_values.outputs * count];
        self.from_values.forward(parameters, values, count, false, &mut first);
        self.from_context.forward(parameters, contexts, count, true, &mut first);
        Bend::Tanh.apply(&mut first);
        let mut hidden = vec![first];
        for (place, block) in self.blocks.iter().enumerate() {
            let mut out = vec![T::ZERO; block.outputs * count];
            block.forward(parameters, &hidden[place], count, false, &mut out);
            Bend::Tanh.apply(&mut out);
            hidden.push(out);
        }
        hidden
    }

    /// The numbers of all values, one after the other.
    pub(crate) fn numbers<T: Number>(&self, parameters: &[T], hidden: &Hidden<T>, count: usize) -> Vec<T> {
        let mut out = vec![T::ZERO; self.last.outputs * count];
        self.last.forward(parameters, &hidden[self.blocks.len()], count, false, &mut out);
        out
    }

    /// The numbers of one value.
    pub(crate) fn numbers_of<T: Number>(
        &self,
        parameters: &[T],
        hidden: &Hidden<T>,
        count: usize,
        value: usize,
    ) -> Vec<T> {
        let rows = value * self.per_value..(value + 1) * self.per_value;
        self.last.forward_rows(parameters, rows, &hidden[self.blocks.len()], count)
    }

    /// Adds to the gradient of parameters, given that of the numbers; the gradient of the values, where it is wanted.
    pub(crate) fn backward<T: Number>(
        &self,
        parameters: &[T],
        gradient: &mut [T],
        (values, contexts, hidden): (&[T], &[T], &Hidden<T>),
        numbers: &[T],
        count: usize,
        wanted: bool,
    ) -> Option<Vec<T>> {
        let mut slope = vec![T::ZERO; self.last.inputs * count];
        let top = &hidden[self.blocks.len()];
        self.last.backward(parameters, gradient, (top, numbers), count, Some(&mut slope));
        Bend::Tanh.backward(top, &mut slope);
        let mut below = vec![T::ZERO; if self.blocks.is_empty() { 0 } else { slope.len() }];
        for (place, block) in self.blocks.iter().enumerate().rev() {
            block.backward(parameters, gradient, (&hidden[place], &slope), count, Some(&mut below));
            Bend::Tanh.backward(&hidden[place], &mut below);
            std::mem::swap(&mut slope, &mut below);
        }
        self.from_context.backward(parameters, gradient, (contexts, &slope), count, None);
        let mut into = vec![T::ZERO; if wanted { values.len() } else { 0 }];
        let place = wanted.then_some(into.as_mut_slice());
        self.from_values.backward(parameters, gradient, (values, &slope), count, place);
        wanted.then_some(into)
    }
}
