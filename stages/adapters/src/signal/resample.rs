//! `signal.resample`: signals at another sampling rate ([`lapicque_signal::resample`]).

use std::borrow::Cow;

use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Kind, Output, Ports, SampleError, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_signal::resample::resample;
use lapicque_units::Frequency;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{PORTS, check_size, known_interval_ms, of_signal, signals_of};
use crate::kind_config::{bound, problem, read, schema_of};

const REVISION: u32 = 1;

pub(super) struct Resample;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The new sampling rate, e.g. `250 Hz`. Its ratio to the old one must be a fraction with terms up to 10000.
    #[schemars(with = "String")]
    rate: Frequency,
}

struct ResampleStage {
    bound: Bound,
    rate_hz: f64,
}

impl Kind for Resample {
    fn name(&self) -> &str {
        "signal.resample"
    }

    fn summary(&self) -> &str {
        "Another sampling rate, with a zero-phase low-pass filter"
    }

    fn ports(&self) -> Ports {
        Ports::Named(PORTS)
    }

    fn config_schema(&self) -> Value {
        schema_of::<Config>()
    }

    fn bind(&self, request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        let config: Config = read(request)?;
        let rate_hz = config.rate.value();
        if !(rate_hz > 0.0 && rate_hz.is_finite()) {
            return problem("rate", format!("{}: a rate is finite and above 0 Hz", config.rate));
        }
        // `rate` has no default: 0 never equals a valid one.
        let unset = Config { rate: Frequency::new(0.0) };
        let bound = bound(REVISION, &config, &unset, request, vec![Output::new("signals", signals::schema())])?;
        Ok(Box::new(ResampleStage { bound, rate_hz }))
    }
}

impl Stage for ResampleStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, _| {
            let mut resampled = signals_of(batch, sample)?;
            let length = |s: &Signal<'_>| Ok(s.values.len() as f64 * self.rate_hz * known_interval_ms(s)? * 1e-3);
            check_size(resampled.iter().map(length).sum::<Result<f64, SampleError>>()?)?;
            for signal in &mut resampled {
                if context.is_cancelled() {
                    return Err(SampleError::cancelled());
                }
                let values = resample(&signal.values, 1e3 / signal.dt_ms, self.rate_hz);
                signal.values = Cow::Owned(values.map_err(|error| of_signal(signal, error))?);
                signal.dt_ms = 1e3 / self.rate_hz;
            }
            signals::write(&resampled).map(SampleOutput::of).map_err(SampleError::internal)
        })
    }
}
