//! `lapicque run`: compute what is missing, and say what was done.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Float64Type, Int32Type};
use lapicque_pipeline::{Event, FailureReason, RunOptions, RunRecord, StageRun, Store, read_output};
use lapicque_schemas::tables::metrics;
use serde_json::json;

use crate::arguments::{Run, Shared};
use crate::error::CommandError;
use crate::progress::Progress;
use crate::project::{jobs, open_with};
use crate::text::{duration, text_table};
use crate::{print, tell};

static CANCELLED: AtomicBool = AtomicBool::new(false);

pub(crate) fn run(command: &Run, shared: &Shared) -> Result<(), CommandError> {
    let project = open_with(&command.on, shared, command.rehash)?;
    interruptible();
    let progress = Progress::every(shared.quiet, Duration::from_secs(u64::from(command.progress_every)));
    let options = RunOptions {
        jobs: jobs(shared),
        executor: None,
        retry_failed: command.retry_failed,
        verify: command.verify,
        cancelled: &CANCELLED,
        store_uri: project.store.folder().display().to_string(),
        settings: command.on.set.clone(),
    };
    let observe = |event: &Event| progress.hear(event);
    let record = lapicque_pipeline::run(&project.pipeline, &project.graph, &project.store, &options, &observe)?;
    progress.finish();
    if !shared.quiet {
        remarks(&record);
    }
    if shared.json {
        print(&format!("{:#}\n", summary(&record)))?;
    } else {
        print(&report(&record, &project.store)?)?;
    }
    match (record.ok, CANCELLED.load(Ordering::Relaxed)) {
        (_, true) => Err(CommandError::Interrupted),
        (true, _) => Ok(()),
        (false, _) => Err(failure(&record, &project.store, &["import."])?),
    }
}

/// Kinds that run programs of users.
pub(crate) const PROGRAMS: [&str; 2] = ["command", "python"];

/// How a run ends in which stages failed: as a bad input, where every one of them refused a file of the user, or a table or a recording that a stage beside
/// it reads from one. The kinds of stages that read files begin with one of `files`.
pub(crate) fn failure(record: &RunRecord, store: &dyn Store, files: &[&str]) -> Result<CommandError, CommandError> {
    let reads_file = |stage: &StageRun| {
        let name = |from: &str| from.split('.').next().unwrap_or_default().to_owned();
        let is_import = |stage: &StageRun| files.iter().any(|file| stage.kind.starts_with(file));
        let mut sources =
            stage.inputs.iter().filter_map(|(_, from)| record.stages.iter().find(|s| s.stage == name(from)));
        // What a program refuses may be its own mistake.
        !PROGRAMS.contains(&stage.kind.as_str()) && (is_import(stage) || sources.any(is_import))
    };
    let mut refused = false;
    for stage in record.stages.iter().filter(|stage| stage.failed > 0) {
        let keys: Vec<_> = store.binding(stage.binding)?.keys.into_iter().flatten().collect();
        for found in store.find(&keys)?.into_iter().flatten() {
            match found.failure() {
                Some(error) if error.reason == FailureReason::Input && reads_file(stage) => refused = true,
                Some(_) => return Ok(CommandError::StageFailed),
                None => {}
            }
        }
    }
    Ok(if refused { CommandError::Refused } else { CommandError::StageFailed })
}

/// The first Ctrl-C ends the run in order; the second ends it at once.
pub(crate) fn interruptible() {
    let handler = || {
        if CANCELLED.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        tell("interrupted: finishing what is being written; once more to stop at once");
    };
    // Without a handler Ctrl-C ends the process at once, which the store survives.
    let _ = ctrlc::set_handler(handler);
}

pub(crate) fn cancelled() -> &'static AtomicBool {
    &CANCELLED
}

/// What a run has to remark, one line each.
pub(crate) fn remarks(record: &RunRecord) {
    for stage in &record.stages {
        for (note, samples) in &stage.notes {
            let of =
                if stage.samples > 1 { format!(" ({samples} of {} samples)", stage.samples) } else { String::new() };
            tell(&format!("warning: {}: {note}{of}", stage.stage));
        }
        if stage.failed > 0 {
            tell(&format!("warning: {}: {} of {} samples have no result", stage.stage, stage.failed, stage.samples));
        }
    }
}

