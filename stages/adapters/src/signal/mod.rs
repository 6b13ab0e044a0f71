//! `signal.*`: signals into signals.

mod decimate;
mod epochs;
mod resample;
mod zscore;

use lapicque_pipeline::{Batch, Kind, PortMode, PortSpec, SampleError};
use lapicque_schemas::tables::signals::{self, Signal};

/// The input of all of them.
const PORTS: &[PortSpec] =
    &[PortSpec { name: "signals", table: signals::TABLE, mode: PortMode::Either, required: true }];

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(decimate::Decimate), Box::new(resample::Resample), Box::new(epochs::Epochs), Box::new(zscore::Zscore)]
}

fn signals_of(batch: &Batch, sample: usize) -> Result<Vec<Signal<'_>>, SampleError> {
    let table = batch.table(sample, "signals").ok_or_else(|| SampleError::internal("no input `signals`"))?;
    signals::read(table).map_err(SampleError::input)
}

/// What is wrong with one signal.
fn of_signal(signal: &Signal<'_>, message: impl std::fmt::Display) -> SampleError {
    match signal.epoch {
        0 => SampleError::input(format!("channel {}: {message}", signal.channel)),
        epoch => SampleError::input(format!("channel {}, epoch {epoch}: {message}", signal.channel)),
    }
}

/// Lists of a table hold so many values together.
fn check_size(values: f64) -> Result<(), SampleError> {
    if values <= f64::from(i32::MAX) {
        return Ok(());
    }
    Err(SampleError::input(format!(
        "{values:.3e} values would come out; at most {} are allowed for one sample",
        i32::MAX
    )))
}

/// The sampling interval of a signal, for what cannot do without it.
fn known_interval_ms(signal: &Signal<'_>) -> Result<f64, SampleError> {
    if signal.dt_ms.is_nan() {
        return Err(of_signal(signal, "the interval between values is unknown; give `dt` (ms) or `sampling_rate`"));
    }
    Ok(signal.dt_ms)
}
