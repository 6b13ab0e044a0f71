//! `features.spiking`: rate, regularity, variability and correlation of the spikes of each population
//! ([`lapicque_spiking::statistics`]). What too few spikes define is NaN.

use arrow_array::RecordBatch;
use lapicque_numerics::grid::TimeGrid;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, Read, SampleError, SampleOutput,
    Stage, each_sample,
};
use lapicque_schemas::tables::populations::{self, PopulationRow};
use lapicque_schemas::tables::{spikes, spiking_features};
use lapicque_spiking::statistics::{fano_factor, interval_cv, mean_count_correlation, rate_hz, rate_sd_hz};
use lapicque_spiking::{PopulationSummary, Recording};
use lapicque_units::{Time, write_number};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind_config::{SimpleKind, bound, read, schema_of};
use crate::spike_tables::{POPULATION_COLUMNS, SPIKE_COLUMNS, read_populations, spikes_by_population, time_step_ms};

const REVISION: u32 = 1;
const PORTS: &[PortSpec] = &[
    PortSpec::new("spikes", spikes::TABLE, PortMode::Either, true),
    PortSpec::new("populations", populations::TABLE, PortMode::Either, true),
];
/// A neuron costs memory whether it fires or not.
pub(super) const MOST_NEURONS: u32 = 1 << 26;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "features.spiking",
    summary: "Measure rate, regularity, variability and correlation of spikes",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// Interspike intervals that a neuron has at least to count for `isi_cv` (default 4, at least 2).
    fewest_intervals: u32,
    /// Bin of the Fano factor of population counts (default 1 ms); part of the column's name.
    #[schemars(with = "String")]
    bin: Time,
    /// Bin of the mean correlation of spike counts over pairs of neurons (default 5 ms); part of the column's name.
    #[schemars(with = "String")]
    correlation_bin: Time,
}

impl Default for Config {
    fn default() -> Self {
        Self { fewest_intervals: 4, bin: Time::new(1.0), correlation_bin: Time::new(5.0) }
    }
}

struct SpikingStage {
    bound: Bound,
    config: Config,
    dt_ms: f64,
    /// Names of the columns of the two binned statistics.
    fano: String,
    correlation: String,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let mut problems = Vec::new();
    if config.fewest_intervals < 2 {
        problems.push(ConfigError::at(
            "fewest_intervals",
            format!("{}; at least 2 intervals vary", config.fewest_intervals),
        ));
    }
    for (field, bin) in [("bin", config.bin), ("correlation_bin", config.correlation_bin)] {
        if !(bin.value() > 0.0 && bin.value().is_finite()) {
            problems.push(ConfigError::at(field, format!("{bin}: a bin is finite and above 0 ms")));
        }
    }
    let dt_ms = time_step_ms(request, &mut problems);
    let (Some(dt_ms), true) = (dt_ms, problems.is_empty()) else {
        return Err(problems);
    };
    let fano = format!("fano_{}ms", write_number(config.bin.value()));
    let correlation = format!("correlation_{}ms", write_number(config.correlation_bin.value()));
    let schema = spiking_features::schema(&statistics(&fano, &correlation));
    let mut bound = bound(REVISION, &config, &Config::default(), request, vec![Output::new("features", schema)])?;
    bound.reads = vec![
        Read::columns("spikes", SPIKE_COLUMNS.map(str::to_owned)),
        Read::columns("populations", POPULATION_COLUMNS.map(str::to_owned)),
    ];
    bound.notes.extend(uneven_bins(&[(&fano, config.bin), (&correlation, config.correlation_bin)], dt_ms));
    Ok(Box::new(SpikingStage { bound, config, dt_ms, fano, correlation }))
}

/// Bins between the steps of spikes hold more of them or less, which varies counts beside the spikes.
fn uneven_bins(bins: &[(&String, Time)], dt_ms: f64) -> Vec<String> {
    let grid = TimeGrid::new(dt_ms);
    let uneven = bins.iter().filter(|(_, bin)| grid.is_ok_and(|grid| grid.steps(bin.value()).is_err()));
    let remark = |(column, bin): &(&String, Time)| {
        let fewest = (bin.value() / dt_ms).floor();
        format!(
            "the bin of {bin} is no whole number of steps of {} ms: bins hold {fewest} or {} of them, and `{column}` tells of that too",
            write_number(dt_ms),
            fewest + 1.0
        )
    };
    uneven.map(remark).collect()
}

