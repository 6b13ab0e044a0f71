//! What features of single signals have in common: their table, work on several threads, and remarks on what is undefined.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray};
use arrow_schema::DataType;
use lapicque_pipeline::{Context, SampleError};
use lapicque_schemas::tables::features;
use lapicque_schemas::{Column, TableSchema};
use rayon::prelude::*;

use crate::signal::missing::Remark;
use crate::signal::name_of;

/// A column in the making.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Feature {
    pub(super) name: String,
    /// Where it does not depend on the signal.
    pub(super) unit: Option<&'static str>,
    pub(super) description: String,
}

impl Feature {
    pub(super) fn new(name: impl Into<String>, unit: Option<&'static str>, description: impl Into<String>) -> Self {
        Self { name: name.into(), unit, description: description.into() }
    }
}

/// The table `features` with these.
pub(super) fn schema(definitions: &str, of: &[Feature]) -> TableSchema {
    let column = |feature: &Feature| {
        let column = Column::new(&feature.name, DataType::Float64, &feature.description);
        feature.unit.map_or(column.clone(), |unit| column.unit(unit))
    };
    let keys = [
        Column::new("channel", DataType::Utf8, "channel of the signal"),
        Column::new("epoch", DataType::Int32, "epoch of the signal"),
    ];
    TableSchema::new(features::TABLE, &["channel", "epoch"], keys.into_iter().chain(of.iter().map(column)))
        .with_metadata(features::DEFINITIONS, definitions)
}

/// One row per signal, its numbers in the order of the columns.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) channel: String,
    pub(super) epoch: i32,
    pub(super) values: Vec<f64>,
}

pub(super) fn table(schema: &TableSchema, rows: &[Row]) -> Result<RecordBatch, SampleError> {
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.channel))),
        Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| row.epoch))),
    ];
    for number in 0..schema.arrow.fields().len() - columns.len() {
        columns.push(Arc::new(Float64Array::from_iter_values(rows.iter().map(|row| row.values[number]))));
    }
    RecordBatch::try_new(schema.arrow.clone(), columns).map_err(SampleError::internal)
}

/// A function of each signal, on as many threads as there are; the first error in their order, if any.
pub(super) fn each<S: Sync, R: Send>(
    context: &Context<'_>,
    signals: &[S],
    one: impl Fn(&S) -> Result<R, SampleError> + Sync,
) -> Result<Vec<R>, SampleError> {
    let unless_cancelled = |signal: &S| match context.is_cancelled() {
        true => Err(SampleError::cancelled()),
        false => one(signal),
    };
    if context.threads < 2 {
        return signals.iter().map(unless_cancelled).collect();
    }
    let results: Vec<_> = signals.par_iter().map(unless_cancelled).collect();
    results.into_iter().collect()
}

/// A remark on rows in which some numbers are undefined, with their names; rows of which all are missing are left to others.
pub(super) fn undefined(remark: &mut Remark, schema: &TableSchema, row: &Row) {
    let names = schema.column_names().skip(2).zip(&row.values).filter(|(_, value)| value.is_nan());
    let names: Vec<&str> = names.map(|(name, _)| name).collect();
    if !names.is_empty() {
        remark.of_name(&name_of(&row.channel, row.epoch), &names.join(", "));
    }
}
