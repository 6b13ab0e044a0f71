//! Models as values that can be set by name, windows in time instead of steps.
//!
//! | value | unit | models | default | meaning |
//! |---|---|---|---|---|
//! | theta | 1 | all but `poisson_glm` | preset | threshold of the drive |
//! | r | 1 | all | preset; general: 1 | factor of all that comes from spikes |
//! | b | 1 | all but `bernoulli_glm` | preset; general: 0 | background, added to every drive |
//! | alpha | 1/ms | `bernoulli_glm` | 0.2 | decay of the coupling |
//! | beta | 1/ms | `bernoulli_glm` | 0.5 | decay of the relative refractoriness |
//! | coupling_window | ms | `bernoulli_glm` | 5 | how long a spike acts on other neurons |
//! | abs_ref_scale, rel_ref_scale | ms | `bernoulli_glm` | 3, 7 | lengths of the two refractory periods |
//! | abs_ref_strength, rel_ref_strength | 1 | `bernoulli_glm` | -100, -30 | what they add to the drive |
//! | alpha | ms | `poisson_glm`, link exponential | 15.9; general: 100 | the intensity is exp(beta g) / alpha |
//! | beta | 1 | the same | 10; general: 1 | |
//! | lambda0 | 1/ms | `rectified_lnp`, `rectified_sam`, link rectified | 9.8, 1.0861; general: 0.01 | gain |
//! | tau | ms | all but `bernoulli_glm` | 10 | of the kernel or the activation |
//! | window | ms | `poisson_glm`, `rectified_lnp`, kernel exponential | 20 | how long a spike acts |
//! | rho, sigma | 1 | `threshold_sam`, link threshold | 0.07, 0.3; general: 0, 0.3 | probability and size of the noise of the background |
//!
//! Windows must be whole numbers of steps. A kernel or a refractory kernel that is given as numbers has one for each step, the
//! first one step after the spike. Presets are those of [`crate::models`].

use lapicque_units::{Entry, ModelKey, Range, SetError, Settable};
use serde::Serialize;

use crate::error::PointProcessError;
use crate::model::{Emission, Link, Memory, Model, Noise, above_zero};
use crate::models::{BernoulliGlm, Compat, PoissonGlm, RectifiedLnp, RectifiedSam, ThresholdSam};

/// A model and its step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Settings {
    /// Which model, with its values.
    pub form: Form,
    /// Length of a step (ms).
    pub dt_ms: f64,
    /// Whose equations.
    pub compat: Compat,
    /// Another emission than that of the model.
    pub emission: Option<Emission>,
}

/// A model with its values, named as in the table above.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the page of the module has a table of them")]
pub enum Form {
    BernoulliGlm {
        theta: f64,
        r: f64,
        alpha_per_ms: f64,
        beta_per_ms: f64,
        coupling_window_ms: f64,
        abs_ref_scale_ms: f64,
        rel_ref_scale_ms: f64,
        abs_ref_strength: f64,
        rel_ref_strength: f64,
    },
    PoissonGlm {
        alpha_ms: f64,
        beta: f64,
        tau_ms: f64,
        window_ms: f64,
        r: f64,
        b: f64,
    },
    RectifiedLnp {
        lambda0_per_ms: f64,
        theta: f64,
        tau_ms: f64,
        window_ms: f64,
        r: f64,
        b: f64,
    },
    RectifiedSam {
        lambda0_per_ms: f64,
        theta: f64,
        tau_ms: f64,
        r: f64,
        b: f64,
    },
    ThresholdSam {
        theta: f64,
        tau_ms: f64,
        r: f64,
        b: f64,
        rho: f64,
        sigma: f64,
    },
    General(General),
}

/// A model that is put together from its parts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct General {
    /// What a spike does to other neurons.
    pub kernel: Kernel,
    /// ref(k), one for each step.
    pub refractory: Vec<f64>,
    /// From drive to intensity.
    pub link: Link,
    /// r.
    pub r: f64,
    /// b.
    pub b: f64,
    /// rho, of the link threshold.
    pub rho: f64,
    /// sigma, of the link threshold.
    pub sigma: f64,
}

