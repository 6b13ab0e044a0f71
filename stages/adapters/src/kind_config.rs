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

/// Reads the configuration of a stage.
pub(crate) fn read<T: DeserializeOwned>(request: &BindRequest<'_>) -> Result<T, Vec<ConfigError>> {
    lapicque_pipeline::config::typed_as_written(request.config, request.written)
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

/// One problem of a field.
pub(crate) fn problem<T>(field: &str, message: impl ToString) -> Result<T, Vec<ConfigError>> {
    Err(vec![ConfigError::at(field, message)])
}
