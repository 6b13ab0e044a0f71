//! `system.*`: runs, what they did and what their tables mean, as tables.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, StringArray, UInt64Array};
use arrow::record_batch::RecordBatch;
use lapicque_pipeline::{Event, RunRecord, StageRun, Store, output_schema};

use crate::QueryError;

pub(crate) const NAMES: [&str; 6] = ["runs", "stages", "bindings", "lineage", "events", "columns"];

/// A table of the catalogue of runs; `None` if there is none of this name.
pub(crate) fn table(store: &dyn Store, name: &str) -> Result<Option<RecordBatch>, QueryError> {
    let runs = store.runs()?;
    Ok(Some(match name {
        "runs" => runs_table(&runs)?,
        "stages" => stages_table(&runs)?,
        "bindings" => bindings_table(store, &runs)?,
        "lineage" => lineage_table(&runs)?,
        "events" => events_table(&runs)?,
        "columns" => columns_table(&runs)?,
        _ => return Ok(None),
    }))
}

fn text<'a>(name: &'static str, values: impl Iterator<Item = &'a str>) -> (&'static str, ArrayRef) {
    (name, Arc::new(StringArray::from_iter_values(values)))
}

fn optional_text(name: &'static str, values: impl Iterator<Item = Option<String>>) -> (&'static str, ArrayRef, bool) {
    (name, Arc::new(StringArray::from_iter(values)), true)
}

fn whole(name: &'static str, values: impl Iterator<Item = u64>) -> (&'static str, ArrayRef) {
    (name, Arc::new(UInt64Array::from_iter_values(values)))
}

fn number(name: &'static str, values: impl Iterator<Item = f64>) -> (&'static str, ArrayRef) {
    (name, Arc::new(Float64Array::from_iter_values(values)))
}

fn runs_table(runs: &[RunRecord]) -> Result<RecordBatch, QueryError> {
    Ok(RecordBatch::try_from_iter([
        text("run", runs.iter().map(|r| r.id.as_str())),
        text("pipeline", runs.iter().map(|r| r.pipeline.as_str())),
        text("started", runs.iter().map(|r| r.started.as_str())),
        number("seconds", runs.iter().map(|r| r.seconds)),
        ("ok", Arc::new(BooleanArray::from_iter(runs.iter().map(|r| Some(r.ok)))) as ArrayRef),
        text("version", runs.iter().map(|r| r.version.as_str())),
        text("pipeline_file", runs.iter().map(|r| r.text.as_str())),
    ])?)
}

fn of_stages(runs: &[RunRecord]) -> Vec<(&RunRecord, &StageRun)> {
    runs.iter().flat_map(|run| run.stages.iter().map(move |stage| (run, stage))).collect()
}

fn stages_table(runs: &[RunRecord]) -> Result<RecordBatch, QueryError> {
    let rows = of_stages(runs);
    Ok(RecordBatch::try_from_iter([
        text("run", rows.iter().map(|(r, _)| r.id.as_str())),
        text("stage", rows.iter().map(|(_, s)| s.stage.as_str())),
        text("kind", rows.iter().map(|(_, s)| s.kind.as_str())),
        whole("samples", rows.iter().map(|(_, s)| s.samples)),
        whole("cached", rows.iter().map(|(_, s)| s.cached)),
        whole("computed", rows.iter().map(|(_, s)| s.computed)),
        whole("cut_off", rows.iter().map(|(_, s)| s.cut_off)),
        whole("failed", rows.iter().map(|(_, s)| s.failed)),
        number("seconds", rows.iter().map(|(_, s)| s.seconds)),
        whole("bytes", rows.iter().map(|(_, s)| s.bytes)),
    ])?)
}

