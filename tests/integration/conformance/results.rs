//! Results: the same for any batches, order and threads; with the promised columns; without rows an answer, not a panic.

use std::collections::HashSet;
use std::sync::atomic::AtomicBool;

use arrow::util::display::{ArrayFormatter, FormatOptions};
use lapicque_pipeline::{Batch, Context, FailureReason, Store, output_schema};
use serde_json::{Value, json};

use super::cases::alone;
use super::pass::{Change, PASS, pass_before, with_passes};
use super::{every_kind, lab, reference, stages};
use crate::support::{Ran, Settings};

/// What a model needs of the features is named by it, at another input; what programs of users need only they know.
const READ_WHOLE_TABLES: [&str; 5] =
    ["command", "inverse.calibration", "inverse.importance", "inverse.predict", "python"];

fn with_jobs(jobs: usize) -> Settings {
    Settings { jobs, ..Settings::default() }
}

fn batches_of(pipeline: &Value, samples: usize) -> Value {
    let mut pipeline = pipeline.clone();
    for stage in stages(&pipeline) {
        pipeline["stages"][stage]["batch"] = json!(samples);
    }
    pipeline
}

fn reversed(pipeline: &Value) -> Value {
    let mut pipeline = pipeline.clone();
    pipeline["stages"]["list"]["rows"].as_array_mut().unwrap().reverse();
    pipeline
}

#[test]
fn batches_order_and_threads_do_not_matter() {
    let pipeline = every_kind();
    let reference = reference();
    let runs = [
        ("one sample at a time, 2 threads", batches_of(&pipeline, 1), 2),
        ("two samples at a time, 4 threads", batches_of(&pipeline, 2), 4),
        ("samples in reverse order", reversed(&pipeline), 1),
        ("samples in reverse order, 4 threads", reversed(&pipeline), 4),
    ];
    for (how, pipeline, jobs) in runs {
        let lab = lab();
        let ran = lab.run_with(&pipeline, with_jobs(jobs));
        for stage in stages(&pipeline) {
            assert_eq!(ran.contents(&stage), *reference.contents(&stage), "{how}: {stage}");
        }
    }
}

/// Outputs that the suite's files leave empty: a CSV file has no annotations; `stages/adapters/tests/recordings.rs` has some.
/// Models of single values have no posterior; `inferred_draws` is of one that has. `posterior_model` is not validated, and of one target. A search has no posterior and no survivors before its second round. Importance needs more rows than there are: `posteriors.rs` has them.
const MAY_BE_EMPTY: [&str; 17] = [
    "dipole_of_currents.signals",
    "recording.events",
    "recording_in_millivolts.events",
    "recording_of_channels.events",
    "recording_in_a_mat_file.events",
    "predictions.posterior",
    "forest_predictions.posterior",
    "importance.sensitivity",
    "posterior_model.held_out",
    "calibration.correlations",
    "sequential__rounds.posterior",
    "evolved__rounds.individuals",
    "evolved_towards_a_front__rounds.individuals",
    "glm_spikes.stimulated",
    "glm_spikes.events",
    "glm_spikes_of_parts.stimulated",
    "glm_spikes_of_parts.events",
];

#[test]
fn outputs_are_the_promised_tables() {
    let ran = reference();
    for stage in &ran.record.stages {
        for (number, output) in stage.outputs.iter().enumerate() {
            let name = format!("{}.{}", stage.stage, output.name);
            let table = ran.output(&stage.stage, number);
            assert_eq!(table.schema(), output_schema(stage, number), "{name}");
            let has_none = MAY_BE_EMPTY.contains(&name.as_str());
            assert!(table.num_rows() > 0 || has_none, "{name} has no rows: the suite says nothing about it");
            assert_unique(&name, table, &output.schema.key);
        }
    }
}

