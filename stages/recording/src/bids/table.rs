//! Tables beside recordings: tab-separated, with the columns that are known by their names.

use std::io::BufRead;

use crate::delimited::{DelimitedError, Separator, Table};

/// What is wrong with a table beside recordings.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum TableError {
    #[error(transparent)]
    Text(#[from] DelimitedError),
    #[error("it has no column `{column}` (columns: {present}); cells are separated by tabs")]
    NoColumn { column: &'static str, present: String },
    #[error("line {line}: `{column}` is `{found}`; {due}")]
    Cell { line: u64, column: String, found: String, due: &'static str },
    #[error("lines {first} and {second} are both of `{name}`; one row per subject is due")]
    Twice { name: String, first: u64, second: u64 },
}

/// A table with all its cells.
pub(super) struct Cells {
    pub(super) names: Vec<String>,
    /// Line and cells of each row.
    pub(super) rows: Vec<(u64, Vec<String>)>,
    pub(super) notes: Vec<String>,
}

impl Cells {
    pub(super) fn read(reader: impl BufRead) -> Result<Self, TableError> {
        let mut table = Table::new(reader, Separator::Tab)?;
        let names = table.names().to_vec();
        let mut rows = Vec::new();
        while let Some(row) = table.next_row()? {
            rows.push((row.line, row.cells().map(|cell| cell.text.to_owned()).collect()));
        }
        let notes = table.notes().to_vec();
        Ok(Self { names, rows, notes })
    }

    /// Where a column stands, in capital or small letters.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        let exact = self.names.iter().position(|known| known == name);
        exact.or_else(|| self.names.iter().position(|known| known.eq_ignore_ascii_case(name)))
    }

    pub(super) fn due(&self, column: &'static str) -> Result<usize, TableError> {
        self.column(column).ok_or_else(|| TableError::NoColumn { column, present: self.names.join(", ") })
    }
}

/// A cell of a column of text; `n/a` and nothing are no value.
pub(super) fn text(cell: &str) -> Option<&str> {
    (!cell.is_empty() && !cell.eq_ignore_ascii_case("n/a")).then_some(cell)
}
