//! Columns into the points of a source: every row a sample, no two of them equal.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch, UInt32Array};
use arrow_cast::display::array_value_to_string;
use arrow_schema::{ArrowError, Schema};
use lapicque_pipeline::config::nearest;
use lapicque_pipeline::{ConfigError, Output, Points, Stage};
use lapicque_schemas::content::UnsupportedType;
use lapicque_schemas::schema::UNIT;
use lapicque_schemas::tables::parameters;
use lapicque_schemas::{ContentHasher, Digest, TableSchema, project_digest};
use rayon::prelude::*;

use super::column::Column;
use crate::source::{Rows, Source};

/// Raised when any of the sources of points gives other numbers.
const REVISION: u32 = 1;
/// More points are a mistake.
pub(super) const MOST_POINTS: usize = 10_000_000;

/// What a source of points is made of.
pub(super) struct Table {
    pub(super) columns: Vec<Column>,
    /// Labels of the samples, where the user gives them.
    pub(super) samples: Option<Vec<String>>,
    /// Columns that no stage need read.
    pub(super) labels: Vec<String>,
    /// The field of the configuration that the rows come from.
    pub(super) field: &'static str,
    /// Remarks for the user.
    pub(super) notes: Vec<String>,
}

/// Checks the points and makes the stage.
pub(super) fn source(table: Table) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let mut problems = unknown_labels(&table);
    let rows = table.columns.first().map_or(0, |c| c.rows.len());
    if rows == 0 {
        problems.push(ConfigError::at(table.field, "no points; give at least one"));
    }
    if rows > MOST_POINTS {
        problems.push(ConfigError::at(table.field, format!("{rows} points; at most {MOST_POINTS} are allowed")));
    }
    problems.extend(table.samples.as_deref().and_then(|samples| repeated_sample(samples, table.field)));
    if !problems.is_empty() {
        return Err(problems);
    }
    let fail = |error: ArrowError| vec![ConfigError::at(table.field, error)];
    let schema = Arc::new(Schema::new(table.columns.iter().map(|c| c.field.clone()).collect::<Vec<_>>()));
    let all: Vec<&Column> = table.columns.iter().collect();
    let digests = digests(&schema, &all, rows).map_err(|error| vec![ConfigError::at(table.field, error)])?;
    if let Some((first, second)) = equal_points(&digests) {
        return Err(vec![equal_error(&table, first, second)]);
    }
    let labels = match &table.samples {
        Some(samples) => Some(samples.clone()),
        None => names(&schema, &table).map_err(|error| vec![ConfigError::at(table.field, error)])?,
    };
    let arrays = table.columns.iter().map(values).collect::<Result<Vec<_>, _>>().map_err(fail)?;
    let batch = RecordBatch::try_new(schema.clone(), arrays).map_err(fail)?;
    let schema = TableSchema { table: parameters::TABLE.to_owned(), key: Vec::new(), arrow: schema };
    let points = Points { labels, digests, unread: table.labels };
    Ok(Box::new(Source::new(REVISION, Output::new("parameters", schema), points, Rows::One(batch), table.notes)))
}

/// Names of points of which some columns are labels: made from the others, where these tell all points apart, so that a label more renames nothing.
fn names(schema: &Schema, table: &Table) -> Result<Option<Vec<String>>, UnsupportedType> {
    let is_value = |column: &&Column| !table.labels.iter().any(|label| label == column.field.name());
    let values: Vec<&Column> = table.columns.iter().filter(is_value).collect();
    if values.is_empty() || values.len() == table.columns.len() {
        return Ok(None);
    }
    let digests = digests(schema, &values, values[0].rows.len())?;
    let is_unique = equal_points(&digests).is_none();
    Ok(is_unique.then(|| digests.iter().map(ToString::to_string).collect()))
}

fn values(column: &Column) -> Result<ArrayRef, ArrowError> {
    arrow_select::take::take(&column.levels, &UInt32Array::from(column.rows.clone()), None)
}

fn unknown_labels(table: &Table) -> Vec<ConfigError> {
    let names = || table.columns.iter().map(|c| c.field.name().as_str());
    let unknown = table.labels.iter().enumerate().filter(|(_, label)| !names().any(|name| name == *label));
    let problem = |(i, label): (usize, &String)| {
        let near = nearest(label, names()).map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
        let message =
            format!("there is no column `{label}`{near} (columns: {})", names().collect::<Vec<_>>().join(", "));
        ConfigError::at(format!("labels.{i}"), message)
    };
    unknown.map(problem).collect()
}

fn repeated_sample(samples: &[String], field: &str) -> Option<ConfigError> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for (row, sample) in samples.iter().enumerate() {
        if sample.is_empty() {
            return Some(ConfigError::at(field, format!("row {} has an empty `sample`", row + 1)));
        }
        if let Some(first) = seen.insert(sample, row) {
            return Some(ConfigError::at(
                field,
                format!("rows {} and {} have the same `sample`, `{sample}`", first + 1, row + 1),
            ));
        }
    }
    None
}

/// The content digest of every row. Levels are hashed once, however many rows have them.
fn digests(schema: &Schema, columns: &[&Column], rows: usize) -> Result<Vec<Digest>, UnsupportedType> {
    let mut of_levels = Vec::with_capacity(columns.len());
    for column in columns {
        let of_level = |level: usize| {
            let mut hasher = ContentHasher::new(&column.field);
            hasher.update(&column.levels.slice(level, 1))?;
            Ok(hasher.finish())
        };
        let digests = (0..column.levels.len()).into_par_iter().map(of_level);
        of_levels.push(digests.collect::<Result<Vec<Digest>, UnsupportedType>>()?);
    }
    let of_row = |row: usize| {
        let cells =
            columns.iter().zip(&of_levels).map(|(c, levels)| (c.field.name().as_str(), levels[c.rows[row] as usize]));
        project_digest(schema, 1, cells)
    };
    Ok((0..rows).into_par_iter().map(of_row).collect())
}

fn equal_points(digests: &[Digest]) -> Option<(usize, usize)> {
    let mut sorted: Vec<(Digest, usize)> = digests.iter().copied().zip(0..).collect();
    sorted.par_sort_unstable();
    let equal = sorted.windows(2).filter(|pair| pair[0].0 == pair[1].0);
    equal.map(|pair| (pair[0].1, pair[1].1)).min_by_key(|&(_, second)| second)
}

fn equal_error(table: &Table, first: usize, second: usize) -> ConfigError {
    let values = table.columns.iter().map(|column| {
        let value = array_value_to_string(&column.levels, column.rows[first] as usize).unwrap_or_default();
        let unit = column.field.metadata().get(UNIT).map(|unit| format!(" {unit}")).unwrap_or_default();
        format!("{} = {value}{unit}", column.field.name())
    });
    let values = values.collect::<Vec<_>>().join(", ");
    let message = format!(
        "points {} and {} are equal ({values}); leave one out, or tell replicates apart by a `{}` column",
        first + 1,
        second + 1,
        parameters::SEED
    );
    ConfigError::at(table.field, message)
}
