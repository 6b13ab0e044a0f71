//! Recordings as delimited text (see [`crate::delimited`]): a header line, a column of times, and one column per channel.
//!
//! Times are numbers in a unit, times of day (`12:00:00.004`) or dates (`2024-05-01T12:00:00.004Z`). They must be uniform but for their rounding, and the
//! sampling rate is the simplest that they allow (`csv_table/uniform.rs`). A value that is missing is NaN; times cannot be missing. A column without any number
//! is no channel; one that has numbers and text is refused, unless other channels are asked for. Where semicolons or tabs stand between cells, numbers may
//! have a comma for the point. Times with gaps whose stretches are uniform, at one rate, give one channel per stretch.

mod decimal;
mod gaps;
mod times;
mod uniform;

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use crate::delimited::{DelimitedError, MISSING_IS, Number, Separator, Table, shortened};
use crate::rates::HIGHEST_RATE_HZ;
use crate::{Channel, Recording, Samples};
use decimal::Decimals;
use times::{Form, Written};
use uniform::{Fit, Rate, Times};

/// How a file is to be read.
#[derive(Debug, Clone, Copy)]
pub struct CsvOptions<'a> {
    /// What stands between cells.
    pub separator: Separator,
    /// The column of times. Default: `time_s`, else `time_ms`, `time_us` or `time_ns`.
    pub time_column: Option<&'a str>,
    /// The unit of the times, where the name of their column does not end with it.
    pub time_unit: Option<TimeUnit>,
    /// Without a column of times, the rate of the samples; with one, the rate that its times must fit.
    pub sampling_rate_hz: Option<f64>,
    /// The columns to read; default all.
    pub channels: Option<&'a [String]>,
}

/// A unit of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeUnit {
    /// s.
    Seconds,
    /// ms.
    Milliseconds,
    /// us.
    Microseconds,
    /// ns.
    Nanoseconds,
}

/// The error of [`read_csv`].
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    #[error("cannot read the CSV file: {0}")]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Text(DelimitedError),
    #[error("no column is named {wanted}; columns: {found}")]
    NoTimeColumn { wanted: String, found: String },
    #[error("the times of column `{time_column}` have no unit; allowed: `time_unit` s, ms, us or ns")]
    NoTimeUnit { time_column: String },
    #[error("`{time_column}` is the only column; each channel needs one")]
    NoChannels { time_column: String },
    #[error("no column is named `{wanted}`; columns: {}", names.join(", "))]
    NoChannel { wanted: String, names: Vec<String> },
    #[error("line {line}, column `{column}`: `{found}`; allowed: {allowed}")]
    Number { line: u64, column: String, found: String, allowed: String },
    #[error("line {line} has `{comma}` and line {other_line} has `{point}`: is a comma or a point the decimal mark?")]
    DecimalMarks { line: u64, comma: String, other_line: u64, point: String },
    #[error("line {line} has `{found}`, and no number shows whether commas are decimal marks or part thousands")]
    Thousands { line: u64, found: String },
    #[error("line {line}, column `{column}`: `{found}` is written in another form than the time before it")]
    TimeForm { line: u64, column: String, found: String },
    #[error("{found} rows of samples; at least two are needed to know the sampling rate")]
    TooFewRows { found: usize },
    #[error(
        "line {line}: `{time_column}` steps by {interval_s} s from the row before, but by {usual_s} s as a rule; samples must be uniform in time (if the times only scatter, `sampling_rate` says what is meant)"
    )]
    NotUniform { line: u64, time_column: String, interval_s: f64, usual_s: f64 },
    #[error("line {line}: `{time_column}` ends at or before the time it starts with; samples must be uniform in time")]
    NotAdvancing { line: u64, time_column: String },
    #[error(
        "the times of `{time_column}` are written to {resolution_s} s, which is too coarse to tell the sampling rate; give it, e.g. `sampling_rate: 250 Hz`"
    )]
    TooCoarse { time_column: String, resolution_s: f64 },
    #[error(
        "line {line}: `{time_column}` is {time_s} s after the first time, but at `sampling_rate` {rate_hz} Hz it would be {expected_s} s"
    )]
    OtherRate { line: u64, time_column: String, rate_hz: f64, time_s: f64, expected_s: f64 },
    #[error(
        "the times of `{time_column}` give a sampling rate of {rate_hz} Hz; allowed: up to {HIGHEST_RATE_HZ} Hz (is `time_unit` another?)"
    )]
    Rate { time_column: String, rate_hz: f64 },
}

impl From<DelimitedError> for CsvError {
    fn from(error: DelimitedError) -> Self {
        match error {
            DelimitedError::Io(error) => Self::Io(error),
            other => Self::Text(other),
        }
    }
}

