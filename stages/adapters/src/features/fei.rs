//! `features.fei`: the functional ratio of excitation and inhibition of amplitude envelopes ([`lapicque_signal::fei`]).

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray};
use arrow_schema::ArrowError;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, Read, SampleError, SampleOutput,
    Stage, each_sample,
};
use lapicque_schemas::tables::{features, signals};
use lapicque_signal::dfa::{Dfa, DfaPlan};
use lapicque_signal::fei::{Fei, FeiError, FeiOptions, FeiPlan};
use lapicque_units::{Fraction, Frequency, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::oscillation::{COLUMNS, Compat, Envelope, Input, Plans, Source, TRIM, definition, fit_interval_s, read};
use crate::kind_config::{self, SimpleKind, bound, schema_of};
use crate::signal::missing::Remark;

const REVISION: u32 = 1;
const PORTS: &[PortSpec] = &[PortSpec::new("signals", signals::TABLE, PortMode::Either, true)];
/// Settings are checked at this rate, in Hz.
const ANY_RATE_HZ: f64 = 1e5;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "features.fei",
    summary: "Measure the functional ratio of excitation and inhibition (fE/I) of amplitude envelopes",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// Signal (default): the envelope of `band` is computed first, as `signal.envelope` does. Envelope: signals are envelopes already.
    input: Input,
    /// The band, e.g. `[8 Hz, 13 Hz]`: zero-phase FIR filter (rules of MNE), then Hilbert transform.
    #[schemars(with = "Option<[String; 2]>")]
    band: Option<[Frequency; 2]>,
    /// What is taken off the envelope at each end (default 1 s).
    #[schemars(with = "Option<String>")]
    trim: Option<Time>,
    /// Length of the windows whose amplitudes and fluctuations are correlated (default 5 s).
    #[schemars(with = "String")]
    window: Time,
    /// Of neighbouring windows, as a part of them (default 0.8).
    #[schemars(with = "f64")]
    overlap: Fraction,
    /// fE/I is given where the exponent of `features.dfa` is greater (default 0.6), and is undefined elsewhere; 0 gives it whatever the
    /// exponent, which is not computed then.
    dfa_threshold: f64,
    /// The windows that this exponent is fitted to, as in `features.dfa`.
    #[schemars(with = "Option<[String; 2]>")]
    fit_interval: Option<[Time; 2]>,
    /// `ncpi` leaves out a window that ends exactly with the signal, rounds as its code does, finds outliers by the standard deviation of the
    /// population, counts a window twice whose amplitude and fluctuation are outliers, and trims envelopes before the Hilbert transform.
    compat: Option<Compat>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            input: Input::default(),
            band: None,
            trim: None,
            window: Time::new(5000.0),
            overlap: Fraction::new(0.8),
            dfa_threshold: 0.6,
            fit_interval: None,
            compat: None,
        }
    }
}

