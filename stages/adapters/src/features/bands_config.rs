//! Configuration of `features.bands`: bands, ratios, and how spectra of signals are estimated.

use std::collections::BTreeMap;

use lapicque_pipeline::ConfigError;
use lapicque_signal::bands::{Band, Integration};
use lapicque_signal::welch::{Average, Detrend, Scaling, Welch, Window};
use lapicque_units::{Fraction, Frequency, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::by_signal::Feature;

/// Of a Welch segment, in ms.
const SEGMENT: f64 = 2000.0;
const OVERLAP: f64 = 0.5;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Config {
    /// Bands by name, from and to (default delta 1 to 4 Hz, theta 4 to 8 Hz, alpha 8 to 13 Hz, beta 13 to 30 Hz, gamma 30 to
    /// 45 Hz), e.g. `{alpha: [8 Hz, 13 Hz]}`. Each has the columns NAME_absolute and NAME_relative.
    #[schemars(with = "BTreeMap<String, Vec<String>>")]
    pub(super) bands: BTreeMap<String, [Frequency; 2]>,
    /// Ratios of the power of two bands, e.g. `[theta/beta]` (default none), in columns such as theta_beta_ratio.
    pub(super) ratios: Vec<String>,
    /// The range of total_power, which relative powers are parts of, and of spectral_edge_hz, median_frequency_hz and
    /// spectral_entropy, e.g. `[1 Hz, 45 Hz]` (default: the whole spectrum).
    #[schemars(with = "Option<Vec<String>>")]
    pub(super) total: Option<[Frequency; 2]>,
    /// The range of peak_frequency_hz (default: from the lowest to the highest edge of the bands).
    #[schemars(with = "Option<Vec<String>>")]
    pub(super) peak: Option<[Frequency; 2]>,
    /// The range of individual_alpha_frequency_hz and individual_alpha_peak_hz (default 7 to 13 Hz).
    #[schemars(with = "Vec<String>")]
    pub(super) alpha_range: [Frequency; 2],
    /// The part of the power below spectral_edge_hz (default 95 %).
    #[schemars(with = "f64")]
    pub(super) edge: Fraction,
    /// How power densities are summed over a band: trapezoid (default) or rectangle (each frequency in one band).
    pub(super) integration: Sum,
    /// Length of a Welch segment (default 2 s), rounded to whole samples; of signals only, as all below.
    #[schemars(with = "Option<String>")]
    pub(super) segment: Option<Time>,
    /// The part of a segment that it shares with the next (default 50 %).
    #[schemars(with = "Option<f64>")]
    pub(super) overlap: Option<Fraction>,
    /// Taper of segments: hann (default), hamming, blackman or boxcar.
    pub(super) window: Option<Taper>,
    /// What each segment loses first: none, constant (default: its mean) or linear.
    pub(super) detrend: Option<Trend>,
    /// How segments become one spectrum: mean (default) or median.
    pub(super) average: Option<Averaged>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Sum {
    #[default]
    Trapezoid,
    Rectangle,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Taper {
    #[default]
    Hann,
    Hamming,
    Blackman,
    Boxcar,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Trend {
    None,
    #[default]
    Constant,
    Linear,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Averaged {
    #[default]
    Mean,
    Median,
}

impl Default for Config {
    fn default() -> Self {
        let edges = [
            ("delta", 1.0, 4.0),
            ("theta", 4.0, 8.0),
            ("alpha", 8.0, 13.0),
            ("beta", 13.0, 30.0),
            ("gamma", 30.0, 45.0),
        ];
        let range = |low, high| [Frequency::new(low), Frequency::new(high)];
        Self {
            bands: edges.into_iter().map(|(name, low, high)| (name.to_owned(), range(low, high))).collect(),
            ratios: Vec::new(),
            total: None,
            peak: None,
            alpha_range: range(7.0, 13.0),
            edge: Fraction::new(0.95),
            integration: Sum::default(),
            segment: None,
            overlap: None,
            window: None,
            detrend: None,
            average: None,
        }
    }
}

/// What the configuration says, checked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Measured {
    /// By rising lower edge.
    pub(super) bands: Vec<(String, Band)>,
    /// Places in `bands`.
    pub(super) ratios: Vec<(usize, usize)>,
    pub(super) total: Option<Band>,
    pub(super) peak: Band,
    pub(super) alpha: Band,
    pub(super) edge: f64,
    pub(super) integration: Integration,
}

impl Config {
    /// `spectra`: whether spectra come in, and none are estimated.
    pub(super) fn measured(&self, spectra: bool) -> Result<Measured, Vec<ConfigError>> {
        let mut problems = self.problems_of_welch(spectra);
        let mut band = |field: &str, [low, high]: [Frequency; 2]| {
            let (low_hz, high_hz) = (low.value(), high.value());
            if !(low_hz >= 0.0 && low_hz < high_hz && high_hz.is_finite()) {
                let message = format!("{low} to {high}; a band goes from 0 Hz or more to a higher, finite frequency");
                problems.push(ConfigError::at(field, message));
            }
            Band { low_hz, high_hz }
        };
        let mut bands: Vec<(String, Band)> =
            self.bands.iter().map(|(name, edges)| (name.clone(), band(&format!("bands.{name}"), *edges))).collect();
        bands.sort_by(|a, b| a.1.low_hz.total_cmp(&b.1.low_hz).then_with(|| a.0.cmp(&b.0)));
        let total = self.total.map(|edges| band("total", edges));
        let lowest = bands.iter().map(|(_, band)| band.low_hz).fold(f64::INFINITY, f64::min);
        let highest = bands.iter().map(|(_, band)| band.high_hz).fold(0.0, f64::max);
        let peak = self.peak.map_or(Band { low_hz: lowest, high_hz: highest }, |edges| band("peak", edges));
        let alpha = band("alpha_range", self.alpha_range);
        if bands.is_empty() {
            problems.push(ConfigError::at("bands", "no band; name at least one, e.g. `{alpha: [8 Hz, 13 Hz]}`"));
        }
        for (name, _) in &bands {
            let is_word = name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            if !is_word {
                let message =
                    format!("`{name}`; names of bands begin columns: lowercase letters, digits and _, a letter first");
                problems.push(ConfigError::at(format!("bands.{name}"), message));
            }
        }
        let mut ratios = Vec::new();
        for (i, ratio) in self.ratios.iter().enumerate() {
            match places(ratio, &bands) {
                Ok(pair) if ratios.contains(&pair) => {
                    problems.push(ConfigError::at(format!("ratios.{i}"), format!("`{ratio}` is there already")));
                }
                Ok(pair) => ratios.push(pair),
                Err(message) => problems.push(ConfigError::at(format!("ratios.{i}"), message)),
            }
        }
        let edge = self.edge.value();
        if !(edge > 0.0 && edge < 1.0) {
            problems.push(ConfigError::at("edge", format!("{edge}; allowed: above 0 and below 1, e.g. 95 %")));
        }
        let integration = match self.integration {
            Sum::Trapezoid => Integration::Trapezoid,
            Sum::Rectangle => Integration::Rectangle,
        };
        let measured = Measured { bands, ratios, total, peak, alpha, edge, integration };
        let names: Vec<String> = measured.features().into_iter().map(|feature| feature.name).collect();
        if let Some((_, twice)) = names.iter().enumerate().find(|(i, name)| names[..*i].contains(name)) {
            problems.push(ConfigError::at(
                "bands",
                format!("two columns would have the name `{twice}`; give bands other names"),
            ));
        }
        if problems.is_empty() { Ok(measured) } else { Err(problems) }
    }

    fn problems_of_welch(&self, spectra: bool) -> Vec<ConfigError> {
        let mut problems = Vec::new();
        let given = [
            ("segment", self.segment.is_some()),
            ("overlap", self.overlap.is_some()),
            ("window", self.window.is_some()),
            ("detrend", self.detrend.is_some()),
            ("average", self.average.is_some()),
        ];
        for (field, _) in given.iter().filter(|(_, given)| spectra && *given) {
            problems.push(ConfigError::at(
                *field,
                "only spectra of signals are estimated; the input `spectra` has its own",
            ));
        }
        if let Some(segment) = self.segment.filter(|segment| !(segment.value() > 0.0 && segment.value().is_finite())) {
            problems.push(ConfigError::at("segment", format!("{segment}: it must be finite and above 0 ms")));
        }
        if let Some(overlap) = self.overlap.filter(|overlap| !(0.0..1.0).contains(&overlap.value())) {
            problems
                .push(ConfigError::at("overlap", format!("{overlap}; allowed: 0 to below 1, a part of the segment")));
        }
        problems
    }

    /// One form for all that give the same numbers.
    pub(super) fn canonical(mut self, measured: &Measured) -> Self {
        let name = |place: usize| &measured.bands[place].0;
        self.ratios =
            measured.ratios.iter().map(|&(above, below)| format!("{}/{}", name(above), name(below))).collect();
        self.segment = self.segment.filter(|segment| segment.value() != SEGMENT);
        self.overlap = self.overlap.filter(|overlap| overlap.value() != OVERLAP);
        self.window = self.window.filter(|window| *window != Taper::default());
        self.detrend = self.detrend.filter(|detrend| *detrend != Trend::default());
        self.average = self.average.filter(|average| *average != Averaged::default());
        self
    }

    /// The method for a sampling rate, and whether the segment is no whole number of samples.
    pub(super) fn welch(&self, rate_hz: f64) -> (Welch, bool) {
        let samples = self.segment.map_or(SEGMENT, |segment| segment.value()) * 1e-3 * rate_hz;
        let segment = samples.round().max(1.0);
        let uneven = (samples - segment).abs() > 1e-6 * segment;
        let overlap = self.overlap.map_or(OVERLAP, |overlap| overlap.value());
        let segment = segment as usize;
        let overlap = ((segment as f64 * overlap + 1e-9) as usize).min(segment - 1);
        let welch = Welch {
            segment,
            overlap,
            transform: None,
            window: match self.window.unwrap_or_default() {
                Taper::Hann => Window::Hann,
                Taper::Hamming => Window::Hamming,
                Taper::Blackman => Window::Blackman,
                Taper::Boxcar => Window::Boxcar,
            },
            detrend: match self.detrend.unwrap_or_default() {
                Trend::None => Detrend::Nothing,
                Trend::Constant => Detrend::Mean,
                Trend::Linear => Detrend::Line,
            },
            average: match self.average.unwrap_or_default() {
                Averaged::Mean => Average::Mean,
                Averaged::Median => Average::Median,
            },
            scaling: Scaling::Density,
        };
        (welch, uneven)
    }

    /// In ms.
    pub(super) fn segment_ms(&self) -> f64 {
        self.segment.map_or(SEGMENT, |segment| segment.value())
    }
}

/// `theta/beta` as places of bands.
fn places(ratio: &str, bands: &[(String, Band)]) -> Result<(usize, usize), String> {
    let known = || bands.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
    let place = |name: &str| {
        let found = bands.iter().position(|(band, _)| band == name.trim());
        found.ok_or_else(|| format!("`{ratio}`: there is no band `{}` (there are: {})", name.trim(), known()))
    };
    let Some((above, below)) = ratio.split_once('/') else {
        return Err(format!("`{ratio}`; two bands with / between are due, e.g. theta/beta"));
    };
    match (place(above)?, place(below)?) {
        (above, below) if above == below => Err(format!("`{ratio}`: a band over itself is 1")),
        pair => Ok(pair),
    }
}

impl Measured {
    /// Columns, in the order of the numbers.
    pub(super) fn features(&self) -> Vec<Feature> {
        let mut features = Vec::new();
        for (name, band) in &self.bands {
            let range = format!("{} to {} Hz", band.low_hz, band.high_hz);
            let absolute = format!("power from {range}, in the unit of the signal squared");
            features.push(Feature::new(format!("{name}_absolute"), None, absolute));
            features.push(Feature::new(
                format!("{name}_relative"),
                None,
                format!("power from {range} over total_power"),
            ));
        }
        for &(above, below) in &self.ratios {
            let (above, below) = (&self.bands[above].0, &self.bands[below].0);
            let description = format!("{above}_absolute over {below}_absolute");
            features.push(Feature::new(format!("{above}_{below}_ratio"), None, description));
        }
        let hz = Some("Hz");
        features.extend([
            Feature::new("total_power", None, "power over the whole range, in the unit of the signal squared"),
            Feature::new("peak_frequency_hz", hz, "frequency of the largest power"),
            Feature::new(
                "spectral_edge_hz",
                hz,
                format!("frequency below which {} % of the power lies", 100.0 * self.edge),
            ),
            Feature::new("median_frequency_hz", hz, "frequency below which half of the power lies"),
            Feature::new("spectral_entropy", None, "how evenly power is spread over frequencies, 0 to 1"),
            Feature::new("individual_alpha_frequency_hz", hz, "centre of gravity of the power of the alpha range"),
            Feature::new("individual_alpha_peak_hz", hz, "peak of the alpha range; NaN where power rises to an edge"),
        ]);
        features
    }
}
