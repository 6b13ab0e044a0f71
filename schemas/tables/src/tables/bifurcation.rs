//! **bifurcation**: what nodes do at values of a parameter.
//!
//! | column | type | unit | meaning |
//! |---|---|---|---|
//! | channel | Utf8 | | node |
//! | direction | Utf8 | | each: from the same first values; up, down: from where the value before ended |
//! | parameter | Utf8 | | which value of the model; empty where none is scanned |
//! | value | Float64 | that of the parameter | rising within a direction; NaN where none is scanned |
//! | minimum, maximum, mean | Float64 | that of the output | over the window |
//! | period_ms | Float64 | ms | NaN where it does not repeat |
//! | maxima | Int32 | | different heights of local maxima in the window |
//!
//! Key: sample, channel, direction, value.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray};
use arrow_schema::DataType;

use super::TableError;
use crate::schema::{Column, TableSchema};

pub const TABLE: &str = "bifurcation";

#[derive(Debug, Clone, PartialEq)]
pub struct BifurcationRow {
    pub channel: String,
    pub direction: &'static str,
    pub value: f64,
    pub minimum: f64,
    pub maximum: f64,
    pub mean: f64,
    pub period_ms: f64,
    pub maxima: i32,
}

/// Of a parameter and an output in these units; `1` and nothing are none.
pub fn schema(parameter_unit: &str, output_unit: &str) -> TableSchema {
    let text = |name, description| Column::new(name, DataType::Utf8, description);
    let number = |name, unit: &str, description| {
        let column = Column::new(name, DataType::Float64, description);
        if matches!(unit, "" | "1") { column } else { column.unit(unit) }
    };
    TableSchema::new(
        TABLE,
        &["channel", "direction", "value"],
        [
            text("channel", "node"),
            text("direction", "each: from the same first values; up, down: from where the value before ended"),
            text("parameter", "which value of the model; empty where none is scanned"),
            number("value", parameter_unit, "of the parameter; NaN where none is scanned"),
            number("minimum", output_unit, "least value in the window"),
            number("maximum", output_unit, "largest value in the window"),
            number("mean", output_unit, "over the window"),
            number("period_ms", "ms", "of what repeats in the window; NaN where nothing does"),
            Column::new("maxima", DataType::Int32, "different heights of local maxima in the window"),
        ],
    )
}

/// In the schema that the output was given.
pub fn write(schema: &TableSchema, parameter: &str, rows: &[BifurcationRow]) -> Result<RecordBatch, TableError> {
    let numbers =
        |of: fn(&BifurcationRow) -> f64| -> ArrayRef { Arc::new(Float64Array::from_iter_values(rows.iter().map(of))) };
    Ok(RecordBatch::try_new(
        schema.arrow.clone(),
        vec![
            Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.channel))),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.direction))),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|_| parameter))),
            numbers(|row| row.value),
            numbers(|row| row.minimum),
            numbers(|row| row.maximum),
            numbers(|row| row.mean),
            numbers(|row| row.period_ms),
            Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| row.maxima))),
        ],
    )?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::{float_column, text_column};
    use super::*;

    #[test]
    fn rows_have_the_units_of_parameter_and_output() {
        let row = |direction, value| BifurcationRow {
            channel: "a".to_owned(),
            direction,
            value,
            minimum: 0.0,
            maximum: 2.0 * value,
            mean: value,
            period_ms: f64::NAN,
            maxima: 1,
        };
        let schema = schema("mV/ms", "1");
        let table = write(&schema, "mue", &[row("up", 1.0), row("up", 2.0), row("down", 1.0)]).unwrap();
        assert_eq!(float_column(TABLE, &table, "maximum").unwrap()[..], [2.0, 4.0, 2.0]);
        assert_eq!(text_column(TABLE, &table, "direction").unwrap().value(2), "down");
        assert_eq!(text_column(TABLE, &table, "parameter").unwrap().value(1), "mue");
        assert_eq!(schema.unit_of("value"), Some("mV/ms"));
        assert_eq!((schema.unit_of("minimum"), schema.unit_of("period_ms")), (None, Some("ms")));
    }
}
