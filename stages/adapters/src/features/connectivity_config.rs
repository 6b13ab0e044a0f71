//! The configuration of `features.connectivity`.

use std::collections::BTreeMap;

use lapicque_pipeline::ConfigError;
use lapicque_signal::connectivity::{Band, Scale};
use lapicque_units::{Frequency, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Config {
    /// What is measured, a column each: `coherence` (a magnitude from 0 to 1, as MNE's `coh`), `squared_coherence`, `imaginary_coherence`, `plv`, `pli`, `wpli`,
    /// `debiased_wpli`, `correlation` (of the signals as they are, whatever the band), `envelope_correlation` and `orthogonalised_envelope_correlation`. Default:
    /// all but `squared_coherence`.
    pub(super) measures: Vec<Measure>,
    /// The band of frequencies, ends included, e.g. `[8 Hz, 13 Hz]`: spectral measures are averaged over its frequencies. Default: all frequencies between 0 Hz
    /// and half the sampling rate.
    #[schemars(with = "Option<[String; 2]>")]
    pub(super) band: Option<[Frequency; 2]>,
    /// Several bands by name instead, such as `{alpha: [8 Hz, 13 Hz]}`, whose columns are `alpha_coherence` and so on.
    #[schemars(with = "BTreeMap<String, [String; 2]>")]
    pub(super) bands: BTreeMap<String, [Frequency; 2]>,
    /// What measures are estimated across: `epochs` (default; one row per pair with epoch 0) or `segments` within each epoch (a row per pair and epoch).
    pub(super) across: Across,
    /// Length of the segments that spectra are estimated from, e.g. `2 s`, rounded to whole samples. Default: an epoch is a segment; `across: segments` needs it.
    #[schemars(with = "Option<String>")]
    pub(super) segment: Option<Time>,
    /// Part of a segment that the next one shares, from 0 to less than 1 (default 0.5). Needs `segment`.
    pub(super) overlap: Option<f64>,
    /// What of envelopes is correlated: `amplitude` (default) or `log_power`, the logarithm of its square.
    pub(super) envelopes: EnvelopeScale,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Measure {
    Coherence,
    SquaredCoherence,
    ImaginaryCoherence,
    Plv,
    Pli,
    Wpli,
    DebiasedWpli,
    Correlation,
    EnvelopeCorrelation,
    OrthogonalisedEnvelopeCorrelation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Across {
    #[default]
    Epochs,
    Segments,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum EnvelopeScale {
    #[default]
    Amplitude,
    LogPower,
}

/// A band and how its columns begin.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NamedBand {
    /// Field of the configuration, for messages.
    pub(super) field: String,
    pub(super) prefix: String,
    pub(super) band: Band,
}

impl Default for Config {
    fn default() -> Self {
        use Measure::*;
        Self {
            measures: vec![
                Coherence,
                ImaginaryCoherence,
                Plv,
                Pli,
                Wpli,
                DebiasedWpli,
                Correlation,
                EnvelopeCorrelation,
                OrthogonalisedEnvelopeCorrelation,
            ],
            band: None,
            bands: BTreeMap::new(),
            across: Across::Epochs,
            segment: None,
            overlap: None,
            envelopes: EnvelopeScale::Amplitude,
        }
    }
}

impl Measure {
    /// Name of the column, without that of a band.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Coherence => "coherence",
            Self::SquaredCoherence => "squared_coherence",
            Self::ImaginaryCoherence => "imaginary_coherence",
            Self::Plv => "plv",
            Self::Pli => "pli",
            Self::Wpli => "wpli",
            Self::DebiasedWpli => "debiased_wpli",
            Self::Correlation => "correlation",
            Self::EnvelopeCorrelation => "envelope_correlation",
            Self::OrthogonalisedEnvelopeCorrelation => "orthogonalised_envelope_correlation",
        }
    }

    pub(super) fn description(self) -> &'static str {
        match self {
            Self::Coherence => "magnitude of the coherency, 0 to 1",
            Self::SquaredCoherence => "squared magnitude of the coherency, 0 to 1",
            Self::ImaginaryCoherence => "imaginary part of the coherency, above 0 where `channel` leads",
            Self::Plv => "phase-locking value, 0 to 1",
            Self::Pli => "phase lag index, 0 to 1",
            Self::Wpli => "weighted phase lag index, 0 to 1",
            Self::DebiasedWpli => "square of the weighted phase lag index without its bias by few segments",
            Self::Correlation => "Pearson's correlation of the signals, -1 to 1",
            Self::EnvelopeCorrelation => "Pearson's correlation of the envelopes, -1 to 1",
            Self::OrthogonalisedEnvelopeCorrelation => {
                "Pearson's correlation of the envelopes without what the signals share at the same moment, 0 to 1"
            }
        }
    }

    pub(super) fn is_of_envelopes(self) -> bool {
        matches!(self, Self::EnvelopeCorrelation | Self::OrthogonalisedEnvelopeCorrelation)
    }

    pub(super) fn is_spectral(self) -> bool {
        !self.is_of_envelopes() && self != Self::Correlation
    }
}

