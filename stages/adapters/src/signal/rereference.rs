//! `signal.rereference`: channels against another reference ([`lapicque_signal::rereference`],
//! [`lapicque_signal::sphere_spline`]).
//!
//! Channels keep their names; those of pairs are `Fp1-F7`. Each epoch is referenced by itself.

use std::borrow::Cow;

use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, SampleError, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_signal::electrodes::Electrode;
use lapicque_signal::epochs::{Pooling, pool};
use lapicque_signal::rereference::{LONGITUDINAL, TRANSVERSE, minus, neighbours};
use lapicque_signal::sphere_spline::{Spline, Weights, current_source_density};
use lapicque_units::Length;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::channels::{channels_of, check_names, find, listed, matching};
use super::missing::Treatment;
use super::positions::{Positions, check_positions, directions};
use super::stretches::{check_alike, rows_by_epoch, treated};
use super::{PORTS, signals_of};
use crate::kind_config::{SimpleKind, bound, read, schema_of};

const REVISION: u32 = 1;
const DEFAULT_NEIGHBOURS: u32 = 4;
const DEFAULT_RADIUS_UM: f64 = 90_000.0;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "signal.rereference",
    summary: "Compute signals against another reference: an average, channels, pairs or neighbours",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// average (default): the mean of all channels is taken off; channels: the mean of those in `channels`; bipolar: differences of `pairs`
    /// or along a `chain`; laplacian: the mean of the nearest `neighbours` is taken off (Hjorth); surface_laplacian: current source
    /// density by spherical splines (Perrin), per m^2.
    method: Method,
    /// The reference of the method `channels`; one that is named after the same electrode (`EEG Cz-Ref`) is found as well.
    channels: Vec<String>,
    /// Pairs of the method `bipolar`: the first minus the second.
    pairs: Vec<[String; 2]>,
    /// Pairs of the method `bipolar` by the 10-20 system: longitudinal (front to back, 18 pairs) or transverse (left to right, 14).
    chain: Option<Chain>,
    /// How many neighbours the method `laplacian` takes (default 4); others that are as near as the last one count as well.
    neighbours: Option<u32>,
    /// Names or patterns (`E?G*`) of channels that are no part of a reference and stay as they are.
    except: Vec<String>,
    /// Where electrodes are, `{Cz: [0, 0, 1]}`: x right, y front, z up from the centre of the head, in any unit, as only directions count.
    /// By default those of the 10-10 system on a sphere, by their names.
    positions: Positions,
    /// Of the head, for `surface_laplacian` (default 90 mm).
    #[schemars(with = "Option<String>")]
    radius: Option<Length>,
    /// Order of the splines of `surface_laplacian`, 2 to 10 (default 4): larger ones are smoother.
    stiffness: Option<u32>,
    /// Legendre polynomials of `surface_laplacian`, 1 to 500 (default 50).
    terms: Option<u32>,
    /// How far splines of `surface_laplacian` may miss the potentials, from 0 (default 1e-5).
    smoothing: Option<f64>,
    /// What becomes of missing (and infinite) values: refuse (default), interpolate (linearly, at the ends the nearest value)
    /// or propagate: a result is missing where a channel that it is made of is.
    missing: Treatment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Method {
    #[default]
    Average,
    Channels,
    Bipolar,
    Laplacian,
    SurfaceLaplacian,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Chain {
    Longitudinal,
    Transverse,
}

struct RereferenceStage {
    bound: Bound,
    config: Config,
    spline: Spline,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let mut config: Config = read(request)?;
    let problems = check(&config);
    if !problems.is_empty() {
        return Err(problems);
    }
    let default = Spline::default();
    let spline = Spline {
        stiffness: config.stiffness.unwrap_or(default.stiffness),
        terms: config.terms.unwrap_or(default.terms),
        smoothing: config.smoothing.unwrap_or(default.smoothing),
    };
    // What is said of a default enters no key.
    config.neighbours = config.neighbours.filter(|count| *count != DEFAULT_NEIGHBOURS);
    config.radius = config.radius.filter(|radius| radius.value() != DEFAULT_RADIUS_UM);
    config.stiffness = config.stiffness.filter(|stiffness| *stiffness != default.stiffness);
    config.terms = config.terms.filter(|terms| *terms != default.terms);
    config.smoothing = config.smoothing.filter(|smoothing| *smoothing != default.smoothing);
    let outputs = vec![Output::new("signals", signals::schema())];
    let bound = bound(REVISION, &config, &Config::default(), request, outputs)?;
    Ok(Box::new(RereferenceStage { bound, config, spline }))
}

fn check(config: &Config) -> Vec<ConfigError> {
    let mut problems = check_positions(&config.positions);
    problems.extend(check_names("channels", &config.channels));
    problems.extend(check_names("except", &config.except));
    let method = config.method;
    let mut only = |field: &str, given: bool, methods: &[Method]| {
        if given && !methods.contains(&method) {
            let names: Vec<String> = methods.iter().map(|m| format!("`{}`", name_of(*m))).collect();
            let message =
                format!("only the method {} takes it, and this one is `{}`", names.join(" or "), name_of(method));
            problems.push(ConfigError::at(field, message));
        }
    };
    let splines = [Method::SurfaceLaplacian];
    only("channels", !config.channels.is_empty(), &[Method::Channels]);
    only("pairs", !config.pairs.is_empty(), &[Method::Bipolar]);
    only("chain", config.chain.is_some(), &[Method::Bipolar]);
    only("neighbours", config.neighbours.is_some(), &[Method::Laplacian]);
    only("positions", !config.positions.is_empty(), &[Method::Laplacian, Method::SurfaceLaplacian]);
    only("radius", config.radius.is_some(), &splines);
    only("stiffness", config.stiffness.is_some(), &splines);
    only("terms", config.terms.is_some(), &splines);
    only("smoothing", config.smoothing.is_some(), &splines);
    let mut wrong = |field: &str, message: String| problems.push(ConfigError::at(field, message));
    if method == Method::Channels && config.channels.is_empty() {
        wrong("channels", "the method `channels` needs the names of the reference, e.g. `[A1, A2]`".to_owned());
    }
    if method == Method::Bipolar && config.pairs.is_empty() == config.chain.is_none() {
        wrong(
            "pairs",
            "the method `bipolar` needs either `pairs`, e.g. `[[Fp1, F7], [F7, T7]]`, or `chain`".to_owned(),
        );
    }
    for (i, pair) in config.pairs.iter().enumerate() {
        if pair[0] == pair[1] || config.pairs[..i].contains(pair) || pair.iter().any(|name| name.trim().is_empty()) {
            let message =
                format!("[{}, {}]: a pair is two different channels, and stands there once", pair[0], pair[1]);
            wrong(&format!("pairs.{i}"), message);
        }
    }
    if config.neighbours == Some(0) {
        wrong("neighbours", "0 neighbours are no reference; 1 or more are allowed".to_owned());
    }
    if let Some(radius) = config.radius.filter(|radius| !(radius.value() > 0.0 && radius.value().is_finite())) {
        wrong("radius", format!("{radius}: a radius is finite and above 0 mm"));
    }
    if let Some(stiffness) = config.stiffness.filter(|stiffness| !(2..=10).contains(stiffness)) {
        wrong("stiffness", format!("{stiffness}: 2 to 10 are allowed"));
    }
    if let Some(terms) = config.terms.filter(|terms| !(1..=500).contains(terms)) {
        wrong("terms", format!("{terms}: 1 to 500 are allowed"));
    }
    if let Some(smoothing) = config.smoothing.filter(|smoothing| !(*smoothing >= 0.0 && smoothing.is_finite())) {
        wrong("smoothing", format!("{smoothing}: it must be finite and not below 0"));
    }
    problems
}

fn name_of(method: Method) -> &'static str {
    match method {
        Method::Average => "average",
        Method::Channels => "channels",
        Method::Bipolar => "bipolar",
        Method::Laplacian => "laplacian",
        Method::SurfaceLaplacian => "surface_laplacian",
    }
}

