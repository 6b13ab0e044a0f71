//! `signal.zscore`: whole signals scaled to mean 0 and standard deviation 1 ([`lapicque_signal::epochs::z_score`]).
//!
//! Before cutting into epochs it keeps the differences between them; `zscore: true` of `signal.epochs` removes them.

use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, SampleError, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::tables::signals;
use lapicque_signal::epochs::z_score;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::missing::{Remark, Treatment, check, tell_and_fill};
use super::{PORTS, signals_of};
use crate::kind_config::{SimpleKind, bound, read, schema_of};

const REVISION: u32 = 2;
/// The unit of plain numbers.
pub(super) const SCALED_UNIT: &str = "1";

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "signal.zscore",
    summary: "Scale each signal to mean 0 and population standard deviation 1",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// What becomes of missing (and infinite) values: refuse (default), interpolate (linearly, at the ends the nearest value)
    /// or propagate: they stay missing, and mean and standard deviation are those of the other values.
    missing: Treatment,
}

struct ZscoreStage {
    bound: Bound,
    missing: Treatment,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let outputs = vec![Output::new("signals", signals::schema())];
    let bound = bound(REVISION, &config, &Config::default(), request, outputs)?;
    Ok(Box::new(ZscoreStage { bound, missing: config.missing }))
}

impl Stage for ZscoreStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, _: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, _| {
            let mut scaled = signals_of(batch, sample)?;
            check(self.missing, &scaled)?;
            let mut remark = remark(self.missing);
            for signal in &mut scaled {
                tell_and_fill(self.missing, signal, &mut remark)?;
                z_score(signal.values.to_mut());
                signal.unit = SCALED_UNIT.into();
            }
            let table = signals::write(&scaled).map_err(SampleError::internal)?;
            Ok(SampleOutput { tables: vec![table], notes: remark.note().into_iter().collect() })
        })
    }
}

/// What is said of signals with missing values that are scaled.
pub(super) fn remark(treatment: Treatment) -> Remark {
    Remark::new(match treatment {
        Treatment::Interpolate => {
            "missing values are interpolated linearly, at the ends of a signal the nearest value is taken"
        }
        Treatment::Refuse | Treatment::Propagate => {
            "missing values stay missing, mean and standard deviation are those of the others"
        }
    })
}
