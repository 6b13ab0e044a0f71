//! Comma-separated text: a header line, a column of times in seconds, and one column per channel.
//!
//! Times must be uniform: the k-th lies within a tenth of the mean interval of start + k (mean interval), so rounded times pass and a missing or doubled row
//! does not. The sampling rate is the reciprocal of the mean interval. An empty cell or `nan` is a missing value (NaN); times cannot be missing. A byte
//! order mark, CRLF, quotes, and spaces around cells are understood; lines without any text are skipped.

mod lines;

use std::borrow::Cow;
use std::collections::HashSet;
use std::io::{BufReader, Read, Seek, SeekFrom};

use crate::{Channel, Recording};
use lines::{Line, Lines};

/// The error of [`read_csv`].
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    #[error("cannot read the CSV file: {0}")]
    Io(#[from] std::io::Error),
    #[error("line {line} is not text in UTF-8")]
    NotText { line: u64 },
    #[error("line {line} opens a quote that it does not close, or has text after one")]
    Quote { line: u64 },
    #[error("the file is empty; it needs a header line with `{time_column}` and a name for each channel")]
    Empty { time_column: String },
    #[error("no column is named `{time_column}` (time in seconds); columns: {found}")]
    NoTimeColumn { time_column: String, found: String },
    #[error("`{time_column}` is the only column; each channel needs one")]
    NoChannels { time_column: String },
    #[error("column {column} of the header is {problem}; channel names must be given, and differ")]
    ChannelName { column: usize, problem: String },
    #[error("line {line} has {found} cells; the header has {expected}")]
    Ragged { line: u64, found: usize, expected: usize },
    #[error("line {line}, column `{column}`: `{found}`; allowed: {allowed}")]
    Number { line: u64, column: String, found: String, allowed: &'static str },
    #[error("{found} rows of samples; at least two are needed to know the sampling rate")]
    TooFewRows { found: usize },
    #[error(
        "line {line}: `{time_column}` steps by {interval_s} s from the row before, but by {mean_interval_s} s on average; samples must be uniform in time"
    )]
    NotUniform { line: u64, time_column: String, interval_s: f64, mean_interval_s: f64 },
}

/// Part of the mean interval by which a time may lie off the grid.
const TOLERANCE: f64 = 0.1;

/// Reads a CSV file whose column `time_column` (by convention `time_s`) holds times in seconds; every other column is a channel without a unit.
///
/// # Errors
/// A missing or doubled column, a line with another number of cells than the header, a cell that is no number, times that are not uniform, fewer than two
/// rows, and failures of the reader.
pub fn read_csv<R: Read + Seek>(reader: &mut R, time_column: &str) -> Result<Recording, CsvError> {
    reader.seek(SeekFrom::Start(0))?;
    let mut lines = Lines::new(BufReader::new(reader));
    let names = match lines.next_line()? {
        Some(header) => header.cells.into_iter().map(Cow::into_owned).collect(),
        None => Vec::new(),
    };
    let time_position = time_position(&names, time_column)?;
    let mut times = Times::default();
    let mut columns: Vec<Vec<f64>> = vec![Vec::new(); names.len()];
    while let Some(Line { number: line, cells }) = lines.next_line()? {
        let found = cells.len();
        if found != names.len() {
            let expected = names.len();
            return Err(CsvError::Ragged { line, found, expected });
        }
        for (position, ((cell, name), column)) in cells.iter().zip(&names).zip(&mut columns).enumerate() {
            if position == time_position {
                times.push(line, time(cell, line, name)?);
            } else {
                column.push(sample(cell, line, name)?);
            }
        }
    }
    let sampling_rate_hz = times.sampling_rate_hz(time_column)?;
    let channels = names
        .into_iter()
        .zip(columns)
        .enumerate()
        .filter(|(position, _)| *position != time_position)
        .map(|(_, (label, samples))| Channel { label, unit: None, sampling_rate_hz, samples, start_s: times.first() })
        .collect();
    Ok(Recording { channels, annotations: Vec::new(), start: None })
}

