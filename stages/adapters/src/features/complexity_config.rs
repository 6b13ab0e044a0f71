//! Configuration of `features.complexity`: which measures, and the settings of each.

use lapicque_pipeline::ConfigError;
use lapicque_signal::complexity::{Embedding, HIGHEST_ORDER, LONGEST_TEMPLATE, Matching};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::by_signal::Feature;

/// Means over so many samples at most.
const MOST_SCALES: u32 = 100;
/// Beyond, nearly all values match.
const WIDEST_TOLERANCE: f64 = 5.0;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Config {
    /// The measures (default: all but multiscale_entropy). Each is a column of its name; multiscale_entropy has one for each
    /// scale (multiscale_entropy_1, ..), autocorrelation_decay is autocorrelation_decay_ms. Sample and approximate entropy take
    /// about a second for 100,000 values, and twenty for a million; all others are much faster.
    pub(super) measures: Vec<Measure>,
    /// Settings of permutation_entropy.
    pub(super) permutation_entropy: Option<Ordinal>,
    /// Settings of sample_entropy.
    pub(super) sample_entropy: Option<Templates>,
    /// Settings of approximate_entropy.
    pub(super) approximate_entropy: Option<Templates>,
    /// Settings of multiscale_entropy.
    pub(super) multiscale_entropy: Option<Multiscale>,
    /// Settings of svd_entropy.
    pub(super) svd_entropy: Option<Svd>,
    /// Settings of spectral_entropy.
    pub(super) spectral_entropy: Option<Spectral>,
    /// Settings of hurst_exponent.
    pub(super) hurst_exponent: Option<Hurst>,
    /// Settings of higuchi_fd.
    pub(super) higuchi_fd: Option<Higuchi>,
}

