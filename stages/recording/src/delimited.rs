//! Delimited text, as spreadsheets, pandas and R write it: a header line with the names of the columns, then a row per line.
//!
//! Cells are separated by commas in `.csv`, by tabs in `.tsv`; a `.csv` whose header line has no comma, but semicolons or tabs, is separated by these.
//! Blanks around a cell do not belong to it, unless they stand within double quotes; a cell in quotes may hold separators, ends of lines and `""` for one
//! quote. Lines end with LF, CRLF or CR. A byte order mark, lines without any text, and comments (`#`, `%`) before the header are passed over; so is a first
//! column without a name, which holds the names of the rows. Whatever is passed over with something in it is told in [`Table::notes`].
//!
//! An own reader instead of the crate `csv`: that one does not tell whether a cell was quoted, trims blanks within quotes, and takes an opened quote for the
//! rest of the file.

mod cells;
mod records;

use std::collections::HashSet;
use std::io::{BufRead, Read};

pub use cells::{MISSING_IS, Number, is_missing, number};
pub use records::Cell;

use records::Records;

/// What is wrong with delimited text.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, thiserror::Error)]
pub enum DelimitedError {
    #[error("it cannot be read: {0}")]
    Io(#[from] std::io::Error),
    #[error("line {line} is not text in UTF-8")]
    NotText { line: u64 },
    #[error("line {line} opens a quote that it does not close, or has text after one")]
    Quote { line: u64 },
    #[error("the file is empty; it needs a header line with the names of its columns")]
    Empty,
    #[error("column {column} of the header is {problem}; columns must have names, and these must differ")]
    ColumnName { column: usize, problem: String },
    #[error("line {line} has `{found}` in column {column}, which has no name in the header")]
    NoName { line: u64, column: usize, found: String },
    #[error("line {line} has {found} cells; the header has {expected}")]
    Ragged { line: u64, found: usize, expected: usize },
    #[error(
        "line {line} begins with `{mark}` and has as many cells as line {next}: remove the mark if this is the header, or the line if it is a comment"
    )]
    CommentOrHeader { line: u64, next: u64, mark: char },
}

/// How the cells of a line are separated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    /// By commas; by semicolons or tabs where the header line has no comma.
    Comma,
    /// A tab.
    Tab,
}

/// A table of which the header has been read.
pub struct Table<R: BufRead> {
    records: Records<R>,
    names: Vec<String>,
    /// By position in the line: which of `names` it is.
    columns: Vec<Option<usize>>,
    notes: Vec<String>,
}

/// A line of a table: the cells of its named columns.
pub struct Row<'a> {
    /// From 1, the header included where it is the first.
    pub line: u64,
    record: &'a records::Record,
    columns: &'a [Option<usize>],
}

impl<R: Read> Table<std::io::BufReader<R>> {
    /// Reads the header.
    ///
    /// # Errors
    /// No header, columns without name or with the same one, and what is no text.
    pub fn open(reader: R, separator: Separator) -> Result<Self, DelimitedError> {
        Self::new(std::io::BufReader::new(reader), separator)
    }
}

impl<R: BufRead> Table<R> {
    /// As [`Table::open`], on a reader that has a buffer of its own.
    ///
    /// # Errors
    /// Those of [`Table::open`].
    pub fn new(reader: R, separator: Separator) -> Result<Self, DelimitedError> {
        let mut records = Records::new(reader, separator);
        let mut notes = Vec::new();
        // Line, mark and number of cells of the last comment.
        let mut comment: Option<(u64, char, usize)> = None;
        let mut comments = 0_u64;
        let header: Vec<String> = loop {
            let Some(record) = records.next_record()? else {
                return Err(DelimitedError::Empty);
            };
            match record.comment_mark() {
                Some(mark) => {
                    comments += 1;
                    comment = Some((record.line, mark, record.len()));
                }
                None => {
                    if let Some((line, mark, cells)) = comment
                        && cells == record.len()
                        && cells > 1
                    {
                        return Err(DelimitedError::CommentOrHeader { line, next: record.line, mark });
                    }
                    break record.cells().map(|cell| cell.text.to_owned()).collect();
                }
            }
        };
        if comments > 0 {
            notes.push(format!("{} before the header", counted(comments, "comment line is", "comment lines are")));
        }
        notes.extend(records.separator_note());
        let (names, columns) = named(header, &mut notes)?;
        Ok(Self { records, names, columns, notes })
    }

