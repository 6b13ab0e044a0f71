//! The configuration of `features.spectral_parameters`.

use lapicque_pipeline::{BindRequest, ConfigError};
use lapicque_signal::spectral_parameters::{self, Definition, Settings};
use lapicque_units::{Frequency, Percent, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind_config::read;
use crate::signal::estimation::{Estimation, range_problem};
use crate::signal::span::Span;

/// Of Welch's method, where none is set: as ncpi.
pub(super) const SEGMENT: Span = Span::Time(Time::new(500.0));
/// Of signals: as ncpi.
const RANGE_OF_SIGNALS_HZ: (f64, f64) = (1.0, 45.0);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Config {
    /// The frequencies that are fitted, both included, e.g. `[2 Hz, 40 Hz]`, as far as the spectrum has them
    /// (default: of signals 1 to 45 Hz, of spectra all; 0 Hz is never fitted).
    #[schemars(with = "Option<[String; 2]>")]
    pub(super) frequency_range: Option<[Frequency; 2]>,
    /// fixed (default): a straight line in double logarithmic axes; knee: a line that bends.
    pub(super) aperiodic_mode: AperiodicMode,
    /// Least and largest bandwidth of a peak, two standard deviations (default 0.5 to 12 Hz).
    #[schemars(with = "[String; 2]")]
    pub(super) peak_width_limits: [Frequency; 2],
    /// At most so many peaks (default: no limit).
    pub(super) max_peaks: Option<u32>,
    /// Least height of a peak over the aperiodic component, log10 of power (default 0).
    pub(super) min_peak_height: f64,
    /// Least height of a peak, in standard deviations of what the aperiodic component leaves (default 2).
    pub(super) peak_threshold: f64,
    /// The percentile of what lies over a first line up to which points show the aperiodic component (default 0.025 %).
    #[schemars(with = "String")]
    pub(super) aperiodic_percentile: Percent,
    /// How near to an end of the range a peak may be, in its standard deviations (default 1).
    pub(super) edge_distance: f64,
    /// Within so many standard deviations of each, the lower of two peaks is dropped (default 0.75).
    pub(super) overlap_threshold: f64,
    /// Half of how far the centre of a peak may move while it is fitted, in its standard deviations (default 1.5).
    pub(super) center_bound: f64,
    /// The peak that the columns are about: highest_power (default) or highest_frequency.
    pub(super) selected_peak: SelectedPeak,
    /// Only peaks between these frequencies are selected, e.g. `[7 Hz, 13 Hz]` (default: all).
    #[schemars(with = "Option<[String; 2]>")]
    pub(super) selected_range: Option<[Frequency; 2]>,
    /// Fits with a smaller r squared are poor (default: none is).
    pub(super) min_r_squared: Option<f64>,
    /// Fits with a larger mean absolute error, log10 of power, are poor (default: none is).
    pub(super) max_mae: Option<f64>,
    /// With `min_r_squared` or `max_mae`, what becomes of poor fits: reject (default), their parameters are NaN and their
    /// peaks are left out; or flag, they stay, and a column `accepted` tells them from others.
    pub(super) poor_fits: Option<PoorFits>,
    /// How spectra of signals are estimated, as in `signal.spectrum` (default: Welch's method with segments of 500 ms).
    pub(super) spectrum: Option<Estimation>,
    /// fooof (1.1) or specparam (2.0.0rc7): fits stop where these stop, which changes weak peaks; specparam also starts peaks
    /// that are wider than the limit at the lower limit. By default fits are solved to the end.
    pub(super) compat: Option<Compat>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum AperiodicMode {
    #[default]
    Fixed,
    Knee,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum SelectedPeak {
    #[default]
    HighestPower,
    HighestFrequency,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum PoorFits {
    Reject,
    Flag,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Compat {
    Fooof,
    Specparam,
}

impl Default for Config {
    fn default() -> Self {
        let Settings { peak_width_limits_hz: (low, high), .. } = Settings::default();
        let Settings { min_peak_height, peak_threshold, percentile, edge_sds, overlap_sds, center_bound_sds, .. } =
            Settings::default();
        Self {
            frequency_range: None,
            aperiodic_mode: AperiodicMode::Fixed,
            peak_width_limits: [Frequency::new(low), Frequency::new(high)],
            max_peaks: None,
            min_peak_height,
            peak_threshold,
            aperiodic_percentile: Percent::new(percentile),
            edge_distance: edge_sds,
            overlap_threshold: overlap_sds,
            center_bound: center_bound_sds,
            selected_peak: SelectedPeak::HighestPower,
            selected_range: None,
            min_r_squared: None,
            max_mae: None,
            poor_fits: None,
            spectrum: None,
            compat: None,
        }
    }
}

/// Which of the two inputs is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Signals,
    Spectra,
}

/// The configuration as it enters keys, and where spectra come from.
pub(super) fn checked(request: &BindRequest<'_>) -> Result<(Config, Source), Vec<ConfigError>> {
    let mut config: Config = read(request)?;
    let source = match (request.input("signals"), request.input("spectra")) {
        (Some(_), None) => Source::Signals,
        (None, Some(_)) => Source::Spectra,
        (None, None) => {
            let message = "one of the inputs `signals` and `spectra` is needed, e.g. `signals: STAGE`";
            return Err(vec![ConfigError::at("inputs", message)]);
        }
        (Some(_), Some(_)) => {
            let message = "`signals` and `spectra` are two ways to say the same; leave one of them out";
            return Err(vec![ConfigError::at("inputs", message)]);
        }
    };
    let mut problems = out_of_range(&config);
    if config.poor_fits.is_some() && config.min_r_squared.is_none() && config.max_mae.is_none() {
        problems.push(ConfigError::at("poor_fits", "without `min_r_squared` or `max_mae` no fit is poor"));
    }
    match (config.spectrum.take(), source) {
        (Some(_), Source::Spectra) => {
            problems.push(ConfigError::at("spectrum", "spectra are there already; only `signals` need it"));
        }
        (Some(estimation), Source::Signals) => match estimation.checked(SEGMENT, "spectrum.") {
            Ok(estimation) => config.spectrum = Some(estimation).filter(|set| *set != Estimation::default()),
            Err(wrong) => problems.extend(wrong),
        },
        (None, _) => {}
    }
    config.poor_fits = config.poor_fits.filter(|set| *set != PoorFits::Reject);
    if problems.is_empty() { Ok((config, source)) } else { Err(problems) }
}

fn out_of_range(config: &Config) -> Vec<ConfigError> {
    let mut problems = Vec::new();
    let ranges = [("frequency_range", config.frequency_range), ("selected_range", config.selected_range)];
    problems.extend(ranges.into_iter().filter_map(|(field, range)| range_problem(field, range?)));
    let [low, high] = config.peak_width_limits;
    if !(low.value() > 0.0 && low < high && high.value().is_finite()) {
        let message = format!("from {low} to {high}: it must rise, from above 0 Hz to a finite bandwidth");
        problems.push(ConfigError::at("peak_width_limits", message));
    }
    let at_least_0 = [
        ("min_peak_height", Some(config.min_peak_height)),
        ("peak_threshold", Some(config.peak_threshold)),
        ("edge_distance", Some(config.edge_distance)),
        ("overlap_threshold", Some(config.overlap_threshold)),
        ("max_mae", config.max_mae),
    ];
    for (field, value) in at_least_0 {
        if let Some(value) = value.filter(|value| !(*value >= 0.0 && value.is_finite())) {
            problems.push(ConfigError::at(field, format!("{value}; it must be 0 or greater")));
        }
    }
    if !(config.center_bound > 0.0 && config.center_bound.is_finite()) {
        problems.push(ConfigError::at("center_bound", format!("{}; it must be greater than 0", config.center_bound)));
    }
    if !(0.0..=100.0).contains(&config.aperiodic_percentile.value()) {
        let message = format!("{}; it must be from 0 % to 100 %", config.aperiodic_percentile);
        problems.push(ConfigError::at("aperiodic_percentile", message));
    }
    if let Some(value) = config.min_r_squared.filter(|value| !(0.0..=1.0).contains(value)) {
        problems.push(ConfigError::at("min_r_squared", format!("{value}; it must be from 0 to 1")));
    }
    problems
}

impl Config {
    pub(super) fn settings(&self, source: Source) -> Settings {
        let range_hz = self.frequency_range.map(|[low, high]| (low.value(), high.value()));
        let [low, high] = self.peak_width_limits;
        Settings {
            frequency_range_hz: match source {
                Source::Signals => Some(range_hz.unwrap_or(RANGE_OF_SIGNALS_HZ)),
                Source::Spectra => range_hz,
            },
            aperiodic: match self.aperiodic_mode {
                AperiodicMode::Fixed => spectral_parameters::Aperiodic::Fixed,
                AperiodicMode::Knee => spectral_parameters::Aperiodic::Knee,
            },
            peak_width_limits_hz: (low.value(), high.value()),
            max_peaks: self.max_peaks.map(|most| most as usize),
            min_peak_height: self.min_peak_height,
            peak_threshold: self.peak_threshold,
            percentile: self.aperiodic_percentile.value(),
            edge_sds: self.edge_distance,
            overlap_sds: self.overlap_threshold,
            center_bound_sds: self.center_bound,
            definition: match self.compat {
                None => Definition::Converged,
                Some(Compat::Fooof) => Definition::Fooof,
                Some(Compat::Specparam) => Definition::Specparam,
            },
        }
    }
}
