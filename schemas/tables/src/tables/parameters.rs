//! **parameters**: one row per sample, one column per swept parameter.
//!
//! | column | type | unit | meaning |
//! |---|---|---|---|
//! | one per parameter | Float64, Int64, UInt64 (`seed`) or Utf8 | metadata `unit` | without a unit: in the canonical unit of what it sets |
//!
//! Key: sample.

use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;

use super::{TableError, float_column};
use crate::schema::TableSchema;

pub const TABLE: &str = "parameters";
/// The column that tells replicates apart.
pub const SEED: &str = "seed";

/// Names of the columns that hold numbers.
pub fn numeric_names(schema: &TableSchema) -> Vec<String> {
    let numeric = schema.arrow.fields().iter().filter(|f| f.data_type().is_numeric());
    numeric.map(|f| f.name().clone()).filter(|name| name != SEED).collect()
}

/// The value of a numeric column in the only row of one sample's parameters.
pub fn value(batch: &RecordBatch, name: &str) -> Result<Option<f64>, TableError> {
    Ok(float_column(TABLE, batch, name)?.first().copied())
}

/// The seed of one sample, where there is such a column.
pub fn seed(batch: &RecordBatch) -> Option<u64> {
    let column = batch.column_by_name(SEED)?;
    match column.data_type() {
        DataType::UInt64 if !column.is_empty() => Some(column.as_primitive::<UInt64Type>().value(0)),
        _ => None,
    }
}
