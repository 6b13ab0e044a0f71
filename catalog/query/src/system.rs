//! `system.*`: runs, what they did and what their tables mean, as tables.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, StringArray, UInt64Array};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use lapicque_pipeline::{Event, MemoryStore, RunRecord, StageRun, Store, output_schema};
use lapicque_schemas::Digest;

use crate::QueryError;
use crate::need::Need;

pub(crate) const NAMES: [&str; 8] =
    ["runs", "stages", "bindings", "lineage", "sample_lineage", "actions", "events", "columns"];

/// The columns of a table of the catalogue of runs; `None` if there is none of this name.
pub(crate) fn schema(name: &str) -> Option<SchemaRef> {
    build(name, &MemoryStore::default(), &[], &Need::default()).ok().flatten().map(|empty| empty.schema())
}

/// The rows of a table that a query needs, or more.
pub(crate) fn table(store: &dyn Store, name: &str, need: &Need) -> Result<RecordBatch, QueryError> {
    let mut runs = store.runs()?;
    if let Some(wanted) = need.allowed("run") {
        runs.retain(|run| wanted.contains(&run.id));
    }
    if let Some(wanted) = need.allowed("stage") {
        runs.iter_mut().for_each(|run| run.stages.retain(|stage| wanted.contains(&stage.stage)));
    }
    build(name, store, &runs, need)?.ok_or_else(|| QueryError::Sql(format!("there is no table `system.{name}`")))
}

