//! `features.connectivity`: how each two channels go together, by frequency, phase or envelope
//! ([`lapicque_signal::connectivity`]).
//!
//! Channels are paired in the order in which they come, each pair once. What a measure does not define is NaN, and is told.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray};
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, Read, SampleError, SampleOutput,
    Stage, each_sample,
};
use lapicque_schemas::tables::pairs;
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_signal::connectivity::{
    self, Band, ConnectivityError, CrossSpectra, Envelopes, Segments, SpectralMeasures, correlation, is_constant,
    mean_over_epochs,
};
use lapicque_signal::missing::missing;
use rayon::prelude::*;

use super::connectivity_config::{Across, Config, Measure, NamedBand};
use crate::kind_config::{SimpleKind, bound, read, schema_of};
use crate::signal::missing::{Remark, described};
use crate::signal::{known_interval_ms, name_of, of_signal};

const REVISION: u32 = 1;
const PORTS: &[PortSpec] = &[PortSpec::new("signals", signals::TABLE, PortMode::Either, true)];
const DEFAULT_OVERLAP: f64 = 0.5;
/// Periods of the lowest frequency that a segment should hold.
const FEWEST_PERIODS: f64 = 5.0;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "features.connectivity",
    summary: "Measure how channels go together: coherence, phase lags, correlations of signals and envelopes",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

struct ConnectivityStage {
    bound: Bound,
    config: Config,
    bands: Vec<NamedBand>,
    columns: Vec<Column>,
}

/// A measure, within one of the bands.
struct Column {
    measure: Measure,
    band: usize,
    name: String,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let mut config: Config = read(request)?;
    let mut problems = config.check();
    let bands = config.named_bands();
    let mut columns: Vec<Column> = Vec::new();
    for (band, named) in bands.iter().enumerate() {
        for &measure in &config.measures {
            if measure != Measure::Correlation {
                columns.push(Column { measure, band, name: format!("{}{}", named.prefix, measure.name()) });
            } else if band == 0 {
                columns.push(Column { measure, band, name: measure.name().to_owned() });
            }
        }
    }
    for (i, column) in columns.iter().enumerate() {
        if columns[..i].iter().any(|other| other.name == column.name) {
            let field = bands[column.band].field.clone();
            problems.push(ConfigError::at(field, format!("two columns would be named `{}`", column.name)));
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    config.overlap = config.overlap.filter(|overlap| *overlap != DEFAULT_OVERLAP);
    let schema = pairs::schema(columns.iter().map(|column| (column.name.as_str(), column.measure.description())));
    let mut bound = bound(REVISION, &config, &Config::default(), request, vec![Output::new("pairs", schema)])?;
    bound.reads = vec![Read::columns("signals", ["channel", "epoch", "t0", "dt", "unit", "values"].map(str::to_owned))];
    Ok(Box::new(ConnectivityStage { bound, config, bands, columns }))
}

impl Stage for ConnectivityStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, _| {
            let table = batch.table(sample, "signals").ok_or_else(|| SampleError::internal("no input `signals`"))?;
            let signals = signals::read(table).map_err(SampleError::input)?;
            let recording = Recording::of(&signals)?;
            let mut notes = remarks(&signals);
            let estimates = match self.config.across {
                Across::Epochs if recording.epochs.is_empty() => vec![],
                Across::Epochs => vec![(0, &recording.epochs[..])],
                Across::Segments => {
                    recording.numbers.iter().copied().zip(recording.epochs.chunks(1)).collect::<Vec<_>>()
                }
            };
            if let [channel] = &recording.channels[..] {
                notes.push(format!("there are no pairs: the only channel is {channel}"));
            }
            let mut rows = Rows::default();
            for (epoch, epochs) in estimates {
                let values = self.estimate(context, &recording, epochs, epoch, &mut notes)?;
                rows.add(epoch, &recording.channels, values);
            }
            notes.sort();
            notes.dedup();
            let table = rows.table(self).map_err(SampleError::internal)?;
            Ok(SampleOutput { tables: vec![table], notes })
        })
    }
}

/// The signals of a sample: all epochs with the same channels in the same order.
pub(super) struct Recording<'a> {
    pub(super) channels: Vec<&'a str>,
    pub(super) numbers: Vec<i32>,
    pub(super) epochs: Vec<Vec<&'a [f64]>>,
    pub(super) rate_hz: f64,
}

