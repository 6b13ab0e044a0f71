//! Whole tables, put together from the rows of many samples.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use arrow_array::{ArrayRef, RecordBatch, StringArray, UInt32Array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use lapicque_schemas::{Digest, DigestBuilder, TableSchema, content_digest};

use crate::memory::project;
use crate::store::{Store, StoreError};
use crate::task::WholeLabels;

/// How many results of each whole read are held against their digests.
const SPOTS: u64 = 3;

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
    spot_check(store, output, schema, &keys, wanted.as_deref(), (&joined, &counts))?;
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

/// Holds the rows of a few results of a whole read against the digests that they were stored under.
fn spot_check(
    store: &dyn Store,
    output: usize,
    schema: &TableSchema,
    keys: &[Digest],
    columns: Option<&[String]>,
    (joined, counts): (&RecordBatch, &[u64]),
) -> Result<(), StoreError> {
    let digest = |table: &RecordBatch| {
        content_digest(&table.schema(), std::slice::from_ref(table))
            .map_err(|error| StoreError::Unsupported { message: error.to_string() })
    };
    if counts.len() != keys.len() || counts.iter().sum::<u64>() != joined.num_rows() as u64 {
        return Err(keys.first().map_or(StoreError::Unsupported { message: "rows of nothing".to_owned() }, |&key| {
            StoreError::WrongRows { key }
        }));
    }
    for spot in spots(keys) {
        let key = keys[spot];
        let first: u64 = counts[..spot].iter().sum();
        let rows = joined.slice(first as usize, counts[spot] as usize);
        let found = store.find(&[key])?.pop().flatten().ok_or(StoreError::NotStored { key })?;
        let due = match found.digest_of(output, schema, columns) {
            Some(due) => due,
            // Wide tables carry no digests of columns: their rows are read again by themselves, and whole.
            None => {
                let all = store.read(output, schema, &[key], None)?.pop().ok_or(StoreError::NotStored { key })?;
                if found.content(output) != Some(digest(&all)?) {
                    return Err(StoreError::WrongRows { key });
                }
                digest(&project(&all, columns)?)?
            }
        };
        if due != digest(&rows)? {
            return Err(StoreError::WrongRows { key });
        }
    }
    Ok(())
}

/// Which results of a whole read are checked: the same for the same read, others for another.
fn spots(keys: &[Digest]) -> Vec<usize> {
    let (Some(first), Some(middle), Some(last)) = (keys.first(), keys.get(keys.len() / 2), keys.last()) else {
        return Vec::new();
    };
    let mut spots: Vec<usize> = (0..SPOTS)
        .map(|spot| {
            let mut chance = DigestBuilder::new("lapicque spot 1");
            chance.digest(*first).digest(*middle).digest(*last).number(keys.len() as u64).number(spot);
            let [a, b, c, d, ..] = chance.finish().0;
            u32::from_be_bytes([a, b, c, d]) as usize % keys.len()
        })
        .collect();
    spots.sort_unstable();
    spots.dedup();
    spots
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
