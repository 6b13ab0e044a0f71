//! Layers of feed-forward networks.
//!
//! All parameters of a network lie in one list. What goes through it is `units x batch`, one row per unit, so that what is done to all units of a batch is one
//! loop over neighbours in memory.

use lapicque_numerics::random::Generator;

use crate::number::{Number, tanh_all};
use crate::products::{View, multiply};

/// `W x + b`: where its `outputs x inputs` weights, then its `outputs` biases lie among the parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Dense {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    /// Of its first parameter.
    pub(crate) start: usize,
}

impl Dense {
    /// The first parameter after it.
    pub(crate) fn end(&self) -> usize {
        self.start + (self.inputs + 1) * self.outputs
    }

    pub(crate) fn biases(&self) -> std::ops::Range<usize> {
        self.start + self.inputs * self.outputs..self.end()
    }

    fn weights<'a, T: Number>(&self, parameters: &'a [T]) -> View<'a, T> {
        View::new(&parameters[self.start..self.biases().start], self.outputs, self.inputs)
    }

    /// Uniform between -bound and bound: all of its parameters.
    pub(crate) fn initialize<T: Number>(&self, parameters: &mut [T], bound: f64, generator: &mut Generator) {
        for parameter in &mut parameters[self.start..self.end()] {
            *parameter = T::of(bound * (2.0 * generator.uniform() - 1.0));
        }
    }

    /// As torch begins: the bound is 1 / sqrt(inputs).
    pub(crate) fn default_bound(&self) -> f64 {
        1.0 / (self.inputs.max(1) as f64).sqrt()
    }

    /// `outputs x batch` of `inputs x batch`, put into `out` or added to it.
    pub(crate) fn forward<T: Number>(&self, parameters: &[T], input: &[T], batch: usize, added: bool, out: &mut [T]) {
        for (bias, row) in parameters[self.biases()].iter().zip(out.chunks_exact_mut(batch)) {
            match added {
                true => row.iter_mut().for_each(|value| *value += *bias),
                false => row.fill(*bias),
            }
        }
        multiply(self.weights(parameters), View::new(input, self.inputs, batch), true, out);
    }

    /// Some rows of what comes out.
    pub(crate) fn forward_rows<T: Number>(
        &self,
        parameters: &[T],
        rows: std::ops::Range<usize>,
        input: &[T],
        batch: usize,
    ) -> Vec<T> {
        let biases = &parameters[self.biases()][rows.clone()];
        let mut out: Vec<T> = biases.iter().flat_map(|bias| std::iter::repeat_n(*bias, batch)).collect();
        let weights = &parameters[self.start + rows.start * self.inputs..self.start + rows.end * self.inputs];
        multiply(View::new(weights, rows.len(), self.inputs), View::new(input, self.inputs, batch), true, &mut out);
        out
    }

    /// Adds to the gradient of parameters, given the gradient of what came out; puts the gradient of what went in into `into`, if it is wanted.
    pub(crate) fn backward<T: Number>(
        &self,
        parameters: &[T],
        gradient: &mut [T],
        (input, out): (&[T], &[T]),
        batch: usize,
        into: Option<&mut [T]>,
    ) {
        let output = View::new(out, self.outputs, batch);
        let biases = self.biases();
        let weights = &mut gradient[self.start..biases.start];
        multiply(output, View::new(input, self.inputs, batch).transposed(), true, weights);
        for (bias, row) in gradient[biases].iter_mut().zip(out.chunks_exact(batch)) {
            *bias += sum(row);
        }
        if let Some(into) = into {
            multiply(self.weights(parameters).transposed(), output, false, into);
        }
    }
}

/// Eight sums side by side, as vectors add them.
pub(crate) fn sum<T: Number>(values: &[T]) -> T {
    let mut lanes = [T::ZERO; 8];
    let (whole, rest) = values.as_chunks::<8>();
    for chunk in whole {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += *value;
        }
    }
    lanes.into_iter().chain(rest.iter().copied()).sum()
}

/// What is applied to each unit of a hidden layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Bend {
    Tanh,
    Relu,
}

