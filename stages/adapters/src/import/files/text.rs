//! Tables as delimited text, cell by cell as written; what a column is, its table says (`column.rs`).

use std::io::BufRead;

use lapicque_pipeline::{ConfigError, FileRef};
use lapicque_recording::delimited::{DelimitedError, Separator, Table};

use super::file_error;

/// The columns of a file.
pub(crate) struct TextTable {
    pub(crate) columns: Vec<TextColumn>,
    /// The line of each row, as a person counts them: the header is line 1.
    pub(crate) lines: Vec<u64>,
    /// What was passed over.
    pub(crate) notes: Vec<String>,
}

pub(crate) struct TextColumn {
    pub(crate) name: String,
    pub(crate) cells: Vec<String>,
}

/// Whether a file of this extension is delimited text, and how.
pub(crate) fn separator(extension: &str) -> Option<Separator> {
    match extension {
        "csv" => Some(Separator::Comma),
        "tsv" => Some(Separator::Tab),
        _ => None,
    }
}

pub(crate) fn read_text(file: &FileRef, separator: Separator, field: &str) -> Result<TextTable, ConfigError> {
    let fail = |message: String| file_error(field, file, message);
    file.read(|reader| read_rows(reader, separator))
        .map_err(|error| fail(error.to_string()))?
        .map_err(|error| fail(error.to_string()))
}

fn read_rows(reader: impl BufRead, separator: Separator) -> Result<TextTable, DelimitedError> {
    let mut table = Table::new(reader, separator)?;
    let mut columns: Vec<TextColumn> =
        table.names().iter().map(|name| TextColumn { name: name.clone(), cells: Vec::new() }).collect();
    let mut lines = Vec::new();
    while let Some(row) = table.next_row()? {
        lines.push(row.line);
        for (column, cell) in columns.iter_mut().zip(row.cells()) {
            column.cells.push(cell.text.to_owned());
        }
    }
    let notes = table.notes().to_vec();
    Ok(TextTable { columns, lines, notes })
}