impl Stage for RereferenceStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, _| {
            let all = signals_of(batch, sample)?;
            let channels = channels_of(&all);
            let except = matching(&channels, "except", &self.config.except, true)?;
            let is_excepted = |signal: &Signal<'_>| {
                channels.iter().zip(&except).any(|(channel, except)| *except && *channel == signal.channel)
            };
            let (untouched, mut own): (Vec<_>, Vec<_>) = all.into_iter().partition(|signal| is_excepted(signal));
            let mut notes = treated(&mut own, self.config.missing)?;
            let channels = channels_of(&own);
            if self.config.method == Method::Average {
                notes.extend(others_in_average(&channels));
            }
            let pairs = self.pairs(&channels)?;
            let mut made: Vec<(usize, Signal<'_>)> = Vec::new();
            let mut known = None;
            for rows in rows_by_epoch(&own).into_values() {
                if context.is_cancelled() {
                    return Err(SampleError::cancelled());
                }
                let together: Vec<&Signal<'_>> = rows.iter().map(|row| &own[*row]).collect();
                check_alike(together.iter().copied(), "channels with a reference in common")?;
                match self.config.method {
                    Method::Bipolar => made.extend(differences(&together, &pairs)?),
                    _ => made.extend(rows.iter().copied().zip(self.referenced(&together, &mut known)?)),
                }
            }
            // Channel by channel, as they came.
            made.sort_by_key(|(place, _)| *place);
            let made: Vec<Signal<'_>> = made.into_iter().map(|(_, signal)| signal).chain(untouched).collect();
            let table = signals::write(&made).map_err(SampleError::internal)?;
            Ok(SampleOutput { tables: vec![table], notes })
        })
    }
}

