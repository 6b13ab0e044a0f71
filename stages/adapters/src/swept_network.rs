//! The network of a stage: a shipped one or a file, values that the configuration fixes, and columns of a parameters
//! table that set others, sample by sample.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use arrow_schema::DataType;
use lapicque_network::file::{AnyNetwork, Parameter, read_network};
use lapicque_network::{Network, NetworkFile, NetworkFileError, shipped, shipped_names};
use lapicque_pipeline::config::nearest;
use lapicque_pipeline::{BindRequest, ConfigError, SampleError};
use lapicque_schemas::TableSchema;
use lapicque_schemas::tables::parameters;
use lapicque_units::{Quantity, Unit};
use serde_json::{Value, json};

use crate::canonical_network::canonical_network;

/// A network whose values columns of a table may set.
pub(crate) struct SweptNetwork {
    file: NetworkFile,
    fixed: Vec<(String, f64)>,
    columns: Vec<SweptColumn>,
    base: Network,
}

/// A column of a parameters table that sets a value sample by sample.
pub(crate) struct SweptColumn {
    pub(crate) name: String,
    /// The unit of the column and that of the value.
    unit: Unit,
    canonical: Unit,
}

/// A shipped network by name, or a network file.
pub(crate) fn open(request: &BindRequest<'_>, field: &str, network: &str) -> Result<NetworkFile, Vec<ConfigError>> {
    let (text, source) = text(request, field, network)?;
    NetworkFile::parse(&text, &source).map_err(|error| problems(field, error))
}

/// As [`open`], and network parameters of NNMT, for theory.
pub(crate) fn open_any(request: &BindRequest<'_>, field: &str, network: &str) -> Result<AnyNetwork, Vec<ConfigError>> {
    let (text, source) = text(request, field, network)?;
    read_network(&text, &source).map_err(|error| problems(field, error))
}

fn problems(field: &str, error: NetworkFileError) -> Vec<ConfigError> {
    let NetworkFileError { source_name, problems } = error;
    problems.iter().map(|problem| ConfigError::at(field, format!("{source_name}:{problem}"))).collect()
}

/// The text of a network file, and what errors call it.
fn text(request: &BindRequest<'_>, field: &str, network: &str) -> Result<(String, String), Vec<ConfigError>> {
    if let Some(text) = shipped(network) {
        return Ok((text.to_owned(), network.to_owned()));
    }
    let file = request.open(field, network).map_err(|error| {
        let names = shipped_names();
        let near = nearest(network, names.iter().copied()).map(|n| format!("; did you mean `{n}`?"));
        let (near, names) = (near.unwrap_or_default(), names.join(", "));
        let message = format!("{}, and no shipped network of this name (there are: {names}){near}", error.message);
        vec![ConfigError::at(field, message)]
    })?;
    let text = file.text().map_err(|error| vec![ConfigError::at(field, format!("`{}`: {error}", file.name))])?;
    Ok((text, file.name))
}

