//! Numbers with a comma for the point, where no comma stands between cells.
//!
//! A file has one decimal mark. `1,234` may be a thousand and more: commas are taken for decimal marks where some number shows that they are, by having one
//! to two, or more than three digits behind its comma, or a zero or more than three digits before it.

use super::CsvError;
use crate::delimited::{Number, number, shortened};

/// The decimal marks that a file was found to have.
#[derive(Default)]
pub(super) struct Decimals {
    /// Whether commas may be decimal marks.
    allowed: bool,
    comma: Option<(u64, String)>,
    point: Option<(u64, String)>,
    /// A number with a comma that is no thousand.
    is_clear: bool,
}

impl Decimals {
    /// Commas may be decimal marks, or they never are.
    pub(super) fn new(allowed: bool) -> Self {
        Self { allowed, ..Self::default() }
    }

    /// Reads a cell of a column of numbers.
    pub(super) fn number(&mut self, cell: &str, line: u64) -> Option<Number> {
        if !self.allowed {
            return number(cell);
        }
        let read = number(cell);
        match read {
            Some(Number::Value(_)) if cell.contains('.') => self.has_point(cell, line),
            Some(_) => {}
            None => {
                let text = with_point(cell)?;
                let Some(Number::Value(value)) = number(&text) else {
                    return None;
                };
                self.has_comma(cell, line);
                return Some(Number::Value(value));
            }
        }
        read
    }

    /// A time as [`Decimals::number`] reads it, with a point.
    pub(super) fn time(&mut self, cell: &str, line: u64) -> Option<String> {
        let text = with_point(cell).filter(|text| self.allowed && matches!(number(text), Some(Number::Value(_))))?;
        self.has_comma(cell, line);
        Some(text)
    }

    /// That the time of a cell is a number with a point.
    pub(super) fn time_has_point(&mut self, cell: &str, line: u64) {
        if self.allowed && cell.contains('.') {
            self.has_point(cell, line);
        }
    }

    fn has_point(&mut self, cell: &str, line: u64) {
        self.point.get_or_insert_with(|| (line, shortened(cell)));
    }

    fn has_comma(&mut self, cell: &str, line: u64) {
        self.is_clear |= !is_like_thousands(cell);
        self.comma.get_or_insert_with(|| (line, shortened(cell)));
    }

    /// What is to be told of the marks, once all cells were read.
    pub(super) fn finish(self) -> Result<Option<String>, CsvError> {
        match (self.comma, self.point) {
            (None, _) => Ok(None),
            (Some((line, comma)), Some((other_line, point))) => {
                Err(CsvError::DecimalMarks { line, comma, other_line, point })
            }
            (Some((line, found)), None) if !self.is_clear => Err(CsvError::Thousands { line, found }),
            (Some(_), None) => Ok(Some("a comma in numbers is their decimal mark".to_owned())),
        }
    }
}

/// With a point for its only comma.
fn with_point(cell: &str) -> Option<String> {
    let (whole, fraction) = cell.split_once(',')?;
    (!fraction.contains([',', '.']) && !whole.contains('.')).then(|| format!("{whole}.{fraction}"))
}

fn is_like_thousands(cell: &str) -> bool {
    let (whole, fraction) = cell.trim_start_matches(['+', '-']).split_once(',').unwrap_or((cell, ""));
    let are_digits = whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    are_digits && fraction.len() == 3 && (1..=3).contains(&whole.len()) && !whole.starts_with('0')
}