/// What a spike does to other neurons.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kernel {
    /// c(k), one for each step.
    Tabulated(Vec<f64>),
    /// exp(-k dt / tau) for as long as the window.
    Exponential {
        /// tau (ms).
        tau_ms: f64,
        /// How long (ms).
        window_ms: f64,
    },
    /// An activation.
    Activation {
        /// tau (ms).
        tau_ms: f64,
    },
}

impl Form {
    /// The Bernoulli GLM of Lepperod et al.
    pub fn bernoulli_glm() -> Self {
        let preset = BernoulliGlm::default();
        let ms = |steps: usize| steps as f64 * preset.dt_ms;
        Self::BernoulliGlm {
            theta: preset.theta,
            r: preset.recurrence,
            alpha_per_ms: preset.alpha_per_ms,
            beta_per_ms: preset.beta_per_ms,
            coupling_window_ms: ms(preset.coupling_steps),
            abs_ref_scale_ms: ms(preset.absolute_steps),
            rel_ref_scale_ms: ms(preset.relative_steps),
            abs_ref_strength: preset.absolute_strength,
            rel_ref_strength: preset.relative_strength,
        }
    }

    /// The Poisson GLM of Das and Fiete.
    pub fn poisson_glm() -> Self {
        let preset = PoissonGlm::default();
        Self::PoissonGlm {
            alpha_ms: preset.alpha_ms,
            beta: preset.beta,
            tau_ms: preset.tau_ms,
            window_ms: 20.0,
            r: preset.recurrence,
            b: preset.background,
        }
    }

    /// The rectified LNP model of Das and Fiete.
    pub fn rectified_lnp() -> Self {
        let preset = RectifiedLnp::default();
        Self::RectifiedLnp {
            lambda0_per_ms: preset.gain,
            theta: preset.theta,
            tau_ms: preset.tau_ms,
            window_ms: 20.0,
            r: preset.recurrence,
            b: preset.background,
        }
    }

    /// The rectified synaptic activation model of Das and Fiete.
    pub fn rectified_sam() -> Self {
        let preset = RectifiedSam::default();
        Self::RectifiedSam {
            lambda0_per_ms: preset.gain,
            theta: preset.theta,
            tau_ms: preset.tau_ms,
            r: preset.recurrence,
            b: preset.background,
        }
    }

    /// The threshold synaptic activation model of Das and Fiete.
    pub fn threshold_sam() -> Self {
        let preset = ThresholdSam::default();
        Self::ThresholdSam {
            theta: preset.theta,
            tau_ms: preset.tau_ms,
            r: preset.recurrence,
            b: preset.background,
            rho: preset.noise_probability,
            sigma: preset.noise_sigma,
        }
    }

