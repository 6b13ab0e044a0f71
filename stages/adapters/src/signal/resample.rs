//! `signal.resample`: signals at another sampling rate ([`lapicque_signal::resample`]).

use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, SampleError, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_signal::resample::{rate_fraction, reach, resample_by, resample_by_as_scipy};
use lapicque_units::Frequency;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::filtering::{Filter, filtered};
use super::missing::Treatment;
use super::{Compat, PORTS, check_size, known_interval_ms, of_signal, signals_of};
use crate::kind_config::{SimpleKind, bound, problem, read, schema_of};

const REVISION: u32 = 2;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "signal.resample",
    summary: "Resample signals, with a zero-phase low-pass filter",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The new sampling rate, e.g. `250 Hz`. Its ratio to the old one must be a fraction with terms up to 10000.
    #[schemars(with = "String")]
    rate: Frequency,
    /// What becomes of missing (and infinite) values: refuse (default), interpolate (linearly, at the ends the nearest value)
    /// or propagate: values within the filter's reach of a missing one are missing, ten of the lower rate to either side.
    #[serde(default)]
    missing: Treatment,
    /// `scipy` gives the numbers of scipy.signal.resample_poly, which takes signals to be zero beyond their ends: signals with
    /// an offset are distorted there. By default offsets and straight trends are kept.
    #[serde(default)]
    compat: Option<Compat>,
}

struct ResampleStage {
    bound: Bound,
    config: Config,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let rate_hz = config.rate.value();
    if !(rate_hz > 0.0 && rate_hz.is_finite()) {
        return problem("rate", format!("{}: a rate is finite and above 0 Hz", config.rate));
    }
    // `rate` has no default: 0 never equals a valid one.
    let unset = Config { rate: Frequency::new(0.0), missing: Treatment::default(), compat: None };
    let bound = bound(REVISION, &config, &unset, request, vec![Output::new("signals", signals::schema())])?;
    Ok(Box::new(ResampleStage { bound, config }))
}

impl Stage for ResampleStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        let rate_hz = self.config.rate.value();
        each_sample(batch, |sample, _| {
            let mut resampled = signals_of(batch, sample)?;
            let length = |s: &Signal<'_>| Ok(s.values.len() as f64 * rate_hz * known_interval_ms(s)? * 1e-3);
            check_size(resampled.iter().map(length).sum::<Result<f64, SampleError>>()?)?;
            let filter = |signal: &Signal<'_>| {
                if context.is_cancelled() {
                    return Err(SampleError::cancelled());
                }
                let terms = rate_fraction(1e3 / signal.dt_ms, rate_hz);
                let (up, down) = terms.map_err(|error| of_signal(signal, error))?;
                let run = move |values: &[f64]| match self.config.compat {
                    None => resample_by(values, up, down),
                    Some(Compat::Scipy) => resample_by_as_scipy(values, up, down),
                };
                Ok(Filter { step: f64::from(down) / f64::from(up), reach: reach(up, down), run })
            };
            let notes = filtered(&mut resampled, self.config.missing, filter)?;
            for signal in &mut resampled {
                signal.dt_ms = 1e3 / rate_hz;
            }
            let table = signals::write(&resampled).map_err(SampleError::internal)?;
            Ok(SampleOutput { tables: vec![table], notes })
        })
    }
}
