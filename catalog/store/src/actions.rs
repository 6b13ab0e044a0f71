//! Manifests of batches, and the index over them: action key -> what is known of the action.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, FixedSizeBinaryBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, UInt64Type};
use arrow_array::{Array, ArrayRef, BooleanArray, Float64Array, RecordBatch, UInt64Array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use lapicque_pipeline::{Action, NewBatch, OutputEntry, SampleError, StoreError};
use lapicque_schemas::Digest;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::files::{damaged, io_error, list};
use crate::segments::{Place, properties, write_parquet};

/// An action and where its rows are.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) key: Digest,
    pub(crate) action: Action,
    batch: Arc<str>,
    first_rows: Vec<u64>,
}

#[derive(Default)]
pub(crate) struct Index(HashMap<Digest, Stored>);

impl Stored {
    pub(crate) fn place(&self, output: usize) -> Option<Place> {
        let entry = self.action.outcome.as_ref().ok()?.get(output).filter(|entry| entry.kept)?;
        Some(Place { batch: self.batch.to_string(), first_row: self.first_rows[output], rows: entry.rows })
    }
}

impl Index {
    pub(crate) fn load(folder: &Path) -> Result<Self, StoreError> {
        let mut index = Self::default();
        for path in list(folder, "parquet")? {
            index.extend(read(&path)?);
        }
        Ok(index)
    }

    pub(crate) fn get(&self, key: Digest) -> Option<&Stored> {
        self.0.get(&key)
    }

    pub(crate) fn extend(&mut self, stored: impl IntoIterator<Item = Stored>) {
        for new in stored {
            if self.0.get(&new.key).is_none_or(|known| new.action.replaces(&known.action)) {
                self.0.insert(new.key, new);
            }
        }
    }
}

/// The actions of a batch, with the rows that they have in its segments.
pub(crate) fn stored(batch_name: &str, batch: &NewBatch<'_>) -> Vec<Stored> {
    let name: Arc<str> = batch_name.into();
    let mut next_rows = vec![0; batch.outputs.len()];
    let mut all = Vec::with_capacity(batch.actions.len());
    for new in &batch.actions {
        all.push(Stored {
            key: new.key,
            action: new.action.clone(),
            batch: name.clone(),
            first_rows: next_rows.clone(),
        });
        for (next, table) in next_rows.iter_mut().zip(&new.tables) {
            *next += table.num_rows() as u64;
        }
    }
    all
}

/// One row per action and output; a failed action has one row.
fn schema() -> SchemaRef {
    let digest = || DataType::FixedSizeBinary(16);
    Arc::new(Schema::new(vec![
        Field::new("key", digest(), false),
        Field::new("common", digest(), false),
        Field::new("inputs", DataType::Binary, false),
        Field::new("seconds", DataType::Float64, false),
        Field::new("notes", DataType::Utf8, true),
        Field::new("failure", DataType::Utf8, true),
        Field::new("output", DataType::UInt64, false),
        Field::new("first_row", DataType::UInt64, false),
        Field::new("rows", DataType::UInt64, false),
        Field::new("content", digest(), true),
        Field::new("columns", DataType::Binary, true),
        Field::new("kept", DataType::Boolean, false),
    ]))
}

