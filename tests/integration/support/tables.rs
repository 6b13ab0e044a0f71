//! Columns as plain values.

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};

fn column(table: &RecordBatch, name: &str, data_type: &DataType) -> arrow::array::ArrayRef {
    let column = table.column_by_name(name).unwrap_or_else(|| panic!("no column {name} in {:?}", table.schema()));
    cast(column, data_type).unwrap()
}

pub(crate) fn texts(table: &RecordBatch, name: &str) -> Vec<String> {
    column(table, name, &DataType::Utf8).as_string::<i32>().iter().map(|v| v.unwrap_or_default().to_owned()).collect()
}

pub(crate) fn numbers(table: &RecordBatch, name: &str) -> Vec<i64> {
    column(table, name, &DataType::Int64).as_primitive::<Int64Type>().values().to_vec()
}

pub(crate) fn floats(table: &RecordBatch, name: &str) -> Vec<f64> {
    column(table, name, &DataType::Float64).as_primitive::<Float64Type>().values().to_vec()
}
