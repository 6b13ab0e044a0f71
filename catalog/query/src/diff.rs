//! What is different between two runs: rows by their key, cell by cell.
//!
//! Samples whose results have one action key are equal and are not read. Rows that are not kept are compared by their digests.
//! Tables and columns that only one run has are told as well: where no row is told, the runs have equal tables.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, StringArray, UInt64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Float64Type};
use arrow::record_batch::RecordBatch;
use arrow::util::display::array_value_to_string;
use lapicque_pipeline::{Binding, RunRecord, StageRun, Store, StoreError, read_rows};
use lapicque_schemas::{Digest, canonical_floats};

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
    let asked = |name: &str| stage.is_none_or(|stage| stage == name);
    for old in a.stages.iter().filter(|old| asked(&old.stage)) {
        let new = b.stages.iter().find(|new| new.stage == old.stage);
        for (output, of_stage) in old.outputs.iter().enumerate() {
            let other = new.and_then(|new| Some((new, new.outputs.iter().position(|o| o.name == of_stage.name)?)));
            match other {
                Some(other) => differences.extend(table(store, (old, output), other, tolerance)?),
                None => differences.push(only_one(old.table_name(output), [THERE, ABSENT])),
            }
        }
    }
    for new in b.stages.iter().filter(|new| asked(&new.stage)) {
        let old = a.stages.iter().find(|old| old.stage == new.stage);
        for (output, of_stage) in new.outputs.iter().enumerate() {
            if !old.is_some_and(|old| old.outputs.iter().any(|o| o.name == of_stage.name)) {
                differences.push(only_one(new.table_name(output), [ABSENT, THERE]));
            }
        }
    }
    report(&differences)
}

const THERE: &str = "there";
const ABSENT: &str = "absent";
/// What stands for a column where a whole table is meant.
const TABLE: &str = "(table)";
const NOT_KEPT: &str = "(rows that are not kept)";

/// A table that only one run has.
fn only_one(table: String, [a, b]: [&str; 2]) -> TableDifference {
    TableDifference {
        table,
        rows: [0, 0],
        only: [0, 0],
        columns: BTreeMap::from([(TABLE.to_owned(), present(1, a, b))]),
    }
}

fn present(changed: u64, a: &str, b: &str) -> ColumnDifference {
    ColumnDifference {
        changed,
        largest: f64::INFINITY,
        largest_relative: f64::INFINITY,
        example: Some((String::new(), a.to_owned(), b.to_owned())),
    }
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
        Err(StoreError::NotStored { .. }) => Ok(None),
        Ok(rows) => Ok(Some(canonical_floats(&rows)?)),
        Err(error) => Err(QueryError::Store(error)),
    };
    let (Some(a), Some(b)) = (read(old, output, &before)?, read(new, other, &after)?) else {
        return of_digests(store, old.table_name(output), (output, &before), (other, &after));
    };
    let key_columns: Vec<String> = old
        .sample_wise
        .then(|| "sample".to_owned())
        .into_iter()
        .chain(old.outputs[output].schema.key.clone())
        .filter(|name| a.column_by_name(name).is_some() && b.column_by_name(name).is_some())
        .collect();
    let (of_a, of_b) = (keyed(&a, &key_columns)?, keyed(&b, &key_columns)?);
    let common: Vec<(&Key, usize, usize)> =
        of_a.iter().filter_map(|(key, &row)| Some((key, row, *of_b.get(key)?))).collect();
    let mut difference = TableDifference {
        table: old.table_name(output),
        rows: [a.num_rows() as u64, b.num_rows() as u64],
        only: [(of_a.len() - common.len()) as u64, (of_b.len() - common.len()) as u64],
        columns: BTreeMap::new(),
    };
    let (fields_a, fields_b) = (a.schema(), b.schema());
    let names: BTreeSet<&String> =
        fields_a.fields().iter().chain(fields_b.fields()).map(|field| field.name()).collect();
    for name in names.into_iter().filter(|name| !key_columns.contains(name)) {
        let allowed = tolerance.columns.get(name).copied().unwrap_or(tolerance.relative);
        let of_column = match (a.column_by_name(name), b.column_by_name(name)) {
            (Some(left), Some(right)) => column(left, right, &key_columns, &common, allowed)?,
            (Some(_), None) => present(a.num_rows() as u64, THERE, ABSENT),
            _ => present(b.num_rows() as u64, ABSENT, THERE),
        };
        if of_column.changed > 0 {
            difference.columns.insert(name.clone(), of_column);
        }
    }
    let differs = !difference.columns.is_empty() || difference.only != [0, 0];
    Ok(differs.then_some(difference))
}

