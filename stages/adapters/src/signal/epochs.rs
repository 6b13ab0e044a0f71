//! `signal.epochs`: signals cut into epochs, pooled over channels before if asked for ([`lapicque_signal::epochs`]).
//!
//! Epochs are numbered from 0 per channel. A channel that comes in several stretches (a recording with gaps) is cut
//! stretch by stretch, and the numbers run on.
//!
//! Lengths are rounded to whole samples, and signals from which no epoch is cut give none; both is told. Missing values stay
//! where they are, unless epochs are scaled: then they are treated before channels are pooled.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, SampleError, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_signal::epochs::{Epoch, Epoching, Pooling, epochs, in_samples, pool, z_score};
use lapicque_signal::missing::{is_there, missing};
use lapicque_units::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::missing::{Remark, Treatment, check, described, fill};
use super::zscore::{SCALED_UNIT, remark};
use super::{PORTS, check_size, known_interval_ms, of_signal, signals_of};
use crate::kind_config::{SimpleKind, bound, problem, read, schema_of};

const REVISION: u32 = 2;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "signal.epochs",
    summary: "Cut signals into epochs",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Length of an epoch, e.g. `5 s`, rounded to whole samples. What is left at the end of a signal is not used.
    #[schemars(with = "String")]
    length: Time,
    /// Time from one start to the next (default: `length`, side by side).
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    step: Option<Time>,
    /// Scale each epoch to mean 0 and population standard deviation 1 (default false); `signal.zscore` scales whole signals.
    #[serde(default)]
    zscore: bool,
    /// With `zscore`, what becomes of missing (and infinite) values: refuse (default), interpolate (linearly, at the ends of a
    /// signal the nearest value) or propagate: they stay missing, and mean and standard deviation are those of the other values.
    #[serde(default)]
    missing: Option<Treatment>,
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
    /// Of missing values, where epochs are scaled.
    zscore: Option<Treatment>,
    aggregate: Aggregate,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
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
    if config.missing.is_some() && !config.zscore {
        return problem(
            "missing",
            "only `zscore: true` does anything about missing values; without it they stay where they are",
        );
    }
    config.missing = config.missing.filter(|missing| *missing != Treatment::default());
    let step = config.step.unwrap_or(config.length);
    config.step = config.step.filter(|step| *step != config.length);
    let epoching =
        Epoching { length_s: config.length.value() * 1e-3, step_s: step.value() * 1e-3, drop_last: config.drop_last };
    // `length` has no default: 0 never equals a valid one.
    let default = Config {
        length: Time::new(0.0),
        step: None,
        zscore: false,
        missing: None,
        drop_last: false,
        aggregate: Aggregate::None,
    };
    let bound = bound(REVISION, &config, &default, request, vec![Output::new("signals", signals::schema())])?;
    let zscore = config.zscore.then(|| config.missing.unwrap_or_default());
    Ok(Box::new(EpochsStage { bound, epoching, zscore, aggregate: config.aggregate }))
}

impl Stage for EpochsStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, _: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, _| {
            let mut signals = signals_of(batch, sample)?;
            let mut notes = self.treated(&mut signals)?;
            let signals = pooled(signals, self.aggregate)?;
            let mut cut = Vec::new();
            let mut next: BTreeMap<&str, i32> = BTreeMap::new();
            let mut without = Remark::new("no epoch is cut from signals that are too short for one");
            for signal in &signals {
                let laid_out = self.laid_out(signal)?;
                if laid_out.is_empty() {
                    without.of(signal, &self.too_short(signal));
                }
                self.cut(signal, laid_out, next.entry(&signal.channel).or_default(), &mut cut)?;
            }
            notes.extend(self.rounded(&signals)?);
            notes.extend(without.note());
            let table = signals::write(&cut).map_err(SampleError::internal)?;
            Ok(SampleOutput { tables: vec![table], notes })
        })
    }
}

impl EpochsStage {
    fn laid_out(&self, signal: &Signal<'_>) -> Result<Vec<Epoch>, SampleError> {
        epochs(signal.values.len(), 1e3 / known_interval_ms(signal)?, &self.epoching)
            .map_err(|error| of_signal(signal, error))
    }