/// A difference: name of the result, and the two channels.
type Pair = (String, String, String);

impl RereferenceStage {
    /// Of the channels of a sample, for the method `bipolar`.
    fn pairs(&self, channels: &[String]) -> Result<Vec<Pair>, SampleError> {
        let (field, pairs): (_, Vec<(&str, &str)>) = match self.config.chain {
            Some(Chain::Longitudinal) => ("chain", LONGITUDINAL.to_vec()),
            Some(Chain::Transverse) => ("chain", TRANSVERSE.to_vec()),
            None => ("pairs", self.config.pairs.iter().map(|[a, b]| (a.as_str(), b.as_str())).collect()),
        };
        let pair = |(first, second): (&str, &str)| {
            let channel = |name: &str| find(channels, field, name).map(|place| channels[place].clone());
            let (a, b) = (channel(first)?, channel(second)?);
            if a == b {
                return Err(SampleError::input(format!("{field}: `{first}` and `{second}` are one channel, {a}")));
            }
            Ok((format!("{first}-{second}"), a, b))
        };
        pairs.into_iter().map(pair).collect()
    }

    /// The weights of the surface Laplacian; epochs mostly have the channels of the one before.
    fn densities<'k>(&self, names: &[&str], known: &'k mut Option<Densities>) -> Result<&'k Weights, SampleError> {
        let same = known.take().filter(|(before, _)| before == names);
        let found = match same {
            Some(same) => same,
            None => {
                let places = directions(names, &self.config.positions, WITHOUT_POSITION)?;
                let radius_m = self.config.radius.map_or(DEFAULT_RADIUS_UM, |radius| radius.value()) * 1e-6;
                let weights = current_source_density(&places, radius_m, &self.spline).map_err(SampleError::input)?;
                (names.iter().map(|name| (*name).to_owned()).collect(), weights)
            }
        };
        Ok(&known.insert(found).1)
    }

    /// The channels of one epoch with a reference that they have in common, or with neighbours.
    fn referenced<'a>(
        &self,
        together: &[&Signal<'a>],
        known: &mut Option<Densities>,
    ) -> Result<Vec<Signal<'a>>, SampleError> {
        let values: Vec<&[f64]> = together.iter().map(|signal| signal.values.as_ref()).collect();
        let names: Vec<&str> = together.iter().map(|signal| signal.channel.as_ref()).collect();
        let mean = |of: &[&[f64]]| pool(of, Pooling::Mean).map_err(SampleError::input);
        let with_values = |signal: &Signal<'a>, values: Vec<f64>| {
            let (channel, unit) = (signal.channel.clone(), signal.unit.clone());
            let (epoch, t0_ms, dt_ms) = (signal.epoch, signal.t0_ms, signal.dt_ms);
            Signal { channel, epoch, t0_ms, dt_ms, unit, values: Cow::Owned(values) }
        };
        match self.config.method {
            Method::Average | Method::Channels | Method::Bipolar => {
                let owned: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
                let within = self.config.channels.iter().map(|name| find(&owned, "channels", name).map(|i| values[i]));
                let within = within.collect::<Result<Vec<_>, _>>()?;
                let reference = mean(if self.config.method == Method::Channels { &within } else { &values })?;
                let minus = |(signal, values): (&&Signal<'a>, &&[f64])| with_values(signal, minus(values, &reference));
                Ok(together.iter().zip(&values).map(minus).collect())
            }
            Method::Laplacian => {
                let places = directions(&names, &self.config.positions, WITHOUT_POSITION)?;
                let count = self.config.neighbours.unwrap_or(DEFAULT_NEIGHBOURS) as usize;
                if together.len() <= count {
                    return Err(SampleError::input(format!(
                        "{} channels ({}) are too few for {count} neighbours of each; {} are due",
                        together.len(),
                        names.join(", "),
                        count + 1
                    )));
                }
                let of_each = neighbours(&places, count);
                let laplacian = |(i, signal): (usize, &&Signal<'a>)| {
                    let near: Vec<&[f64]> = of_each[i].iter().map(|other| values[*other]).collect();
                    Ok(with_values(signal, minus(values[i], &mean(&near)?)))
                };
                together.iter().enumerate().map(laplacian).collect()
            }
            Method::SurfaceLaplacian => {
                let weights = self.densities(&names, known)?;
                let density = |(signal, values): (&&Signal<'a>, Vec<f64>)| {
                    let unit = if signal.unit.is_empty() { String::new() } else { format!("{}/m^2", signal.unit) };
                    Signal { unit: Cow::Owned(unit), ..with_values(signal, values) }
                };
                Ok(together.iter().zip(weights.apply(&values)).map(density).collect())
            }
        }
    }
}

