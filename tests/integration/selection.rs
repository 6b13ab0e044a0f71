//! `where`, `timeout`, `retries` and panics: what becomes of single samples.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Event, FailureReason, Kind, Output, PortMode, PortSpec, Ports,
    Registry, SampleError, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::{TableSchema, schema::Column};
use serde_json::{Value, json};

use crate::support::{Lab, Settings, numbers};

fn sweep(stages: Value) -> Value {
    let rows: Vec<Value> = (1..=6).map(|g| json!({"g": g})).collect();
    let mut all = json!({"parameters": {"kind": "parameters.list", "rows": rows}});
    all.as_object_mut().unwrap().extend(stages.as_object().unwrap().clone());
    json!({"lapicque": 1, "name": "selection", "stages": all})
}

fn double(condition: &str, keep: bool) -> Value {
    sweep(json!({
        "square": {
            "kind": "sql", "inputs": {"p": "parameters"}, "grain": "sample", "keep": keep,
            "query": "SELECT sample, g * g AS s FROM p",
        },
        "double": {
            "kind": "sql", "inputs": {"s": "square"}, "grain": "sample", "where": condition,
            "query": "SELECT sample, 2 * s AS d FROM s",
        },
        "after": {"kind": "sql", "inputs": {"d": "double"}, "grain": "sample", "query": "SELECT sample, d + 1 AS e FROM d"},
        "total": {"kind": "sql", "inputs": {"d": "double"}, "query": "SELECT sum(d) AS t, count(*) AS n FROM d"},
    }))
}

#[test]
fn samples_that_where_does_not_select_are_left_out_downstream() {
    for keep in [true, false] {
        let lab = Lab::new();
        let ran = lab.run(&double("s > 9", keep));
        assert!(ran.record.ok, "{:?}", ran.failures());
        let counts = ["double", "after"].map(|name| (ran.stage(name).computed, ran.stage(name).left_out));
        assert_eq!(counts, [(3, 3), (3, 3)], "keep: {keep}");
        assert_eq!(numbers(&ran.table("total"), "t"), [2 * (16 + 25 + 36)]);
        assert_eq!(numbers(&ran.table("total"), "n"), [3]);
        assert!(lab.run(&double("s > 9", keep)).computed().is_empty());
        // A selection is no ingredient of results: only the samples that it adds are new.
        let wider = lab.run(&double("s > 3", keep));
        assert_eq!((wider.stage("double").computed, wider.stage("double").left_out), (2, 1), "keep: {keep}");
        let none = lab.run(&double("s > 1000", keep));
        assert!(none.record.ok);
        assert_eq!((none.stage("double").left_out, numbers(&none.table("total"), "n")), (6, vec![0]));
    }
}

#[test]
fn a_table_grain_stage_sees_the_samples_that_it_selects() {
    let lab = Lab::new();
    let pipeline = sweep(json!({
        "total": {"kind": "sql", "inputs": {"p": "parameters"}, "where": {"p": "g >= 5"}, "query": "SELECT sum(g) AS t FROM p"},
    }));
    assert_eq!(numbers(&lab.run(&pipeline).table("total"), "t"), [11]);
}

#[test]
fn conditions_are_checked_with_the_file() {
    let lab = Lab::new();
    let mistakes = [
        (json!("nonsense > 1"), "nonsense"),
        (json!(3), "expected a condition"),
        (json!({"q": "g > 1"}), "no input `q`"),
        (json!({}), "one input with its condition"),
        (json!("g >"), "stages.double.where"),
    ];
    for (condition, told) in mistakes {
        let mut pipeline = double("s > 1", true);
        pipeline["stages"]["double"]["where"] = condition;
        let problem = lab.bind(&pipeline).map(|_| ()).unwrap_err();
        assert!(problem.contains(told) && problem.contains("stages.double.where"), "{problem}");
    }
}

/// Panics, dawdles or fails a number of times, by the value of `g`.
struct Moody;
struct MoodyStage(Bound);

static TRIES: AtomicU64 = AtomicU64::new(0);

impl Kind for Moody {
    fn name(&self) -> &str {
        "test.moody"
    }
    fn summary(&self) -> &str {
        "Bad manners"
    }
    fn ports(&self) -> Ports<'_> {
        const PORTS: &[PortSpec] = &[PortSpec::new("p", "parameters", PortMode::Either, true)];
        Ports::Named(PORTS)
    }
    fn config_schema(&self) -> Value {
        json!({"type": "object"})
    }
    fn bind(&self, request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        let schema = TableSchema::new("table", &[], [Column::new("x", arrow::datatypes::DataType::Int64, "x")]);
        Ok(Box::new(MoodyStage(Bound::new(1, json!({}), request.inputs, vec![Output::new("table", schema)]))))
    }
}

impl Stage for MoodyStage {
    fn bound(&self) -> &Bound {
        &self.0
    }
    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |i, _| {
            let g = numbers(batch.table(i, "p").unwrap(), "g")[0];
            match g {
                2 => panic!("two is too much"),
                3 => {
                    while !context.is_cancelled() {
                        std::thread::sleep(Duration::from_millis(1));
                    }
                }
                // The third time is lucky.
                4 if TRIES.fetch_add(1, Ordering::Relaxed) < 2 => panic!("not yet"),
                _ => {}
            }
            if context.is_cancelled() {
                return Err(SampleError::cancelled());
            }
            let x = arrow::array::Int64Array::from(vec![g]);
            let table = arrow::array::RecordBatch::try_new(
                self.0.outputs[0].schema.arrow.clone(),
                vec![std::sync::Arc::new(x)],
            );
            Ok(SampleOutput::of(table.unwrap()))
        })
    }
}

