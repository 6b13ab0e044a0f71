//! MAT version 4: matrices of numbers or text, one behind the other (MAT-File Format, The MathWorks, R2023b, appendix).
//!
//! Each has five whole numbers of 32 bits: a type `MOPT` in decimal digits (M: order of bytes, 0 or 1; P: how numbers are stored; T: 0 numbers, 1 text,
//! 2 sparse), rows, columns, whether it is complex, and the length of its name; then the name and the values, down the columns.

use std::io::{BufReader, Read, Seek, SeekFrom};

use super::budget::Budget;
use super::error::MatError;
use super::numbers::{Stored, convert};
use super::text::rows;
use super::value::{MatValue, Numbers, Sparse};
use crate::read_seek::ReadSeek;

const HEADER_BYTES: u64 = 20;

/// Whether the first bytes of a file may be those of a matrix.
pub(super) fn is_header(bytes: &[u8]) -> bool {
    bytes.first_chunk::<20>().is_some_and(|bytes| header(bytes).is_some())
}

struct Header {
    is_big_endian: bool,
    stored: Stored,
    kind: u32,
    rows: usize,
    columns: usize,
    is_complex: bool,
    name_bytes: usize,
}

fn header(bytes: &[u8; 20]) -> Option<Header> {
    const MOST_NAME_BYTES: usize = 4096;
    let (words, _) = bytes.as_chunks::<4>();
    let word = |at: usize, is_big_endian: bool| {
        if is_big_endian { u32::from_be_bytes(words[at]) } else { u32::from_le_bytes(words[at]) }
    };
    // The digits of a type stay below 10000 in one order of bytes alone.
    let is_big_endian = word(0, false) > 9999;
    let mopt = word(0, is_big_endian);
    let (order, zero, precision, kind) = (mopt / 1000, mopt / 100 % 10, mopt / 10 % 10, mopt % 10);
    if order != u32::from(is_big_endian) || zero != 0 || kind > 2 {
        return None;
    }
    let stored = match precision {
        0 => Stored::F8,
        1 => Stored::F4,
        2 => Stored::I4,
        3 => Stored::I2,
        4 => Stored::U2,
        5 => Stored::U1,
        _ => return None,
    };
    let length = |at: usize| usize::try_from(word(at, is_big_endian).cast_signed()).ok();
    let (rows, columns, name_bytes) = (length(1)?, length(2)?, length(4)?);
    let is_complex = word(3, is_big_endian);
    if is_complex > 1 || name_bytes == 0 || name_bytes > MOST_NAME_BYTES {
        return None;
    }
    Some(Header { is_big_endian, stored, kind, rows, columns, is_complex: is_complex == 1, name_bytes })
}

pub(super) fn read(
    reader: &mut dyn ReadSeek,
    file_bytes: u64,
    budget: &mut Budget<'_>,
) -> Result<Vec<(String, MatValue)>, MatError> {
    let mut reader = BufReader::with_capacity(1 << 16, reader);
    let mut variables = Vec::new();
    let mut position = 0;
    while position + HEADER_BYTES <= file_bytes {
        reader.seek(SeekFrom::Start(position))?;
        let mut bytes = [0; HEADER_BYTES as usize];
        reader.read_exact(&mut bytes)?;
        let number = variables.len() + 1;
        let header = header(&bytes).ok_or_else(|| MatError::Damaged {
            variable: format!("variable {number}"),
            problem: "its header is none of version 4",
        })?;
        let count = (header.rows as u64).saturating_mul(header.columns as u64);
        let parts = if header.is_complex && header.kind == 0 { 2 } else { 1 };
        let part_bytes = count.saturating_mul(header.stored.bytes() as u64);
        let data = position + HEADER_BYTES + header.name_bytes as u64;
        let end = data.saturating_add(part_bytes.saturating_mul(parts));
        if end > file_bytes {
            return Err(MatError::Truncated { variable: format!("variable {number}"), position: file_bytes, end });
        }
        let mut name = vec![0; header.name_bytes];
        reader.read_exact(&mut name)?;
        let name = String::from_utf8_lossy(&name).trim_end_matches('\0').to_owned();
        budget.nodes(1)?;
        budget.path.clone_from(&name);
        let dims = vec![header.rows, header.columns];
        let value = match header.kind {
            0 => {
                let real = part(&mut reader, data, &header, &dims, false, budget)?;
                let imaginary = match header.is_complex {
                    true => part(&mut reader, data + part_bytes, &header, &dims, false, budget)?,
                    false => None,
                };
                let is_whole = !matches!(header.stored, Stored::F4 | Stored::F8);
                MatValue::Numbers(Numbers { dims, is_whole, is_complex: header.is_complex, real, imaginary })
            }
            1 => {
                let codes = part(&mut reader, data, &header, &dims, true, budget)?.unwrap_or_default();
                let characters: Vec<char> =
                    codes.iter().map(|&code| char::from_u32(code as u32).unwrap_or('\u{fffd}')).collect();
                rows(&characters, &dims, |row| row.iter().collect(), budget)?
            }
            _ => {
                let triples = part(&mut reader, data, &header, &dims, true, budget)?.unwrap_or_default();
                sparse(&triples, header.rows, header.columns, budget)?
            }
        };
        budget.path.clear();
        variables.push((name, value));
        position = end;
    }
    Ok(variables)
}

