//! Networks to simulate: random ones of any density, and the Mexican hat.
//!
//! | wiring | probability of a connection |
//! |---|---|
//! | `Everywhere` | the density (Erdos-Renyi) |
//! | `Distance` | density exp(-d^2 / (2 l^2)), d the distance on a ring of neurons |
//!
//! | weights | distribution |
//! |---|---|
//! | `Constant` | one value |
//! | `Normal` | mean and standard deviation |
//! | `Uniform` | from `low` to `high` |
//! | `Lognormal` | exp of a normal number with mean mu and standard deviation sigma |
//!
//! With an excitatory part f the first f n neurons (rounded) have weights |w|, the others -|w|: Dale's law, with half-normal
//! weights where the mean is 0. With `glorot`, weights are divided by sqrt(n). No neuron acts on itself.
//!
//! spikeometric's generator of normal weights gives neurons i and i + n/2 complementary targets, so that its density is 0.5
//! at most; here all connections are independent. The numbers of a source follow from the key, the number of the network
//! and that of the source alone.

use lapicque_numerics::random::{Generator, StreamKey};

use crate::error::PointProcessError;
use crate::model::{above_zero, due, finite};
use crate::network::Network;

/// Which neurons are connected, and how.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RandomNetwork {
    /// How many neurons.
    pub neurons: usize,
    /// Part of the possible connections that exist.
    pub density: f64,
    /// Where they are.
    pub wiring: Wiring,
    /// How strong they are.
    pub weights: Weights,
    /// Part of the neurons that excite, if each either excites or inhibits.
    pub excitatory_part: Option<f64>,
    /// Whether weights are divided by the square root of the number of neurons.
    pub glorot: bool,
}

/// Where connections are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Wiring {
    /// Anywhere, with the same probability.
    Everywhere,
    /// Near, on a ring of neurons.
    Distance {
        /// l (neurons).
        length: f64,
    },
}

/// How strong connections are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Weights {
    /// All alike.
    Constant(f64),
    /// Normal.
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        sd: f64,
    },
    /// Uniform.
    Uniform {
        /// Lowest.
        low: f64,
        /// Highest.
        high: f64,
    },
    /// Lognormal.
    Lognormal {
        /// Mean of the logarithm.
        mu: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
}

impl RandomNetwork {
    /// Network number `network` (from 0) of those that the key names.
    ///
    /// # Errors
    /// A field outside of its range.
    pub fn generate(&self, key: &StreamKey, network: u64) -> Result<Network, PointProcessError> {
        self.check()?;
        let key = key.derive("connectivity").derive(&network.to_string()).derive("source");
        let n = self.neurons;
        let scale = if self.glorot { 1.0 / (n as f64).sqrt() } else { 1.0 };
        let excitatory = self.excitatory_part.map(|part| (part * n as f64).round() as usize);
        let mut edges = Vec::new();
        for source in 0..n {
            let mut generator = key.at(source as u64);
            for target in self.targets(source, &mut generator) {
                let weight = scale * self.weights.draw(&mut generator);
                let weight = match excitatory {
                    None => weight,
                    Some(excitatory) if source < excitatory => weight.abs(),
                    Some(_) => -weight.abs(),
                };
                edges.push((source, target, weight));
            }
        }
        Network::from_edges(n, &edges)
    }

    fn check(&self) -> Result<(), PointProcessError> {
        let is_part = |value: f64| (0.0..=1.0).contains(&value);
        due("density", self.density, is_part(self.density), "a part from 0 to 1 is due")?;
        if let Some(part) = self.excitatory_part {
            due("excitatory_part", part, is_part(part), "a part from 0 to 1 is due")?;
        }
        if let Wiring::Distance { length } = self.wiring {
            above_zero("length", length)?;
        }
        match self.weights {
            Weights::Constant(value) => finite("weight", value),
            Weights::Normal { mean, sd } => {
                finite("mean", mean)?;
                due("sd", sd, sd >= 0.0, "a finite number of 0 or above is due")
            }
            Weights::Uniform { low, high } => {
                finite("low", low)?;
                due("high", high, high >= low, "a finite number that is not below `low` is due")
            }
            Weights::Lognormal { mu, sigma } => {
                finite("mu", mu)?;
                due("sigma", sigma, sigma >= 0.0, "a finite number of 0 or above is due")
            }
        }
    }

    fn targets(&self, source: usize, generator: &mut Generator) -> Vec<usize> {
        let n = self.neurons;
        match self.wiring {
            _ if self.density == 0.0 => Vec::new(),
            Wiring::Everywhere => {
                let others = n.saturating_sub(1);
                // Gaps between connections are geometric, so that the cost is that of the connections.
                let per_gap = 1.0 / libm::log1p(-self.density);
                let mut targets = Vec::new();
                let mut place = 0.0;
                loop {
                    place += (libm::log(generator.uniform_above_zero()) * per_gap).floor();
                    if place >= others as f64 {
                        return targets;
                    }
                    let other = place as usize;
                    targets.push(other + usize::from(other >= source));
                    place += 1.0;
                }
            }
            Wiring::Distance { length } => {
                let probability = |target: usize| {
                    self.density * libm::exp(-ring_distance(source, target, n).powi(2) / (2.0 * length * length))
                };
                (0..n).filter(|&target| target != source && generator.uniform() < probability(target)).collect()
            }
        }
    }
}

impl Weights {
    fn draw(self, generator: &mut Generator) -> f64 {
        match self {
            Self::Constant(value) => value,
            Self::Normal { mean, sd } => mean + sd * generator.normal(),
            Self::Uniform { low, high } => low + (high - low) * generator.uniform(),
            Self::Lognormal { mu, sigma } => libm::exp(mu + sigma * generator.normal()),
        }
    }
}

/// A ring of neurons with exp(-d^2 / (2 s1^2)) - a exp(-d^2 / (2 s2^2)) between any two of distance d, none with itself.
///
/// # Errors
/// A field outside of its range.
pub fn mexican_hat(neurons: usize, a: f64, s1: f64, s2: f64) -> Result<Network, PointProcessError> {
    finite("a", a)?;
    above_zero("sigma_1", s1)?;
    above_zero("sigma_2", s2)?;
    let weight = |d: f64| libm::exp(-d * d / (2.0 * s1 * s1)) - a * libm::exp(-d * d / (2.0 * s2 * s2));
    let pairs = (0..neurons).flat_map(|i| (0..neurons).filter(move |&j| i != j).map(move |j| (i, j)));
    let edges: Vec<_> = pairs.map(|(i, j)| (i, j, weight(ring_distance(i, j, neurons)))).collect();
    Network::from_edges(neurons, &edges)
}

fn ring_distance(i: usize, j: usize, n: usize) -> f64 {
    let apart = i.abs_diff(j);
    apart.min(n - apart) as f64
}

#[cfg(test)]
mod tests;
