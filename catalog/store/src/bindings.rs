//! Bindings: which action answers for which sample, stored once for all runs that agree on it.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{FixedSizeBinaryBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use lapicque_pipeline::{Binding, StoreError};
use lapicque_schemas::Digest;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::files::{damaged, io_error};
use crate::segments::{properties, write_parquet};

/// Rows by ordinal; `position` is the label that a position of a table-grain output means, and may have more rows than `sample`.
fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("sample", DataType::Utf8, true),
        Field::new("key", DataType::FixedSizeBinary(16), true),
        Field::new("position", DataType::Utf8, true),
    ]))
}

pub(crate) fn write(path: &Path, binding: &Binding) -> Result<(), StoreError> {
    let rows = binding.keys.len().max(binding.positions.len());
    let (mut sample, mut position) = (StringBuilder::new(), StringBuilder::new());
    let mut key = FixedSizeBinaryBuilder::new(16);
    for row in 0..rows {
        sample.append_option(binding.samples.get(row).or((row < binding.keys.len()).then_some(&String::new())));
        match binding.keys.get(row).copied().flatten() {
            Some(digest) => key.append_value(digest.0).map_err(|error| damaged(path, error))?,
            None => key.append_null(),
        }
        position.append_option(binding.positions.get(row));
    }
    let columns: Vec<arrow_array::ArrayRef> =
        vec![Arc::new(sample.finish()), Arc::new(key.finish()), Arc::new(position.finish())];
    let table = RecordBatch::try_new(schema(), columns).map_err(|error| damaged(path, error))?;
    write_parquet(path, &table, properties(&schema(), 1 << 20)).map(|_| ())
}

pub(crate) fn read(path: &Path) -> Result<Binding, StoreError> {
    let file = File::open(path).map_err(io_error(path))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).and_then(|b| b.with_batch_size(1 << 16).build());
    let mut binding = Binding::default();
    let mut single = false;
    for table in reader.map_err(|error| damaged(path, error))? {
        let table = table.map_err(|error| damaged(path, error))?;
        if table.schema().fields() != schema().fields() {
            return Err(damaged(path, "its columns are not those of a binding"));
        }
        let (sample, key, position) = (
            table.column(0).as_string::<i32>(),
            table.column(1).as_fixed_size_binary(),
            table.column(2).as_string::<i32>(),
        );
        for row in 0..table.num_rows() {
            if sample.is_valid(row) {
                single |= sample.value(row).is_empty();
                binding.samples.push(sample.value(row).to_owned());
                let digest = key.is_valid(row).then(|| <[u8; 16]>::try_from(key.value(row)).map(Digest));
                binding.keys.push(digest.transpose().map_err(|error| damaged(path, error))?);
            }
            if position.is_valid(row) {
                binding.positions.push(position.value(row).to_owned());
            }
        }
    }
    // A stage that runs once has one action and no sample.
    if single {
        binding.samples.clear();
    }
    Ok(binding)
}