/// The wanted values of a real or imaginary part that begins at `start`.
fn part(
    reader: &mut BufReader<&mut dyn ReadSeek>,
    start: u64,
    header: &Header,
    dims: &[usize],
    is_whole: bool,
    budget: &mut Budget<'_>,
) -> Result<Option<Vec<f64>>, MatError> {
    const AT_ONCE: u64 = 1 << 16;
    let count = header.rows as u64 * header.columns as u64;
    let span = if is_whole { Some(0..count) } else { budget.span(dims) };
    let Some(span) = span else {
        return Ok(None);
    };
    budget.values(span.end - span.start)?;
    let width = header.stored.bytes() as u64;
    reader.seek(SeekFrom::Start(start + span.start * width))?;
    let mut values = Vec::new();
    let mut left = (span.end - span.start) * width;
    let mut buffer = vec![0; left.min(AT_ONCE) as usize];
    while left > 0 {
        let bytes = left.min(AT_ONCE) as usize;
        reader.read_exact(&mut buffer[..bytes])?;
        convert(&buffer[..bytes], header.stored, header.is_big_endian, &mut values);
        left -= bytes as u64;
    }
    Ok(Some(values))
}

/// Rows of row, column, value (real, imaginary), the last of which has the dimensions.
fn sparse(triples: &[f64], rows: usize, columns: usize, budget: &Budget<'_>) -> Result<MatValue, MatError> {
    // A matrix of few elements may announce very many of them, each of which has a start.
    const MOST_COLUMNS: usize = 1 << 20;
    let damaged = || MatError::Damaged { variable: budget.variable(), problem: "its elements lie outside of it" };
    let at = |row: usize, column: usize| triples[row + column * rows];
    let place = |value: f64| (value >= 1.0 && value <= f64::from(i32::MAX)).then_some(value as usize);
    if !(3..=4).contains(&columns) || rows == 0 {
        return Err(damaged());
    }
    let stored = rows - 1;
    let length = |value: f64| if value == 0.0 { Some(0) } else { place(value) };
    let dims = [length(at(stored, 0)).ok_or_else(damaged)?, length(at(stored, 1)).ok_or_else(damaged)?];
    let mut elements = Vec::with_capacity(stored);
    for element in 0..stored {
        let row = place(at(element, 0)).filter(|&row| row <= dims[0]).ok_or_else(damaged)?;
        let column = place(at(element, 1)).filter(|&column| column <= dims[1]).ok_or_else(damaged)?;
        elements.push((column - 1, row - 1, at(element, 2), if columns == 4 { at(element, 3) } else { 0.0 }));
    }
    elements.sort_by_key(|&(column, row, ..)| (column, row));
    if dims[1] > MOST_COLUMNS {
        return Err(damaged());
    }
    let starts = (0..=dims[1]).map(|column| elements.partition_point(|&(of, ..)| of < column)).collect();
    Ok(MatValue::Sparse(Sparse {
        dims,
        rows: elements.iter().map(|&(_, row, ..)| row).collect(),
        column_starts: starts,
        real: elements.iter().map(|&(.., real, _)| real).collect(),
        imaginary: (columns == 4).then(|| elements.iter().map(|&(.., imaginary)| imaginary).collect()),
    }))
}
