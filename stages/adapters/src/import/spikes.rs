//! `import.spikes`: spike trains that were recorded or simulated elsewhere, as steps of a grid of time ([`lapicque_recording::spikes`]).
//!
//! A file is a sample, or has those that its column `sample` names. What a sample's result depends on is what comes out: where a file lies, and what else is
//! in it, computes nothing anew. Files are read when a pipeline is checked.
//!
//! | output | rows |
//! |---|---|
//! | spikes | as those of `simulate.spiking`: population, number of the neuron, step |
//! | populations | size and recorded interval of each population |
//! | neurons | which unit of the file each neuron is, and how often it fired |

mod neurons;
mod trains;

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use indexmap::IndexMap;
use lapicque_pipeline::{BindRequest, ConfigError, Output, Stage};
use lapicque_recording::TimeUnit;
use lapicque_recording::spikes::{Grid, GridOptions, SameStep, Train, on_grid};
use lapicque_schemas::tables::populations::{self, PopulationRow};
use lapicque_schemas::tables::{TableError, spikes};
use lapicque_units::{Time, write_number};
use schemars::JsonSchema;
use serde::Deserialize;

use super::files::file_error;
use super::recording::names::names_of;
use super::recording::{TimeUnitName, listed};
use crate::kind_config::{SimpleKind, read, schema_of};
use crate::read_files::{ReadFiles, digest_of};
use trains::{Wanted, trains_of};

const REVISION: u32 = 1;
const FIELD: &str = "path";

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "import.spikes",
    summary: "Read spike trains from CSV, TSV, NPY, NWB, Parquet and Arrow files",
    ports: &[],
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The file, or several, as `sub-*/spikes.csv`: .csv, .tsv and .parquet with a row per spike (.parquet also with a list of times per unit), .npy with times, or times and numbers of units as 2 x n, and .nwb with a table of units. A column `sample` tells samples apart.
    path: String,
    /// The column of times (default: `time`, `spike_time`, `t`, ..., with or without its unit behind, as `time_ms`).
    #[serde(default)]
    time_column: Option<String>,
    /// The unit of times, where the name of their column does not end with it: `s`, `ms`, `us` or `ns`.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    time_unit: Option<TimeUnitName>,
    /// The column that says which unit fired (default: `neuron`, `unit`, `unit_id`, `id`, `cluster`, ...; all spikes are of one where there is none).
    #[serde(default)]
    neuron_column: Option<String>,
    /// The column of populations (default: `population`).
    #[serde(default)]
    population_column: Option<String>,
    /// The population of spikes of which the file names none.
    #[serde(default = "all")]
    population: String,
    /// Sizes of populations, with neurons that never fired, e.g. `{E: 80, I: 20}` (default: as many as the file names). Numbers of units below the size are those of the neurons.
    #[serde(default)]
    sizes: BTreeMap<String, u32>,
    /// Length of a time step, to which times are rounded.
    #[serde(default = "default_resolution")]
    #[schemars(with = "String")]
    resolution: Time,
    /// When the recorded interval begins; spikes before are left out (default: 0 s, before which none may be).
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    start: Option<Time>,
    /// How long was recorded; spikes after are left out (default: up to the last spike).
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    duration: Option<Time>,
    /// What becomes of two spikes of one neuron in one step: `refuse`, or `merge` into one.
    #[serde(default)]
    same_step: Same,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Same {
    #[default]
    Refuse,
    Merge,
}

fn all() -> String {
    "all".to_owned()
}

fn default_resolution() -> Time {
    Time::new(0.1)
}

/// The tables of a sample: spikes, populations, neurons.
type Tables = [RecordBatch; 3];

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let options = options(&config)?;
    let wanted = Wanted {
        time: config.time_column.as_deref(),
        unit_of_time: config.time_unit.map(TimeUnit::from),
        unit: config.neuron_column.as_deref(),
        of_population: config.population_column.as_deref(),
        population: &config.population,
    };
    let paths = request.matching(FIELD, &config.path).map_err(|error| vec![error])?;
    let names = names_of(&paths.iter().map(String::as_str).collect::<Vec<_>>());
    let (mut problems, mut notes) = (Vec::new(), Vec::new());
    let mut told: IndexMap<String, Vec<String>> = IndexMap::new();
    let mut samples: IndexMap<String, Tables> = IndexMap::new();
    for (path, name) in paths.iter().zip(names) {
        let trains = match request.open(FIELD, path).and_then(|file| Ok((trains_of(&file, &wanted)?, file))) {
            Ok(((trains, remarks), file)) => {
                notes.extend(remarks.into_iter().map(|note| format!("`{path}`: {note}")));
                trains.samples.into_iter().map(move |(label, trains)| (label, trains, file.clone()))
            }
            Err(error) => {
                problems.push(error);
                continue;
            }
        };
        for (label, trains, file) in trains {
            let label = if label.is_empty() { name.clone() } else { label };
            let fail = |message: String| file_error(FIELD, &file, format!("`{label}`: {message}"));
            match sample(&trains, &options, config.duration.is_none()) {
                Ok(_) if samples.contains_key(&label) => problems.push(fail("another file has this sample".to_owned())),
                Ok((tables, remarks)) => {
                    remarks.into_iter().for_each(|note| told.entry(note).or_default().push(label.clone()));
                    samples.insert(label, tables);
                }
                Err(message) => problems.push(fail(message)),
            }
        }
    }
    if problems.is_empty() && samples.is_empty() {
        problems.push(ConfigError::at(FIELD, format!("`{}` has no rows, so no samples", config.path)));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    notes.extend(told.iter().map(|(note, labels)| format!("{}: {note}", listed(labels))));
    let outputs = vec![
        Output::new("spikes", spikes::schema(options.resolution_ms)),
        Output::new("populations", populations::schema()),
        Output::new("neurons", neurons::schema()),
    ];
    let (mut labels, mut read) = (Vec::with_capacity(samples.len()), Vec::with_capacity(samples.len()));
    for (label, tables) in samples {
        let digest = digest_of("lapicque imported spikes 1", &tables);
        read.push((tables.to_vec(), digest.map_err(|error| vec![ConfigError::at(FIELD, error)])?));
        labels.push(label);
    }
    Ok(Box::new(ReadFiles::new(REVISION, outputs, Some(labels), read, notes)))
}