    /// Values by name, with units and ranges.
    fn values(&mut self) -> Vec<(&'static str, &'static str, Range, &mut f64)> {
        use Range::{Any, NonNegative, Positive};
        match self {
            Self::BernoulliGlm {
                theta,
                r,
                alpha_per_ms,
                beta_per_ms,
                coupling_window_ms,
                abs_ref_scale_ms,
                rel_ref_scale_ms,
                abs_ref_strength,
                rel_ref_strength,
            } => vec![
                ("theta", "1", Any, theta),
                ("r", "1", Any, r),
                ("alpha", "1/ms", NonNegative, alpha_per_ms),
                ("beta", "1/ms", NonNegative, beta_per_ms),
                ("coupling_window", "ms", NonNegative, coupling_window_ms),
                ("abs_ref_scale", "ms", NonNegative, abs_ref_scale_ms),
                ("rel_ref_scale", "ms", NonNegative, rel_ref_scale_ms),
                ("abs_ref_strength", "1", Any, abs_ref_strength),
                ("rel_ref_strength", "1", Any, rel_ref_strength),
            ],
            Self::PoissonGlm { alpha_ms, beta, tau_ms, window_ms, r, b } => vec![
                ("alpha", "ms", Positive, alpha_ms),
                ("beta", "1", Any, beta),
                ("tau", "ms", Positive, tau_ms),
                ("window", "ms", NonNegative, window_ms),
                ("r", "1", Any, r),
                ("b", "1", Any, b),
            ],
            Self::RectifiedLnp { lambda0_per_ms, theta, tau_ms, window_ms, r, b } => vec![
                ("lambda0", "1/ms", NonNegative, lambda0_per_ms),
                ("theta", "1", Any, theta),
                ("tau", "ms", Positive, tau_ms),
                ("window", "ms", NonNegative, window_ms),
                ("r", "1", Any, r),
                ("b", "1", Any, b),
            ],
            Self::RectifiedSam { lambda0_per_ms, theta, tau_ms, r, b } => vec![
                ("lambda0", "1/ms", NonNegative, lambda0_per_ms),
                ("theta", "1", Any, theta),
                ("tau", "ms", Positive, tau_ms),
                ("r", "1", Any, r),
                ("b", "1", Any, b),
            ],
            Self::ThresholdSam { theta, tau_ms, r, b, rho, sigma } => vec![
                ("theta", "1", Any, theta),
                ("tau", "ms", Positive, tau_ms),
                ("r", "1", Any, r),
                ("b", "1", Any, b),
                ("rho", "1", Range::Fraction, rho),
                ("sigma", "1", NonNegative, sigma),
            ],
            Self::General(general) => general.values(),
        }
    }
}

impl General {
    fn values(&mut self) -> Vec<(&'static str, &'static str, Range, &mut f64)> {
        use Range::{Any, NonNegative, Positive};
        let Self { kernel, link, r, b, rho, sigma, .. } = self;
        let mut values = vec![("r", "1", Any, r), ("b", "1", Any, b)];
        match kernel {
            Kernel::Tabulated(_) => {}
            Kernel::Exponential { tau_ms, window_ms } => {
                values.extend([("tau", "ms", Positive, tau_ms), ("window", "ms", NonNegative, window_ms)]);
            }
            Kernel::Activation { tau_ms } => values.push(("tau", "ms", Positive, tau_ms)),
        }
        match link {
            Link::Logit { theta } => values.push(("theta", "1", Any, theta)),
            Link::Exponential { alpha_ms, beta } => {
                values.extend([("alpha", "ms", Positive, alpha_ms), ("beta", "1", Any, beta)]);
            }
            Link::Rectified { gain, theta } => {
                values.extend([("lambda0", "1/ms", NonNegative, gain), ("theta", "1", Any, theta)]);
            }
            Link::Threshold { theta } => values.extend([
                ("theta", "1", Any, theta),
                ("rho", "1", Range::Fraction, rho),
                ("sigma", "1", NonNegative, sigma),
            ]),
        }
        values
    }

    fn model(&self, dt_ms: f64, emission: Emission) -> Result<Model, PointProcessError> {
        let memory = match &self.kernel {
            Kernel::Tabulated(values) => Memory::History(values.clone()),
            Kernel::Exponential { tau_ms, window_ms } => {
                let steps = whole_steps("window", *window_ms, dt_ms)?;
                Memory::History((0..steps).map(|k| libm::exp(-(k as f64) * (dt_ms / tau_ms))).collect())
            }
            Kernel::Activation { tau_ms } => Memory::Activation { tau_ms: *tau_ms },
        };
        let has_noise = matches!(self.link, Link::Threshold { .. }) && self.rho > 0.0;
        Ok(Model {
            dt_ms,
            memory,
            refractory: self.refractory.clone(),
            recurrence: self.r,
            background: self.b,
            noise: has_noise.then_some(Noise { probability: self.rho, sigma: self.sigma, squared: false }),
            event_scale: 1.0,
            link: self.link,
            emission,
        })
    }
}

