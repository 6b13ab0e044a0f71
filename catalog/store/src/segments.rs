//! Segments: the rows of one output of one batch.
//!
//! Encodings follow the type: time steps and whole numbers as deltas, floats split by byte, text by dictionary; zstd over all.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Schema, SchemaRef};
use lapicque_pipeline::{StoreError, stage_view};
use lapicque_schemas::TableSchema;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReaderBuilder, RowSelection, RowSelector};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

use crate::checksums::{CheckedFile, Summing};
use crate::files::{damaged, write_with};
use crate::manifest::SegmentSums;

/// Rows of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) batch: Arc<str>,
    pub(crate) first_row: u64,
    pub(crate) rows: u64,
    /// Checksums of the blocks of the segment.
    pub(crate) sums: Arc<[u64]>,
}

/// A segment that is not what was written.
pub(crate) struct DamagedSegment {
    pub(crate) batch: Arc<str>,
    pub(crate) message: String,
}

/// Row groups hold about this much, so that reading one sample does not decode all.
const ROW_GROUP_BYTES: usize = 16 << 20;

pub(crate) fn file_name(batch: &str, output: usize) -> String {
    format!("{batch}-{output}.parquet")
}

/// Writes the rows of many actions, one after the other.
pub(crate) fn write(path: &Path, schema: &TableSchema, tables: &[&RecordBatch]) -> Result<SegmentSums, StoreError> {
    let all = arrow_select::concat::concat_batches(&schema.arrow, tables.iter().copied())
        .map_err(|error| damaged(path, error))?;
    let row_bytes = all.get_array_memory_size() / all.num_rows().max(1);
    let properties = properties(&schema.arrow, (ROW_GROUP_BYTES / row_bytes.max(1)).clamp(1, 1 << 20)).build();
    write_with(path, |file| {
        let mut summing = Summing::new(file);
        let mut writer = ArrowWriter::try_new(&mut summing, all.schema(), Some(properties))?;
        writer.write(&all)?;
        writer.close()?;
        let (blocks, bytes) = summing.finish();
        Ok(SegmentSums { bytes, blocks: blocks.into() })
    })
}

/// A table of the store itself as Parquet, with some metadata.
pub(crate) fn parquet_bytes(table: &RecordBatch, metadata: &[(&str, String)]) -> Result<Vec<u8>, ParquetError> {
    let pairs = metadata.iter().map(|(key, value)| KeyValue::new((*key).to_owned(), value.clone())).collect();
    let properties = properties(&table.schema(), 1 << 20).set_key_value_metadata(Some(pairs)).build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, table.schema(), Some(properties))?;
    writer.write(table)?;
    writer.close()?;
    Ok(bytes)
}

pub(crate) fn properties(schema: &Schema, rows_per_group: usize) -> WriterPropertiesBuilder {
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
    builder
}

fn encoding(builder: WriterPropertiesBuilder, data_type: &DataType, path: ColumnPath) -> WriterPropertiesBuilder {
    match data_type {
        DataType::Float64 | DataType::Float32 => {
            let builder = builder.set_column_encoding(path.clone(), Encoding::BYTE_STREAM_SPLIT);
            builder.set_column_statistics_enabled(path, EnabledStatistics::None)
        }
        t if t.is_integer() => builder.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED),
        DataType::Utf8 | DataType::Dictionary(_, _) => builder.set_column_dictionary_enabled(path, true),
        // Digests do not compress.
        DataType::FixedSizeBinary(_) => builder
            .set_column_compression(path.clone(), Compression::UNCOMPRESSED)
            .set_column_statistics_enabled(path, EnabledStatistics::None),
        DataType::Binary => builder
            .set_column_encoding(path.clone(), Encoding::DELTA_LENGTH_BYTE_ARRAY)
            .set_column_statistics_enabled(path, EnabledStatistics::None),
        _ => builder,
    }
}

/// Places that follow each other in one segment, as one.
pub(crate) fn runs(places: Vec<Place>) -> Vec<Place> {
    let mut runs: Vec<Place> = Vec::new();
    for place in places {
        match runs.last_mut() {
            Some(run) if run.first_row + run.rows == place.first_row && run.batch == place.batch => {
                run.rows += place.rows;
            }
            _ => runs.push(place),
        }
    }
    runs
}

/// Reads rows, one table per place, or tells all segments that are damaged; each segment is opened once.
pub(crate) fn read(
    folder: &Path,
    output: usize,
    schema: &TableSchema,
    places: &[Place],
    columns: Option<&[String]>,
) -> Result<Vec<RecordBatch>, Vec<DamagedSegment>> {
    let view = stage_view(schema, columns);
    let mut by_segment: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, place) in places.iter().enumerate() {
        by_segment.entry(&place.batch).or_default().push(i);
    }
    let mut tables: Vec<Option<RecordBatch>> = vec![None; places.len()];
    let mut damaged = Vec::new();
    for (batch, mut wanted) in by_segment {
        wanted.sort_by_key(|&i| places[i].first_row);
        let path = folder.join(file_name(batch, output));
        let ranges: Vec<(u64, u64)> = wanted.iter().map(|&i| (places[i].first_row, places[i].rows)).collect();
        let rows = if view.fields().is_empty() {
            ranges.iter().map(|&(_, rows)| without_columns(&view, rows)).collect::<Result<_, _>>()
        } else {
            let sums = places[wanted[0]].sums.clone();
            read_rows(&path, sums, &view, &ranges)
        };
        let rows = match rows {
            Ok(rows) => rows,
            Err(message) => {
                damaged.push(DamagedSegment { batch: places[wanted[0]].batch.clone(), message });
                continue;
            }
        };
        for (&i, table) in wanted.iter().zip(rows) {
            tables[i] = Some(table);
        }
    }
    if damaged.is_empty() { Ok(tables.into_iter().flatten().collect()) } else { Err(damaged) }
}

fn without_columns(view: &SchemaRef, rows: u64) -> Result<RecordBatch, String> {
    let options = RecordBatchOptions::new().with_row_count(usize::try_from(rows).ok());
    RecordBatch::try_new_with_options(view.clone(), Vec::new(), &options).map_err(|error| error.to_string())
}

/// One table per range; ranges are sorted, and equal or apart.
fn read_rows(
    path: &Path,
    sums: Arc<[u64]>,
    view: &SchemaRef,
    ranges: &[(u64, u64)],
) -> Result<Vec<RecordBatch>, String> {
    // The cause without the wrapping of the reader.
    let broken = |error: ParquetError| match error {
        ParquetError::External(cause) => cause.to_string(),
        other => other.to_string(),
    };
    let file = CheckedFile::open(path, sums).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "it is gone".to_owned(),
        _ => error.to_string(),
    })?;
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
        let chunk = chunk.map_err(|error| error.to_string())?;
        let columns = view.fields().iter().map(|f| chunk.column_by_name(f.name()).cloned());
        let columns = columns.collect::<Option<Vec<_>>>().ok_or("a column is missing")?;
        chunks.push(RecordBatch::try_new(view.clone(), columns).map_err(|error| error.to_string())?);
    }
    let all = match chunks.len() {
        1 => chunks.remove(0),
        _ => arrow_select::concat::concat_batches(view, &chunks).map_err(|error| error.to_string())?,
    };
    if (all.num_rows() as u64) < selected {
        return Err(format!("{} rows are missing", selected - all.num_rows() as u64));
    }
    Ok(offsets.iter().map(|&(first, rows)| all.slice(first as usize, rows as usize)).collect())
}