    /// The names of the columns, in the order of the file; they differ.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether commas stand between cells, so that none can be within a number.
    pub fn has_commas_between(&self) -> bool {
        self.records.separator() == b','
    }

    /// What was passed over.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The next row; none at the end.
    ///
    /// # Errors
    /// A line with another number of cells than the header, text in a column without a name, and what is no text.
    pub fn next_row(&mut self) -> Result<Option<Row<'_>>, DelimitedError> {
        let expected = self.columns.len();
        let has_unnamed = expected > self.names.len();
        let Some(record) = self.records.next_record()? else {
            return Ok(None);
        };
        let (line, found) = (record.line, record.len());
        if found != expected {
            return Err(DelimitedError::Ragged { line, found, expected });
        }
        if has_unnamed {
            // The first may hold names of rows.
            for (position, cell) in record.cells().enumerate().skip(1) {
                if self.columns[position].is_none() && !cell.text.is_empty() {
                    let found = shortened(cell.text);
                    return Err(DelimitedError::NoName { line, column: position + 1, found });
                }
            }
        }
        Ok(Some(Row { line, record, columns: &self.columns }))
    }
}

impl<'a> Row<'a> {
    /// The cells, in the order of [`Table::names`].
    pub fn cells(&self) -> impl Iterator<Item = Cell<'a>> {
        let columns = self.columns;
        self.record.cells().enumerate().filter(move |(position, _)| columns[*position].is_some()).map(|(_, cell)| cell)
    }
}

/// What pandas calls the names of rows when it reads them back.
fn is_row_name(name: &str) -> bool {
    let number = name.strip_prefix("Unnamed: ").unwrap_or(name);
    number.bytes().all(|byte| byte.is_ascii_digit()) && number.len() < name.len() || name.is_empty()
}

type Named = (Vec<String>, Vec<Option<usize>>);

fn named(header: Vec<String>, notes: &mut Vec<String>) -> Result<Named, DelimitedError> {
    let mut names: Vec<String> = Vec::with_capacity(header.len());
    let mut columns = Vec::with_capacity(header.len());
    let mut seen: HashSet<String> = HashSet::new();
    let several = header.len() > 1;
    for (position, name) in header.into_iter().enumerate() {
        if position == 0 && several && is_row_name(&name) {
            let called = if name.is_empty() { "without a name".to_owned() } else { format!("`{name}`") };
            notes.push(format!("the first column, {called}, holds the names of the rows and is not read"));
            columns.push(None);
            continue;
        }
        if name.is_empty() && several {
            // Left by a separator at the end of the line, unless a row has something there.
            columns.push(None);
            continue;
        }
        let problem = match name.as_str() {
            "" => Some("empty".to_owned()),
            _ if !seen.insert(name.clone()) => Some(format!("`{}` again", shortened(&name))),
            _ => None,
        };
        if let Some(problem) = problem {
            return Err(DelimitedError::ColumnName { column: position + 1, problem });
        }
        columns.push(Some(names.len()));
        names.push(name);
    }
    if names.is_empty() {
        return Err(DelimitedError::ColumnName { column: 1, problem: "empty".to_owned() });
    }
    Ok((names, columns))
}

/// The beginning of a text, for messages.
pub fn shortened(text: &str) -> String {
    const MOST_SHOWN: usize = 40;
    text.chars().take(MOST_SHOWN).collect()
}

fn counted(count: u64, one: &str, several: &str) -> String {
    format!("{count} {} passed over", if count == 1 { one } else { several })
}

#[cfg(test)]
mod tests;
