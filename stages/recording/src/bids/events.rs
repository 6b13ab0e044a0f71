//! `events.tsv`: what happened when.

use std::io::BufRead;

use super::table::{Cells, TableError, text};
use crate::delimited::{Number, number, shortened};

/// A row of `events.tsv`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EventRow {
    /// From the first sample that is stored, in s; may be negative.
    pub onset_s: f64,
    /// In s; none where it is not known.
    pub duration_s: Option<f64>,
    /// The sort of event.
    pub trial_type: Option<String>,
    /// The value of its marker.
    pub value: Option<String>,
    /// The channel that it is about.
    pub channel: Option<String>,
}

impl EventRow {
    /// Whether it begins or lasts within this time, in s from the first sample.
    pub fn is_within(&self, start_s: f64, end_s: f64) -> bool {
        let last_s = self.onset_s + self.duration_s.unwrap_or(0.0);
        self.onset_s < end_s && (self.onset_s >= start_s || last_s > start_s)
    }
}

/// Reads `events.tsv` in the order of its rows, and tells what was left out.
///
/// # Errors
/// What is no table, has no column `onset`, or an onset or duration that is no number.
pub fn read_events(reader: impl BufRead) -> Result<(Vec<EventRow>, Vec<String>), TableError> {
    const DUE: &str = "a number of seconds is due, or `n/a`";
    let table = Cells::read(reader)?;
    let onset = table.due("onset")?;
    let [duration, trial_type, value, channel] =
        ["duration", "trial_type", "value", "channel"].map(|column| table.column(column));
    let (mut events, mut notes) = (Vec::with_capacity(table.rows.len()), table.notes);
    let (mut without_onset, mut negative) = (0, 0);
    for (line, cells) in &table.rows {
        let seconds = |column: usize| {
            let cell = &cells[column];
            match number(cell) {
                Some(Number::Value(value)) if value.is_finite() => Ok(Some(value)),
                Some(Number::Missing) => Ok(None),
                _ => {
                    let (column, found) = (table.names[column].clone(), shortened(cell));
                    Err(TableError::Cell { line: *line, column, found, due: DUE })
                }
            }
        };
        let said = |column: Option<usize>| column.and_then(|column| text(&cells[column])).map(str::to_owned);
        let duration_s = duration.map(seconds).transpose()?.flatten();
        negative += usize::from(duration_s.is_some_and(|duration| duration < 0.0));
        match seconds(onset)? {
            None => without_onset += 1,
            Some(onset_s) => events.push(EventRow {
                onset_s,
                duration_s: duration_s.filter(|duration| *duration >= 0.0),
                trial_type: said(trial_type),
                value: said(value),
                channel: said(channel),
            }),
        }
    }
    if without_onset > 0 {
        notes.push(format!("{without_onset} events have no onset and are left out"));
    }
    if negative > 0 {
        notes.push(format!("{negative} events last less than 0 s: their durations are not known"));
    }
    Ok((events, notes))
}
