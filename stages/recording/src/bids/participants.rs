//! `participants.tsv`: who was recorded.

use std::collections::HashMap;
use std::io::BufRead;

use super::table::{Cells, TableError, text};
use crate::delimited::{Number, is_missing, number, shortened};

/// The subjects of a dataset, in the order of the table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Participants {
    /// Without `sub-`.
    pub subjects: Vec<String>,
    /// Beside `participant_id`.
    pub columns: Vec<Column>,
    /// What is to be told of them.
    pub notes: Vec<String>,
}

/// A column, whose type follows from all of its cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// As written.
    pub name: String,
    /// One per subject.
    pub values: Values,
}

/// The values of a column; none where one is missing.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// All cells that are not missing are numbers.
    Numbers(Vec<Option<f64>>),
    /// As written.
    Texts(Vec<Option<String>>),
}

impl Participants {
    /// The row of a subject.
    pub fn row(&self, subject: &str) -> Option<usize> {
        self.subjects.iter().position(|known| known == subject)
    }
}

/// Reads `participants.tsv`.
///
/// # Errors
/// What is no table, has no column `participant_id`, or a subject twice.
pub fn read_participants(reader: impl BufRead) -> Result<Participants, TableError> {
    let table = Cells::read(reader)?;
    let id = table.due("participant_id")?;
    let mut subjects = Vec::with_capacity(table.rows.len());
    let mut lines: HashMap<String, u64> = HashMap::new();
    for (line, cells) in &table.rows {
        let written = cells[id].as_str();
        let subject = written.strip_prefix("sub-").unwrap_or(written).to_owned();
        if let Some(first) = lines.insert(subject.clone(), *line) {
            return Err(TableError::Twice { name: written.to_owned(), first, second: *line });
        }
        subjects.push(subject);
    }
    let mut notes = table.notes;
    let mut columns = Vec::new();
    for (place, name) in table.names.iter().enumerate().filter(|(place, _)| *place != id) {
        let cells = || table.rows.iter().map(|(line, cells)| (*line, cells[place].as_str()));
        let values = match cells().find(|(_, cell)| !is_number(cell)) {
            None if cells().any(|(_, cell)| !is_missing(cell)) => {
                Values::Numbers(cells().map(|(_, cell)| value(cell)).collect())
            }
            odd => {
                let has_numbers = cells().any(|(_, cell)| !is_missing(cell) && is_number(cell));
                if let Some((line, cell)) = odd.filter(|_| has_numbers) {
                    notes.push(format!(
                        "the column `{name}` holds text, first `{}` in line {line}, and is no column of numbers",
                        shortened(cell)
                    ));
                }
                Values::Texts(cells().map(|(_, cell)| text(cell).map(str::to_owned)).collect())
            }
        };
        columns.push(Column { name: name.clone(), values });
    }
    Ok(Participants { subjects, columns, notes })
}

/// Whether a cell may stand in a column of numbers; with zeros in front it is a name.
fn is_number(cell: &str) -> bool {
    let digits = cell.trim_start_matches(['+', '-']);
    let is_name = digits.len() > 1 && digits.starts_with('0') && digits.as_bytes()[1].is_ascii_digit();
    number(cell).is_some() && !is_name
}

fn value(cell: &str) -> Option<f64> {
    match number(cell)? {
        Number::Value(value) => Some(value),
        Number::Missing => None,
    }
}
