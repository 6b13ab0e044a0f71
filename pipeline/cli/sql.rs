//! `lapicque sql`: query the tables of the latest run.

use lapicque_pipeline::Pipeline;

use crate::arguments::{Shared, Sql};
use crate::error::CommandError;
use crate::project::{open_store, pipeline_file};
use crate::table_output::{format_of, write};

pub(crate) fn sql(command: &Sql, shared: &Shared) -> Result<(), CommandError> {
    let pipeline = Pipeline::read(&pipeline_file(&command.pipeline), &[])?;
    let store = open_store(&pipeline, shared)?;
    let format = match (command.format, shared.json) {
        (Some(format), _) => Some(format),
        (None, true) => Some(crate::arguments::Format::Json),
        (None, false) => None,
    };
    let format = format_of(format, command.output.as_deref())?;
    let result = lapicque_query::query(&store, &pipeline.name, &command.query)?;
    write(&result, format, command.output.as_deref())
}
