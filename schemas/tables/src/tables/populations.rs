//! **populations**: size and recorded interval of each population; says what a silent population cannot.
//!
//! | column | type | unit | meaning |
//! |---|---|---|---|
//! | population | Utf8 | | |
//! | size | UInt32 | | number of neurons |
//! | t_start_ms, t_stop_ms | Float64 | ms | recorded interval (start, stop] |
//! | rate_hz | Float64 | Hz | spikes per neuron and second in the interval |
//!
//! Key: sample, population.

use std::sync::Arc;

use arrow_array::{Float64Array, RecordBatch, StringArray, UInt32Array};
use arrow_schema::DataType;

use super::columns::narrow_column;
use super::{TableError, float_column, text_column};
use crate::schema::{Column, TableSchema};

pub const TABLE: &str = "populations";

#[derive(Debug, Clone, PartialEq)]
pub struct PopulationRow {
    pub population: String,
    pub size: u32,
    pub t_start_ms: f64,
    pub t_stop_ms: f64,
    pub rate_hz: f64,
}

pub fn schema() -> TableSchema {
    TableSchema::new(
        TABLE,
        &["population"],
        [
            Column::new("population", DataType::Utf8, "name in the network file"),
            Column::new("size", DataType::UInt32, "number of neurons"),
            Column::new("t_start_ms", DataType::Float64, "start of the recorded interval").unit("ms"),
            Column::new("t_stop_ms", DataType::Float64, "end of the recorded interval").unit("ms"),
            Column::new("rate_hz", DataType::Float64, "spikes per neuron and second").unit("Hz"),
        ],
    )
}

pub fn read(batch: &RecordBatch) -> Result<Vec<PopulationRow>, TableError> {
    let population = text_column(TABLE, batch, "population")?;
    let size: Vec<u32> = narrow_column(TABLE, batch, "size")?;
    let t_start = float_column(TABLE, batch, "t_start_ms")?;
    let t_stop = float_column(TABLE, batch, "t_stop_ms")?;
    let rate = float_column(TABLE, batch, "rate_hz")?;
    Ok((0..batch.num_rows())
        .map(|row| PopulationRow {
            population: population.value(row).to_owned(),
            size: size[row],
            t_start_ms: t_start[row],
            t_stop_ms: t_stop[row],
            rate_hz: rate[row],
        })
        .collect())
}

/// The recorded interval of a population.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedInterval {
    pub population: String,
    pub t_start_ms: f64,
    pub t_stop_ms: f64,
}

/// Name and recorded interval of each population, without the other columns.
pub fn intervals(batch: &RecordBatch) -> Result<Vec<RecordedInterval>, TableError> {
    let population = text_column(TABLE, batch, "population")?;
    let t_start = float_column(TABLE, batch, "t_start_ms")?;
    let t_stop = float_column(TABLE, batch, "t_stop_ms")?;
    let row = |row: usize| RecordedInterval {
        population: population.value(row).to_owned(),
        t_start_ms: t_start[row],
        t_stop_ms: t_stop[row],
    };
    Ok((0..batch.num_rows()).map(row).collect())
}

pub fn write(rows: &[PopulationRow]) -> Result<RecordBatch, TableError> {
    Ok(RecordBatch::try_new(
        schema().arrow,
        vec![
            Arc::new(StringArray::from_iter_values(rows.iter().map(|r| &r.population))),
            Arc::new(UInt32Array::from_iter_values(rows.iter().map(|r| r.size))),
            Arc::new(Float64Array::from_iter_values(rows.iter().map(|r| r.t_start_ms))),
            Arc::new(Float64Array::from_iter_values(rows.iter().map(|r| r.t_stop_ms))),
            Arc::new(Float64Array::from_iter_values(rows.iter().map(|r| r.rate_hz))),
        ],
    )?)
}
