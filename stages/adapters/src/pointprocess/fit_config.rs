//! The configuration of `pointprocess.fit`.

use lapicque_pipeline::ConfigError;
use lapicque_pointprocess::fit::{Family, Penalty, Structure};
use lapicque_units::{Time, write_number};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fit_filter::{FilterConfig, whole_bins};

const RATIO: f64 = 0.5;
const FOLDS: u32 = 5;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Config {
    /// How a count follows from the drive: bernoulli (default; none or one spike, logit link), poisson (any count, exponential link) or hazard (none or one spike of a process of rate exp(drive): complementary log-log link).
    emission: Emission,
    /// Length of a bin, a whole number of time steps of the spikes (default: one time step).
    #[schemars(with = "Option<String>")]
    bin: Option<Time>,
    /// Filter of spikes of other neurons, one for each pair. Default: four raised cosines over 20 ms.
    coupling: FilterConfig,
    /// Filter of a neuron's own spikes. Default: four raised cosines over 20 ms.
    history: FilterConfig,
    /// Filter of stimuli, which are the channels of the input `signals` and the pulses of the input `events`; it acts from its own bin on. Default: four raised cosines over 20 ms.
    stimulus: FilterConfig,
    /// Values or kinds of events that are stimuli, names or patterns such as `light*` (default: events of kind `stimulus`). Those of one value are one stimulus: a pulse in the bin of each onset.
    pub(super) events: Vec<String>,
    /// Bins after a neuron's spike that are left out of its fit, as it cannot fire in them (default 0).
    dead_steps: u32,
    /// Time at the beginning that is left out (default 0 ms; in any case as much as filters reach back).
    #[schemars(with = "String")]
    discard: Time,
    /// What keeps weights small: none (default), ridge, lasso, elastic_net or group_lasso (a group has the weights of one history, source or stimulus). It is added to the mean loss of a bin; intercepts are free.
    penalty: PenaltyName,
    /// Strength of the penalty, or several, of which each neuron has the one that predicts held-out bins best: `[0.001]`, `[0.1, 0.01, 0.001]`.
    pub(super) strengths: Vec<f64>,
    /// Share of the lasso in an elastic net, above 0 (default 0.5).
    ratio: Option<f64>,
    /// How held-out bins are predicted (default: they are not).
    pub(super) validation: Validation,
    /// Neurons that are fitted, as `E.0`, or populations (default: all). All neurons are sources.
    pub(super) targets: Vec<String>,
    /// Level of intervals of coefficients, and of the band of the time-rescaling test (default 0.95).
    pub(super) confidence: f64,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Validation {
    /// What is held out together: nothing is (none, default), stretches of time of equal length (time_blocks), or trials, each from one stimulus event to the next, dealt out in turn (trials).
    pub(super) by: HoldOut,
    /// How many parts bins are divided into, each predicted by a fit to the others (default 5).
    folds: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum HoldOut {
    #[default]
    None,
    TimeBlocks,
    Trials,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Emission {
    #[default]
    Bernoulli,
    Poisson,
    Hazard,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum PenaltyName {
    #[default]
    None,
    Ridge,
    Lasso,
    ElasticNet,
    GroupLasso,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            emission: Emission::default(),
            bin: None,
            coupling: FilterConfig::default(),
            history: FilterConfig::default(),
            stimulus: FilterConfig::default(),
            events: Vec::new(),
            dead_steps: 0,
            discard: Time::new(0.0),
            penalty: PenaltyName::default(),
            strengths: Vec::new(),
            ratio: None,
            validation: Validation::default(),
            targets: Vec::new(),
            confidence: 0.95,
        }
    }
}

impl Validation {
    pub(super) fn folds(&self) -> usize {
        self.folds.unwrap_or(FOLDS) as usize
    }
}

impl Config {
    /// What is written as it is by default becomes what is not written.
    pub(super) fn canonical(&mut self, dt_ms: f64) {
        self.bin = self.bin.filter(|bin| bin.value() != dt_ms);
        self.ratio = self.ratio.filter(|ratio| *ratio != RATIO);
        self.validation.folds = self.validation.folds.filter(|folds| *folds != FOLDS);
        [&mut self.coupling, &mut self.history, &mut self.stimulus].into_iter().for_each(FilterConfig::canonical);
    }

    /// How many time steps a bin has.
    pub(super) fn steps_per_bin(&self, dt_ms: f64) -> Result<u32, ConfigError> {
        let Some(bin) = self.bin else { return Ok(1) };
        let steps = whole_bins(bin, dt_ms).map_err(|_| {
            let message =
                format!("{bin}: expected a whole number of time steps of the spikes, {} ms", write_number(dt_ms));
            ConfigError::at("bin", message)
        })?;
        u32::try_from(steps).map_err(|error| ConfigError::at("bin", error))
    }

    /// The model, where stimuli are connected or not, and everything that is wrong with it.
    pub(super) fn structure(
        &self,
        bin_ms: f64,
        has_stimuli: bool,
        problems: &mut Vec<ConfigError>,
    ) -> Option<Structure> {
        let mut basis = |filter: &FilterConfig, field: &str, first_lag: u32| {
            filter.basis(field, bin_ms, first_lag).unwrap_or_else(|found| {
                problems.extend(found);
                None
            })
        };
        let coupling = basis(&self.coupling, "coupling", 0);
        let history = basis(&self.history, "history", self.dead_steps);
        let stimulus = basis(&self.stimulus, "stimulus", 0);
        if !has_stimuli && self.stimulus != FilterConfig::default() && !self.stimulus.is_none() {
            problems.push(ConfigError::at("stimulus", "connect the input `signals` or `events`, which has stimuli"));
        }
        let skipped = self.discard.value() / bin_ms;
        if !(skipped >= 0.0 && skipped < f64::from(u32::MAX)) {
            problems
                .push(ConfigError::at("discard", format!("{}: a finite time from 0 ms on is needed", self.discard)));
        }
        problems.is_empty().then(|| Structure {
            family: match self.emission {
                Emission::Bernoulli => Family::Bernoulli,
                Emission::Poisson => Family::Poisson,
                Emission::Hazard => Family::Hazard,
            },
            coupling,
            history,
            stimulus: stimulus.filter(|_| has_stimuli),
            dead_bins: self.dead_steps,
            // What is left of a bin is left out as a whole.
            skipped_bins: (skipped - 1e-6).ceil().max(0.0) as u32,
        })
    }

    /// The penalty, of the first strength.
    pub(super) fn penalty(&self) -> Result<Penalty, Vec<ConfigError>> {
        let mut problems = Vec::new();
        if self.penalty == PenaltyName::None && !self.strengths.is_empty() {
            problems.push(ConfigError::at(
                "strengths",
                "there is no penalty; set e.g. `penalty: ridge`, or leave this out",
            ));
        }
        if self.penalty != PenaltyName::None && self.strengths.is_empty() {
            let message =
                "a penalty needs it; write e.g. `strengths: [0.001]`, or several to choose from by `validation`";
            problems.push(ConfigError::at("strengths", message));
        }
        if self.strengths.len() > 1 && self.validation.by == HoldOut::None {
            let message = "several are chosen from by held-out bins; set `validation: {by: time_blocks}`, or give one";
            problems.push(ConfigError::at("strengths", message));
        }
        if self.ratio.is_some() && self.penalty != PenaltyName::ElasticNet {
            problems.push(ConfigError::at("ratio", "only `penalty: elastic_net` has it; leave this out or set that"));
        }
        let ratio = self.ratio.unwrap_or(RATIO);
        let of = |strength: f64| match self.penalty {
            PenaltyName::None => Penalty::None,
            PenaltyName::Ridge => Penalty::Ridge { strength },
            PenaltyName::Lasso => Penalty::Lasso { strength },
            PenaltyName::ElasticNet => Penalty::ElasticNet { strength, ratio },
            PenaltyName::GroupLasso => Penalty::GroupLasso { strength },
        };
        for &strength in &self.strengths {
            if let Err(error) = of(strength).check() {
                let is_ratio = strength > 0.0 && strength.is_finite();
                problems.push(ConfigError::at(if is_ratio { "ratio" } else { "strengths" }, error));
            }
        }
        if problems.is_empty() { Ok(of(self.strengths.first().copied().unwrap_or(0.0))) } else { Err(problems) }
    }

    /// What is wrong with the other fields.
    pub(super) fn check(&self, has_events: bool, problems: &mut Vec<ConfigError>) {
        if !(self.confidence > 0.0 && self.confidence < 1.0) {
            let message = format!("{} is no level; expected a number between 0 and 1, e.g. `0.95`", self.confidence);
            problems.push(ConfigError::at("confidence", message));
        }
        if self.validation.by == HoldOut::None && self.validation.folds.is_some() {
            let message = "nothing is held out; set e.g. `by: time_blocks`, or leave this out";
            problems.push(ConfigError::at("validation.folds", message));
        }
        if self.validation.folds.is_some_and(|folds| folds < 2) {
            problems.push(ConfigError::at(
                "validation.folds",
                format!("{}; at least 2 are needed", self.validation.folds()),
            ));
        }
        if !has_events {
            for (field, is_set) in
                [("events", !self.events.is_empty()), ("validation.by", self.validation.by == HoldOut::Trials)]
            {
                if is_set {
                    problems.push(ConfigError::at(field, "connect the input `events`, which says when stimuli began"));
                }
            }
        }
        for (field, names) in [("events", &self.events), ("targets", &self.targets)] {
            if names.iter().any(|name| name.trim().is_empty()) {
                problems.push(ConfigError::at(field, "a name is empty"));
            }
        }
    }
}