impl Config {
    pub(super) fn has(&self, which: fn(Measure) -> bool) -> bool {
        self.measures.iter().any(|measure| which(*measure))
    }

    /// Puts measures in order; what does not fit together.
    pub(super) fn check(&mut self) -> Vec<ConfigError> {
        let mut problems = Vec::new();
        let mut problem = |field: &str, message: String| problems.push(ConfigError::at(field, message));
        let given = self.measures.len();
        self.measures.sort_unstable();
        self.measures.dedup();
        if self.measures.is_empty() {
            problem("measures", "empty; name at least one measure, or leave it out for the usual ones".to_owned());
        } else if self.measures.len() < given {
            problem("measures", "a measure stands there twice".to_owned());
        }
        let spectral = self.has(Measure::is_spectral);
        let of_envelopes = self.has(Measure::is_of_envelopes);
        let bands = self.bands.iter().map(|(name, limits)| (format!("bands.{name}"), *limits));
        for (field, [low, high]) in self.band.map(|limits| ("band".to_owned(), limits)).into_iter().chain(bands) {
            if !(low.value() > 0.0 && low.value() < high.value() && high.value().is_finite()) {
                problem(
                    &field,
                    format!("from {low} to {high}; a band begins above 0 Hz and ends at a higher frequency"),
                );
            }
        }
        if self.band.is_some() && !self.bands.is_empty() {
            problem("bands", "`band` is given as well; name one band, or several under `bands`".to_owned());
        }
        for name in self.bands.keys() {
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                problem(
                    &format!("bands.{name}"),
                    format!("`{name}` begins the names of columns: letters, digits and _ are allowed"),
                );
            }
        }
        if !spectral && !of_envelopes && !self.measures.is_empty() {
            for (field, given) in [("band", self.band.is_some()), ("bands", !self.bands.is_empty())] {
                if given {
                    problem(
                        field,
                        "no measure has a band: `correlation` is that of the signals as they are".to_owned(),
                    );
                }
            }
        }
        match self.segment {
            Some(segment) if !(segment.value() > 0.0 && segment.value().is_finite()) => {
                problem("segment", format!("{segment}: it must be finite and above 0 ms"));
            }
            Some(_) if !spectral && !self.measures.is_empty() => {
                problem("segment", "none of the measures is estimated from segments".to_owned());
            }
            None if spectral && self.across == Across::Segments => {
                problem("segment", "missing; `across: segments` needs the length of a segment, e.g. `1 s`".to_owned());
            }
            _ => {}
        }
        match self.overlap {
            Some(overlap) if !(0.0..1.0).contains(&overlap) => {
                problem("overlap", format!("{overlap}; a part of a segment, from 0 to less than 1"));
            }
            Some(_) if self.segment.is_none() => {
                problem("overlap", "only segments overlap; give their length as `segment`".to_owned());
            }
            _ => {}
        }
        if self.envelopes != EnvelopeScale::Amplitude && !of_envelopes && !self.measures.is_empty() {
            problem("envelopes", "none of the measures is one of envelopes".to_owned());
        }
        problems
    }

    /// Bands in the order of their columns, lower ones first.
    pub(super) fn named_bands(&self) -> Vec<NamedBand> {
        let between = |[low, high]: [Frequency; 2]| Band::Between { low_hz: low.value(), high_hz: high.value() };
        if self.bands.is_empty() {
            let band = self.band.map_or(Band::Whole, between);
            return vec![NamedBand { field: "band".to_owned(), prefix: String::new(), band }];
        }
        let mut bands: Vec<_> = self.bands.iter().collect();
        bands.sort_by(|(a, [a_low, a_high]), (b, [b_low, b_high])| {
            let limits = a_low.value().total_cmp(&b_low.value()).then(a_high.value().total_cmp(&b_high.value()));
            limits.then(a.cmp(b))
        });
        let named = |(name, limits): (&String, &[Frequency; 2])| NamedBand {
            field: format!("bands.{name}"),
            prefix: format!("{name}_"),
            band: between(*limits),
        };
        bands.into_iter().map(named).collect()
    }

    pub(super) fn scale(&self) -> Scale {
        match self.envelopes {
            EnvelopeScale::Amplitude => Scale::Amplitude,
            EnvelopeScale::LogPower => Scale::LogPower,
        }
    }
}
