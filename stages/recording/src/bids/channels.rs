//! `channels.tsv`: what is said of the channels of a recording, and of which channel it is.

use std::collections::{HashMap, VecDeque};
use std::io::BufRead;

use super::table::{Cells, TableError, text};

/// A row of `channels.tsv`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChannelRow {
    /// The name to use.
    pub name: String,
    /// What it measures, e.g. `EEG`, `EOG`, `MEGMAG`, in capital letters.
    pub kind: Option<String>,
    /// With micro as `u`.
    pub unit: Option<String>,
    /// `good` or `bad`.
    pub status: Option<String>,
    /// What it is, or why it is bad.
    pub description: Option<String>,
}

/// The row of each channel, and what is to be told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Assigned {
    /// For each channel of the recording.
    pub rows: Vec<Option<usize>>,
    /// Whether the names of the table take the place of those of the recording.
    pub renames: bool,
    /// What does not fit.
    pub notes: Vec<String>,
}

impl ChannelRow {
    /// Whether the channel is not to be relied on.
    pub fn is_bad(&self) -> bool {
        self.status.as_deref() == Some("bad")
    }
}

/// Reads `channels.tsv`, and tells what was passed over.
///
/// # Errors
/// What is no table, has no column `name`, or a row without one.
pub fn read_channels(reader: impl BufRead) -> Result<(Vec<ChannelRow>, Vec<String>), TableError> {
    let table = Cells::read(reader)?;
    let name = table.due("name")?;
    let columns = ["type", "units", "status", "description", "status_description"].map(|column| table.column(column));
    let mut rows = Vec::with_capacity(table.rows.len());
    for (line, cells) in &table.rows {
        let cell = |column: Option<usize>| column.and_then(|column| text(&cells[column]));
        let [kind, unit, status, description, why] = columns.map(cell);
        if cells[name].is_empty() {
            let (column, found) = ("name".to_owned(), String::new());
            return Err(TableError::Cell { line: *line, column, found, due: "each channel has a name" });
        }
        rows.push(ChannelRow {
            name: cells[name].clone(),
            kind: kind.map(str::to_uppercase),
            unit: unit.map(plain_unit),
            status: status.map(str::to_lowercase),
            description: description.or(why).map(str::to_owned),
        });
    }
    Ok((rows, table.notes))
}

/// Which row is of which channel, by the labels of a recording.
///
/// By name, where all rows find their channel. Where names differ but there are as many, by place: the names of the table are those to use, in the order of
/// the file. Else by name, as far as they are the same; a table of other channels is left aside.
pub fn assign(labels: &[&str], rows: &[ChannelRow]) -> Assigned {
    let mut of_name: HashMap<&str, VecDeque<usize>> = HashMap::new();
    for (row, known) in rows.iter().enumerate() {
        of_name.entry(known.name.as_str()).or_default().push_back(row);
    }
    let by_name: Vec<Option<usize>> =
        labels.iter().map(|label| of_name.get_mut(label).and_then(VecDeque::pop_front)).collect();
    let matched = by_name.iter().flatten().count();
    let lacking = || labels.iter().zip(&by_name).filter(|(_, row)| row.is_none()).map(|(label, _)| *label);
    let mut notes = Vec::new();
    if matched == rows.len() {
        if matched < labels.len() {
            notes.push(format!("channels.tsv has no row for {}", listed(lacking())));
        }
        return Assigned { rows: by_name, renames: false, notes };
    }
    let at_their_places = by_name.iter().enumerate().all(|(place, row)| row.is_none_or(|row| row == place));
    if rows.len() == labels.len() && at_their_places {
        let renamed = labels.iter().zip(rows).filter(|(label, row)| **label != row.name);
        let renamed: Vec<String> = renamed.map(|(label, row)| format!("{} for {label}", row.name)).collect();
        notes.push(format!(
            "names are those of channels.tsv, in the order of the file: {}",
            listed(renamed.iter().map(String::as_str))
        ));
        return Assigned { rows: (0..rows.len()).map(Some).collect(), renames: true, notes };
    }
    let sizes = format!("channels.tsv has {} rows, the recording {} channels", rows.len(), labels.len());
    if matched == 0 {
        notes.push(format!("{sizes}, and no name is the same: it is not used"));
    } else {
        let used = |row: &usize| by_name.contains(&Some(*row));
        let spare = (0..rows.len()).filter(|row| !used(row)).map(|row| rows[row].name.as_str());
        let spare = listed(spare);
        let without = match matched < labels.len() {
            true => format!(", and has no row for {}", listed(lacking())),
            false => String::new(),
        };
        notes.push(format!("{sizes}: it names {spare}, which the recording does not have{without}"));
    }
    Assigned { rows: by_name, renames: false, notes }
}

/// A unit with micro as `u`, which it is written as in `\u{b5}V`, `microV` and `microvolts` as well.
pub fn plain_unit(unit: &str) -> String {
    let unit = unit.trim().replace(['\u{b5}', '\u{3bc}'], "u");
    match unit.strip_prefix("micro").or_else(|| unit.strip_prefix("Micro")) {
        Some("volt" | "volts" | "Volt" | "Volts") => "uV".to_owned(),
        Some(rest) => format!("u{rest}"),
        None => unit,
    }
}

/// Whether two units are the same, however micro is written.
pub fn same_unit(one: &str, other: &str) -> bool {
    plain_unit(one) == plain_unit(other)
}

/// The first of many names.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const FEW: usize = 3;
    let names: Vec<&str> = names.collect();
    let shown: Vec<String> = names.iter().take(FEW).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(FEW) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
