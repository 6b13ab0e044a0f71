//! `features.spike_trains`: rate, intervals, bursts, variability, synchrony and spectra of spike trains, of populations or of neurons
//! ([`lapicque_pointprocess::trains`]). What too few spikes define is NaN.
//!
//! | output | rows | there |
//! |---|---|---|
//! | features | a column per measure | always |
//! | psth | rate (Hz) around events | where `psth` is set |
//! | isi_histogram | density of intervals (1/ms) | where `isi_histogram` is set |
//! | autocorrelograms | rate (Hz) of a neuron around its own spikes | where `autocorrelograms` is set |
//! | correlograms | rate (Hz) around spikes of others; channel `E>I`, at positive lags I fires after E | where `correlograms` is set |
//! | spectra | two-sided power spectral density (Hz) per neuron, above 0 Hz the rate for a Poisson process | where `spectra` is set |
//! | pairs | distances and correlations | where `pairs` is set |

use lapicque_numerics::grid::TimeGrid;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, Read, SampleError, SampleOutput,
    Stage, each_sample,
};
use lapicque_schemas::tables::{events, populations, signals, spectra, spikes};
use lapicque_units::{Time, write_number};

use super::by_signal::{schema, table, undefined};
use super::spike_trains_config::{Config, Level, Measure, PairMeasure};
use super::spike_trains_recording::{populations as read_populations, units};
use super::{spike_trains_pairs as of_pairs, spike_trains_tables as tables};
use crate::kind_config::{SimpleKind, bound, missing_columns, read, schema_of};
use crate::signal::missing::Remark;
use crate::spike_tables::{POPULATION_COLUMNS, SPIKE_COLUMNS, time_step_ms};

const REVISION: u32 = 1;
const DEFINITIONS: &str = "spike_trains 1";
const PORTS: &[PortSpec] = &[
    PortSpec::new("spikes", spikes::TABLE, PortMode::Either, true),
    PortSpec::new("populations", populations::TABLE, PortMode::Either, true),
    PortSpec::new("events", events::TABLE, PortMode::Either, false),
];
const EVENT_COLUMNS: [&str; 4] = ["onset_s", "kind", "value", "channel"];

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "features.spike_trains",
    summary: "Measure intervals, bursts, synchrony, correlograms and spectra of spike trains, alone and in pairs",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

struct SpikeTrainsStage {
    bound: Bound,
    config: Config,
    dt_ms: f64,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let mut problems = config.problems();
    let dt_ms = time_step_ms(request, &mut problems);
    if let Some(input) = request.input("events") {
        problems.extend(missing_columns("events", &input.schema, &EVENT_COLUMNS));
    }
    problems.extend(without_events(&config, request.input("events").is_some()));
    let (Some(dt_ms), true) = (dt_ms, problems.is_empty()) else {
        return Err(problems);
    };
    let mut outputs = vec![Output::new("features", schema(DEFINITIONS, &tables::columns(&config)))];
    for (name, is_set) in [
        ("psth", config.psth.is_some()),
        ("isi_histogram", config.isi_histogram.is_some()),
        ("autocorrelograms", config.autocorrelograms.is_some()),
        ("correlograms", config.correlograms.is_some()),
    ] {
        outputs.extend(is_set.then(|| Output::new(name, signals::schema())));
    }
    outputs.extend(config.spectra.map(|_| Output::new("spectra", spectra::schema())));
    outputs.extend(config.pairs.as_ref().map(|pairs| Output::new("pairs", of_pairs::schema(&config, pairs))));
    let mut bound = bound(REVISION, &config, &Config::default(), request, outputs)?;
    bound.reads = vec![
        Read::columns("spikes", SPIKE_COLUMNS.map(str::to_owned)),
        Read::columns("populations", POPULATION_COLUMNS.map(str::to_owned)),
    ];
    if request.input("events").is_some() {
        bound.reads.push(Read::columns("events", EVENT_COLUMNS.map(str::to_owned)));
    }
    bound.notes.extend(uneven_bins(&config, dt_ms));
    Ok(Box::new(SpikeTrainsStage { bound, config, dt_ms }))
}