impl<'a> Recording<'a> {
    pub(super) fn of(signals: &'a [Signal<'_>]) -> Result<Self, SampleError> {
        let mut channels: Vec<&str> = Vec::new();
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        let mut by_epoch: BTreeMap<i32, Vec<Option<&Signal<'_>>>> = BTreeMap::new();
        for signal in signals {
            let place = *places.entry(&signal.channel).or_insert_with(|| {
                channels.push(&signal.channel);
                channels.len() - 1
            });
            let epoch = by_epoch.entry(signal.epoch).or_default();
            epoch.resize(epoch.len().max(place + 1), None);
            if epoch[place].replace(signal).is_some() {
                return Err(of_signal(signal, "it is there twice; a pair is one of two signals"));
            }
        }
        let rate_hz = signals.first().map_or(Ok(1.0), |signal| known_interval_ms(signal).map(|dt_ms| 1e3 / dt_ms))?;
        let (mut numbers, mut epochs) = (Vec::new(), Vec::new());
        for (number, mut epoch) in by_epoch {
            epoch.resize(channels.len(), None);
            let mut values: Vec<&[f64]> = Vec::with_capacity(channels.len());
            let first = epoch.iter().flatten().next().copied();
            for (signal, channel) in epoch.iter().zip(&channels) {
                let (Some(signal), Some(first)) = (signal, first) else {
                    let message = "it is not there, but other epochs have it; epochs have the same channels";
                    return Err(SampleError::input(format!("{}: {message}", name_of(channel, number))));
                };
                agree(signal, first, signals)?;
                values.push(&signal.values);
            }
            numbers.push(number);
            epochs.push(values);
        }
        Ok(Self { channels, numbers, epochs, rate_hz })
    }
}

/// Two signals of an epoch have the same times, and all signals the same interval.
fn agree(signal: &Signal<'_>, first: &Signal<'_>, all: &[Signal<'_>]) -> Result<(), SampleError> {
    let differs = |what: &str, own: String, other: &Signal<'_>, others: String| {
        let other = name_of(&other.channel, other.epoch);
        Err(of_signal(signal, format!("{what} is {own}, that of {other} {others}; they must agree")))
    };
    let interval = known_interval_ms(signal)?;
    if interval != all[0].dt_ms {
        return differs("the sampling interval", format!("{interval} ms"), &all[0], format!("{} ms", all[0].dt_ms));
    }
    if signal.t0_ms != first.t0_ms && !(signal.t0_ms.is_nan() && first.t0_ms.is_nan()) {
        return differs("the first time", format!("{} ms", signal.t0_ms), first, format!("{} ms", first.t0_ms));
    }
    if signal.values.len() != first.values.len() {
        let values = |signal: &Signal<'_>| format!("{} values", signal.values.len());
        return differs("the length", values(signal), first, values(first));
    }
    Ok(())
}

impl ConnectivityStage {
    /// Values by column and pair, estimated from some epochs.
    fn estimate(
        &self,
        context: &Context<'_>,
        recording: &Recording<'_>,
        epochs: &[Vec<&[f64]>],
        number: i32,
        notes: &mut Vec<String>,
    ) -> Result<Vec<Vec<f64>>, SampleError> {
        let pairs = connectivity::pairs(recording.channels.len());
        if pairs.is_empty() {
            return Ok(vec![Vec::new(); self.columns.len()]);
        }
        let spectral = match self.config.has(Measure::is_spectral) {
            true => self.spectral(context, recording, epochs, number, &pairs, notes)?,
            false => Vec::new(),
        };
        let mut envelopes = Vec::new();
        if self.config.has(Measure::is_of_envelopes) {
            for band in &self.bands {
                envelopes.push(self.envelopes(context, recording, epochs, band, number, &pairs, notes)?);
            }
        }
        let mut correlations = Vec::new();
        if self.config.measures.contains(&Measure::Correlation) {
            correlations = of_pairs(context, &pairs, |one, other| {
                let of_epoch = |epoch: &Vec<&[f64]>| [correlation(epoch[one], epoch[other])];
                mean_over_epochs(&epochs.iter().map(of_epoch).collect::<Vec<_>>())[0]
            })?;
        }
        let column = |column: &Column| -> Vec<f64> {
            let of_spectra =
                |measure: fn(&SpectralMeasures) -> f64| spectral[column.band].iter().map(measure).collect();
            let of_envelopes = |measure: usize| envelopes[column.band].iter().map(|values| values[measure]).collect();
            match column.measure {
                Measure::Coherence => of_spectra(|measures| measures.coherence),
                Measure::SquaredCoherence => of_spectra(|measures| measures.squared_coherence),
                Measure::ImaginaryCoherence => of_spectra(|measures| measures.imaginary_coherence),
                Measure::Plv => of_spectra(|measures| measures.plv),
                Measure::Pli => of_spectra(|measures| measures.pli),
                Measure::Wpli => of_spectra(|measures| measures.wpli),
                Measure::DebiasedWpli => of_spectra(|measures| measures.debiased_wpli),
                Measure::Correlation => correlations.clone(),
                Measure::EnvelopeCorrelation => of_envelopes(0),
                Measure::OrthogonalisedEnvelopeCorrelation => of_envelopes(1),
            }
        };
        Ok(self.columns.iter().map(column).collect())
    }

