//! Parquet files of users.
//!
//! A small file can announce, and by run lengths even hold, more values than any memory: what it announces is held
//! against its length first. The Parquet reader panics on some damaged files; that is an error here.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};

use lapicque_pipeline::FileRef;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection, RowSelector,
};

use super::Chunks;

/// Values that are read whatever the length of the file: 1 GB as floats.
const ALWAYS_READ: u64 = 1 << 27;
/// Values per byte beyond that: no recording compresses better.
const MOST_PER_BYTE: u64 = 64;
/// Values in a batch, about.
const BATCH_VALUES: u64 = 1 << 21;

/// Reads some rows of a Parquet file, by rising numbers from 0; all where none are given.
pub(super) fn read_rows(file: &FileRef, rows: Option<&[u64]>) -> Result<Chunks, String> {
    let read = || {
        let read = file.read(|reader| reader.get_ref().try_clone().map(|handle| read_file(handle, rows)));
        read.and_then(|read| read).map_err(|error| error.to_string())?
    };
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err("it is damaged: the Parquet reader gave up".to_owned()))
}

fn read_file(handle: File, wanted: Option<&[u64]>) -> Result<Chunks, String> {
    let bytes = handle.metadata().map_err(|error| error.to_string())?.len();
    let fail = |error: parquet::errors::ParquetError| format!("it cannot be read as Parquet: {error}");
    let metadata = ArrowReaderMetadata::load(&handle, ArrowReaderOptions::new())
        // What a writer says of Arrow types can contradict the file; the file itself is right.
        .or_else(|_| ArrowReaderMetadata::load(&handle, ArrowReaderOptions::new().with_skip_arrow_metadata(true)))
        .map_err(fail)?;
    let groups = metadata.metadata().row_groups();
    let count = |n: i64| u64::try_from(n).map_err(|_| format!("it is damaged: it announces {n} values"));
    let mut rows = 0_u64;
    let mut values = 0_u64;
    for group in groups {
        rows = rows.saturating_add(count(group.num_rows())?);
        for column in group.columns() {
            values = values.saturating_add(count(column.num_values())?);
        }
    }
    check_size(rows, values, bytes)?;
    let batch_rows = (BATCH_VALUES / (values / rows.max(1)).max(1)).clamp(1, 65_536) as usize;
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(handle, metadata);
    let schema = builder.schema().clone();
    let (builder, rows) = match wanted {
        None => (builder, rows),
        Some(wanted) if wanted.last().is_some_and(|&last| last >= rows) => {
            return Err(format!("it has {rows} rows, of which others are wanted"));
        }
        Some(wanted) => (builder.with_row_selection(selection(wanted)), wanted.len() as u64),
    };
    let reader = builder.with_batch_size(batch_rows).build().map_err(fail)?;
    let mut batches = Vec::new();
    let mut read = 0_u64;
    for batch in reader {
        let batch = batch.map_err(|error| format!("it cannot be read as Parquet: {error}"))?;
        read += batch.num_rows() as u64;
        if read > rows {
            return Err(format!("it is damaged: it announces {rows} rows and has more"));
        }
        batches.push(batch);
    }
    if read != rows {
        return Err(format!("it is damaged: it announces {rows} rows and has {read}"));
    }
    Ok(Chunks { schema, batches })
}

/// The rows of these rising numbers.
fn selection(rows: &[u64]) -> RowSelection {
    let mut selectors = Vec::new();
    let mut next = 0;
    for run in rows.chunk_by(|a, b| a + 1 == *b) {
        selectors.push(RowSelector::skip((run[0] - next) as usize));
        selectors.push(RowSelector::select(run.len()));
        next = run[0] + run.len() as u64;
    }
    selectors.into()
}

fn check_size(rows: u64, values: u64, bytes: u64) -> Result<(), String> {
    let most = ALWAYS_READ.max(bytes.saturating_mul(MOST_PER_BYTE));
    if rows.max(values) <= most {
        return Ok(());
    }
    let announced = format!("it announces {rows} rows and {values} values in {bytes} bytes");
    Err(format!("{announced}; at most {most} values are read from a file of its length"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_small_file_cannot_announce_a_large_table() {
        assert!(check_size(10, 1 << 27, 100).is_ok());
        let message = check_size(10, 1 << 28, 100).unwrap_err();
        assert!(message.contains("10 rows and 268435456 values in 100 bytes"), "{message}");
        assert!(check_size(u64::MAX, 1, 100).is_err());
        // An hour of 256 channels at 1 kHz as float32.
        assert!(check_size(256, 921_600_000, 3_000_000_000).is_ok());
    }
}
