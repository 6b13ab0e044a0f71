//! A digest of a table that small differences of arithmetic do not change.
//!
//! Numbers are rounded to nine digits of the largest of their column: transforms and transcendental functions differ
//! in the last bits from one machine to another.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, ListArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use lapicque_schemas::{Digest, content_digest};
use serde_json::Value;

const DIGITS: i32 = 9;

pub(super) fn rounded_digest(table: &RecordBatch) -> Digest {
    let columns: Vec<ArrayRef> = table.columns().iter().map(rounded_column).collect();
    let schema = table.schema();
    let fields: Vec<_> = schema
        .fields()
        .iter()
        .zip(&columns)
        .map(|(f, c)| f.as_ref().clone().with_data_type(c.data_type().clone()))
        .collect();
    let schema = Arc::new(arrow::datatypes::Schema::new_with_metadata(fields, schema.metadata().clone()));
    let table = RecordBatch::try_new(schema.clone(), columns).unwrap();
    content_digest(&schema, &[table]).unwrap()
}

fn rounded_column(column: &ArrayRef) -> ArrayRef {
    match column.data_type() {
        DataType::Float64 | DataType::Float32 => Arc::new(rounded(&floats(column))),
        DataType::List(field) if field.data_type().is_floating() => {
            let list = column.as_list::<i32>();
            let values = Arc::new(rounded(&floats(list.values())));
            let field = Arc::new(field.as_ref().clone().with_data_type(DataType::Float64));
            Arc::new(ListArray::new(field, list.offsets().clone(), values, list.nulls().cloned()))
        }
        DataType::Utf8 => {
            Arc::new(StringArray::from_iter(column.as_string::<i32>().iter().map(|text| text.map(rounded_text))))
        }
        _ => column.clone(),
    }
}

fn floats(column: &ArrayRef) -> Float64Array {
    cast(column, &DataType::Float64).unwrap().as_primitive::<Float64Type>().clone()
}

fn rounded(values: &Float64Array) -> Float64Array {
    let largest = values.iter().flatten().filter(|v| v.is_finite()).map(f64::abs).fold(0.0, f64::max);
    values.iter().map(|v| v.map(|v| round(v, largest))).collect()
}

fn round(value: f64, largest: f64) -> f64 {
    if largest == 0.0 || !value.is_finite() {
        return value;
    }
    let quantum = 10_f64.powi(largest.log10().floor() as i32 + 1 - DIGITS);
    (value / quantum).round() * quantum + 0.0
}

/// Documents of models are text.
fn rounded_text(text: &str) -> String {
    match serde_json::from_str::<Value>(text) {
        Ok(document @ Value::Object(_)) => rounded_json(document).to_string(),
        _ => text.to_owned(),
    }
}

fn rounded_json(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(map.into_iter().map(|(key, value)| (key, rounded_json(value))).collect()),
        Value::Array(items) => Value::Array(items.into_iter().map(rounded_json).collect()),
        Value::Number(number) if number.is_f64() => number.as_f64().map_or(Value::Null, |v| round(v, v.abs()).into()),
        other => other,
    }
}

#[test]
fn only_the_last_digits_are_forgiven() {
    let table = |values: [f64; 3]| {
        RecordBatch::try_from_iter([("x", Arc::new(Float64Array::from_iter_values(values)) as ArrayRef)]).unwrap()
    };
    let digest = |values| rounded_digest(&table(values));
    assert_eq!(digest([1.5, -2.0, 0.0]), digest([1.5 + 1e-13, -2.0, 1e-12]));
    assert_ne!(digest([1.5, -2.0, 0.0]), digest([1.5 + 1e-7, -2.0, 0.0]));
    assert_ne!(digest([1.5, -2.0, 0.0]), digest([1.5, -2.0, f64::NAN]));
    assert_eq!(rounded_text(r#"{"a":[0.1,2]}"#), rounded_text(r#"{"a":[0.10000000000001,2]}"#));
    assert_ne!(rounded_text(r#"{"a":0.1}"#), rounded_text(r#"{"a":0.100001}"#));
}
