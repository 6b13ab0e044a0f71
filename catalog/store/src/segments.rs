//! Segments: the rows of one output of one batch.
//!
//! Encodings follow the type: time steps and whole numbers as deltas, floats split by byte, text by dictionary; zstd over all.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Schema, SchemaRef};
use lapicque_pipeline::StoreError;
use lapicque_schemas::TableSchema;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReaderBuilder, RowSelection, RowSelector};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

use crate::files::{damaged, io_error, write_with};

/// Rows of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) batch: String,
    pub(crate) first_row: u64,
    pub(crate) rows: u64,
}

/// Row groups hold about this much, so that reading one sample does not decode all.
const ROW_GROUP_BYTES: usize = 16 << 20;

pub(crate) fn file_name(batch: &str, output: usize) -> String {
    format!("{batch}-{output}.parquet")
}

/// Writes the rows of many actions, one after the other.
pub(crate) fn write(path: &Path, schema: &TableSchema, tables: &[&RecordBatch]) -> Result<u64, StoreError> {
    let owned: Vec<RecordBatch> = tables.iter().map(|table| (*table).clone()).collect();
    let all = arrow_select::concat::concat_batches(&schema.arrow, &owned).map_err(|error| damaged(path, error))?;
    let row_bytes = all.get_array_memory_size() / all.num_rows().max(1);
    let properties = properties(&schema.arrow, (ROW_GROUP_BYTES / row_bytes.max(1)).clamp(1, 1 << 20));
    write_parquet(path, &all, properties)
}

pub(crate) fn write_parquet(path: &Path, table: &RecordBatch, properties: WriterProperties) -> Result<u64, StoreError> {
    write_with(path, |file| {
        let mut writer = ArrowWriter::try_new(file, table.schema(), Some(properties))?;
        writer.write(table)?;
        writer.close()?;
        Ok(())
    })
}

pub(crate) fn properties(schema: &Schema, rows_per_group: usize) -> WriterProperties {
    let mut builder = WriterProperties::builder()
        .set_created_by("lapicque parquet profile 1".to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_max_row_group_row_count(Some(rows_per_group));
    for field in schema.fields() {
        let (data_type, path) = match field.data_type() {
            DataType::List(item) => (item.data_type(), vec![field.name().clone(), "list".into(), item.name().clone()]),
            other => (other, vec![field.name().clone()]),
        };
        builder = encoding(builder, data_type, ColumnPath::new(path));
    }
    builder.build()
}

fn encoding(builder: WriterPropertiesBuilder, data_type: &DataType, path: ColumnPath) -> WriterPropertiesBuilder {
    match data_type {
        DataType::Float64 | DataType::Float32 => {
            let builder = builder.set_column_encoding(path.clone(), Encoding::BYTE_STREAM_SPLIT);
            builder.set_column_statistics_enabled(path, EnabledStatistics::None)
        }
        t if t.is_integer() => builder.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED),
        DataType::Utf8 | DataType::Dictionary(_, _) => builder.set_column_dictionary_enabled(path, true),
        _ => builder,
    }
}

/// Reads rows, one table per place; each segment is opened once.
pub(crate) fn read(
    folder: &Path,
    output: usize,
    schema: &TableSchema,
    places: &[Place],
    columns: Option<&[String]>,
) -> Result<Vec<RecordBatch>, StoreError> {
    let view = match columns {
        None => schema.arrow.clone(),
        Some(columns) => {
            let fields: Vec<_> = columns.iter().filter_map(|c| schema.column(c).cloned()).collect();
            Arc::new(Schema::new_with_metadata(fields, schema.arrow.metadata().clone()))
        }
    };
    let mut by_segment: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, place) in places.iter().enumerate() {
        by_segment.entry(&place.batch).or_default().push(i);
    }
    let mut tables: Vec<Option<RecordBatch>> = vec![None; places.len()];
    for (batch, mut wanted) in by_segment {
        wanted.sort_by_key(|&i| places[i].first_row);
        let path = folder.join(file_name(batch, output));
        let ranges: Vec<(u64, u64)> = wanted.iter().map(|&i| (places[i].first_row, places[i].rows)).collect();
        let mut rows = if view.fields().is_empty() { Vec::new() } else { read_rows(&path, &view, &ranges)? };
        if view.fields().is_empty() {
            for (_, count) in &ranges {
                let options = RecordBatchOptions::new().with_row_count(usize::try_from(*count).ok());
                rows.push(
                    RecordBatch::try_new_with_options(view.clone(), Vec::new(), &options)
                        .map_err(|e| damaged(&path, e))?,
                );
            }
        }
        for (&i, table) in wanted.iter().zip(rows) {
            tables[i] = Some(table);
        }
    }
    Ok(tables.into_iter().flatten().collect())
}

/// One table per range; ranges are sorted, and equal or apart.
fn read_rows(path: &Path, view: &SchemaRef, ranges: &[(u64, u64)]) -> Result<Vec<RecordBatch>, StoreError> {
    let broken = |error: ParquetError| damaged(path, error);
    let file = File::open(path).map_err(io_error(path))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(broken)?;
    let mut selectors = Vec::new();
    let mut offsets = Vec::with_capacity(ranges.len());
    let (mut at, mut selected) = (0, 0);
    for &(first, rows) in ranges {
        if first < at {
            // The same rows again, for another sample that shares the result.
            offsets.push((selected - (at - first), rows));
            continue;
        }
        if first > at {
            selectors.push(RowSelector::skip((first - at) as usize));
        }
        if rows > 0 {
            selectors.push(RowSelector::select(rows as usize));
        }
        offsets.push((selected, rows));
        selected += rows;
        at = first + rows;
    }
    let names = view.fields().iter().map(|f| f.name().as_str());
    let mask = ProjectionMask::columns(builder.parquet_schema(), names);
    let reader = builder
        .with_projection(mask)
        .with_row_selection(RowSelection::from(selectors))
        .with_batch_size(usize::try_from(selected).unwrap_or(usize::MAX).clamp(1, 1 << 20))
        .build()
        .map_err(broken)?;
    let mut chunks = Vec::new();
    for chunk in reader {
        let chunk = chunk.map_err(|error| damaged(path, error))?;
        let columns = view.fields().iter().map(|f| chunk.column_by_name(f.name()).cloned());
        let columns = columns.collect::<Option<Vec<_>>>().ok_or_else(|| damaged(path, "a column is missing"))?;
        chunks.push(RecordBatch::try_new(view.clone(), columns).map_err(|error| damaged(path, error))?);
    }
    let all = arrow_select::concat::concat_batches(view, &chunks).map_err(|error| damaged(path, error))?;
    if (all.num_rows() as u64) < selected {
        return Err(damaged(path, format!("{} rows are missing", selected - all.num_rows() as u64)));
    }
    Ok(offsets.iter().map(|&(first, rows)| all.slice(first as usize, rows as usize)).collect())
}
