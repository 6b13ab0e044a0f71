//! **spiking features**: statistics of spike trains per population, in the features' manner.
//!
//! | column | type | unit | meaning |
//! |---|---|---|---|
//! | population | Utf8 | | |
//! | one per statistic | Float64 | Hz or 1 | NaN where too few spikes define it |
//!
//! Key: sample, population.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use arrow_schema::DataType;

use super::TableError;
use crate::schema::{Column, TableSchema};

pub const TABLE: &str = "spiking_features";

/// Name, unit and meaning of a statistic.
pub type Statistic<'a> = (&'a str, &'a str, &'a str);

pub fn schema(statistics: &[Statistic<'_>]) -> TableSchema {
    let mut columns = vec![Column::new("population", DataType::Utf8, "name in the network file")];
    columns.extend(
        statistics.iter().map(|(name, unit, meaning)| Column::new(name, DataType::Float64, meaning).unit(unit)),
    );
    TableSchema::new(TABLE, &["population"], columns)
}

/// One row per population: its name and the statistics in the order of the schema.
pub fn write(statistics: &[Statistic<'_>], rows: &[(String, Vec<f64>)]) -> Result<RecordBatch, TableError> {
    let mut columns: Vec<ArrayRef> = vec![Arc::new(StringArray::from_iter_values(rows.iter().map(|(name, _)| name)))];
    for i in 0..statistics.len() {
        columns.push(Arc::new(Float64Array::from_iter_values(rows.iter().map(|(_, values)| values[i]))));
    }
    Ok(RecordBatch::try_new(schema(statistics).arrow, columns)?)
}
