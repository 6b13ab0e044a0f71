//! What is different between two runs: rows by their key, cell by cell.
//!
//! Samples whose results have one action key are equal and are not read.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, StringArray, UInt64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use arrow::record_batch::RecordBatch;
use arrow::util::display::array_value_to_string;
use lapicque_pipeline::{Binding, RunRecord, StageRun, Store, read_rows};
use lapicque_schemas::Digest;

use crate::QueryError;

/// How far numbers may be apart and count as equal: a part of the larger of the two.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tolerance {
    pub relative: f64,
    /// For single columns.
    pub columns: BTreeMap<String, f64>,
}

/// Differences of one column of one table.
#[derive(Debug, Default)]
struct ColumnDifference {
    changed: u64,
    largest: f64,
    largest_relative: f64,
    /// Key, old and new value of the largest change.
    example: Option<(String, String, String)>,
}

struct TableDifference {
    table: String,
    rows: [u64; 2],
    only: [u64; 2],
    columns: BTreeMap<String, ColumnDifference>,
}

/// One row per table and column in which two runs differ; the largest changes of a table first.
///
/// Rows that only one run has are told by a row without a column.
pub fn diff(
    store: &dyn Store,
    a: &RunRecord,
    b: &RunRecord,
    stage: Option<&str>,
    tolerance: &Tolerance,
) -> Result<RecordBatch, QueryError> {
    let mut differences = Vec::new();
    for old in a.stages.iter().filter(|old| stage.is_none_or(|name| name == old.stage)) {
        let Some(new) = b.stages.iter().find(|new| new.stage == old.stage) else {
            continue;
        };
        for (output, of_stage) in old.outputs.iter().enumerate() {
            if let Some(other) = new.outputs.iter().position(|o| o.name == of_stage.name) {
                differences.extend(table(store, (old, output), (new, other), tolerance)?);
            }
        }
    }
    report(&differences)
}

fn table(
    store: &dyn Store,
    (old, output): (&StageRun, usize),
    (new, other): (&StageRun, usize),
    tolerance: &Tolerance,
) -> Result<Option<TableDifference>, QueryError> {
    let (before, after) = (store.binding(old.binding)?, store.binding(new.binding)?);
    let (before, after) = changed(&before, &after);
    let read = |stage: &StageRun, output: usize, binding: &Binding| match read_rows(store, stage, output, binding, None)
    {
        Err(lapicque_pipeline::StoreError::NotStored { .. }) => Ok(None),
        rows => rows.map(Some),
    };
    // Of rows that are not kept nothing can be said here.
    let (Some(a), Some(b)) = (read(old, output, &before)?, read(new, other, &after)?) else {
        return Ok(None);
    };
    let key_columns: Vec<String> = old
        .sample_wise
        .then(|| "sample".to_owned())
        .into_iter()
        .chain(old.outputs[output].schema.key.clone())
        .collect();
    let (of_a, of_b) = (keyed(&a, &key_columns)?, keyed(&b, &key_columns)?);
    let common: Vec<(&String, usize, usize)> =
        of_a.iter().filter_map(|(key, &row)| Some((key, row, *of_b.get(key)?))).collect();
    let mut difference = TableDifference {
        table: old.table_name(output),
        rows: [a.num_rows() as u64, b.num_rows() as u64],
        only: [(of_a.len() - common.len()) as u64, (of_b.len() - common.len()) as u64],
        columns: BTreeMap::new(),
    };
    for field in a.schema().fields().iter().filter(|f| !key_columns.contains(f.name())) {
        let (Some(left), Some(right)) = (a.column_by_name(field.name()), b.column_by_name(field.name())) else {
            continue;
        };
        let allowed = tolerance.columns.get(field.name()).copied().unwrap_or(tolerance.relative);
        let of_column = column(left, right, &common, allowed)?;
        if of_column.changed > 0 {
            difference.columns.insert(field.name().clone(), of_column);
        }
    }
    let differs = !difference.columns.is_empty() || difference.only != [0, 0];
    Ok(differs.then_some(difference))
}

/// The samples that have another action key in the other run, or are not in it.
fn changed(a: &Binding, b: &Binding) -> (Binding, Binding) {
    let differing = |own: &Binding, other: &Binding| {
        let of_label: HashMap<&str, Option<Digest>> =
            other.samples.iter().map(String::as_str).zip(other.keys.iter().copied()).collect();
        let kept: Vec<usize> = (0..own.keys.len())
            .filter(|&i| match own.samples.get(i) {
                Some(label) => of_label.get(label.as_str()).is_none_or(|key| *key != own.keys[i]),
                None => other.keys.get(i) != own.keys.get(i),
            })
            .collect();
        Binding {
            samples: if own.samples.is_empty() {
                own.samples.clone()
            } else {
                kept.iter().map(|&i| own.samples[i].clone()).collect()
            },
            keys: kept.iter().map(|&i| own.keys[i]).collect(),
            positions: own.positions.clone(),
        }
    };
    (differing(a, b), differing(b, a))
}

/// Rows by their key; rows of one key by their order as well.
fn keyed(table: &RecordBatch, columns: &[String]) -> Result<BTreeMap<String, usize>, QueryError> {
    let mut rows = BTreeMap::new();
    let mut seen: HashMap<String, u64> = HashMap::new();
    let present: Vec<(&String, &ArrayRef)> =
        columns.iter().filter_map(|name| Some((name, table.column_by_name(name)?))).collect();
    for row in 0..table.num_rows() {
        let parts = present.iter().map(|(name, c)| Ok(format!("{name}={}", array_value_to_string(c, row)?)));
        let mut key = parts.collect::<Result<Vec<_>, arrow::error::ArrowError>>()?.join(" ");
        let count = seen.entry(key.clone()).or_default();
        *count += 1;
        if *count > 1 || present.len() < columns.len().max(1) {
            key += &format!(" row {count}");
        }
        rows.insert(key, row);
    }
    Ok(rows)
}

