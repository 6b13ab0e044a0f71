//! Arrow files of users (IPC files: `.arrow`, and `.feather` of version 2).
//!
//! What a file announces is held against its length before the reader reserves memory for it: blocks, and the lengths of compressed buffers. The reader
//! panics on some damaged files; that is an error here.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_array::{RecordBatch, UInt64Array};
use arrow_ipc::reader::FileReader;
use arrow_ipc::{Block, MessageHeader, root_as_footer, root_as_message};
use arrow_select::take::take_record_batch;
use lapicque_pipeline::FileRef;

use super::Chunks;

/// Bytes of content that are read whatever the length of the file.
const ALWAYS_READ: u64 = 1 << 30;
/// Bytes of content for each byte of the file beyond that: no recording compresses better.
const MOST_PER_BYTE: u64 = 64;
const MAGIC: &[u8] = b"ARROW1";
const FEATHER_1: &[u8] = b"FEA1";
/// The length of the footer, and what stands at the end of the file.
const END_BYTES: u64 = 10;

/// Reads some rows of an Arrow file, by rising numbers from 0; all where none are given.
pub(super) fn read_rows(file: &FileRef, rows: Option<&[u64]>) -> Result<Chunks, String> {
    let read = || {
        let read = file.read(|reader| reader.get_ref().try_clone().map(|handle| read_file(handle, rows)));
        read.and_then(|read| read).map_err(|error| error.to_string())?
    };
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err("it is damaged: the Arrow reader gave up".to_owned()))
}

fn read_file(handle: File, wanted: Option<&[u64]>) -> Result<Chunks, String> {
    let bytes = handle.metadata().map_err(|error| error.to_string())?.len();
    let mut reader = BufReader::new(handle);
    check(&mut reader, bytes)?;
    let fail = |error: arrow_schema::ArrowError| format!("it cannot be read as Arrow: {error}");
    let reader = FileReader::try_new(reader, None).map_err(fail)?;
    let schema = reader.schema();
    let mut batches = Vec::new();
    let (mut first, mut values) = (0_u64, 0_u64);
    let mut rest = wanted;
    for batch in reader {
        let batch = batch.map_err(fail)?;
        let rows = batch.num_rows() as u64;
        // Columns of nothing but nulls have rows without bytes.
        values = values.saturating_add(rows.saturating_mul(batch.num_columns().max(1) as u64));
        if values > ALWAYS_READ.max(bytes.saturating_mul(MOST_PER_BYTE)) {
            return Err(format!("it announces {values} values and more in {bytes} bytes"));
        }
        batches.push(match &mut rest {
            None => batch,
            Some(rest) => {
                let own = rest.partition_point(|&row| row < first + rows);
                let (own, others) = rest.split_at(own);
                *rest = others;
                taken(&batch, own, first).map_err(fail)?
            }
        });
        first += rows;
    }
    if rest.is_some_and(|rest| !rest.is_empty()) {
        return Err(format!("it has {first} rows, of which others are wanted"));
    }
    Ok(Chunks { schema, batches })
}

fn taken(batch: &RecordBatch, rows: &[u64], first: u64) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let rows = UInt64Array::from_iter_values(rows.iter().map(|row| row - first));
    take_record_batch(batch, &rows)
}