fn summary(record: &RunRecord) -> serde_json::Value {
    let stages: Vec<_> = record
        .stages
        .iter()
        .map(|s| {
            json!({
                "stage": s.stage, "kind": s.kind, "samples": s.samples, "cached": s.cached, "computed": s.computed,
                "cut_off": s.cut_off, "failed": s.failed, "left_out": s.left_out, "seconds": s.seconds, "bytes": s.bytes,
            })
        })
        .collect();
    json!({"run": record.id, "pipeline": record.pipeline, "stages": stages, "seconds": record.seconds, "ok": record.ok})
}

fn report(record: &RunRecord, store: &dyn Store) -> Result<String, CommandError> {
    let mut table = vec![
        ["stage", "kind", "samples", "cached", "computed", "failed", "left out", "time", "stored"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for stage in &record.stages {
        table.push(vec![
            stage.stage.clone(),
            stage.kind.clone(),
            stage.samples.to_string(),
            stage.cached.to_string(),
            stage.computed.to_string(),
            stage.failed.to_string(),
            if stage.left_out > 0 { stage.left_out.to_string() } else { String::new() },
            if stage.computed > 0 { duration(stage.seconds) } else { String::new() },
            if stage.bytes > 0 { indicatif::HumanBytes(stage.bytes).to_string() } else { String::new() },
        ]);
    }
    let mut text = text_table(&table);
    text += &format!("run {} took {}\n", record.id, duration(record.seconds));
    for stage in &record.stages {
        let output = stage.outputs.iter().position(|o| o.schema.table == metrics::TABLE);
        if let Some(output) = output.filter(|_| stage.failed == 0 && (stage.computed > 0 || stage.cached > 0)) {
            text += &held_out_quality(&stage.stage, &read_output(store, stage, output, None)?);
        }
    }
    Ok(text)
}

/// The metrics of a model, per target: of all held-out predictions, and the median over splits.
fn held_out_quality(stage: &str, table: &arrow::record_batch::RecordBatch) -> String {
    let column = |name: &str| table.column_by_name(name);
    let numbers = |name: &str| column(name).and_then(|c| c.as_primitive_opt::<Float64Type>());
    let (Some(target), Some(repeat)) = (
        column("target").and_then(|c| c.as_string_opt::<i32>()),
        column("repeat").and_then(|c| c.as_primitive_opt::<Int32Type>()),
    ) else {
        return String::new();
    };
    let (Some(mse), Some(mae), Some(r2)) = (numbers("mse"), numbers("mae"), numbers("r2")) else {
        return String::new();
    };
    let mut rows =
        vec![["target", "median MSE over splits", "pooled MSE", "pooled MAE", "pooled R2"].map(str::to_owned).to_vec()];
    for pooled in (0..table.num_rows()).filter(|&row| repeat.is_null(row)) {
        let mut splits: Vec<f64> = (0..table.num_rows())
            .filter(|&row| repeat.is_valid(row) && target.value(row) == target.value(pooled))
            .map(|row| mse.value(row))
            .collect();
        // Without validation nothing is held out.
        if splits.is_empty() && mse.value(pooled).is_nan() {
            continue;
        }
        splits.sort_by(f64::total_cmp);
        let middle = match splits.len() {
            0 => f64::NAN,
            n if n % 2 == 1 => splits[n / 2],
            n => 0.5 * (splits[n / 2 - 1] + splits[n / 2]),
        };
        let number = |value: f64| match value.abs() {
            size if size > 0.0 && size < 1e-2 => format!("{value:.3e}"),
            _ => format!("{value:.4}"),
        };
        rows.push(vec![
            target.value(pooled).to_owned(),
            number(middle),
            number(mse.value(pooled)),
            number(mae.value(pooled)),
            number(r2.value(pooled)),
        ]);
    }
    if rows.len() == 1 {
        return String::new();
    }
    format!("\nheld-out predictions of `{stage}`:\n{}", text_table(&rows))
}
