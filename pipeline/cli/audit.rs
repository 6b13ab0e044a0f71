//! `lapicque audit`: every stored result is read as queries and stages read it, and held against its digest.

use lapicque_pipeline::{AuditedTable, Pipeline, RunRecord, Store};
use serde_json::json;

use crate::arguments::{Audit, Shared};
use crate::error::CommandError;
use crate::project::{known_file, no_run, open_store, pipeline_file};
use crate::text::text_table;
use crate::{print, tell};

/// Faults of a table that are told one by one.
const TOLD: usize = 10;

pub(crate) fn audit(command: &Audit, shared: &Shared) -> Result<(), CommandError> {
    let pipeline = Pipeline::read(&pipeline_file(&command.pipeline), &[])?;
    let store = open_store(&pipeline, shared)?;
    let mut runs: Vec<RunRecord> = store.runs()?;
    let file = known_file(&pipeline, &store);
    runs.retain(|run| run.is_of(&pipeline.name, Some(&file)));
    if runs.is_empty() {
        return Err(no_run(&store, &pipeline));
    }
    // The latest first: what it shares with earlier runs is told under it.
    runs.reverse();
    let audited = lapicque_pipeline::audit(&store, &runs, &mut tell_faults)?;
    let faults: usize = audited.iter().map(|table| table.faults.len()).sum();
    if shared.json {
        let document = json!({"pipeline": pipeline.name, "ok": faults == 0, "tables": audited});
        let text = serde_json::to_string_pretty(&document).map_err(|error| CommandError::Output(error.to_string()))?;
        print(&format!("{text}\n"))?;
    } else {
        print(&text_of(&audited))?;
    }
    if faults > 0 { Err(CommandError::StageFailed) } else { Ok(()) }
}

fn tell_faults(table: &AuditedTable) {
    for fault in table.faults.iter().take(TOLD) {
        let of_sample = if fault.sample.is_empty() { String::new() } else { format!(" of sample {}", fault.sample) };
        tell(&format!("{}{of_sample}, run {}: {}", table.table, table.run, fault.message));
    }
    if table.faults.len() > TOLD {
        tell(&format!("{}, run {}: {} more", table.table, table.run, table.faults.len() - TOLD));
    }
}

fn text_of(audited: &[AuditedTable]) -> String {
    let head = ["run", "table", "results", "rows", "digests alone", "failed", "faults"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(audited.iter().map(|table| {
        vec![
            table.run.clone(),
            table.table.clone(),
            table.samples.to_string(),
            table.rows.to_string(),
            table.not_kept.to_string(),
            table.failed.to_string(),
            table.faults.len().to_string(),
        ]
    }));
    text_table(&rows)
}
