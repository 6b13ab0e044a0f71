//! Manifests: which actions a batch answers, and where their rows are. A batch exists once its manifest does.
//!
//! A row is one output of one action; a failed action has one row. The name of the file is
//! `<name>.<checksum of its bytes>.parquet`; its metadata hold the checksums of the segments that it names.
//! Small manifests are merged now and then, so that a store of many runs is opened as fast as one of few.

use std::collections::HashMap;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use arrow_array::builder::{BinaryBuilder, FixedSizeBinaryBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, UInt64Type};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, FixedSizeBinaryArray, Float64Array, RecordBatch, StringArray,
    UInt64Array,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use arrow_select::filter::filter_record_batch;
use lapicque_pipeline::{Action, ActionColumns, Found, NewBatch, OutputEntry, StoreError};
use lapicque_schemas::Digest;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReaderBuilder, RowSelection, RowSelector};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::reader::Length;

use crate::checksums::{Hashing, Sums, checksum};
use crate::files::{damaged, io_error, write_named};
use crate::segments::{Place, parquet_bytes};
use crate::verified::Verified;

/// Key of a manifest's metadata: the checksums of its segments.
const SEGMENTS: &str = "segments";

/// Manifests below this many bytes are small.
pub(crate) const SMALL: u64 = 4 << 20;

/// Rows of a group of a merged manifest: what is held while it is written.
const MERGED_GROUP: usize = 1 << 17;

/// How much an action answers: of two under one key, the one of higher rank does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    Failed = 0,
    /// Digests alone.
    Digests = 1,
    Rows = 2,
}

/// A manifest of which the keys are known; the rest is read when it is needed.
pub(crate) struct Manifest {
    path: PathBuf,
    details: OnceLock<Arc<Details>>,
}

/// What planning and reading need of the actions of a manifest.
pub(crate) struct Details {
    columns: Arc<ActionColumns>,
    batches: Vec<Arc<str>>,
    /// Per row, the number of its batch and its first row in the segment.
    batch: Vec<u32>,
    first_row: Vec<u64>,
    pub(crate) sums: Sums,
}

impl Rank {
    pub(crate) fn from_bits(bits: u32) -> Self {
        match bits & 3 {
            0 => Self::Failed,
            1 => Self::Digests,
            _ => Self::Rows,
        }
    }

    fn of(action: &Action) -> Self {
        match &action.outcome {
            Err(_) => Self::Failed,
            Ok(outputs) if outputs.iter().all(|entry| entry.kept) => Self::Rows,
            Ok(_) => Self::Digests,
        }
    }
}

