//! `lapicque gc` and `lapicque pin`: what of the store is kept.

use std::io::IsTerminal;

use indicatif::HumanBytes;
use lapicque_pipeline::Pipeline;
use lapicque_store::{Collected, ParquetStore};
use serde_json::json;

use crate::arguments::{Gc, Pin, Shared};
use crate::error::CommandError;
use crate::project::{chosen_run, open_store, pipeline_file};
use crate::text::text_table;
use crate::{print, tell};

/// Kept runs told one by one.
const MOST_KEPT: usize = 10;

pub(crate) fn gc(command: &Gc, shared: &Shared) -> Result<(), CommandError> {
    let pipeline = Pipeline::read(&pipeline_file(&command.pipeline), &[])?;
    let store = open_store(&pipeline, shared)?;
    let would = store.collect(command.keep_runs, true)?;
    let removes_results = would.runs > 0 || would.actions > 0;
    if removes_results && !shared.quiet {
        tell_kept(&store, command.keep_runs)?;
    }
    let needs_yes = removes_results && !command.dry_run && !command.yes && !is_confirmed(&would, shared);
    let stays = command.dry_run || needs_yes;
    let collected = if stays { would } else { store.collect(command.keep_runs, false)? };
    if shared.json {
        let mut answer = json!(collected);
        if needs_yes {
            answer["needs_yes"] = true.into();
        }
        return print(&format!("{answer:#}\n"));
    }
    if collected.runners > 0 && !shared.quiet {
        tell(&format!("{} runs are at work on the store: nothing was removed, as they may need it", collected.runners));
    }
    if !shared.quiet {
        for lost in &collected.unknown {
            tell(&format!("nothing can be kept for {lost}"));
        }
    }
    let would = if stays || collected.runners > 0 { "would remove" } else { "removed" };
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

/// Which runs are kept, and why.
fn tell_kept(store: &ParquetStore, keep_runs: usize) -> Result<(), CommandError> {
    let pins = store.pins()?;
    let kept = store.kept_runs(keep_runs)?;
    for run in kept.iter().take(MOST_KEPT) {
        let names: Vec<String> =
            pins.iter().filter(|pin| pin.run == run.id).map(|pin| format!("`{}`", pin.name)).collect();
        let why = match names.as_slice() {
            [] if keep_runs == 1 => "the latest".to_owned(),
            [] => format!("of the latest {keep_runs}"),
            names => format!("pinned as {}", names.join(", ")),
        };
        let of = if run.file.is_empty() { String::new() } else { format!(" ({})", run.file) };
        tell(&format!("kept: run {} of `{}`{of}, {why}", run.id, run.pipeline));
    }
    if kept.len() > MOST_KEPT {
        tell(&format!("kept: {} runs more", kept.len() - MOST_KEPT));
    }
    Ok(())
}

/// Asks on a terminal; elsewhere `--yes` has to be said, and nothing is removed without.
fn is_confirmed(would: &Collected, shared: &Shared) -> bool {
    let counted = |count: u64, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let (runs, results) = (counted(would.runs, "run"), counted(would.actions, "result"));
    let what = format!("{runs} and {results} ({}) that no kept run needs", HumanBytes(would.bytes));
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        if !shared.quiet {
            tell(&format!(
                "nothing was removed: to remove {what} needs --yes (runs to keep can be pinned by `lapicque pin`)"
            ));
        }
        return false;
    }
    tell(&format!("remove {what}? [y/N]"));
    let mut answer = String::new();
    // No answer is no.
    let _ = std::io::stdin().read_line(&mut answer);
    let is_yes = matches!(answer.trim().to_lowercase().as_str(), "y" | "yes");
    if !is_yes {
        tell("nothing was removed");
    }
    is_yes
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
