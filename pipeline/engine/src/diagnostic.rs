//! Errors of what the user wrote, with the place where it stands.

use std::fmt;
use std::path::PathBuf;

use crate::config::Place;

/// One problem of a pipeline file or of another input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub file: Option<PathBuf>,
    /// The option of the command line that says so, where it is none of the file, e.g. `--set spikes.duration=5`.
    pub option: Option<String>,
    pub place: Option<Place>,
    /// The line of the file, for showing.
    pub source_line: Option<String>,
    /// Stage and field, e.g. `stages.spikes.duration`.
    pub field: String,
    pub message: String,
}

/// Everything that is wrong with an input; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostic {
    pub fn new(field: impl Into<String>, message: impl ToString) -> Self {
        let (field, message) = (field.into(), message.to_string());
        Self { file: None, option: None, place: None, source_line: None, field, message }
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}", file.display())?;
            if let Some(place) = self.place {
                write!(f, ":{}:{}", place.line, place.column)?;
            }
            f.write_str(": ")?;
        }
        if let Some(option) = &self.option {
            let shown: String = option.chars().take(120).collect();
            write!(f, "{shown}{}: ", if shown.len() < option.len() { "..." } else { "" })?;
        }
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.message)?;
        if let (Some(place), Some(line)) = (self.place, &self.source_line) {
            let line: String = line.chars().take(160).collect();
            write!(f, "\n{:>5} | {line}", place.line)?;
        }
        Ok(())
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, diagnostic) in self.0.iter().enumerate() {
            write!(f, "{}{diagnostic}", if i == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}
