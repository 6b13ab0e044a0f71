//! Which unit of a file each neuron is.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{Int64Array, RecordBatch, StringArray, UInt32Array};
use arrow_schema::DataType;
use lapicque_recording::spikes::Population;
use lapicque_schemas::TableSchema;
use lapicque_schemas::schema::Column;
use lapicque_schemas::tables::{FREE, TableError};

pub(super) fn schema() -> TableSchema {
    TableSchema::new(
        FREE,
        &["population", "neuron"],
        [
            Column::new("population", DataType::Utf8, "population of the neuron"),
            Column::new("neuron", DataType::UInt32, "number within the population"),
            Column::new("unit_name", DataType::Utf8, "what the file calls it"),
            Column::new("spikes", DataType::Int64, "how often it fired"),
        ],
    )
}

/// `population` and `neuron` are of each spike.
pub(super) fn write(populations: &[Population], population: &[u16], neuron: &[u32]) -> Result<RecordBatch, TableError> {
    let mut spikes: HashMap<(u16, u32), i64> = HashMap::new();
    for of_spike in population.iter().zip(neuron) {
        *spikes.entry((*of_spike.0, *of_spike.1)).or_default() += 1;
    }
    let (mut names, mut numbers, mut units, mut counts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (place, population) in populations.iter().enumerate() {
        for (number, unit) in &population.neurons {
            names.push(population.name.as_str());
            numbers.push(*number);
            units.push(unit.as_str());
            counts.push(spikes.get(&(place as u16, *number)).copied().unwrap_or(0));
        }
    }
    Ok(RecordBatch::try_new(
        schema().arrow,
        vec![
            Arc::new(StringArray::from(names)),
            Arc::new(UInt32Array::from(numbers)),
            Arc::new(StringArray::from(units)),
            Arc::new(Int64Array::from(counts)),
        ],
    )?)
}