/// Whether what the file announces can be in it.
fn check<R: Read + Seek>(reader: &mut R, bytes: u64) -> Result<(), String> {
    let damaged = |what: &str| Err(format!("it is damaged: {what}"));
    let beginning = read_at(reader, 0, bytes.min(8) as usize)?;
    if beginning.starts_with(FEATHER_1) {
        return Err("it is a Feather file of version 1, which is not read; version 2 is".to_owned());
    }
    if !beginning.starts_with(MAGIC) {
        return Err("it is no Arrow file: it does not begin with `ARROW1` (a stream of Arrow is not read)".to_owned());
    }
    let ends_early = || "its end is missing".to_owned();
    let end_at = bytes.checked_sub(END_BYTES).ok_or_else(ends_early)?;
    let end = read_at(reader, end_at, END_BYTES as usize)?;
    let footer_bytes = end.first_chunk().map_or(-1, |raw| i32::from_le_bytes(*raw));
    let footer_at = u64::try_from(footer_bytes).ok().and_then(|length| end_at.checked_sub(length));
    let (Some(footer_at), true) = (footer_at, end.ends_with(MAGIC)) else {
        return Err(ends_early());
    };
    let footer = read_at(reader, footer_at, footer_bytes as usize)?;
    let footer = root_as_footer(&footer).map_err(|error| format!("its footer is damaged: {error}"))?;
    let blocks = footer.recordBatches().into_iter().flatten().chain(footer.dictionaries().into_iter().flatten());
    let mut content = 0_u64;
    for block in blocks {
        let Some((metadata_at, body_at, body_bytes)) = place(block, bytes) else {
            return damaged("a block would lie beyond its end");
        };
        let announced = announced(reader, metadata_at, body_at, body_bytes)?;
        content = content.saturating_add(announced);
    }
    let most = ALWAYS_READ.max(bytes.saturating_mul(MOST_PER_BYTE));
    if content > most {
        return Err(format!(
            "it announces {content} bytes in {bytes}; at most {most} are read from a file of its length"
        ));
    }
    Ok(())
}

/// Where the metadata and the body of a block lie, and the length of the body.
fn place(block: &Block, file_bytes: u64) -> Option<(u64, u64, u64)> {
    let at = u64::try_from(block.offset()).ok()?;
    let body_at = at.checked_add(u64::try_from(block.metaDataLength()).ok()?)?;
    let body_bytes = u64::try_from(block.bodyLength()).ok()?;
    (body_at.checked_add(body_bytes)? <= file_bytes).then_some((at, body_at, body_bytes))
}

/// The bytes that the buffers of a block take when they are not compressed.
fn announced<R: Read + Seek>(reader: &mut R, at: u64, body_at: u64, body_bytes: u64) -> Result<u64, String> {
    const MARK: &[u8] = &[0xff; 4];
    let metadata = read_at(reader, at, (body_at - at) as usize)?;
    // The length of the message stands in front, behind a mark in newer files.
    let message = if metadata.starts_with(MARK) { metadata.get(8..) } else { metadata.get(4..) };
    let message = root_as_message(message.unwrap_or(&[])).map_err(|error| format!("a block is damaged: {error}"))?;
    let batch = match message.header_type() {
        MessageHeader::RecordBatch => message.header_as_record_batch(),
        MessageHeader::DictionaryBatch => message.header_as_dictionary_batch().and_then(|batch| batch.data()),
        _ => None,
    };
    let Some(batch) = batch else {
        return Err("a block is damaged: it has no rows".to_owned());
    };
    let mut bytes = body_bytes;
    for buffer in batch.buffers().into_iter().flatten().filter(|_| batch.compression().is_some()) {
        let (Ok(offset), Ok(length)) = (u64::try_from(buffer.offset()), u64::try_from(buffer.length())) else {
            return Err("a block is damaged: a buffer lies before its beginning".to_owned());
        };
        if offset.checked_add(length).is_none_or(|end| end > body_bytes) {
            return Err("a block is damaged: a buffer would lie beyond its end".to_owned());
        }
        if length >= 8 {
            let prefix = read_at(reader, body_at + offset, 8)?;
            let announced = prefix.first_chunk().map_or(0, |raw| i64::from_le_bytes(*raw));
            // -1 says that it is not compressed.
            bytes = bytes.saturating_add(u64::try_from(announced).unwrap_or(0));
        }
    }
    Ok(bytes)
}

fn read_at<R: Read + Seek>(reader: &mut R, at: u64, bytes: usize) -> Result<Vec<u8>, String> {
    let mut content = vec![0; bytes];
    let read = reader.seek(SeekFrom::Start(at)).and_then(|_| reader.read_exact(&mut content));
    read.map(|()| content).map_err(|error| error.to_string())
}
