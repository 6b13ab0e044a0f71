//! Mixture density networks (Bishop 1994): a network gives a mixture of Gaussians with full covariance.
//!
//! For component k with weight w_k, mean m_k and the lower triangle L_k of its precision matrix, L_k^T L_k:
//! q(v | x) = sum_k w_k (2 pi)^(-D / 2) det L_k exp(-|L_k (v - m_k)|^2 / 2). Weights are a softmax; diagonals of L_k are made positive.

use lapicque_numerics::random::Generator;

use crate::descent::Batch;
use crate::layers::{Bend, Perceptron};
use crate::number::Number;
use crate::positive::positive;
use crate::settings::MixtureDensityNetwork;

/// 0.5 ln(2 pi).
const HALF_LN_TAU: f64 = 0.918_938_533_204_672_7;

/// Where the parts of a mixture stand among what the network gives: all logits of weights, then for each component its mean, its logits of the diagonal, and its
/// entries below the diagonal, row after row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mixture {
    value_count: usize,
    components: usize,
    network: Perceptron,
}

impl Mixture {
    pub(crate) fn new(settings: &MixtureDensityNetwork, value_count: usize, context_count: usize) -> Self {
        let components = settings.components;
        let outputs = components * (1 + Self::width(value_count));
        Self { value_count, components, network: Perceptron::new(context_count, &settings.hidden, outputs, Bend::Tanh) }
    }

    /// Numbers per component without its weight.
    fn width(value_count: usize) -> usize {
        2 * value_count + value_count * value_count.saturating_sub(1) / 2
    }

    pub(crate) fn parameter_count(&self) -> usize {
        self.network.parameter_count()
    }

    pub(crate) fn initial<T: Number>(&self, generator: &mut Generator) -> Vec<T> {
        let mut parameters = vec![T::ZERO; self.parameter_count()];
        for layer in &self.network.layers {
            layer.initialize(&mut parameters, layer.default_bound(), generator);
        }
        // Means apart from each other: equal components would stay equal.
        if let Some(last) = self.network.layers.last() {
            for component in 0..self.components {
                let start = last.biases().start + self.components + component * Self::width(self.value_count);
                for mean in &mut parameters[start..start + self.value_count] {
                    *mean = T::of(0.5 * generator.normal());
                }
            }
        }
        parameters
    }

    /// The log density of each column of a batch. Where a gradient is given, that of minus their sum is added to it.
    pub(crate) fn log_density<T: Number>(
        &self,
        parameters: &[T],
        batch: &Batch<T>,
        gradient: Option<&mut [T]>,
    ) -> Vec<T> {
        let count = batch.count;
        let outs = self.network.forward(parameters, &batch.contexts, count);
        let out = outs.last().map_or(&[][..], Vec::as_slice);
        let mut slopes = vec![T::ZERO; if gradient.is_some() { out.len() } else { 0 }];
        let mut work = Work::new(self);
        let mut densities = Vec::with_capacity(count);
        for column in 0..count {
            work.read(out, &batch.values, (column, count));
            densities.push(work.log_density(self));
            if gradient.is_some() {
                work.slopes(self);
                for (row, slope) in work.slope.iter().enumerate() {
                    slopes[row * count + column] = *slope;
                }
            }
        }
        if let Some(gradient) = gradient {
            self.network.backward(parameters, gradient, (&batch.contexts, &outs), count, slopes);
        }
        densities
    }

    /// Values (`value_count x count`) from standard normal numbers of the same shape, and a uniform one per column that chooses the component.
    pub(crate) fn draw<T: Number>(
        &self,
        parameters: &[T],
        contexts: &[T],
        (normals, uniforms): (&[T], &[f64]),
    ) -> Vec<T> {
        let count = uniforms.len();
        let outs = self.network.forward(parameters, contexts, count);
        let out = outs.last().map_or(&[][..], Vec::as_slice);
        let mut work = Work::new(self);
        let mut values = vec![T::ZERO; self.value_count * count];
        for (column, &uniform) in uniforms.iter().enumerate() {
            work.read(out, normals, (column, count));
            let component = work.chosen(self, uniform);
            let start = self.components + component * Self::width(self.value_count);
            let (mean, rest) = work.out[start..].split_at(self.value_count);
            let (diagonal, below) = rest.split_at(self.value_count);
            // L e = n, from the top.
            let mut at = 0;
            for row in 0..self.value_count {
                let mut left = work.value[row];
                for earlier in 0..row {
                    left -= below[at + earlier] * work.offset[earlier];
                }
                at += row;
                work.offset[row] = left / positive(diagonal[row]).0;
                values[row * count + column] = mean[row] + work.offset[row];
            }
        }
        values
    }
}

