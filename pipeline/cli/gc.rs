//! `lapicque gc` and `lapicque pin`: what of the store is kept.

use indicatif::HumanBytes;
use lapicque_pipeline::Pipeline;

use crate::arguments::{Gc, Pin, Shared};
use crate::error::CommandError;
use crate::project::{chosen_run, open_store, pipeline_file};
use crate::run::text_table;
use crate::{print, tell};

pub(crate) fn gc(command: &Gc, shared: &Shared) -> Result<(), CommandError> {
    let pipeline = Pipeline::read(&pipeline_file(&command.pipeline), &[])?;
    let store = open_store(&pipeline, shared)?;
    let collected = store.collect(command.keep_runs, command.dry_run)?;
    if shared.json {
        let text = serde_json::to_string_pretty(&collected).map_err(|error| CommandError::Output(error.to_string()))?;
        return print(&format!("{text}\n"));
    }
    if collected.runners > 0 && !shared.quiet {
        tell(&format!("{} runs are at work on the store: nothing was removed, as they may need it", collected.runners));
    }
    if !shared.quiet {
        for lost in &collected.unknown {
            tell(&format!("nothing can be kept for {lost}"));
        }
    }
    let would = if command.dry_run || collected.runners > 0 { "would remove" } else { "removed" };
    let mut table = vec![["", "runs", "results", "segments", "other files", "bytes"].map(str::to_owned).to_vec()];
    table.push(vec![
        would.to_owned(),
        collected.runs.to_string(),
        collected.actions.to_string(),
        collected.segments.to_string(),
        collected.other_files.to_string(),
        HumanBytes(collected.bytes).to_string(),
    ]);
    table.push(vec![
        "kept".to_owned(),
        collected.kept_runs.to_string(),
        collected.kept_actions.to_string(),
        String::new(),
        String::new(),
        HumanBytes(collected.kept_bytes).to_string(),
    ]);
    let mut text = text_table(&table);
    if collected.unused_bytes_kept > 0 {
        let unused = HumanBytes(collected.unused_bytes_kept);
        text += &format!("about {unused} of what is kept are rows without use, in files with rows in use\n");
    }
    print(&text)
}

pub(crate) fn pin(command: &Pin, shared: &Shared) -> Result<(), CommandError> {
    let pipeline = Pipeline::read(&pipeline_file(&command.pipeline), &[])?;
    let store = open_store(&pipeline, shared)?;
    if let Some(name) = &command.remove {
        return match store.unpin(name)? {
            true => Ok(()),
            false => Err(CommandError::Input(format!("--remove {name}: there is no pin of this name"))),
        };
    }
    if let Some(name) = &command.name {
        let run = chosen_run(&store, &pipeline, command.run.as_deref())?;
        store.pin(name, &run.id).map_err(|error| CommandError::Input(error.to_string()))?;
    }
    let pins = store.pins()?;
    if shared.json {
        let text = serde_json::to_string_pretty(&pins).map_err(|error| CommandError::Output(error.to_string()))?;
        return print(&format!("{text}\n"));
    }
    let mut table = vec![["pin", "run", "pipeline"].map(str::to_owned).to_vec()];
    table.extend(pins.into_iter().map(|pin| vec![pin.name, pin.run, pin.pipeline]));
    print(&text_table(&table))
}
