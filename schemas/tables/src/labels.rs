//! Labels of samples in tables: attached on reading, so that a new label changes no table that was computed.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};

use crate::{Labels, TableSchema};

/// The column of labels.
const SAMPLE: &str = "sample";

/// The `sample` column as people see it.
pub fn sample_field() -> Field {
    Field::new(SAMPLE, DataType::Utf8, false)
}

/// A schema with a `sample` column before the others.
pub fn with_sample_field(schema: &SchemaRef) -> SchemaRef {
    let fields: Vec<Field> =
        std::iter::once(sample_field()).chain(schema.fields().iter().map(|f| f.as_ref().clone())).collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

/// A table with a `sample` column before the others: labels or positions, one per row.
pub fn with_sample(table: &RecordBatch, sample: ArrayRef) -> Result<RecordBatch, ArrowError> {
    let field = match sample.data_type() {
        DataType::Utf8 => sample_field(),
        other => Field::new(SAMPLE, other.clone(), false),
    };
    let schema = table.schema();
    let fields: Vec<Field> = std::iter::once(field).chain(schema.fields().iter().map(|f| f.as_ref().clone())).collect();
    let columns = std::iter::once(sample).chain(table.columns().iter().cloned()).collect();
    RecordBatch::try_new(Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone())), columns)
}

/// Replaces the positions in a table's `sample` column by the labels they mean; a table without positions stays as it is.
pub fn label_positions(table: &RecordBatch, labels: &Labels) -> Result<RecordBatch, ArrowError> {
    let Some(positions) = table.column_by_name(SAMPLE).and_then(|c| c.as_primitive_opt::<UInt32Type>()) else {
        return Ok(table.clone());
    };
    let label = |&position: &u32| {
        let unknown = || ArrowError::InvalidArgumentError(format!("there is no sample at position {position}"));
        labels.get(position as usize).ok_or_else(unknown)
    };
    let text: ArrayRef =
        Arc::new(StringArray::from(positions.values().iter().map(label).collect::<Result<Vec<_>, _>>()?));
    let schema = labelled(&table.schema());
    let columns = schema.fields().iter().zip(table.columns());
    let columns = columns.map(|(f, c)| if f.name() == SAMPLE { text.clone() } else { c.clone() }).collect();
    RecordBatch::try_new(schema, columns)
}

impl TableSchema {
    /// The schema with labels of samples where positions are stored.
    pub fn labelled(&self) -> Self {
        if !self.references_samples() {
            return self.clone();
        }
        Self { arrow: labelled(&self.arrow), ..self.clone() }
    }
}

fn labelled(schema: &SchemaRef) -> SchemaRef {
    let field = |f: &Arc<Field>| if f.name() == SAMPLE { sample_field() } else { f.as_ref().clone() };
    let fields: Vec<Field> = schema.fields().iter().map(field).collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}