fn bindings_table(store: &dyn Store, runs: &[RunRecord]) -> Result<RecordBatch, QueryError> {
    let mut rows = Vec::new();
    for (run, stage) in of_stages(runs) {
        let binding = store.binding(stage.binding)?;
        for (ordinal, key) in binding.keys.iter().enumerate() {
            let sample = binding.samples.get(ordinal).cloned();
            rows.push((run.id.as_str(), stage.stage.as_str(), ordinal as u64, sample, key.map(|k| k.to_string())));
        }
    }
    let with_null = |(name, array): (&'static str, ArrayRef)| (name, array, false);
    Ok(RecordBatch::try_from_iter_with_nullable([
        with_null(text("run", rows.iter().map(|r| r.0))),
        with_null(text("stage", rows.iter().map(|r| r.1))),
        with_null(whole("ordinal", rows.iter().map(|r| r.2))),
        optional_text("sample", rows.iter().map(|r| r.3.clone())),
        optional_text("action_key", rows.iter().map(|r| r.4.clone())),
    ])?)
}

fn lineage_table(runs: &[RunRecord]) -> Result<RecordBatch, QueryError> {
    let mut rows = Vec::new();
    for (run, stage) in of_stages(runs) {
        for (port, from) in &stage.inputs {
            let (upstream, output) = from.split_once('.').unwrap_or((from, ""));
            rows.push((run.id.as_str(), stage.stage.as_str(), port.as_str(), upstream, output));
        }
    }
    Ok(RecordBatch::try_from_iter([
        text("run", rows.iter().map(|r| r.0)),
        text("stage", rows.iter().map(|r| r.1)),
        text("port", rows.iter().map(|r| r.2)),
        text("upstream", rows.iter().map(|r| r.3)),
        text("output", rows.iter().map(|r| r.4)),
    ])?)
}

fn events_table(runs: &[RunRecord]) -> Result<RecordBatch, QueryError> {
    let mut rows = Vec::new();
    for run in runs {
        for timed in &run.events {
            let (name, stage, sample) = match &timed.event {
                Event::StagePlanned { stage, .. } => ("stage_planned", stage, None),
                Event::BatchFinished { stage, .. } => ("batch_finished", stage, None),
                Event::SampleFailed { stage, sample, .. } => ("sample_failed", stage, Some(sample)),
                Event::NotReproduced { stage, sample } => ("not_reproduced", stage, Some(sample)),
                Event::StageFinished { stage, .. } => ("stage_finished", stage, None),
                Event::StageBlocked { stage, .. } => ("stage_blocked", stage, None),
                Event::Progress { stage, .. } => ("progress", stage, None),
            };
            let detail = serde_json::to_string(&timed.event).unwrap_or_default();
            rows.push((run.id.as_str(), timed.seconds, name, stage.as_str(), sample.cloned(), detail));
        }
    }
    let with_null = |(name, array): (&'static str, ArrayRef)| (name, array, false);
    Ok(RecordBatch::try_from_iter_with_nullable([
        with_null(text("run", rows.iter().map(|r| r.0))),
        with_null(number("seconds", rows.iter().map(|r| r.1))),
        with_null(text("event", rows.iter().map(|r| r.2))),
        with_null(text("stage", rows.iter().map(|r| r.3))),
        optional_text("sample", rows.iter().map(|r| r.4.clone())),
        with_null(text("detail", rows.iter().map(|r| r.5.as_str()))),
    ])?)
}

fn columns_table(runs: &[RunRecord]) -> Result<RecordBatch, QueryError> {
    let mut rows = Vec::new();
    for (run, stage) in of_stages(runs) {
        for (number, output) in stage.outputs.iter().enumerate() {
            let table = if number == 0 { stage.stage.clone() } else { format!("{}__{}", stage.stage, output.name) };
            for field in output_schema(stage, number).fields() {
                let metadata = |key: &str| field.metadata().get(key).cloned();
                rows.push((
                    run.id.as_str(),
                    table.clone(),
                    field.name().clone(),
                    field.data_type().to_string(),
                    metadata("unit"),
                    metadata("description"),
                ));
            }
        }
    }
    let with_null = |(name, array): (&'static str, ArrayRef)| (name, array, false);
    Ok(RecordBatch::try_from_iter_with_nullable([
        with_null(text("run", rows.iter().map(|r| r.0))),
        with_null(text("table", rows.iter().map(|r| r.1.as_str()))),
        with_null(text("column", rows.iter().map(|r| r.2.as_str()))),
        with_null(text("type", rows.iter().map(|r| r.3.as_str()))),
        optional_text("unit", rows.iter().map(|r| r.4.clone())),
        optional_text("description", rows.iter().map(|r| r.5.clone())),
    ])?)
}
