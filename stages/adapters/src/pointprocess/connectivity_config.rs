//! Configuration of `pointprocess.connectivity`, and what it says in steps.

use lapicque_pipeline::ConfigError;
use lapicque_pointprocess::connectivity::{
    Bootstrap, ConnectivityError, Estimator, Jitter, Lags, TransferEntropy, Window, Windows,
};
use lapicque_units::{Time, write_number};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Config {
    /// What to estimate, a column each (default: all that the inputs allow). `ols`, `iv`, `brew` and their differences in differences
    /// `ols_did`, `iv_did`, `brew_did` need stimuli (or `sums`); `cross_covariance`, `excess` and `transfer_entropy` need spikes alone.
    pub(super) estimators: Vec<Measure>,
    /// Presynaptic neurons: names of populations (`E`) or of neurons (`E.0`), usually those that are stimulated (default: all neurons).
    pub(super) sources: Vec<String>,
    /// Value or kind of the events that are stimuli (default: those of kind `stimulus`, if all have one value).
    pub(super) stimulus: Option<String>,
    /// When, relative to the onset of a stimulus, spikes count.
    pub(super) windows: WindowsConfig,
    /// Intervals by trials drawn with replacement, as columns with `_lower` and `_upper` (default: none).
    pub(super) bootstrap: Option<BootstrapConfig>,
    /// Replace estimates from stimuli below 0, and the ends of their intervals, by 0 (default false).
    pub(super) rectify: bool,
    /// Cross-correlograms: a table of their own, and lags of `cross_covariance` and `excess`.
    pub(super) correlogram: Option<CorrelogramConfig>,
    /// Histories of `transfer_entropy`.
    pub(super) transfer_entropy: Option<EntropyConfig>,
    /// Which pairs the scores are of, where there is an input `connectivity`.
    pub(super) score: ScoreConfig,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Measure {
    Ols,
    Iv,
    Brew,
    OlsDid,
    IvDid,
    BrewDid,
    CrossCovariance,
    Excess,
    TransferEntropy,
}

impl Measure {
    pub(super) const OF_STIMULI: [Self; 6] =
        [Self::Ols, Self::Iv, Self::Brew, Self::OlsDid, Self::IvDid, Self::BrewDid];
    pub(super) const OF_SPIKES: [Self; 3] = [Self::CrossCovariance, Self::Excess, Self::TransferEntropy];

    /// The place among the estimators that need stimuli.
    pub(super) fn place(self) -> Option<usize> {
        Self::OF_STIMULI.iter().position(|measure| *measure == self)
    }

    pub(super) fn name(self) -> &'static str {
        match (self.place(), self) {
            (Some(place), _) => Estimator::ALL[place].name(),
            (None, Self::CrossCovariance) => "cross_covariance",
            (None, Self::Excess) => "excess",
            (None, _) => "transfer_entropy",
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WindowsConfig {
    /// Response of the source, e.g. `[0 ms, 2 ms]`; the end is not part of it (default: 2 steps from the onset on).
    #[schemars(with = "Option<[String; 2]>")]
    pub(super) x: Option<[Time; 2]>,
    /// Response of the target (default: one step later than the default of x).
    #[schemars(with = "Option<[String; 2]>")]
    pub(super) y: Option<[Time; 2]>,
    /// When a spike of the source leaves it refractory: the instrument (default: the 2 steps before the onset).
    #[schemars(with = "Option<[String; 2]>")]
    pub(super) z: Option<[Time; 2]>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct BootstrapConfig {
    /// How often trials are drawn (default 1000).
    pub(super) repeats: u32,
    /// Probability between the ends of an interval (default 0.95).
    pub(super) level: f64,
}

impl Default for BootstrapConfig {
    fn default() -> Self {
        Self { repeats: 1000, level: 0.95 }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CorrelogramConfig {
    /// Lags go from minus this to this (default 20 ms).
    #[schemars(with = "String")]
    pub(super) lag: Time,
    /// Bin in which spikes are counted first (default: one step).
    #[schemars(with = "Option<String>")]
    pub(super) bin: Option<Time>,
    /// Lags of `cross_covariance` and `excess`, both ends included, e.g. `[1 ms, 5 ms]` (default: one bin to 5 ms).
    #[schemars(with = "Option<[String; 2]>")]
    pub(super) window: Option<[Time; 2]>,
    /// Against what `excess` is counted.
    pub(super) jitter: JitterConfig,
}

impl Default for CorrelogramConfig {
    fn default() -> Self {
        Self { lag: Time::new(20.0), bin: None, window: None, jitter: JitterConfig::default() }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct JitterConfig {
    /// Intervals within which spikes are moved (default 20 ms).
    #[schemars(with = "String")]
    pub(super) interval: Time,
    /// How often spikes are moved for the column `excess_p` (default 0: no such column). Mean and deviation of moved spikes are exact.
    pub(super) repeats: u32,
}

impl Default for JitterConfig {
    fn default() -> Self {
        Self { interval: Time::new(20.0), repeats: 0 }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct EntropyConfig {
    /// From the target's bin back to the latest bin of the source (default: one bin).
    #[schemars(with = "Option<String>")]
    pub(super) lag: Option<Time>,
    /// Bin in which a neuron fires or not (default: one step).
    #[schemars(with = "Option<String>")]
    pub(super) bin: Option<Time>,
    /// Bins of the source's past (default 1, at most 7).
    pub(super) source_history: u32,
    /// Bins of the target's past (default 1, at most 7).
    pub(super) target_history: u32,
    /// Take the bias of the entropies off (default true).
    pub(super) corrected: bool,
}

impl Default for EntropyConfig {
    fn default() -> Self {
        Self { lag: None, bin: None, source_history: 1, target_history: 1, corrected: true }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ScoreConfig {
    /// From `sources` to neurons that are none, or all (default: the first where `sources` are given).
    pub(super) pairs: Option<ScoredPairs>,
    /// non_negative (default) leaves out pairs with a weight below 0, and takes large estimates for connections; all takes those far from 0.
    pub(super) weights: ScoredWeights,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ScoredPairs {
    SourcesToOthers,
    All,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ScoredWeights {
    #[default]
    NonNegative,
    All,
}

/// Settings in steps or bins of the spikes at hand.
#[derive(Debug, Clone, Copy)]
pub(super) struct InSteps {
    pub(super) windows: Windows,
    pub(super) bootstrap: Option<Bootstrap>,
    /// Steps of a bin of correlograms, and their lags in bins.
    pub(super) bin: u64,
    pub(super) lags: Lags,
    pub(super) jitter: Jitter,
    /// Steps of a bin of transfer entropies.
    pub(super) entropy_bin: u64,
    pub(super) entropy: TransferEntropy,
}

impl Config {
    /// Everything in steps of `dt_ms`; what is wrong goes to `problems`.
    pub(super) fn in_steps(&self, dt_ms: f64, problems: &mut Vec<ConfigError>) -> InSteps {
        let mut whole = |field: &str, time: Time, unit: f64| {
            let exact = time.value() / unit;
            if exact.is_finite() && exact.abs() < 1e12 && (exact - exact.round()).abs() <= 1e-6 * exact.abs().max(1.0) {
                return exact.round() as i64;
            }
            let unit = write_number(unit);
            problems.push(ConfigError::at(field, format!("{time} is not a whole number of steps of {unit} ms")));
            1
        };
        let mut windows = Windows::default();
        let of_windows = [
            ("windows.x", self.windows.x, &mut windows.x),
            ("windows.y", self.windows.y, &mut windows.y),
            ("windows.z", self.windows.z, &mut windows.z),
        ];
        for (field, times, window) in of_windows {
            if let Some([from, to]) = times {
                *window = Window { from: whole(field, from, dt_ms), to: whole(field, to, dt_ms) };
            }
        }
        let correlogram = self.correlogram.clone().unwrap_or_default();
        let bin = correlogram.bin.map_or(1, |bin| whole("correlogram.bin", bin, dt_ms));
        let bin_ms = bin.max(1) as f64 * dt_ms;
        let defaults_in_bins = |ms: f64, least: f64| (ms / bin_ms + 1e-9).floor().max(least) as i64;
        let lag = if self.correlogram.is_some() { whole("correlogram.lag", correlogram.lag, bin_ms) } else { 1 };
        let window = match correlogram.window {
            Some([from, to]) => {
                Lags { from: whole("correlogram.window", from, bin_ms), to: whole("correlogram.window", to, bin_ms) }
            }
            None => Lags { from: 1, to: defaults_in_bins(5.0, 1.0) },
        };
        let interval = if correlogram.jitter == JitterConfig::default() {
            defaults_in_bins(20.0, 2.0)
        } else {
            whole("correlogram.jitter.interval", correlogram.jitter.interval, bin_ms)
        };
        let entropy = self.transfer_entropy.clone().unwrap_or_default();
        let entropy_bin = entropy.bin.map_or(1, |bin| whole("transfer_entropy.bin", bin, dt_ms));
        let entropy_bin_ms = entropy_bin.max(1) as f64 * dt_ms;
        let entropy_lag = entropy.lag.map_or(1, |lag| whole("transfer_entropy.lag", lag, entropy_bin_ms));
        let mut least = |field: &str, found: i64, least: i64, what: &str| {
            if found < least {
                problems.push(ConfigError::at(field, format!("{what}; expected {least} or more, got {found}")));
            }
            found.max(least) as u64
        };
        let settings = InSteps {
            windows,
            bootstrap: self
                .bootstrap
                .as_ref()
                .map(|bootstrap| Bootstrap { repeats: bootstrap.repeats as usize, level: bootstrap.level }),
            bin: least("correlogram.bin", bin, 1, "steps of a bin"),
            lags: Lags { from: -lag, to: least("correlogram.lag", lag, 0, "lags on either side, in bins") as i64 },
            jitter: Jitter {
                lags: window,
                interval: least("correlogram.jitter.interval", interval, 2, "bins of an interval"),
                repeats: correlogram.jitter.repeats as usize,
            },
            entropy_bin: least("transfer_entropy.bin", entropy_bin, 1, "steps of a bin"),
            entropy: TransferEntropy {
                lag: least("transfer_entropy.lag", entropy_lag, 1, "bins from source to target"),
                source_history: entropy.source_history,
                target_history: entropy.target_history,
                corrected: entropy.corrected,
            },
        };
        if window.from > window.to {
            let message =
                format!("it goes from {} to {} bins; it must not end before it begins", window.from, window.to);
            problems.push(ConfigError::at("correlogram.window", message));
        }
        problems.extend(self.out_of_range(&settings));
        settings
    }

    fn out_of_range(&self, settings: &InSteps) -> Vec<ConfigError> {
        let mut problems = Vec::new();
        if let Err(error) = settings.windows.check() {
            problems.push(ConfigError::at("windows", error));
        }
        if let Some(Err(error)) = settings.bootstrap.as_ref().map(Bootstrap::check) {
            let field = match error {
                ConnectivityError::OutOfRange { field: "level", .. } => "bootstrap.level",
                _ => "bootstrap.repeats",
            };
            problems.push(ConfigError::at(field, error));
        }
        let histories = [
            ("transfer_entropy.source_history", settings.entropy.source_history),
            ("transfer_entropy.target_history", settings.entropy.target_history),
        ];
        for (field, found) in histories {
            if !(1..=7).contains(&found) {
                problems.push(ConfigError::at(field, format!("{found}; a past of 1 to 7 bins is allowed")));
            }
        }
        if settings.jitter.repeats > 1_000_000 {
            let found = settings.jitter.repeats;
            problems.push(ConfigError::at(
                "correlogram.jitter.repeats",
                format!("{found}; 1,000,000 repeats at most are allowed"),
            ));
        }
        problems
    }
}