/// The samples that have another action key in the other run, or are not in it.
fn changed(a: &Binding, b: &Binding) -> (Binding, Binding) {
    let differing = |own: &Binding, other: &Binding| {
        let of_label: HashMap<&str, Option<Digest>> = other.samples.iter().zip(other.keys.iter().copied()).collect();
        let kept: Vec<usize> = (0..own.keys.len())
            .filter(|&i| match own.samples.get(i) {
                Some(label) => of_label.get(label).is_none_or(|key| *key != own.keys[i]),
                None => other.keys.get(i) != own.keys.get(i),
            })
            .collect();
        Binding {
            samples: if own.samples.is_empty() {
                own.samples.clone()
            } else {
                kept.iter().map(|&i| &own.samples[i]).collect()
            },
            keys: kept.iter().map(|&i| own.keys[i]).collect(),
            positions: own.positions.clone(),
        }
    };
    (differing(a, b), differing(b, a))
}

/// What names a row: the cells of its key, and which of the rows with this key it is.
type Key = (Vec<Option<String>>, u64);

fn keyed(table: &RecordBatch, columns: &[String]) -> Result<BTreeMap<Key, usize>, QueryError> {
    let mut rows = BTreeMap::new();
    let mut seen: HashMap<Vec<Option<String>>, u64> = HashMap::new();
    let columns: Vec<&ArrayRef> = columns.iter().filter_map(|name| table.column_by_name(name)).collect();
    for row in 0..table.num_rows() {
        let cells = columns.iter().map(|column| match column.is_null(row) {
            true => Ok(None),
            false => array_value_to_string(column, row).map(Some),
        });
        let cells: Vec<Option<String>> = cells.collect::<Result<_, _>>()?;
        let count = seen.entry(cells.clone()).or_default();
        *count += 1;
        rows.insert((cells, *count), row);
    }
    Ok(rows)
}

/// A key for people; the number of the row where the key alone does not name it.
fn shown_key((cells, count): &Key, columns: &[String]) -> String {
    let cell = |(name, cell): (&String, &Option<String>)| format!("{name}={}", cell.as_deref().unwrap_or("NULL"));
    let mut parts: Vec<String> = columns.iter().zip(cells).map(cell).collect();
    if *count > 1 || columns.is_empty() {
        parts.push(format!("row {count}"));
    }
    parts.join(" ")
}

/// Compares rows that are not kept by their digests, sample by sample.
fn of_digests(
    store: &dyn Store,
    table: String,
    (output, before): (usize, &Binding),
    (other, after): (usize, &Binding),
) -> Result<Option<TableDifference>, QueryError> {
    let contents = |binding: &Binding, output: usize| -> Result<BTreeMap<String, String>, QueryError> {
        let keys: Vec<Digest> = binding.keys.iter().filter_map(|key| *key).collect();
        let mut actions = store.actions(&keys)?.into_iter();
        let mut contents = BTreeMap::new();
        for (i, key) in binding.keys.iter().enumerate() {
            let action = key.and_then(|_| actions.next().flatten());
            let label = binding.samples.get(i).unwrap_or_default().to_owned();
            let entry = action.and_then(|action| action.outcome.ok()?.get(output).map(|entry| entry.content));
            contents.insert(label, entry.map_or_else(|| ABSENT.to_owned(), |content| content.to_string()));
        }
        Ok(contents)
    };
    let (a, b) = (contents(before, output)?, contents(after, other)?);
    let mut differing = a.iter().filter_map(|(label, content)| Some((label, content, b.get(label)?)));
    let mut differing = differing.by_ref().filter(|(_, a, b)| a != b).peekable();
    let example = differing.peek().map(|(label, a, b)| (format!("sample={label}"), (*a).clone(), (*b).clone()));
    let changed = differing.count() as u64;
    let of_rows = ColumnDifference { changed, example, ..present(changed, THERE, THERE) };
    let only =
        [&a, &b].map(|own| own.keys().filter(|label| !(a.contains_key(*label) && b.contains_key(*label))).count());
    let difference = TableDifference {
        table,
        rows: [0, 0],
        only: only.map(|n| n as u64),
        columns: if changed > 0 { BTreeMap::from([(NOT_KEPT.to_owned(), of_rows)]) } else { BTreeMap::new() },
    };
    Ok((difference.only != [0, 0] || changed > 0).then_some(difference))
}

