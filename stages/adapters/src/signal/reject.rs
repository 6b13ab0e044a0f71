//! `signal.reject`: epochs with artefacts, dropped or only told of ([`lapicque_signal::reject`]).
//!
//! An epoch is rejected as a whole where one of its channels exceeds a limit. The output `rejections` has a row for each channel and limit that
//! is exceeded, also with `action: mark`, which leaves signals as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::Arc;

use arrow_array::{Float64Array, Int32Array, RecordBatch, StringArray};
use arrow_schema::DataType;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, SampleError, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_schemas::{Column, TableSchema};
use lapicque_signal::reject::{Excess, Limits, Reason, exceeded, largest_z, variance_scores};
use lapicque_units::{Fraction, Quantity, write_number};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::channels::{channels_of, check_names, matching};
use super::{PORTS, of_signal, signals_of};
use crate::kind_config::{SimpleKind, bound, problem, read, schema_of};

const REVISION: u32 = 1;
const REJECTIONS: &str = "rejections";

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "signal.reject",
    summary: "Find epochs with artefacts by amplitude, flatness, steps and variance, and drop or mark them",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// Largest difference of two values of an epoch, e.g. `150 uV`; `3` for plain numbers.
    peak_to_peak: Option<String>,
    /// Largest distance of a value from 0, e.g. `100 uV`.
    absolute: Option<String>,
    /// Least difference of the largest and the smallest value of an epoch, e.g. `1 uV`: what varies less is flat.
    flat: Option<String>,
    /// Largest step from one sample to the next, e.g. `50 uV`.
    gradient: Option<String>,
    /// Largest distance of the variance of an epoch from those of the channel's other epochs, e.g. `3`: z of its logarithm, up or down.
    variance: Option<f64>,
    /// Largest share of missing values of an epoch (default 0: an epoch with any is rejected). Other limits are about the values that are there.
    #[schemars(with = "Option<f64>")]
    missing: Option<Fraction>,
    /// Names or patterns of the channels that are looked at (default all); epochs are rejected with all their channels.
    channels: Vec<String>,
    /// drop (default): rejected epochs are left out; mark: signals stay as they are, and the output `rejections` tells.
    action: Action,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Action {
    #[default]
    Drop,
    Mark,
}

struct RejectStage {
    bound: Bound,
    config: Config,
    amounts: Amounts,
}