impl SweptNetwork {
    /// Checks fixed values and columns against the network; remarks go to `notes`.
    pub(crate) fn new(
        file: NetworkFile,
        fixed: &BTreeMap<String, Value>,
        table: Option<&TableSchema>,
        notes: &mut Vec<String>,
    ) -> Result<Self, Vec<ConfigError>> {
        let mut problems = Vec::new();
        let mut values = Vec::new();
        for (name, value) in fixed {
            match fixed_value(&file, name, value) {
                Ok(value) => values.push((name.clone(), value)),
                Err(message) => problems.push(ConfigError::at(format!("parameters.{name}"), message)),
            }
        }
        let mut columns = Vec::new();
        for name in table.into_iter().flat_map(TableSchema::column_names) {
            let found = file.parameter_unit(name).map(|canonical| SweptColumn::find(table, name, canonical, notes));
            match found.transpose() {
                Ok(column) => columns.extend(column.flatten()),
                Err(error) => problems.push(error),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let pairs: Vec<(&str, f64)> = values.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let base = file.with(&pairs).map_err(|error| vec![ConfigError::at("parameters", error)])?;
        let swept = Self { file, fixed: values, columns, base };
        swept.check_targets()?;
        Ok(swept)
    }

    /// The network without what columns set.
    pub(crate) fn base(&self) -> &Network {
        &self.base
    }

    pub(crate) fn file(&self) -> &NetworkFile {
        &self.file
    }

    pub(crate) fn column_names(&self) -> impl Iterator<Item = String> {
        self.columns.iter().map(|column| column.name.clone())
    }

    /// Leaves out columns that are not to be read.
    pub(crate) fn retain_columns(&mut self, keep: impl Fn(&str) -> bool) {
        self.columns.retain(|column| keep(&column.name));
    }

    /// The network with the value of a name or path a little off, if it can be.
    pub(crate) fn nudged(&self, name: &str) -> Option<Network> {
        let present = match self.parameter(name) {
            Some(parameter) => parameter.default,
            None => self.present_value(name)?,
        };
        let fixed = self.fixed.iter().filter(|(fixed, _)| fixed != name);
        let pairs: Vec<(&str, f64)> = fixed.map(|(name, value)| (name.as_str(), *value)).collect();
        let of = |value: f64| self.file.with(&[pairs.as_slice(), &[(name, value)]].concat()).ok();
        // Sizes are whole numbers, shares at most 1.
        [present * 1.01, present * 0.99, present + 1.0, present - 1.0]
            .into_iter()
            .filter(|v| *v != present)
            .find_map(of)
    }

    /// Every name and path that a column may have.
    pub(crate) fn names(&self) -> Vec<String> {
        names(&self.file)
    }

    /// What enters the key: the network with defaults and fixed values, and what each column sets.
    pub(crate) fn canonical(&self) -> Value {
        // A name says nothing about results.
        let network = canonical_network(&self.base);
        let fixed: Vec<(&str, f64)> = self.fixed.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let mut swept = serde_json::Map::new();
        let mut scaled = serde_json::Map::new();
        for column in &self.columns {
            let parameter = self.parameter(&column.name);
            let targets = match parameter {
                None => json!([self.file.canonical_path(&column.name)]),
                Some(parameter) if parameter.scales.is_empty() => json!(parameter.sets),
                Some(parameter) => json!({ "scales": parameter.scales }),
            };
            swept.insert(column.name.clone(), targets);
            let targets = parameter.into_iter().flat_map(|p| p.sets.iter().chain(&p.scales));
            for path in targets.map(|target| target.path.as_str()).chain([column.name.as_str()]) {
                scaled.extend(self.file.scaled(path, &fixed).map(|parts| (path.to_owned(), json!(parts))));
            }
        }
        let mut canonical = json!({ "network": network, "swept": swept });
        // Of values that are products the network shows only the result.
        if !scaled.is_empty() {
            canonical["scaled"] = Value::Object(scaled);
        }
        canonical
    }

    fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.file.parameters().iter().find(|parameter| parameter.name == name)
    }

    /// The network of one sample.
    pub(crate) fn of_sample(&self, table: Option<&RecordBatch>) -> Result<Network, SampleError> {
        let Some(table) = table.filter(|_| !self.columns.is_empty()) else {
            return Ok(self.base.clone());
        };
        let mut values: Vec<(&str, f64)> = self.fixed.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        for column in &self.columns {
            values.push((&column.name, column.value(table)?));
        }
        self.file.with(&values).map_err(SampleError::input)
    }

    /// Two columns, or a column and a fixed value, must not set the same value. Their present values tell.
    fn check_targets(&self) -> Result<(), Vec<ConfigError>> {
        let mut values: Vec<(&str, f64)> = self.fixed.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        for column in &self.columns {
            let present = match self.parameter(&column.name) {
                Some(parameter) => Some(parameter.default),
                None => self.present_value(&column.name),
            };
            values.extend(present.map(|value| (column.name.as_str(), value)));
        }
        match self.file.with(&values) {
            Err(error @ lapicque_network::file::AssignmentError::SetTwice { .. }) => {
                Err(vec![ConfigError::at("inputs.parameters", error)])
            }
            _ => Ok(()),
        }
    }

    fn present_value(&self, path: &str) -> Option<f64> {
        let of_the_file = self.file.paths().into_iter().find(|entry| entry.path == path);
        of_the_file.or_else(|| self.file.network().get(path)).map(|entry| entry.value)
    }
}

fn names(file: &NetworkFile) -> Vec<String> {
    let paths = file.paths().into_iter().map(|entry| entry.path);
    file.parameters().iter().map(|p| p.name.clone()).chain(paths).collect()
}

fn fixed_value(file: &NetworkFile, name: &str, value: &Value) -> Result<f64, String> {
    let Some(unit) = file.parameter_unit(name) else {
        let names = names(file);
        let near = nearest(name, names.iter().map(String::as_str)).map(|n| format!("; did you mean `{n}`?"));
        return Err(format!("the network has no parameter or path `{name}`{}", near.unwrap_or_default()));
    };
    match value {
        Value::String(text) => Quantity::parse_in(text, unit).map_err(|error| error.to_string()),
        Value::Number(number) if unit == "1" => number.as_f64().ok_or_else(|| format!("{number} does not fit a float")),
        Value::Number(number) => Err(format!("`{number}` has no unit; write e.g. `{number} {unit}`")),
        other => Err(format!("{other}: a number with a unit is due, e.g. `1 {unit}`")),
    }
}

impl SweptColumn {
    /// The column of a table, if it has one of this name; remarks go to `notes`.
    pub(crate) fn find(
        table: Option<&TableSchema>,
        name: &str,
        canonical: &'static str,
        notes: &mut Vec<String>,
    ) -> Result<Option<Self>, ConfigError> {
        let Some((table, data_type)) = table.and_then(|table| Some((table, table.column(name)?.data_type()))) else {
            return Ok(None);
        };
        Self::new(name, data_type, table.unit_of(name), canonical, notes)
            .map(Some)
            .map_err(|message| ConfigError::at("inputs.parameters", message))
    }