fn column(
    a: &ArrayRef,
    b: &ArrayRef,
    key_columns: &[String],
    rows: &[(&Key, usize, usize)],
    tolerance: f64,
) -> Result<ColumnDifference, QueryError> {
    let mut difference = ColumnDifference::default();
    let cells = Cells::of(a, b)?;
    for &(key, i, j) in rows {
        let Some((absolute, relative)) = cells.apart(i, j, tolerance)? else {
            continue;
        };
        difference.changed += 1;
        difference.largest = difference.largest.max(absolute);
        if difference.example.is_none() || relative > difference.largest_relative {
            difference.largest_relative = relative;
            let shown = |array: &ArrayRef, row: usize| -> Result<String, arrow::error::ArrowError> {
                if array.is_null(row) {
                    return Ok("NULL".to_owned());
                }
                let text = array_value_to_string(array, row)?;
                Ok(if text.chars().count() > 60 { text.chars().take(57).collect::<String>() + "..." } else { text })
            };
            difference.example = Some((shown_key(key, key_columns), shown(a, i)?, shown(b, j)?));
        }
    }
    Ok(difference)
}

/// Two columns in a form in which their cells can be compared.
enum Cells {
    /// Exact: not all whole numbers are floats.
    Whole([ArrayRef; 2]),
    Floats([ArrayRef; 2]),
    Lists([ArrayRef; 2]),
    Texts([ArrayRef; 2]),
}

/// Infinitely far apart, where that is no number.
const ENTIRELY: Option<(f64, f64)> = Some((f64::INFINITY, f64::INFINITY));

impl Cells {
    fn of(a: &ArrayRef, b: &ArrayRef) -> Result<Self, QueryError> {
        let both = |data_type: &DataType| Ok::<_, QueryError>([cast(a, data_type)?, cast(b, data_type)?]);
        let are = |is: fn(&DataType) -> bool| is(a.data_type()) && is(b.data_type());
        Ok(if are(DataType::is_integer) {
            Self::Whole(both(&DataType::Decimal128(20, 0))?)
        } else if are(DataType::is_numeric) {
            Self::Floats(both(&DataType::Float64)?)
        } else if a.as_list_opt::<i32>().is_some() && b.as_list_opt::<i32>().is_some() {
            Self::Lists([a.clone(), b.clone()])
        } else {
            Self::Texts([a.clone(), b.clone()])
        })
    }

    /// How far two cells are apart, absolutely and as a part of the larger; `None` where they count as equal.
    fn apart(&self, i: usize, j: usize, tolerance: f64) -> Result<Option<(f64, f64)>, QueryError> {
        let (Self::Whole([a, b]) | Self::Floats([a, b]) | Self::Lists([a, b]) | Self::Texts([a, b])) = self;
        if a.is_null(i) || b.is_null(j) {
            return Ok(if a.is_null(i) == b.is_null(j) { None } else { ENTIRELY });
        }
        Ok(match self {
            Self::Whole([a, b]) => {
                let value = |array: &ArrayRef, row| array.as_primitive::<Decimal128Type>().value(row);
                whole_apart(value(a, i), value(b, j), tolerance)
            }
            Self::Floats([a, b]) => {
                let value = |array: &ArrayRef, row| array.as_primitive::<Float64Type>().value(row);
                apart(value(a, i), value(b, j), tolerance)
            }
            Self::Lists([a, b]) => lists_apart(&a.as_list::<i32>().value(i), &b.as_list::<i32>().value(j), tolerance)?,
            Self::Texts([a, b]) => {
                if array_value_to_string(a, i)? == array_value_to_string(b, j)? {
                    None
                } else {
                    ENTIRELY
                }
            }
        })
    }
}

fn apart(x: f64, y: f64, tolerance: f64) -> Option<(f64, f64)> {
    if x == y || (x.is_nan() && y.is_nan()) {
        return None;
    }
    let absolute = (x - y).abs();
    if !absolute.is_finite() {
        return ENTIRELY;
    }
    let relative = absolute / x.abs().max(y.abs());
    (relative > tolerance).then_some((absolute, relative))
}

fn whole_apart(x: i128, y: i128, tolerance: f64) -> Option<(f64, f64)> {
    let absolute = (x - y).unsigned_abs() as f64;
    let relative = absolute / x.unsigned_abs().max(y.unsigned_abs()) as f64;
    (x != y && relative > tolerance).then_some((absolute, relative))
}

fn lists_apart(x: &ArrayRef, y: &ArrayRef, tolerance: f64) -> Result<Option<(f64, f64)>, QueryError> {
    if x.len() != y.len() {
        return Ok(ENTIRELY);
    }
    let cells = Cells::of(x, y)?;
    let larger = |a: (f64, f64), b: (f64, f64)| (a.0.max(b.0), a.1.max(b.1));
    let mut furthest = None;
    for i in 0..x.len() {
        if let Some(apart) = cells.apart(i, i, tolerance)? {
            furthest = Some(furthest.map_or(apart, |furthest| larger(furthest, apart)));
        }
    }
    Ok(furthest)
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