fn options(config: &Config) -> Result<GridOptions, Vec<ConfigError>> {
    let mut problems = Vec::new();
    let is_length = |time: Time| time.value() > 0.0 && time.value().is_finite();
    if !is_length(config.resolution) {
        problems
            .push(ConfigError::at("resolution", format!("{}: it must be finite and above 0 ms", config.resolution)));
    }
    if let Some(start) = config.start.filter(|start| !(start.value() >= 0.0 && start.value().is_finite())) {
        problems.push(ConfigError::at("start", format!("{start}: it must be finite and at least 0 ms")));
    }
    if let Some(duration) = config.duration.filter(|duration| !is_length(*duration)) {
        problems.push(ConfigError::at("duration", format!("{duration}: it must be finite and above 0 ms")));
    }
    if config.population.is_empty() {
        problems.push(ConfigError::at("population", "a population has a name"));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let start_ms = config.start.map(|start| start.value());
    Ok(GridOptions {
        resolution_ms: config.resolution.value(),
        start_ms,
        stop_ms: config.duration.map(|duration| start_ms.unwrap_or(0.0) + duration.value()),
        same_step: match config.same_step {
            Same::Refuse => SameStep::Refuse,
            Same::Merge => SameStep::Merge,
        },
        sizes: config.sizes.iter().map(|(name, size)| (name.clone(), *size)).collect(),
    })
}

/// The tables of a sample, and what is to be told of it.
fn sample(trains: &[Train], options: &GridOptions, is_open: bool) -> Result<(Tables, Vec<String>), String> {
    /// Of a step: more is no rounding of numbers alone.
    const SAME: f64 = 1e-6;
    let grid = on_grid(trains, options).map_err(|error| error.to_string())?;
    let mut notes = Vec::new();
    let dt_ms = write_number(options.resolution_ms);
    if grid.rounding_ms > SAME * options.resolution_ms {
        let most = format!("{:.2e}", grid.rounding_ms).parse().map_or_else(|_| String::new(), write_number);
        notes.push(format!("times are rounded to steps of {dt_ms} ms, by up to {most} ms"));
    }
    if grid.merged > 0 {
        notes.push(format!("{} spikes became one with another of their neuron in the same step", grid.merged));
    }
    if grid.outside > 0 {
        notes.push(format!("{} spikes lie outside of the recorded interval and are left out", grid.outside));
    }
    if is_open {
        let stop = write_number(grid.stop_ms);
        notes.push(format!(
            "the recorded interval is taken to end with the last spike, at {stop} ms (`duration` sets it)"
        ));
    }
    Ok((tables(grid, options.resolution_ms).map_err(|error| error.to_string())?, notes))
}

fn tables(grid: Grid, dt_ms: f64) -> Result<Tables, TableError> {
    let Grid { populations: of_grid, population, neuron, step, start_ms, stop_ms, .. } = grid;
    let names: Vec<&str> = of_grid.iter().map(|population| population.name.as_str()).collect();
    let neurons = neurons::write(&of_grid, &population, &neuron)?;
    let spikes = spikes::write(dt_ms, &names, population, neuron, step)?;
    let row = |population: &lapicque_recording::spikes::Population| PopulationRow {
        population: population.name.clone(),
        size: population.size,
        t_start_ms: start_ms,
        t_stop_ms: stop_ms,
        rate_hz: population.spikes as f64 / (f64::from(population.size) * (stop_ms - start_ms) * 1e-3),
    };
    let rows: Vec<PopulationRow> = of_grid.iter().map(row).collect();
    Ok([spikes, populations::write(&rows)?, neurons])
}