    /// Treats missing values of epochs that are scaled. Returns remarks.
    fn treated(&self, signals: &mut [Signal<'_>]) -> Result<Vec<String>, SampleError> {
        let mut holes = Remark::new("where a channel has missing values, the pooled signal is missing");
        let mut scaled = self.zscore.map(remark);
        if let Some(treatment) = self.zscore {
            let used = signals.iter().map(|signal| self.used(signal)).collect::<Result<Vec<_>, _>>()?;
            check(treatment, &used)?;
        }
        for signal in signals {
            let used = self.used(signal)?;
            let Some(missing) = missing(&used.values) else {
                continue;
            };
            let told = described(&missing, Some(signal));
            if let Some(scaled) = &mut scaled {
                scaled.of(signal, &told);
            }
            if self.zscore == Some(Treatment::Interpolate) {
                self.refuse_empty_epochs(signal)?;
                fill(signal)?;
            } else if self.aggregate != Aggregate::None {
                holes.of(signal, &told);
            }
        }
        Ok(scaled.into_iter().chain([holes]).filter_map(Remark::note).collect())
    }

    /// A signal up to the end of its last epoch.
    fn used<'a>(&self, signal: &'a Signal<'_>) -> Result<Signal<'a>, SampleError> {
        let end = self.laid_out(signal)?.last().map_or(0, |epoch| epoch.start + epoch.len);
        let values = Cow::Borrowed(signal.values.get(..end).unwrap_or_default());
        let (channel, unit) = (Cow::Borrowed(signal.channel.as_ref()), Cow::Borrowed(signal.unit.as_ref()));
        Ok(Signal { channel, epoch: signal.epoch, t0_ms: signal.t0_ms, dt_ms: signal.dt_ms, unit, values })
    }

    /// An epoch that would be made of interpolated values alone.
    fn refuse_empty_epochs(&self, signal: &Signal<'_>) -> Result<(), SampleError> {
        let empty = |epoch: &Epoch| epoch.of(&signal.values).is_some_and(|values| !values.iter().any(|v| is_there(*v)));
        let Some(epoch) = self.laid_out(signal)?.into_iter().find(empty) else {
            return Ok(());
        };
        let time_ms = |sample: usize| signal.t0_ms + sample as f64 * signal.dt_ms;
        let message = format!(
            "all values of the epoch from {} to {} ms are missing: there is nothing to interpolate from; \
             `missing: propagate` leaves them missing",
            time_ms(epoch.start),
            time_ms(epoch.start + epoch.len)
        );
        Err(of_signal(signal, message))
    }

    fn too_short(&self, signal: &Signal<'_>) -> String {
        let seconds = signal.values.len() as f64 * signal.dt_ms * 1e-3;
        let dropped = if self.epoching.drop_last { ", of which `drop_last` leaves out the last one" } else { "" };
        format!("{} s, epochs are {} s{dropped}", rounded_number(seconds), rounded_number(self.epoching.length_s))
    }

    /// Lengths that are no whole numbers of samples, once for each sampling interval.
    fn rounded(&self, signals: &[Signal<'_>]) -> Result<BTreeSet<String>, SampleError> {
        let mut notes = BTreeSet::new();
        for signal in signals {
            let rate_hz = 1e3 / known_interval_ms(signal)?;
            let (len, step) = in_samples(rate_hz, &self.epoching).map_err(|error| of_signal(signal, error))?;
            let mut note = |what: &str, seconds: f64, samples: usize| {
                if (seconds * rate_hz - samples as f64).abs() > 1e-6 * (samples as f64).max(1.0) {
                    notes.insert(format!(
                        "{what} of {} s is no whole number of samples of {} ms: it is rounded to {samples} samples, {} s",
                        rounded_number(seconds),
                        signal.dt_ms,
                        rounded_number(samples as f64 / rate_hz)
                    ));
                }
            };
            note("a length", self.epoching.length_s, len);
            if self.epoching.step_s != self.epoching.length_s {
                note("a step", self.epoching.step_s, step);
            }
        }
        Ok(notes)
    }

    fn cut<'a>(
        &self,
        signal: &'a Signal<'_>,
        laid_out: Vec<Epoch>,
        next: &mut i32,
        cut: &mut Vec<Signal<'a>>,
    ) -> Result<(), SampleError> {
        let before: usize = cut.iter().map(|s| s.values.len()).sum();
        check_size(before as f64 + laid_out.iter().map(|epoch| epoch.len as f64).sum::<f64>())?;
        for epoch in laid_out {
            let Some(values) = epoch.of(&signal.values) else {
                continue;
            };
            let mut values = Cow::Borrowed(values);
            if self.zscore.is_some() {
                z_score(values.to_mut());
            }
            cut.push(Signal {
                channel: Cow::Borrowed(&signal.channel),
                epoch: *next,
                t0_ms: signal.t0_ms + epoch.start as f64 * signal.dt_ms,
                dt_ms: signal.dt_ms,
                unit: if self.zscore.is_some() { Cow::Borrowed(SCALED_UNIT) } else { Cow::Borrowed(&signal.unit) },
                values,
            });
            *next += 1;
        }
        Ok(())
    }
}

/// Sums of binary fractions have many digits.
fn rounded_number(value: f64) -> f64 {
    (value * 1e9).round() / 1e9
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
            if other.values.len() != first.values.len() {
                let length = |s: &Signal<'_>| format!("{} values", s.values.len());
                return differs("the length", &length(other), &length(first));
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
