//! Matrix Market files (`.mtx`), as NIST, SciPy (`scipy.io.mmwrite`), MATLAB and SuiteSparse write them.
//!
//! The first line is `%%MatrixMarket matrix FORMAT FIELD SYMMETRY`, in any case; lines that begin with `%` and blank ones are passed over; then come the
//! sizes and the entries.
//!
//! | format | sizes | an entry |
//! |---|---|---|
//! | coordinate | rows, columns, entries | row, column (from 1) and value; `pattern` has no value, which is 1 |
//! | array | rows, columns | values, column after column |
//!
//! Of `symmetric` and `skew-symmetric` matrices the lower triangle is in the file (the latter without its diagonal); the other half is added here, so that
//! what comes out is the whole matrix. Values are real or integer; complex and Hermitian ones are refused.
//!
//! Source: R. F. Boisvert, R. Pozo, K. Remington, The Matrix Market exchange formats, NISTIR 5935 (1996).

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use crate::delimited::shortened;

/// Longest line that is read (bytes); the standard allows 1024.
const LONGEST_LINE: u64 = 4096;

/// A matrix as its entries.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Entries {
    /// Length of its sides.
    pub rows: u32,
    /// Length of its sides.
    pub columns: u32,
    /// Row and column from 0, and value, in the order of the file, each mirrored one behind its own. A dense matrix has all of them, but for zeros; what is
    /// stored as 0 in a sparse one is here.
    pub entries: Vec<(u32, u32, f64)>,
}