/// Limits with the units that they were written in.
#[derive(Debug, Default)]
struct Amounts {
    peak_to_peak: Option<Quantity>,
    absolute: Option<Quantity>,
    flat: Option<Quantity>,
    gradient: Option<Quantity>,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let mut config: Config = read(request)?;
    let mut problems = check_names("channels", &config.channels);
    let mut amounts = Amounts::default();
    for (field, text, amount) in [
        ("peak_to_peak", &mut config.peak_to_peak, &mut amounts.peak_to_peak),
        ("absolute", &mut config.absolute, &mut amounts.absolute),
        ("flat", &mut config.flat, &mut amounts.flat),
        ("gradient", &mut config.gradient, &mut amounts.gradient),
    ] {
        match text.as_deref().map(read_amount).transpose() {
            // In one unit, however it was written.
            Ok(read) => (*text, *amount) = (read.as_ref().map(canonical), read),
            Err(message) => problems.push(ConfigError::at(field, message)),
        }
    }
    if let Some(z) = config.variance.filter(|z| !(*z > 0.0 && z.is_finite())) {
        problems.push(ConfigError::at("variance", format!("{z}: z is a number above 0")));
    }
    if let Some(share) = config.missing.filter(|share| !(0.0..=1.0).contains(&share.value())) {
        problems.push(ConfigError::at("missing", format!("{share}: a share is from 0 to 1")));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let Config { peak_to_peak, absolute, flat, gradient, variance, missing, .. } = &config;
    let limits = [peak_to_peak, absolute, flat, gradient].iter().any(|limit| limit.is_some());
    if !limits && variance.is_none() && missing.is_none() {
        return problem(
            "peak_to_peak",
            "no limit is given: one of `peak_to_peak`, `absolute`, `flat`, `gradient`, `variance` and `missing` is due",
        );
    }
    config.missing = config.missing.filter(|share| share.value() != 0.0);
    let outputs = vec![Output::new("signals", signals::schema()), Output::new(REJECTIONS, schema())];
    let bound = bound(REVISION, &config, &Config::default(), request, outputs)?;
    Ok(Box::new(RejectStage { bound, config, amounts }))
}

fn read_amount(text: &str) -> Result<Quantity, String> {
    let plain = || Quantity::parse_in(text, "1").ok().and_then(|value| Quantity::from_str(&format!("{value} 1")).ok());
    let amount = match Quantity::from_str(text) {
        Ok(amount) => amount,
        Err(error) => plain().ok_or_else(|| error.to_string())?,
    };
    if amount.value > 0.0 && amount.value.is_finite() {
        Ok(amount)
    } else {
        Err(format!("{amount}: a limit is finite and above 0"))
    }
}

fn canonical(amount: &Quantity) -> String {
    let unit = amount.dimension().canonical_unit();
    let converted =
        unit.and_then(|unit| amount.in_unit(unit).ok().map(|value| format!("{} {unit}", write_number(value))));
    converted.unwrap_or_else(|| amount.to_string())
}

fn schema() -> TableSchema {
    TableSchema::new(
        REJECTIONS,
        &["channel", "epoch", "reason"],
        [
            Column::new("channel", DataType::Utf8, "channel that exceeds a limit"),
            Column::new("epoch", DataType::Int32, "epoch that is rejected"),
            Column::new("t0", DataType::Float64, "time of its first value").unit("ms"),
            Column::new(
                "reason",
                DataType::Utf8,
                "which limit: missing, peak_to_peak, absolute, flat, gradient or variance",
            ),
            Column::new("value", DataType::Float64, "what the epoch has, in `unit`"),
            Column::new("threshold", DataType::Float64, "what is allowed, in `unit`"),
            Column::new("unit", DataType::Utf8, "unit of value and threshold; 1 for shares and z"),
        ],
    )
}

impl Stage for RejectStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, _| {
            let all = signals_of(batch, sample)?;
            let mut notes = Vec::new();
            let mut found = self.of_amounts(context, &all)?;
            found.extend(self.of_variance(&all, &mut notes)?);
            found.sort_by_key(|(row, excess)| (*row, excess.reason));
            let rejected: BTreeSet<i32> = found.iter().map(|(row, _)| all[*row].epoch).collect();
            let epochs: BTreeSet<i32> = all.iter().map(|signal| signal.epoch).collect();
            if !rejected.is_empty() {
                let what =
                    format!("{} of {} epochs are rejected ({})", rejected.len(), epochs.len(), by_reason(&all, &found));
                if rejected.len() == epochs.len() && self.config.action == Action::Drop {
                    return Err(SampleError::input(format!(
                        "{what}: nothing is left. For example {}. `action: mark` keeps them and tells all in `{REJECTIONS}`",
                        example(&all, &found)
                    )));
                }
                notes.push(what);
            }
            let table = write(&all, &found).map_err(SampleError::internal)?;
            let kept = |signal: &Signal<'_>| self.config.action == Action::Mark || !rejected.contains(&signal.epoch);
            let kept: Vec<Signal<'_>> = all.into_iter().filter(kept).collect();
            let kept = signals::write(&kept).map_err(SampleError::internal)?;
            Ok(SampleOutput { tables: vec![kept, table], notes })
        })
    }
}

/// A row of the signals, and what it exceeds.
type Found = (usize, Excess);

impl RejectStage {
    /// The rows of channels that are looked at.
    fn watched(&self, signals: &[Signal<'_>]) -> Result<Vec<usize>, SampleError> {
        let channels = channels_of(signals);
        if self.config.channels.is_empty() || channels.is_empty() {
            return Ok((0..signals.len()).collect());
        }
        let watched = matching(&channels, "channels", &self.config.channels, false)?;
        let is_watched = |row: &usize| {
            channels.iter().zip(&watched).any(|(name, watched)| *watched && *name == signals[*row].channel)
        };
        Ok((0..signals.len()).filter(is_watched).collect())
    }

    fn of_amounts(&self, context: &Context<'_>, signals: &[Signal<'_>]) -> Result<Vec<Found>, SampleError> {
        let mut found = Vec::new();
        let mut known: BTreeMap<&str, Limits> = BTreeMap::new();
        for row in self.watched(signals)? {
            if context.is_cancelled() {
                return Err(SampleError::cancelled());
            }
            let signal = &signals[row];
            let limits = match known.get(signal.unit.as_ref()) {
                Some(limits) => *limits,
                None => *known.entry(&signal.unit).or_insert(self.limits(signal)?),
            };
            found.extend(exceeded(&signal.values, &limits).into_iter().map(|excess| (row, excess)));
        }
        Ok(found)
    }