fn registry() -> Registry {
    let mut kinds = lapicque_stages::kinds();
    kinds.extend(lapicque_query::kinds());
    kinds.push(Box::new(Moody));
    Registry::new(kinds)
}

#[test]
fn panics_and_timeouts_fail_their_samples_and_retries_help_where_they_can() {
    lapicque_pipeline::take_down_backtraces();
    let lab = Lab::with_kinds(registry);
    let pipeline = sweep(json!({
        "moody": {"kind": "test.moody", "inputs": {"p": "parameters"}, "timeout": "300 ms", "retries": 2, "on_error": "skip"},
    }));
    let ran = lab.run(&pipeline);
    assert!(ran.record.ok);
    assert_eq!((ran.stage("moody").computed, ran.stage("moody").failed), (6, 2));
    assert_eq!(numbers(&ran.table("moody"), "x"), [1, 4, 5, 6], "the third try of 4 succeeds");
    let failed = |wanted: FailureReason| {
        let found = ran.record.events.iter().find_map(|timed| match &timed.event {
            Event::SampleFailed { reason, message, backtrace, .. } if *reason == wanted => {
                Some((message.clone(), backtrace.clone()))
            }
            _ => None,
        });
        found.unwrap()
    };
    let (message, backtrace) = failed(FailureReason::Panic);
    assert!(message.contains("two is too much"));
    assert!(backtrace.unwrap().contains("selection.rs"), "the log says where");
    let (message, _) = failed(FailureReason::Timeout);
    assert!(message.contains("300ms"), "{message}");
    // What panicked or took too long may do better in another run; it is tried again, and nothing else.
    let again = lab.run(&pipeline);
    assert_eq!(again.computed().into_iter().collect::<Vec<_>>(), [("moody", 2)]);
    assert_eq!(again.stage("moody").failed, 2);
}

/// Another number each time.
struct Restless;
struct RestlessStage(Bound);

impl Kind for Restless {
    fn name(&self) -> &str {
        "test.restless"
    }
    fn summary(&self) -> &str {
        "Hidden state"
    }
    fn ports(&self) -> Ports<'_> {
        Moody.ports()
    }
    fn config_schema(&self) -> Value {
        json!({"type": "object"})
    }
    fn bind(&self, request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        let schema = TableSchema::new("table", &[], [Column::new("x", arrow::datatypes::DataType::Int64, "x")]);
        Ok(Box::new(RestlessStage(Bound::new(1, json!({}), request.inputs, vec![Output::new("table", schema)]))))
    }
}

impl Stage for RestlessStage {
    fn bound(&self) -> &Bound {
        &self.0
    }
    fn run(&self, _: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |_, _| {
            let x = arrow::array::Int64Array::from(vec![TRIES.fetch_add(1, Ordering::Relaxed) as i64]);
            let schema = self.0.outputs[0].schema.arrow.clone();
            Ok(SampleOutput::of(arrow::array::RecordBatch::try_new(schema, vec![std::sync::Arc::new(x)]).unwrap()))
        })
    }
}

#[test]
fn the_audit_finds_a_stage_with_a_hidden_state_and_nothing_else() {
    fn registry() -> Registry {
        let mut kinds = lapicque_query::kinds();
        kinds.extend(lapicque_stages::kinds());
        kinds.push(Box::new(Restless));
        Registry::new(kinds)
    }
    let audit = Settings { verify: Some(0.5), ..Settings::default() };
    let lab = Lab::with_kinds(registry);
    let honest = double("s > 1", false);
    assert!(lab.run(&honest).record.ok);
    let ran = lab.run_with(&honest, audit);
    assert!(ran.record.ok && ran.computed().is_empty());
    let verified: u64 = ran
        .record
        .events
        .iter()
        .map(|timed| match timed.event {
            Event::Verified { samples, .. } => samples,
            _ => 0,
        })
        .sum();
    assert!(verified >= 10, "half of 6 samples in four stages, and the total: {verified}");
    let restless = sweep(json!({"restless": {"kind": "test.restless", "inputs": {"p": "parameters"}}}));
    assert!(lab.run(&restless).record.ok);
    let ran = lab.run_with(&restless, audit);
    assert!(!ran.record.ok);
    let told =
        ran.record.events.iter().any(|e| matches!(&e.event, Event::NotReproduced { stage, .. } if stage == "restless"));
    assert!(told);
}

#[test]
fn times_and_numbers_of_tries_are_checked() {
    let lab = Lab::new();
    for (key, value, told) in [
        ("timeout", json!("30"), "expected a time"),
        ("timeout", json!(30), "expected a time"),
        ("timeout", json!("0 s"), "expected a time"),
        ("retries", json!(-1), "expected a whole number >= 0"),
        ("retries", json!(1000), "at most 100"),
    ] {
        let mut pipeline = double("s > 1", true);
        pipeline["stages"]["double"][key] = value;
        let problem = lab.bind(&pipeline).map(|_| ()).unwrap_err();
        assert!(problem.contains(told) && problem.contains(key), "{problem}");
    }
}