/// A peri-event histogram has events from one place, and no others are read.
fn without_events(config: &Config, are_there: bool) -> Option<ConfigError> {
    let Some(psth) = &config.psth else {
        let message = "only `psth` is about events; set it (`psth: {}`) or leave the input out";
        return are_there.then(|| ConfigError::at("inputs.events", message));
    };
    match (are_there, psth.period) {
        (true, Some(_)) => Some(ConfigError::at("psth.period", "there is an input `events`; leave out one of the two")),
        (false, None) => Some(ConfigError::at("psth", "no events; connect the input `events` or set `period`")),
        (false, Some(_)) if psth.kind.is_some() || psth.value.is_some() => {
            Some(ConfigError::at("psth", "`kind` and `value` choose among the input `events`, which is not connected"))
        }
        _ => None,
    }
}

/// Bins between the steps of spikes hold more of them or less, which varies counts beside the spikes.
fn uneven_bins(config: &Config, dt_ms: f64) -> Vec<String> {
    let measures = config.measures();
    let mut bins: Vec<(String, Time)> = Vec::new();
    if measures.contains(&Measure::Fano) {
        bins.extend(config.fano_windows.iter().map(|window| ("fano_windows".to_owned(), *window)));
    }
    let of_pairs = config.pairs.as_ref().is_some_and(|pairs| pairs.measures.contains(&PairMeasure::CountCorrelation));
    if measures.contains(&Measure::CountCorrelation) || of_pairs {
        bins.push(("correlation_bin".to_owned(), config.correlation_bin));
    }
    for (field, bin) in [
        ("psth.bin", config.psth.as_ref().map(|of| of.bin)),
        ("isi_histogram.bin", config.isi_histogram.map(|of| of.bin)),
        ("autocorrelograms.bin", config.autocorrelograms.map(|of| of.bin)),
        ("correlograms.bin", config.correlograms.map(|of| of.bin)),
        ("spectra.bin", config.spectra.map(|of| of.bin)),
    ] {
        bins.extend(bin.map(|bin| (field.to_owned(), bin)));
    }
    let grid = TimeGrid::new(dt_ms);
    let uneven = bins.into_iter().filter(|(_, bin)| grid.is_ok_and(|grid| grid.steps(bin.value()).is_err()));
    let remark = |(field, bin): (String, Time)| {
        let step = write_number(dt_ms);
        format!(
            "`{field}` of {bin} is no whole number of steps of {step} ms: bins hold more of them or less, and numbers tell of that too"
        )
    };
    uneven.map(remark).collect()
}

impl Stage for SpikeTrainsStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, _| self.sample(context, batch, sample))
    }
}

impl SpikeTrainsStage {
    fn sample(&self, context: &Context<'_>, batch: &Batch, sample: usize) -> Result<SampleOutput, SampleError> {
        let input = |port| batch.table(sample, port).ok_or_else(|| SampleError::internal(format!("no input `{port}`")));
        let config = &self.config;
        let populations = read_populations(input("spikes")?, input("populations")?, self.dt_ms)?;
        let units = units(&populations, config.level)?;
        let features = &self.bound.outputs[0].schema;
        let rows = tables::features(config, &populations, &units, context)?;
        let mut none = Remark::new("some features are undefined");
        // A silent neuron is no news.
        let rows_to_tell = rows.iter().filter(|_| config.level == Level::Population);
        rows_to_tell.for_each(|row| undefined(&mut none, features, row));
        let mut notes: Vec<String> = none.note().into_iter().collect();
        let mut found = vec![table(features, &rows)?];
        if let Some(psth) = &config.psth {
            let events = match batch.table(sample, "events") {
                Some(events) => events::read(events).map_err(SampleError::input)?,
                None => Vec::new(),
            };
            let (table, told) = tables::psth(psth, &tables::onsets_ms(psth, &events), &units, context)?;
            found.push(table);
            notes.extend(told);
        }
        if let Some(of) = &config.isi_histogram {
            found.push(tables::isi_histogram(of, &units)?);
        }
        if let Some(of) = &config.autocorrelograms {
            found.push(tables::autocorrelograms(of, &units, context)?);
        }
        if let Some(of) = &config.correlograms {
            found.push(tables::correlograms(of, config.level, &units, context)?);
        }
        if let Some(of) = &config.spectra {
            found.push(tables::spectra(of, &units, context)?);
        }
        if let Some(of) = &config.pairs {
            let (table, told) = of_pairs::pairs(config, of, &populations, context)?;
            found.push(table);
            notes.extend(told);
        }
        Ok(SampleOutput { tables: found, notes })
    }
}
