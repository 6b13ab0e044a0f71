//! The tables that a program of a user gives, as the pipeline file declares them.

use std::collections::BTreeMap;

use arrow_schema::DataType;
use indexmap::IndexMap;
use lapicque_pipeline::config::nearest;
use lapicque_pipeline::{ConfigError, Grain, Output};
use lapicque_schemas::schema::{DESCRIPTION, list_of};
use lapicque_schemas::tables::{FREE, Further, TableSpec, features, model, parameters, spikes, spiking_features};
use lapicque_schemas::{Column, TableSchema, sample_column};
use lapicque_units::{Time, Unit};
use schemars::JsonSchema;
use serde::Deserialize;

/// Tables that a program can give: all but models.
fn allowed() -> Vec<&'static str> {
    lapicque_schemas::tables::ALL.iter().map(|table| table.name).filter(|&name| name != model::TABLE).collect()
}

/// One table.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Declared {
    /// A table of the house: signals, spikes, features, parameters, ... (default: table, of the columns that are listed).
    #[serde(default)]
    pub(crate) table: Option<String>,
    /// Its columns; of a table of the house those that not all such tables have.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, DeclaredColumn>")]
    pub(crate) columns: IndexMap<String, DeclaredColumn>,
    /// The time step that spikes count, e.g. `0.1 ms`.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(crate) dt: Option<Time>,
    /// The version of the definitions of features: a model that was trained on others is not applied to them.
    #[serde(default)]
    pub(crate) definitions: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeclaredColumn {
    /// What it holds (default: float64).
    #[serde(default, rename = "type")]
    pub(crate) of: ColumnType,
    /// The unit of its values.
    #[serde(default)]
    pub(crate) unit: Option<String>,
    /// What it means, for people.
    #[serde(default)]
    pub(crate) description: Option<String>,
    /// Whether values may be missing (default: false).
    #[serde(default)]
    pub(crate) nullable: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ColumnType {
    #[default]
    Float64,
    Float32,
    Int8,
    Int16,
    Int32,
    Int64,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Boolean,
    Text,
    ListOfFloat64,
    ListOfFloat32,
    ListOfInt64,
    ListOfInt32,
    ListOfText,
    /// The position of a sample, of stages that see all samples at once.
    Sample,
}

impl ColumnType {
    fn arrow(self) -> DataType {
        match self {
            Self::Float64 => DataType::Float64,
            Self::Float32 => DataType::Float32,
            Self::Int8 => DataType::Int8,
            Self::Int16 => DataType::Int16,
            Self::Int32 => DataType::Int32,
            Self::Int64 => DataType::Int64,
            Self::Uint8 => DataType::UInt8,
            Self::Uint16 => DataType::UInt16,
            Self::Uint32 | Self::Sample => DataType::UInt32,
            Self::Uint64 => DataType::UInt64,
            Self::Boolean => DataType::Boolean,
            Self::Text => DataType::Utf8,
            Self::ListOfFloat64 => list_of(DataType::Float64),
            Self::ListOfFloat32 => list_of(DataType::Float32),
            Self::ListOfInt64 => list_of(DataType::Int64),
            Self::ListOfInt32 => list_of(DataType::Int32),
            Self::ListOfText => list_of(DataType::Utf8),
        }
    }
}

/// What is declared of outputs in a configuration.
pub(crate) struct Fields<'a> {
    pub(crate) output: Option<&'a str>,
    pub(crate) columns: &'a IndexMap<String, DeclaredColumn>,
    pub(crate) dt: Option<Time>,
    pub(crate) definitions: Option<&'a str>,
    pub(crate) outputs: &'a IndexMap<String, Declared>,
}

