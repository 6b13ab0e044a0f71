//! Models that have names, each a setting of the general form.
//!
//! | model | kernel c(k) | refractory ref(k) | link | emission |
//! |---|---|---|---|---|
//! | [`BernoulliGlm`] | exp(-alpha k dt), k < window | a for k < A, then q exp(-beta (k - A) dt) for R steps | logit | Bernoulli |
//! | [`PoissonGlm`] | exp(-k dt / tau), k < window | none | exponential | Poisson |
//! | [`RectifiedLnp`] | exp(-k dt / tau), k < window | none | rectified | Poisson |
//! | [`RectifiedSam`] | activation | none | rectified | Poisson |
//! | [`ThresholdSam`] | activation | none | threshold, sparse noise in the background | certain |
//!
//! [`Compat::Spikeometric`] gives what spikeometric 1.0.3 computes where that is another model: a Poisson count is
//! multiplied by dt before it enters kernels; the relative refractoriness has one step more, cut off at the longer of the
//! coupling window and A + R; the noise of the background is squared.
//!
//! References: M. E. Lepperod, T. Stober, T. Hafting, M. Fyhn, K. P. Kording, Inferring causal connectivity from pairwise
//! recordings and optogenetics, PLoS Comput. Biol. 19 (2023) e1011574, for the Bernoulli model; A. Das, I. R. Fiete,
//! Systematic errors in connectivity inferred from activity in strongly recurrent networks, Nat. Neurosci. 23 (2020) 1286,
//! equations S.5 to S.7, for the others.

use serde::Serialize;

use crate::error::PointProcessError;
use crate::model::{Emission, Link, Memory, Model, Noise, above_zero, due};

/// Whose equations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Compat {
    /// Those of the papers.
    #[default]
    None,
    /// Those of spikeometric 1.0.3.
    Spikeometric,
}

/// Bernoulli GLM with absolute and relative refractoriness. The default is the model of Lepperod et al.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BernoulliGlm {
    /// theta.
    pub theta: f64,
    /// Length of a step (ms).
    pub dt_ms: f64,
    /// Steps that a spike acts on other neurons.
    pub coupling_steps: usize,
    /// Decay of the coupling (per ms).
    pub alpha_per_ms: f64,
    /// Decay of the relative refractoriness (per ms).
    pub beta_per_ms: f64,
    /// A, absolute refractoriness (steps).
    pub absolute_steps: usize,
    /// a.
    pub absolute_strength: f64,
    /// R, relative refractoriness (steps).
    pub relative_steps: usize,
    /// q.
    pub relative_strength: f64,
    /// r.
    pub recurrence: f64,
}

impl Default for BernoulliGlm {
    fn default() -> Self {
        Self {
            theta: 5.0,
            dt_ms: 1.0,
            coupling_steps: 5,
            alpha_per_ms: 0.2,
            beta_per_ms: 0.5,
            absolute_steps: 3,
            absolute_strength: -100.0,
            relative_steps: 7,
            relative_strength: -30.0,
            recurrence: 1.0,
        }
    }
}

impl BernoulliGlm {
    /// The general form.
    ///
    /// # Errors
    /// A field outside of its range.
    pub fn model(&self, compat: Compat) -> Result<Model, PointProcessError> {
        due("alpha", self.alpha_per_ms, self.alpha_per_ms >= 0.0, "a finite number of 0 or above is due")?;
        due("beta", self.beta_per_ms, self.beta_per_ms >= 0.0, "a finite number of 0 or above is due")?;
        checked(self.unchecked(compat))
    }

    pub(crate) fn unchecked(&self, compat: Compat) -> Model {
        let relative = |k: usize| self.relative_strength * libm::exp(-self.beta_per_ms * (k as f64 * self.dt_ms));
        let extra = usize::from(compat == Compat::Spikeometric);
        let mut refractory = vec![self.absolute_strength; self.absolute_steps];
        refractory.extend((0..self.relative_steps + extra).map(relative));
        refractory.truncate(self.coupling_steps.max(self.absolute_steps + self.relative_steps));
        Model {
            dt_ms: self.dt_ms,
            memory: Memory::History(decay(self.coupling_steps, self.alpha_per_ms * self.dt_ms)),
            refractory,
            recurrence: self.recurrence,
            background: 0.0,
            noise: None,
            event_scale: 1.0,
            link: Link::Logit { theta: self.theta },
            emission: Emission::Bernoulli,
        }
    }
}

/// Poisson GLM. The default is the model of Das and Fiete.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PoissonGlm {
    /// alpha (ms).
    pub alpha_ms: f64,
    /// beta.
    pub beta: f64,
    /// Length of a step (ms).
    pub dt_ms: f64,
    /// Steps that a spike acts.
    pub window_steps: usize,
    /// tau (ms).
    pub tau_ms: f64,
    /// r.
    pub recurrence: f64,
    /// b.
    pub background: f64,
}

impl Default for PoissonGlm {
    fn default() -> Self {
        Self {
            alpha_ms: 15.9,
            beta: 10.0,
            dt_ms: 0.1,
            window_steps: 200,
            tau_ms: 10.0,
            recurrence: 0.025,
            background: 0.001,
        }
    }
}

