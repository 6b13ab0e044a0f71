//! What a model is: memory, refractoriness, background, link and emission.
//!
//! The drive of neuron i at step t is
//!
//! g_i(t) = r [sum_k ref(k) x_i(t-1-k) + sum_j W_ji s_j(t)] + b_i(t) + E_i(t),
//!
//! where x is what was emitted (times `event_scale`), E the input, and s_j(t) = sum_k c(k) x_j(t-1-k) for a history, or an
//! activation with s <- s (1 - dt / tau) + dt x after each step. The intensity is a function of g (the link), and
//! Lambda = dt times the intensity decides the spikes of a step (the emission).

use serde::Serialize;

use crate::error::PointProcessError;

/// A model of one kind of neuron.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Length of a step (ms).
    pub dt_ms: f64,
    /// What other neurons' spikes do later.
    pub memory: Memory,
    /// ref(k), what a neuron's spike adds to its own drive k + 1 steps later, before the factor r; may be empty.
    pub refractory: Vec<f64>,
    /// r, the factor of all that comes from spikes.
    pub recurrence: f64,
    /// b, what is added to every drive.
    pub background: f64,
    /// How the background fluctuates.
    pub noise: Option<Noise>,
    /// What a spike counts in kernels and activations: 1 but for programs that store something else.
    pub event_scale: f64,
    /// From drive to intensity.
    pub link: Link,
    /// From intensity to spikes.
    pub emission: Emission,
}

/// What remains of earlier spikes.
#[derive(Debug, Clone, PartialEq)]
pub enum Memory {
    /// c(k), the effect of a spike k + 1 steps later, 0 beyond.
    History(Vec<f64>),
    /// An activation that decays, with this time constant tau (ms).
    Activation {
        /// tau (ms).
        tau_ms: f64,
    },
}

/// Sparse noise of the background: b (1 + m n), m one with probability rho and else 0, n normal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// rho.
    pub probability: f64,
    /// Standard deviation of n.
    pub sigma: f64,
    /// b (1 + m n^2) instead, as spikeometric 1.0.3 has it: never below b.
    pub squared: bool,
}

/// From drive to intensity (per ms).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// 1 / (1 + exp(theta - g)).
    Logit {
        /// theta.
        theta: f64,
    },
    /// exp(beta g) / alpha.
    Exponential {
        /// alpha (ms).
        alpha_ms: f64,
        /// beta.
        beta: f64,
    },
    /// lambda0 max(g - theta, 0).
    Rectified {
        /// lambda0, per ms and unit of drive.
        gain: f64,
        /// theta.
        theta: f64,
    },
    /// One spike in every step with g > theta; the intensity is 1 / dt there.
    Threshold {
        /// theta.
        theta: f64,
    },
}

/// From Lambda to the spikes of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Emission {
    /// One with probability Lambda, which must not exceed 1.
    Bernoulli,
    /// A Poisson count of mean Lambda.
    Poisson,
    /// One with probability 1 - exp(-Lambda): right at any step.
    Hazard,
}

impl Model {
    /// Checks every field.
    ///
    /// # Errors
    /// A field outside of its range, or an emission that cannot be.
    pub fn check(&self) -> Result<(), PointProcessError> {
        above_zero("dt", self.dt_ms)?;
        match &self.memory {
            Memory::History(kernel) => kernel.iter().try_for_each(|&value| finite("kernel", value))?,
            Memory::Activation { tau_ms } => {
                above_zero("tau", *tau_ms)?;
                let stable = self.dt_ms < 2.0 * tau_ms;
                due("tau", *tau_ms, stable, "more than half a step is due, or activations grow for ever")?;
            }
        }
        self.refractory.iter().try_for_each(|&value| finite("refractory", value))?;
        finite("recurrence", self.recurrence)?;
        finite("background", self.background)?;
        finite("event_scale", self.event_scale)?;
        if let Some(noise) = &self.noise {
            let free = matches!(self.link, Link::Threshold { .. });
            due("noise probability", noise.probability, free, "noise of the background needs the link threshold")?;
            let is_probability = (0.0..=1.0).contains(&noise.probability);
            due("noise probability", noise.probability, is_probability, "a probability from 0 to 1 is due")?;
            due("noise sigma", noise.sigma, noise.sigma >= 0.0, "a finite number of 0 or above is due")?;
        }
        match self.link {
            Link::Logit { theta } => {
                finite("theta", theta)?;
                let possible = self.emission != Emission::Bernoulli || self.dt_ms <= 1.0;
                due("dt", self.dt_ms, possible, "1 ms at most, or probabilities pass 1; a hazard takes any step")
            }
            Link::Exponential { alpha_ms, beta } => {
                above_zero("alpha", alpha_ms)?;
                finite("beta", beta)
            }
            Link::Rectified { gain, theta } => {
                due("lambda0", gain, gain >= 0.0, "a finite number of 0 or above is due")?;
                finite("theta", theta)
            }
            Link::Threshold { theta } => finite("theta", theta),
        }
    }

    /// How many spikes a step has on average at a drive; where there is one at most, the probability of it.
    pub fn expected_count(&self, drive: f64) -> f64 {
        let per_step = self.per_step(drive);
        match (self.link, self.emission) {
            (Link::Threshold { .. }, _) | (_, Emission::Bernoulli | Emission::Poisson) => per_step,
            (_, Emission::Hazard) => -libm::expm1(-per_step),
        }
    }

    /// Lambda at a drive: the mean count or probability of a step, before the emission's own function.
    pub fn per_step(&self, drive: f64) -> f64 {
        match self.link {
            Link::Logit { theta } => self.dt_ms / (1.0 + libm::exp(theta - drive)),
            Link::Exponential { alpha_ms, beta } => self.dt_ms / alpha_ms * libm::exp(beta * drive),
            Link::Rectified { gain, theta } => gain * self.dt_ms * (drive - theta).max(0.0),
            Link::Threshold { theta } => f64::from(u8::from(drive > theta)),
        }
    }
}

pub(crate) fn due(
    field: &'static str,
    found: f64,
    is_allowed: bool,
    allowed: &'static str,
) -> Result<(), PointProcessError> {
    if is_allowed && found.is_finite() { Ok(()) } else { Err(PointProcessError::OutOfRange { field, found, allowed }) }
}

pub(crate) fn finite(field: &'static str, found: f64) -> Result<(), PointProcessError> {
    due(field, found, true, "a finite number is due")
}

pub(crate) fn above_zero(field: &'static str, found: f64) -> Result<(), PointProcessError> {
    due(field, found, found > 0.0, "a finite number above 0 is due")
}