impl Default for CsvOptions<'_> {
    fn default() -> Self {
        Self { separator: Separator::Comma, time_column: None, time_unit: None, sampling_rate_hz: None, channels: None }
    }
}

impl TimeUnit {
    const ALL: [Self; 4] = [Self::Seconds, Self::Milliseconds, Self::Microseconds, Self::Nanoseconds];

    /// As files and configurations write it.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Seconds => "s",
            Self::Milliseconds => "ms",
            Self::Microseconds => "us",
            Self::Nanoseconds => "ns",
        }
    }

    /// How many decimals of a second it is.
    fn decimals(self) -> i32 {
        match self {
            Self::Seconds => 0,
            Self::Milliseconds => 3,
            Self::Microseconds => 6,
            Self::Nanoseconds => 9,
        }
    }

    /// The unit that the name of a column ends with: `time_ms`, `Time (ms)`, `t [s]`.
    fn of_name(name: &str) -> Option<Self> {
        let name = name.replace(['\u{b5}', '\u{3bc}'], "u");
        Self::ALL.into_iter().find(|unit| {
            let symbol = unit.symbol();
            ["_SYMBOL", "(SYMBOL)", "[SYMBOL]"].iter().any(|end| name.ends_with(&end.replace("SYMBOL", symbol)))
        })
    }
}

/// Reads a recording from delimited text.
///
/// # Errors
/// A missing or doubled column, a line with another number of cells than the header, a cell that is no number, times that are not uniform or do not fit the
/// rate that is stated, and failures of the reader.
pub fn read_csv<R: Read + Seek>(reader: &mut R, options: &CsvOptions<'_>) -> Result<Recording, CsvError> {
    reader.seek(SeekFrom::Start(0))?;
    let mut table = Table::new(BufReader::new(reader), options.separator)?;
    let mut notes = table.notes().to_vec();
    let time_position = time_position(table.names(), options)?;
    let is_lacking = |wanted: &&String| !table.names().contains(wanted);
    if let Some(wanted) = options.channels.unwrap_or_default().iter().find(is_lacking) {
        return Err(CsvError::NoChannel { wanted: wanted.clone(), names: table.names().to_vec() });
    }
    let mut columns: Vec<Column> = Vec::with_capacity(table.names().len());
    for (position, name) in table.names().iter().enumerate() {
        let is_time = time_position == Some(position);
        let is_wanted = options.channels.is_none_or(|channels| channels.contains(name));
        columns.push(Column::new(name.clone(), is_wanted && !is_time));
    }
    let read = read_rows(&mut table, &mut columns, time_position, &mut notes)?;
    let timing = timing(&read, time_position.map(|position| columns[position].name.as_str()), options, &mut notes)?;
    if let Some(position) = time_position {
        columns.remove(position);
    }
    let mut channels = Vec::with_capacity(columns.len());
    let mut refused = None;
    for column in columns {
        match column.text {
            Some((line, found)) if column.is_wanted && (column.has_numbers || options.channels.is_some()) => {
                let allowed = format!("a finite number, or {MISSING_IS}");
                return Err(CsvError::Number { line, column: column.name, found, allowed });
            }
            Some((line, found)) => {
                notes.push(format!(
                    "the column `{}` holds text, first `{found}` in line {line}, and is not read",
                    column.name
                ));
                refused.get_or_insert((line, column.name, found));
            }
            None if column.is_wanted => {
                let ends = timing.stretches.iter().skip(1).map(|(first, _)| *first).chain([column.samples.len()]);
                let lengths = timing.stretches.iter().zip(ends).map(|((first, _), end)| end - first);
                let samples = Samples::parts(column.samples, lengths.collect::<Vec<usize>>());
                channels.extend(samples.into_iter().zip(&timing.stretches).map(|(samples, (_, from_s))| Channel {
                    label: column.name.clone(),
                    unit: None,
                    sampling_rate_hz: timing.rate_hz,
                    rate_rounding: 0.0,
                    samples,
                    start_s: timing.start_s + from_s,
                }));
            }
            None => {}
        }
    }
    match refused {
        Some((line, column, found)) if channels.is_empty() && options.channels.is_none() => {
            let allowed = format!("a finite number, or {MISSING_IS}");
            Err(CsvError::Number { line, column, found, allowed })
        }
        _ => Ok(Recording { channels, notes, start: timing.start, ..Recording::default() }),
    }
}

/// A column in the making.
struct Column {
    name: String,
    is_wanted: bool,
    samples: Vec<f64>,
    has_numbers: bool,
    /// The first cell that is no number, and its line.
    text: Option<(u64, String)>,
}

impl Column {
    fn new(name: String, is_wanted: bool) -> Self {
        Self { name, is_wanted, samples: Vec::new(), has_numbers: false, text: None }
    }

