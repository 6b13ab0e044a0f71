//! Networks as values that can be set by name.
//!
//! | value | unit | of | meaning |
//! |---|---|---|---|
//! | neurons | 1 | all | how many |
//! | density | 1 | random | part of the possible connections that exist |
//! | excitatory_part | 1 | random, Dale's law | part of the neurons that excite |
//! | length | 1 | distance | l (neurons) |
//! | weight | 1 | constant | the weight |
//! | mean, sd | 1 | normal | of the weights, before signs |
//! | low, high | 1 | uniform | of the weights, before signs |
//! | mu, sigma | 1 | lognormal | of the logarithm of the weights |
//! | a, sigma_1, sigma_2 | 1 | Mexican hat | depth, and the widths in neurons |

use lapicque_numerics::random::StreamKey;
use lapicque_units::{Entry, ModelKey, Range, SetError, Settable};
use serde::Serialize;

use super::{RandomNetwork, Weights, Wiring, mexican_hat_connections};
use crate::error::PointProcessError;

/// How a network is made.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipe {
    /// Drawn.
    Random(RandomNetwork),
    /// [`super::mexican_hat`].
    MexicanHat {
        /// How many neurons.
        neurons: usize,
        /// a.
        a: f64,
        /// s1 (neurons).
        sigma_1: f64,
        /// s2 (neurons).
        sigma_2: f64,
    },
}

impl Recipe {
    /// How many neurons there are.
    pub fn neurons(&self) -> usize {
        match self {
            Self::Random(RandomNetwork { neurons, .. }) | Self::MexicanHat { neurons, .. } => *neurons,
        }
    }

    /// How many neurons excite, the first ones, where each either excites or inhibits.
    pub fn excitatory(&self) -> Option<usize> {
        match self {
            Self::Random(random) => random.excitatory(),
            Self::MexicanHat { .. } => None,
        }
    }

    /// The connections (source, target, weight), drawn from this key; `go_on` is asked now and then.
    ///
    /// # Errors
    /// A value outside of its range, more than fits into memory, or a `go_on` that says no.
    pub fn connections(
        &self,
        key: &StreamKey,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Vec<(u32, u32, f64)>, PointProcessError> {
        match *self {
            Self::Random(ref random) => random.connections(key, go_on),
            Self::MexicanHat { neurons, a, sigma_1, sigma_2 } => mexican_hat_connections(neurons, a, sigma_1, sigma_2),
        }
    }

    /// A value by its name, with its range.
    fn values(&mut self) -> Vec<(&'static str, Range, &mut f64)> {
        match self {
            Self::MexicanHat { a, sigma_1, sigma_2, .. } => {
                vec![("a", Range::Any, a), ("sigma_1", Range::Positive, sigma_1), ("sigma_2", Range::Positive, sigma_2)]
            }
            Self::Random(RandomNetwork { density, wiring, weights, excitatory_part, .. }) => {
                let mut values = vec![("density", Range::Fraction, density)];
                values.extend(excitatory_part.as_mut().map(|part| ("excitatory_part", Range::Fraction, part)));
                if let Wiring::Distance { length } = wiring {
                    values.push(("length", Range::Positive, length));
                }
                match weights {
                    Weights::Constant(weight) => values.push(("weight", Range::Any, weight)),
                    Weights::Normal { mean, sd } => {
                        values.extend([("mean", Range::Any, mean), ("sd", Range::NonNegative, sd)]);
                    }
                    Weights::Uniform { low, high } => {
                        values.extend([("low", Range::Any, low), ("high", Range::Any, high)]);
                    }
                    Weights::Lognormal { mu, sigma } => {
                        values.extend([("mu", Range::Any, mu), ("sigma", Range::NonNegative, sigma)]);
                    }
                }
                values
            }
        }
    }
}

const NEURONS: Range = Range::Whole { min: 0, max: u32::MAX as u64 };

impl Settable for Recipe {
    type Error = PointProcessError;
    const NAME: &'static str = "the network";

    fn entries(&self) -> Vec<Entry> {
        let mut copy = *self;
        let neurons = Entry::new("neurons", "1", self.neurons() as f64, NEURONS);
        let values = copy.values().into_iter().map(|(path, range, value)| Entry::new(path, "1", *value, range));
        std::iter::once(neurons).chain(values).collect()
    }

    fn set(&mut self, path: &str, value: f64) -> Result<(), PointProcessError> {
        self.entry(path).ok_or_else(|| SetError::unknown(path))?.admits(value)?;
        match self {
            Self::Random(RandomNetwork { neurons, .. }) | Self::MexicanHat { neurons, .. } if path == "neurons" => {
                *neurons = value as usize;
            }
            _ => {
                let found = self.values().into_iter().find(|(name, ..)| *name == path);
                *found.ok_or_else(|| SetError::unknown(path))?.2 = value;
            }
        }
        Ok(())
    }

    fn check(&mut self) -> Result<(), PointProcessError> {
        match *self {
            Self::Random(random) => random.check(),
            Self::MexicanHat { neurons, .. } => {
                crate::memory::connections(neurons, neurons as f64 * neurons.saturating_sub(1) as f64)
            }
        }
    }

    fn canonical(&self, swept: &[&str]) -> impl Serialize {
        ModelKey { model: *self, swept: swept.iter().map(|&name| name.to_owned()).collect::<Vec<_>>() }
    }
}