fn column(
    a: &ArrayRef,
    b: &ArrayRef,
    rows: &[(&String, usize, usize)],
    tolerance: f64,
) -> Result<ColumnDifference, QueryError> {
    let mut difference = ColumnDifference::default();
    let numeric = a.data_type().is_numeric() && b.data_type().is_numeric();
    let (left, right) = match numeric {
        true => (cast(a, &DataType::Float64)?, cast(b, &DataType::Float64)?),
        false => (a.clone(), b.clone()),
    };
    for &(key, i, j) in rows {
        let apart = if left.is_null(i) || right.is_null(j) {
            (left.is_null(i) != right.is_null(j)).then_some((f64::INFINITY, f64::INFINITY))
        } else if numeric {
            apart(left.as_primitive::<Float64Type>().value(i), right.as_primitive::<Float64Type>().value(j), tolerance)
        } else if let (Some(x), Some(y)) = (left.as_list_opt::<i32>(), right.as_list_opt::<i32>()) {
            lists_apart(&x.value(i), &y.value(j), tolerance)?
        } else {
            let differ = array_value_to_string(&left, i)? != array_value_to_string(&right, j)?;
            differ.then_some((f64::INFINITY, f64::INFINITY))
        };
        let Some((absolute, relative)) = apart else {
            continue;
        };
        difference.changed += 1;
        difference.largest = difference.largest.max(absolute);
        if difference.example.is_none() || relative > difference.largest_relative {
            difference.largest_relative = relative;
            let shown = |array: &ArrayRef, row: usize| -> Result<String, arrow::error::ArrowError> {
                let text = array_value_to_string(array, row)?;
                Ok(if text.chars().count() > 60 { text.chars().take(57).collect::<String>() + "..." } else { text })
            };
            difference.example = Some((key.clone(), shown(a, i)?, shown(b, j)?));
        }
    }
    Ok(difference)
}

/// How far two numbers are apart, absolutely and as a part of the larger; `None` where they count as equal.
fn apart(x: f64, y: f64, tolerance: f64) -> Option<(f64, f64)> {
    if x == y || (x.is_nan() && y.is_nan()) {
        return None;
    }
    let absolute = (x - y).abs();
    if !absolute.is_finite() {
        return Some((f64::INFINITY, f64::INFINITY));
    }
    let relative = absolute / x.abs().max(y.abs());
    (relative > tolerance).then_some((absolute, relative))
}

fn lists_apart(x: &ArrayRef, y: &ArrayRef, tolerance: f64) -> Result<Option<(f64, f64)>, QueryError> {
    if x.len() != y.len() {
        return Ok(Some((f64::INFINITY, f64::INFINITY)));
    }
    if !x.data_type().is_numeric() {
        return Ok((x != y).then_some((f64::INFINITY, f64::INFINITY)));
    }
    let (x, y) = (cast(x, &DataType::Float64)?, cast(y, &DataType::Float64)?);
    let pairs = x.as_primitive::<Float64Type>().values().iter().zip(y.as_primitive::<Float64Type>().values());
    let larger = |a: (f64, f64), b: (f64, f64)| (a.0.max(b.0), a.1.max(b.1));
    Ok(pairs.filter_map(|(x, y)| apart(*x, *y, tolerance)).reduce(larger))
}

fn report(differences: &[TableDifference]) -> Result<RecordBatch, QueryError> {
    let mut rows: Vec<(&TableDifference, Option<(&String, &ColumnDifference)>)> = Vec::new();
    for table in differences {
        if table.only != [0, 0] || table.columns.is_empty() {
            rows.push((table, None));
        }
        let mut columns: Vec<_> = table.columns.iter().collect();
        columns.sort_by(|a, b| b.1.largest_relative.total_cmp(&a.1.largest_relative));
        rows.extend(columns.into_iter().map(|column| (table, Some(column))));
    }
    let count = |of: fn(&TableDifference) -> u64| Arc::new(UInt64Array::from_iter_values(rows.iter().map(|r| of(r.0))));
    let text = |of: fn(&(String, String, String)) -> &String| {
        let cell = |row: &(&TableDifference, Option<(&String, &ColumnDifference)>)| {
            row.1.and_then(|(_, column)| column.example.as_ref()).map(of).cloned()
        };
        Arc::new(StringArray::from_iter(rows.iter().map(cell)))
    };
    let number = |of: fn(&ColumnDifference) -> f64| {
        Arc::new(Float64Array::from_iter(rows.iter().map(|row| row.1.map(|(_, column)| of(column)))))
    };
    let column_names = rows.iter().map(|row| row.1.map(|(name, _)| name.clone()));
    let changed = rows.iter().map(|row| row.1.map(|(_, column)| column.changed));
    Ok(RecordBatch::try_from_iter_with_nullable([
        ("table", Arc::new(StringArray::from_iter_values(rows.iter().map(|r| &r.0.table))) as ArrayRef, false),
        ("column", Arc::new(StringArray::from_iter(column_names)), true),
        ("rows_compared_a", count(|t| t.rows[0]), false),
        ("rows_compared_b", count(|t| t.rows[1]), false),
        ("only_a", count(|t| t.only[0]), false),
        ("only_b", count(|t| t.only[1]), false),
        ("changed", Arc::new(UInt64Array::from_iter(changed)), true),
        ("largest_difference", number(|c| c.largest), true),
        ("largest_relative", number(|c| c.largest_relative), true),
        ("at", text(|e| &e.0), true),
        ("a", text(|e| &e.1), true),
        ("b", text(|e| &e.2), true),
    ])?)
}
