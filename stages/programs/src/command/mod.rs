//! `command`: a program of any language, which reads tables from files and writes tables to files.

use lapicque_pipeline::{BindRequest, ConfigError, Kind, Ports, Stage};
use serde_json::{Value, json};

pub(crate) struct CommandKind;

impl Kind for CommandKind {
    fn name(&self) -> &str {
        "command"
    }

    fn summary(&self) -> &str {
        "Apply a program to tables in files"
    }

    fn ports(&self) -> Ports<'_> {
        Ports::Any
    }

    fn config_schema(&self) -> Value {
        json!({"type": "object"})
    }

    fn bind(&self, _: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        Err(vec![ConfigError::at("", "not yet")])
    }
}
