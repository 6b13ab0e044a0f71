//! `signal.*`: signals into signals and spectra.

mod aggregate;
mod average;
mod bold;
pub(crate) mod channels;
pub(crate) mod decimate;
mod detrend;
mod envelope;
mod epochs;
pub(crate) mod estimation;
mod event_epochs;
mod filter;
pub(crate) mod filter_method;
mod filtering;
mod interpolate;
pub(crate) mod missing;
mod positions;
mod reject;
mod rereference;
mod resample;
mod select;
pub(crate) mod span;
mod spectrogram;
mod spectrum;
mod stretches;
mod window_config;
mod zscore;

use lapicque_pipeline::{Batch, Kind, PortMode, PortSpec, SampleError};
use lapicque_schemas::tables::signals::{self, Signal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The input of all of them.
const PORTS: &[PortSpec] = &[PortSpec::new("signals", signals::TABLE, PortMode::Either, true)];

/// Another program whose numbers are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Compat {
    Scipy,
}

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![
        Box::new(aggregate::KIND),
        Box::new(average::KIND),
        Box::new(bold::KIND),
        Box::new(decimate::KIND),
        Box::new(detrend::KIND),
        Box::new(envelope::KIND),
        Box::new(epochs::KIND),
        Box::new(filter::KIND),
        Box::new(interpolate::KIND),
        Box::new(reject::KIND),
        Box::new(rereference::KIND),
        Box::new(resample::KIND),
        Box::new(select::KIND),
        Box::new(spectrogram::KIND),
        Box::new(spectrum::KIND),
        Box::new(zscore::KIND),
    ]
}

pub(crate) fn signals_of(batch: &Batch, sample: usize) -> Result<Vec<Signal<'_>>, SampleError> {
    let table = batch.table(sample, "signals").ok_or_else(|| SampleError::internal("no input `signals`"))?;
    signals::read(table).map_err(SampleError::input)
}

/// What is wrong with one signal.
pub(crate) fn of_signal(signal: &Signal<'_>, message: impl std::fmt::Display) -> SampleError {
    SampleError::input(format!("{}: {message}", name_of(&signal.channel, signal.epoch)))
}

/// A signal in messages.
pub(crate) fn name_of(channel: &str, epoch: i32) -> String {
    match epoch {
        0 => format!("channel {channel}"),
        epoch => format!("channel {channel}, epoch {epoch}"),
    }
}

/// Lists of a table hold so many values together.
pub(crate) fn check_size(values: f64) -> Result<(), SampleError> {
    if values <= f64::from(i32::MAX) {
        return Ok(());
    }
    Err(SampleError::input(format!(
        "{values:.3e} values would come out; at most {} are allowed for one sample",
        i32::MAX
    )))
}

/// The sampling interval of a signal, for what cannot do without it.
pub(crate) fn known_interval_ms(signal: &Signal<'_>) -> Result<f64, SampleError> {
    if signal.dt_ms.is_nan() {
        return Err(of_signal(signal, "the interval between values is unknown; give `dt` (ms) or `sampling_rate`"));
    }
    if !(signal.dt_ms > 0.0 && signal.dt_ms.is_finite()) {
        let message = format!("the interval between values is {} ms; it must be finite and above 0", signal.dt_ms);
        return Err(of_signal(signal, message));
    }
    Ok(signal.dt_ms)
}
