//! **pairs**: numbers that relate two signals, such as a coherence or a correlation.
//!
//! | column | type | meaning |
//! |---|---|---|
//! | channel, other | Utf8 | the two signals; where a measure has a direction, from `channel` to `other` |
//! | epoch | Int32 | of both signals |
//! | one per measure | Float64 | NaN where undefined |
//!
//! Key: sample, channel, other, epoch.

use arrow_schema::DataType;

use crate::schema::{Column, TableSchema};

pub const TABLE: &str = "pairs";
const KEY: [&str; 3] = ["channel", "other", "epoch"];

/// With measures by name and description.
pub fn schema<'a>(measures: impl IntoIterator<Item = (&'a str, &'a str)>) -> TableSchema {
    let mut columns = vec![
        Column::new("channel", DataType::Utf8, "one signal"),
        Column::new("other", DataType::Utf8, "the other signal"),
        Column::new("epoch", DataType::Int32, "epoch of both signals"),
    ];
    columns.extend(measures.into_iter().map(|(name, description)| Column::new(name, DataType::Float64, description)));
    TableSchema::new(TABLE, &KEY, columns)
}

/// The names of the columns that are measures.
pub fn measures(schema: &TableSchema) -> Vec<String> {
    let numbers = schema.arrow.fields().iter().filter(|field| field.data_type().is_floating());
    numbers.map(|field| field.name().clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_are_the_columns_beside_the_key() {
        let schema = schema([("coherence", "at 10 Hz"), ("lag_ms", "of the largest correlation")]);
        assert_eq!(measures(&schema), ["coherence", "lag_ms"]);
        assert_eq!(schema.key, KEY);
    }
}
