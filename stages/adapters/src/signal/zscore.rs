//! `signal.zscore`: whole signals scaled to mean 0 and standard deviation 1 ([`lapicque_signal::epochs::z_score`]).
//!
//! Before cutting into epochs it keeps the differences between them; `zscore: true` of `signal.epochs` removes them.

use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Kind, Output, Ports, SampleError, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::tables::signals;
use lapicque_signal::epochs::z_score;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{PORTS, signals_of};
use crate::kind_config::{bound, read, schema_of};

const REVISION: u32 = 1;
/// The unit of plain numbers.
pub(super) const SCALED_UNIT: &str = "1";

pub(super) struct Zscore;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {}

struct ZscoreStage {
    bound: Bound,
}

impl Kind for Zscore {
    fn name(&self) -> &str {
        "signal.zscore"
    }

    fn summary(&self) -> &str {
        "Scale each signal to mean 0 and population standard deviation 1"
    }

    fn ports(&self) -> Ports {
        Ports::Named(PORTS)
    }

    fn config_schema(&self) -> Value {
        schema_of::<Config>()
    }

    fn bind(&self, request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        let config: Config = read(request)?;
        let bound = bound(REVISION, &config, &config, request, vec![Output::new("signals", signals::schema())])?;
        Ok(Box::new(ZscoreStage { bound }))
    }
}

impl Stage for ZscoreStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, _: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, _| {
            let mut scaled = signals_of(batch, sample)?;
            for signal in &mut scaled {
                z_score(signal.values.to_mut());
                signal.unit = SCALED_UNIT.into();
            }
            signals::write(&scaled).map(SampleOutput::of).map_err(SampleError::internal)
        })
    }
}
