//! `signal.aggregate`: one signal from many channels, or one for each group of them ([`lapicque_signal::epochs::pool`]).

use std::borrow::Cow;

use indexmap::IndexMap;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, SampleError, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_signal::epochs::{Pooling, pool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::channels::{channels_of, check_names, listed, matching};
use super::missing::Treatment;
use super::stretches::{check_alike, rows_by_epoch, treated};
use super::{PORTS, signals_of};
use crate::kind_config::{SimpleKind, bound, read, schema_of};

const REVISION: u32 = 1;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "signal.aggregate",
    summary: "Compute sum, mean, median or spread over channels or groups of them",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// mean (default), sum, median, std (population standard deviation over channels: global field power) or rms (root of the mean square).
    how: How,
    /// Channels by group: `{frontal: [F3, Fz, F4], left: ["*3", "*7"]}`, names or patterns; a channel may be in several. The groups are the
    /// channels of the result, in alphabetical order. By default all channels are one, which is named as `how`.
    groups: std::collections::BTreeMap<String, Vec<String>>,
    /// What becomes of missing (and infinite) values: refuse (default), interpolate (linearly, at the ends the nearest value)
    /// or propagate: a result is missing where any of its channels is.
    missing: Treatment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum How {
    #[default]
    Mean,
    Sum,
    Median,
    Std,
    Rms,
}

impl How {
    fn pooling(self) -> (&'static str, Pooling) {
        match self {
            Self::Mean => ("mean", Pooling::Mean),
            Self::Sum => ("sum", Pooling::Sum),
            Self::Median => ("median", Pooling::Median),
            Self::Std => ("std", Pooling::StandardDeviation),
            Self::Rms => ("rms", Pooling::RootMeanSquare),
        }
    }
}

struct AggregateStage {
    bound: Bound,
    config: Config,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let mut problems = Vec::new();
    for (group, names) in &config.groups {
        let field = format!("groups.{group}");
        problems.extend(check_names(&field, names));
        if group.trim().is_empty() {
            problems.push(ConfigError::at("groups", "the name of a group is empty"));
        }
        if names.is_empty() {
            problems.push(ConfigError::at(field, "a group has one channel at least"));
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let outputs = vec![Output::new("signals", signals::schema())];
    let bound = bound(REVISION, &config, &Config::default(), request, outputs)?;
    Ok(Box::new(AggregateStage { bound, config }))
}

impl Stage for AggregateStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        let (name, pooling) = self.config.how.pooling();
        each_sample(batch, |sample, _| {
            let mut all = signals_of(batch, sample)?;
            let channels = channels_of(&all);
            let groups = self.groups(&channels, name)?;
            let (mut used, mut notes) = (vec![groups.is_empty(); channels.len()], Vec::new());
            groups.values().flatten().for_each(|channel| used[*channel] = true);
            let unused: Vec<String> =
                channels.iter().zip(&used).filter(|(_, used)| !**used).map(|(channel, _)| channel.clone()).collect();
            if !unused.is_empty() {
                notes.push(format!("channels that are in no group are left out ({})", listed(&unused)));
            }
            all.retain(|signal| !unused.iter().any(|channel| *channel == signal.channel));
            notes.extend(treated(&mut all, self.config.missing)?);
            let by_epoch = rows_by_epoch(&all);
            let mut pooled = Vec::new();
            for (group, members) in &groups {
                for (epoch, rows) in &by_epoch {
                    if context.is_cancelled() {
                        return Err(SampleError::cancelled());
                    }
                    let is_member = |s: &&Signal<'_>| members.iter().any(|member| channels[*member] == s.channel);
                    let own: Vec<&Signal<'_>> = rows.iter().map(|row| &all[*row]).filter(is_member).collect();
                    let Some(first) = own.first() else {
                        continue;
                    };
                    if own.len() < members.len() {
                        return Err(SampleError::input(format!(
                            "epoch {epoch} has {} of the {} channels of `{group}`: pooled epochs must have the same ones",
                            own.len(),
                            members.len()
                        )));
                    }
                    check_alike(own.iter().copied(), "pooled channels")?;
                    let values: Vec<&[f64]> = own.iter().map(|signal| signal.values.as_ref()).collect();
                    let values = Cow::Owned(pool(&values, pooling).map_err(SampleError::input)?);
                    let (t0_ms, dt_ms, unit) = (first.t0_ms, first.dt_ms, first.unit.clone());
                    pooled.push(Signal {
                        channel: Cow::Borrowed(group.as_str()),
                        epoch: *epoch,
                        t0_ms,
                        dt_ms,
                        unit,
                        values,
                    });
                }
            }
            let table = signals::write(&pooled).map_err(SampleError::internal)?;
            Ok(SampleOutput { tables: vec![table], notes })
        })
    }
}

impl AggregateStage {
    /// The channels of each group, by their places.
    fn groups(&self, channels: &[String], name: &str) -> Result<IndexMap<String, Vec<usize>>, SampleError> {
        if channels.is_empty() {
            return Ok(IndexMap::new());
        }
        if self.config.groups.is_empty() {
            return Ok(IndexMap::from([(name.to_owned(), (0..channels.len()).collect())]));
        }
        let group = |(group, wanted): (&String, &Vec<String>)| {
            let meant = matching(channels, &format!("groups.{group}"), wanted, false)?;
            Ok((group.clone(), (0..channels.len()).filter(|i| meant[*i]).collect()))
        };
        self.config.groups.iter().map(group).collect()
    }
}
