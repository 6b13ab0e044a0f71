//! `lapicque export`: a table of a run to a file, with where it comes from.

use std::collections::BTreeSet;
use std::path::Path;

use lapicque_pipeline::{Pipeline, RunRecord, read_output};
use lapicque_schemas::tables::model;
use serde_json::json;

use crate::answering::tell_run;
use crate::apply::write_model;
use crate::arguments::{Export, Format, Shared};
use crate::error::CommandError;
use crate::project::{chosen_run, open_store, pipeline_file};
use crate::table_output::{format_of, write, write_file, write_parquet_with};
use crate::tell;

pub(crate) fn export(command: &Export, shared: &Shared) -> Result<(), CommandError> {
    let format = format_of(command.format, Some(&command.output))?;
    let pipeline = Pipeline::read(&pipeline_file(&command.pipeline), &[])?;
    let store = open_store(&pipeline, shared)?;
    let run = chosen_run(&store, &pipeline, command.run.as_deref())?;
    let all = run.stages.iter().flat_map(|stage| (0..stage.outputs.len()).map(move |output| (stage, output)));
    let found = all.clone().find(|(stage, output)| stage.table_name(*output) == command.table);
    let (stage, output) = found.ok_or_else(|| {
        let names: Vec<String> = all.map(|(stage, output)| stage.table_name(output)).collect();
        CommandError::Input(format!("there is no table `{}` (there are: {})", command.table, names.join(", ")))
    })?;
    tell_run(&run, &pipeline, command.run.is_some(), Some(&BTreeSet::from([stage.stage.clone()])), shared);
    lapicque_query::check_ran(&store, stage)?;
    let table = read_output(&store, stage, output, None)?;
    let provenance = provenance(&run, &command.table, &stage.kind, &command.output);
    match format {
        Format::Parquet => write_parquet_with(&table, &provenance, &command.output)?,
        other => {
            match other == Format::Json && stage.outputs[output].schema.table == model::TABLE {
                true => write_model(&command.output, &table)?,
                false => write(&table, other, Some(&command.output))?,
            }
            // CSV and JSON have no place for it.
            let mut name = command.output.file_name().unwrap_or_default().to_owned();
            name.push(".provenance.json");
            let beside = command.output.with_file_name(name);
            write_file(&beside, |out| Ok(writeln!(out, "{provenance:#}")?))?;
        }
    }
    if !shared.quiet {
        tell(&format!(
            "{}: {} rows of `{}`, run {}",
            command.output.display(),
            table.num_rows(),
            command.table,
            run.id
        ));
    }
    Ok(())
}

fn provenance(run: &RunRecord, table: &str, kind: &str, file: &Path) -> serde_json::Value {
    json!({
        "file": file.file_name().and_then(|name| name.to_str()),
        "program": format!("lapicque {}", env!("CARGO_PKG_VERSION")),
        "computed_by": format!("lapicque {}", run.version),
        "pipeline": run.pipeline,
        "pipeline_file": run.text,
        "settings": run.settings,
        "run": run.id,
        "started": run.started,
        "table": table,
        "kind": kind,
    })
}