impl Bend {
    pub(crate) fn apply<T: Number>(self, values: &mut [T]) {
        match self {
            Self::Tanh => tanh_all(values),
            Self::Relu => values.iter_mut().for_each(|value| *value = value.max(T::ZERO)),
        }
    }

    /// The gradient of what went in, from that of what came out, given what came out.
    pub(crate) fn backward<T: Number>(self, out: &[T], gradient: &mut [T]) {
        let both = gradient.iter_mut().zip(out);
        match self {
            Self::Tanh => both.for_each(|(slope, value)| *slope *= T::ONE - *value * *value),
            Self::Relu => both.for_each(|(slope, value)| {
                *slope = if *value > T::ZERO { *slope } else { T::ZERO };
            }),
        }
    }
}

/// Dense layers one after the other, bent between, linear at the end.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Perceptron {
    pub(crate) layers: Vec<Dense>,
    bend: Bend,
}

impl Perceptron {
    pub(crate) fn new(inputs: usize, hidden: &[usize], outputs: usize, bend: Bend) -> Self {
        let mut layers: Vec<Dense> = Vec::with_capacity(hidden.len() + 1);
        for &width in hidden.iter().chain([&outputs]) {
            let (from, start) = layers.last().map_or((inputs, 0), |layer| (layer.outputs, layer.end()));
            layers.push(Dense { inputs: from, outputs: width, start });
        }
        Self { layers, bend }
    }

    pub(crate) fn parameter_count(&self) -> usize {
        self.layers.last().map_or(0, Dense::end)
    }

    /// Weights and biases uniform within sqrt(6 / (inputs + outputs)).
    pub(crate) fn glorot<T: Number>(&self, generator: &mut Generator) -> Vec<T> {
        let mut parameters = vec![T::ZERO; self.parameter_count()];
        for layer in &self.layers {
            layer.initialize(&mut parameters, (6.0 / (layer.inputs + layer.outputs) as f64).sqrt(), generator);
        }
        parameters
    }

    /// `strength / 2` times the sum of squared weights; its gradient is added.
    pub(crate) fn penalty<T: Number>(&self, parameters: &[T], strength: f64, gradient: &mut [T]) -> f64 {
        let mut total = 0.0;
        for layer in &self.layers {
            let weights = layer.start..layer.biases().start;
            for (slope, weight) in gradient[weights.clone()].iter_mut().zip(&parameters[weights]) {
                *slope += T::of(strength) * *weight;
                total += weight.wide() * weight.wide();
            }
        }
        0.5 * strength * total
    }

    /// What comes out of each layer, bent where it is hidden; the last is what comes out of the network.
    pub(crate) fn forward<T: Number>(&self, parameters: &[T], input: &[T], batch: usize) -> Vec<Vec<T>> {
        let mut outs: Vec<Vec<T>> = Vec::with_capacity(self.layers.len());
        for (place, layer) in self.layers.iter().enumerate() {
            let mut out = vec![T::ZERO; layer.outputs * batch];
            layer.forward(parameters, outs.last().map_or(input, Vec::as_slice), batch, false, &mut out);
            if place + 1 < self.layers.len() {
                self.bend.apply(&mut out);
            }
            outs.push(out);
        }
        outs
    }

    /// Adds to the gradient of parameters, given the gradient of what came out.
    pub(crate) fn backward<T: Number>(
        &self,
        parameters: &[T],
        gradient: &mut [T],
        (input, outs): (&[T], &[Vec<T>]),
        batch: usize,
        mut slope: Vec<T>,
    ) {
        for (place, layer) in self.layers.iter().enumerate().rev() {
            let Some(below) = place.checked_sub(1).map(|below| &outs[below]) else {
                layer.backward(parameters, gradient, (input, &slope), batch, None);
                return;
            };
            let mut into = vec![T::ZERO; below.len()];
            layer.backward(parameters, gradient, (below, &slope), batch, Some(&mut into));
            self.bend.backward(below, &mut into);
            slope = into;
        }
    }
}
