//! Whole tables, put together from the rows of many samples.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use arrow_array::{ArrayRef, RecordBatch, StringArray, UInt32Array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use lapicque_schemas::{Digest, TableSchema};

use crate::store::{Store, StoreError};
use crate::task::WholeLabels;

/// The schema of what a stage sees of a table.
pub fn stage_view(schema: &TableSchema, columns: Option<&[String]>) -> SchemaRef {
    match columns {
        None => schema.arrow.clone(),
        Some(columns) => {
            let fields: Vec<_> = columns.iter().filter_map(|c| schema.column(c).cloned()).collect();
            Arc::new(Schema::new_with_metadata(fields, schema.arrow.metadata().clone()))
        }
    }
}

/// Reads and joins the rows of many actions, with their `sample` column.
pub(crate) fn read_whole(
    store: &dyn Store,
    output: usize,
    schema: &TableSchema,
    keys: &[Option<Digest>],
    labels: &WholeLabels,
    columns: Option<&[String]>,
) -> Result<RecordBatch, StoreError> {
    let present: Vec<(usize, Digest)> = keys.iter().enumerate().filter_map(|(i, key)| Some((i, (*key)?))).collect();
    let wanted: Option<Vec<String>> =
        columns.map(|c| c.iter().filter(|c| schema.column(c).is_some()).cloned().collect());
    let keys: Vec<Digest> = present.iter().map(|(_, key)| *key).collect();
    let (joined, counts) = store.read_joined(output, schema, &keys, wanted.as_deref())?;
    let of_table = |((position, _), rows): (&(usize, Digest), &u64)| std::iter::repeat_n(*position, *rows as usize);
    // Arrow asks for iterators of known length.
    let rows: Vec<usize> = present.iter().zip(&counts).flat_map(of_table).collect();
    match labels {
        WholeLabels::None => Ok(joined),
        WholeLabels::Positions => {
            with_sample(&joined, Arc::new(UInt32Array::from_iter_values(rows.iter().map(|&p| p as u32))))
        }
        WholeLabels::Text(labels) => {
            with_sample(&joined, Arc::new(StringArray::from_iter_values(rows.iter().map(|&p| labels[p].as_str()))))
        }
        WholeLabels::Stored(labels) => label_positions(&joined, labels),
    }
}

/// Replaces the positions in a table's `sample` column by the labels they mean.
pub fn label_positions(table: &RecordBatch, labels: &[String]) -> Result<RecordBatch, StoreError> {
    let Some(positions) = table.column_by_name("sample").and_then(|c| c.as_primitive_opt::<UInt32Type>().cloned())
    else {
        return Ok(table.clone());
    };
    let text = positions.values().iter().map(|&p| labels.get(p as usize).map_or("", String::as_str));
    let text: ArrayRef = Arc::new(StringArray::from_iter_values(text));
    let schema = table.schema();
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|f| if f.name() == "sample" { sample_field() } else { f.as_ref().clone() })
        .collect();
    let columns = schema
        .fields()
        .iter()
        .zip(table.columns())
        .map(|(f, c)| if f.name() == "sample" { text.clone() } else { c.clone() });
    let schema = Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()));
    RecordBatch::try_new(schema, columns.collect()).map_err(unsupported)
}

/// A table with a `sample` column before the others.
pub fn with_sample(table: &RecordBatch, sample: ArrayRef) -> Result<RecordBatch, StoreError> {
    let field = match sample.data_type() {
        DataType::Utf8 => sample_field(),
        other => Field::new("sample", other.clone(), false),
    };
    let schema = table.schema();
    let fields: Vec<Field> = std::iter::once(field).chain(schema.fields().iter().map(|f| f.as_ref().clone())).collect();
    let columns = std::iter::once(sample).chain(table.columns().iter().cloned()).collect();
    let schema = Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()));
    RecordBatch::try_new(schema, columns).map_err(unsupported)
}

/// The `sample` column as people see it.
pub fn sample_field() -> Field {
    Field::new("sample", DataType::Utf8, false)
}

fn unsupported(error: arrow_schema::ArrowError) -> StoreError {
    StoreError::Unsupported { message: error.to_string() }
}