/// What is computed for one column.
struct Work<T> {
    out: Vec<T>,
    value: Vec<T>,
    /// Of the softmax of the weights' logits.
    weights: Vec<T>,
    /// Share of each component in the density.
    shares: Vec<T>,
    /// Value less mean, of one component.
    offset: Vec<T>,
    slope: Vec<T>,
}

impl<T: Number> Work<T> {
    fn new(mixture: &Mixture) -> Self {
        let outputs = mixture.components * (1 + Mixture::width(mixture.value_count));
        Self {
            out: vec![T::ZERO; outputs],
            value: vec![T::ZERO; mixture.value_count],
            weights: vec![T::ZERO; mixture.components],
            shares: vec![T::ZERO; mixture.components],
            offset: vec![T::ZERO; mixture.value_count],
            slope: vec![T::ZERO; outputs],
        }
    }

    fn read(&mut self, out: &[T], values: &[T], (column, count): (usize, usize)) {
        for (row, number) in self.out.iter_mut().enumerate() {
            *number = out[row * count + column];
        }
        for (row, number) in self.value.iter_mut().enumerate() {
            *number = values[row * count + column];
        }
    }

    fn log_density(&mut self, mixture: &Mixture) -> T {
        let width = Mixture::width(mixture.value_count);
        let constant = T::of(HALF_LN_TAU * mixture.value_count as f64);
        self.weights.copy_from_slice(&self.out[..mixture.components]);
        let weight_total = softmax(&mut self.weights);
        for component in 0..mixture.components {
            let start = mixture.components + component * width;
            let (log_determinant, square) = self.distance(&mixture.value_count, start);
            self.shares[component] = self.out[component] + log_determinant - square * T::of(0.5) - constant;
        }
        softmax(&mut self.shares) - weight_total
    }

    /// The logarithm of the determinant of L, and |L (v - m)|^2, for the component whose numbers start there.
    fn distance(&mut self, value_count: &usize, start: usize) -> (T, T) {
        let count = *value_count;
        let numbers = &self.out[start..];
        let (mut log_determinant, mut square) = (T::ZERO, T::ZERO);
        let mut at = 2 * count;
        for row in 0..count {
            self.offset[row] = self.value[row] - numbers[row];
            let (scale, _) = positive(numbers[count + row]);
            let mut z = scale * self.offset[row];
            for earlier in 0..row {
                z += numbers[at + earlier] * self.offset[earlier];
            }
            at += row;
            log_determinant += scale.ln();
            square += z * z;
        }
        (log_determinant, square)
    }

    /// The gradient of minus the log density, after [`Work::log_density`].
    fn slopes(&mut self, mixture: &Mixture) {
        let count = mixture.value_count;
        let width = Mixture::width(count);
        for component in 0..mixture.components {
            let share = self.shares[component];
            self.slope[component] = self.weights[component] - share;
            let start = mixture.components + component * width;
            let numbers = &self.out[start..start + width];
            let slope = &mut self.slope[start..start + width];
            slope.fill(T::ZERO);
            let mut at = 2 * count;
            for row in 0..count {
                self.offset[row] = self.value[row] - numbers[row];
                let (scale, scale_slope) = positive(numbers[count + row]);
                let mut z = scale * self.offset[row];
                for earlier in 0..row {
                    z += numbers[at + earlier] * self.offset[earlier];
                }
                let pull = share * z;
                slope[count + row] = (pull * self.offset[row] - share / scale) * scale_slope;
                slope[row] -= pull * scale;
                for earlier in 0..row {
                    slope[at + earlier] = pull * self.offset[earlier];
                    slope[earlier] -= pull * numbers[at + earlier];
                }
                at += row;
            }
        }
    }

    fn chosen(&mut self, mixture: &Mixture, uniform: f64) -> usize {
        self.weights.copy_from_slice(&self.out[..mixture.components]);
        softmax(&mut self.weights);
        let mut left = uniform;
        for (component, weight) in self.weights.iter().enumerate() {
            left -= weight.wide();
            if left < 0.0 {
                return component;
            }
        }
        mixture.components - 1
    }
}

/// Replaces logits by probabilities, and gives the logarithm of the sum of their exponentials.
fn softmax<T: Number>(logits: &mut [T]) -> T {
    let highest = logits.iter().copied().fold(logits[0], T::max);
    logits.iter_mut().for_each(|logit| *logit = (*logit - highest).exp());
    let total: T = logits.iter().copied().sum();
    logits.iter_mut().for_each(|logit| *logit = *logit / total);
    highest + total.ln()
}
