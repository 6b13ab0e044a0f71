//! The outputs of `features.spike_trains` but `pairs`: a row for each population or neuron, or for two.

use arrow_array::RecordBatch;
use lapicque_pipeline::{Context, SampleError};
use lapicque_pointprocess::trains::correlogram::{Lags, cross_of_weighted, of_different_trains, rates_hz};
use lapicque_pointprocess::trains::counts::{Bins, fano_factor, mean_count_correlation};
use lapicque_pointprocess::trains::coupling::population_coupling;
use lapicque_pointprocess::trains::intervals::{Histogram, burst_index, cv, cv2, intervals_ms, lv, lvr, mean_ms};
use lapicque_pointprocess::trains::peri_event::{PeriEvent, Window, around, periodic_ms};
use lapicque_pointprocess::trains::spectrum::two_sided_per_neuron;
use lapicque_pointprocess::trains::{Train, Weighted, correlogram, mean_of_defined};
use lapicque_schemas::tables::events::Event;
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_schemas::tables::spectra::{self, Spectrum};
use lapicque_signal::welch::{Welch, welch};
use lapicque_units::{Time, write_number};

use super::by_signal::{Feature, Row};
use super::spike_trains_config::{
    Autocorrelograms, Config, Correlograms, IsiHistogram, Level, Measure, Psth, Spectra, lags,
};
use super::spike_trains_recording::{Population, Unit};
use crate::signal::check_size;

/// The columns of `features`.
pub(super) fn columns(config: &Config) -> Vec<Feature> {
    let mut columns = Vec::new();
    for measure in config.measures() {
        let one = |name: &str, unit, what: &str| vec![Feature::new(name, Some(unit), what)];
        columns.extend(match measure {
            Measure::Rate => one("rate_hz", "Hz", "spikes per neuron and second"),
            Measure::IsiMean => one("isi_mean_ms", "ms", "mean interval between spikes"),
            Measure::IsiCv => {
                one("isi_cv", "1", "coefficient of variation of intervals, variance divided by their number")
            }
            Measure::IsiCv2 => one("isi_cv2", "1", "variation of neighbouring intervals (Holt 1996)"),
            Measure::IsiLv => one("isi_lv", "1", "local variation of intervals (Shinomoto 2003)"),
            Measure::IsiLvr => one("isi_lvr", "1", "local variation revised for a refractory period (Shinomoto 2009)"),
            Measure::BurstIndex => one("burst_index", "1", "short intervals against longer ones, -1 to 1 (Royer 2012)"),
            Measure::Fano => {
                let of = |window: &lapicque_units::Time| {
                    let what = format!("variance over mean of the counts of a neuron in windows of {window}");
                    Feature::new(Config::fano_column(*window), Some("1"), what)
                };
                config.fano_windows.iter().map(of).collect()
            }
            Measure::CountCorrelation => {
                one(&config.correlation_column(), "1", "mean over pairs of neurons of the correlation of counts")
            }
            Measure::PopulationCoupling => {
                one("population_coupling_hz", "Hz", "excess rate of all others at the spikes of a neuron (Okun 2015)")
            }
        });
    }
    columns
}

