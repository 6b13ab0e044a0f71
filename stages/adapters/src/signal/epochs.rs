//! `signal.epochs`: signals cut into epochs, pooled over channels before if asked for ([`lapicque_signal::epochs`]).
//!
//! Epochs are numbered from 0 per channel. A channel that comes in several stretches (a recording with gaps) is cut
//! stretch by stretch, and the numbers run on.
//!
//! Around events, an epoch's number is the place of its event among those that are meant, in time; what is dropped leaves its number free. Times
//! are those of the recording, and the output `epochs` says the event of each number.
//!
//! Lengths are rounded to whole samples, and signals from which no epoch is cut give none; both is told. Missing values stay
//! where they are, unless epochs are scaled: then they are treated before channels are pooled.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, SampleError, SampleOutput, Stage,
    each_sample,
};
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_schemas::tables::{epochs as epochs_table, events};
use lapicque_signal::epochs::{Epoch, Epoching, Pooling, epochs, in_samples, pool, z_score};
use lapicque_signal::event_epochs::subtract_baseline;
use lapicque_signal::missing::{is_there, missing};
use lapicque_units::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event_epochs::{Around, EventFields, Happened, Tally};
use super::missing::{Remark, Treatment, check, described, fill};
use super::stretches::{check_alike, rows_by_epoch};
use super::zscore::{SCALED_UNIT, remark};
use super::{check_size, known_interval_ms, name_of, of_signal, signals_of};
use crate::kind_config::{SimpleKind, bound, problem, read, schema_of};

const REVISION: u32 = 2;
const PORTS: &[PortSpec] = &[
    PortSpec::new("signals", signals::TABLE, PortMode::Either, true),
    PortSpec::new("events", events::TABLE, PortMode::Either, false),
];

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "signal.epochs",
    summary: "Cut signals into epochs, side by side or around events",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Length of an epoch, e.g. `5 s`, rounded to whole samples. What is left at the end of a signal is not used. It is due unless epochs
    /// lie `around` events.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    length: Option<Time>,
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
    /// Cut around events of the input `events` with these values or kinds, or patterns such as `go*` (default: side by side).
    #[serde(default)]
    around: Vec<String>,
    /// Where epochs around events begin, e.g. `-200 ms`.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    from: Option<Time>,
    /// Where epochs around events end, e.g. `800 ms`; the value at that time is not part of them.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    to: Option<Time>,
    /// Take the mean from the first of these times on and before the second off each epoch, e.g. `[-200 ms, 0 ms]` (default none).
    #[serde(default)]
    #[schemars(with = "Option<[String; 2]>")]
    baseline: Option<[Time; 2]>,
    /// Values or kinds (patterns, in any case) of events that no epoch may overlap (default `["bad*"]`; `[]`: none).
    #[serde(default)]
    bad: Option<Vec<String>>,
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
    /// What is meant where epochs lie around no events.
    epoching: Epoching,
    around: Option<Around>,
    /// Patterns of bad stretches.
    bad: Vec<String>,
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
    let mut problems: Vec<ConfigError> = config
        .length
        .and_then(|length| duration("length", length))
        .into_iter()
        .chain(config.step.and_then(|step| duration("step", step)))
        .collect();
    let is_around = !config.around.is_empty();
    let connected = request.input("events").is_some();
    let of_events = EventFields {
        connected,
        around: &config.around,
        from: config.from,
        to: config.to,
        baseline: config.baseline,
        bad: config.bad.as_deref(),
    };
    let (around, bad) = of_events.checked().unwrap_or_else(|wrong| {
        problems.extend(wrong);
        (None, Vec::new())
    });
    let beside =
        [("length", config.length.is_some()), ("step", config.step.is_some()), ("drop_last", config.drop_last)];
    for (field, _) in beside.into_iter().filter(|(_, given)| *given && is_around) {
        problems.push(ConfigError::at(field, "epochs around events are from `from` to `to`; leave it out"));
    }
    if config.length.is_none() && !is_around {
        problems.push(ConfigError::at("length", "missing field `length`: e.g. `5 s`, or name events under `around`"));
    }
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
    let length = config.length.unwrap_or(Time::new(0.0));
    let step = config.step.unwrap_or(length);
    config.step = config.step.filter(|step| *step != length);
    config.bad = config.bad.filter(|bad| !matches!(bad.as_slice(), [only] if only == "bad*"));
    let epoching =
        Epoching { length_s: length.value() * 1e-3, step_s: step.value() * 1e-3, drop_last: config.drop_last };
    let mut outputs = vec![Output::new("signals", signals::schema())];
    if is_around {
        outputs.push(Output::new("epochs", epochs_table::schema()));
    }
    let bound = bound(REVISION, &config, &Config::default(), request, outputs)?;
    let zscore = config.zscore.then(|| config.missing.unwrap_or_default());
    Ok(Box::new(EpochsStage { bound, epoching, around, bad, zscore, aggregate: config.aggregate }))
}

