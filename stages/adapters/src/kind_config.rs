//! What all kinds do with their configuration.

use lapicque_pipeline::{BindRequest, Bound, ConfigError, Kind, Output, PortSpec, Ports, Stage};
use lapicque_schemas::TableSchema;
use lapicque_schemas::tables::{Further, TableSpec};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

type Bind = fn(&BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>>;

/// A kind that is the sum of its parts.
pub(crate) struct SimpleKind {
    pub(crate) name: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) ports: &'static [PortSpec],
    pub(crate) config_schema: fn() -> Value,
    pub(crate) bind: Bind,
}

impl Kind for SimpleKind {
    fn name(&self) -> &str {
        self.name
    }

    fn summary(&self) -> &str {
        self.summary
    }

    fn ports(&self) -> Ports<'_> {
        Ports::Named(self.ports)
    }

    fn config_schema(&self) -> Value {
        (self.config_schema)()
    }

    fn bind(&self, request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        (self.bind)(request)
    }
}

/// The JSON Schema of a configuration.
pub(crate) fn schema_of<T: JsonSchema>() -> Value {
    schemars::schema_for!(T).to_value()
}

/// Reads the configuration of a stage. Where a field is missing that takes one of several names, these are told.
pub(crate) fn read<T: DeserializeOwned + JsonSchema>(request: &BindRequest<'_>) -> Result<T, Vec<ConfigError>> {
    lapicque_pipeline::config::typed_as_written(request.config, request.written).map_err(|mut problems| {
        problems.iter_mut().for_each(|problem| tell_names(problem, &schema_of::<T>()));
        problems
    })
}

fn tell_names(problem: &mut ConfigError, schema: &Value) {
    let missing = problem.message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
    let mut path = problem.field.split('.').filter(|part| !part.is_empty()).chain(missing);
    let property = path.try_fold(schema, |at, name| within(schema, at, name));
    if let Some(names) = missing.and(property).and_then(|property| names(schema, property)) {
        problem.message.push_str(&format!("; it is one of {}", names.join(", ")));
    }
}

/// A property of a schema, or of one of its alternatives.
fn within<'a>(schema: &'a Value, at: &'a Value, name: &str) -> Option<&'a Value> {
    let at = resolved(schema, at);
    at["properties"].get(name).or_else(|| alternatives(at).find_map(|one| within(schema, one, name)))
}

/// The names that a value may be, or a map with one of them; nothing where it may be something else.
fn names<'a>(schema: &'a Value, at: &'a Value) -> Option<Vec<&'a str>> {
    let at = resolved(schema, at);
    if let Some(several) = at["enum"].as_array() {
        return several.iter().map(Value::as_str).collect();
    }
    if let Some(one) = at["const"].as_str() {
        return Some(vec![one]);
    }
    let mut found = Vec::new();
    for one in alternatives(at) {
        // A name with settings is a map of this name alone.
        let tag = || Some(vec![one["required"].as_array().filter(|names| names.len() == 1)?[0].as_str()?]);
        found.extend(names(schema, one).or_else(tag)?);
    }
    (!found.is_empty()).then_some(found)
}

fn alternatives(at: &Value) -> impl Iterator<Item = &Value> {
    ["oneOf", "anyOf"].into_iter().flat_map(|several| at[several].as_array().into_iter().flatten())
}

fn resolved<'a>(schema: &'a Value, at: &'a Value) -> &'a Value {
    let pointed = at["$ref"].as_str().and_then(|reference| schema.pointer(reference.trim_start_matches('#')));
    pointed.unwrap_or(at)
}

/// A sample-wise, deterministic stage with this configuration; `default` is what a stage without configuration has.
pub(crate) fn bound<T: Serialize>(
    revision: u32,
    config: &T,
    default: &T,
    request: &BindRequest<'_>,
    outputs: Vec<Output>,
) -> Result<Bound, Vec<ConfigError>> {
    let canonical = lapicque_pipeline::config::canonical(config, default).map_err(|error| vec![error])?;
    let mut bound = Bound::new(revision, canonical, request.inputs, outputs);
    for (read, input) in bound.reads.iter_mut().zip(request.inputs) {
        let present = |schema: TableSchema| {
            let names = schema.column_names().filter(|name| input.schema.column(name).is_some());
            names.map(str::to_owned).collect()
        };
        read.columns = fixed_table(&input.port).map(present);
    }
    Ok(bound)
}

/// The tables of fixed columns, by the ports that take them: other columns are not read.
fn fixed_table(port: &str) -> Option<TableSchema> {
    TableSpec::of(port).filter(|table| table.further == Further::Ignored)?.schema()
}

/// A problem for each column that the table of a port does not have.
pub(crate) fn missing_columns(port: &str, schema: &TableSchema, due: &[&str]) -> Vec<ConfigError> {
    let missing = due.iter().filter(|column| schema.column(column).is_none());
    let present = || schema.column_names().collect::<Vec<_>>().join(", ");
    missing
        .map(|column| {
            ConfigError::at(format!("inputs.{port}"), format!("it has no column `{column}` (it has: {})", present()))
        })
        .collect()
}

/// One problem of a field.
pub(crate) fn problem<T>(field: &str, message: impl ToString) -> Result<T, Vec<ConfigError>> {
    Err(vec![ConfigError::at(field, message)])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Config {
        #[serde(default)]
        inner: Option<Inner>,
        model: Model,
        count: u32,
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        link: Link,
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    enum Model {
        Glm,
        /// With a description.
        Lnp,
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    enum Link {
        Logit,
        Tabulated(Vec<f64>),
    }

    #[test]
    fn names_that_a_missing_field_takes_are_told() {
        let told = |config: Value| {
            let mut problem = lapicque_pipeline::config::typed::<Config>(&config).err().unwrap().remove(0);
            tell_names(&mut problem, &schema_of::<Config>());
            (problem.field, problem.message)
        };
        let text = |field: &str, message: &str| (field.to_owned(), message.to_owned());
        assert_eq!(told(serde_json::json!({})), text("", "missing field `model`; it is one of glm, lnp"));
        assert_eq!(
            told(serde_json::json!({"inner": {}})),
            text("inner", "missing field `link`; it is one of logit, tabulated")
        );
        assert_eq!(told(serde_json::json!({"model": "glm"})), text("", "missing field `count`"));
        assert_eq!(told(serde_json::json!({"model": 1})).1.matches("one of").count(), 0);
        let whole = serde_json::json!({"model": "lnp", "count": 2, "inner": {"link": {"tabulated": [0.5]}}});
        let Config { inner, model, count } = lapicque_pipeline::config::typed(&whole).unwrap();
        assert!(matches!(model, Model::Lnp) && count == 2);
        assert!(matches!(inner, Some(Inner { link: Link::Tabulated(values) }) if values == [0.5]));
    }
}
