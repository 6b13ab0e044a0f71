//! The configuration of `simulate.point_process`, and the model that it makes.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use lapicque_pipeline::ConfigError;
use lapicque_pointprocess::models::Compat;
use lapicque_pointprocess::settings::{Form, General, Kernel, Settings, whole_steps};
use lapicque_pointprocess::{Emission, Link, PointProcessError};
use lapicque_units::{Entry, ModelKey, Range, SetError, Settable, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::point_process_stimuli::StimulusOf;
use super::point_process_tables::{RecordConfig, Schedule};

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Which model: bernoulli_glm (Lepperod et al. 2023), poisson_glm, rectified_lnp, rectified_sam, threshold_sam (Das and Fiete 2020), or general, which `general` describes.
    pub(crate) model: ModelName,
    /// The parts of the model general.
    #[serde(default)]
    general: Option<GeneralConfig>,
    /// How spikes follow from the intensity: bernoulli (one with probability dt times it), poisson (a count) or hazard (one with probability 1 - exp(-dt times it), right at any step). Default: that of the model; hazard of general.
    #[serde(default)]
    emission: Option<EmissionConfig>,
    /// Values other than those of the reference, e.g. `theta: 4` or `tau: 10 ms`. Bernoulli: theta, r, alpha, beta, coupling_window, abs_ref_scale, abs_ref_strength, rel_ref_scale, rel_ref_strength. Others: r, b, and of theta, alpha, beta, lambda0, tau, window, rho, sigma what they have. Columns of the input `parameters` set them as well, and `stimuli.NAME.strength`.
    #[serde(default)]
    pub(crate) parameters: BTreeMap<String, Value>,
    /// Recorded time, without the transient, e.g. `100 s`; this or `steps`.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    duration: Option<Time>,
    /// Recorded steps.
    #[serde(default)]
    steps: Option<u32>,
    /// Length of a step (default 1 ms of bernoulli_glm and general, 0.1 ms of the others).
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    time_step: Option<Time>,
    /// Time before the recording, without stimuli (default: 100 steps).
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    transient: Option<Time>,
    /// State before the transient: random (default: each neuron spiked in the step before with probability 1/2; activations are uniform from 0 to 1) or rest.
    #[serde(default)]
    pub(crate) start: StartConfig,
    /// How many neurons there are, where there is no input `connectivity` and there are no `populations`.
    #[serde(default)]
    pub(crate) neurons: Option<u32>,
    /// Names and sizes of populations, in the order of the neurons, e.g. `{excitatory: 25, inhibitory: 25}` (default: one, `neurons`).
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, u32>")]
    pub(crate) populations: IndexMap<String, u32>,
    /// Inputs by name, which add up: what they are and which neurons they reach.
    #[serde(default)]
    pub(crate) stimuli: BTreeMap<String, StimulusOf>,
    /// What is recorded beside spikes, as signals of every neuron: drive, and probability (of a spike in a step; the mean count of Poisson models).
    #[serde(default)]
    pub(crate) record: Vec<RecordConfig>,
    /// The mean count of one neuron in one step from which on a network runs away, and its sample fails (default 100; at most 700).
    #[serde(default = "hundred")]
    pub(crate) largest_mean_count: f64,
    /// `spikeometric`: what its version 1.0.3 computes where that is another model: counts of poisson_glm are multiplied by the step, the relative refractory period has one step more, the noise of threshold_sam is squared, regular pulses count from step 0, and intervals of Poisson pulses are Poisson counts.
    #[serde(default)]
    compat: Option<CompatConfig>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ModelName {
    BernoulliGlm,
    PoissonGlm,
    RectifiedLnp,
    RectifiedSam,
    ThresholdSam,
    General,
}

#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GeneralConfig {
    /// What a spike does to other neurons: exponential (default: exp(-t / tau) for the time `window`), activation (decays with tau), or `{tabulated: [1, 0.8, 0.6]}`, a value for each step, the first one step after the spike.
    #[serde(default)]
    kernel: KernelConfig,
    /// What a spike adds to the drive of its own neuron: a value for each step, the first one step after it (default: nothing).
    #[serde(default)]
    refractory: Vec<f64>,
    /// From drive to intensity: logit (1 / (1 + exp(theta - g)) per ms), exponential (exp(beta g) / alpha), rectified (lambda0 max(g - theta, 0)) or threshold (a spike where g > theta).
    link: LinkConfig,
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum KernelConfig {
    #[default]
    Exponential,
    Activation,
    Tabulated(Vec<f64>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum LinkConfig {
    Logit,
    Exponential,
    Rectified,
    Threshold,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum EmissionConfig {
    Bernoulli,
    Poisson,
    Hazard,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StartConfig {
    #[default]
    Random,
    Rest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum CompatConfig {
    Spikeometric,
}

fn hundred() -> f64 {
    100.0
}

/// Steps before the recording where the configuration says nothing.
const TRANSIENT_STEPS: u64 = 100;

/// A model, and the strengths of the stimuli that have one.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Driven {
    pub(crate) settings: Settings,
    pub(crate) strengths: BTreeMap<String, f64>,
}

impl Config {
    pub(crate) fn compat(&self) -> Compat {
        if self.compat.is_some() { Compat::Spikeometric } else { Compat::None }
    }

    pub(crate) fn has_time_step(&self) -> bool {
        self.time_step.is_some()
    }

    fn dt_ms(&self) -> f64 {
        let default = match self.model {
            ModelName::BernoulliGlm | ModelName::General => 1.0,
            _ => 0.1,
        };
        self.time_step.map_or(default, Time::value)
    }

    pub(crate) fn schedule(&self) -> Result<Schedule, ConfigError> {
        let dt_ms = self.dt_ms();
        if !(dt_ms > 0.0 && dt_ms.is_finite()) {
            return Err(ConfigError::at("time_step", format!("{dt_ms} ms is not allowed; it must be above 0")));
        }
        let whole =
            |field, time: Time| whole_steps(field, time.value(), dt_ms).map_err(|error| ConfigError::at(field, error));
        let steps = match (self.duration, self.steps) {
            (Some(duration), None) => whole("duration", duration)?,
            (None, Some(steps)) => steps as usize,
            (Some(_), Some(_)) => {
                return Err(ConfigError::at("steps", "`duration` says how long it is; leave one of them out"));
            }
            (None, None) => return Err(ConfigError::at("duration", "give `duration`, e.g. `100 s`, or `steps`")),
        };
        if steps == 0 {
            let field = if self.steps.is_some() { "steps" } else { "duration" };
            return Err(ConfigError::at(field, "nothing is recorded; give at least one step"));
        }
        let transient_steps = match self.transient {
            None => TRANSIENT_STEPS,
            Some(transient) => whole("transient", transient)? as u64,
        };
        Ok(Schedule { dt_ms, steps, transient_steps })
    }

    pub(crate) fn driven(&self) -> Result<Driven, ConfigError> {
        let form = match (self.model, &self.general) {
            (ModelName::General, Some(general)) => Form::General(general.parts()),
            (ModelName::General, None) => {
                return Err(ConfigError::at("general", "the model general needs its parts, e.g. `{link: logit}`"));
            }
            (_, Some(_)) => {
                return Err(ConfigError::at(
                    "general",
                    "it describes the model general; set `model: general` or leave this out",
                ));
            }
            (ModelName::BernoulliGlm, None) => Form::bernoulli_glm(),
            (ModelName::PoissonGlm, None) => Form::poisson_glm(),
            (ModelName::RectifiedLnp, None) => Form::rectified_lnp(),
            (ModelName::RectifiedSam, None) => Form::rectified_sam(),
            (ModelName::ThresholdSam, None) => Form::threshold_sam(),
        };
        let emission = self.emission.map(|emission| match emission {
            EmissionConfig::Bernoulli => Emission::Bernoulli,
            EmissionConfig::Poisson => Emission::Poisson,
            EmissionConfig::Hazard => Emission::Hazard,
        });
        let settings = Settings { form, dt_ms: self.dt_ms(), compat: self.compat(), emission };
        let strength = |(name, one): (&String, &StimulusOf)| Some((name.clone(), one.strength()?));
        Ok(Driven { settings, strengths: self.stimuli.iter().filter_map(strength).collect() })
    }
}

impl GeneralConfig {
    fn parts(&self) -> General {
        let kernel = match &self.kernel {
            KernelConfig::Exponential => Kernel::Exponential { tau_ms: 10.0, window_ms: 20.0 },
            KernelConfig::Activation => Kernel::Activation { tau_ms: 10.0 },
            KernelConfig::Tabulated(values) => Kernel::Tabulated(values.clone()),
        };
        let link = match self.link {
            LinkConfig::Logit => Link::Logit { theta: 5.0 },
            LinkConfig::Exponential => Link::Exponential { alpha_ms: 100.0, beta: 1.0 },
            LinkConfig::Rectified => Link::Rectified { gain: 0.01, theta: 0.0 },
            LinkConfig::Threshold => Link::Threshold { theta: 1.0 },
        };
        General { kernel, refractory: self.refractory.clone(), link, r: 1.0, b: 0.0, rho: 0.0, sigma: 0.3 }
    }
}

/// What columns and messages call the strength of a stimulus.
fn path(name: &str) -> String {
    format!("stimuli.{name}.strength")
}

impl Settable for Driven {
    type Error = PointProcessError;
    const NAME: &'static str = "the model";

    fn entries(&self) -> Vec<Entry> {
        let strengths =
            self.strengths.iter().map(|(name, strength)| Entry::new(path(name), "1", *strength, Range::Any));
        self.settings.entries().into_iter().chain(strengths).collect()
    }

    fn set(&mut self, wanted: &str, value: f64) -> Result<(), PointProcessError> {
        match self.strengths.iter_mut().find(|(name, _)| path(name) == wanted) {
            Some((_, strength)) if value.is_finite() => *strength = value,
            Some(_) => {
                let (path, unit) = (wanted.to_owned(), "1".into());
                return Err(SetError::OutOfRange { path, value, unit, allowed: Range::Any }.into());
            }
            None => self.settings.set(wanted, value)?,
        }
        Ok(())
    }

    fn check(&mut self) -> Result<(), PointProcessError> {
        self.settings.model().map(drop)
    }

    fn canonical(&self, swept: &[&str]) -> impl Serialize {
        ModelKey { model: self, swept }
    }
}
