//! How power spectra of signals are estimated: settings of [`lapicque_signal::welch`], [`lapicque_signal::multitaper`]
//! and [`lapicque_signal::periodogram`].

use lapicque_pipeline::{ConfigError, SampleError};
use lapicque_schemas::tables::signals::Signal;
use lapicque_signal::multitaper::{self, Definition, Multitaper, Tapered};
use lapicque_signal::periodogram::Periodogram;
use lapicque_signal::welch::{self, PowerSpectrum, Segments, Welch, Window};
use lapicque_units::Frequency;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::span::Span;
use super::window_config::WindowConfig;
use super::{known_interval_ms, of_signal};

/// How the spectrum of a signal is estimated. What is not set does not enter keys.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Estimation {
    /// welch (default): the mean over segments; multitaper: the mean over tapers of the whole signal; fft: one transform.
    pub(crate) method: Method,
    /// Welch: length of a segment, as a time or in samples. A shorter signal is one segment.
    #[schemars(with = "Option<String>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) segment: Option<Span>,
    /// Welch: what neighbouring segments share, as a part (default 50 %), a time or in samples.
    #[schemars(with = "Option<String>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) overlap: Option<Span>,
    /// Welch (default hann) and fft (default boxcar): the taper, by scipy's names; e.g. `hamming` or `{kaiser: 14}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) window: Option<WindowConfig>,
    /// Welch: mean (default), or median, corrected for its bias.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) average: Option<Average>,
    /// Length of the transform in samples; what is beyond the segment or signal is zero (default: nothing is).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) transform: Option<u32>,
    /// What each segment loses first: constant (default), linear or none.
    pub(crate) detrend: Detrend,
    /// Welch and fft: density (default), per Hz, or spectrum, per bin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scaling: Option<Scaling>,
    /// Multitaper: full width over which power is smoothed (default 8 times the sampling rate over the samples).
    #[schemars(with = "Option<String>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bandwidth: Option<Frequency>,
    /// Multitaper: at most so many tapers (default: all with more than 90 % of their power within the bandwidth).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tapers: Option<u32>,
    /// Multitaper: adaptive (default), eigenvalue or uniform.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) weights: Option<Weights>,
    /// Multitaper: `mne` gives the numbers of MNE-Python.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) compat: Option<MultitaperCompat>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Method {
    #[default]
    Welch,
    Multitaper,
    Fft,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Average {
    Mean,
    Median,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Detrend {
    #[default]
    Constant,
    Linear,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scaling {
    Density,
    Spectrum,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Weights {
    Adaptive,
    Eigenvalue,
    Uniform,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MultitaperCompat {
    Mne,
}

/// Half of a segment.
const OVERLAP: Span = Span::Part(0.5);

impl Estimation {
    /// As it enters keys: settings that are defaults are left out. `prefix` is what its fields are below, with a dot.
    pub(crate) fn checked(mut self, segment: Span, prefix: &str) -> Result<Estimation, Vec<ConfigError>> {
        let mut problems = self.of_other_methods();
        problems.extend(self.out_of_range(segment));
        if !problems.is_empty() {
            let below = |(field, message): (&str, String)| ConfigError::at(format!("{prefix}{field}"), message);
            return Err(problems.into_iter().map(below).collect());
        }
        let window = if self.method == Method::Fft { WindowConfig::Boxcar } else { WindowConfig::Hann };
        self.segment = self.segment.filter(|set| *set != segment);
        self.overlap = self.overlap.filter(|set| *set != OVERLAP);
        self.window = self.window.filter(|set| *set != window);
        self.average = self.average.filter(|set| *set != Average::Mean);
        self.scaling = self.scaling.filter(|set| *set != Scaling::Density);
        self.weights = self.weights.filter(|set| *set != Weights::Adaptive);
        Ok(self)
    }

    /// Settings that the method does not look at.
    fn of_other_methods(&self) -> Vec<(&'static str, String)> {
        use Method::{Fft, Multitaper, Welch};
        let set: [(&str, bool, &[Method]); 9] = [
            ("segment", self.segment.is_some(), &[Welch]),
            ("overlap", self.overlap.is_some(), &[Welch]),
            ("average", self.average.is_some(), &[Welch]),
            ("window", self.window.is_some(), &[Welch, Fft]),
            ("scaling", self.scaling.is_some(), &[Welch, Fft]),
            ("bandwidth", self.bandwidth.is_some(), &[Multitaper]),
            ("tapers", self.tapers.is_some(), &[Multitaper]),
            ("weights", self.weights.is_some(), &[Multitaper]),
            ("compat", self.compat.is_some(), &[Multitaper]),
        ];
        let name = |method: &Method| match method {
            Welch => "`method: welch`",
            Multitaper => "`method: multitaper`",
            Fft => "`method: fft`",
        };
        let useless = set.into_iter().filter(|(_, set, methods)| *set && !methods.contains(&self.method));
        let told = |(field, _, methods): (&'static str, bool, &[Method])| {
            let methods: Vec<&str> = methods.iter().map(name).collect();
            let verb = if methods.len() == 1 { "looks" } else { "look" };
            (field, format!("only {} {verb} at it; {} does not", methods.join(" and "), name(&self.method)))
        };
        useless.map(told).collect()
    }

    fn out_of_range(&self, standard: Span) -> Vec<(&'static str, String)> {
        let segment = self.segment.unwrap_or(standard);
        let overlap = self.overlap.unwrap_or(OVERLAP);
        let mut problems = Vec::new();
        if !segment.is_length() {
            problems.push(("segment", format!("{segment} is no length; a time above 0 ms or samples are due")));
        }
        let shared = match (segment, overlap) {
            (_, Span::Part(part)) => (0.0..1.0).contains(&part),
            (Span::Samples(all), Span::Samples(part)) => part < all,
            (Span::Time(all), Span::Time(part)) => part.value() >= 0.0 && part < all,
            (_, Span::Time(part)) => part.value() >= 0.0,
            _ => true,
        };
        if !shared {
            problems
                .push(("overlap", format!("{overlap}; it must be 0 or more, and less than the segment of {segment}")));
        }
        if let Some(problem) = self.window.and_then(WindowConfig::problem) {
            problems.push(("window", problem));
        }
        if let Some(transform) = self.transform {
            let least = match segment {
                Span::Samples(samples) if self.method == Method::Welch => samples,
                _ => 1,
            };
            if transform < least.max(1) {
                problems.push(("transform", format!("{transform} samples; it must be at least {}", least.max(1))));
            }
        }
        if let Some(bandwidth) = self.bandwidth.filter(|width| !(width.value() > 0.0 && width.value().is_finite())) {
            problems.push(("bandwidth", format!("{bandwidth}; it must be finite and above 0 Hz")));
        }
        if self.tapers == Some(0) {
            problems.push(("tapers", "0 tapers give no spectrum; it must be at least 1".to_owned()));
        }
        problems
    }

    /// What a unit of signals becomes.
    pub(crate) fn unit_of_power(&self, unit: &str) -> String {
        let per_hz = self.scaling != Some(Scaling::Spectrum);
        let plain = unit.chars().all(|c| c.is_alphabetic() || c == '%');
        match (unit, per_hz) {
            ("", _) => String::new(),
            ("1", true) => "1/Hz".to_owned(),
            ("1", false) => "1".to_owned(),
            (unit, true) if plain => format!("{unit}^2/Hz"),
            (unit, false) if plain => format!("{unit}^2"),
            (unit, true) => format!("({unit})^2/Hz"),
            (unit, false) => format!("({unit})^2"),
        }
    }

    /// Welch's method for signals at `rate_hz`.
    pub(super) fn welch(&self, rate_hz: f64, standard: Span) -> Result<Welch, String> {
        let given = self.segment.unwrap_or(standard);
        let segment = given.samples(rate_hz, 0);
        if segment == 0 {
            return Err(format!("a segment of {given} has no sample at {rate_hz} Hz"));
        }
        let overlap = self.overlap.unwrap_or(OVERLAP).samples(rate_hz, segment);
        if overlap >= segment {
            return Err(format!("the overlap is {overlap} samples; it must be less than the segment of {segment}"));
        }
        Ok(Welch {
            segment,
            overlap,
            transform: self.transform.map(|transform| transform as usize),
            window: self.window.map_or(Window::Hann, |window| window.at(rate_hz)),
            detrend: self.detrend(),
            average: match self.average {
                Some(Average::Median) => welch::Average::Median,
                _ => welch::Average::Mean,
            },
            scaling: self.scaling(),
        })
    }

    fn detrend(&self) -> welch::Detrend {
        match self.detrend {
            Detrend::Constant => welch::Detrend::Mean,
            Detrend::Linear => welch::Detrend::Line,
            Detrend::None => welch::Detrend::Nothing,
        }
    }

    fn scaling(&self) -> welch::Scaling {
        match self.scaling {
            Some(Scaling::Spectrum) => welch::Scaling::Spectrum,
            _ => welch::Scaling::Density,
        }
    }

    fn periodogram(&self, rate_hz: f64) -> Periodogram {
        Periodogram {
            window: self.window.map_or(Window::Boxcar, |window| window.at(rate_hz)),
            transform: self.transform.map(|transform| transform as usize),
            detrend: self.detrend(),
            scaling: self.scaling(),
        }
    }

    fn multitaper(&self) -> Multitaper {
        Multitaper {
            bandwidth_hz: self.bandwidth.map(Frequency::value),
            tapers: self.tapers.map(|tapers| tapers as usize),
            weights: match self.weights {
                Some(Weights::Eigenvalue) => multitaper::Weights::Eigenvalue,
                Some(Weights::Uniform) => multitaper::Weights::Uniform,
                Some(Weights::Adaptive) | None => multitaper::Weights::Adaptive,
            },
            transform: self.transform.map(|transform| transform as usize),
            detrend: self.detrend(),
            definition: if self.compat.is_some() { Definition::Mne } else { Definition::Thomson },
        }
    }
}

/// Estimates spectra of many signals; what signals of one length and rate have in common is kept from one to the next.
pub(crate) struct Estimator<'a> {
    estimation: &'a Estimation,
    /// Of Welch's method, where none is set.
    segment: Span,
    kept: Option<(f64, usize, Kept)>,
}

enum Kept {
    Segments(Segments, Option<String>),
    Tapered(Tapered, Option<String>),
}

/// A spectrum, and what is to be said of it.
pub(crate) struct Estimated {
    pub(crate) spectrum: PowerSpectrum,
    /// That the signal is shorter than a segment, or has too few tapers.
    pub(crate) told: Option<String>,
}

impl<'a> Estimator<'a> {
    pub(crate) fn new(estimation: &'a Estimation, segment: Span) -> Self {
        Self { estimation, segment, kept: None }
    }

    /// Of the values of a signal.
    ///
    /// # Errors
    /// Why the signal has no spectrum under these settings.
    pub(crate) fn spectrum(&mut self, values: &[f64], rate_hz: f64) -> Result<Estimated, String> {
        let fits = |(rate, len, _): &(f64, usize, Kept)| *rate == rate_hz && *len == values.len();
        let kept = match self.kept.take().filter(fits) {
            Some((.., kept)) => kept,
            None => self.kept_for(values.len(), rate_hz)?,
        };
        let (_, _, kept) = self.kept.insert((rate_hz, values.len(), kept));
        let (spectrum, told) = match kept {
            Kept::Segments(segments, told) => (segments.spectrum(values).map_err(|error| error.to_string())?, told),
            Kept::Tapered(tapered, told) => (tapered.spectrum(values).map_err(|error| error.to_string())?, told),
        };
        Ok(Estimated { spectrum, told: told.clone() })
    }

    fn kept_for(&self, samples: usize, rate_hz: f64) -> Result<Kept, String> {
        let segments = |welch: &Welch| Segments::new(welch, samples, rate_hz).map_err(|error| error.to_string());
        match self.estimation.method {
            Method::Welch => {
                let welch = self.estimation.welch(rate_hz, self.segment)?;
                let told = (samples < welch.segment)
                    .then(|| format!("{samples} values are less than a segment of {}: they are one", welch.segment));
                Ok(Kept::Segments(segments(&welch)?, told))
            }
            Method::Fft if samples == 0 => Err(welch::WelchError::Empty.to_string()),
            Method::Fft => Ok(Kept::Segments(segments(&self.estimation.periodogram(rate_hz).as_welch(samples))?, None)),
            Method::Multitaper => {
                let method = self.estimation.multitaper();
                let tapered = Tapered::new(&method, samples, rate_hz).map_err(|error| error.to_string())?;
                let told = (tapered.weights() != method.weights).then(|| {
                    format!(
                        "adaptive weights need three tapers, there are {}: weights are eigenvalues",
                        tapered.tapers()
                    )
                });
                Ok(Kept::Tapered(tapered, told))
            }
        }
    }

    /// What is said of lengths that are no whole numbers of samples.
    pub(crate) fn rounded(&self, rate_hz: f64) -> Vec<String> {
        if self.estimation.method != Method::Welch {
            return Vec::new();
        }
        let segment = self.estimation.segment.unwrap_or(self.segment).rounded("a segment", rate_hz);
        let overlap = self.estimation.overlap.and_then(|overlap| overlap.rounded("an overlap", rate_hz));
        segment.into_iter().chain(overlap).collect()
    }
}

/// Of a signal, for what cannot do without it.
pub(crate) fn known_rate_hz(signal: &Signal<'_>) -> Result<f64, SampleError> {
    let rate_hz = 1e3 / known_interval_ms(signal)?;
    if rate_hz.is_finite() { Ok(rate_hz) } else { Err(of_signal(signal, "the interval between values is too small")) }
}

/// A range of frequencies: from low to high, both included.
pub(crate) fn range_problem(field: &str, [low, high]: [Frequency; 2]) -> Option<ConfigError> {
    let good = low.value() >= 0.0 && low < high && high.value().is_finite();
    (!good).then(|| {
        ConfigError::at(field, format!("from {low} to {high}: it must rise, from 0 Hz or more to a finite frequency"))
    })
}