    /// By band and pair.
    fn spectral(
        &self,
        context: &Context<'_>,
        recording: &Recording<'_>,
        epochs: &[Vec<&[f64]>],
        number: i32,
        pairs: &[(usize, usize)],
        notes: &mut Vec<String>,
    ) -> Result<Vec<Vec<SpectralMeasures>>, SampleError> {
        let rate_hz = recording.rate_hz;
        let segments = self.segments(rate_hz, notes);
        let length = segments.map_or_else(|| epochs[0][0].len(), |segments| segments.length);
        for band in &self.bands {
            band.band.bins(rate_hz, length).map_err(|error| of_band(band, error))?;
            notes.extend(few_periods(band, length, rate_hz));
        }
        let bands: Vec<Band> = self.bands.iter().map(|band| band.band).collect();
        let phases = self.config.measures.contains(&Measure::Plv);
        let spectra = CrossSpectra::new(epochs, rate_hz, segments, &bands, phases).map_err(|error| match error {
            ConnectivityError::Lengths { .. } => {
                SampleError::input(format!("{error}; `segment` cuts epochs into segments of one length"))
            }
            error => SampleError::input(error),
        })?;
        if spectra.segments() < 2 {
            let from = match self.config.across {
                Across::Epochs => "the sample has one alone".to_owned(),
                Across::Segments => format!("epoch {number} has one alone"),
            };
            notes.push(format!(
                "spectral measures are undefined: they need two segments or more, and {from} (a shorter `segment` gives more)"
            ));
        }
        for (i, band) in self.bands.iter().enumerate() {
            let mut remark = Remark::new("frequencies at which a signal has no power are left out");
            for (channel, name) in recording.channels.iter().enumerate() {
                let (with, all) = (spectra.frequencies_with_power(channel, i), spectra.frequencies(i));
                let told = epochs.iter().any(|epoch| is_constant(epoch[channel]) || missing(epoch[channel]).is_some());
                if with < all && !told {
                    remark.of_name(&format!("channel {name}"), &format!("{} of {all} of `{}`", all - with, band.field));
                }
            }
            notes.extend(remark.note());
        }
        (0..bands.len()).map(|band| of_pairs(context, pairs, |one, other| spectra.pair(one, other, band))).collect()
    }

    /// By pair: plain, orthogonalised.
    #[expect(clippy::too_many_arguments, reason = "all of them are what one band of one estimate consists of")]
    fn envelopes(
        &self,
        context: &Context<'_>,
        recording: &Recording<'_>,
        epochs: &[Vec<&[f64]>],
        band: &NamedBand,
        number: i32,
        pairs: &[(usize, usize)],
        notes: &mut Vec<String>,
    ) -> Result<Vec<[f64; 2]>, SampleError> {
        let orthogonalise = self.config.measures.contains(&Measure::OrthogonalisedEnvelopeCorrelation);
        let mut by_pair: Vec<Vec<[f64; 2]>> = vec![Vec::with_capacity(epochs.len()); pairs.len()];
        let mut remark = Remark::new("correlations of envelopes that do not vary are undefined");
        for (i, epoch) in epochs.iter().enumerate() {
            let envelopes = Envelopes::new(epoch, recording.rate_hz, band.band, self.config.scale())
                .map_err(|error| of_band(band, error))?;
            for (channel, name) in recording.channels.iter().enumerate() {
                let told = is_constant(epoch[channel]) || missing(epoch[channel]).is_some();
                if !envelopes.is_defined(channel) && !told {
                    let number = if self.config.across == Across::Epochs { recording.numbers[i] } else { number };
                    remark.of_name(&name_of(name, number), &format!("that of `{}`", band.field));
                }
            }
            let values = of_pairs(context, pairs, |one, other| {
                let found = envelopes.pair(one, other, orthogonalise);
                [found.plain, found.orthogonalised]
            })?;
            by_pair.iter_mut().zip(values).for_each(|(pair, values)| pair.push(values));
        }
        notes.extend(remark.note());
        Ok(by_pair.iter().map(|epochs| mean_over_epochs(epochs)).collect())
    }