impl Manifest {
    pub(crate) fn unread(path: &Path) -> Self {
        Self { path: path.to_owned(), details: OnceLock::new() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn details(&self) -> Result<Arc<Details>, StoreError> {
        if let Some(known) = self.details.get() {
            return Ok(known.clone());
        }
        let read = Arc::new(Details::read(&self.path)?);
        Ok(self.details.get_or_init(|| read).clone())
    }
}

impl Details {
    pub(crate) fn found(&self, row: u32) -> Found {
        Found::new(self.columns.clone(), row)
    }

    pub(crate) fn batch(&self, row: u32) -> &Arc<str> {
        &self.batches[self.batch[row as usize] as usize]
    }

    pub(crate) fn place(&self, row: u32, output: usize, rows: u64) -> Option<Place> {
        let first_row = self.first_row[row as usize + output];
        let batch = self.batch(row).clone();
        let sums = self.sums.get(&crate::segments::file_name(&batch, output))?.blocks.clone();
        Some(Place { batch, first_row, rows, sums })
    }

    fn read(path: &Path) -> Result<Self, StoreError> {
        let (content, sums) = open(path)?;
        let rows = rows_of(path, &content)?;
        let mut columns = ActionColumns::with_capacity(rows);
        let mut batches: Vec<Arc<str>> = Vec::new();
        let mut numbers: HashMap<Arc<str>, u32> = HashMap::new();
        let (mut batch, mut first_row) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
        let read = ["batch", "output", "first_row", "rows", "content", "columns", "kept", "failure", "notes"];
        for_each_chunk(path, content, &read, &mut |chunk| {
            let view = View { path, table: chunk };
            let (names, failures, notes) = (view.texts("batch")?, view.texts("failure")?, view.texts("notes")?);
            let (outputs, rows) = (view.numbers("output")?, view.numbers("rows")?);
            let (contents, carried, kept) = (view.digests("content")?, view.bytes("columns")?, view.flags("kept")?);
            first_row.extend_from_slice(view.numbers("first_row")?);
            for row in 0..chunk.num_rows() {
                let name = names.value(row);
                if batch.last().is_none_or(|&last: &u32| *batches[last as usize] != *name) {
                    let number = numbers.entry(name.into()).or_insert_with_key(|name| {
                        batches.push(name.clone());
                        batches.len() as u32 - 1
                    });
                    batch.push(*number);
                } else if let Some(&last) = batch.last() {
                    batch.push(last);
                }
                let number = columns.len() as u32;
                if failures.is_valid(row) {
                    columns.push_failure(json(path, failures.value(row))?);
                } else {
                    let carried = carried.is_valid(row).then(|| carried.value(row).as_chunks::<16>().0);
                    let carried = carried.map(|chunks| chunks.iter().map(|chunk| Digest(*chunk)));
                    columns.push_output(outputs[row] as u8, rows[row], digest(contents, row), kept.value(row), carried);
                }
                if notes.is_valid(row) {
                    columns.push_notes(number, json(path, notes.value(row))?);
                }
            }
            Ok(())
        })?;
        Ok(Self { columns: Arc::new(columns), batches, batch, first_row, sums })
    }
}

/// The name of a manifest: that of its file without checksum and ending.
pub(crate) fn name_of(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()?.split('.').next()
}

fn schema() -> SchemaRef {
    let digest = || DataType::FixedSizeBinary(16);
    Arc::new(Schema::new(vec![
        Field::new("key", digest(), false),
        Field::new("batch", DataType::Utf8, false),
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

/// The manifest of a batch, in memory: its bytes, what is known of it, and its keys with row and rank.
pub(crate) struct Written {
    pub(crate) bytes: Vec<u8>,
    details: Details,
    pub(crate) keys: Vec<(Digest, u32, Rank)>,
}

impl Written {
    pub(crate) fn at(self, path: &Path) -> Manifest {
        let manifest = Manifest::unread(path);
        manifest.details.get_or_init(|| Arc::new(self.details));
        manifest
    }

    pub(crate) fn file_name(&self, name: &str) -> String {
        file_name(name, &self.bytes)
    }
}

fn file_name(name: &str, bytes: &[u8]) -> String {
    format!("{name}.{:016x}.parquet", checksum(bytes))
}

pub(crate) fn write(batch: &NewBatch<'_>, name: &str, sums: Sums) -> Result<Written, StoreError> {
    let broken = |error: arrow_schema::ArrowError| damaged(Path::new(name), error);
    let json = |error: serde_json::Error| damaged(Path::new(name), error);
    let digests = || FixedSizeBinaryBuilder::new(16);
    let (mut key, mut common, mut content) = (digests(), digests(), digests());
    let (mut inputs, mut columns) = (BinaryBuilder::new(), BinaryBuilder::new());
    let (mut names, mut notes, mut failure) = (StringBuilder::new(), StringBuilder::new(), StringBuilder::new());
    let (mut seconds, mut output, mut first_row, mut rows, mut kept) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut next_rows = vec![0_u64; batch.outputs.len()];
    let mut known = ActionColumns::default();
    let mut keys = Vec::with_capacity(batch.actions.len());
    for new in &batch.actions {
        let action = &new.action;
        keys.push((new.key, known.push(&action.outcome, &action.notes), Rank::of(action)));
        let outputs: Vec<Option<&OutputEntry>> = match &action.outcome {
            Ok(outputs) => outputs.iter().map(Some).collect(),
            Err(_) => vec![None],
        };
        for (number, entry) in outputs.into_iter().enumerate() {
            key.append_value(new.key.0).map_err(broken)?;
            names.append_value(name);
            common.append_value(action.common.0).map_err(broken)?;
            inputs.append_value(concat(&action.inputs));
            seconds.push(action.seconds);
            let text = (!action.notes.is_empty()).then(|| serde_json::to_string(&action.notes)).transpose();
            notes.append_option(text.map_err(json)?);
            let error = action.outcome.as_ref().err().map(serde_json::to_string).transpose();
            failure.append_option(error.map_err(json)?);
            output.push(number as u64);
            first_row.push(next_rows.get(number).copied().unwrap_or(0));
            rows.push(entry.map_or(0, |e| e.rows));
            match entry {
                Some(entry) => content.append_value(entry.content.0).map_err(broken)?,
                None => content.append_null(),
            }
            columns.append_option(entry.and_then(|e| e.columns.as_deref()).map(concat));
            kept.push(entry.is_some_and(|e| e.kept));
        }
        for (next, table) in next_rows.iter_mut().zip(&new.tables) {
            *next += table.num_rows() as u64;
        }
    }
    let arrays: Vec<ArrayRef> = vec![
        Arc::new(key.finish()),
        Arc::new(names.finish()),
        Arc::new(common.finish()),
        Arc::new(inputs.finish()),
        Arc::new(Float64Array::from(seconds)),
        Arc::new(notes.finish()),
        Arc::new(failure.finish()),
        Arc::new(UInt64Array::from(output)),
        Arc::new(UInt64Array::from(first_row.clone())),
        Arc::new(UInt64Array::from(rows)),
        Arc::new(content.finish()),
        Arc::new(columns.finish()),
        Arc::new(BooleanArray::from(kept)),
    ];
    let table = RecordBatch::try_new(schema(), arrays).map_err(broken)?;
    let details = Details {
        columns: Arc::new(known),
        batches: vec![name.into()],
        batch: vec![0; table.num_rows()],
        first_row,
        sums: sums.clone(),
    };
    Ok(Written { bytes: to_bytes(&table, &sums)?, details, keys })
}

fn to_bytes(table: &RecordBatch, sums: &Sums) -> Result<Vec<u8>, StoreError> {
    let text = serde_json::to_string(sums).map_err(|error| damaged(Path::new(SEGMENTS), error))?;
    parquet_bytes(table, &[(SEGMENTS, text)]).map_err(|error| damaged(Path::new(SEGMENTS), error))
}

/// Tells some columns of a manifest, piece by piece; gives the checksums of its segments.
pub(crate) fn scan(
    path: &Path,
    columns: &[&str],
    tell: &mut dyn FnMut(&Sums, &RecordBatch) -> Result<(), StoreError>,
) -> Result<Sums, StoreError> {
    let (content, sums) = open(path)?;
    for_each_chunk(path, content, columns, &mut |chunk| tell(&sums, chunk))?;
    Ok(sums)
}

/// Takes rows of manifests, as [`write_merged`] writes them.
pub(crate) type Put<'a> = &'a mut dyn FnMut(&RecordBatch) -> Result<(), StoreError>;

/// Writes rows of manifests as one, of this name, which `fill` gives piece by piece; gives its size.
pub(crate) fn write_merged(
    folder: &Path,
    name: &str,
    fill: impl FnOnce(Put<'_>) -> Result<Sums, StoreError>,
) -> Result<u64, StoreError> {
    let path = folder.join(name);
    let broken = |error: ParquetError| damaged(&path, error);
    write_named(folder, |file| {
        let mut hashing = Hashing::new(BufWriter::new(file));
        let properties = crate::segments::properties(&schema(), MERGED_GROUP).build();
        let mut writer = ArrowWriter::try_new(&mut hashing, schema(), Some(properties)).map_err(broken)?;
        let sums = fill(&mut |rows| writer.write(rows).map_err(broken))?;
        let text = serde_json::to_string(&sums).map_err(|error| damaged(&path, error))?;
        writer.append_key_value_metadata(KeyValue::new(SEGMENTS.to_owned(), text));
        writer.close().map_err(broken)?;
        let (sum, bytes) = hashing.finish().map_err(io_error(&path))?;
        Ok((format!("{name}.{sum:016x}.parquet"), bytes))
    })
}

/// Copies the rows of a manifest that `select` says, piece by piece from the first; gives the checksums of its segments.
pub(crate) fn copy(
    path: &Path,
    put: Put<'_>,
    select: &mut dyn FnMut(usize) -> Option<BooleanArray>,
) -> Result<Sums, StoreError> {
    let schema = schema();
    let all: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    scan(path, &all, &mut |_, chunk| match select(chunk.num_rows()) {
        Some(selected) => put(&filter_record_batch(chunk, &selected).map_err(|error| damaged(path, error))?),
        None => put(chunk),
    })
}

/// Opens a manifest; gives the checksums of its segments.
fn open(path: &Path) -> Result<(Verified, Sums), StoreError> {
    let sum = path.file_name().and_then(|name| name.to_str()?.split('.').nth(1));
    let content = Verified::open(path, sum.unwrap_or(""), SMALL)?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(content.clone()).map_err(|error| damaged(path, error))?;
    let metadata = builder.metadata().file_metadata().key_value_metadata();
    let text = metadata.and_then(|all| all.iter().find(|pair| pair.key == SEGMENTS)?.value.clone());
    let sums = json(path, text.as_deref().unwrap_or("{}"))?;
    Ok((content, sums))
}

fn rows_of(path: &Path, content: &Verified) -> Result<usize, StoreError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(content.clone()).map_err(|error| damaged(path, error))?;
    let rows = builder.metadata().file_metadata().num_rows();
    Ok(usize::try_from(rows).unwrap_or(0).min(usize::try_from(content.len()).unwrap_or(0)))
}

/// Tells the key, row and rank of every action of a manifest; gives the checksums of its segments.
pub(crate) fn keys(path: &Path, tell: &mut dyn FnMut(Digest, u32, Rank)) -> Result<Sums, StoreError> {
    let mut number = 0;
    let mut last: Option<(Digest, u32, Rank)> = None;
    let sums = scan(path, &["key", "failure", "output", "kept"], &mut |_, chunk| {
        let view = View { path, table: chunk };
        let (keys, failures) = (view.digests("key")?, view.texts("failure")?);
        let (outputs, kept) = (view.numbers("output")?, view.flags("kept")?);
        for (row, &output) in outputs.iter().enumerate() {
            let rank = match (failures.is_valid(row), kept.value(row)) {
                (true, _) => Rank::Failed,
                (false, false) => Rank::Digests,
                (false, true) => Rank::Rows,
            };
            match &mut last {
                Some((.., of_action)) if output > 0 => *of_action = rank.min(*of_action),
                last => {
                    if let Some((key, row, rank)) = last.replace((digest(keys, row), number, rank)) {
                        tell(key, row, rank);
                    }
                }
            }
            number += 1;
        }
        Ok(())
    })?;
    if let Some((key, row, rank)) = last {
        tell(key, row, rank);
    }
    Ok(sums)
}

/// What a manifest says of the actions that begin at these rows, in ascending order, but for their outcome.
pub(crate) fn actions(path: &Path, rows: &[u32]) -> Result<Vec<Action>, StoreError> {
    let (content, _) = open(path)?;
    let mut selectors = Vec::new();
    let mut next = 0;
    for &row in rows {
        selectors.push(RowSelector::skip((row - next) as usize));
        selectors.push(RowSelector::select(1));
        next = row + 1;
    }
    let columns = ["common", "inputs", "seconds", "notes"];
    let mut all = Vec::with_capacity(rows.len());
    for_each_selected(path, content, &columns, Some(RowSelection::from(selectors)), &mut |chunk| {
        let view = View { path, table: chunk };
        let (inputs, common, notes) = (view.bytes("inputs")?, view.digests("common")?, view.texts("notes")?);
        let seconds = view.column("seconds")?.as_primitive::<Float64Type>();
        for row in 0..chunk.num_rows() {
            let (inputs, _) = inputs.value(row).as_chunks::<16>();
            let notes = notes.is_valid(row).then(|| json(path, notes.value(row))).transpose()?.unwrap_or_default();
            all.push(Action {
                outcome: Ok(Vec::new()),
                common: digest(common, row),
                inputs: inputs.iter().map(|chunk| Digest(*chunk)).collect(),
                notes,
                seconds: seconds.value(row),
            });
        }
        Ok(())
    })?;
    Ok(all)
}

fn for_each_chunk(
    path: &Path,
    content: Verified,
    columns: &[&str],
    work: &mut dyn FnMut(&RecordBatch) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    for_each_selected(path, content, columns, None, work)
}

fn for_each_selected(
    path: &Path,
    content: Verified,
    columns: &[&str],
    rows: Option<RowSelection>,
    work: &mut dyn FnMut(&RecordBatch) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let broken = |error: parquet::errors::ParquetError| damaged(path, error);
    let builder = ParquetRecordBatchReaderBuilder::try_new(content).map_err(broken)?;
    if builder.schema().fields() != schema().fields() {
        return Err(damaged(path, "its columns are not those of a manifest"));
    }
    let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
    let mut builder = builder.with_projection(mask).with_batch_size(1 << 14);
    if let Some(rows) = rows {
        builder = builder.with_row_selection(rows);
    }
    for chunk in builder.build().map_err(broken)? {
        work(&chunk.map_err(|error| damaged(path, error))?)?;
    }
    Ok(())
}

/// Columns of a chunk by name.
pub(crate) struct View<'a> {
    path: &'a Path,
    table: &'a RecordBatch,
}

impl<'a> View<'a> {
    pub(crate) fn of(path: &'a Path, table: &'a RecordBatch) -> Self {
        Self { path, table }
    }

    fn column(&self, name: &str) -> Result<&'a ArrayRef, StoreError> {
        self.table.column_by_name(name).ok_or_else(|| damaged(self.path, format!("it has no column `{name}`")))
    }

    pub(crate) fn digests(&self, name: &str) -> Result<&'a FixedSizeBinaryArray, StoreError> {
        Ok(self.column(name)?.as_fixed_size_binary())
    }

    pub(crate) fn texts(&self, name: &str) -> Result<&'a StringArray, StoreError> {
        Ok(self.column(name)?.as_string())
    }

    fn bytes(&self, name: &str) -> Result<&'a BinaryArray, StoreError> {
        Ok(self.column(name)?.as_binary())
    }

    pub(crate) fn numbers(&self, name: &str) -> Result<&'a [u64], StoreError> {
        Ok(self.column(name)?.as_primitive::<UInt64Type>().values())
    }

    fn flags(&self, name: &str) -> Result<&'a BooleanArray, StoreError> {
        Ok(self.column(name)?.as_boolean())
    }
}

/// A digest of a column; that of a null is zero.
pub(crate) fn digest(column: &FixedSizeBinaryArray, row: usize) -> Digest {
    Digest(column.value(row).try_into().unwrap_or([0; 16]))
}

fn json<T: serde::de::DeserializeOwned>(path: &Path, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| damaged(path, error))
}

fn concat(digests: &[Digest]) -> Vec<u8> {
    digests.iter().flat_map(|d| d.0).collect()
}