impl Stage for EpochsStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, _| {
            let mut signals = signals_of(batch, sample)?;
            let happened = match batch.table(sample, "events") {
                Some(table) => {
                    let events = events::read(table).map_err(SampleError::input)?;
                    Happened::of(events, self.around.as_ref(), &self.bad, &signals)?
                }
                None => Happened::default(),
            };
            let mut notes = self.treated(&mut signals, &happened)?;
            let signals = pooled(signals, self.aggregate)?;
            let mut cut = Cut::default();
            for signal in &signals {
                if context.is_cancelled() {
                    return Err(SampleError::cancelled());
                }
                self.cut(signal, &happened, &mut cut)?;
            }
            notes.extend(self.rounded(&signals)?);
            notes.extend(cut.without.note());
            notes.extend(cut.without_baseline.note());
            notes.extend(cut.tally.notes(&happened, self.around.is_some())?);
            let mut tables = vec![signals::write(&cut.epochs).map_err(SampleError::internal)?];
            if self.around.is_some() {
                let epochs = epochs_table::write(&happened.of_epochs(&cut.tally.kept));
                tables.push(epochs.map_err(SampleError::internal)?);
            }
            Ok(SampleOutput { tables, notes })
        })
    }
}

/// The epochs of a sample in the making.
struct Cut<'a> {
    epochs: Vec<Signal<'a>>,
    values: usize,
    /// The number of the next epoch of a channel, and those that it has.
    next: BTreeMap<&'a str, i32>,
    taken: BTreeSet<(&'a str, i32)>,
    tally: Tally,
    without: Remark,
    without_baseline: Remark,
}

impl Default for Cut<'_> {
    fn default() -> Self {
        Self {
            epochs: Vec::new(),
            values: 0,
            next: BTreeMap::new(),
            taken: BTreeSet::new(),
            tally: Tally::default(),
            without: Remark::new("no epoch is cut from signals that are too short for one"),
            without_baseline: Remark::new("epochs without a value in their baseline are missing"),
        }
    }
}

impl EpochsStage {
    /// The epochs of a signal, with their numbers where these follow from events.
    fn laid_out(&self, signal: &Signal<'_>, happened: &Happened) -> Result<Vec<(Option<i32>, Epoch)>, SampleError> {
        if let Some(around) = &self.around {
            let epochs = happened.epochs(around, signal)?;
            return Ok(epochs.into_iter().map(|(number, epoch)| (Some(number), epoch)).collect());
        }
        let laid_out = epochs(signal.values.len(), 1e3 / known_interval_ms(signal)?, &self.epoching);
        let laid_out = laid_out.map_err(|error| of_signal(signal, error))?;
        Ok(laid_out.into_iter().map(|epoch| (None, epoch)).collect())
    }

