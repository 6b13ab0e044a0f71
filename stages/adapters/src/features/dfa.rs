//! `features.dfa`: long-range temporal correlations of amplitude envelopes, by detrended fluctuation analysis
//! ([`lapicque_signal::dfa`]).

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int32Array, RecordBatch, StringArray, UInt32Array};
use arrow_schema::{ArrowError, DataType};
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, Read, SampleError, SampleOutput,
    Stage, each_sample,
};
use lapicque_schemas::tables::{features, signals};
use lapicque_schemas::{Column, TableSchema};
use lapicque_signal::dfa::{Dfa, DfaError, DfaPlan, Scaling};
use lapicque_units::{Fraction, Frequency, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::oscillation::{COLUMNS, Compat, Envelope, Input, Plans, Source, TRIM, definition, fit_interval_s, read};
use crate::kind_config::{self, SimpleKind, bound, schema_of};
use crate::signal::missing::Remark;

const REVISION: u32 = 1;
const PORTS: &[PortSpec] = &[PortSpec::new("signals", signals::TABLE, PortMode::Either, true)];
const OVERLAP: f64 = 0.5;
/// Intervals are laid out at this rate when they are checked, in Hz.
const ANY_RATE_HZ: f64 = 1e5;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "features.dfa",
    summary: "Measure long-range temporal correlations of amplitude envelopes: detrended fluctuation analysis",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// Signal (default): the envelope of `band` is computed first, as `signal.envelope` does. Envelope: signals are envelopes already,
    /// or anything else whose fluctuations are asked for, and are taken as they are.
    input: Input,
    /// The band, e.g. `[8 Hz, 13 Hz]`: zero-phase FIR filter (rules of MNE), then Hilbert transform.
    #[schemars(with = "Option<[String; 2]>")]
    band: Option<[Frequency; 2]>,
    /// What is taken off the envelope at each end (default 1 s).
    #[schemars(with = "Option<String>")]
    trim: Option<Time>,
    /// The windows that the slope is fitted to, e.g. `[3 s, 30 s]`. Default: up to 30 s, from a beginning that follows from the lower edge of
    /// `band` (8 Hz: 3.981 s, 13 Hz: 2.238 s, 30 Hz: 0.562 s), because shorter ones are governed by the filter; without a band from 5 s.
    #[schemars(with = "Option<[String; 2]>")]
    fit_interval: Option<[Time; 2]>,
    /// The windows of the output `fluctuations` (default: those of the fit).
    #[schemars(with = "Option<[String; 2]>")]
    compute_interval: Option<[Time; 2]>,
    /// Of neighbouring windows, as a part of them (default 0.5).
    #[schemars(with = "f64")]
    overlap: Fraction,
    /// `ncpi` leaves out a window that ends exactly with the signal, rounds as its code does, and trims envelopes before the Hilbert
    /// transform.
    compat: Option<Compat>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            input: Input::default(),
            band: None,
            trim: None,
            fit_interval: None,
            compute_interval: None,
            overlap: Fraction::new(OVERLAP),
            compat: None,
        }
    }
}

struct DfaStage {
    bound: Bound,
    source: Source,
    dfa: Dfa,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let mut config: Config = kind_config::read(request)?;
    let mut problems = Vec::new();
    let source = Source::checked(config.input, config.band, config.trim, config.compat, &mut problems);
    let fit_s = fit_interval_s(config.input, config.band, config.fit_interval, &mut problems);
    let computed_s = config.compute_interval.map(|interval| interval.map(|time| time.value() * 1e-3));
    let dfa = Dfa { fit_s, computed_s, overlap: config.overlap.value(), definition: definition(config.compat) };
    if let Err(error) = DfaPlan::new(&dfa, ANY_RATE_HZ) {
        problems.push(ConfigError::at(config.field_of(&error), error));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    config.trim = config.trim.filter(|trim| trim.value() != TRIM);
    config.compute_interval = config.compute_interval.filter(|_| computed_s != Some(fit_s));
    let definitions = match config.compat {
        None => "DFA (Hardstone 2012)",
        Some(Compat::Ncpi) => "DFA (ncpi 1.0)",
    };
    let columns = [
        ("dfa_exponent", "slope of log10 fluctuation over log10 window size"),
        ("dfa_intercept", "log10 fluctuation at windows of one sample"),
        ("dfa_r_squared", "squared correlation of both"),
    ];
    let outputs = vec![
        Output::new("features", features::schema(definitions, columns)),
        Output::new("fluctuations", fluctuations_schema()),
    ];
    let mut bound = bound(REVISION, &config, &Config::default(), request, outputs)?;
    bound.reads = vec![Read::columns("signals", COLUMNS.map(str::to_owned))];
    Ok(Box::new(DfaStage { bound, source, dfa }))
}

impl Config {
    /// What an error is about.
    fn field_of(&self, error: &DfaError) -> &'static str {
        match error {
            DfaError::Overlap(_) => "overlap",
            DfaError::FitNotComputed { .. } => "compute_interval",
            DfaError::Interval(interval) => match self.compute_interval {
                Some(computed) if computed.map(|time| time.value() * 1e-3) == *interval => "compute_interval",
                _ => "fit_interval",
            },
            DfaError::Rate(_) | DfaError::FewSizes { .. } => "fit_interval",
        }
    }
}

