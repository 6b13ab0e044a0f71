//! `features.bursts`: oscillatory bursts cycle by cycle, and the shape of their cycles ([`lapicque_signal::bursts`]).

use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, SampleError, SampleOutput, Stage,
    each_sample,
};
use lapicque_schemas::tables::cycles::{self as cycle_table, CycleRow};
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_signal::bursts::{self, Cycle, Method, Summary, cycles, filter_samples, summary};
use lapicque_signal::missing::missing;
use lapicque_units::Frequency;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::by_signal::{Feature, Row, each, schema, table, undefined};
use crate::kind_config::{SimpleKind, bound, read, schema_of};
use crate::signal::missing::{Remark, described};
use crate::signal::{known_interval_ms, name_of, of_signal, signals_of};

const REVISION: u32 = 1;
const PORTS: &[PortSpec] = &[PortSpec::new("signals", signals::TABLE, PortMode::Either, true)];
const DEFINITIONS: &str = "bursts 1";

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "features.bursts",
    summary: "Find bursts of a rhythm cycle by cycle, and measure period, amplitude and symmetry",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The band of the rhythm, e.g. `[8 Hz, 12 Hz]`, below half of the sampling rate.
    #[schemars(with = "Vec<String>")]
    band: [Frequency; 2],
    /// What is in the middle of a cycle: peak (default: from trough to trough) or trough.
    #[serde(default)]
    center: Center,
    /// Length of the filter that finds zero crossings, in cycles of the lower edge of the band (default 3).
    #[serde(default = "three")]
    filter_cycles: f64,
    /// Cycles of a burst have an amplitude rank, 0 to 1, above this (default 0).
    #[serde(default)]
    amplitude_fraction: f64,
    /// And flanks that are alike, 0 to 1, by more than this (default 0.5).
    #[serde(default = "half")]
    amplitude_consistency: f64,
    /// And periods that are alike, 0 to 1, by more than this (default 0.5).
    #[serde(default = "half")]
    period_consistency: f64,
    /// And a part of steps along their flank, 0 to 1, above this (default 0.8).
    #[serde(default = "four_fifths")]
    monotonicity: f64,
    /// Cycles of a burst at least (default 3).
    #[serde(default = "three_cycles")]
    fewest_cycles: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Center {
    #[default]
    Peak,
    Trough,
}

fn three() -> f64 {
    3.0
}

fn half() -> f64 {
    0.5
}

fn four_fifths() -> f64 {
    0.8
}

fn three_cycles() -> u32 {
    3
}

struct BurstsStage {
    bound: Bound,
    method: Method,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let mut problems = Vec::new();
    let [low, high] = config.band;
    if !(low.value() > 0.0 && low.value() < high.value() && high.value().is_finite()) {
        let message = format!("{low} to {high}; a band goes from above 0 Hz to a higher, finite frequency");
        problems.push(ConfigError::at("band", message));
    }
    if !(config.filter_cycles >= 1.0 && config.filter_cycles <= 100.0) {
        problems.push(ConfigError::at("filter_cycles", format!("{}; allowed: 1 to 100", config.filter_cycles)));
    }
    for (field, value) in [
        ("amplitude_fraction", config.amplitude_fraction),
        ("amplitude_consistency", config.amplitude_consistency),
        ("period_consistency", config.period_consistency),
        ("monotonicity", config.monotonicity),
    ] {
        if !(0.0..1.0).contains(&value) {
            problems.push(ConfigError::at(field, format!("{value}; allowed: 0 to below 1, which no cycle exceeds")));
        }
    }
    if config.fewest_cycles == 0 {
        problems.push(ConfigError::at("fewest_cycles", "0; a burst has at least 1 cycle"));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    // `band` has no default: 0 Hz never equals a valid one.
    let unset = Config {
        band: [Frequency::new(0.0); 2],
        center: Center::Peak,
        filter_cycles: three(),
        amplitude_fraction: 0.0,
        amplitude_consistency: half(),
        period_consistency: half(),
        monotonicity: four_fifths(),
        fewest_cycles: three_cycles(),
    };
    let outputs =
        vec![Output::new("features", schema(DEFINITIONS, &features())), Output::new("cycles", cycle_table::schema())];
    let bound = bound(REVISION, &config, &unset, request, outputs)?;
    let method = Method {
        low_hz: low.value(),
        high_hz: high.value(),
        filter_cycles: config.filter_cycles,
        center: match config.center {
            Center::Peak => bursts::Center::Peak,
            Center::Trough => bursts::Center::Trough,
        },
        amplitude_fraction: config.amplitude_fraction,
        amplitude_consistency: config.amplitude_consistency,
        period_consistency: config.period_consistency,
        monotonicity: config.monotonicity,
        fewest_cycles: config.fewest_cycles as usize,
    };
    Ok(Box::new(BurstsStage { bound, method }))
}

fn features() -> [Feature; 9] {
    [
        Feature::new("cycles", None, "how many cycles there are"),
        Feature::new("bursts", None, "how many bursts there are"),
        Feature::new("fraction_in_bursts", None, "part of the time in bursts"),
        Feature::new("burst_rate_hz", Some("Hz"), "bursts per second"),
        Feature::new("burst_duration_ms", Some("ms"), "mean duration of bursts"),
        Feature::new("period_ms", Some("ms"), "mean period of cycles in bursts"),
        Feature::new(
            "amplitude",
            None,
            "mean amplitude of cycles in bursts, peak to trough, in the unit of the signal",
        ),
        Feature::new("rise_decay_symmetry", None, "mean part of cycles in bursts that rises"),
        Feature::new("peak_trough_symmetry", None, "mean part of cycles in bursts about the peak"),
    ]
}

impl Stage for BurstsStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, _| {
            let signals = signals_of(batch, sample)?;
            let found = each(context, &signals, |signal| self.of_signal(signal))?;
            let mut holed = Remark::new("bursts of signals with missing values are undefined");
            let mut short = Remark::new("bursts of signals that are no longer than the filter are undefined");
            let mut none = Remark::new("there are no bursts whose cycles could be measured");
            let (mut rows, mut cycles) = (Vec::new(), Vec::new());
            for (signal, (row, of_signal)) in signals.iter().zip(found) {
                let name = name_of(&signal.channel, signal.epoch);
                match (missing(&signal.values), self.is_short(signal)?) {
                    (Some(missing), _) => holed.of_name(&name, &described(&missing, Some(signal))),
                    (None, Some(taps)) => short.of_name(&name, &format!("{} of {taps} values", signal.values.len())),
                    (None, None) => undefined(&mut none, &self.bound.outputs[0].schema, &row),
                }
                rows.push(row);
                cycles.extend(of_signal);
            }
            let cycles = cycle_table::write(&cycles).map_err(SampleError::internal)?;
            let notes = [holed, short, none].into_iter().filter_map(Remark::note).collect();
            Ok(SampleOutput { tables: vec![table(&self.bound.outputs[0].schema, &rows)?, cycles], notes })
        })
    }
}

