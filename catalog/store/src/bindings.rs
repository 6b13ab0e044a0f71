//! Bindings: which action answers for which sample, stored once for all runs that agree on it.
//!
//! Labels lie in files of their own, as the stages of a sweep share them. Labels that are digests, as those that are made
//! from the rows of a sweep, are stored as such.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::FixedSizeBinaryBuilder;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use lapicque_pipeline::keys::labels_digest;
use lapicque_pipeline::{Binding, StoreError};
use lapicque_schemas::{Digest, Labels};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::files::{damaged, io_error, write_new};
use crate::manifest::{View, digest};
use crate::segments::parquet_bytes;

const SAMPLES: &str = "samples";
const POSITIONS: &str = "positions";

fn keys_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("key", DataType::FixedSizeBinary(16), true)]))
}

pub(crate) fn write(path: &Path, labels: &Path, binding: &Binding) -> Result<(), StoreError> {
    let samples = write_labels(labels, &binding.samples)?;
    let positions = write_labels(labels, &binding.positions)?;
    let mut key = FixedSizeBinaryBuilder::with_capacity(binding.keys.len(), 16);
    for found in &binding.keys {
        match found {
            Some(digest) => key.append_value(digest.0).map_err(|error| damaged(path, error))?,
            None => key.append_null(),
        }
    }
    let table = RecordBatch::try_new(keys_schema(), vec![Arc::new(key.finish())]).map_err(|e| damaged(path, e))?;
    let metadata = [(SAMPLES, samples.to_string()), (POSITIONS, positions.to_string())];
    write_new(path, &parquet_bytes(&table, &metadata).map_err(|error| damaged(path, error))?)
}

pub(crate) fn read(path: &Path, labels: &Path) -> Result<Binding, StoreError> {
    let builder = open(path)?;
    let metadata = builder.metadata().file_metadata().key_value_metadata().cloned().unwrap_or_default();
    let named = |name: &str| {
        let value = metadata.iter().find(|pair| pair.key == name).and_then(|pair| pair.value.as_deref());
        value.and_then(|text| text.parse::<Digest>().ok()).ok_or_else(|| damaged(path, format!("it has no {name}")))
    };
    let samples = read_labels(labels, named(SAMPLES)?)?;
    let positions = read_labels(labels, named(POSITIONS)?)?;
    let mut keys = Vec::new();
    for table in tables(path, builder, &keys_schema())? {
        let table = table?;
        let column = View::of(path, &table).digests("key")?;
        keys.extend((0..column.len()).map(|row| column.is_valid(row).then(|| digest(column, row))));
    }
    Ok(Binding { samples, keys, positions })
}

fn file_name(digest: Digest) -> String {
    format!("{digest}.parquet")
}

fn write_labels(folder: &Path, labels: &Labels) -> Result<Digest, StoreError> {
    let digest = labels_digest(labels);
    let path = folder.join(file_name(digest));
    if labels.is_empty() || path.exists() {
        return Ok(digest);
    }
    let of_digests = labels.iter().map(|label| label.parse::<Digest>().ok().filter(|d| d.to_string() == *label));
    let column: ArrayRef = match of_digests.collect::<Option<Vec<_>>>() {
        Some(digests) => {
            let mut column = FixedSizeBinaryBuilder::with_capacity(digests.len(), 16);
            digests.iter().try_for_each(|digest| column.append_value(digest.0)).map_err(|e| damaged(&path, e))?;
            Arc::new(column.finish())
        }
        None => Arc::new(StringArray::from_iter_values(labels.iter())),
    };
    let table = RecordBatch::try_from_iter([("label", column)]).map_err(|error| damaged(&path, error))?;
    write_new(&path, &parquet_bytes(&table, &[]).map_err(|error| damaged(&path, error))?)?;
    Ok(digest)
}

fn read_labels(folder: &Path, digest: Digest) -> Result<Labels, StoreError> {
    if digest == labels_digest(&Labels::default()) {
        return Ok(Labels::default());
    }
    let path = folder.join(file_name(digest));
    let builder = open(&path)?;
    let as_text = builder.schema().fields().first().is_some_and(|field| field.data_type() == &DataType::Utf8);
    let data_type = if as_text { DataType::Utf8 } else { DataType::FixedSizeBinary(16) };
    let schema = Arc::new(Schema::new(vec![Field::new("label", data_type, false)]));
    let tables: Vec<RecordBatch> = tables(&path, builder, &schema)?.collect::<Result<_, _>>()?;
    let labels: Labels = if as_text {
        tables.iter().flat_map(|table| table.column(0).as_string::<i32>()).map(Option::unwrap_or_default).collect()
    } else {
        let columns = tables.iter().map(|table| table.column(0).as_fixed_size_binary());
        columns.flat_map(|column| (0..column.len()).map(|row| self::digest(column, row))).collect()
    };
    match labels_digest(&labels) == digest {
        true => Ok(labels),
        false => Err(damaged(&path, "its labels are not those that were written")),
    }
}

fn open(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>, StoreError> {
    let file = File::open(path).map_err(io_error(path))?;
    ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| damaged(path, error))
}

fn tables<'a>(
    path: &'a Path,
    builder: ParquetRecordBatchReaderBuilder<File>,
    schema: &SchemaRef,
) -> Result<impl Iterator<Item = Result<RecordBatch, StoreError>> + use<'a>, StoreError> {
    if builder.schema().fields() != schema.fields() {
        return Err(damaged(path, "its columns are not those that were written"));
    }
    let reader = builder.with_batch_size(1 << 16).build().map_err(|error| damaged(path, error))?;
    Ok(reader.map(move |table| table.map_err(|error| damaged(path, error))))
}
