//! `signal.interpolate`: bad channels from the others, by spherical splines ([`lapicque_signal::sphere_spline`]).
//!
//! Bad are those that the configuration lists, and channels without any value, epoch by epoch. Channels without a known position
//! have no part in it and stay as they are, unless they are bad themselves.

use std::borrow::Cow;

use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, SampleError, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_signal::missing::is_there;
use lapicque_signal::sphere_spline::{Spline, interpolation};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::channels::{channels_of, check_names, listed, matching};
use super::missing::{Remark, Treatment};
use super::positions::{Positions, check_positions, direction, directions};
use super::stretches::{check_alike, rows_by_epoch, treated};
use super::{PORTS, signals_of};
use crate::kind_config::{SimpleKind, bound, read, schema_of};

const REVISION: u32 = 1;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "signal.interpolate",
    summary: "Compute bad channels from the others by spherical splines",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// Names or patterns of bad channels; a channel is also found by its electrode. Channels without any value are bad without being listed.
    channels: Vec<String>,
    /// Where electrodes are, `{Cz: [0, 0, 1]}`: x right, y front, z up from the centre of the head, in any unit, as only directions count.
    /// By default those of the 10-10 system on a sphere, by their names.
    positions: Positions,
    /// Order of the splines, 2 to 10 (default 4): larger ones are smoother.
    stiffness: u32,
    /// Legendre polynomials, 1 to 500 (default 50; Perrin et al have 7).
    terms: u32,
    /// How far splines may miss the potentials of good channels, from 0 (default 1e-5).
    smoothing: f64,
    /// What becomes of missing (and infinite) values of channels that are not bad: refuse (default), interpolate (linearly in time, at the
    /// ends the nearest value) or propagate: they stay, and bad channels are missing there as well.
    missing: Treatment,
}

impl Default for Config {
    fn default() -> Self {
        let Spline { stiffness, terms, smoothing } = Spline::default();
        let (channels, positions, missing) = (Vec::new(), Positions::new(), Treatment::default());
        Self { channels, positions, stiffness, terms, smoothing, missing }
    }
}

struct InterpolateStage {
    bound: Bound,
    config: Config,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let mut problems = check_positions(&config.positions);
    problems.extend(check_names("channels", &config.channels));
    if !(2..=10).contains(&config.stiffness) {
        problems.push(ConfigError::at("stiffness", format!("{}: 2 to 10 are allowed", config.stiffness)));
    }
    if !(1..=500).contains(&config.terms) {
        problems.push(ConfigError::at("terms", format!("{}: 1 to 500 are allowed", config.terms)));
    }
    if !(config.smoothing >= 0.0 && config.smoothing.is_finite()) {
        let message = format!("{}: it must be finite and not below 0", config.smoothing);
        problems.push(ConfigError::at("smoothing", message));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let outputs = vec![Output::new("signals", signals::schema())];
    let bound = bound(REVISION, &config, &Config::default(), request, outputs)?;
    Ok(Box::new(InterpolateStage { bound, config }))
}

impl Stage for InterpolateStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, _| {
            let all = signals_of(batch, sample)?;
            let channels = channels_of(&all);
            let listed_as_bad = matching(&channels, "channels", &self.config.channels, false)?;
            let is_bad = |signal: &Signal<'_>| {
                let listed = channels.iter().zip(&listed_as_bad).any(|(name, bad)| *bad && *name == signal.channel);
                listed || (!signal.values.is_empty() && !signal.values.iter().any(|value| is_there(*value)))
            };
            let bad: Vec<bool> = all.iter().map(is_bad).collect();
            // Good and bad ones apart, with their places in the table.
            let (bads, goods): (Vec<_>, Vec<_>) = all.into_iter().enumerate().partition(|(row, _)| bad[*row]);
            let (good_rows, mut goods): (Vec<usize>, Vec<Signal<'_>>) = goods.into_iter().unzip();
            let (bad_rows, mut bads): (Vec<usize>, Vec<Signal<'_>>) = bads.into_iter().unzip();
            let mut notes = Vec::new();
            if !bads.is_empty() {
                notes.extend(treated(&mut goods, self.config.missing)?);
                notes.extend(self.without_position(&goods));
            }
            let mut told = Remark::new("bad channels are computed from others by spherical splines");
            let good_by_epoch = rows_by_epoch(&goods);
            for (epoch, rows) in rows_by_epoch(&bads) {
                if context.is_cancelled() {
                    return Err(SampleError::cancelled());
                }
                let places = good_by_epoch.get(&epoch).map(Vec::as_slice).unwrap_or_default();
                let good: Vec<&Signal<'_>> = places.iter().map(|row| &goods[*row]).collect();
                let values = {
                    let bad: Vec<&Signal<'_>> = rows.iter().map(|row| &bads[*row]).collect();
                    self.interpolated(&bad, &good, &mut told)?
                };
                for (row, values) in rows.into_iter().zip(values) {
                    bads[row].values = Cow::Owned(values);
                }
            }
            notes.extend(told.note());
            let mut rows: Vec<(usize, Signal<'_>)> =
                good_rows.into_iter().zip(goods).chain(bad_rows.into_iter().zip(bads)).collect();
            rows.sort_by_key(|(row, _)| *row);
            let rows: Vec<Signal<'_>> = rows.into_iter().map(|(_, signal)| signal).collect();
            let table = signals::write(&rows).map_err(SampleError::internal)?;
            Ok(SampleOutput { tables: vec![table], notes })
        })
    }
}

impl InterpolateStage {
    /// The values of the bad channels of one epoch.
    fn interpolated(
        &self,
        bad: &[&Signal<'_>],
        good: &[&Signal<'_>],
        told: &mut Remark,
    ) -> Result<Vec<Vec<f64>>, SampleError> {
        let good: Vec<&Signal<'_>> = good
            .iter()
            .copied()
            .filter(|signal| direction(&signal.channel, &self.config.positions).is_some())
            .collect();
        let names: Vec<&str> = bad.iter().chain(&good).map(|signal| signal.channel.as_ref()).collect();
        let places = directions(&names, &self.config.positions, "")?;
        let (to, from) = places.split_at(bad.len());
        check_alike(good.iter().chain(bad).copied(), "channels of a spline")?;
        let Config { stiffness, terms, smoothing, .. } = self.config;
        let weights = interpolation(from, to, &Spline { stiffness, terms, smoothing }).map_err(|error| {
            let epoch = bad.first().map_or(0, |signal| signal.epoch);
            let (bad, good) = names.split_at(bad.len());
            let (bad, good) = (bad.join(", "), good.join(", "));
            SampleError::input(format!("epoch {epoch}, bad: {bad}, good with a known position: {good}: {error}"))
        })?;
        let values: Vec<&[f64]> = good.iter().map(|signal| signal.values.as_ref()).collect();
        bad.iter().for_each(|signal| told.of(signal, &format!("from {} channels", good.len())));
        Ok(weights.apply(&values))
    }

    /// A word on good channels that are no part of splines.
    fn without_position(&self, goods: &[Signal<'_>]) -> Option<String> {
        let unknown = |channel: &String| direction(channel, &self.config.positions).is_none();
        let without: Vec<String> = channels_of(goods).into_iter().filter(unknown).collect();
        (!without.is_empty()).then(|| {
            format!(
                "channels without a known position are no part of splines and stay as they are ({})",
                listed(&without)
            )
        })
    }
}
