//! Matrices as plain text: a line per row, numbers separated by tabs, semicolons, commas or blanks, as `numpy.savetxt`, MATLAB and spreadsheets write them.
//!
//! What separates cells is decided by the first line. Lines without any text, and those that begin with `#` or `%`, are passed over. The first line holds
//! names of columns where a cell behind its first is no number, or where its first is empty; the first column holds names of rows where its first cell is no
//! number, or where the line of names leaves it without one.

mod tvb;

use std::io::{Read, Seek};

pub use tvb::{Tvb, TvbError, read_tvb};

use crate::npz::{NpzError, content};

/// Numbers in rows, with names where the file has them.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// Lengths of its sides.
    pub rows: usize,
    /// Lengths of its sides.
    pub columns: usize,
    /// Row after row.
    pub values: Vec<f64>,
    /// One for each row.
    pub row_names: Option<Vec<String>>,
    /// One for each column.
    pub column_names: Option<Vec<String>>,
}

/// What is wrong with a matrix in text.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum MatrixError {
    #[error("it cannot be read: {0}")]
    Io(#[from] std::io::Error),
    #[error("line {line} is not text in UTF-8")]
    NotText { line: usize },
    #[error("it has no numbers")]
    Empty,
    #[error("line {line} has {found} cells; line {first} has {expected}")]
    Ragged { line: usize, found: usize, first: usize, expected: usize },
    #[error("line {line}, column {column} is `{found}`; a number is due")]
    Number { line: usize, column: usize, found: String },
    #[error("line {line}, the names of columns, has {found} names; there are {expected} columns")]
    Names { line: usize, found: usize, expected: usize },
}

/// Reads a matrix of text.
///
/// # Errors
/// Cells that are no numbers, rows of different lengths, no numbers at all.
pub fn read_matrix(reader: &mut impl Read) -> Result<Matrix, MatrixError> {
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes)?;
    matrix_of(&bytes)
}

/// Reads lines of text, blank ones and comments aside: one name each.
///
/// # Errors
/// What is no text.
pub fn read_names(reader: &mut impl Read) -> Result<Vec<String>, MatrixError> {
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes)?;
    Ok(lines(&bytes)?.into_iter().map(|(_, line)| unquoted(line).to_owned()).collect())
}

/// The array `variable` of an NPZ archive, or its only one, as the bytes of an NPY file.
///
/// # Errors
/// No such array, and an archive that is damaged.
pub fn read_npz_array(reader: &mut (impl Read + Seek), variable: Option<&str>) -> Result<Vec<u8>, NpzError> {
    let mut arrays: Vec<String> = crate::npz::names(reader)?;
    arrays.retain(|name| name.ends_with(".npy"));
    let bare = |name: &String| name.trim_end_matches(".npy").to_owned();
    let names = arrays.iter().take(12).map(bare).collect::<Vec<String>>().join(", ");
    let wanted = match (variable, arrays.as_slice()) {
        (_, []) => return Err(NpzError::NoArray { found: "none".to_owned() }),
        (Some(variable), _) => format!("{variable}.npy"),
        (None, [one]) => one.clone(),
        (None, several) => return Err(NpzError::SeveralArrays { count: several.len(), names }),
    };
    content(reader, &wanted)?
        .ok_or_else(|| NpzError::NoSuchArray { wanted: wanted.trim_end_matches(".npy").to_owned(), names })
}

fn matrix_of(bytes: &[u8]) -> Result<Matrix, MatrixError> {
    let lines = lines(bytes)?;
    let Some((_, first)) = lines.first() else {
        return Err(MatrixError::Empty);
    };
    let separator = ['\t', ';', ','].into_iter().find(|&separator| first.contains(separator));
    let rows: Vec<(usize, Vec<&str>)> = lines.iter().map(|&(number, line)| (number, cells(line, separator))).collect();
    let (header_line, header) = &rows[0];
    let has_header = header[0].is_empty() && header.len() > 1
        || header.iter().skip(1).any(|cell| number(cell).is_none())
        || header.len() == 1 && number(header[0]).is_none();
    // A decimal comma makes no name of a number.
    let comma = header.iter().position(|cell| number(cell).is_none() && number(&cell.replacen(',', ".", 1)).is_some());
    if let Some(column) = comma {
        let found = crate::delimited::shortened(header[column]);
        return Err(MatrixError::Number { line: *header_line, column: column + 1, found });
    }
    let body = &rows[usize::from(has_header)..];
    let Some((first_line, first)) = body.first() else {
        return Err(MatrixError::Empty);
    };
    let is_short = has_header && header.len() + 1 == first.len();
    let has_names = has_header && header[0].is_empty() || is_short || first.len() > 1 && number(first[0]).is_none();
    let own = usize::from(has_names);
    let columns = first.len() - own;
    if columns == 0 {
        return Err(MatrixError::Empty);
    }
    let mut values = Vec::with_capacity(body.len() * columns);
    for (line, cells) in body {
        if cells.len() != first.len() {
            let (found, expected) = (cells.len(), first.len());
            return Err(MatrixError::Ragged { line: *line, found, first: *first_line, expected });
        }
        for (column, cell) in cells.iter().enumerate().skip(own) {
            let found = || crate::delimited::shortened(cell);
            let wrong = || MatrixError::Number { line: *line, column: column + 1, found: found() };
            values.push(number(cell).ok_or_else(wrong)?);
        }
    }
    let owned = |cells: &[&str]| cells.iter().map(|&cell| cell.to_owned()).collect::<Vec<String>>();
    let column_names = has_header.then(|| owned(&header[if is_short { 0 } else { own.min(header.len()) }..]));
    if let Some(names) = column_names.as_ref().filter(|names| names.len() != columns) {
        return Err(MatrixError::Names { line: *header_line, found: names.len(), expected: columns });
    }
    let row_names = has_names.then(|| body.iter().map(|(_, cells)| cells[0].to_owned()).collect());
    Ok(Matrix { rows: body.len(), columns, values, row_names, column_names })
}

/// Lines with their numbers from 1.
fn lines(bytes: &[u8]) -> Result<Vec<(usize, &str)>, MatrixError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        MatrixError::NotText { line: 1 + before.iter().filter(|&&byte| byte == b'\n').count() }
    })?;
    let is_said = |(_, line): &(usize, &str)| !line.trim().is_empty() && !line.trim_start().starts_with(['#', '%']);
    Ok((1..).zip(text.lines()).filter(is_said).collect())
}

fn cells(line: &str, separator: Option<char>) -> Vec<&str> {
    match separator {
        // One at the end of a line has nothing behind it.
        Some(separator) => {
            let line = line.trim_end_matches(['\r', ' ']);
            line.strip_suffix(separator).unwrap_or(line).split(separator).map(unquoted).collect()
        }
        None => line.split_whitespace().map(unquoted).collect(),
    }
}

fn unquoted(cell: &str) -> &str {
    let cell = cell.trim();
    cell.strip_prefix('"').and_then(|cell| cell.strip_suffix('"')).unwrap_or(cell)
}

/// NaN and infinity are numbers here; who uses them refuses them with a better word.
fn number(cell: &str) -> Option<f64> {
    cell.parse().ok()
}

#[cfg(test)]
mod tests;
