//! What kinds that search have in common: bounds of parameters, and what was found of points.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, UInt32Type};
use arrow_array::{Array, ArrayRef, Float64Array, RecordBatch};
use arrow_cast::cast;
use arrow_schema::{DataType, Schema};
use indexmap::IndexMap;
use lapicque_pipeline::{Batch, ConfigError, PortSchema, Read, SampleError};
use lapicque_schemas::TableSchema;
use lapicque_schemas::tables::parameters;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::parameters::column::numbers_column;
use crate::parameters::random::check_bounds;

/// The column that says of which sample a row is.
const SAMPLE: &str = "sample";
/// The table of all points of earlier rounds.
const POINTS: &str = "points";

/// The box that is searched, in the units of the parameters.
pub(crate) struct Space {
    pub(crate) schema: TableSchema,
    pub(crate) bounds: Vec<(f64, f64)>,
}

impl Space {
    /// Checks `bounds`, e.g. `{J_ext: [26 pA, 32 pA]}`.
    pub(crate) fn of(bounds: &IndexMap<String, (Value, Value)>) -> Result<Self, Vec<ConfigError>> {
        if bounds.is_empty() {
            let message = "no parameter is searched; e.g. `bounds: { J_ext: [26 pA, 32 pA] }`";
            return Err(vec![ConfigError::at("bounds", message)]);
        }
        let (mut fields, mut limits, mut problems) = (Vec::new(), Vec::new(), Vec::new());
        for (name, pair) in bounds {
            let checked = check_bounds(name, pair).and_then(|numbers| {
                let limit = (numbers.values[0], numbers.values[1]);
                Ok((numbers_column(name, numbers)?.0, limit))
            });
            match checked {
                Ok((field, limit)) => {
                    fields.push(field);
                    limits.push(limit);
                }
                Err(error) => problems.push(error),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let arrow = Arc::new(Schema::new(fields));
        Ok(Self { schema: TableSchema { table: parameters::TABLE.to_owned(), key: Vec::new(), arrow }, bounds: limits })
    }

    /// Something of each parameter, for the key: the order of parameters is that of the output.
    pub(crate) fn by_name<T: Clone>(&self, values: &[T]) -> std::collections::BTreeMap<String, T> {
        let names = self.schema.column_names().map(str::to_owned);
        names.zip(values.iter().cloned()).collect()
    }

    /// Points as rows of a table of parameters.
    pub(crate) fn table(&self, points: &[Vec<f64>]) -> Result<RecordBatch, SampleError> {
        let column = |axis: usize| -> ArrayRef {
            Arc::new(Float64Array::from_iter_values(points.iter().map(|point| point[axis])))
        };
        let columns = (0..self.bounds.len()).map(column).collect();
        RecordBatch::try_new(self.schema.arrow.clone(), columns).map_err(SampleError::internal)
    }

    /// The points of all earlier rounds.
    pub(crate) fn known(&self, batch: &Batch) -> Result<Vec<Vec<f64>>, SampleError> {
        let table = batch.whole(POINTS).ok_or_else(|| SampleError::internal("there is no table of points"))?;
        let mut points = vec![Vec::with_capacity(self.bounds.len()); table.num_rows()];
        for field in self.schema.arrow.fields() {
            let column = table.column_by_name(field.name()).and_then(|c| c.as_primitive_opt::<Float64Type>());
            let column =
                column.ok_or_else(|| SampleError::internal(format!("there is no column `{}`", field.name())))?;
            points.iter_mut().zip(column.values()).for_each(|(point, value)| point.push(*value));
        }
        Ok(points)
    }
}

/// Columns and their weights.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Weights(pub(crate) IndexMap<String, f64>);

impl<'de> Deserialize<'de> for Weights {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = || serde::de::Error::custom("expected a column, or columns with their weights");
        match Value::deserialize(deserializer)? {
            Value::String(column) => Ok(Self([(column, 1.0)].into_iter().collect())),
            Value::Object(map) if !map.is_empty() => {
                let weight = |(column, weight): (String, Value)| Some((column, weight.as_f64()?));
                map.into_iter().map(weight).collect::<Option<_>>().map(Self).ok_or_else(expected)
            }
            _ => Err(expected()),
        }
    }
}

/// Checks that there is one table to learn from, and that it has these columns of numbers.
pub(crate) fn read_of<'a>(
    tables: &[PortSchema],
    columns: impl Iterator<Item = &'a str> + Clone,
    field: &str,
) -> Result<Vec<Read>, Vec<ConfigError>> {
    let [table] = tables else {
        let message = format!("{} tables to learn from; name one", tables.len());
        return Err(vec![ConfigError::at("feedback", message)]);
    };
    let known = || table.schema.column_names().filter(|name| *name != SAMPLE).collect::<Vec<_>>().join(", ");
    let mut problems = Vec::new();
    for name in columns.clone() {
        match table.schema.arrow.field_with_name(name) {
            Err(_) => problems.push(ConfigError::at(
                field,
                format!("`{}` has no column `{name}` (columns: {})", table.port, known()),
            )),
            Ok(column) if !column.data_type().is_numeric() => {
                problems
                    .push(ConfigError::at(field, format!("the column `{name}` of `{}` holds no numbers", table.port)));
            }
            Ok(_) => {}
        }
    }
    if problems.is_empty() { Ok(vec![Read::columns(&table.port, columns.map(str::to_owned))]) } else { Err(problems) }
}

/// Of each point, the weighted sum of some columns of the one row that its sample has; not a number where it has none, or
/// where a value is missing.
pub(crate) fn found(batch: &Batch, columns: &[(String, f64)], points: usize) -> Result<Vec<f64>, SampleError> {
    let mut values = vec![f64::NAN; points];
    let has_columns = |table: &&RecordBatch| {
        table.column_by_name(SAMPLE).is_some() && columns.iter().all(|(name, _)| table.column_by_name(name).is_some())
    };
    let mut tables = batch.broadcast.iter().filter(|(name, _)| name != POINTS).map(|(_, table)| table);
    // Before the first round there is nothing to learn from.
    let Some(table) = tables.find(has_columns) else {
        return Ok(values);
    };
    let samples = table.column_by_name(SAMPLE).and_then(|c| c.as_primitive_opt::<UInt32Type>());
    let samples = samples.ok_or_else(|| SampleError::internal("rows do not say of which sample they are"))?;
    let mut seen = vec![false; points];
    for &sample in samples.values() {
        match seen.get_mut(sample as usize) {
            Some(seen) if !*seen => *seen = true,
            Some(_) => {
                let message = format!(
                    "the sample of point {sample} has several rows of `{}`; one is due: aggregate them before, e.g. by a query with `grain: sample`",
                    columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join("`, `")
                );
                return Err(SampleError::input(message));
            }
            None => return Err(SampleError::internal(format!("there is no point {sample}"))),
        }
    }
    for (name, weight) in columns {
        let column =
            table.column_by_name(name).ok_or_else(|| SampleError::internal(format!("there is no `{name}`")))?;
        let column = cast(column, &DataType::Float64).map_err(SampleError::internal)?;
        let column = column.as_primitive::<Float64Type>();
        for (row, &sample) in samples.values().iter().enumerate() {
            let value = if column.is_valid(row) { weight * column.value(row) } else { f64::NAN };
            let sum = &mut values[sample as usize];
            *sum = if seen[sample as usize] { value } else { *sum + value };
        }
        // The first column begins the sums.
        seen.fill(false);
    }
    Ok(values)
}
