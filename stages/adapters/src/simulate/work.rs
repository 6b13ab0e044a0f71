//! What a simulation costs beside another: updates of neurons and deliveries of spikes, which take about the same time each. Nothing else depends on it.

use lapicque_network::{Network, Rule};

/// Activity is not known beforehand; cortical networks fire at a few spikes per second.
const TYPICAL_RATE_HZ: f64 = 5.0;

/// Updates and deliveries over `duration_ms` in steps of `time_step_ms`.
pub(super) fn work(network: &Network, duration_ms: f64, time_step_ms: f64) -> f64 {
    let neurons: f64 = network.populations.iter().map(|population| f64::from(population.size)).sum();
    let size = |name: &str| network.population(name).map_or(0.0, |population| f64::from(population.size));
    let synapses = network.connections.iter().map(|connection| {
        let (pre, post) = (size(&connection.pre), size(&connection.post));
        match connection.rule {
            Rule::Probability { p, .. } => p * pre * post,
            Rule::InDegree { k, .. } => k * post,
            Rule::Total { n, .. } => n as f64,
            Rule::AllToAll { .. } => pre * post,
            Rule::OneToOne => pre.min(post),
        }
    });
    neurons * duration_ms / time_step_ms + synapses.sum::<f64>() * TYPICAL_RATE_HZ * duration_ms / 1e3
}
