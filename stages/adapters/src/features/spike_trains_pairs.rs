//! The output `pairs` of `features.spike_trains`: of each pair of neurons, or the means of those of populations.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray};
use lapicque_pipeline::{Context, SampleError};
use lapicque_pointprocess::trains::counts::count_correlation;
use lapicque_pointprocess::trains::distances::{
    isi_distance, spike_distance, spike_synchronization, van_rossum_distance, victor_purpura_distance,
};
use lapicque_pointprocess::trains::tiling::spike_time_tiling;
use lapicque_pointprocess::trains::{Train, TrainError, mean_of_defined};
use lapicque_schemas::TableSchema;
use lapicque_schemas::tables::pairs;
use lapicque_units::write_number;

use super::by_signal::each;
use super::spike_trains_config::{Config, Level, PairMeasure, Pairs};
use super::spike_trains_recording::{Population, label};

/// The table, with a column per measure.
pub(super) fn schema(config: &Config, of: &Pairs) -> TableSchema {
    let columns: Vec<(String, &str)> = of.measures.iter().map(|measure| described(*measure, config)).collect();
    pairs::schema(columns.iter().map(|(name, what)| (name.as_str(), *what)))
}

fn described(measure: PairMeasure, config: &Config) -> (String, &'static str) {
    let (name, what) = match measure {
        PairMeasure::IsiDistance => ("isi_distance", "how different intervals are, 0 to 1 (Kreuz 2007)"),
        PairMeasure::SpikeDistance => ("spike_distance", "how far spikes are from each other, 0 to 1 (Kreuz 2013)"),
        PairMeasure::SpikeSynchronization => {
            ("spike_synchronization", "proportion of spikes with a partner, 0 to 1 (Kreuz 2015)")
        }
        PairMeasure::VanRossum => ("van_rossum", "distance of trains smoothed by an exponential (van Rossum 2001)"),
        PairMeasure::VictorPurpura => ("victor_purpura", "least cost of making one train from the other (1996)"),
        PairMeasure::SpikeTimeTiling => ("spike_time_tiling", "spike time tiling coefficient, -1 to 1 (Cutts 2014)"),
        PairMeasure::CountCorrelation => {
            let name = format!("correlation_{}ms", write_number(config.correlation_bin.value()));
            return (name, "correlation of spike counts");
        }
    };
    (name.to_owned(), what)
}

/// A neuron that takes part.
struct Neuron<'a> {
    population: usize,
    number: u32,
    train: &'a Train,
}

