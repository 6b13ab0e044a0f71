//! Tables of an NWB file (DynamicTable of hdmf-common): each column is an array, one whose rows are lists has `NAME_index` with their ends.

use super::Unit;
use super::error::NwbError;
use crate::Annotation;
use crate::hdf5::{Array, Elements, Group, Hdf5, Node};

/// Names of electrodes, by their rows.
pub(super) fn electrodes(root: &Group) -> Result<Vec<String>, NwbError> {
    let Some(Node::Group(table)) = root.at("general/extracellular_ephys/electrodes")? else {
        return Ok(Vec::new());
    };
    for column in ["label", "channel_name", "electrode_name", "id"] {
        let Some(array) = table.array(column)? else { continue };
        let Some(names) = cells(&array)? else { continue };
        let different: std::collections::HashSet<&String> = names.iter().collect();
        if different.len() == names.len() && names.iter().all(|name| !name.is_empty()) {
            return Ok(names);
        }
    }
    Ok(Vec::new())
}

/// The cells of a column of numbers or texts as text.
fn cells(column: &Array) -> Result<Option<Vec<String>>, NwbError> {
    if column.shape().len() != 1 {
        return Ok(None);
    }
    Ok(match column.elements() {
        Elements::Texts => Some(column.texts()?),
        Elements::Numbers { .. } => Some(column.numbers(None)?.iter().map(f64::to_string).collect()),
        _ => None,
    })
}

/// Where the rows of a column of lists end, held against how many values it has.
fn ends(index: &Array, values: u64, table: &str) -> Result<Vec<usize>, NwbError> {
    let problem = "an index does not go on within its column";
    let refused = || NwbError::Table { table: table.to_owned(), problem };
    let mut last = 0.0;
    let mut ends = Vec::new();
    for end in index.numbers(None)? {
        if !(end >= last && end <= values as f64 && end.fract() == 0.0) {
            return Err(refused());
        }
        last = end;
        ends.push(end as usize);
    }
    Ok(ends)
}

pub(super) fn units(file: &Hdf5) -> Result<Vec<Unit>, NwbError> {
    const TABLE: &str = "units";
    let refused = |problem| NwbError::Table { table: TABLE.to_owned(), problem };
    let table = file.root()?.group(TABLE)?.ok_or(NwbError::NoUnits)?;
    let ids = match table.array("id")? {
        Some(ids) => ids.numbers(None)?,
        None => return Err(refused("it has no column `id`")),
    };
    let (times, ends) = match (table.array("spike_times")?, table.array("spike_times_index")?) {
        (Some(times), Some(index)) => (times.numbers(None)?, ends(&index, times.count()?, TABLE)?),
        _ => return Err(refused("it has no columns `spike_times` and `spike_times_index`")),
    };
    if ids.len() != ends.len() || ends.last().copied().unwrap_or(0) != times.len() {
        return Err(refused("`id`, `spike_times_index` and `spike_times` do not fit each other"));
    }
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let unit =
        |((id, start), end): ((f64, usize), &usize)| Unit { id: id as i64, times_s: times[start..*end].to_vec() };
    Ok(ids.into_iter().zip(starts).zip(&ends).map(unit).collect())
}

/// Rows of all tables of intervals, and what was left out.
pub(super) fn intervals(file: &Hdf5) -> Result<(Vec<Annotation>, Option<String>), NwbError> {
    let (mut annotations, mut left_out) = (Vec::new(), Vec::new());
    let Some(folder) = file.root()?.group("intervals")? else {
        return Ok((annotations, None));
    };
    for (name, node) in folder.members()? {
        let Node::Group(table) = node else { continue };
        match rows(&table, &name)? {
            Some(rows) => annotations.extend(rows),
            None => left_out.push(format!("`{name}`")),
        }
    }
    let note = match left_out.len() {
        0 => None,
        _ => Some(format!("tables of intervals without times are left out: {}", left_out.join(", "))),
    };
    Ok((annotations, note))
}

fn rows(table: &Group, name: &str) -> Result<Option<Vec<Annotation>>, NwbError> {
    let refused = |problem| NwbError::Table { table: name.to_owned(), problem };
    let (Some(starts), Some(stops)) = (table.array("start_time")?, table.array("stop_time")?) else {
        return Ok(None);
    };
    let (starts, stops) = (starts.numbers(None)?, stops.numbers(None)?);
    if starts.len() != stops.len() {
        return Err(refused("it has not as many ends as beginnings"));
    }
    let mut texts = vec![name.to_owned(); starts.len()];
    let mut is_first = true;
    let members = table.members()?;
    for (column, node) in &members {
        let is_known = matches!(column.as_str(), "id" | "start_time" | "stop_time") || column.ends_with("_index");
        let (false, Node::Array(array)) = (is_known, node) else { continue };
        let Some(mut values) = cells(array)? else { continue };
        let index = members.iter().find(|(other, _)| other.strip_suffix("_index") == Some(column));
        if let Some((_, Node::Array(index))) = index {
            let ends = ends(index, values.len() as u64, name)?;
            let starts = std::iter::once(0).chain(ends.iter().copied());
            values = starts.zip(&ends).map(|(start, &end)| values[start..end].join(" ")).collect();
        }
        if values.len() != texts.len() {
            continue;
        }
        let before = if is_first { ": " } else { ", " };
        is_first = false;
        for (text, value) in texts.iter_mut().zip(values) {
            text.push_str(&format!("{before}{column}={value}"));
        }
    }
    let annotation = |((text, onset_s), stop_s): ((String, f64), f64)| Annotation {
        onset_s,
        duration_s: Some(stop_s - onset_s).filter(|duration_s| *duration_s >= 0.0),
        text,
        ..Annotation::default()
    };
    let is_timed = |annotation: &Annotation| annotation.onset_s.is_finite();
    Ok(Some(texts.into_iter().zip(starts).zip(stops).map(annotation).filter(is_timed).collect()))
}