/// With `sample`, the key names a row.
fn assert_unique(name: &str, table: &arrow::array::RecordBatch, key: &[String]) {
    if key.is_empty() {
        return;
    }
    let options = FormatOptions::default().with_null("-");
    let columns = key.iter().map(String::as_str).chain(table.column_by_name("sample").map(|_| "sample"));
    let columns: Vec<_> = columns
        .map(|c| {
            ArrayFormatter::try_new(
                table.column_by_name(c).unwrap_or_else(|| panic!("{name}: no {c}")).as_ref(),
                &options,
            )
            .unwrap()
        })
        .collect();
    let mut seen = HashSet::new();
    for row in 0..table.num_rows() {
        let names: Vec<String> = columns.iter().map(|c| c.value(row).to_string()).collect();
        assert!(seen.insert(names.clone()), "{name}: the key {key:?} names two rows {names:?}");
    }
}

#[test]
fn columns_that_are_not_read_change_no_key() {
    let lab = lab();
    let pipeline = every_kind();
    let first = lab.run(&with_passes(&pipeline, Change::Nothing));
    assert!(first.record.ok, "{:?}", first.failures());
    let wider = with_passes(&pipeline, Change::OneMoreColumn);
    let second = lab.run(&wider);
    let (_, graph) = lab.bind(&wider).unwrap();
    let mut greedy = Vec::new();
    for stage in graph.stages.iter().filter(|stage| stage.spec.kind != PASS) {
        assert_eq!(second.contents(&stage.name), first.contents(&stage.name), "{}", stage.name);
        if second.stage(&stage.name).computed > 0 && !READ_WHOLE_TABLES.contains(&stage.spec.kind.as_str()) {
            greedy.push(stage.spec.kind.as_str());
        }
    }
    assert!(greedy.is_empty(), "these kinds say that they read columns which they do not need: {greedy:?}");
}

#[test]
fn an_input_without_rows_has_an_answer() {
    let lab = lab();
    let pipeline = every_kind();
    for subject in stages(&pipeline).iter().filter(|stage| pipeline["stages"][stage]["inputs"].is_object()) {
        // What comes before has its rows; what comes after says nothing of it, and has its turn.
        let mut emptied = with_passes(&alone(&pipeline, subject), Change::Nothing);
        for port in pipeline["stages"][subject]["inputs"].as_object().unwrap().keys() {
            let pass = &mut emptied["stages"][pass_before(subject, port)];
            assert_eq!(pass["kind"], PASS, "{subject}");
            pass["change"] = json!(Change::NoRows);
        }
        let ran = match lab.bind(&emptied) {
            Ok(_) => lab.run(&emptied),
            Err(problems) => panic!("{subject}: {problems}"),
        };
        for (label, _, action) in ran.actions(subject) {
            if let Err(error) = &action.outcome {
                assert_eq!(error.reason, FailureReason::Input, "{subject} {label}: {}", error.message);
                assert!(error.message.len() > 10, "{subject} {label}: {}", error.message);
            }
        }
        settled(&ran, subject);
    }
}

fn settled(ran: &Ran, subject: &str) {
    let stage = ran.stage(subject);
    assert_eq!(ran.actions(subject).len() as u64, stage.samples, "{subject}: every sample has a result or a reason");
}

#[test]
fn a_batch_without_samples_is_nothing_to_do() {
    let (_, graph) = lab().bind(&every_kind()).unwrap();
    let context = Context { threads: 2, cancelled: &AtomicBool::new(false), progress: &|_| {} };
    for stage in &graph.stages {
        assert!(stage.stage.run(&context, &Batch::default()).is_empty(), "{}", stage.name);
    }
}

#[test]
fn a_cancelled_stage_stores_nothing_wrong() {
    let lab = lab();
    let pipeline = every_kind();
    let (parsed, graph) = lab.bind(&pipeline).unwrap();
    let store = lapicque_pipeline::MemoryStore::default();
    let cancelled = AtomicBool::new(true);
    let options = lapicque_pipeline::RunOptions {
        jobs: 2,
        executor: None,
        retry_failed: false,
        verify: None,
        cancelled: &cancelled,
        store_uri: String::new(),
        settings: Vec::new(),
    };
    let record = lapicque_pipeline::run(&parsed, &graph, &store, &options, &|_| {}).unwrap();
    assert!(!record.ok);
    assert!(record.stages.iter().all(|stage| stage.computed == 0));
    assert_eq!(store.runs().unwrap().len(), 1);
}
