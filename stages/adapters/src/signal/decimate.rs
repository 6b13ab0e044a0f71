//! `signal.decimate`: every n-th value after a zero-phase low-pass filter ([`lapicque_signal::decimate`]).

use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, SampleError, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_signal::decimate::{DecimateError, decimate, decimate_as_scipy, reach};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::filtering::{Filter, filtered};
use super::missing::Treatment;
use super::{Compat, PORTS, signals_of};
use crate::kind_config::{SimpleKind, bound, problem, read, schema_of};

const REVISION: u32 = 2;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "signal.decimate",
    summary: "Keep every n-th value after a zero-phase low-pass filter",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Keep every n-th value.
    factor: u32,
    /// What becomes of missing (and infinite) values: refuse (default), interpolate (linearly, at the ends the nearest value)
    /// or propagate: values within the filter's reach of a missing one are missing, 24 to 34 values to either side.
    #[serde(default)]
    missing: Treatment,
    /// `scipy` gives the numbers of scipy.signal.decimate: offsets lose 1.1 %, and ends are distorted by large factors.
    /// By default offsets and straight trends are kept.
    #[serde(default)]
    compat: Option<Compat>,
}

struct DecimateStage {
    bound: Bound,
    config: Config,
    /// Of the filter, in samples.
    reach: f64,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    if config.factor == 0 {
        return problem("factor", "0 is no factor; 1 keeps all values");
    }
    // `factor` has no default: 0 never equals a valid one.
    let unset = Config { factor: 0, missing: Treatment::default(), compat: None };
    let bound = bound(REVISION, &config, &unset, request, vec![Output::new("signals", signals::schema())])?;
    let reach = reach(config.factor as usize) as f64;
    Ok(Box::new(DecimateStage { bound, config, reach }))
}

impl Stage for DecimateStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, _: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        let factor = self.config.factor as usize;
        let run = |values: &[f64]| by_compat(self.config.compat, values, factor);
        each_sample(batch, |sample, _| {
            let mut decimated = signals_of(batch, sample)?;
            let filter = |_: &Signal<'_>| Ok(Filter { step: factor as f64, reach: self.reach, run });
            let notes = filtered(&mut decimated, self.config.missing, filter)?;
            for signal in &mut decimated {
                signal.dt_ms *= factor as f64;
            }
            let table = signals::write(&decimated).map_err(SampleError::internal)?;
            Ok(SampleOutput { tables: vec![table], notes })
        })
    }
}

/// Decimates as asked for.
pub(crate) fn by_compat(compat: Option<Compat>, values: &[f64], factor: usize) -> Result<Vec<f64>, DecimateError> {
    match compat {
        None => decimate(values, factor),
        Some(Compat::Scipy) => decimate_as_scipy(values, factor),
    }
}
