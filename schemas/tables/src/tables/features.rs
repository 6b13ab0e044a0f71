//! **features**: numbers that summarise a signal.
//!
//! | column | type | meaning |
//! |---|---|---|
//! | channel, epoch | Utf8, Int32 | of the signal |
//! | one per feature | Float64 | NaN where undefined |
//!
//! Key: sample, channel, epoch. The metadata `definitions` of the table names the version of the definitions.

use arrow_array::RecordBatch;
use arrow_schema::DataType;

use super::columns::narrow_column;
use super::{TableError, float_column, text_column};
use crate::schema::{Column, TableSchema};

pub const TABLE: &str = "features";
/// Metadata key of the table: which definitions of the features these are.
pub const DEFINITIONS: &str = "definitions";
/// Metadata key of a column of text in a table of features that was read from a file: the first cell that is no number, and its row.
pub const FIRST_TEXT: &str = "first_text";

/// Metadata key of a column that has no value under the settings of its stage: it is no feature.
pub const WITHOUT_VALUES: &str = "without_values";

pub fn schema<'a>(definitions: &str, features: impl IntoIterator<Item = (&'a str, &'a str)>) -> TableSchema {
    let mut columns = vec![
        Column::new("channel", DataType::Utf8, "channel of the signal"),
        Column::new("epoch", DataType::Int32, "epoch of the signal"),
    ];
    columns.extend(features.into_iter().map(|(name, description)| Column::new(name, DataType::Float64, description)));
    TableSchema::new(TABLE, &["channel", "epoch"], columns).with_metadata(DEFINITIONS, definitions)
}

/// The names of the columns that are features: all numbers that are no key and have values.
pub fn names(schema: &TableSchema) -> Vec<String> {
    let numbers =
        schema.arrow.fields().iter().filter(|f| matches!(f.data_type(), DataType::Float64 | DataType::Float32));
    let numbers = numbers.filter(|f| !f.metadata().contains_key(WITHOUT_VALUES));
    numbers.map(|f| f.name().clone()).filter(|n| n != "sample").collect()
}

/// Channel and epoch of each row; tables without these columns have one row per sample.
pub fn keys(batch: &RecordBatch) -> Result<Vec<(String, i32)>, TableError> {
    let rows = batch.num_rows();
    let channel: Vec<String> = match batch.column_by_name("channel") {
        Some(_) => {
            let channel = text_column(TABLE, batch, "channel")?;
            (0..rows).map(|row| channel.value(row).to_owned()).collect()
        }
        None => vec!["0".to_owned(); rows],
    };
    let epoch = match batch.column_by_name("epoch") {
        Some(_) => narrow_column(TABLE, batch, "epoch")?,
        None => vec![0; rows],
    };
    Ok(channel.into_iter().zip(epoch).collect())
}

/// The named features, row by row.
pub fn matrix(batch: &RecordBatch, names: &[String]) -> Result<Vec<f64>, TableError> {
    let columns = names.iter().map(|name| float_column(TABLE, batch, name)).collect::<Result<Vec<_>, _>>()?;
    Ok((0..batch.num_rows()).flat_map(|row| columns.iter().map(move |c| c[row])).collect())
}
