//! `signal.spectrum`: power spectra of signals, by Welch's method, multitaper or one transform ([`super::estimation`]).

use std::collections::BTreeSet;

use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, SampleError, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::tables::spectra::{self, Spectrum};
use lapicque_units::Frequency;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::estimation::{
    Average, Detrend, Estimation, Estimator, Method, MultitaperCompat, Scaling, Weights, known_rate_hz, range_problem,
};
use super::missing::{Remark, Treatment, check, tell_and_fill};
use super::span::Span;
use super::window_config::WindowConfig;
use super::{PORTS, check_size, of_signal, signals_of};
use crate::kind_config::{SimpleKind, bound, read, schema_of};

const REVISION: u32 = 1;
/// As scipy has it.
pub(super) const SEGMENT: Span = Span::Samples(256);

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "signal.spectrum",
    summary: "Compute the power spectrum of each signal",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// welch (default): the mean over segments; multitaper: the mean over tapers of the whole signal; fft: one transform of it.
    method: Method,
    /// Welch: length of a segment, as a time, e.g. `2 s`, or in samples (default 256). A shorter signal is one segment.
    #[schemars(with = "Option<String>")]
    segment: Option<Span>,
    /// Welch: what neighbouring segments share, as a part (default 50 %), a time or in samples.
    #[schemars(with = "Option<String>")]
    overlap: Option<Span>,
    /// Welch (default hann) and fft (default boxcar): the taper, by scipy's names: `hamming`, `{kaiser: 14}`, `{gaussian: 100 ms}`.
    window: Option<WindowConfig>,
    /// Welch: mean over segments (default), or median, corrected for its bias.
    average: Option<Average>,
    /// Length of the transform in samples; what is beyond the segment or signal is zero (default: nothing is).
    transform: Option<u32>,
    /// What each segment, or the whole signal, loses first: constant (default), linear or none.
    detrend: Detrend,
    /// Welch and fft: density (default), per Hz, or spectrum, per bin.
    scaling: Option<Scaling>,
    /// Multitaper: full width over which power is smoothed (default: 8 times the sampling rate over the number of samples).
    #[schemars(with = "Option<String>")]
    bandwidth: Option<Frequency>,
    /// Multitaper: at most so many tapers (default: all with more than 90 % of their power within the bandwidth).
    tapers: Option<u32>,
    /// Multitaper: weights of the tapers: adaptive (default), eigenvalue or uniform.
    weights: Option<Weights>,
    /// Only frequencies from the first to the second of these, e.g. `[1 Hz, 45 Hz]` (default: all).
    #[schemars(with = "Option<[String; 2]>")]
    frequency_range: Option<[Frequency; 2]>,
    /// What becomes of missing (and infinite) values: refuse (default), interpolate (linearly, at the ends the nearest value)
    /// or propagate: the spectrum of the signal is missing.
    missing: Treatment,
    /// Multitaper: `mne` gives the numbers of MNE-Python, whose adaptive weights count leakage half.
    compat: Option<MultitaperCompat>,
}

struct SpectrumStage {
    bound: Bound,
    estimation: Estimation,
    range_hz: Option<(f64, f64)>,
    missing: Treatment,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let mut config: Config = read(request)?;
    let estimation = Estimation {
        method: config.method,
        segment: config.segment,
        overlap: config.overlap,
        window: config.window,
        average: config.average,
        transform: config.transform,
        detrend: config.detrend,
        scaling: config.scaling,
        bandwidth: config.bandwidth,
        tapers: config.tapers,
        weights: config.weights,
        compat: config.compat,
    };
    let range = config.frequency_range.and_then(|range| range_problem("frequency_range", range));
    let estimation = match (estimation.checked(SEGMENT, ""), range) {
        (Ok(estimation), None) => estimation,
        (checked, range) => return Err(checked.err().into_iter().flatten().chain(range).collect()),
    };
    config.segment = estimation.segment;
    config.overlap = estimation.overlap;
    config.window = estimation.window;
    config.average = estimation.average;
    config.scaling = estimation.scaling;
    config.weights = estimation.weights;
    let bound = bound(REVISION, &config, &Config::default(), request, vec![Output::new("spectra", spectra::schema())])?;
    let range_hz = config.frequency_range.map(|[low, high]| (low.value(), high.value()));
    Ok(Box::new(SpectrumStage { bound, estimation, range_hz, missing: config.missing }))
}

impl Stage for SpectrumStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        let mut estimator = Estimator::new(&self.estimation, SEGMENT);
        each_sample(batch, |sample, _| {
            let mut signals = signals_of(batch, sample)?;
            check(self.missing, &signals)?;
            let mut holes = remark_on_missing(self.missing);
            let mut told = Remark::new("settings do not fit signals");
            let mut notes = BTreeSet::new();
            let mut found = Vec::with_capacity(signals.len());
            let mut values = 0.0;
            for signal in &mut signals {
                if context.is_cancelled() {
                    return Err(SampleError::cancelled());
                }
                tell_and_fill(self.missing, signal, &mut holes)?;
                let rate_hz = known_rate_hz(signal)?;
                let estimated =
                    estimator.spectrum(&signal.values, rate_hz).map_err(|message| of_signal(signal, message))?;
                notes.extend(estimator.rounded(rate_hz));
                if let Some(text) = estimated.told {
                    told.of(signal, &text);
                }
                let spectrum = match self.range_hz {
                    Some((low, high)) => estimated.spectrum.between(low, high),
                    None => estimated.spectrum,
                };
                values += spectrum.power.len() as f64;
                check_size(values)?;
                found.push(Spectrum {
                    channel: signal.channel.clone(),
                    epoch: signal.epoch,
                    unit: self.estimation.unit_of_power(&signal.unit).into(),
                    frequencies_hz: spectrum.frequencies_hz.into(),
                    power: spectrum.power.into(),
                });
            }
            let table = spectra::write(&found).map_err(SampleError::internal)?;
            notes.extend([holes.note(), told.note()].into_iter().flatten());
            Ok(SampleOutput { tables: vec![table], notes: notes.into_iter().collect() })
        })
    }
}

/// What is said of signals with missing values.
pub(super) fn remark_on_missing(treatment: Treatment) -> Remark {
    Remark::new(match treatment {
        Treatment::Interpolate => {
            "missing values are interpolated linearly, at the ends of a signal the nearest value is taken"
        }
        Treatment::Refuse | Treatment::Propagate => "where values are missing, so is the power that they are part of",
    })
}