    /// Treats missing values of epochs that are scaled. Returns remarks.
    fn treated(&self, signals: &mut [Signal<'_>], happened: &Happened) -> Result<Vec<String>, SampleError> {
        let mut holes = Remark::new("where a channel has missing values, the pooled signal is missing");
        let mut scaled = self.zscore.map(remark);
        if let Some(treatment) = self.zscore {
            let used = signals.iter().map(|signal| self.used(signal, happened)).collect::<Result<Vec<_>, _>>()?;
            check(treatment, &used)?;
        }
        for signal in signals {
            let used = self.used(signal, happened)?;
            let Some(missing) = missing(&used.values) else {
                continue;
            };
            let told = described(&missing, Some(signal));
            if let Some(scaled) = &mut scaled {
                scaled.of(signal, &told);
            }
            if self.zscore == Some(Treatment::Interpolate) {
                self.refuse_empty_epochs(signal, happened)?;
                fill(signal)?;
            } else if self.aggregate != Aggregate::None {
                holes.of(signal, &told);
            }
        }
        Ok(scaled.into_iter().chain([holes]).filter_map(Remark::note).collect())
    }

    /// A signal up to the end of its last epoch.
    fn used<'a>(&self, signal: &'a Signal<'_>, happened: &Happened) -> Result<Signal<'a>, SampleError> {
        let end = self.laid_out(signal, happened)?.last().map_or(0, |(_, epoch)| epoch.start + epoch.len);
        let values = Cow::Borrowed(signal.values.get(..end).unwrap_or_default());
        let (channel, unit) = (Cow::Borrowed(signal.channel.as_ref()), Cow::Borrowed(signal.unit.as_ref()));
        Ok(Signal { channel, epoch: signal.epoch, t0_ms: signal.t0_ms, dt_ms: signal.dt_ms, unit, values })
    }

    /// An epoch that would be made of interpolated values alone.
    fn refuse_empty_epochs(&self, signal: &Signal<'_>, happened: &Happened) -> Result<(), SampleError> {
        let empty = |epoch: &Epoch| epoch.of(&signal.values).is_some_and(|values| !values.iter().any(|v| is_there(*v)));
        let laid_out = self.laid_out(signal, happened)?;
        let Some(epoch) = laid_out.into_iter().map(|(_, epoch)| epoch).find(empty) else {
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
            let mut note = |what: &str, seconds: f64, samples: f64| {
                if (seconds * rate_hz - samples).abs() > 1e-6 * samples.abs().max(1.0) {
                    notes.insert(format!(
                        "{what} of {} s is no whole number of samples of {} ms: it is rounded to {samples} samples, {} s",
                        rounded_number(seconds),
                        signal.dt_ms,
                        rounded_number(samples / rate_hz)
                    ));
                }
            };
            if let Some(around) = &self.around {
                let (first, len) = around.window.in_samples(rate_hz).map_err(|error| of_signal(signal, error))?;
                note("`from`", around.window.from_s, first as f64);
                note("the length of an epoch", around.window.to_s - around.window.from_s, len as f64);
                continue;
            }
            let (len, step) = in_samples(rate_hz, &self.epoching).map_err(|error| of_signal(signal, error))?;
            note("a length", self.epoching.length_s, len as f64);
            if self.epoching.step_s != self.epoching.length_s {
                note("a step", self.epoching.step_s, step as f64);
            }
        }
        Ok(notes)
    }

    fn cut<'a>(&self, signal: &'a Signal<'_>, happened: &Happened, cut: &mut Cut<'a>) -> Result<(), SampleError> {
        let laid_out = self.laid_out(signal, happened)?;
        if laid_out.is_empty() && self.around.is_none() {
            cut.without.of(signal, &self.too_short(signal));
        }
        cut.values += laid_out.iter().map(|(_, epoch)| epoch.len).sum::<usize>();
        check_size(cut.values as f64)?;
        let next = cut.next.entry(&signal.channel).or_default();
        for (number, epoch) in laid_out {
            let number = number.unwrap_or(*next);
            *next += 1;
            let Some(values) = epoch.of(&signal.values) else {
                continue;
            };
            let t0_ms = signal.t0_ms + epoch.start as f64 * signal.dt_ms;
            if happened.is_bad(signal, &epoch) {
                cut.tally.bad.insert(number, t0_ms);
                continue;
            }
            // Stretches of a recording may overlap: the first that has all of an epoch gives it.
            if !cut.taken.insert((&signal.channel, number)) {
                continue;
            }
            cut.tally.kept.insert(number);
            let mut values = Cow::Borrowed(values);
            if let Some((around, baseline)) = self.around.as_ref().and_then(|a| Some((a, a.baseline.as_ref()?))) {
                let rate_hz = 1e3 / signal.dt_ms;
                let found = baseline.in_samples(rate_hz);
                let (from, len) = found.map_err(|error| of_signal(signal, format!("baseline: {error}")))?;
                let (first, _) = around.window.in_samples(rate_hz).map_err(|error| of_signal(signal, error))?;
                let begin = usize::try_from(from - first).unwrap_or(0);
                if !subtract_baseline(values.to_mut(), begin..(begin + len).min(epoch.len)) {
                    cut.without_baseline.of_name(&name_of(&signal.channel, number), &format!("{t0_ms} ms"));
                }
            }
            if self.zscore.is_some() {
                z_score(values.to_mut());
            }
            cut.epochs.push(Signal {
                channel: Cow::Borrowed(&signal.channel),
                epoch: number,
                t0_ms,
                dt_ms: signal.dt_ms,
                unit: if self.zscore.is_some() { Cow::Borrowed(SCALED_UNIT) } else { Cow::Borrowed(&signal.unit) },
                values,
            });
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
    let mut pooled = Vec::new();
    for (epoch, rows) in rows_by_epoch(&signals) {
        let channels: Vec<&Signal<'_>> = rows.iter().map(|row| &signals[*row]).collect();
        check_alike(channels.iter().copied(), "pooled channels")?;
        let values: Vec<&[f64]> = channels.iter().map(|c| c.values.as_ref()).collect();
        let values = pool(&values, pooling).map_err(SampleError::input)?;
        let first = channels[0];
        let (t0_ms, dt_ms, unit) = (first.t0_ms, first.dt_ms, first.unit.clone());
        pooled.push(Signal { channel: Cow::Borrowed(name), epoch, t0_ms, dt_ms, unit, values: Cow::Owned(values) });
    }
    Ok(pooled)
}