pub(crate) fn write(path: &Path, stored: &[Stored]) -> Result<u64, StoreError> {
    let broken = |error: arrow_schema::ArrowError| damaged(path, error);
    let json = |error: serde_json::Error| damaged(path, error);
    let digests = || FixedSizeBinaryBuilder::new(16);
    let (mut key, mut common, mut content) = (digests(), digests(), digests());
    let (mut inputs, mut columns) = (BinaryBuilder::new(), BinaryBuilder::new());
    let (mut notes, mut failure) = (StringBuilder::new(), StringBuilder::new());
    let (mut seconds, mut output, mut first_row, mut rows, mut kept) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for stored in stored {
        let outputs: Vec<Option<&OutputEntry>> = match &stored.action.outcome {
            Ok(outputs) => outputs.iter().map(Some).collect(),
            Err(_) => vec![None],
        };
        for (number, entry) in outputs.into_iter().enumerate() {
            key.append_value(stored.key.0).map_err(broken)?;
            common.append_value(stored.action.common.0).map_err(broken)?;
            inputs.append_value(concat(&stored.action.inputs));
            seconds.push(stored.action.seconds);
            let text =
                (!stored.action.notes.is_empty()).then(|| serde_json::to_string(&stored.action.notes)).transpose();
            notes.append_option(text.map_err(json)?);
            let error = stored.action.outcome.as_ref().err().map(serde_json::to_string).transpose();
            failure.append_option(error.map_err(json)?);
            output.push(number as u64);
            first_row.push(stored.first_rows.get(number).copied().unwrap_or(0));
            rows.push(entry.map_or(0, |e| e.rows));
            match entry {
                Some(entry) => content.append_value(entry.content.0).map_err(broken)?,
                None => content.append_null(),
            }
            columns.append_option(entry.and_then(|e| e.columns.as_deref()).map(concat));
            kept.push(entry.is_some_and(|e| e.kept));
        }
    }
    let arrays: Vec<ArrayRef> = vec![
        Arc::new(key.finish()),
        Arc::new(common.finish()),
        Arc::new(inputs.finish()),
        Arc::new(Float64Array::from(seconds)),
        Arc::new(notes.finish()),
        Arc::new(failure.finish()),
        Arc::new(UInt64Array::from(output)),
        Arc::new(UInt64Array::from(first_row)),
        Arc::new(UInt64Array::from(rows)),
        Arc::new(content.finish()),
        Arc::new(columns.finish()),
        Arc::new(BooleanArray::from(kept)),
    ];
    let table = RecordBatch::try_new(schema(), arrays).map_err(broken)?;
    write_parquet(path, &table, properties(&schema(), 1 << 20))
}

fn concat(digests: &[Digest]) -> Vec<u8> {
    digests.iter().flat_map(|d| d.0).collect()
}

fn read(path: &Path) -> Result<Vec<Stored>, StoreError> {
    let broken = |error: parquet::errors::ParquetError| damaged(path, error);
    let file = File::open(path).map_err(io_error(path))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .map_err(broken)?
        .with_batch_size(1 << 16)
        .build()
        .map_err(broken)?;
    let batch: Arc<str> = path.file_stem().and_then(|s| s.to_str()).unwrap_or_default().into();
    let mut all: Vec<Stored> = Vec::new();
    for table in reader {
        let table = table.map_err(|error| damaged(path, error))?;
        if table.schema().fields() != schema().fields() {
            return Err(damaged(path, "its columns are not those of a manifest"));
        }
        for row in 0..table.num_rows() {
            let key = digest(&table, 0, row);
            let entry = (!table.column(9).is_null(row)).then(|| OutputEntry {
                rows: table.column(8).as_primitive::<UInt64Type>().value(row),
                content: digest(&table, 9, row),
                columns: (!table.column(10).is_null(row))
                    .then(|| digests(table.column(10).as_binary::<i32>().value(row))),
                kept: table.column(11).as_boolean().value(row),
            });
            let first_row = table.column(7).as_primitive::<UInt64Type>().value(row);
            let number = table.column(6).as_primitive::<UInt64Type>().value(row);
            if number > 0
                && let Some(last) = all.last_mut().filter(|last| last.key == key)
            {
                last.first_rows.push(first_row);
                if let (Ok(outputs), Some(entry)) = (&mut last.action.outcome, entry) {
                    outputs.push(entry);
                }
                continue;
            }
            let text = |column: usize| {
                let column = table.column(column).as_string::<i32>();
                column.is_valid(row).then(|| column.value(row))
            };
            let json = |error: serde_json::Error| damaged(path, error);
            let notes = text(4).map(serde_json::from_str).transpose().map_err(json)?.unwrap_or_default();
            let failure: Option<SampleError> = text(5).map(serde_json::from_str).transpose().map_err(json)?;
            all.push(Stored {
                key,
                action: Action {
                    outcome: match failure {
                        Some(error) => Err(error),
                        None => Ok(entry.into_iter().collect()),
                    },
                    common: digest(&table, 1, row),
                    inputs: digests(table.column(2).as_binary::<i32>().value(row)),
                    notes,
                    seconds: table.column(3).as_primitive::<Float64Type>().value(row),
                },
                batch: batch.clone(),
                first_rows: vec![first_row],
            });
        }
    }
    Ok(all)
}

fn digest(table: &RecordBatch, column: usize, row: usize) -> Digest {
    digests(table.column(column).as_fixed_size_binary().value(row)).pop().unwrap_or(Digest([0; 16]))
}

fn digests(bytes: &[u8]) -> Vec<Digest> {
    let (chunks, _) = bytes.as_chunks::<16>();
    chunks.iter().map(|chunk| Digest(*chunk)).collect()
}
