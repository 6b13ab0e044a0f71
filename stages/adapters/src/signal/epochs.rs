//! `signal.epochs`: signals cut into epochs, pooled over channels before if asked for ([`lapicque_signal::epochs`]).
//!
//! Epochs are numbered from 0 per channel. A channel that comes in several stretches (a recording with gaps) is cut
//! stretch by stretch, and the numbers run on.

use std::borrow::Cow;
use std::collections::BTreeMap;

use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Kind, Output, Ports, SampleError, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_signal::epochs::{Epoching, Pooling, epochs, pool, z_score};
use lapicque_units::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::zscore::SCALED_UNIT;
use super::{PORTS, check_size, known_interval_ms, of_signal, signals_of};
use crate::kind_config::{bound, read, schema_of};

const REVISION: u32 = 1;

pub(super) struct Epochs;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Length of an epoch, e.g. `5 s`. What is left at the end of a signal is not used.
    #[schemars(with = "String")]
    length: Time,
    /// Time from one start to the next (default: `length`, side by side).
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    step: Option<Time>,
    /// Scale each epoch to mean 0 and population standard deviation 1 (default false); `signal.zscore` scales whole signals.
    #[serde(default)]
    zscore: bool,
    /// Leave out the last epoch of each signal (default false).
    #[serde(default)]
    drop_last: bool,
    /// Pool the channels before they are cut: none, sum, mean or median (default none).
    #[serde(default)]
    aggregate: Aggregate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Aggregate {
    #[default]
    None,
    Sum,
    Mean,
    Median,
}

struct EpochsStage {
    bound: Bound,
    epoching: Epoching,
    zscore: bool,
    aggregate: Aggregate,
}

impl Kind for Epochs {
    fn name(&self) -> &str {
        "signal.epochs"
    }

    fn summary(&self) -> &str {
        "Cut signals into epochs"
    }

    fn ports(&self) -> Ports {
        Ports::Named(PORTS)
    }

    fn config_schema(&self) -> Value {
        schema_of::<Config>()
    }

    fn bind(&self, request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        let mut config: Config = read(request)?;
        let duration = |field: &str, time: Time| {
            let good = time.value() > 0.0 && time.value().is_finite();
            (!good).then(|| ConfigError::at(field, format!("{time}: it must be finite and above 0 ms")))
        };
        let problems: Vec<ConfigError> = duration("length", config.length)
            .into_iter()
            .chain(config.step.and_then(|step| duration("step", step)))
            .collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        let step = config.step.unwrap_or(config.length);
        config.step = config.step.filter(|step| *step != config.length);
        let epoching = Epoching {
            length_s: config.length.value() * 1e-3,
            step_s: step.value() * 1e-3,
            drop_last: config.drop_last,
        };
        // `length` has no default: 0 never equals a valid one.
        let default =
            Config { length: Time::new(0.0), step: None, zscore: false, drop_last: false, aggregate: Aggregate::None };
        let bound = bound(REVISION, &config, &default, request, vec![Output::new("signals", signals::schema())])?;
        Ok(Box::new(EpochsStage { bound, epoching, zscore: config.zscore, aggregate: config.aggregate }))
    }
}

impl Stage for EpochsStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, _: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, _| {
            let signals = pooled(signals_of(batch, sample)?, self.aggregate)?;
            let mut cut = Vec::new();
            let mut next: BTreeMap<&str, i32> = BTreeMap::new();
            for signal in &signals {
                self.cut(signal, next.entry(&signal.channel).or_default(), &mut cut)?;
            }
            signals::write(&cut).map(SampleOutput::of).map_err(SampleError::internal)
        })
    }
}

impl EpochsStage {
    fn cut<'a>(&self, signal: &'a Signal<'_>, next: &mut i32, cut: &mut Vec<Signal<'a>>) -> Result<(), SampleError> {
        let laid_out = epochs(signal.values.len(), 1e3 / known_interval_ms(signal)?, &self.epoching)
            .map_err(|error| of_signal(signal, error))?;
        let before: usize = cut.iter().map(|s| s.values.len()).sum();
        check_size(before as f64 + laid_out.iter().map(|epoch| epoch.len as f64).sum::<f64>())?;
        for epoch in laid_out {
            let Some(values) = epoch.of(&signal.values) else {
                continue;
            };
            let mut values = Cow::Borrowed(values);
            if self.zscore {
                z_score(values.to_mut());
            }
            cut.push(Signal {
                channel: Cow::Borrowed(&signal.channel),
                epoch: *next,
                t0_ms: signal.t0_ms + epoch.start as f64 * signal.dt_ms,
                dt_ms: signal.dt_ms,
                unit: if self.zscore { Cow::Borrowed(SCALED_UNIT) } else { Cow::Borrowed(&signal.unit) },
                values,
            });
            *next += 1;
        }
        Ok(())
    }
}

/// One channel instead of many, for each stretch of the recording.
fn pooled(signals: Vec<Signal<'_>>, aggregate: Aggregate) -> Result<Vec<Signal<'_>>, SampleError> {
    let (name, pooling) = match aggregate {
        Aggregate::None => return Ok(signals),
        Aggregate::Sum => ("sum", Pooling::Sum),
        Aggregate::Mean => ("mean", Pooling::Mean),
        Aggregate::Median => ("median", Pooling::Median),
    };
    let mut stretches: BTreeMap<i32, Vec<Signal<'_>>> = BTreeMap::new();
    for signal in signals {
        stretches.entry(signal.epoch).or_default().push(signal);
    }
    let mut pooled = Vec::new();
    for (epoch, channels) in stretches {
        let first = &channels[0];
        for other in &channels[1..] {
            let differs = |what: &str, own: &str, firsts: &str| {
                Err(of_signal(
                    other,
                    format!(
                        "{what} is {own}, that of channel {} is {firsts}; pooled channels must agree",
                        first.channel
                    ),
                ))
            };
            if (other.dt_ms, other.t0_ms) != (first.dt_ms, first.t0_ms) {
                let grid = |s: &Signal<'_>| format!("{} ms from {} ms", s.dt_ms, s.t0_ms);
                return differs("the sampling interval", &grid(other), &grid(first));
            }
            if other.unit != first.unit {
                return differs("the unit", &other.unit, &first.unit);
            }
        }
        let values: Vec<&[f64]> = channels.iter().map(|c| c.values.as_ref()).collect();
        let values = pool(&values, pooling).map_err(SampleError::input)?;
        let (t0_ms, dt_ms, unit) = (first.t0_ms, first.dt_ms, first.unit.clone());
        pooled.push(Signal { channel: Cow::Borrowed(name), epoch, t0_ms, dt_ms, unit, values: Cow::Owned(values) });
    }
    Ok(pooled)
}
