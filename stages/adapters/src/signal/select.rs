//! `signal.select`: some channels, and a stretch of time.

use std::borrow::Cow;

use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, SampleError, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_units::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::channels::{channels_of, check_names, listed, matching};
use super::missing::Remark;
use super::{PORTS, known_interval_ms, signals_of};
use crate::kind_config::{SimpleKind, bound, problem, read, schema_of};

const REVISION: u32 = 1;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "signal.select",
    summary: "Keep some channels and a stretch of time",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// Names or patterns (`F*`, `?z`) of the channels that are kept (default all). A name is also found by its electrode: `Cz` is
    /// `EEG Cz-Ref` where there is no `Cz`.
    channels: Vec<String>,
    /// Names or patterns of channels that are left out, also of those in `channels`.
    exclude: Vec<String>,
    /// Keep only channels with one of these units, as the table writes them: `[uV]`.
    units: Vec<String>,
    /// Keep values from this time on, e.g. `10 s`, on the clock of the signals (default: all).
    #[schemars(with = "Option<String>")]
    from: Option<Time>,
    /// Keep values before this time (default: all).
    #[schemars(with = "Option<String>")]
    to: Option<Time>,
}

struct SelectStage {
    bound: Bound,
    config: Config,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    if config == Config::default() {
        return problem("channels", "nothing is selected: give `channels`, `exclude`, `units`, `from` or `to`");
    }
    let mut problems = check_names("channels", &config.channels);
    problems.extend(check_names("exclude", &config.exclude));
    for (field, time) in [("from", config.from), ("to", config.to)] {
        if let Some(time) = time.filter(|time| !time.value().is_finite()) {
            problems.push(ConfigError::at(field, format!("{time}: a time is finite")));
        }
    }
    if let (Some(from), Some(to)) = (config.from, config.to)
        && from.value() >= to.value()
    {
        problems.push(ConfigError::at("to", format!("{to}: it must be later than `from`, which is {from}")));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let outputs = vec![Output::new("signals", signals::schema())];
    let bound = bound(REVISION, &config, &Config::default(), request, outputs)?;
    Ok(Box::new(SelectStage { bound, config }))
}

impl Stage for SelectStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, _: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, _| {
            let all = signals_of(batch, sample)?;
            let kept = self.channels(&all)?;
            let mut selected = Vec::new();
            let mut without = Remark::new("signals without a value in that time are left out");
            for signal in &all {
                if !kept.iter().any(|channel| *channel == signal.channel) || !self.has_unit(signal) {
                    continue;
                }
                let range = self.range(signal)?;
                if range.is_empty() && !signal.values.is_empty() {
                    let end_ms = signal.t0_ms + signal.values.len() as f64 * signal.dt_ms;
                    without.of(signal, &format!("{} to {end_ms} ms", signal.t0_ms));
                    continue;
                }
                let t0_ms = match range.start {
                    0 => signal.t0_ms,
                    start => signal.t0_ms + start as f64 * signal.dt_ms,
                };
                let values = Cow::Borrowed(&signal.values[range]);
                let (channel, unit) = (Cow::Borrowed(signal.channel.as_ref()), Cow::Borrowed(signal.unit.as_ref()));
                selected.push(Signal { channel, epoch: signal.epoch, t0_ms, dt_ms: signal.dt_ms, unit, values });
            }
            if selected.is_empty() && !all.is_empty() {
                return Err(SampleError::input(self.nothing_left(&all, without)));
            }
            let table = signals::write(&selected).map_err(SampleError::internal)?;
            Ok(SampleOutput { tables: vec![table], notes: without.note().into_iter().collect() })
        })
    }
}

impl SelectStage {
    fn channels(&self, signals: &[Signal<'_>]) -> Result<Vec<String>, SampleError> {
        let channels = channels_of(signals);
        if channels.is_empty() {
            return Ok(channels);
        }
        let wanted = match self.config.channels[..] {
            [] => vec![true; channels.len()],
            _ => matching(&channels, "channels", &self.config.channels, false)?,
        };
        let excluded = matching(&channels, "exclude", &self.config.exclude, true)?;
        let is_kept = wanted.into_iter().zip(excluded).map(|(wanted, excluded)| wanted && !excluded);
        Ok(channels.into_iter().zip(is_kept).filter(|(_, kept)| *kept).map(|(channel, _)| channel).collect())
    }

    fn has_unit(&self, signal: &Signal<'_>) -> bool {
        self.config.units.is_empty() || self.config.units.iter().any(|unit| *unit == signal.unit)
    }

    /// The samples from `from` on and before `to`.
    fn range(&self, signal: &Signal<'_>) -> Result<std::ops::Range<usize>, SampleError> {
        let len = signal.values.len();
        let first_from = |time: Time| {
            let place = (time.value() - signal.t0_ms) / known_interval_ms(signal)?;
            // Times are rounded: a sample within a millionth of an interval is at that time.
            Ok::<_, SampleError>((place - 1e-6).ceil().clamp(0.0, len as f64) as usize)
        };
        let start = self.config.from.map_or(Ok(0), first_from)?;
        let end = self.config.to.map_or(Ok(len), first_from)?;
        Ok(start..end.max(start))
    }

    fn nothing_left(&self, signals: &[Signal<'_>], without: Remark) -> String {
        if let Some(times) = without.note() {
            return format!("nothing is left: {times}");
        }
        let units: std::collections::BTreeSet<String> = signals.iter().map(|s| s.unit.to_string()).collect();
        format!(
            "nothing is left: no channel that is selected has one of the units {} (channels: {}; units: {})",
            listed(&self.config.units),
            listed(&channels_of(signals)),
            listed(&units.into_iter().collect::<Vec<_>>())
        )
    }
}