impl BurstsStage {
    /// Samples of the filter, where the signal has no more.
    fn is_short(&self, signal: &Signal<'_>) -> Result<Option<f64>, SampleError> {
        let rate_hz = 1e3 / known_interval_ms(signal)?;
        let taps = filter_samples(rate_hz, &self.method).map_err(|error| of_signal(signal, error))?;
        Ok((signal.values.len() as f64 <= taps).then_some(taps))
    }

    fn of_signal(&self, signal: &Signal<'_>) -> Result<(Row, Vec<CycleRow>), SampleError> {
        let dt_ms = known_interval_ms(signal)?;
        let is_undefined = self.is_short(signal)?.is_some() || missing(&signal.values).is_some();
        let (values, found) = if is_undefined {
            (vec![f64::NAN; features().len()], Vec::new())
        } else {
            let found = cycles(&signal.values, 1e3 / dt_ms, &self.method).map_err(|error| of_signal(signal, error))?;
            (in_units(&summary(&found, signal.values.len()), signal.values.len(), dt_ms), found)
        };
        let row = Row { channel: signal.channel.to_string(), epoch: signal.epoch, values };
        Ok((row, found.iter().enumerate().map(|(number, cycle)| cycle_row(signal, number, cycle)).collect()))
    }
}

/// In the order of the columns.
fn in_units(summary: &Summary, len: usize, dt_ms: f64) -> Vec<f64> {
    vec![
        summary.cycles as f64,
        summary.bursts as f64,
        summary.fraction,
        summary.bursts as f64 / (len as f64 * dt_ms * 1e-3),
        summary.burst * dt_ms,
        summary.period * dt_ms,
        summary.amplitude,
        summary.rise_decay_symmetry,
        summary.peak_trough_symmetry,
    ]
}

fn cycle_row(signal: &Signal<'_>, number: usize, cycle: &Cycle) -> CycleRow {
    let time_ms = |sample: usize| signal.t0_ms + sample as f64 * signal.dt_ms;
    CycleRow {
        channel: signal.channel.to_string(),
        epoch: signal.epoch,
        cycle: number as i32,
        start_ms: time_ms(cycle.start),
        center_ms: time_ms(cycle.center),
        end_ms: time_ms(cycle.end),
        amplitude: cycle.amplitude,
        unit: signal.unit.to_string(),
        rise_decay_symmetry: cycle.rise_decay_symmetry,
        peak_trough_symmetry: cycle.peak_trough_symmetry,
        amplitude_fraction: cycle.amplitude_fraction,
        amplitude_consistency: cycle.amplitude_consistency,
        period_consistency: cycle.period_consistency,
        monotonicity: cycle.monotonicity,
        in_burst: cycle.in_burst,
    }
}