impl Settings {
    /// The general form of the model.
    ///
    /// # Errors
    /// A value outside of its range, values that do not go together, a window that is no whole number of steps.
    pub fn model(&self) -> Result<Model, PointProcessError> {
        above_zero("time_step", self.dt_ms)?;
        let dt_ms = self.dt_ms;
        let steps = |field, ms| whole_steps(field, ms, dt_ms);
        let mut model = match self.form {
            Form::BernoulliGlm {
                theta,
                r,
                alpha_per_ms,
                beta_per_ms,
                coupling_window_ms,
                abs_ref_scale_ms,
                rel_ref_scale_ms,
                abs_ref_strength,
                rel_ref_strength,
            } => BernoulliGlm {
                theta,
                dt_ms,
                coupling_steps: steps("coupling_window", coupling_window_ms)?,
                alpha_per_ms,
                beta_per_ms,
                absolute_steps: steps("abs_ref_scale", abs_ref_scale_ms)?,
                absolute_strength: abs_ref_strength,
                relative_steps: steps("rel_ref_scale", rel_ref_scale_ms)?,
                relative_strength: rel_ref_strength,
                recurrence: r,
            }
            .unchecked(self.compat),
            Form::PoissonGlm { alpha_ms, beta, tau_ms, window_ms, r, b } => {
                let window_steps = steps("window", window_ms)?;
                PoissonGlm { alpha_ms, beta, dt_ms, window_steps, tau_ms, recurrence: r, background: b }
                    .model(self.compat)?
            }
            Form::RectifiedLnp { lambda0_per_ms: gain, theta, tau_ms, window_ms, r, b } => {
                let window_steps = steps("window", window_ms)?;
                RectifiedLnp { gain, theta, dt_ms, window_steps, tau_ms, recurrence: r, background: b }.model()?
            }
            Form::RectifiedSam { lambda0_per_ms: gain, theta, tau_ms, r, b } => {
                RectifiedSam { gain, theta, dt_ms, tau_ms, recurrence: r, background: b }.model()?
            }
            Form::ThresholdSam { theta, tau_ms, r, b, rho, sigma } => ThresholdSam {
                theta,
                dt_ms,
                tau_ms,
                recurrence: r,
                background: b,
                noise_probability: rho,
                noise_sigma: sigma,
            }
            .model(self.compat)?,
            Form::General(ref general) => general.model(dt_ms, self.emission.unwrap_or(Emission::Hazard))?,
        };
        model.emission = self.emission.unwrap_or(model.emission);
        model.check()?;
        Ok(model)
    }
}

impl Settable for Settings {
    type Error = PointProcessError;
    const NAME: &'static str = "the model";

    fn entries(&self) -> Vec<Entry> {
        let mut form = self.form.clone();
        form.values().into_iter().map(|(path, unit, range, value)| Entry::new(path, unit, *value, range)).collect()
    }

    fn set(&mut self, path: &str, value: f64) -> Result<(), PointProcessError> {
        let mut values = self.form.values();
        let found = values.iter_mut().find(|entry| entry.0 == path).ok_or_else(|| SetError::unknown(path))?;
        Entry::new(path, found.1, *found.3, found.2).admits(value)?;
        *found.3 = value;
        Ok(())
    }

    fn check(&mut self) -> Result<(), PointProcessError> {
        self.model().map(drop)
    }

    fn canonical(&self, swept: &[&str]) -> impl Serialize {
        ModelKey { model: self, swept }
    }
}

/// A time as a number of steps.
///
/// # Errors
/// A time that is below 0 or no number, between two steps, or longer than 2^32 steps.
pub fn whole_steps(field: &'static str, time_ms: f64, dt_ms: f64) -> Result<usize, PointProcessError> {
    let steps = (time_ms / dt_ms).round();
    // Times and steps are decimals, which are rounded.
    let is_whole = (steps * dt_ms - time_ms).abs() <= 1e-9 * time_ms.abs().max(dt_ms);
    if is_whole && (0.0..=f64::from(u32::MAX)).contains(&steps) {
        return Ok(steps as usize);
    }
    Err(PointProcessError::NotWholeSteps { field, found_ms: time_ms, dt_ms })
}

#[cfg(test)]
mod tests;