/// The outputs, in their order; problems by field.
pub(crate) fn outputs(fields: &Fields<'_>, grain: Grain) -> Result<Vec<Output>, Vec<ConfigError>> {
    let mut problems = Vec::new();
    let has_one = fields.output.is_some() || !fields.columns.is_empty();
    if fields.outputs.is_empty() {
        if !has_one {
            let message = format!(
                "say which table it gives: `output: features`, or another of {}; or `columns: {{name: {{unit: mV}}}}` for a table of your own",
                allowed().join(", ")
            );
            return Err(vec![ConfigError::at("output", message)]);
        }
        let declared = Declared {
            table: fields.output.map(str::to_owned),
            columns: fields.columns.clone(),
            dt: fields.dt,
            definitions: fields.definitions.map(str::to_owned),
        };
        let schema = schema(&declared, "", "output", grain).map_err(|error| vec![error])?;
        return Ok(vec![Output::new(&schema.table.clone(), schema)]);
    }
    let mut first = |given: bool, field: &str| {
        if given {
            problems.push(ConfigError::at(
                field,
                "give either `outputs` with all tables, or one table by `output` and its fields",
            ));
        }
    };
    first(has_one, if fields.output.is_some() { "output" } else { "columns" });
    first(fields.dt.is_some(), "dt");
    first(fields.definitions.is_some(), "definitions");
    let mut outputs = Vec::new();
    for (name, declared) in fields.outputs {
        let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            && !name.contains("__");
        let at = format!("outputs.{name}");
        if !is_name {
            let message = "names of outputs are small letters, digits and `_`, and begin with a letter";
            problems.push(ConfigError::at(&at, message));
        }
        match schema(declared, &format!("{at}."), &format!("{at}.table"), grain) {
            Ok(schema) => outputs.push(Output::new(name, schema)),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(outputs) } else { Err(problems) }
}

/// The schema of one table; `before` stands before the names of fields, `at` is the field that names the table.
fn schema(declared: &Declared, before: &str, at: &str, grain: Grain) -> Result<TableSchema, ConfigError> {
    let table = declared.table.as_deref().unwrap_or(FREE);
    let error = |field: &str, message: String| ConfigError::at(format!("{before}{field}"), message);
    let spec = TableSpec::of(table).filter(|spec| spec.name != model::TABLE).ok_or_else(|| {
        let near = nearest(table, allowed()).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        let message = format!("a program cannot give a table `{table}`{near} (it can give: {})", allowed().join(", "));
        ConfigError::at(at, message)
    })?;
    let own = match (table, declared.dt) {
        (spikes::TABLE, Some(dt)) => {
            let dt_ms = f64::from(dt);
            if !(dt_ms > 0.0 && dt_ms.is_finite()) {
                return Err(error("dt", format!("{dt} is not a time step; it must be above 0 ms")));
            }
            Some(spikes::schema(dt_ms))
        }
        (spikes::TABLE, None) => {
            return Err(error("dt", "spikes are counted in time steps; give the step, e.g. `dt: 0.1 ms`".to_owned()));
        }
        (_, Some(_)) => return Err(error("dt", format!("only spikes have a time step, {table} have none; remove it"))),
        (features::TABLE, _) => Some(features::schema(declared.definitions.as_deref().unwrap_or_default(), [])),
        (spiking_features::TABLE, _) => Some(spiking_features::schema(&[])),
        _ => spec.schema(),
    };
    if declared.definitions.is_some() && table != features::TABLE {
        return Err(error("definitions", format!("only features have definitions, {table} have none; remove it")));
    }
    if spec.further == Further::Ignored && !declared.columns.is_empty() {
        return Err(error("columns", format!("all {table} have the same columns; remove `columns`")));
    }
    let bare = spec.further != Further::Ignored && own.as_ref().is_none_or(|_| spec.further == Further::Numbers);
    if bare && declared.columns.is_empty() {
        let message = format!("name the columns of the {table}, e.g. `columns: {{line_length: {{unit: mV}}}}`");
        return Err(error("columns", message));
    }
    let mut fields: Vec<_> = own.iter().flat_map(|own| own.arrow.fields().iter().map(|f| f.as_ref().clone())).collect();
    for (name, column) in &declared.columns {
        let at = format!("columns.{name}");
        if name.is_empty() || name.trim() != name {
            return Err(error("columns", format!("`{name}` is not a name of a column")));
        }
        if fields.iter().any(|field| field.name() == name) {
            return Err(error(&at, format!("all {table} have a column `{name}`; remove it here")));
        }
        fields.push(self::column(name, column, spec, grain).map_err(|message| error(&at, message))?);
    }
    let key = own.as_ref().map(|own| own.key.clone()).unwrap_or_default();
    let metadata = own.map(|own| own.arrow.metadata().clone()).unwrap_or_default();
    let arrow = arrow_schema::Schema::new_with_metadata(fields, metadata);
    Ok(TableSchema { table: table.to_owned(), key, arrow: arrow.into() })
}

fn column(
    name: &str,
    declared: &DeclaredColumn,
    spec: &TableSpec,
    grain: Grain,
) -> Result<arrow_schema::Field, String> {
    let table = spec.name;
    let is_number = matches!(declared.of, ColumnType::Float64 | ColumnType::Float32);
    if spec.further == Further::Numbers && !is_number {
        return Err(format!("columns of {table} are numbers; write `type: float64`"));
    }
    if declared.of == ColumnType::Sample {
        return match grain {
            Grain::Sample => {
                Err("a stage that runs for each sample gives no column of samples: it is added by itself".to_owned())
            }
            Grain::Table if name != "sample" => Err("positions of samples stand in a column `sample`".to_owned()),
            Grain::Table if declared.nullable => Err("positions of samples cannot be missing".to_owned()),
            Grain::Table => Ok(field(sample_column())),
        };
    }
    if name == "sample" && grain == Grain::Sample {
        return Err("a stage that runs for each sample gives no column of samples: it is added by itself".to_owned());
    }
    if table == parameters::TABLE
        && let Some(unit) = &declared.unit
    {
        Unit::parse(unit).map_err(|error| error.to_string())?;
    }
    let mut column = Column::new(name, declared.of.arrow(), declared.description.as_deref().unwrap_or_default());
    if let Some(unit) = &declared.unit {
        column = column.unit(unit);
    }
    Ok(field(if declared.nullable { column.nullable() } else { column }))
}

fn field(column: Column) -> arrow_schema::Field {
    let mut field = TableSchema::new(FREE, &[], [column]).arrow.field(0).clone();
    field.metadata_mut().retain(|key, text| key != DESCRIPTION || !text.is_empty());
    field
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn declared(yaml: serde_json::Value) -> Declared {
        lapicque_pipeline::config::typed(&yaml).unwrap()
    }

    fn one(declared: &Declared, grain: Grain) -> Result<TableSchema, ConfigError> {
        schema(declared, "", "output", grain)
    }

    #[test]
    fn features_have_their_keys_and_the_columns_that_are_listed() {
        let declared = declared(serde_json::json!({
            "table": "features", "definitions": "line length 1",
            "columns": {"line_length": {"unit": "mV", "description": "sum of steps"}, "x": {}},
        }));
        let schema = one(&declared, Grain::Sample).unwrap();
        assert_eq!(schema.column_names().collect::<Vec<_>>(), ["channel", "epoch", "line_length", "x"]);
        assert_eq!(schema.unit_of("line_length"), Some("mV"));
        assert_eq!(schema.key, ["channel", "epoch"]);
        assert_eq!(features::names(&schema), ["line_length", "x"]);
        assert_eq!(schema.arrow.metadata()[features::DEFINITIONS], "line length 1");
    }

    #[test]
    fn every_table_can_be_declared() {
        for spec in lapicque_schemas::tables::ALL.iter().filter(|spec| spec.name != model::TABLE) {
            let columns =
                if spec.further == Further::Ignored { serde_json::json!({}) } else { serde_json::json!({"x": {}}) };
            let dt = (spec.name == spikes::TABLE).then_some("0.1 ms");
            let declared = declared(serde_json::json!({"table": spec.name, "columns": columns, "dt": dt}));
            let schema = one(&declared, Grain::Sample).unwrap();
            assert_eq!(schema.table, spec.name);
            let fixed = spec.schema().map(|schema| schema.key).unwrap_or_default();
            assert!(spec.columns.is_none() || schema.key == fixed, "{}", spec.name);
        }
    }

    #[test]
    fn what_cannot_be_is_told_at_its_field() {
        for (yaml, field, says) in [
            (serde_json::json!({"table": "featuers"}), "output", "did you mean `features`?"),
            (serde_json::json!({"table": "model"}), "output", "cannot give"),
            (serde_json::json!({"table": "features"}), "columns", "name the columns"),
            (serde_json::json!({"table": "spikes"}), "dt", "0.1 ms"),
            (serde_json::json!({"table": "spikes", "dt": "0 ms"}), "dt", "above 0 ms"),
            (serde_json::json!({"table": "signals", "dt": "1 ms"}), "dt", "only spikes"),
            (serde_json::json!({"table": "signals", "columns": {"x": {}}}), "columns", "the same columns"),
            (serde_json::json!({"table": "signals", "definitions": "1"}), "definitions", "only features"),
            (serde_json::json!({"table": "features", "columns": {"epoch": {}}}), "columns.epoch", "remove it here"),
            (serde_json::json!({"table": "features", "columns": {"x": {"type": "text"}}}), "columns.x", "numbers"),
            (serde_json::json!({"columns": {"sample": {"type": "text"}}}), "columns.sample", "added by itself"),
            (serde_json::json!({"table": "parameters", "columns": {"x": {"unit": "pAA"}}}), "columns.x", "pAA"),
        ] {
            let problem = one(&declared(yaml), Grain::Sample).unwrap_err();
            assert_eq!(problem.field, field, "{problem:?}");
            assert!(problem.message.contains(says), "{problem:?}");
        }
    }
}