    fn push(&mut self, cell: &str, line: u64, decimals: &mut Decimals) {
        if !self.is_wanted && self.text.is_some() {
            return;
        }
        let value = match decimals.number(cell, line) {
            Some(Number::Value(value)) if value.is_finite() => {
                self.has_numbers = true;
                value
            }
            Some(Number::Missing) => f64::NAN,
            _ => {
                if self.text.is_none() {
                    self.text = Some((line, shortened(cell)));
                    self.samples = Vec::new();
                }
                return;
            }
        };
        if self.is_wanted && self.text.is_none() {
            self.samples.push(value);
        }
    }
}

/// Times as written, the lines they stand in, and how many rows there are.
#[derive(Default)]
struct Rows {
    times: Vec<Written>,
    lines: Vec<u64>,
    /// The first time as text.
    first: String,
    count: usize,
}

fn read_rows<R: BufRead>(
    table: &mut Table<R>,
    columns: &mut [Column],
    time_position: Option<usize>,
    notes: &mut Vec<String>,
) -> Result<Rows, CsvError> {
    let mut rows = Rows::default();
    let mut decimals = Decimals::new(!table.has_commas_between());
    let mut days = 0;
    while let Some(row) = table.next_row()? {
        rows.count += 1;
        let line = row.line;
        for (position, (cell, column)) in row.cells().zip(columns.iter_mut()).enumerate() {
            if time_position != Some(position) {
                column.push(cell.text, line, &mut decimals);
                continue;
            }
            let parsed = Written::parse(cell.text);
            // Times of day may have a comma anyway.
            let with_point = if parsed.is_none() { decimals.time(cell.text, line) } else { None };
            let Some(mut written) = parsed.or_else(|| Written::parse(with_point.as_ref()?)) else {
                let allowed = "a time: a number, `12:00:00.000`, or `2024-05-01T12:00:00.000`".to_owned();
                return Err(CsvError::Number {
                    line,
                    column: column.name.clone(),
                    found: shortened(cell.text),
                    allowed,
                });
            };
            if written.form == Form::Number && with_point.is_none() {
                decimals.time_has_point(cell.text, line);
            }
            if let Some(&before) = rows.times.last() {
                if before.form != written.form {
                    let found = shortened(cell.text);
                    return Err(CsvError::TimeForm { line, column: column.name.clone(), found });
                }
                days += i64::from(written.is_past_midnight(before, days));
                written = written.days_later(days);
            } else {
                rows.first = shortened(with_point.as_deref().unwrap_or(cell.text));
            }
            rows.times.push(written);
            rows.lines.push(line);
        }
    }
    notes.extend(decimals.finish()?);
    Ok(rows)
}

/// When samples were taken.
struct Timing {
    rate_hz: f64,
    start_s: f64,
    /// Clock text of the first sample.
    start: Option<String>,
    /// The first row of each stretch without gaps, and its time from the first one.
    stretches: Vec<(usize, f64)>,
}