fn build(name: &str, store: &dyn Store, runs: &[RunRecord], need: &Need) -> Result<Option<RecordBatch>, QueryError> {
    Ok(Some(match name {
        "runs" => runs_table(runs)?,
        "stages" => stages_table(runs)?,
        "bindings" => bindings_table(store, runs)?,
        "lineage" => lineage_table(runs)?,
        "sample_lineage" => sample_lineage_table(store, runs, need)?,
        "actions" => actions_table(store, runs)?,
        "events" => events_table(runs)?,
        "columns" => columns_table(runs)?,
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

fn digests(name: &'static str, values: impl Iterator<Item = Digest>) -> (&'static str, ArrayRef) {
    (name, Arc::new(StringArray::from_iter_values(values.map(|digest| digest.to_string()))))
}

fn number(name: &'static str, values: impl Iterator<Item = f64>) -> (&'static str, ArrayRef) {
    (name, Arc::new(Float64Array::from_iter_values(values)))
}

fn runs_table(runs: &[RunRecord]) -> Result<RecordBatch, QueryError> {
    let settings: Vec<String> = runs.iter().map(|run| run.settings.join("; ")).collect();
    Ok(RecordBatch::try_from_iter([
        text("run", runs.iter().map(|r| r.id.as_str())),
        text("pipeline", runs.iter().map(|r| r.pipeline.as_str())),
        text("started", runs.iter().map(|r| r.started.as_str())),
        number("seconds", runs.iter().map(|r| r.seconds)),
        ("ok", Arc::new(BooleanArray::from_iter(runs.iter().map(|r| Some(r.ok)))) as ArrayRef),
        ("complete", Arc::new(BooleanArray::from_iter(runs.iter().map(|r| Some(r.is_complete())))) as ArrayRef),
        text("settings", settings.iter().map(String::as_str)),
        text("file", runs.iter().map(|r| r.file.as_str())),
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
        whole("left_out", rows.iter().map(|(_, s)| s.left_out)),
        number("seconds", rows.iter().map(|(_, s)| s.seconds)),
        whole("bytes", rows.iter().map(|(_, s)| s.bytes)),
    ])?)
}

fn bindings_table(store: &dyn Store, runs: &[RunRecord]) -> Result<RecordBatch, QueryError> {
    let mut rows = Vec::new();
    for (run, stage) in of_stages(runs) {
        let binding = store.binding(stage.binding)?;
        for (ordinal, key) in binding.keys.iter().enumerate() {
            let sample = binding.samples.get(ordinal).map(str::to_owned);
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

/// From each result to the results that it was made of.
fn sample_lineage_table(store: &dyn Store, runs: &[RunRecord], need: &Need) -> Result<RecordBatch, QueryError> {
    let wanted = need.allowed("sample");
    let is_wanted = |sample: &str| wanted.as_ref().is_none_or(|wanted| wanted.contains(sample));
    let all_runs = if runs.is_empty() { Vec::new() } else { store.runs()? };
    let mut rows = Vec::new();
    for (run, stage) in of_stages(runs) {
        let whole = all_runs.iter().find(|other| other.id == run.id);
        let upstream = |from: &str| {
            let name = from.split('.').next().unwrap_or_default();
            whole?.stages.iter().find(|stage| stage.stage == name)
        };
        let own = store.binding(stage.binding)?;
        for (port, from) in &stage.inputs {
            let Some(source) = upstream(from) else {
                continue;
            };
            let theirs = store.binding(source.binding)?;
            let of_label: HashMap<&str, Option<Digest>> =
                theirs.samples.iter().zip(theirs.keys.iter().copied()).collect();
            let mut row =
                |sample: Option<&str>, key: Option<Digest>, from_sample: Option<&str>, from: Option<Digest>| {
                    if let (Some(key), Some(from)) = (key, from) {
                        let texts = [sample, from_sample].map(|label| label.map(str::to_owned));
                        rows.push((run.id.as_str(), stage.stage.as_str(), texts, key, port.as_str(), source, from));
                    }
                };
            match (stage.sample_wise, source.sample_wise) {
                (true, true) => {
                    let own = own.samples.iter().zip(&own.keys).filter(|(sample, _)| is_wanted(sample));
                    own.for_each(|(sample, key)| {
                        row(Some(sample), *key, Some(sample), of_label.get(sample).copied().flatten());
                    });
                }
                (true, false) => {
                    let own = own.samples.iter().zip(&own.keys).filter(|(sample, _)| is_wanted(sample));
                    let whole = theirs.keys.first().copied().flatten();
                    own.for_each(|(sample, key)| row(Some(sample), *key, None, whole));
                }
                (false, true) => {
                    let key = own.keys.first().copied().flatten();
                    let theirs = theirs.samples.iter().zip(&theirs.keys).filter(|(sample, _)| is_wanted(sample));
                    theirs.for_each(|(sample, from)| row(None, key, Some(sample), *from));
                }
                (false, false) => {
                    row(None, own.keys.first().copied().flatten(), None, theirs.keys.first().copied().flatten());
                }
            }
        }
    }
    let with_null = |(name, array): (&'static str, ArrayRef)| (name, array, false);
    Ok(RecordBatch::try_from_iter_with_nullable([
        with_null(text("run", rows.iter().map(|r| r.0))),
        with_null(text("stage", rows.iter().map(|r| r.1))),
        optional_text("sample", rows.iter().map(|r| r.2[0].clone())),
        with_null(digests("action_key", rows.iter().map(|r| r.3))),
        with_null(text("port", rows.iter().map(|r| r.4))),
        with_null(text("upstream", rows.iter().map(|r| r.5.stage.as_str()))),
        optional_text("upstream_sample", rows.iter().map(|r| r.2[1].clone())),
        with_null(digests("upstream_key", rows.iter().map(|r| r.6))),
    ])?)
}

/// What is stored of each result that a stage of a run refers to; a result that two stages share has a row for each.
fn actions_table(store: &dyn Store, runs: &[RunRecord]) -> Result<RecordBatch, QueryError> {
    let mut kind_of: BTreeMap<(Digest, &str), &str> = BTreeMap::new();
    for (_, stage) in of_stages(runs) {
        for key in store.binding(stage.binding)?.keys.into_iter().flatten() {
            kind_of.insert((key, stage.stage.as_str()), stage.kind.as_str());
        }
    }
    let keys: Vec<Digest> = kind_of.keys().map(|(key, _)| *key).collect();
    let mut rows = Vec::new();
    for ((&(key, stage), &kind), action) in kind_of.iter().zip(store.actions(&keys)?) {
        if let Some(action) = action {
            rows.push((key, stage, kind, action));
        }
    }
    let entries = |of: fn(&lapicque_pipeline::OutputEntry) -> u64| {
        rows.iter().map(move |row| row.3.outcome.iter().flatten().map(of).sum::<u64>()).collect::<Vec<_>>()
    };
    let error = |row: &(Digest, &str, &str, lapicque_pipeline::Action)| row.3.outcome.as_ref().err().cloned();
    let reason = |row| error(row).and_then(|e| Some(serde_json::to_value(e.reason).ok()?.as_str()?.to_owned()));
    let content = |row: &(Digest, &str, &str, lapicque_pipeline::Action)| {
        row.3.outcome.as_ref().ok().and_then(|outputs| outputs.first()).map(|entry| entry.content.to_string())
    };
    let kept = rows.iter().map(|row| Some(row.3.outcome.as_ref().is_ok_and(|o| o.iter().all(|entry| entry.kept))));
    let with_null = |(name, array): (&'static str, ArrayRef)| (name, array, false);
    Ok(RecordBatch::try_from_iter_with_nullable([
        with_null(digests("action_key", rows.iter().map(|r| r.0))),
        with_null(text("stage", rows.iter().map(|r| r.1))),
        with_null(text("kind", rows.iter().map(|r| r.2))),
        ("ok", Arc::new(BooleanArray::from_iter(rows.iter().map(|r| Some(r.3.outcome.is_ok())))) as ArrayRef, false),
        ("kept", Arc::new(BooleanArray::from_iter(kept)) as ArrayRef, false),
        with_null(whole("rows", entries(|entry| entry.rows).into_iter())),
        optional_text("content", rows.iter().map(content)),
        with_null(digests("ingredients", rows.iter().map(|r| r.3.common))),
        with_null(number("seconds", rows.iter().map(|r| r.3.seconds))),
        optional_text("failure", rows.iter().map(reason)),
        optional_text("message", rows.iter().map(|row| error(row).map(|e| e.message))),
    ])?)
}

fn events_table(runs: &[RunRecord]) -> Result<RecordBatch, QueryError> {
    let mut rows = Vec::new();
    let nowhere = String::new();
    for run in runs {
        for timed in &run.events {
            let (name, stage, sample) = match &timed.event {
                Event::StagePlanned { stage, .. } => ("stage_planned", stage, None),
                Event::BatchFinished { stage, .. } => ("batch_finished", stage, None),
                Event::SampleFailed { stage, sample, .. } => ("sample_failed", stage, Some(sample)),
                Event::NotReproduced { stage, sample } => ("not_reproduced", stage, Some(sample)),
                Event::StageFinished { stage, .. } => ("stage_finished", stage, None),
                Event::Verified { stage, .. } => ("verified", stage, None),
                Event::Waiting { stage } => ("waiting", stage, None),
                Event::Damaged { .. } => ("damaged", &nowhere, None),
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
