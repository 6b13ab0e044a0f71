//! What all kinds do with their configuration.

use lapicque_pipeline::{BindRequest, Bound, ConfigError, Output};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The JSON Schema of a configuration.
pub(crate) fn schema_of<T: JsonSchema>() -> Value {
    schemars::schema_for!(T).to_value()
}

/// Reads the configuration of a stage.
pub(crate) fn read<T: DeserializeOwned>(request: &BindRequest<'_>) -> Result<T, Vec<ConfigError>> {
    lapicque_pipeline::config::typed(request.config)
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
    Ok(Bound::new(revision, canonical, request.inputs, outputs))
}

/// One problem of a field.
pub(crate) fn problem<T>(field: &str, message: impl ToString) -> Result<T, Vec<ConfigError>> {
    Err(vec![ConfigError::at(field, message)])
}