/// What is wrong with a Matrix Market file.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum MatrixMarketError {
    #[error("it cannot be read: {0}")]
    Io(#[from] std::io::Error),
    #[error("its first line is `{found}`; expected e.g. `%%MatrixMarket matrix coordinate real general`")]
    Banner { found: String },
    #[error("its {what} is `{found}`; allowed: {allowed}")]
    Unsupported { what: &'static str, found: String, allowed: &'static str },
    #[error("line {line} is no text, or longer than {LONGEST_LINE} bytes")]
    Line { line: u64 },
    #[error("line {line} is `{found}`; expected {expected}")]
    Cells { line: u64, found: String, expected: &'static str },
    #[error("a {symmetry} matrix has {rows} rows and {columns} columns; expected as many of both")]
    NotSquare { symmetry: &'static str, rows: u32, columns: u32 },
    #[error("{announced} entries are announced; {found} bytes are left for them, and {needed} at least are needed")]
    Announced { announced: u64, needed: u128, found: u64 },
    #[error("the file ends after {found} of {announced} entries")]
    Ends { found: u64, announced: u64 },
    #[error("line {line} comes after the last of {announced} entries")]
    Beyond { line: u64, announced: u64 },
    #[error("line {line} is row {row}, column {column}; rows are 1 to {rows}, columns 1 to {columns}")]
    Place { line: u64, row: u64, column: u64, rows: u32, columns: u32 },
    #[error("line {line} is row {row}, column {column} of a {symmetry} matrix; expected the lower triangle{without}")]
    Triangle { line: u64, row: u64, column: u64, symmetry: &'static str, without: &'static str },
}

/// Reads a file.
///
/// # Errors
/// What is not of the format, is not read here (complex numbers), or does not have the entries that it announces.
pub fn read_matrix_market<R: Read + Seek>(reader: &mut R) -> Result<Entries, MatrixMarketError> {
    let length = reader.seek(SeekFrom::End(0))?;
    reader.seek(SeekFrom::Start(0))?;
    let mut lines = Lines { reader: BufReader::new(reader), line: 0, read: 0, bytes: Vec::new() };
    lines.next()?;
    let kind = banner(lines.text())?;
    lines.next_said()?;
    let (rows, columns, announced) = kind.sizes(lines.text(), lines.line)?;
    // A digit, and what parts it from the next.
    let per_entry = if kind.is_coordinate { if kind.has_values { 6 } else { 4 } } else { 2 };
    let (needed, found) = (u128::from(announced) * per_entry, length.saturating_sub(lines.read));
    if needed > u128::from(found) + 1 {
        return Err(MatrixMarketError::Announced { announced, needed: needed - 1, found });
    }
    let mut entries = Vec::new();
    let mut places = kind.places(rows, columns);
    let mut count = 0;
    while lines.next_said()? {
        let text = lines.text();
        // Dense matrices may have several values in a line.
        let mut cells = text.split_ascii_whitespace().peekable();
        while cells.peek().is_some() {
            if count == announced {
                return Err(MatrixMarketError::Beyond { line: lines.line, announced });
            }
            let (row, column, value) = if kind.is_coordinate {
                let entry = kind.entry(&mut cells).filter(|_| cells.peek().is_none());
                let expected = if kind.has_values { "a row, a column and a number" } else { "a row and a column" };
                let wrong = || MatrixMarketError::Cells { line: lines.line, found: shortened(text), expected };
                let (row, column, value) = entry.ok_or_else(wrong)?;
                let (row, column) = kind.place(row, column, (rows, columns), lines.line)?;
                (row, column, value)
            } else {
                let cell = cells.next().unwrap_or_default();
                let expected = "a number";
                let wrong = || MatrixMarketError::Cells { line: lines.line, found: shortened(cell), expected };
                let value: f64 = cell.parse().map_err(|_| wrong())?;
                let (row, column) = places.next().ok_or_else(wrong)?;
                (row, column, value)
            };
            count += 1;
            if !kind.is_coordinate && value == 0.0 {
                continue;
            }
            entries.push((row, column, value));
            match kind.symmetry {
                Symmetry::General => {}
                Symmetry::Symmetric if row == column => {}
                Symmetry::Symmetric => entries.push((column, row, value)),
                Symmetry::Skew => entries.push((column, row, -value)),
            }
        }
    }
    if count < announced {
        return Err(MatrixMarketError::Ends { found: count, announced });
    }
    Ok(Entries { rows, columns, entries })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Symmetry {
    General,
    Symmetric,
    Skew,
}

impl Symmetry {
    fn name(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Symmetric => "symmetric",
            Self::Skew => "skew-symmetric",
        }
    }
}

/// What the first line says.
#[derive(Debug, Clone, Copy)]
struct Kind {
    is_coordinate: bool,
    has_values: bool,
    symmetry: Symmetry,
}

fn banner(line: &str) -> Result<Kind, MatrixMarketError> {
    let lower = line.trim_start_matches('\u{feff}').to_ascii_lowercase();
    let words: Vec<&str> = lower.split_ascii_whitespace().collect();
    let ["%%matrixmarket", object, format, field, symmetry] = *words.as_slice() else {
        return Err(MatrixMarketError::Banner { found: shortened(line) });
    };
    let refuse =
        |what, found: &str, allowed| Err(MatrixMarketError::Unsupported { what, found: shortened(found), allowed });
    if object != "matrix" {
        return refuse("object", object, "matrix");
    }
    let is_coordinate = match format {
        "coordinate" => true,
        "array" => false,
        other => return refuse("format", other, "coordinate, array"),
    };
    let has_values = match field {
        "real" | "double" | "integer" | "unsigned-integer" => true,
        "pattern" if is_coordinate => false,
        other => return refuse("field", other, "real, integer, and pattern for coordinate"),
    };
    let symmetry = match symmetry {
        "general" => Symmetry::General,
        "symmetric" => Symmetry::Symmetric,
        "skew-symmetric" if has_values => Symmetry::Skew,
        other => return refuse("symmetry", other, "general, symmetric, and skew-symmetric where there are values"),
    };
    Ok(Kind { is_coordinate, has_values, symmetry })
}

impl Kind {
    /// Rows, columns, and how many entries the file has.
    fn sizes(self, text: &str, line: u64) -> Result<(u32, u32, u64), MatrixMarketError> {
        let expected = if self.is_coordinate {
            "the numbers of rows, columns and entries, the first two below 4294967296"
        } else {
            "the numbers of rows and columns, both below 4294967296"
        };
        let wrong = || MatrixMarketError::Cells { line, found: shortened(text), expected };
        let numbers: Option<Vec<u64>> = text.split_ascii_whitespace().map(|cell| cell.parse().ok()).collect();
        let (rows, columns, announced) = match *numbers.ok_or_else(wrong)? {
            [rows, columns, entries] if self.is_coordinate => (rows, columns, Some(entries)),
            [rows, columns] if !self.is_coordinate => (rows, columns, None),
            _ => return Err(wrong()),
        };
        let (rows, columns) = (u32::try_from(rows).map_err(|_| wrong())?, u32::try_from(columns).map_err(|_| wrong())?);
        if self.symmetry != Symmetry::General && rows != columns {
            return Err(MatrixMarketError::NotSquare { symmetry: self.symmetry.name(), rows, columns });
        }
        let n = u64::from(rows);
        let dense = match self.symmetry {
            Symmetry::General => n * u64::from(columns),
            Symmetry::Symmetric => n * (n + 1) / 2,
            Symmetry::Skew => n * n.saturating_sub(1) / 2,
        };
        Ok((rows, columns, announced.unwrap_or(dense)))
    }

    /// The places of a dense matrix, in the order of the file.
    fn places(self, rows: u32, columns: u32) -> impl Iterator<Item = (u32, u32)> {
        (0..columns).flat_map(move |column| {
            let first = match self.symmetry {
                Symmetry::General => 0,
                Symmetry::Symmetric => column,
                Symmetry::Skew => column + 1,
            };
            (first..rows).map(move |row| (row, column))
        })
    }

    /// Row and column as they are written, and value.
    fn entry<'a>(self, cells: &mut impl Iterator<Item = &'a str>) -> Option<(u64, u64, f64)> {
        let (row, column) = (cells.next()?.parse().ok()?, cells.next()?.parse().ok()?);
        let value = if self.has_values { cells.next()?.parse().ok()? } else { 1.0 };
        Some((row, column, value))
    }

    /// Row and column from 0.
    fn place(
        self,
        row: u64,
        column: u64,
        (rows, columns): (u32, u32),
        line: u64,
    ) -> Result<(u32, u32), MatrixMarketError> {
        let is_within = (1..=u64::from(rows)).contains(&row) && (1..=u64::from(columns)).contains(&column);
        if !is_within {
            return Err(MatrixMarketError::Place { line, row, column, rows, columns });
        }
        let (is_lower, without) = match self.symmetry {
            Symmetry::General => (true, ""),
            Symmetry::Symmetric => (row >= column, ""),
            Symmetry::Skew => (row > column, " without its diagonal"),
        };
        if !is_lower {
            return Err(MatrixMarketError::Triangle { line, row, column, symmetry: self.symmetry.name(), without });
        }
        Ok((row as u32 - 1, column as u32 - 1))
    }
}

/// Lines, counted.
struct Lines<R> {
    reader: R,
    line: u64,
    /// Bytes so far.
    read: u64,
    bytes: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    /// Whether there is a further line.
    fn next(&mut self) -> Result<bool, MatrixMarketError> {
        self.bytes.clear();
        let found = self.reader.by_ref().take(LONGEST_LINE + 1).read_until(b'\n', &mut self.bytes)? as u64;
        if found == 0 {
            return Ok(false);
        }
        (self.line, self.read) = (self.line + 1, self.read + found);
        if found > LONGEST_LINE || std::str::from_utf8(&self.bytes).is_err() {
            return Err(MatrixMarketError::Line { line: self.line });
        }
        Ok(true)
    }

    /// Whether there is a further line that is neither blank nor a comment.
    fn next_said(&mut self) -> Result<bool, MatrixMarketError> {
        while self.next()? {
            if !self.text().is_empty() && !self.text().starts_with('%') {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The line at hand, without blanks around it.
    fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap_or_default().trim()
    }
}

#[cfg(test)]
mod tests;
