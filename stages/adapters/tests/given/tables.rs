//! Tables of samples with labels, and what stands in tables that come out.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};

/// Samples `s0`, `s1`, ... with columns of numbers: name, unit (none if empty), values.
pub(crate) fn labelled(columns: &[(&str, &str, Vec<f64>)]) -> RecordBatch {
    let rows = columns[0].2.len();
    let mut fields = vec![Field::new("sample", DataType::Utf8, false)];
    let mut arrays: Vec<ArrayRef> = vec![Arc::new(StringArray::from_iter_values((0..rows).map(|i| format!("s{i}"))))];
    for (name, unit, values) in columns {
        let unit = (!unit.is_empty()).then(|| ("unit".to_owned(), (*unit).to_owned()));
        fields.push(Field::new(*name, DataType::Float64, false).with_metadata(unit.into_iter().collect()));
        arrays.push(Arc::new(Float64Array::from(values.clone())));
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

pub(crate) fn floats(table: &RecordBatch, column: &str) -> Vec<f64> {
    table.column_by_name(column).unwrap().as_primitive::<Float64Type>().values().to_vec()
}

pub(crate) fn texts(table: &RecordBatch, column: &str) -> Vec<String> {
    table.column_by_name(column).unwrap().as_string::<i32>().iter().map(|t| t.unwrap().to_owned()).collect()
}
