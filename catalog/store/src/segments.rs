//! Segments: the rows of one output of one batch.
//!
//! Encodings follow the type: time steps and whole numbers as deltas, floats split by byte, text by dictionary; zstd over all.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use lapicque_pipeline::StoreError;
use lapicque_schemas::TableSchema;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReaderBuilder, RowSelection, RowSelector};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

use crate::checksums::{CheckedFile, SegmentSums, Summing};
use crate::files::{damaged, write_with};

/// Rows of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) batch: Arc<str>,
    pub(crate) first_row: u64,
    pub(crate) rows: u64,
    /// Checksums of the blocks of the segment.
    pub(crate) sums: Arc<[u64]>,
}

/// Row groups hold about this much, so that reading one sample does not decode all.
const ROW_GROUP_BYTES: usize = 16 << 20;

pub(crate) fn file_name(batch: &str, output: usize) -> String {
    format!("{batch}-{output}.parquet")
}

/// The batch that a segment is of, by the name of its file.
pub(crate) fn batch_of(name: &str) -> Option<&str> {
    name.rsplit_once('-').map(|(batch, _)| batch)
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

/// Why rows of a segment cannot be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The file is not what was written.
    Damaged(String),
    /// The file is sound, but holds other columns than are asked for.
    OtherColumns(String),
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

/// Reads rows, one table per place, in any order and with any overlap of places, or tells all segments that cannot be
/// read; each segment is opened once.
pub(crate) fn read(
    folder: &Path,
    output: usize,
    schema: &TableSchema,
    places: &[Place],
    columns: Option<&[String]>,
) -> Result<Vec<RecordBatch>, Vec<(Arc<str>, Fault)>> {
    let view = schema.view(columns);
    let mut by_segment: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, place) in places.iter().enumerate() {
        by_segment.entry(&place.batch).or_default().push(i);
    }
    let mut tables: Vec<Option<RecordBatch>> = vec![None; places.len()];
    let mut faults = Vec::new();
    for (batch, wanted) in by_segment {
        let path = folder.join(file_name(batch, output));
        let ranges: Vec<Range<u64>> =
            wanted.iter().map(|&i| places[i].first_row..places[i].first_row + places[i].rows).collect();
        let rows = if view.fields().is_empty() {
            ranges.iter().map(|range| without_columns(&view, range.end - range.start)).collect()
        } else {
            let sums = places[wanted[0]].sums.clone();
            read_ranges(&path, sums, &view, &ranges)
        };
        match rows {
            Ok(rows) => wanted.iter().zip(rows).for_each(|(&i, table)| tables[i] = Some(table)),
            Err(fault) => faults.push((places[wanted[0]].batch.clone(), fault)),
        }
    }
    if faults.is_empty() { Ok(tables.into_iter().flatten().collect()) } else { Err(faults) }
}

fn without_columns(view: &SchemaRef, rows: u64) -> Result<RecordBatch, Fault> {
    let options = RecordBatchOptions::new().with_row_count(usize::try_from(rows).ok());
    RecordBatch::try_new_with_options(view.clone(), Vec::new(), &options)
        .map_err(|error| Fault::OtherColumns(error.to_string()))
}

/// Ranges that cover the same rows, in ascending order, none of which touch.
fn union(ranges: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut sorted: Vec<Range<u64>> = ranges.iter().filter(|range| !range.is_empty()).cloned().collect();
    sorted.sort_unstable_by_key(|range| range.start);
    let mut union: Vec<Range<u64>> = Vec::new();
    for range in sorted {
        match union.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => union.push(range),
        }
    }
    union
}

/// One table per range. Samples share results, so ranges come in any order, repeat each other and overlap: their union is
/// read, and each is cut out of it.
fn read_ranges(
    path: &Path,
    sums: Arc<[u64]>,
    view: &SchemaRef,
    ranges: &[Range<u64>],
) -> Result<Vec<RecordBatch>, Fault> {
    // The cause without the wrapping of the reader.
    let broken = |error: ParquetError| match error {
        ParquetError::External(cause) => Fault::Damaged(cause.to_string()),
        other => Fault::Damaged(other.to_string()),
    };
    let file = CheckedFile::open(path, sums).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Fault::Damaged("it is gone".to_owned()),
        _ => Fault::Damaged(error.to_string()),
    })?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(broken)?;
    let roots = root_columns(builder.schema(), view)?;
    let union = union(ranges);
    let mut selectors = Vec::with_capacity(2 * union.len());
    // Of each range of the union, how many rows were selected before it.
    let mut offsets = Vec::with_capacity(union.len());
    let (mut at, mut selected) = (0, 0);
    for range in &union {
        if range.start > at {
            selectors.push(RowSelector::skip((range.start - at) as usize));
        }
        selectors.push(RowSelector::select((range.end - range.start) as usize));
        offsets.push(selected);
        selected += range.end - range.start;
        at = range.end;
    }
    let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
    let reader = builder
        .with_projection(mask)
        .with_row_selection(RowSelection::from(selectors))
        .with_batch_size(usize::try_from(selected).unwrap_or(usize::MAX).clamp(1, 1 << 20))
        .build()
        .map_err(broken)?;
    let mut chunks = Vec::new();
    for chunk in reader {
        let chunk = chunk.map_err(|error| Fault::Damaged(error.to_string()))?;
        let columns = view.fields().iter().filter_map(|f| chunk.column_by_name(f.name()).cloned()).collect();
        let chunk = RecordBatch::try_new(view.clone(), columns);
        chunks.push(chunk.map_err(|error| Fault::OtherColumns(error.to_string()))?);
    }
    let all = match chunks.len() {
        1 => chunks.remove(0),
        _ => arrow_select::concat::concat_batches(view, &chunks)
            .map_err(|error| Fault::OtherColumns(error.to_string()))?,
    };
    if all.num_rows() as u64 != selected {
        return Err(Fault::Damaged(format!("{} rows came out of it, {selected} were written", all.num_rows())));
    }
    let cut = |range: &Range<u64>| {
        if range.is_empty() {
            return all.slice(0, 0);
        }
        let within = union.partition_point(|other| other.end <= range.start);
        let offset = offsets[within] + (range.start - union[within].start);
        all.slice(offset as usize, (range.end - range.start) as usize)
    };
    Ok(ranges.iter().map(cut).collect())
}

/// Where the columns of a view stand in a file. By number, as a name with dots is a path to Parquet.
fn root_columns(file: &Schema, view: &Schema) -> Result<Vec<usize>, Fault> {
    let root = |field: &Arc<Field>| {
        let (root, stored) = file.column_with_name(field.name()).ok_or_else(|| {
            let present: Vec<&str> = file.fields().iter().map(|f| f.name().as_str()).collect();
            Fault::OtherColumns(format!("it has no column `{}` (it has: {})", field.name(), present.join(", ")))
        })?;
        if stored.data_type().equals_datatype(field.data_type()) {
            return Ok(root);
        }
        Err(Fault::OtherColumns(format!(
            "its column `{}` is {}, not {}",
            field.name(),
            stored.data_type(),
            field.data_type()
        )))
    };
    view.fields().iter().map(root).collect()
}

#[cfg(test)]
mod tests;
