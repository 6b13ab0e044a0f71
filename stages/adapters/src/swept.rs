//! Models whose values a configuration fixes and columns of a parameters table set, sample by sample.
//!
//! This is the only place where a column becomes a value: it finds the columns that a model has values for, checks and
//! converts their units, says which are assumed, suggests names, and tells what of it all enters keys.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use arrow_schema::DataType;
use lapicque_pipeline::config::nearest;
use lapicque_pipeline::{BindRequest, Bound, ConfigError, SampleError};
use lapicque_schemas::TableSchema;
use lapicque_schemas::tables::parameters;
use lapicque_units::{Entry, Quantity, Settable, Unit};
use serde_json::Value;

/// The input whose columns set values.
const PORT: &str = "parameters";

/// A model whose values columns may set.
pub struct Swept<T> {
    base: T,
    columns: Vec<SweptColumn>,
}

impl<T: Settable> Swept<T> {
    /// Checks the fixed values of the field `parameters`, and the columns of the input of this name that the model has
    /// values for; remarks go to `notes`.
    ///
    /// # Errors
    /// All values that the model does not have or allow, and columns of another unit or of no numbers.
    pub fn bind(
        model: T,
        fixed: &BTreeMap<String, Value>,
        request: &BindRequest<'_>,
        notes: &mut Vec<String>,
    ) -> Result<Self, Vec<ConfigError>> {
        let mut problems = Vec::new();
        let mut columns = Vec::new();
        if let Some(table) = request.input(PORT).map(|input| &input.schema) {
            for name in table.column_names() {
                let column = model.entry(name).map(|entry| SweptColumn::new(table, name, entry, fixed, notes));
                match column.transpose() {
                    Ok(column) => columns.extend(column),
                    Err(message) => problems.push(ConfigError::at("inputs.parameters", message)),
                }
            }
        }
        match with_fixed(model, fixed) {
            Ok(base) if problems.is_empty() => {
                let swept = Self { base, columns };
                swept.try_out()?;
                Ok(swept)
            }
            Ok(_) => Err(problems),
            Err(found) => Err(found.into_iter().chain(problems).collect()),
        }
    }

    /// Columns that set the values which are there change nothing, unless two of them, or one and a fixed value, set the
    /// same.
    fn try_out(&self) -> Result<(), Vec<ConfigError>> {
        let mut model = self.base.clone();
        let set = self.columns.iter().try_for_each(|column| model.set(&column.name, column.entry.value));
        match set.and_then(|()| model.check()) {
            Ok(()) => Ok(()),
            Err(error) => Err(vec![ConfigError::at("inputs.parameters", error)]),
        }
    }

    /// The model without what columns set.
    pub fn base(&self) -> &T {
        &self.base
    }

    pub fn column_names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    pub fn is_swept(&self) -> bool {
        !self.columns.is_empty()
    }

    /// Leaves out columns that are not to be read.
    pub(crate) fn retain_columns(&mut self, keep: impl Fn(&str) -> bool) {
        self.columns.retain(|column| keep(&column.name));
    }

    /// What enters the key: the model with its fixed values, and what columns set.
    ///
    /// # Errors
    /// A canonical form that JSON cannot hold.
    pub fn canonical(&self) -> Result<Value, Vec<ConfigError>> {
        let names: Vec<&str> = self.column_names().collect();
        serde_json::to_value(self.base.canonical(&names)).map_err(|error| vec![ConfigError::at("", error)])
    }

    /// Adds the columns that are read, and those that could be, to what a stage declares.
    pub fn declare(&self, bound: &mut Bound) {
        for read in bound.reads.iter_mut().filter(|read| read.port == PORT) {
            read.columns.get_or_insert_default().extend(self.column_names().map(str::to_owned));
        }
        bound.accepts.extend(self.base.entries().into_iter().map(|entry| entry.path));
    }

    /// The model of one sample with these parameters.
    ///
    /// # Errors
    /// Values that the model does not allow, by their path.
    pub fn of_sample(&self, table: Option<&RecordBatch>) -> Result<T, SampleError> {
        let mut model = self.base.clone();
        let Some(first) = self.columns.first() else {
            return Ok(model);
        };
        let table = table.ok_or_else(|| SampleError::internal(format!("no column `{}`", first.name)))?;
        if table.num_rows() != 1 {
            let found = table.num_rows();
            return Err(SampleError::input(format!("expected one row of parameters for each sample, found {found}")));
        }
        for column in &self.columns {
            model.set(&column.name, column.value(table)?).map_err(SampleError::input)?;
        }
        model.check().map_err(SampleError::input)?;
        Ok(model)
    }
}

