//! What a search keeps from round to round: named lists of numbers, as a table.

use std::sync::Arc;

use arrow_array::builder::{Float64Builder, ListBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow_schema::DataType;
use lapicque_pipeline::SampleError;
use lapicque_schemas::TableSchema;
use lapicque_schemas::schema::{Column, list_of};

pub(super) fn schema() -> TableSchema {
    TableSchema::new(
        "table",
        &["part"],
        [
            Column::new("part", DataType::Utf8, "what the numbers are"),
            Column::new("values", list_of(DataType::Float64), "numbers"),
        ],
    )
}

pub(super) fn encoded(parts: &[(&str, &[f64])]) -> Result<RecordBatch, SampleError> {
    let names = StringArray::from(parts.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    let DataType::List(item) = list_of(DataType::Float64) else {
        return Err(SampleError::internal("`values` is no list"));
    };
    let mut values = ListBuilder::new(Float64Builder::new()).with_field(item);
    for (_, numbers) in parts {
        values.values().append_slice(numbers);
        values.append(true);
    }
    let columns: Vec<ArrayRef> = vec![Arc::new(names), Arc::new(values.finish())];
    RecordBatch::try_new(schema().arrow, columns).map_err(SampleError::internal)
}

/// The numbers of this name.
pub(super) fn part(table: &RecordBatch, name: &str) -> Result<Vec<f64>, SampleError> {
    let names = table.column_by_name("part").and_then(|c| c.as_string_opt::<i32>()).ok_or_else(broken)?;
    let values = table.column_by_name("values").and_then(|c| c.as_list_opt::<i32>()).ok_or_else(broken)?;
    let row = (0..names.len()).find(|&row| names.value(row) == name).ok_or_else(broken)?;
    let numbers = values.value(row);
    Ok(numbers.as_primitive_opt::<Float64Type>().ok_or_else(broken)?.values().to_vec())
}

pub(super) fn broken() -> SampleError {
    SampleError::internal("the state of the round before is not that of this search")
}