    fn new(
        name: &str,
        data_type: &DataType,
        unit: Option<&str>,
        canonical: &'static str,
        notes: &mut Vec<String>,
    ) -> Result<Self, String> {
        if !data_type.is_numeric() {
            return Err(format!("the column `{name}` sets a quantity, so it must hold numbers; it is {data_type}"));
        }
        let of = |text: &str| Unit::parse(text).map_err(|error| format!("column `{name}`: {error}"));
        let canonical_unit = of(canonical)?;
        let unit = match unit {
            Some(unit) => of(unit)?,
            None => {
                if canonical != "1" {
                    notes.push(format!("the column `{name}` has no unit and is taken to be in {canonical}"));
                }
                canonical_unit.clone()
            }
        };
        if unit.dimension() != canonical_unit.dimension() {
            let (found, due) = (unit.dimension().with_article(), canonical_unit.dimension().with_article());
            return Err(format!("the column `{name}` is in `{unit}`, {found}; {due} is due, e.g. in `{canonical}`"));
        }
        Ok(Self { name: name.to_owned(), unit, canonical: canonical_unit })
    }

    /// What it sets for a sample with these parameters.
    pub(crate) fn value(&self, table: &RecordBatch) -> Result<f64, SampleError> {
        if table.num_rows() != 1 {
            return Err(SampleError::input(format!("{} rows of parameters; one is due", table.num_rows())));
        }
        let value = parameters::value(table, &self.name).map_err(SampleError::input)?;
        let value = value.ok_or_else(|| SampleError::internal(format!("no column `{}`", self.name)))?;
        let value = Quantity::new(value, self.unit.clone()).to(&self.canonical);
        value.map_err(|error| SampleError::input(format!("{}: {error}", self.name)))
    }
}