/// A model with the values that the field `parameters` of a configuration gives.
pub(crate) fn with_fixed<T: Settable>(mut model: T, fixed: &BTreeMap<String, Value>) -> Result<T, Vec<ConfigError>> {
    let mut problems = Vec::new();
    for (name, value) in fixed {
        let set = fixed_value(&model, name, value)
            .and_then(|value| model.set(name, value).map_err(|error| error.to_string()));
        problems.extend(set.err().map(|message| ConfigError::at(format!("parameters.{name}"), message)));
    }
    if problems.is_empty() && !fixed.is_empty() {
        problems.extend(model.check().err().map(|error| ConfigError::at("parameters", error)));
    }
    if problems.is_empty() { Ok(model) } else { Err(problems) }
}

fn fixed_value<T: Settable>(model: &T, name: &str, value: &Value) -> Result<f64, String> {
    let Some(entry) = model.entry(name) else {
        let entries = model.entries();
        let near = nearest(name, entries.iter().map(|entry| entry.path.as_str()));
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        return Err(format!("{} has no value `{name}`{near}", T::NAME));
    };
    let value = quantity(value, &entry.unit)?;
    entry.admits(value).map_err(|error| error.to_string())?;
    Ok(value)
}

/// A value of a configuration as a number in this unit; a bare number is one where the unit is `1`.
pub(crate) fn quantity(value: &Value, unit: &str) -> Result<f64, String> {
    match value {
        Value::String(text) => Quantity::parse_in(text, unit).map_err(|error| error.to_string()),
        Value::Number(number) if unit == "1" => {
            number.as_f64().ok_or_else(|| format!("`{number}` does not fit a 64-bit float"))
        }
        Value::Number(number) => Err(format!("`{number}` has no unit; write e.g. `{number} {unit}`")),
        other if unit == "1" => Err(format!("expected a number such as `1`, found `{other}`")),
        other => Err(format!("expected a number with a unit such as `1 {unit}`, found `{other}`")),
    }
}

/// A column of a parameters table that sets a value sample by sample.
struct SweptColumn {
    name: String,
    /// Of the column.
    unit: Unit,
    /// Of the value.
    canonical: Unit,
    entry: Entry,
}

impl SweptColumn {
    fn new(
        table: &TableSchema,
        name: &str,
        entry: Entry,
        fixed: &BTreeMap<String, Value>,
        notes: &mut Vec<String>,
    ) -> Result<Self, String> {
        if fixed.contains_key(name) {
            return Err(format!("a column and the field `parameters` both set `{name}`; leave one of them out"));
        }
        let of = |text: &str| Unit::parse(text).map_err(|error| format!("the column `{name}`: {error}"));
        let canonical = of(&entry.unit)?;
        let data_type = table.column(name).map_or(&DataType::Null, |field| field.data_type());
        if !data_type.is_numeric() {
            let (sets, holds) = (canonical.dimension().with_article(), contents(data_type));
            return Err(format!("the column `{name}` must hold numbers, as it sets {sets}; it holds {holds}"));
        }
        let unit = match table.unit_of(name) {
            Some(unit) => of(unit)?,
            None => {
                if entry.unit != "1" {
                    notes.push(format!("the column `{name}` has no unit and is taken to be in {}", entry.unit));
                }
                canonical.clone()
            }
        };
        if unit.dimension() != canonical.dimension() {
            let [found, expected] = [&unit, &canonical].map(|unit| unit.dimension().with_article());
            return Err(format!(
                "the column `{name}` is in `{unit}`, {found}; {expected} is expected, e.g. in `{canonical}`"
            ));
        }
        Ok(Self { name: name.to_owned(), unit, canonical, entry })
    }

    /// What it sets for a sample with these parameters.
    fn value(&self, table: &RecordBatch) -> Result<f64, SampleError> {
        let value = parameters::value(table, &self.name).map_err(SampleError::input)?;
        let value = value.ok_or_else(|| SampleError::internal(format!("no column `{}`", self.name)))?;
        let value = Quantity::new(value, self.unit.clone())
            .to(&self.canonical)
            .map_err(|error| SampleError::input(format!("the column `{}`: {error}", self.name)))?;
        self.entry.admits(value).map_err(SampleError::input)?;
        Ok(value)
    }
}

/// What a column that holds no numbers holds.
fn contents(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(..) => "text".to_owned(),
        DataType::Boolean => "true and false".to_owned(),
        DataType::Null => "nothing".to_owned(),
        other => other.to_string(),
    }
}