    /// In the unit of a signal.
    fn limits(&self, signal: &Signal<'_>) -> Result<Limits, SampleError> {
        let amount = |field: &str, amount: &Option<Quantity>| {
            let Some(amount) = amount else {
                return Ok(None);
            };
            if signal.unit.is_empty() {
                let message =
                    format!("its unit is not known, and `{field}` is {amount}; give `unit` where it is imported");
                return Err(of_signal(signal, message));
            }
            let other = "; name the channels that are meant under `channels`";
            let value = amount.in_unit(&signal.unit);
            value.map(Some).map_err(|_| {
                of_signal(
                    signal,
                    format!("its unit is {}, and `{field}` is {amount}, which is no such amount{other}", signal.unit),
                )
            })
        };
        Ok(Limits {
            missing: self.config.missing.map_or(0.0, |share| share.value()),
            peak_to_peak: amount("peak_to_peak", &self.amounts.peak_to_peak)?,
            absolute: amount("absolute", &self.amounts.absolute)?,
            flat: amount("flat", &self.amounts.flat)?,
            gradient: amount("gradient", &self.amounts.gradient)?,
        })
    }

    fn of_variance(&self, signals: &[Signal<'_>], notes: &mut Vec<String>) -> Result<Vec<Found>, SampleError> {
        let Some(limit) = self.config.variance else {
            return Ok(Vec::new());
        };
        let mut by_channel: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for row in self.watched(signals)? {
            by_channel.entry(&signals[row].channel).or_default().push(row);
        }
        let (mut found, mut few) = (Vec::new(), BTreeMap::new());
        for (channel, rows) in by_channel {
            if largest_z(rows.len()) <= limit {
                few.insert(rows.len(), channel);
            }
            let epochs: Vec<&[f64]> = rows.iter().map(|row| signals[*row].values.as_ref()).collect();
            for (row, value) in rows.iter().zip(variance_scores(&epochs)) {
                if value.abs() > limit {
                    found.push((*row, Excess { reason: Reason::Variance, value, limit }));
                }
            }
        }
        notes.extend(few.first_key_value().map(|(count, channel)| {
            format!(
                "channel {channel} has {count} epochs, of which none can differ by more than z = {} (root of their number - 1): \
                 `variance: {limit}` rejects none but constant ones",
                write_number((largest_z(*count) * 1e3).round() / 1e3)
            )
        }));
        Ok(found)
    }
}

/// How many epochs each reason rejects.
fn by_reason(signals: &[Signal<'_>], found: &[Found]) -> String {
    let mut epochs: BTreeMap<Reason, BTreeSet<i32>> = BTreeMap::new();
    for (row, excess) in found {
        epochs.entry(excess.reason).or_default().insert(signals[*row].epoch);
    }
    epochs.iter().map(|(reason, epochs)| format!("{}: {}", reason.name(), epochs.len())).collect::<Vec<_>>().join(", ")
}

fn example(signals: &[Signal<'_>], found: &[Found]) -> String {
    let Some((row, Excess { reason, value, limit })) = found.first() else {
        return String::new();
    };
    let signal = &signals[*row];
    let (name, unit) = (super::name_of(&signal.channel, signal.epoch), unit_of(signal, *reason));
    format!("{name}: {} is {} {unit}, {} {unit} is allowed", reason.name(), write_number(*value), write_number(*limit))
}

fn unit_of<'a>(signal: &'a Signal<'_>, reason: Reason) -> &'a str {
    match reason {
        Reason::Missing | Reason::Variance => "1",
        Reason::PeakToPeak | Reason::Absolute | Reason::Flat | Reason::Gradient => &signal.unit,
    }
}

fn write(signals: &[Signal<'_>], found: &[Found]) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let text = |of: &dyn Fn(&Found) -> String| Arc::new(StringArray::from(found.iter().map(of).collect::<Vec<_>>()));
    let number = |of: &dyn Fn(&Found) -> f64| Arc::new(Float64Array::from(found.iter().map(of).collect::<Vec<_>>()));
    RecordBatch::try_new(
        schema().arrow,
        vec![
            text(&|(row, _)| signals[*row].channel.to_string()),
            Arc::new(Int32Array::from(found.iter().map(|(row, _)| signals[*row].epoch).collect::<Vec<_>>())),
            number(&|(row, _)| signals[*row].t0_ms),
            text(&|(_, excess)| excess.reason.name().to_owned()),
            number(&|(_, excess)| excess.value),
            number(&|(_, excess)| excess.limit),
            text(&|(row, excess)| unit_of(&signals[*row], excess.reason).to_owned()),
        ],
    )
}