    fn segments(&self, rate_hz: f64, notes: &mut Vec<String>) -> Option<Segments> {
        let segment_s = self.config.segment?.value() * 1e-3;
        let exact = segment_s * rate_hz;
        let length = exact.round().max(1.0);
        if (exact - length).abs() > 1e-6 * length {
            notes.push(format!(
                "a segment of {segment_s} s is no whole number of samples: it is rounded to {length} samples"
            ));
        }
        let step = (length * (1.0 - self.config.overlap.unwrap_or(DEFAULT_OVERLAP))).round().max(1.0);
        Some(Segments { length: length as usize, step: step as usize })
    }
}

fn of_band(band: &NamedBand, error: ConnectivityError) -> SampleError {
    SampleError::input(format!("`{}`: {error}", band.field))
}

/// A remark on a band whose lowest frequency has few periods in a segment.
fn few_periods(band: &NamedBand, length: usize, rate_hz: f64) -> Option<String> {
    let Band::Between { low_hz, .. } = band.band else {
        return None;
    };
    let periods = low_hz * length as f64 / rate_hz;
    (periods < FEWEST_PERIODS * (1.0 - 1e-9)).then(|| {
        format!(
            "`{}`: a segment holds {} periods of {low_hz} Hz; estimates from fewer than {FEWEST_PERIODS} are unreliable",
            band.field,
            (periods * 100.0).round() / 100.0
        )
    })
}

/// A value for each pair, in their order whatever the number of threads.
fn of_pairs<T: Send>(
    context: &Context<'_>,
    pairs: &[(usize, usize)],
    value: impl Fn(usize, usize) -> T + Sync,
) -> Result<Vec<T>, SampleError> {
    let one = |&(one, other): &(usize, usize)| match context.is_cancelled() {
        true => Err(SampleError::cancelled()),
        false => Ok(value(one, other)),
    };
    match context.threads < 2 {
        true => pairs.iter().map(one).collect(),
        false => pairs.par_iter().map(one).collect(),
    }
}

/// Remarks on signals whose measures are undefined.
pub(super) fn remarks(signals: &[Signal<'_>]) -> Vec<String> {
    let mut holes = Remark::new("measures of pairs with missing values are undefined");
    let mut flat = Remark::new("signals that are constant have neither phases nor correlations");
    for signal in signals {
        if let Some(missing) = missing(&signal.values) {
            holes.of(signal, &described(&missing, Some(signal)));
        } else if is_constant(&signal.values) {
            let value = signal.values.first().map_or("no value".to_owned(), |value| format!("all values are {value}"));
            flat.of(signal, &value);
        }
    }
    holes.note().into_iter().chain(flat.note()).collect()
}

#[derive(Debug, Default)]
struct Rows {
    channels: Vec<String>,
    others: Vec<String>,
    epochs: Vec<i32>,
    /// By column.
    values: Vec<Vec<f64>>,
}

impl Rows {
    fn add(&mut self, epoch: i32, channels: &[&str], values: Vec<Vec<f64>>) {
        for (one, other) in connectivity::pairs(channels.len()) {
            self.channels.push(channels[one].to_owned());
            self.others.push(channels[other].to_owned());
            self.epochs.push(epoch);
        }
        self.values.resize(values.len(), Vec::new());
        self.values.iter_mut().zip(values).for_each(|(column, more)| column.extend(more));
    }

    fn table(mut self, stage: &ConnectivityStage) -> Result<RecordBatch, arrow_schema::ArrowError> {
        self.values.resize(stage.columns.len(), Vec::new());
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(self.channels)),
            Arc::new(StringArray::from(self.others)),
            Arc::new(Int32Array::from(self.epochs)),
        ];
        columns.extend(self.values.into_iter().map(|values| Arc::new(Float64Array::from(values)) as ArrayRef));
        RecordBatch::try_new(stage.bound.outputs[0].schema.arrow.clone(), columns)
    }
}
