//! **spikes**: who fired when, as whole time steps, which are exact and small.
//!
//! | column | type | unit | meaning |
//! |---|---|---|---|
//! | population | Dictionary(UInt16, Utf8) | | |
//! | neuron | UInt32 | | number within the population |
//! | step | UInt32 | | time steps since the start of the simulation; metadata `dt_ms` |
//!
//! Rows are in order of population, step, neuron. A population without spikes has no rows: the populations table says that it was there.

use std::sync::Arc;

use arrow_array::types::UInt16Type;
use arrow_array::{DictionaryArray, RecordBatch, StringArray, UInt16Array, UInt32Array};
use arrow_schema::DataType;

use super::columns::narrow_column;
use super::{TableError, text_column};
use crate::schema::{Column, TableSchema};

pub const TABLE: &str = "spikes";

pub fn schema(dt_ms: f64) -> TableSchema {
    let population = DataType::Dictionary(Box::new(DataType::UInt16), Box::new(DataType::Utf8));
    TableSchema::new(
        TABLE,
        &[],
        [
            Column::new("population", population, "population of the neuron"),
            Column::new("neuron", DataType::UInt32, "number within the population"),
            Column::new("step", DataType::UInt32, "time steps since the start of the simulation")
                .metadata("dt_ms", &dt_ms.to_string()),
        ],
    )
}

/// The time step that the steps of a spikes table count.
pub fn dt_ms(schema: &TableSchema) -> Option<f64> {
    schema.column("step")?.metadata().get("dt_ms")?.parse().ok()
}

/// Spikes of the named populations; `population` indexes `names`.
pub fn write(
    dt_ms: f64,
    names: &[&str],
    population: Vec<u16>,
    neuron: Vec<u32>,
    step: Vec<u32>,
) -> Result<RecordBatch, TableError> {
    let names = StringArray::from_iter_values(names);
    let population = DictionaryArray::<UInt16Type>::try_new(UInt16Array::from(population), Arc::new(names))?;
    let columns: Vec<arrow_array::ArrayRef> =
        vec![Arc::new(population), Arc::new(UInt32Array::from(neuron)), Arc::new(UInt32Array::from(step))];
    Ok(RecordBatch::try_new(schema(dt_ms).arrow, columns)?)
}

/// `(neuron, step)` of the spikes of one population, in the order of the table.
pub fn of_population(batch: &RecordBatch, population: &str) -> Result<(Vec<u32>, Vec<u32>), TableError> {
    let names = text_column(TABLE, batch, "population")?;
    let neuron: Vec<u32> = narrow_column(TABLE, batch, "neuron")?;
    let step: Vec<u32> = narrow_column(TABLE, batch, "step")?;
    let mut spikes = (Vec::new(), Vec::new());
    for row in (0..batch.num_rows()).filter(|&row| names.value(row) == population) {
        spikes.0.push(neuron[row]);
        spikes.1.push(step[row]);
    }
    Ok(spikes)
}

/// The steps of the spikes of each population that has some, in the order of the table.
pub fn steps_by_population(batch: &RecordBatch) -> Result<Vec<(String, Vec<u32>)>, TableError> {
    let names = text_column(TABLE, batch, "population")?;
    let step: Vec<u32> = narrow_column(TABLE, batch, "step")?;
    let mut populations: Vec<(String, Vec<u32>)> = Vec::new();
    // Rows of a population stand together.
    let mut current = 0;
    for (row, &step) in step.iter().enumerate() {
        let name = names.value(row);
        if populations.get(current).is_none_or(|(known, _)| known != name) {
            current = populations.iter().position(|(known, _)| known == name).unwrap_or(populations.len());
            if current == populations.len() {
                populations.push((name.to_owned(), Vec::new()));
            }
        }
        populations[current].1.push(step);
    }
    Ok(populations)
}