struct FeiStage {
    bound: Bound,
    source: Source,
    options: FeiOptions,
    dfa: Dfa,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let mut config: Config = kind_config::read(request)?;
    let mut problems = Vec::new();
    let source = Source::checked(config.input, config.band, config.trim, config.compat, &mut problems);
    let threshold = (config.dfa_threshold != 0.0).then_some(config.dfa_threshold);
    let fit_s = fit_interval_s(config.input, config.band, config.fit_interval, &mut problems);
    if !(config.dfa_threshold >= 0.0 && config.dfa_threshold.is_finite()) {
        let message = format!("{}; it must be finite and 0 or above", config.dfa_threshold);
        problems.push(ConfigError::at("dfa_threshold", message));
    }
    if threshold.is_none() {
        let message = "with `dfa_threshold: 0` no exponent is computed; leave it out";
        if config.fit_interval.is_some() {
            problems.push(ConfigError::at("fit_interval", message));
        } else if config.band.is_some() && config.input == Input::Envelope {
            problems.push(ConfigError::at("band", message));
        }
    }
    let definition = definition(config.compat);
    let dfa = Dfa { definition, ..Dfa::new(fit_s) };
    if let Err(error) = DfaPlan::new(&dfa, ANY_RATE_HZ) {
        problems.push(ConfigError::at("fit_interval", error));
    }
    let options =
        FeiOptions { window_s: config.window.value() * 1e-3, overlap: config.overlap.value(), threshold, definition };
    match FeiPlan::new(&options, ANY_RATE_HZ) {
        Err(error @ FeiError::Overlap(_)) => problems.push(ConfigError::at("overlap", error)),
        Err(error) => problems.push(ConfigError::at("window", error)),
        Ok(_) => {}
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    config.trim = config.trim.filter(|trim| trim.value() != TRIM);
    let definitions = match config.compat {
        None => "fE/I (Bruining 2020)",
        Some(Compat::Ncpi) => "fE/I (ncpi 1.0)",
    };
    let columns = [
        ("fei", "1 - correlation of amplitude and normalised fluctuation over windows"),
        ("fei_outliers_removed", "without windows that are outliers in either"),
        ("outliers", "how many windows are"),
        ("windows", "how many windows there are"),
        ("dfa_exponent", "slope of log10 fluctuation over log10 window size"),
    ];
    let outputs = vec![Output::new("features", features::schema(definitions, columns))];
    let mut bound = bound(REVISION, &config, &Config::default(), request, outputs)?;
    bound.reads = vec![Read::columns("signals", COLUMNS.map(str::to_owned))];
    Ok(Box::new(FeiStage { bound, source, options, dfa }))
}

/// The ratio, and the exponent that allows it.
struct Found {
    fei: Fei,
    exponent: f64,
}

impl Stage for FeiStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        let (mut filters, mut plans, mut exponents) = (Plans::default(), Plans::default(), Plans::default());
        each_sample(batch, |sample, _| {
            let mut envelopes = read(batch, sample)?;
            filters.prepare(&envelopes, |rate_hz| self.source.filter(rate_hz))?;
            plans.prepare(&envelopes, |rate_hz| FeiPlan::new(&self.options, rate_hz))?;
            if self.options.threshold.is_some() {
                exponents.prepare(&envelopes, |rate_hz| DfaPlan::new(&self.dfa, rate_hz))?;
            }
            let analyse = |envelope: &Envelope<'_>| {
                let plan = plans.of(envelope)?;
                let exponent = match plan.needs_exponent() {
                    true => exponents.of(envelope)?.run(&envelope.values).exponent,
                    false => f64::NAN,
                };
                Ok(Found { fei: plan.run(&envelope.values, exponent), exponent })
            };
            let (found, mut notes) = self.source.of_each(context, &mut envelopes, &filters, analyse)?;
            let mut undefined = Remark::new("fE/I of signals is undefined");
            for (envelope, found) in envelopes.iter().zip(&found) {
                if let Some(why) = found.fei.undefined {
                    undefined.of_name(&envelope.name(), &why.to_string());
                }
            }
            notes.extend(undefined.note());
            let table = self.table(&envelopes, &found).map_err(SampleError::internal)?;
            Ok(SampleOutput { tables: vec![table], notes })
        })
    }
}

impl FeiStage {
    fn table(&self, envelopes: &[Envelope<'_>], found: &[Found]) -> Result<RecordBatch, ArrowError> {
        let numbers =
            |of: fn(&Found) -> f64| -> ArrayRef { Arc::new(Float64Array::from_iter_values(found.iter().map(of))) };
        let columns = vec![
            Arc::new(StringArray::from_iter_values(envelopes.iter().map(|e| &e.channel))) as ArrayRef,
            Arc::new(Int32Array::from_iter_values(envelopes.iter().map(|e| e.epoch))),
            numbers(|found| found.fei.fei),
            numbers(|found| found.fei.without_outliers),
            numbers(|found| if found.fei.undefined.is_some() { f64::NAN } else { found.fei.outliers as f64 }),
            numbers(|found| found.fei.windows as f64),
            numbers(|found| found.exponent),
        ];
        RecordBatch::try_new(self.bound.outputs[0].schema.arrow.clone(), columns)
    }
}