impl PoissonGlm {
    /// The general form.
    ///
    /// # Errors
    /// A field outside of its range.
    pub fn model(&self, compat: Compat) -> Result<Model, PointProcessError> {
        above_zero("tau", self.tau_ms)?;
        let event_scale = if compat == Compat::Spikeometric { self.dt_ms } else { 1.0 };
        checked(Model {
            dt_ms: self.dt_ms,
            memory: Memory::History(decay(self.window_steps, self.dt_ms / self.tau_ms)),
            refractory: Vec::new(),
            recurrence: self.recurrence,
            background: self.background,
            noise: None,
            event_scale,
            link: Link::Exponential { alpha_ms: self.alpha_ms, beta: self.beta },
            emission: Emission::Poisson,
        })
    }
}

/// Rectified linear-nonlinear-Poisson model. The default is the model of Das and Fiete.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RectifiedLnp {
    /// lambda0, per ms and unit of drive.
    pub gain: f64,
    /// theta.
    pub theta: f64,
    /// Length of a step (ms).
    pub dt_ms: f64,
    /// Steps that a spike acts.
    pub window_steps: usize,
    /// tau (ms).
    pub tau_ms: f64,
    /// r.
    pub recurrence: f64,
    /// b.
    pub background: f64,
}

impl Default for RectifiedLnp {
    fn default() -> Self {
        Self {
            gain: 9.8,
            theta: -0.002,
            dt_ms: 0.1,
            window_steps: 200,
            tau_ms: 10.0,
            recurrence: 0.025,
            background: 0.001,
        }
    }
}

impl RectifiedLnp {
    /// The general form.
    ///
    /// # Errors
    /// A field outside of its range.
    pub fn model(&self) -> Result<Model, PointProcessError> {
        above_zero("tau", self.tau_ms)?;
        checked(Model {
            dt_ms: self.dt_ms,
            memory: Memory::History(decay(self.window_steps, self.dt_ms / self.tau_ms)),
            refractory: Vec::new(),
            recurrence: self.recurrence,
            background: self.background,
            noise: None,
            event_scale: 1.0,
            link: Link::Rectified { gain: self.gain, theta: self.theta },
            emission: Emission::Poisson,
        })
    }
}

/// Rectified synaptic activation model. The default is the model of Das and Fiete.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RectifiedSam {
    /// lambda0, per ms and unit of drive.
    pub gain: f64,
    /// theta.
    pub theta: f64,
    /// Length of a step (ms).
    pub dt_ms: f64,
    /// tau (ms).
    pub tau_ms: f64,
    /// r.
    pub recurrence: f64,
    /// b.
    pub background: f64,
}

impl Default for RectifiedSam {
    fn default() -> Self {
        Self { gain: 1.0861, theta: -0.0137, dt_ms: 0.1, tau_ms: 10.0, recurrence: 0.025, background: 0.001 }
    }
}

impl RectifiedSam {
    /// The general form.
    ///
    /// # Errors
    /// A field outside of its range.
    pub fn model(&self) -> Result<Model, PointProcessError> {
        checked(Model {
            dt_ms: self.dt_ms,
            memory: Memory::Activation { tau_ms: self.tau_ms },
            refractory: Vec::new(),
            recurrence: self.recurrence,
            background: self.background,
            noise: None,
            event_scale: 1.0,
            link: Link::Rectified { gain: self.gain, theta: self.theta },
            emission: Emission::Poisson,
        })
    }
}

/// Threshold synaptic activation model. The default is the model of Das and Fiete.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ThresholdSam {
    /// theta.
    pub theta: f64,
    /// Length of a step (ms).
    pub dt_ms: f64,
    /// tau (ms).
    pub tau_ms: f64,
    /// r.
    pub recurrence: f64,
    /// b.
    pub background: f64,
    /// rho, the probability of noise in a step.
    pub noise_probability: f64,
    /// Standard deviation of the noise, as a part of b.
    pub noise_sigma: f64,
}

impl Default for ThresholdSam {
    fn default() -> Self {
        Self {
            theta: 1.378e-3,
            dt_ms: 0.1,
            tau_ms: 10.0,
            recurrence: 0.025,
            background: 0.001,
            noise_probability: 0.07,
            noise_sigma: 0.3,
        }
    }
}

impl ThresholdSam {
    /// The general form.
    ///
    /// # Errors
    /// A field outside of its range.
    pub fn model(&self, compat: Compat) -> Result<Model, PointProcessError> {
        checked(Model {
            dt_ms: self.dt_ms,
            memory: Memory::Activation { tau_ms: self.tau_ms },
            refractory: Vec::new(),
            recurrence: self.recurrence,
            background: self.background,
            noise: Some(Noise {
                probability: self.noise_probability,
                sigma: self.noise_sigma,
                squared: compat == Compat::Spikeometric,
            }),
            event_scale: 1.0,
            link: Link::Threshold { theta: self.theta },
            emission: Emission::Bernoulli,
        })
    }
}

fn decay(steps: usize, per_step: f64) -> Vec<f64> {
    (0..steps).map(|k| libm::exp(-(k as f64) * per_step)).collect()
}

fn checked(model: Model) -> Result<Model, PointProcessError> {
    model.check().map(|()| model)
}
