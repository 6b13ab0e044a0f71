//! Parameters of the neurons of a population, drawn where the description has distributions.

use lapicque_network::{Drive, NeuronModel, Population};
use lapicque_numerics::grid::TimeGrid;
use lapicque_numerics::random::StreamKey;

use super::coefficients::Coefficients;
use crate::draw::Sampler;
use crate::error::SimulationError;

/// What the neurons of a population are drawn from.
pub(crate) struct Drawing<'a> {
    population: &'a Population,
    grid: TimeGrid,
    key: StreamKey,
}

impl<'a> Drawing<'a> {
    /// Each parameter has a stream of its own below `key`.
    pub(crate) fn new(population: &'a Population, grid: TimeGrid, key: StreamKey) -> Self {
        Self { population, grid, key }
    }

    pub(crate) fn model(&self) -> NeuronModel {
        self.population.neuron.model
    }

    pub(crate) fn size(&self) -> usize {
        self.population.size as usize
    }

    pub(crate) fn grid(&self) -> TimeGrid {
        self.grid
    }

    /// The sum of the constant drives.
    pub(crate) fn current_pa(&self) -> f64 {
        let amplitude = |drive: &Drive| match drive {
            Drive::Current { amplitude_pa } => *amplitude_pa,
            Drive::Poisson { .. } => 0.0,
        };
        self.population.drives.iter().map(amplitude).sum()
    }

    /// Of a value of the population, for errors.
    pub(crate) fn path(&self, symbol: &str) -> String {
        format!("populations.{}.{symbol}", self.population.name)
    }

    /// The values of a parameter in the unit of its description; where the description has none, the default.
    pub(crate) fn values(&self, symbol: &str) -> Result<Coefficients<f64>, SimulationError> {
        let Some(distribution) = self.population.neuron.parameters.get(symbol) else {
            return Ok(Coefficients::Same(self.model().parameter(symbol).map_or(0.0, |spec| spec.default)));
        };
        let sampler = Sampler::new(distribution, self.path(symbol));
        if let Some(value) = sampler.constant() {
            return Ok(Coefficients::Same(value));
        }
        let key = self.key.derive(symbol);
        let each: Result<Vec<f64>, _> =
            (0..u64::from(self.population.size)).map(|neuron| sampler.draw(&mut key.at(neuron))).collect();
        each.map(Coefficients::Each)
    }
}
