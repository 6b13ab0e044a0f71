//! `signal.spectrogram`: power over frequency and time, a row per segment ([`lapicque_signal::spectrogram`]).

use std::collections::BTreeSet;

use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, SampleError, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::tables::spectrograms::{self, Spectrogram};
use lapicque_signal::power_spectrum::bins_between;
use lapicque_signal::spectrogram::spectrogram;
use lapicque_units::Frequency;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::estimation::{Detrend, Estimation, Estimator, Scaling, known_rate_hz, range_problem};
use super::missing::{Remark, Treatment, check, tell_and_fill};
use super::span::Span;
use super::spectrum::{SEGMENT, remark_on_missing};
use super::window_config::WindowConfig;
use super::{PORTS, check_size, of_signal, signals_of};
use crate::kind_config::{SimpleKind, bound, read, schema_of};

const REVISION: u32 = 1;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "signal.spectrogram",
    summary: "Compute the power of each signal over frequency and time",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// Length of a segment, as a time, e.g. `2 s`, or in samples (default 256). A shorter signal is one segment.
    #[schemars(with = "Option<String>")]
    segment: Option<Span>,
    /// What neighbouring segments share, as a part (default 50 %), a time or in samples.
    #[schemars(with = "Option<String>")]
    overlap: Option<Span>,
    /// The taper (default hann), by scipy's names: `hamming`, `{kaiser: 14}`, `{gaussian: 100 ms}`.
    window: Option<WindowConfig>,
    /// Length of the transform in samples; what is beyond the segment is zero (default: nothing is).
    transform: Option<u32>,
    /// What each segment loses first: constant (default), linear or none.
    detrend: Detrend,
    /// density (default), per Hz, or spectrum, per bin.
    scaling: Option<Scaling>,
    /// Only frequencies from the first to the second of these, e.g. `[1 Hz, 45 Hz]` (default: all).
    #[schemars(with = "Option<[String; 2]>")]
    frequency_range: Option<[Frequency; 2]>,
    /// What becomes of missing (and infinite) values: refuse (default), interpolate (linearly, at the ends the nearest value)
    /// or propagate: the power of segments with missing values is missing.
    missing: Treatment,
}

struct SpectrogramStage {
    bound: Bound,
    estimation: Estimation,
    range_hz: Option<(f64, f64)>,
    missing: Treatment,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let mut config: Config = read(request)?;
    let estimation = Estimation {
        segment: config.segment,
        overlap: config.overlap,
        window: config.window,
        transform: config.transform,
        detrend: config.detrend,
        scaling: config.scaling,
        ..Estimation::default()
    };
    let range = config.frequency_range.and_then(|range| range_problem("frequency_range", range));
    let estimation = match (estimation.checked(SEGMENT, ""), range) {
        (Ok(estimation), None) => estimation,
        (checked, range) => return Err(checked.err().into_iter().flatten().chain(range).collect()),
    };
    config.segment = estimation.segment;
    config.overlap = estimation.overlap;
    config.window = estimation.window;
    config.scaling = estimation.scaling;
    let output = Output::new("spectrograms", spectrograms::schema());
    let bound = bound(REVISION, &config, &Config::default(), request, vec![output])?;
    let range_hz = config.frequency_range.map(|[low, high]| (low.value(), high.value()));
    Ok(Box::new(SpectrogramStage { bound, estimation, range_hz, missing: config.missing }))
}

impl Stage for SpectrogramStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, _| {
            let mut signals = signals_of(batch, sample)?;
            check(self.missing, &signals)?;
            let mut holes = remark_on_missing(self.missing);
            let mut short = Remark::new("signals that are shorter than a segment are one");
            let mut notes = BTreeSet::new();
            let mut found = Vec::with_capacity(signals.len());
            let mut values = 0.0;
            for signal in &mut signals {
                if context.is_cancelled() {
                    return Err(SampleError::cancelled());
                }
                tell_and_fill(self.missing, signal, &mut holes)?;
                let rate_hz = known_rate_hz(signal)?;
                let method = self.estimation.welch(rate_hz, SEGMENT).map_err(|message| of_signal(signal, message))?;
                notes.extend(Estimator::new(&self.estimation, SEGMENT).rounded(rate_hz));
                let len = signal.values.len();
                if len < method.segment {
                    short.of(signal, &format!("{len} values, a segment is {} values", method.segment));
                }
                let segments = (len.saturating_sub(method.segment) / (method.segment - method.overlap) + 1) as f64;
                let bins = method.transform.unwrap_or(method.segment.min(len)) / 2 + 1;
                values += segments * bins as f64;
                check_size(values)?;
                let power = spectrogram(&signal.values, rate_hz, &method).map_err(|error| of_signal(signal, error))?;
                let (low, high) = self.range_hz.unwrap_or((0.0, f64::INFINITY));
                let within = bins_between(&power.frequencies_hz, low, high);
                let rows = power.times_s.iter().zip(&power.power);
                found.push(Spectrogram {
                    channel: signal.channel.to_string(),
                    epoch: signal.epoch,
                    unit: self.estimation.unit_of_power(&signal.unit),
                    frequencies_hz: power.frequencies_hz[within.clone()].to_vec(),
                    segments: rows
                        .map(|(time_s, power)| (signal.t0_ms * 1e-3 + time_s, power[within.clone()].to_vec()))
                        .collect(),
                });
            }
            let table = spectrograms::write(&found).map_err(SampleError::internal)?;
            notes.extend([holes.note(), short.note()].into_iter().flatten());
            Ok(SampleOutput { tables: vec![table], notes: notes.into_iter().collect() })
        })
    }
}
