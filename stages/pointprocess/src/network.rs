//! Who acts on whom: connections, sorted by their sources.

use crate::error::PointProcessError;

/// Neurons and their connections.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    neurons: usize,
    /// Where the connections of each source begin, and where the last end.
    starts: Vec<usize>,
    targets: Vec<u32>,
    weights: Vec<f64>,
}

impl Network {
    /// From connections (source, target, weight) in any order; several between two neurons add up.
    ///
    /// # Errors
    /// A neuron that does not exist, a weight that is no number.
    pub fn from_edges(neurons: usize, edges: &[(usize, usize, f64)]) -> Result<Self, PointProcessError> {
        for &(source_neuron, target, found) in edges {
            if let Some(found) = [source_neuron, target].into_iter().find(|&neuron| neuron >= neurons) {
                return Err(PointProcessError::NoSuchNeuron { found, neurons });
            }
            if !found.is_finite() {
                return Err(PointProcessError::Weight { source_neuron, target, found });
            }
        }
        let mut sorted: Vec<&(usize, usize, f64)> = edges.iter().filter(|edge| edge.2 != 0.0).collect();
        sorted.sort_by_key(|edge| (edge.0, edge.1));
        let mut starts = vec![0; neurons + 1];
        for edge in &sorted {
            starts[edge.0 + 1] += 1;
        }
        for neuron in 0..neurons {
            starts[neuron + 1] += starts[neuron];
        }
        let targets = sorted.iter().map(|edge| edge.1 as u32).collect();
        let weights = sorted.iter().map(|edge| edge.2).collect();
        Ok(Self { neurons, starts, targets, weights })
    }

    /// From a matrix whose rows are presynaptic, one row after the other; zeros are no connections.
    ///
    /// # Errors
    /// Another number of values than the square of the number of neurons, a weight that is no number.
    pub fn from_matrix(neurons: usize, weights: &[f64]) -> Result<Self, PointProcessError> {
        if Some(weights.len()) != neurons.checked_mul(neurons) {
            let due = neurons.saturating_mul(neurons);
            return Err(PointProcessError::Length { field: "matrix", found: weights.len(), due });
        }
        let edge =
            |(place, &weight): (usize, &f64)| (weight != 0.0).then(|| (place / neurons, place % neurons, weight));
        Self::from_edges(neurons, &weights.iter().enumerate().filter_map(edge).collect::<Vec<_>>())
    }

    /// How many neurons there are.
    pub fn neurons(&self) -> usize {
        self.neurons
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.targets.len()
    }

    /// Targets and weights of the connections of a neuron; none of one that does not exist.
    pub fn outgoing(&self, neuron: usize) -> (&[u32], &[f64]) {
        match (self.starts.get(neuron), self.starts.get(neuron + 1)) {
            (Some(&from), Some(&to)) => (&self.targets[from..to], &self.weights[from..to]),
            _ => (&[], &[]),
        }
    }
}
