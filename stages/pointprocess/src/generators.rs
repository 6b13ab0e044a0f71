//! Networks to simulate: random ones of any density, and the Mexican hat.
//!
//! | wiring | probability of a connection |
//! |---|---|
//! | `Everywhere` | the density (Erdos-Renyi) |
//! | `Distance` | density exp(-d^2 / (2 l^2)), d the distance on a ring of neurons |
//! | `Complementary` | the density, 0.5 at most: see below |
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
//! spikeometric's generators of normal and uniform weights draw half as many rows as there are neurons, w_ij with probability
//! twice the density and else 0, and give neuron i the positive weights of its row, neuron i + n/2 the negative ones: both
//! have targets that exclude each other, and the density is 0.5 at most. `Complementary` does the same; with the other
//! wirings all connections are independent. The numbers of a source follow from the key, the number of the network and that
//! of the source alone.
//!
//! [`Recipe`] is either of both as values that can be set by name.

mod recipe;

use lapicque_numerics::random::{Generator, StreamKey};
use serde::Serialize;

pub use recipe::Recipe;

use crate::error::PointProcessError;
use crate::memory;
use crate::model::{above_zero, due, finite};
use crate::network::Network;

/// Which neurons are connected, and how.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub enum Wiring {
    /// Anywhere, with the same probability.
    Everywhere,
    /// As spikeometric has it: neurons i and i + n/2 share a row, of which one has the positive and one the negative
    /// weights. It decides who excites, and needs an even number of neurons.
    Complementary,
    /// Near, on a ring of neurons.
    Distance {
        /// l (neurons).
        length: f64,
    },
}

/// How strong connections are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
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
        let key = key.derive("connectivity").derive(&network.to_string());
        let connections = self.connections(&key, &|| true)?;
        let edges: Vec<_> = connections.into_iter().map(|(i, j, w)| (i as usize, j as usize, w)).collect();
        Network::from_edges(self.neurons, &edges)
    }

    /// Its connections (source, target, weight), drawn from this key; `go_on` is asked now and then.
    ///
    /// # Errors
    /// A field outside of its range, more than fits into memory, or a `go_on` that says no.
    pub fn connections(
        &self,
        key: &StreamKey,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Vec<(u32, u32, f64)>, PointProcessError> {
        self.check()?;
        let key = key.derive("source");
        let n = self.neurons;
        let scale = if self.glorot { 1.0 / (n as f64).sqrt() } else { 1.0 };
        let excitatory = self.excitatory();
        let rows = if self.wiring == Wiring::Complementary { n / 2 } else { n };
        let mut connections = Vec::new();
        for row in 0..rows {
            if row.is_multiple_of(64) && !go_on() {
                return Err(PointProcessError::Cancelled);
            }
            let mut generator = key.at(row as u64);
            for target in self.targets(row, &mut generator) {
                let weight = scale * self.weights.draw(&mut generator);
                let (source, weight) = match excitatory {
                    _ if self.wiring == Wiring::Complementary => (if weight > 0.0 { row } else { row + n / 2 }, weight),
                    None => (row, weight),
                    Some(excitatory) if row < excitatory => (row, weight.abs()),
                    Some(_) => (row, -weight.abs()),
                };
                if source != target {
                    connections.push((source as u32, target as u32, weight));
                }
            }
        }
        Ok(connections)
    }

    /// How many neurons excite, the first ones, where each either excites or inhibits.
    pub fn excitatory(&self) -> Option<usize> {
        match self.wiring {
            Wiring::Complementary => Some(self.neurons / 2),
            _ => self.excitatory_part.map(|part| (part * self.neurons as f64).round() as usize),
        }
    }

    /// How many connections there are on average.
    pub fn expected_connections(&self) -> f64 {
        let n = self.neurons as f64;
        let possible = (n - 1.0).max(0.0);
        let per_source = match self.wiring {
            Wiring::Everywhere | Wiring::Complementary => possible,
            Wiring::Distance { length } => possible.min(length * std::f64::consts::TAU.sqrt()),
        };
        n * per_source * self.density
    }

    fn check(&self) -> Result<(), PointProcessError> {
        let is_part = |value: f64| (0.0..=1.0).contains(&value);
        due("density", self.density, is_part(self.density), "a part from 0 to 1 is due")?;
        if self.wiring == Wiring::Complementary {
            let n = self.neurons as f64;
            due("neurons", n, self.neurons.is_multiple_of(2), "complementary targets need an even number")?;
            due("density", self.density, self.density <= 0.5, "complementary targets allow 0.5 at most")?;
        }
        if let Some(part) = self.excitatory_part {
            due("excitatory_part", part, is_part(part), "a part from 0 to 1 is due")?;
        }
        if let Wiring::Distance { length } = self.wiring {
            above_zero("length", length)?;
        }
        self.check_weights()?;
        memory::connections(self.neurons, self.expected_connections())
    }

    fn check_weights(&self) -> Result<(), PointProcessError> {
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
            // Half of the weights of a row are those of one neuron.
            Wiring::Complementary => (0..n).filter(|_| generator.uniform() < 2.0 * self.density).collect(),
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
                // Beyond 9 l probabilities are below the smallest uniform number above 0.
                let reach = (9.0 * length).ceil();
                let nearest = if reach >= (n / 2) as f64 { 0..n } else { n - reach as usize..n + reach as usize + 1 };
                let targets = nearest.map(|place| if reach >= (n / 2) as f64 { place } else { (source + place) % n });
                targets.filter(|&target| target != source && generator.uniform() < probability(target)).collect()
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
/// A field outside of its range, more than fits into memory.
pub fn mexican_hat(neurons: usize, a: f64, s1: f64, s2: f64) -> Result<Network, PointProcessError> {
    let connections = mexican_hat_connections(neurons, a, s1, s2)?;
    let edges: Vec<_> = connections.into_iter().map(|(i, j, w)| (i as usize, j as usize, w)).collect();
    Network::from_edges(neurons, &edges)
}

/// The connections (source, target, weight) of [`mexican_hat`].
///
/// # Errors
/// Those of [`mexican_hat`].
pub fn mexican_hat_connections(
    neurons: usize,
    a: f64,
    s1: f64,
    s2: f64,
) -> Result<Vec<(u32, u32, f64)>, PointProcessError> {
    finite("a", a)?;
    above_zero("sigma_1", s1)?;
    above_zero("sigma_2", s2)?;
    memory::connections(neurons, neurons as f64 * neurons.saturating_sub(1) as f64)?;
    let weight = |d: f64| libm::exp(-d * d / (2.0 * s1 * s1)) - a * libm::exp(-d * d / (2.0 * s2 * s2));
    let pairs = (0..neurons).flat_map(|i| (0..neurons).filter(move |&j| i != j).map(move |j| (i, j)));
    Ok(pairs.map(|(i, j)| (i as u32, j as u32, weight(ring_distance(i, j, neurons)))).collect())
}

fn ring_distance(i: usize, j: usize, n: usize) -> f64 {
    let apart = i.abs_diff(j);
    apart.min(n - apart) as f64
}

#[cfg(test)]
mod tests;