/// **fluctuations**: how large the fluctuations of each signal are in windows of each size.
fn fluctuations_schema() -> TableSchema {
    TableSchema::new(
        "fluctuations",
        &["channel", "epoch", "window_s"],
        [
            Column::new("channel", DataType::Utf8, "channel of the signal"),
            Column::new("epoch", DataType::Int32, "epoch of the signal"),
            Column::new("window_s", DataType::Float64, "length of a window").unit("s"),
            Column::new("windows", DataType::UInt32, "how many windows there were"),
            Column::new(
                "fluctuation",
                DataType::Float64,
                "mean root mean square of what a line leaves, in the unit of the signal",
            ),
            Column::new("in_fit", DataType::Boolean, "whether the slope was fitted to it"),
        ],
    )
}

impl Stage for DfaStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        let (mut filters, mut plans) = (Plans::default(), Plans::default());
        each_sample(batch, |sample, _| {
            let mut envelopes = read(batch, sample)?;
            filters.prepare(&envelopes, |rate_hz| self.source.filter(rate_hz))?;
            plans.prepare(&envelopes, |rate_hz| DfaPlan::new(&self.dfa, rate_hz))?;
            let analyse = |envelope: &Envelope<'_>| Ok(plans.of(envelope)?.run(&envelope.values));
            let (found, mut notes) = self.source.of_each(context, &mut envelopes, &filters, analyse)?;
            notes.extend(remarks(&envelopes, &found, &plans)?);
            let tables = [self.features(&envelopes, &found), self.fluctuations(&envelopes, &found)];
            let tables = tables.into_iter().collect::<Result<_, _>>().map_err(SampleError::internal)?;
            Ok(SampleOutput { tables, notes })
        })
    }
}

fn remarks(envelopes: &[Envelope<'_>], found: &[Scaling], plans: &Plans<DfaPlan>) -> Result<Vec<String>, SampleError> {
    let mut undefined = Remark::new("the exponent of signals is undefined");
    let mut few =
        Remark::new("the longest windows of the fit are more than a tenth of the signal, so there are few of them");
    for (envelope, scaling) in envelopes.iter().zip(found) {
        let (len, longest) = (envelope.values.len(), plans.of(envelope)?.longest_in_fit());
        match scaling.undefined {
            Some(why) => undefined.of_name(&envelope.name(), &why.to_string()),
            None if 10 * longest > len => {
                few.of_name(&envelope.name(), &format!("{longest} of {len} values"));
            }
            None => {}
        }
    }
    Ok([undefined, few].into_iter().filter_map(Remark::note).collect())
}

impl DfaStage {
    fn features(&self, envelopes: &[Envelope<'_>], found: &[Scaling]) -> Result<RecordBatch, ArrowError> {
        let numbers =
            |of: fn(&Scaling) -> f64| -> ArrayRef { Arc::new(Float64Array::from_iter_values(found.iter().map(of))) };
        let columns = vec![
            Arc::new(StringArray::from_iter_values(envelopes.iter().map(|e| &e.channel))) as ArrayRef,
            Arc::new(Int32Array::from_iter_values(envelopes.iter().map(|e| e.epoch))),
            numbers(|scaling| scaling.exponent),
            numbers(|scaling| scaling.intercept),
            numbers(|scaling| scaling.r_squared),
        ];
        RecordBatch::try_new(self.bound.outputs[0].schema.arrow.clone(), columns)
    }

    fn fluctuations(&self, envelopes: &[Envelope<'_>], found: &[Scaling]) -> Result<RecordBatch, ArrowError> {
        let points: Vec<_> = envelopes
            .iter()
            .zip(found)
            .flat_map(|(envelope, scaling)| scaling.fluctuations.iter().map(move |point| (envelope, point)))
            .collect();
        let channels: Vec<&str> = points.iter().map(|(envelope, _)| envelope.channel.as_str()).collect();
        let windows = points.iter().map(|(_, point)| u32::try_from(point.windows).unwrap_or(u32::MAX));
        let columns = vec![
            Arc::new(StringArray::from(channels)) as ArrayRef,
            Arc::new(Int32Array::from_iter_values(points.iter().map(|(envelope, _)| envelope.epoch))),
            Arc::new(Float64Array::from_iter_values(
                points.iter().map(|(envelope, p)| p.size as f64 / envelope.rate_hz),
            )),
            Arc::new(UInt32Array::from_iter_values(windows)),
            Arc::new(Float64Array::from_iter_values(points.iter().map(|(_, point)| point.fluctuation))),
            Arc::new(BooleanArray::from_iter(points.iter().map(|(_, point)| Some(point.in_fit)))),
        ];
        RecordBatch::try_new(self.bound.outputs[1].schema.arrow.clone(), columns)
    }
}
