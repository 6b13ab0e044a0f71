//! `signal.decimate`: every n-th value after a zero-phase low-pass filter ([`lapicque_signal::decimate`]).

use std::borrow::Cow;

use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Kind, Output, Ports, SampleError, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::tables::signals;
use lapicque_signal::decimate::decimate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{PORTS, of_signal, signals_of};
use crate::kind_config::{bound, problem, read, schema_of};

const REVISION: u32 = 1;

pub(super) struct Decimate;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Keep every n-th value.
    factor: u32,
}

struct DecimateStage {
    bound: Bound,
    factor: usize,
}

impl Kind for Decimate {
    fn name(&self) -> &str {
        "signal.decimate"
    }

    fn summary(&self) -> &str {
        "Keep every n-th value after a zero-phase low-pass filter"
    }

    fn ports(&self) -> Ports {
        Ports::Named(PORTS)
    }

    fn config_schema(&self) -> Value {
        schema_of::<Config>()
    }

    fn bind(&self, request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        let config: Config = read(request)?;
        if config.factor == 0 {
            return problem("factor", "0 is no factor; 1 keeps all values");
        }
        // `factor` has no default: 0 never equals a valid one.
        let bound =
            bound(REVISION, &config, &Config { factor: 0 }, request, vec![Output::new("signals", signals::schema())])?;
        Ok(Box::new(DecimateStage { bound, factor: config.factor as usize }))
    }
}

impl Stage for DecimateStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, _: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, _| {
            let mut decimated = signals_of(batch, sample)?;
            for signal in &mut decimated {
                let values = decimate(&signal.values, self.factor);
                signal.values = Cow::Owned(values.map_err(|error| of_signal(signal, error))?);
                signal.dt_ms *= self.factor as f64;
            }
            signals::write(&decimated).map(SampleOutput::of).map_err(SampleError::internal)
        })
    }
}
