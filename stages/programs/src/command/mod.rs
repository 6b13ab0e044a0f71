//! `command`: a program of any language, which reads tables from files and writes tables to files.

mod bind;
mod csv_tables;
mod files;
mod program;
mod stage;
mod template;

use lapicque_pipeline::{BindRequest, ConfigError, Kind, Ports, Stage};
use serde_json::Value;

pub(crate) struct CommandKind;

impl Kind for CommandKind {
    fn name(&self) -> &str {
        "command"
    }

    fn summary(&self) -> &str {
        "Apply a program of any language to tables in files"
    }

    fn ports(&self) -> Ports<'_> {
        Ports::Any
    }

    fn config_schema(&self) -> Value {
        bind::config_schema()
    }

    fn bind(&self, request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        bind::bind(request)
    }
}