fn timing(
    rows: &Rows,
    time_column: Option<&str>,
    options: &CsvOptions<'_>,
    notes: &mut Vec<String>,
) -> Result<Timing, CsvError> {
    let (Some(time_column), Some(&first)) = (time_column, rows.times.first()) else {
        return match options.sampling_rate_hz {
            Some(rate_hz) if rows.count > 0 => {
                notes.push(format!("there is no column of times: samples follow each other at {rate_hz} Hz"));
                Ok(Timing { rate_hz, start_s: 0.0, start: None, stretches: vec![(0, 0.0)] })
            }
            _ => Err(CsvError::TooFewRows { found: rows.count }),
        };
    };
    let is_number = first.form == Form::Number;
    let unit = match options.time_unit.or_else(|| TimeUnit::of_name(time_column)) {
        _ if !is_number => TimeUnit::Seconds,
        Some(unit) => unit,
        None => return Err(CsvError::NoTimeUnit { time_column: time_column.to_owned() }),
    };
    let (start_s, start) = match first.form {
        // Of a time of day the samples start at 0.
        Form::Clock | Form::Date => (0.0, Some(rows.first.clone())),
        Form::Number => {
            let value = rows.first.parse().unwrap_or_else(|_| first.value());
            (value / 10_f64.powi(unit.decimals()), None)
        }
    };
    let times = Times::new(&rows.times, unit.decimals());
    let name = || time_column.to_owned();
    let found = (options.sampling_rate_hz.is_none() && rows.count > 1).then(|| times.rate());
    let is_uniform = match options.sampling_rate_hz {
        Some(rate_hz) => !matches!(times.fit(rate_hz), Fit::Contradicted { .. }),
        None => !matches!(found, Some(Rate::NotUniform { .. })),
    };
    let gapped = match is_uniform {
        true => None,
        false => gaps::gapped(&rows.times, unit.decimals(), options.sampling_rate_hz),
    };
    if let Some(gaps::Gapped { rate_hz, stretches }) = gapped.filter(|gapped| gapped.rate_hz <= HIGHEST_RATE_HZ) {
        let gaps = stretches.len() - 1;
        notes.push(format!("the times of `{time_column}` have {gaps} {}", if gaps == 1 { "gap" } else { "gaps" }));
        return Ok(Timing { rate_hz, start_s, start, stretches });
    }
    let rate_hz = match options.sampling_rate_hz {
        Some(rate_hz) => stated(rate_hz, &times, rows, time_column, notes)?,
        None => match found.ok_or(CsvError::TooFewRows { found: rows.count })? {
            Rate::Hz { rate_hz, range_hz } => {
                notes.extend(range_hz.map(|range| ambiguous(rate_hz, range, &times, time_column)));
                rate_hz
            }
            Rate::NotUniform { row, interval_s, usual_s } => {
                let (interval_s, usual_s) = (six_digits(interval_s), six_digits(usual_s));
                return Err(CsvError::NotUniform { line: rows.lines[row], time_column: name(), interval_s, usual_s });
            }
            Rate::NotAdvancing => {
                let line = rows.lines.last().copied().unwrap_or(0);
                return Err(CsvError::NotAdvancing { line, time_column: name() });
            }
            Rate::TooCoarse => {
                return Err(CsvError::TooCoarse { time_column: name(), resolution_s: times.resolution_s() });
            }
        },
    };
    if !(rate_hz > 0.0 && rate_hz <= HIGHEST_RATE_HZ) {
        return Err(CsvError::Rate { time_column: name(), rate_hz });
    }
    const SLOW_HZ: f64 = 1.0;
    const FAST_HZ: f64 = 2e5;
    if is_number && !(SLOW_HZ..FAST_HZ).contains(&(rate_hz * (1.0 - f64::EPSILON))) {
        notes.push(format!(
            "`{time_column}` in {} gives a sampling rate of {} Hz: if its times are in another unit, give `time_unit`",
            unit.symbol(),
            six_digits(rate_hz)
        ));
    }
    Ok(Timing { rate_hz, start_s, start, stretches: vec![(0, 0.0)] })
}

/// The rate that the user states, held against the times.
fn stated(
    rate_hz: f64,
    times: &Times,
    rows: &Rows,
    time_column: &str,
    notes: &mut Vec<String>,
) -> Result<f64, CsvError> {
    match times.fit(rate_hz) {
        Fit::Exact => {}
        Fit::Scattered { by_s } => notes.push(format!(
            "the times of `{time_column}` scatter by up to {} s about a grid of {rate_hz} Hz; they are taken to lie on it",
            six_digits(by_s)
        )),
        Fit::Contradicted { row, time_s, expected_s } => {
            return Err(CsvError::OtherRate {
                line: rows.lines[row],
                time_column: time_column.to_owned(),
                rate_hz,
                time_s: six_digits(time_s),
                expected_s: six_digits(expected_s),
            });
        }
    }
    Ok(rate_hz)
}

fn ambiguous(rate_hz: f64, (low, high): (f64, f64), times: &Times, time_column: &str) -> String {
    let range = match high.is_finite() {
        true => format!("from {} to {} Hz", six_digits(low), six_digits(high)),
        false => format!("from {} Hz", six_digits(low)),
    };
    format!(
        "the times of `{time_column}`, written to {} s, allow sampling rates {range}; {} Hz is taken (`sampling_rate` states another)",
        times.resolution_s(),
        six_digits(rate_hz)
    )
}

fn time_position(names: &[String], options: &CsvOptions<'_>) -> Result<Option<usize>, CsvError> {
    const USUAL: [&str; 4] = ["time_s", "time_ms", "time_us", "time_ns"];
    let position = |wanted: &str| names.iter().position(|name| name == wanted);
    let found = match options.time_column {
        Some(wanted) => position(wanted),
        None => USUAL.into_iter().find_map(position),
    };
    match found {
        Some(position) if names.len() == 1 => Err(CsvError::NoChannels { time_column: names[position].clone() }),
        Some(position) => Ok(Some(position)),
        None if options.time_column.is_none() && options.sampling_rate_hz.is_some() => Ok(None),
        None => {
            const MOST_SHOWN: usize = 20;
            let wanted = match options.time_column {
                Some(wanted) => format!("`{wanted}`"),
                None => "`time_s` (time in seconds), and neither `time_column` nor `sampling_rate` is given".to_owned(),
            };
            Err(CsvError::NoTimeColumn { wanted, found: names[..names.len().min(MOST_SHOWN)].join(", ") })
        }
    }
}

/// To six digits: the rest is rounding, and in the way of reading.
fn six_digits(number: f64) -> f64 {
    format!("{number:.5e}").parse().unwrap_or(number)
}

#[cfg(test)]
mod tests;
