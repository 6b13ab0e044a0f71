//! `lapicque diff`: what is different between two runs?

use lapicque_pipeline::{Pipeline, RunRecord};
use lapicque_query::Tolerance;

use crate::arguments::{Diff, Format, Shared};
use crate::error::CommandError;
use crate::project::{chosen_run, open_store, pipeline_file};
use crate::table_output::{format_of, write};
use crate::tell;

pub(crate) fn diff(command: &Diff, shared: &Shared) -> Result<(), CommandError> {
    let pipeline = Pipeline::read(&pipeline_file(&command.pipeline), &[])?;
    let store = open_store(&pipeline, shared)?;
    let (a, b) = (
        chosen_run(&store, &pipeline, Some(&command.run_a))?,
        chosen_run(&store, &pipeline, command.run_b.as_deref())?,
    );
    let known = |run: &RunRecord, stage: &str| run.stages.iter().any(|s| s.stage == stage);
    if let Some(stage) = command.stage.as_deref().filter(|stage| !known(&a, stage) || !known(&b, stage)) {
        return Err(CommandError::Input(format!("--stage {stage}: both runs must have a stage of this name")));
    }
    let table = lapicque_query::diff(&store, &a, &b, command.stage.as_deref(), &tolerance(&command.tolerance)?)?;
    let format = format_of(command.format.or(shared.json.then_some(Format::Json)), command.output.as_deref())?;
    if !shared.quiet && table.num_rows() == 0 {
        tell(&format!("runs {} and {} have equal tables", a.id, b.id));
    }
    write(&table, format, command.output.as_deref())
}

/// `1e-9` for all columns, `COLUMN=1e-6` for one.
fn tolerance(given: &[String]) -> Result<Tolerance, CommandError> {
    let mut tolerance = Tolerance::default();
    for text in given {
        let (column, number) = text.rsplit_once('=').map_or((None, text.as_str()), |(c, n)| (Some(c), n));
        let number = number.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
        let number = number.ok_or_else(|| {
            CommandError::Input(format!("--tolerance {text}: expected a number >= 0, or COLUMN=number, e.g. dfa=1e-9"))
        })?;
        match column {
            Some(column) => drop(tolerance.columns.insert(column.to_owned(), number)),
            None => tolerance.relative = number,
        }
    }
    Ok(tolerance)
}
