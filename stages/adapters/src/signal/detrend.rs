//! `signal.detrend`: signals without constants, lines or polynomials ([`lapicque_signal::detrend`]).

use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, SampleError, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::tables::signals;
use lapicque_signal::detrend::{HIGHEST_ORDER, detrend};
use lapicque_signal::missing::missing;
use lapicque_units::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::missing::{Remark, Treatment, check, described, fill};
use super::{PORTS, known_interval_ms, of_signal, signals_of};
use crate::kind_config::{SimpleKind, bound, problem, read, schema_of};

const REVISION: u32 = 1;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "signal.detrend",
    summary: "Fit constants, lines or polynomials to signals and take them off",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// Degree of the polynomial that is taken off: 0 the mean, 1 a straight line (default), up to 10.
    order: u32,
    /// Times at which a new trend begins, e.g. `[10 s, 20 s]`, on the clock of the signals; they apply to each signal that they lie within.
    #[schemars(with = "Vec<String>")]
    breakpoints: Vec<Time>,
    /// What becomes of missing (and infinite) values: refuse (default), interpolate (linearly, at the ends the nearest value)
    /// or propagate: they stay missing, and the trend is fitted to the other values.
    missing: Treatment,
}

impl Default for Config {
    fn default() -> Self {
        Self { order: 1, breakpoints: Vec::new(), missing: Treatment::default() }
    }
}

struct DetrendStage {
    bound: Bound,
    config: Config,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    if config.order > HIGHEST_ORDER {
        return problem("order", format!("{}: 0 (a constant) to {HIGHEST_ORDER} are allowed", config.order));
    }
    if let Some(time) = config.breakpoints.iter().find(|time| !time.value().is_finite()) {
        return problem("breakpoints", format!("{time}: a time is finite"));
    }
    let outputs = vec![Output::new("signals", signals::schema())];
    let bound = bound(REVISION, &config, &Config::default(), request, outputs)?;
    Ok(Box::new(DetrendStage { bound, config }))
}

impl Stage for DetrendStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, _| {
            let mut detrended = signals_of(batch, sample)?;
            check(self.config.missing, &detrended)?;
            let mut treated = Remark::new(match self.config.missing {
                Treatment::Interpolate => {
                    "missing values are interpolated linearly, at the ends of a signal the nearest value is taken"
                }
                Treatment::Refuse | Treatment::Propagate => {
                    "missing values stay missing, and trends are fitted to the others"
                }
            });
            let mut short = Remark::new(
                "there are no more values than a trend has coefficients: nothing is left of signals or pieces of them",
            );
            let mut used = vec![false; self.config.breakpoints.len()];
            for signal in &mut detrended {
                if context.is_cancelled() {
                    return Err(SampleError::cancelled());
                }
                if let Some(found) = missing(&signal.values) {
                    treated.of(signal, &described(&found, Some(signal)));
                    if self.config.missing == Treatment::Interpolate {
                        fill(signal)?;
                    }
                }
                let mut breakpoints = Vec::new();
                for (time, used) in self.config.breakpoints.iter().zip(&mut used) {
                    let sample = ((time.value() - signal.t0_ms) / known_interval_ms(signal)?).round();
                    if sample > 0.0 && sample < signal.values.len() as f64 {
                        breakpoints.push(sample as usize);
                        *used = true;
                    }
                }
                let values = signal.values.to_mut();
                let len = values.len();
                let pieces = detrend(values, self.config.order, &breakpoints);
                let pieces = pieces.map_err(|error| of_signal(signal, error))?;
                if pieces > 0 {
                    short.of(signal, &format!("{len} values"));
                }
            }
            let mut notes: Vec<String> = [treated, short].into_iter().filter_map(Remark::note).collect();
            let unused = self.config.breakpoints.iter().zip(&used).filter(|(_, used)| !**used && !detrended.is_empty());
            notes.extend(unused.map(|(time, _)| format!("the breakpoint at {time} lies within no signal")));
            let table = signals::write(&detrended).map_err(SampleError::internal)?;
            Ok(SampleOutput { tables: vec![table], notes })
        })
    }
}