impl Default for Config {
    fn default() -> Self {
        let cheap = Measure::ALL.into_iter().filter(|measure| *measure != Measure::MultiscaleEntropy);
        Self {
            measures: cheap.collect(),
            permutation_entropy: None,
            sample_entropy: None,
            approximate_entropy: None,
            multiscale_entropy: None,
            svd_entropy: None,
            spectral_entropy: None,
            hurst_exponent: None,
            higuchi_fd: None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Measure {
    HjorthActivity,
    HjorthMobility,
    HjorthComplexity,
    PermutationEntropy,
    SampleEntropy,
    ApproximateEntropy,
    MultiscaleEntropy,
    SvdEntropy,
    SpectralEntropy,
    LempelZiv,
    LempelZivNormalized,
    HurstExponent,
    HiguchiFd,
    KatzFd,
    PetrosianFd,
    LineLength,
    ZeroCrossings,
    AutocorrelationDecay,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Ordinal {
    /// Values of a pattern (default 3, 2 to 8).
    pub(super) order: u32,
    /// Samples from one value of a pattern to the next (default 1).
    pub(super) delay: u32,
    /// Divide by the largest entropy, log2(order!) (default false: bits).
    pub(super) normalized: bool,
}

impl Default for Ordinal {
    fn default() -> Self {
        Self { order: 3, delay: 1, normalized: false }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Svd {
    /// Values of a row (default 3, 2 to 20).
    pub(super) order: u32,
    /// Samples from one value of a row to the next (default 1).
    pub(super) delay: u32,
    /// Divide by the largest entropy, log2(order) (default true; false: bits).
    pub(super) normalized: bool,
}

impl Default for Svd {
    fn default() -> Self {
        Self { order: 3, delay: 1, normalized: true }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Templates {
    /// Values of a template (default 2, 1 to 6).
    pub(super) order: u32,
    /// Largest difference of matching values, in population standard deviations of the signal (default 0.2).
    pub(super) tolerance: f64,
}

impl Default for Templates {
    fn default() -> Self {
        Self { order: 2, tolerance: 0.2 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Multiscale {
    /// Values of a template (default 2, 1 to 6).
    pub(super) order: u32,
    /// Largest difference of matching values, in population standard deviations of the signal at scale 1 (default 0.2).
    pub(super) tolerance: f64,
    /// Means of 1, 2, .. up to so many samples (default 5, at most 100).
    pub(super) scales: u32,
}

impl Default for Multiscale {
    fn default() -> Self {
        Self { order: 2, tolerance: 0.2, scales: 5 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Spectral {
    /// Divide by the largest entropy, log2 of the number of frequencies (default false: bits).
    pub(super) normalized: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Hurst {
    /// Samples of the shortest window (default 10, at least 4); the longest is half of the signal.
    pub(super) shortest_window: u32,
    /// Correct for what white noise has in windows of such lengths (default true).
    pub(super) corrected: bool,
}

impl Default for Hurst {
    fn default() -> Self {
        Self { shortest_window: 10, corrected: true }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Higuchi {
    /// Samples of the longest step (default 10, at least 2).
    pub(super) longest_step: u32,
}

impl Default for Higuchi {
    fn default() -> Self {
        Self { longest_step: 10 }
    }
}

impl Measure {
    const ALL: [Self; 18] = [
        Self::HjorthActivity,
        Self::HjorthMobility,
        Self::HjorthComplexity,
        Self::PermutationEntropy,
        Self::SampleEntropy,
        Self::ApproximateEntropy,
        Self::MultiscaleEntropy,
        Self::SvdEntropy,
        Self::SpectralEntropy,
        Self::LempelZiv,
        Self::LempelZivNormalized,
        Self::HurstExponent,
        Self::HiguchiFd,
        Self::KatzFd,
        Self::PetrosianFd,
        Self::LineLength,
        Self::ZeroCrossings,
        Self::AutocorrelationDecay,
    ];

    /// Column, where there is one, unit where it does not depend on the signal, and description.
    fn column(self) -> (&'static str, Option<&'static str>, &'static str) {
        match self {
            Self::HjorthActivity => ("hjorth_activity", None, "population variance, in the unit of the signal squared"),
            Self::HjorthMobility => ("hjorth_mobility", None, "mean frequency, radians per sample"),
            Self::HjorthComplexity => ("hjorth_complexity", None, "bandwidth: 1 for a sine"),
            Self::PermutationEntropy => ("permutation_entropy", None, "of the orders of neighbouring values"),
            Self::SampleEntropy => ("sample_entropy", None, "minus log of the part of matches that go on, nats"),
            Self::ApproximateEntropy => {
                ("approximate_entropy", None, "mean log of matches less that of longer ones, nats")
            }
            Self::MultiscaleEntropy => ("multiscale_entropy", None, "sample entropy of means"),
            Self::SvdEntropy => ("svd_entropy", None, "of the singular values of delayed rows"),
            Self::SpectralEntropy => ("spectral_entropy", None, "of the periodogram"),
            Self::LempelZiv => ("lempel_ziv", None, "phrases of the signal above or below its median"),
            Self::LempelZivNormalized => ("lempel_ziv_normalized", None, "phrases over n / log2 n"),
            Self::HurstExponent => ("hurst_exponent", None, "growth of rescaled ranges: 0.5 for white noise"),
            Self::HiguchiFd => ("higuchi_fd", None, "fractal dimension after Higuchi"),
            Self::KatzFd => ("katz_fd", None, "fractal dimension after Katz"),
            Self::PetrosianFd => ("petrosian_fd", None, "fractal dimension after Petrosian"),
            Self::LineLength => ("line_length", None, "sum of absolute increments, in the unit of the signal"),
            Self::ZeroCrossings => ("zero_crossings", None, "steps between below 0 and 0 or above"),
            Self::AutocorrelationDecay => {
                ("autocorrelation_decay_ms", Some("ms"), "where the autocorrelation falls below 1/e")
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::AutocorrelationDecay => "autocorrelation_decay",
            other => other.column().0,
        }
    }
}

impl Config {
    pub(super) fn problems(&self) -> Vec<ConfigError> {
        let mut problems = Vec::new();
        let mut wrong = |field: String, message: String| problems.push(ConfigError::at(field, message));
        if self.measures.is_empty() {
            wrong(
                "measures".to_owned(),
                "no measure; name at least one, or leave the list out for all that are cheap".to_owned(),
            );
        }
        for (i, measure) in self.measures.iter().enumerate() {
            if self.measures[..i].contains(measure) {
                wrong(format!("measures.{i}"), format!("`{}` is there already", measure.name()));
            }
        }
        for (measure, given) in [
            (Measure::PermutationEntropy, self.permutation_entropy.is_some()),
            (Measure::SampleEntropy, self.sample_entropy.is_some()),
            (Measure::ApproximateEntropy, self.approximate_entropy.is_some()),
            (Measure::MultiscaleEntropy, self.multiscale_entropy.is_some()),
            (Measure::SvdEntropy, self.svd_entropy.is_some()),
            (Measure::SpectralEntropy, self.spectral_entropy.is_some()),
            (Measure::HurstExponent, self.hurst_exponent.is_some()),
            (Measure::HiguchiFd, self.higuchi_fd.is_some()),
        ] {
            if given && !self.measures.contains(&measure) {
                wrong(
                    measure.name().to_owned(),
                    format!("settings without effect: `{}` is not among `measures`", measure.name()),
                );
            }
        }
        let mut range = |name: &str, field: &str, value: u32, least: u32, most: u32| {
            if !(least..=most).contains(&value) {
                let allowed = if most == u32::MAX { format!("at least {least}") } else { format!("{least} to {most}") };
                wrong(format!("{name}.{field}"), format!("{value}; allowed: {allowed}"));
            }
        };
        let ordinal = self.permutation_entropy.unwrap_or_default();
        range("permutation_entropy", "order", ordinal.order, 2, HIGHEST_ORDER as u32);
        range("permutation_entropy", "delay", ordinal.delay, 1, u32::MAX);
        let svd = self.svd_entropy.unwrap_or_default();
        range("svd_entropy", "order", svd.order, 2, 20);
        range("svd_entropy", "delay", svd.delay, 1, u32::MAX);
        range(
            "hurst_exponent",
            "shortest_window",
            self.hurst_exponent.unwrap_or_default().shortest_window,
            4,
            u32::MAX,
        );
        range("higuchi_fd", "longest_step", self.higuchi_fd.unwrap_or_default().longest_step, 2, u32::MAX);
        let multiscale = self.multiscale_entropy.unwrap_or_default();
        range("multiscale_entropy", "scales", multiscale.scales, 1, MOST_SCALES);
        let templates = [
            ("sample_entropy", self.sample_entropy.unwrap_or_default()),
            ("approximate_entropy", self.approximate_entropy.unwrap_or_default()),
            ("multiscale_entropy", Templates { order: multiscale.order, tolerance: multiscale.tolerance }),
        ];
        for (name, Templates { order, .. }) in templates {
            range(name, "order", order, 1, LONGEST_TEMPLATE as u32);
        }
        for (name, Templates { tolerance, .. }) in templates {
            if !(tolerance > 0.0 && tolerance <= WIDEST_TOLERANCE) {
                let allowed = format!("above 0 to {WIDEST_TOLERANCE} standard deviations of the signal");
                wrong(format!("{name}.tolerance"), format!("{tolerance}; allowed: {allowed}"));
            }
        }
        problems
    }

    /// One form for all that give the same columns and numbers.
    pub(super) fn canonical(mut self) -> Self {
        self.measures.sort_unstable();
        fn unless_default<T: Default + PartialEq>(settings: Option<T>) -> Option<T> {
            settings.filter(|settings| *settings != T::default())
        }
        self.permutation_entropy = unless_default(self.permutation_entropy);
        self.sample_entropy = unless_default(self.sample_entropy);
        self.approximate_entropy = unless_default(self.approximate_entropy);
        self.multiscale_entropy = unless_default(self.multiscale_entropy);
        self.svd_entropy = unless_default(self.svd_entropy);
        self.spectral_entropy = unless_default(self.spectral_entropy);
        self.hurst_exponent = unless_default(self.hurst_exponent);
        self.higuchi_fd = unless_default(self.higuchi_fd);
        self
    }

    /// Columns in the order of the measures.
    pub(super) fn features(&self) -> Vec<Feature> {
        let mut features = Vec::new();
        for measure in &self.measures {
            let (name, unit, description) = measure.column();
            if *measure == Measure::MultiscaleEntropy {
                let scales = 1..=self.multiscale_entropy.unwrap_or_default().scales;
                let of_scale = |scale| {
                    Feature::new(format!("{name}_{scale}"), unit, format!("{description} of {scale} values, nats"))
                };
                features.extend(scales.map(of_scale));
            } else {
                features.push(Feature::new(name, unit, description));
            }
        }
        features
    }
}

impl Templates {
    pub(super) fn matching(self) -> Matching {
        Matching { order: self.order as usize, tolerance: self.tolerance }
    }
}

pub(super) fn embedding(order: u32, delay: u32) -> Embedding {
    Embedding { order: order as usize, delay: delay as usize }
}