/// The rows of `features`.
pub(super) fn features(
    config: &Config,
    populations: &[Population],
    units: &[Unit<'_>],
    context: &Context<'_>,
) -> Result<Vec<Row>, SampleError> {
    let measures = config.measures();
    let couplings = match measures.contains(&Measure::PopulationCoupling) {
        true => populations.iter().map(|population| couplings(population, config)).collect::<Result<Vec<_>, _>>()?,
        false => Vec::new(),
    };
    let mut rows = Vec::with_capacity(units.len());
    for unit in units {
        if context.is_cancelled() {
            return Err(SampleError::cancelled());
        }
        let counting: Vec<&Train> =
            unit.trains.iter().filter(|train| train.spikes_ms().len() >= config.fewest_spikes as usize).collect();
        let intervals: Vec<Vec<f64>> = counting.iter().map(|train| intervals_ms(train)).collect();
        let over_neurons = |of: fn(&[f64]) -> f64| mean_of_defined(intervals.iter().map(|intervals| of(intervals)));
        let mut values = Vec::new();
        for measure in &measures {
            match measure {
                Measure::Rate => {
                    values.push(unit.spikes() / (f64::from(unit.size) * unit.recorded.duration_ms() * 1e-3));
                }
                Measure::IsiMean => values.push(over_neurons(mean_ms)),
                Measure::IsiCv => values.push(over_neurons(cv)),
                Measure::IsiCv2 => values.push(over_neurons(cv2)),
                Measure::IsiLv => values.push(over_neurons(lv)),
                Measure::IsiLvr => {
                    let of = |intervals: &Vec<f64>| lvr(intervals, config.refractory.value());
                    let all: Result<Vec<f64>, _> = intervals.iter().map(of).collect();
                    values.push(mean_of_defined(all.map_err(SampleError::input)?));
                }
                Measure::BurstIndex => {
                    values.push(mean_of_defined(counting.iter().map(|train| burst_index(train))));
                }
                Measure::Fano => {
                    for window in &config.fano_windows {
                        let all: Result<Vec<f64>, _> =
                            counting.iter().map(|train| fano_factor(train, window.value())).collect();
                        values.push(mean_of_defined(all.map_err(|error| at("fano_windows", error))?));
                    }
                }
                Measure::CountCorrelation => {
                    let found = mean_count_correlation(unit.trains, config.correlation_bin.value());
                    values.push(found.map_err(|error| at("correlation_bin", error))?);
                }
                Measure::PopulationCoupling => {
                    let of_population = couplings.get(unit.population).map_or(&[][..], Vec::as_slice);
                    values.push(match (config.level, unit.place) {
                        (Level::Population, _) => mean_of_defined(of_population.iter().copied()),
                        (Level::Neuron, place) => {
                            place.and_then(|place| of_population.get(place)).copied().unwrap_or(f64::NAN)
                        }
                    });
                }
            }
        }
        rows.push(Row { channel: unit.channel.clone(), epoch: 0, values });
    }
    Ok(rows)
}

/// Of each neuron of a population that has spikes.
fn couplings(population: &Population, config: &Config) -> Result<Vec<f64>, SampleError> {
    let sigma_ms = config.coupling_sigma.value();
    let found = if population.trains.len() == 1 && population.size > 1 {
        // The others are silent: one stands for all.
        let silent = Train::new(Vec::new(), population.recorded).map_err(SampleError::input)?;
        population_coupling(&[population.trains[0].clone(), silent], sigma_ms)
    } else {
        population_coupling(&population.trains, sigma_ms)
    };
    found.map_err(|error| at("coupling_sigma", error))
}

/// Onsets of the events that are asked for (ms).
pub(super) fn onsets_ms(psth: &Psth, events: &[Event]) -> Vec<f64> {
    let asked = |event: &&Event| {
        psth.kind.as_ref().is_none_or(|kind| event.kind == *kind)
            && psth.value.as_ref().is_none_or(|value| event.value == *value)
    };
    events.iter().filter(asked).map(|event| event.onset_s * 1e3).collect()
}

/// Rates around events, and what is to be told.
pub(super) fn psth(
    psth: &Psth,
    onsets_ms: &[f64],
    units: &[Unit<'_>],
    context: &Context<'_>,
) -> Result<(RecordBatch, Vec<String>), SampleError> {
    let window: Window = psth.window();
    let bins = window.bins().map_err(|error| at("psth", error))?;
    check_size(bins as f64 * units.len() as f64)?;
    let (mut signals, mut without) = (Vec::with_capacity(units.len()), false);
    for unit in units {
        if context.is_cancelled() {
            return Err(SampleError::cancelled());
        }
        let own;
        let onsets = match psth.period {
            Some(period) => {
                let first = psth.first.map_or(unit.recorded.start_ms(), |first| first.value());
                own = periodic_ms(first, period.value(), unit.recorded.stop_ms()).map_err(|error| at("psth", error))?;
                own.as_slice()
            }
            None => onsets_ms,
        };
        // Also without spikes: how many events there are.
        let silent = Train::new(Vec::new(), unit.recorded).map_err(SampleError::internal)?;
        let mut all: PeriEvent = around(&silent, onsets, &window).map_err(SampleError::input)?;
        for train in unit.trains {
            let found = around(train, onsets, &window).map_err(SampleError::input)?;
            all.counts.iter_mut().zip(found.counts).for_each(|(all, one)| *all += one);
        }
        without |= all.events == 0;
        let mut rates = all.rates_hz(&window);
        rates.iter_mut().for_each(|rate| *rate /= f64::from(unit.size));
        signals.push(signal(&unit.channel, 0.5 * window.bin_ms - window.before_ms, window.bin_ms, "Hz", rates));
    }
    let note = "`psth` is undefined: no event has its whole window within the recording";
    Ok((write(signals)?, without.then(|| note.to_owned()).into_iter().collect()))
}

/// Densities of intervals.
pub(super) fn isi_histogram(of: &IsiHistogram, units: &[Unit<'_>]) -> Result<RecordBatch, SampleError> {
    let bin_ms = of.bin.value();
    let bins = lags(of.bin, of.longest).most;
    check_size(bins as f64 * units.len() as f64)?;
    let mut signals = Vec::with_capacity(units.len());
    for unit in units {
        let mut histogram = Histogram::new(bins).map_err(|error| at("isi_histogram", error))?;
        for train in unit.trains {
            histogram.add(&intervals_ms(train), bin_ms).map_err(|error| at("isi_histogram", error))?;
        }
        signals.push(signal(&unit.channel, 0.5 * bin_ms, bin_ms, "1/ms", histogram.density_per_ms(bin_ms)));
    }
    write(signals)
}

/// Nothing is known of lags that are as long as a recording.
fn within(field: &str, longest: Time, units: &[Unit<'_>]) -> Result<(), SampleError> {
    let short = units.iter().find(|unit| unit.recorded.duration_ms() <= longest.value());
    short.map_or(Ok(()), |unit| {
        let (name, duration_ms) = (&unit.channel, write_number(unit.recorded.duration_ms()));
        Err(SampleError::input(format!(
            "`{field}` is {longest}, but `{name}` was recorded for {duration_ms} ms; it must be shorter than that"
        )))
    })
}

/// Rates of neurons around their own spikes.
pub(super) fn autocorrelograms(
    of: &Autocorrelograms,
    units: &[Unit<'_>],
    context: &Context<'_>,
) -> Result<RecordBatch, SampleError> {
    let lags = lags(of.bin, of.longest);
    within("autocorrelograms.longest", of.longest, units)?;
    let values = 2 * lags.most + 1;
    check_size(values as f64 * units.len() as f64)?;
    let mut signals = Vec::with_capacity(units.len());
    for unit in units {
        let mut pairs = vec![0.0; values];
        for train in unit.trains {
            if context.is_cancelled() {
                return Err(SampleError::cancelled());
            }
            let own = correlogram::autocorrelogram(train, lags).map_err(|error| at("autocorrelograms", error))?;
            pairs.iter_mut().zip(own).for_each(|(all, own)| *all += own);
        }
        signals.push(of_lags(&unit.channel, lags, rates_hz(&pairs, unit.spikes(), 1.0, lags.bin_ms)));
    }
    write(signals)
}

/// Rates of neurons of one row around spikes of another; of a population with itself those of other neurons.
pub(super) fn correlograms(
    of: &Correlograms,
    level: Level,
    units: &[Unit<'_>],
    context: &Context<'_>,
) -> Result<RecordBatch, SampleError> {
    let lags = lags(of.bin, of.longest);
    within("correlograms.longest", of.longest, units)?;
    let (n, with_itself) = (units.len() as f64, level == Level::Population);
    let pairs = n * if with_itself { n + 1.0 } else { n - 1.0 } / 2.0;
    if pairs > f64::from(of.most) {
        return Err(SampleError::input(format!(
            "{n} rows make {pairs} pairs; `correlograms.most` is {}: raise it, or correlate populations",
            of.most
        )));
    }
    check_size((2 * lags.most + 1) as f64 * pairs)?;
    let together: Vec<Weighted<'_>> = units.iter().map(|unit| Weighted::together(unit.trains)).collect();
    let mut signals = Vec::new();
    for (i, from) in units.iter().enumerate() {
        for (j, to) in units.iter().enumerate().skip(if with_itself { i } else { i + 1 }) {
            if context.is_cancelled() {
                return Err(SampleError::cancelled());
            }
            if from.recorded != to.recorded {
                return Err(SampleError::input(format!(
                    "{} and {} are recorded in other intervals; a correlogram needs the same",
                    from.channel, to.channel
                )));
            }
            let (found, neurons) = match i == j {
                true => (of_different_trains(from.trains, lags), f64::from(to.size) - 1.0),
                false => (cross_of_weighted(&together[i], &together[j], lags), f64::from(to.size)),
            };
            let rates =
                rates_hz(&found.map_err(|error| at("correlograms", error))?, from.spikes(), neurons, lags.bin_ms);
            signals.push(of_lags(&format!("{}>{}", from.channel, to.channel), lags, rates));
        }
    }
    write(signals)
}

/// Power spectra.
pub(super) fn spectra(of: &Spectra, units: &[Unit<'_>], context: &Context<'_>) -> Result<RecordBatch, SampleError> {
    let segment = lags(of.bin, of.segment).most;
    let mut found = Vec::with_capacity(units.len());
    for unit in units {
        if context.is_cancelled() {
            return Err(SampleError::cancelled());
        }
        let bins = Bins::new(unit.recorded, of.bin.value()).map_err(|error| at("spectra", error))?;
        let rates = bins.rates_hz(unit.trains).map_err(|error| at("spectra", error))?;
        let of_unit = |error: &dyn std::fmt::Display| SampleError::input(format!("{}: {error}", unit.channel));
        let whole = welch(&rates, 1e3 / of.bin.value(), &Welch::new(segment)).map_err(|error| of_unit(&error))?;
        let mut power = whole.power;
        two_sided_per_neuron(&mut power, segment.min(rates.len()), unit.size as usize);
        found.push(Spectrum {
            channel: unit.channel.clone().into(),
            epoch: 0,
            unit: "Hz".into(),
            frequencies_hz: whole.frequencies_hz.into(),
            power: power.into(),
        });
        check_size(found.len() as f64 * found[0].power.len() as f64)?;
    }
    spectra::write(&found).map_err(SampleError::internal)
}

fn of_lags(channel: &str, lags: Lags, values: Vec<f64>) -> Signal<'static> {
    signal(channel, -(lags.most as f64) * lags.bin_ms, lags.bin_ms, "Hz", values)
}

fn signal(channel: &str, t0_ms: f64, dt_ms: f64, unit: &'static str, values: Vec<f64>) -> Signal<'static> {
    Signal { channel: channel.to_owned().into(), epoch: 0, t0_ms, dt_ms, unit: unit.into(), values: values.into() }
}

fn write(signals: Vec<Signal<'static>>) -> Result<RecordBatch, SampleError> {
    signals::write_owned(signals).map_err(SampleError::internal)
}

/// What a setting cannot be for this sample.
pub(super) fn at(field: &str, error: impl std::fmt::Display) -> SampleError {
    SampleError::input(format!("`{field}`: {error}"))
}