/// Weights of the surface Laplacian of these channels.
type Densities = (Vec<String>, Weights);

const WITHOUT_POSITION: &str = ", or name it under `except`";

/// The differences of one epoch, with the place of each pair.
fn differences<'a>(together: &[&Signal<'a>], pairs: &[Pair]) -> Result<Vec<(usize, Signal<'a>)>, SampleError> {
    let of = |channel: &str| {
        let found = together.iter().find(|signal| signal.channel == channel);
        found.ok_or_else(|| {
            let epoch = together.first().map_or(0, |signal| signal.epoch);
            SampleError::input(format!("epoch {epoch} has no channel {channel}, which is one of a pair"))
        })
    };
    let difference = |(place, (name, first, second)): (usize, &Pair)| {
        let (first, second) = (of(first)?, of(second)?);
        let values = Cow::Owned(minus(&first.values, &second.values));
        let (epoch, t0_ms, dt_ms, unit) = (first.epoch, first.t0_ms, first.dt_ms, first.unit.clone());
        Ok((place, Signal { channel: Cow::Owned(name.clone()), epoch, t0_ms, dt_ms, unit, values }))
    };
    pairs.iter().enumerate().map(difference).collect()
}

/// A word on channels that may not belong into an average, where others are electrodes.
fn others_in_average(channels: &[String]) -> Option<String> {
    let (electrodes, others): (Vec<_>, Vec<_>) =
        channels.iter().cloned().partition(|channel| Electrode::of(channel).is_some());
    let mixed = !electrodes.is_empty() && !others.is_empty();
    mixed.then(|| {
        format!(
            "the average is taken over all channels, also those that are no electrodes of the 10-10 system ({}); \
             `except` leaves them out",
            listed(&others)
        )
    })
}
