//! What is wrong with a model file, and where.

use std::fmt;

use crate::language::render::place;
use crate::language::span::Span;

/// Names of a megabyte are not told in full.
const LONGEST_MESSAGE: usize = 5_000;
const LONGEST_PATH: usize = 300;

/// Line and column, from 1, and the byte where it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct At {
    pub(super) line: u64,
    pub(super) column: u64,
    pub(super) byte: Option<usize>,
}

/// One thing that is wrong with a model file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// From 1.
    pub line: u64,
    /// In characters, from 1.
    pub column: u64,
    /// The field, `neurons.G.threshold`; empty for the whole file.
    pub path: String,
    /// What is wrong, and what is allowed.
    pub message: String,
    /// The line of the file with a row of carets; empty where there is no place to show.
    pub excerpt: String,
}

/// All that is wrong with a model file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFileError {
    /// What the caller calls the file.
    pub source_name: String,
    /// At least one.
    pub faults: Vec<Fault>,
}

impl std::error::Error for ModelFileError {}

/// `model.yaml:12:10: neurons.G.threshold: ...` and below it the line of the file, one after the other.
impl fmt::Display for ModelFileError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, fault) in self.faults.iter().enumerate() {
            if position > 0 {
                formatter.write_str("\n")?;
            }
            write!(formatter, "{}:{fault}", self.source_name)?;
        }
        Ok(())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: ", self.line, self.column)?;
        if !self.path.is_empty() {
            write!(formatter, "{}: ", self.path)?;
        }
        formatter.write_str(&self.message)?;
        if self.excerpt.is_empty() { Ok(()) } else { write!(formatter, "\n{}", self.excerpt) }
    }
}

impl Fault {
    pub(super) fn new(at: At, path: &str, message: String) -> Self {
        let (path, message) = (shortened(path, LONGEST_PATH), shortened(&message, LONGEST_MESSAGE));
        Self { line: at.line, column: at.column, path, message, excerpt: String::new() }
    }

    /// At a piece of the file, which is shown, and other pieces that have to do with it.
    pub(super) fn in_text(text: &str, span: Span, path: &str, message: String, related: &[(Span, String)]) -> Self {
        let (line, column) = span.line_and_column(text);
        let mut excerpt = String::new();
        place(&mut excerpt, text, span, '^', "");
        for (other, what) in related {
            place(&mut excerpt, text, *other, '-', what);
        }
        let excerpt = excerpt.trim_start_matches('\n').to_owned();
        let at = At { line: line as u64, column: column as u64, byte: None };
        Self { excerpt, ..Self::new(at, path, message) }
    }
}

/// At most so many characters of what stands in the file.
pub(super) fn shortened(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