/// The rows, and what is to be told.
pub(super) fn pairs(
    config: &Config,
    of: &Pairs,
    populations: &[Population],
    context: &Context<'_>,
) -> Result<(RecordBatch, Vec<String>), SampleError> {
    let mut neurons = Vec::new();
    for (population, Population { neurons: numbers, trains, .. }) in populations.iter().enumerate() {
        let enough = |(_, train): &(&u32, &Train)| train.spikes_ms().len() >= config.fewest_spikes as usize;
        let taking_part = numbers.iter().zip(trains).filter(enough);
        neurons.extend(taking_part.map(|(number, train)| Neuron { population, number: *number, train }));
    }
    let all: u64 = populations.iter().map(|population| u64::from(population.size)).sum();
    let left_out = all - neurons.len() as u64;
    let notes = (left_out > 0).then(|| {
        format!("neurons with fewer spikes than `fewest_spikes` ({}) are in no pair: {left_out}", config.fewest_spikes)
    });
    check(of, &neurons)?;
    let first_of_pairs: Vec<usize> = (0..neurons.len()).collect();
    // Row by row of the upper triangle: the numbers of a neuron with all behind it, one measure after the other.
    let rows = each(context, &first_of_pairs, |&i| {
        let behind = &neurons[i + 1..];
        let mut values = Vec::with_capacity(behind.len());
        for other in behind {
            if context.is_cancelled() {
                return Err(SampleError::cancelled());
            }
            let one = |measure: &PairMeasure| measured(*measure, config, of, neurons[i].train, other.train);
            let found: Result<Vec<f64>, TrainError> = of.measures.iter().map(one).collect();
            values.push(found.map_err(|error| SampleError::input(format!("`pairs`: {error}")))?);
        }
        Ok(values)
    })?;
    let (mut from, mut to, mut columns) = (Vec::new(), Vec::new(), vec![Vec::new(); of.measures.len()]);
    match config.level {
        Level::Neuron => {
            let name = |neuron: &Neuron<'_>| label(&populations[neuron.population], neuron.number);
            for (i, of_neuron) in rows.iter().enumerate() {
                for (other, values) in neurons[i + 1..].iter().zip(of_neuron) {
                    from.push(name(&neurons[i]));
                    to.push(name(other));
                    columns.iter_mut().zip(values).for_each(|(column, value)| column.push(*value));
                }
            }
        }
        Level::Population => {
            let mut cells: Vec<Vec<&Vec<f64>>> = vec![Vec::new(); populations.len() * populations.len()];
            for (i, of_neuron) in rows.iter().enumerate() {
                for (other, values) in neurons[i + 1..].iter().zip(of_neuron) {
                    cells[neurons[i].population * populations.len() + other.population].push(values);
                }
            }
            for (i, j) in (0..populations.len()).flat_map(|i| (i..populations.len()).map(move |j| (i, j))) {
                from.push(populations[i].name.clone());
                to.push(populations[j].name.clone());
                let cell = &cells[i * populations.len() + j];
                for (number, column) in columns.iter_mut().enumerate() {
                    column.push(mean_of_defined(cell.iter().map(|values| values[number])));
                }
            }
        }
    }
    let mut arrays: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(from)),
        Arc::new(StringArray::from(to)),
        Arc::new(Int32Array::from(vec![0; columns[0].len()])),
    ];
    arrays.extend(columns.into_iter().map(|column| Arc::new(Float64Array::from(column)) as ArrayRef));
    let table = RecordBatch::try_new(schema(config, of).arrow, arrays).map_err(SampleError::internal)?;
    Ok((table, notes.into_iter().collect()))
}

/// Refuses more pairs than are allowed, with what they would cost.
fn check(of: &Pairs, neurons: &[Neuron<'_>]) -> Result<(), SampleError> {
    let n = neurons.len() as f64;
    let pairs = n * (n - 1.0) / 2.0;
    if pairs <= f64::from(of.most) {
        return Ok(());
    }
    // Each train is gone through with each other.
    let spikes: f64 = neurons.iter().map(|neuron| neuron.train.spikes_ms().len() as f64).sum();
    // About 30 ns a spike; victor_purpura goes through the spikes of one for each of the other, at 6 ns.
    let linear = of.measures.iter().filter(|measure| **measure != PairMeasure::VictorPurpura).count() as f64;
    let mut seconds = spikes * (n - 1.0) * linear * 3e-8;
    if of.measures.contains(&PairMeasure::VictorPurpura) {
        seconds += spikes * spikes / 2.0 * 6e-9;
    }
    Err(SampleError::input(format!(
        "{n} neurons make {pairs} pairs, which would take some {seconds:.0e} s; `pairs.most` is {}: raise it, or raise `fewest_spikes`",
        of.most
    )))
}

fn measured(measure: PairMeasure, config: &Config, of: &Pairs, a: &Train, b: &Train) -> Result<f64, TrainError> {
    match measure {
        PairMeasure::IsiDistance => isi_distance(a, b),
        PairMeasure::SpikeDistance => spike_distance(a, b),
        PairMeasure::SpikeSynchronization => {
            spike_synchronization(a, b, of.coincidence_window.map(|window| window.value()))
        }
        PairMeasure::VanRossum => van_rossum_distance(a, b, of.van_rossum_tau.value()),
        PairMeasure::VictorPurpura => victor_purpura_distance(a, b, of.victor_purpura_cost.value() * 1e-3),
        PairMeasure::SpikeTimeTiling => spike_time_tiling(a, b, of.tiling_window.value()),
        PairMeasure::CountCorrelation => count_correlation(a, b, config.correlation_bin.value()),
    }
}
