//! Inputs `spikes` and `populations`, as all kinds read them that look at trains of spikes.

use std::collections::{BTreeMap, BTreeSet};

use arrow_array::RecordBatch;
use lapicque_pipeline::{BindRequest, ConfigError, SampleError};
use lapicque_schemas::tables::populations::{self, PopulationRow};
use lapicque_schemas::tables::{float_column, int_column, spikes, text_column};

use crate::kind_config::missing_columns;

pub(crate) const SPIKE_COLUMNS: [&str; 3] = ["population", "neuron", "step"];
pub(crate) const POPULATION_COLUMNS: [&str; 4] = ["population", "size", "t_start_ms", "t_stop_ms"];

/// The time step of the input `spikes` in ms. What it and the input `populations` lack is told.
pub(crate) fn time_step_ms(request: &BindRequest<'_>, problems: &mut Vec<ConfigError>) -> Option<f64> {
    let dt_ms = request.input("spikes").and_then(|input| {
        problems.extend(missing_columns("spikes", &input.schema, &SPIKE_COLUMNS));
        let dt_ms = spikes::dt_ms(&input.schema).filter(|dt| *dt > 0.0 && dt.is_finite());
        if dt_ms.is_none() {
            let message = "the column `step` has no metadata `dt_ms`: the time step is not known";
            problems.push(ConfigError::at("inputs.spikes", message));
        }
        dt_ms
    });
    if let Some(input) = request.input("populations") {
        problems.extend(missing_columns("populations", &input.schema, &POPULATION_COLUMNS));
    }
    dt_ms
}

/// Populations, each once and of `most_neurons` at most; their rates are not read.
pub(crate) fn read_populations(table: &RecordBatch, most_neurons: u32) -> Result<Vec<PopulationRow>, SampleError> {
    let name = text_column(populations::TABLE, table, "population").map_err(SampleError::input)?;
    let size = int_column(populations::TABLE, table, "size").map_err(SampleError::input)?;
    let start = float_column(populations::TABLE, table, "t_start_ms").map_err(SampleError::input)?;
    let stop = float_column(populations::TABLE, table, "t_stop_ms").map_err(SampleError::input)?;
    let (mut rows, mut known) = (Vec::with_capacity(table.num_rows()), BTreeSet::new());
    for row in 0..table.num_rows() {
        let population = name.value(row);
        if !known.insert(population) {
            return Err(SampleError::input(format!("the populations table has `{population}` twice")));
        }
        let size = u32::try_from(size[row]).ok().filter(|size| *size <= most_neurons).ok_or_else(|| {
            let found = size[row];
            SampleError::input(format!(
                "population {population}: size {found}; 0 to {most_neurons} neurons are allowed"
            ))
        })?;
        let (population, t_start_ms, t_stop_ms) = (population.to_owned(), start[row], stop[row]);
        rows.push(PopulationRow { population, size, t_start_ms, t_stop_ms, rate_hz: f64::NAN });
    }
    Ok(rows)
}

/// Gives each spike to `take`, in the order of the table: the place of its population, the neuron and the step as they stand there.
pub(crate) fn each_spike(
    table: &RecordBatch,
    populations: &[PopulationRow],
    mut take: impl FnMut(usize, i64, i64) -> Result<(), SampleError>,
) -> Result<(), SampleError> {
    let places: BTreeMap<&str, usize> =
        populations.iter().enumerate().map(|(place, row)| (row.population.as_str(), place)).collect();
    let population = text_column(spikes::TABLE, table, "population").map_err(SampleError::input)?;
    let neuron = int_column(spikes::TABLE, table, "neuron").map_err(SampleError::input)?;
    let step = int_column(spikes::TABLE, table, "step").map_err(SampleError::input)?;
    for row in 0..table.num_rows() {
        let name = population.value(row);
        let Some(&place) = places.get(name) else {
            return Err(SampleError::input(format!("the populations table has no `{name}`, but it has spikes")));
        };
        take(place, neuron[row], step[row])?;
    }
    Ok(())
}

/// Neuron and step of the spikes of each population, in the order of the table. No neuron is beyond its population.
pub(crate) fn spikes_by_population(
    table: &RecordBatch,
    populations: &[PopulationRow],
) -> Result<Vec<Vec<(u32, u32)>>, SampleError> {
    let mut found = vec![Vec::new(); populations.len()];
    each_spike(table, populations, |place, neuron, step| {
        let (Ok(number), Ok(at)) = (u32::try_from(neuron), u32::try_from(step)) else {
            let most = u32::MAX;
            return Err(SampleError::input(format!("neuron {neuron}, step {step}: both are from 0 to {most}")));
        };
        let PopulationRow { population, size, .. } = &populations[place];
        if number >= *size {
            let last = i64::from(*size) - 1;
            return Err(SampleError::input(format!(
                "population {population}: neuron {number} fires, but neurons are numbered from 0 to {last}"
            )));
        }
        found[place].push((number, at));
        Ok(())
    })?;
    Ok(found)
}
