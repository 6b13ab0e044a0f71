//! `features.bistability`: up and down states of signals ([`lapicque_signal::up_down`]).

use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, SampleError, SampleOutput, Stage,
    each_sample,
};
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_signal::missing::missing;
use lapicque_signal::up_down::{States, up_down};
use lapicque_units::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::by_signal::{Feature, Row, each, schema, table, undefined};
use crate::kind_config::{SimpleKind, bound, read, schema_of};
use crate::signal::missing::{Remark, described};
use crate::signal::{known_interval_ms, name_of, signals_of};

const REVISION: u32 = 1;
const PORTS: &[PortSpec] = &[PortSpec::new("signals", signals::TABLE, PortMode::Either, true)];
const DEFINITIONS: &str = "bistability 1";

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "features.bistability",
    summary: "Measure up and down states: how often signals change between them, and how long they last",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// A signal goes up where it reaches this, in its own unit.
    threshold: f64,
    /// And down where it falls below the threshold less this (default 0).
    #[serde(default)]
    hysteresis: f64,
    /// Shorter states count to the one before (default 0 ms).
    #[schemars(with = "String")]
    #[serde(default = "none")]
    shortest: Time,
}

fn none() -> Time {
    Time::new(0.0)
}

struct BistabilityStage {
    bound: Bound,
    config: Config,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let mut problems = Vec::new();
    if !config.threshold.is_finite() {
        problems.push(ConfigError::at("threshold", format!("{}: a finite value is due", config.threshold)));
    }
    if !(config.hysteresis >= 0.0 && config.hysteresis.is_finite()) {
        problems.push(ConfigError::at("hysteresis", format!("{}: a finite value from 0 on is due", config.hysteresis)));
    }
    if !(config.shortest.value() >= 0.0 && config.shortest.value().is_finite()) {
        problems.push(ConfigError::at("shortest", format!("{}: a finite time from 0 on is due", config.shortest)));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    // `threshold` has no default: NaN never equals a valid one.
    let unset = Config { threshold: f64::NAN, hysteresis: 0.0, shortest: none() };
    let features = [
        Feature::new("fraction_up", Some("1"), "part of the time in up states"),
        Feature::new("up_states", Some("1"), "how many up states there are"),
        Feature::new("transition_rate_hz", Some("Hz"), "changes between up and down per second"),
        Feature::new("up_duration_s", Some("s"), "mean duration of up states that have both ends"),
        Feature::new("down_duration_s", Some("s"), "mean duration of down states that have both ends"),
    ];
    let output = Output::new("features", schema(DEFINITIONS, &features));
    let bound = bound(REVISION, &config, &unset, request, vec![output])?;
    Ok(Box::new(BistabilityStage { bound, config }))
}

impl Stage for BistabilityStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, _| {
            let signals = signals_of(batch, sample)?;
            let rows = each(context, &signals, |signal| self.of_signal(signal))?;
            let mut holed = Remark::new("states of signals with missing values are undefined");
            let mut none = Remark::new("there are no states with both ends whose durations could be measured");
            for (signal, row) in signals.iter().zip(&rows) {
                match missing(&signal.values) {
                    Some(missing) => {
                        holed.of_name(&name_of(&signal.channel, signal.epoch), &described(&missing, Some(signal)));
                    }
                    None => undefined(&mut none, &self.bound.outputs[0].schema, row),
                }
            }
            let notes = [holed, none].into_iter().filter_map(Remark::note).collect();
            Ok(SampleOutput { tables: vec![table(&self.bound.outputs[0].schema, &rows)?], notes })
        })
    }
}

impl BistabilityStage {
    fn of_signal(&self, signal: &Signal<'_>) -> Result<Row, SampleError> {
        let interval_s = known_interval_ms(signal)? * 1e-3;
        let exact = self.config.shortest.value() * 1e-3 / interval_s;
        let states = States {
            threshold: self.config.threshold,
            hysteresis: self.config.hysteresis,
            shortest: (exact - 1e-9 * exact).ceil() as usize,
        };
        let found = up_down(&signal.values, &states);
        let values = vec![
            found.fraction_up,
            found.up_states,
            found.transitions / interval_s,
            found.up_duration * interval_s,
            found.down_duration * interval_s,
        ];
        Ok(Row { channel: signal.channel.clone().into_owned(), epoch: signal.epoch, values })
    }
}