fn time_position(names: &[String], time_column: &str) -> Result<usize, CsvError> {
    let time_name = || time_column.to_owned();
    if names.is_empty() {
        return Err(CsvError::Empty { time_column: time_name() });
    }
    let mut seen = HashSet::new();
    for (position, name) in names.iter().enumerate() {
        let problem = match name.as_str() {
            "" => Some("empty".to_owned()),
            name if !seen.insert(name) => Some(format!("`{name}` again")),
            _ => None,
        };
        if let Some(problem) = problem {
            return Err(CsvError::ChannelName { column: position + 1, problem });
        }
    }
    let Some(position) = names.iter().position(|name| name == time_column) else {
        const MOST_SHOWN: usize = 20;
        let found = names[..names.len().min(MOST_SHOWN)].join(", ");
        return Err(CsvError::NoTimeColumn { time_column: time_name(), found });
    };
    if names.len() == 1 {
        return Err(CsvError::NoChannels { time_column: time_name() });
    }
    Ok(position)
}

fn time(cell: &str, line: u64, column: &str) -> Result<f64, CsvError> {
    finite(cell).ok_or_else(|| refused(cell, line, column, "a time in seconds"))
}

fn sample(cell: &str, line: u64, column: &str) -> Result<f64, CsvError> {
    if cell.is_empty() || cell.eq_ignore_ascii_case("nan") {
        return Ok(f64::NAN);
    }
    finite(cell).ok_or_else(|| refused(cell, line, column, "a finite number, `nan`, or nothing"))
}

fn finite(cell: &str) -> Option<f64> {
    cell.parse::<f64>().ok().filter(|value| value.is_finite())
}

fn refused(cell: &str, line: u64, column: &str, allowed: &'static str) -> CsvError {
    const MOST_SHOWN: usize = 40;
    let found = cell.chars().take(MOST_SHOWN).collect();
    CsvError::Number { line, column: column.to_owned(), found, allowed }
}

/// To six digits: the rest is rounding, and in the way of reading.
fn shortened(seconds: f64) -> f64 {
    format!("{seconds:.5e}").parse().unwrap_or(seconds)
}

/// The column of times, with the lines they come from.
#[derive(Default)]
struct Times {
    seconds: Vec<f64>,
    lines: Vec<u64>,
}

impl Times {
    fn push(&mut self, line: u64, seconds: f64) {
        self.seconds.push(seconds);
        self.lines.push(line);
    }

    fn first(&self) -> f64 {
        self.seconds.first().copied().unwrap_or(0.0)
    }

    fn sampling_rate_hz(&self, time_column: &str) -> Result<f64, CsvError> {
        let (Some(first), Some(last), rows @ 2..) = (self.seconds.first(), self.seconds.last(), self.seconds.len())
        else {
            return Err(CsvError::TooFewRows { found: self.seconds.len() });
        };
        let interval = (last - first) / (rows - 1) as f64;
        let rate = 1.0 / interval;
        let off_grid = |row: usize| (self.seconds[row] - first - row as f64 * interval).abs();
        // An interval of zero, below zero, or not finite has no time on its grid.
        let on_grid = |row: usize| off_grid(row) <= TOLERANCE * interval;
        if !(1..rows).all(on_grid) || !rate.is_finite() || rate <= 0.0 {
            let step = |row: usize| self.seconds[row] - self.seconds[row - 1];
            // Where the odd step is tells more than where the sum of all steps is farthest off.
            let worst = (1..rows)
                .max_by(|&a, &b| (step(a) - interval).abs().total_cmp(&(step(b) - interval).abs()))
                .unwrap_or(1);
            return Err(CsvError::NotUniform {
                line: self.lines[worst],
                time_column: time_column.to_owned(),
                interval_s: shortened(step(worst)),
                mean_interval_s: shortened(interval),
            });
        }
        // Decimal times give 250.00000000000003; what is a whole number but for rounding was meant as one.
        const ROUNDING: f64 = 1e-9;
        let whole = rate.round();
        Ok(if (rate - whole).abs() <= ROUNDING * rate { whole } else { rate })
    }
}

#[cfg(test)]
mod tests;
