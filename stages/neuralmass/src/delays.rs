//! How the delays of a network fit into steps and into a run: what is worth a remark.

use crate::Description;
use crate::simulation::Values;

/// Parts of a step that two times may differ by and be the same.
const SAME: f64 = 1e-6;

/// Delays of connections whose weight is not 0.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Delays {
    /// How many connections there are.
    pub connections: usize,
    /// How many of their delays are no whole number of steps.
    pub rounded: usize,
    /// By how much the rounding changes a delay, at most.
    pub largest_rounding_ms: f64,
    /// Before rounding.
    pub longest_ms: f64,
}

/// Delays of a connectome; weights and lengths as for [`Network::new`](crate::network::Network::new).
pub fn of_connections(weights: &[f64], lengths_mm: &[f64], speed_mm_per_ms: f64, time_step_ms: f64) -> Delays {
    let mut delays = Delays::default();
    for (_, length) in weights.iter().zip(lengths_mm).filter(|(weight, _)| **weight != 0.0) {
        let delay_ms = length / speed_mm_per_ms;
        let off = off_ms(delay_ms, time_step_ms);
        delays.connections += 1;
        delays.longest_ms = delays.longest_ms.max(delay_ms);
        if off > SAME * time_step_ms {
            delays.rounded += 1;
            delays.largest_rounding_ms = delays.largest_rounding_ms.max(off);
        }
    }
    delays
}

/// Delays within nodes that are no whole number of steps, by the name of their parameter: each value and what it becomes,
/// in ms.
pub fn rounded_within(
    description: &Description,
    parameters: &[Values],
    time_step_ms: f64,
) -> Vec<(&'static str, f64, f64)> {
    let mut rounded = Vec::new();
    for &(_, place) in &description.delayed {
        let values = match &parameters[place] {
            Values::Same(value) => std::slice::from_ref(value),
            Values::PerNode(values) => values,
        };
        for &delay_ms in values {
            let found = (
                description.parameters[place].name,
                delay_ms,
                (delay_ms / time_step_ms).round_ties_even() * time_step_ms,
            );
            if off_ms(delay_ms, time_step_ms) > SAME * time_step_ms && !rounded.contains(&found) {
                rounded.push(found);
            }
        }
    }
    rounded
}

fn off_ms(delay_ms: f64, time_step_ms: f64) -> f64 {
    (delay_ms - (delay_ms / time_step_ms).round_ties_even() * time_step_ms).abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Model;
    use crate::models::aln::Aln;

    #[test]
    fn only_what_is_connected_counts() {
        let weights = [0.0, 1.0, 2.0, 0.0];
        let delays = of_connections(&weights, &[9.99, 3.0, 30.4, 1e6], 10.0, 0.1);
        assert_eq!((delays.connections, delays.rounded, delays.longest_ms), (2, 1, 3.04));
        assert!((delays.largest_rounding_ms - 0.04).abs() < 1e-12);
        // 0.3 is no float, but three steps.
        assert_eq!(of_connections(&[1.0], &[3.0], 10.0, 0.1).rounded, 0);
        assert_eq!(of_connections(&[], &[], 10.0, 0.1), Delays::default());
    }

    #[test]
    fn delays_within_nodes_are_told_once_for_each_value() {
        let description = Aln::default().description();
        let mut parameters: Vec<Values> = description.parameters.iter().map(|p| Values::Same(p.default)).collect();
        assert_eq!(rounded_within(&description, &parameters, 0.1), []);
        parameters[10] = Values::PerNode(vec![4.0, 4.04, 4.04]);
        let rounded = rounded_within(&description, &parameters, 0.1);
        assert_eq!((rounded.len(), rounded[0].0, rounded[0].1), (1, "de", 4.04));
        assert!((rounded[0].2 - 4.0).abs() < 1e-12);
    }
}