fn statistics<'a>(fano: &'a str, correlation: &'a str) -> [spiking_features::Statistic<'a>; 5] {
    [
        ("rate_hz", "Hz", "mean over neurons of spikes per second"),
        ("rate_sd_hz", "Hz", "standard deviation of the rate over neurons"),
        ("isi_cv", "1", "coefficient of variation of interspike intervals, mean over neurons"),
        (fano, "1", "variance over mean of the population's spike counts"),
        (correlation, "1", "mean over pairs of neurons of the correlation of spike counts"),
    ]
}

impl Stage for SpikingStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, _| {
            let table =
                |port| batch.table(sample, port).ok_or_else(|| SampleError::internal(format!("no input `{port}`")));
            let recording = self.recording(table("spikes")?, table("populations")?)?;
            let mut rows = Vec::with_capacity(recording.populations.len());
            for (i, population) in recording.populations.iter().enumerate() {
                if context.is_cancelled() {
                    return Err(SampleError::cancelled());
                }
                let values = vec![
                    rate_hz(&recording, i),
                    rate_sd_hz(&recording, i),
                    interval_cv(&recording, i, self.config.fewest_intervals as usize),
                    fano_factor(&recording, i, self.config.bin.value()),
                    mean_count_correlation(&recording, i, self.config.correlation_bin.value()),
                ];
                rows.push((population.name.clone(), values));
            }
            let statistics = statistics(&self.fano, &self.correlation);
            spiking_features::write(&statistics, &rows).map(SampleOutput::of).map_err(SampleError::internal)
        })
    }
}

impl SpikingStage {
    /// Spikes by population, in order of time, whatever the order of the table; all of them possible.
    fn recording(&self, spikes: &RecordBatch, populations: &RecordBatch) -> Result<Recording, SampleError> {
        let summaries = read_populations(populations, MOST_NEURONS)?;
        let of_population = spikes_by_population(spikes, &summaries)?;
        let mut recording = Recording {
            time_step_ms: self.dt_ms,
            populations: Vec::with_capacity(summaries.len()),
            population: Vec::with_capacity(spikes.num_rows()),
            neuron: Vec::with_capacity(spikes.num_rows()),
            step: Vec::with_capacity(spikes.num_rows()),
        };
        for (i, (row, mut own)) in summaries.iter().zip(of_population).enumerate() {
            own.sort_unstable_by_key(|(neuron, step)| (*step, *neuron));
            self.check(row, &own)?;
            let first = recording.step.len();
            recording.population.extend(own.iter().map(|_| i as u32));
            recording.step.extend(own.iter().map(|(_, step)| step));
            recording.neuron.extend(own.iter().map(|(neuron, _)| neuron));
            let neuron_seconds = f64::from(row.size) * (row.t_stop_ms - row.t_start_ms) * 1e-3;
            recording.populations.push(PopulationSummary {
                name: row.population.clone(),
                size: row.size,
                t_start_ms: row.t_start_ms,
                t_stop_ms: row.t_stop_ms,
                rate_hz: own.len() as f64 / neuron_seconds,
                spikes: first..recording.step.len(),
            });
        }
        Ok(recording)
    }

    fn check(&self, row: &PopulationRow, spikes: &[(u32, u32)]) -> Result<(), SampleError> {
        let wrong = |message: String| Err(SampleError::input(format!("population {}: {message}", row.population)));
        if !(row.t_start_ms.is_finite() && row.t_stop_ms.is_finite() && row.t_start_ms < row.t_stop_ms) {
            return wrong(format!(
                "it is recorded from {} to {} ms; the end must come after the start",
                row.t_start_ms, row.t_stop_ms
            ));
        }
        // Half a step of leeway: steps are whole, times may be rounded.
        let leeway = self.dt_ms / 2.0;
        let time = |step: u32| f64::from(step) * self.dt_ms;
        let outside = |step: u32| time(step) < row.t_start_ms - leeway || time(step) > row.t_stop_ms + leeway;
        match spikes.iter().find(|(_, step)| outside(*step)) {
            Some((_, step)) => wrong(format!(
                "a spike at {} ms lies outside of {} to {} ms",
                time(*step),
                row.t_start_ms,
                row.t_stop_ms
            )),
            None => Ok(()),
        }
    }
}
