//! Parameters of the theory of binary units from the description of a network.

use lapicque_network::{Network, NeuronModel, Synapse, Unsupported};
use nalgebra::DMatrix;

use super::{BinaryParameters, BinaryPopulation};
use crate::network::description::{Pairs, constant, milli, unsupported};

impl BinaryParameters {
    /// Of populations of binary units; `network` must be valid ([`Network::check`]). Delays play no part.
    ///
    /// # Errors
    /// What the theory does not cover, by its path: other neuron models, drives (Poisson trains and currents act on integrate-and-fire neurons),
    /// plastic synapses, thresholds that differ between units.
    pub fn from_network(network: &Network) -> Result<Self, Unsupported> {
        let mut populations = Vec::with_capacity(network.populations.len());
        for population in &network.populations {
            let path = |part: &str| format!("populations.{}.{part}", population.name);
            if population.neuron.model != NeuronModel::Binary {
                return Err(unsupported(path("model"), "a network of binary units has no other neurons"));
            }
            if !population.drives.is_empty() {
                return Err(unsupported(
                    path("drive"),
                    "binary units receive binary units; make the drive a population",
                ));
            }
            let threshold_v = milli(constant(population, "theta")?);
            populations.push(BinaryPopulation { name: population.name.clone(), threshold_v, drives: Vec::new() });
        }
        let mut pairs = Pairs::new(network);
        for connection in &network.connections {
            if connection.synapse != Synapse::Static {
                let path = format!("connections.{}.synapse", connection.name);
                return Err(unsupported(path, "the theory has static synapses only"));
            }
            let (mean, sd) = connection.weight.drawn_mean_and_sd();
            pairs.add(network, connection, milli(mean), milli(sd))?;
        }
        let [in_degree, weight_v, weight_sd_v]: [DMatrix<f64>; 3] = pairs.averages();
        Ok(Self { populations, in_degree, weight_v, weight_sd_v })
    }
}
